"""Sleep time with doses that build up and fade: a sensitivity beside `duration`.

    m_t = μ + Σ_k β_k X_k,t + the other terms of `duration`
    X_k,t = ρ_k X_k,t-1 + (1 - ρ_k) [arm k on night t],  ρ_k = 2^(-1 / half-life_k)

β is here the effect of taking the dose every night for ever, not the within-period average that is the
trial's estimand. Nights contain little information on half-lives, so their prior is informative (around what is stated,
or hours where nothing builds up), and an answer that depends on it is no answer. A wrong fixed half-life is worse
than none.
"""

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import pymc as pm
import pytensor.tensor as pt
import xarray as xr

from n1trial.data.left_out import LeftOut
from n1trial.data.trial_data import TrialData
from n1trial.design.outcomes import Outcome
from n1trial.inference import priors as prior
from n1trial.inference.model_matrix import Columns, columns_of
from n1trial.inference.models import duration
from n1trial.inference.models._linear import linear
from n1trial.inference.models._sleep import fixed_shape, replicate_sleep, sleep_model
from n1trial.system.arrays import Array

NAME = "carry_over"
KINDS = ("continuous",)
DEFAULT_OF = ()
ASSUMES = duration.ASSUMES.replace("plus what the arm adds", "plus what this and earlier evenings' doses add")
FORMULA = duration.FORMULA.replace("~ arm", "~ exposure to each arm")
# With a half-life of 14 nights 5 % of a dose are left after 60 nights, and the prior expects much shorter ones.
MOST_NIGHTS_BACK = 60

effect_prior_sd = duration.effect_prior_sd
variants = duration.variants


def build(data: TrialData, outcome: Outcome) -> pm.Model:
    """Make the model; names: half_life [contrast], and those of `duration`."""
    columns = columns_of(data, outcome)

    def arms(effect: pt.TensorVariable) -> pt.TensorVariable:
        before = fixed_shape("nights_back", nights_back(data, columns))
        weight = fixed_shape("exposure_weight", columns.analysed / columns.analysed.sum())
        log_half_life, log_sd = half_life_prior(data)
        half_life = pm.LogNormal("half_life", log_half_life, log_sd, dims="contrast")
        kept = 2.0 ** (-1.0 / half_life)
        faded = (1.0 - kept) * kept ** np.arange(before.type.shape[1], dtype=float)[:, None]
        exposure = (before * faded).sum(axis=1)
        return pt.dot(exposure - pt.dot(weight, exposure), effect)

    return sleep_model(data, outcome, arms=arms)


def nights_back(data: TrialData, columns: Columns) -> Array:
    """1 where an arm was taken so many nights before a night, else 0 [night, back, contrast]."""
    table = data.table
    given = table[table["left_out"] != LeftOut.RUN_IN].drop_duplicates("day", keep="last")
    span = int(table["day"].max()) + 1
    on_day = np.zeros((span + MOST_NIGHTS_BACK, len(data.treatments)))
    for k, arm in enumerate(data.treatments):
        on_day[given.loc[given["arm"] == arm, "day"].to_numpy(int) + MOST_NIGHTS_BACK, k] = 1.0
    back = np.arange(min(span, MOST_NIGHTS_BACK))
    return on_day[columns.day.astype(int)[:, None] + MOST_NIGHTS_BACK - back]


def half_life_prior(data: TrialData) -> tuple[Array, Array]:
    """Log median and log SD of every arm's half-life [contrast]."""
    parameters = [_half_life_prior_of(data, arm).parameters for arm in data.treatments]
    return np.log([median for median, _ in parameters]), np.array([log_sd for _, log_sd in parameters])


def _half_life_prior_of(data: TrialData, arm: str) -> prior.Prior:
    stated = data.half_lives.get(arm)
    if stated is None:
        return prior.HALF_LIFE
    return (
        replace(prior.HALF_LIFE_STATED, parameters=(stated, prior.HALF_LIFE_STATED.scale))
        if stated
        else prior.HALF_LIFE_SHORT
    )


def priors(data: TrialData, outcome: Outcome) -> Mapping[str, str]:
    """Each prior in words and numbers, in the outcome's unit."""
    in_words: dict[str, list[str]] = {}
    for arm in data.treatments:
        of_arm = _half_life_prior_of(data, arm)
        in_words.setdefault(of_arm.of, []).append(of_arm.in_words())
    half_lives = {of: " or ".join(dict.fromkeys(words)) for of, words in in_words.items()}
    return {**duration.priors(data, outcome), **half_lives}


def replicate(data: TrialData, outcome: Outcome, posterior: xr.Dataset, rng: np.random.Generator) -> Array:
    """Posterior predictive nights [draw, night], in the order of `columns_of`."""
    columns = columns_of(data, outcome)
    before = nights_back(data, columns)
    half_life, effect = (
        posterior[name].stack(sample=("chain", "draw")).transpose("sample", "contrast").to_numpy()
        for name in ("half_life", "effect")
    )
    kept = 2.0 ** (-1.0 / half_life)
    faded = (1 - kept)[:, None] * kept[:, None] ** np.arange(before.shape[1])[:, None]
    exposure = np.einsum("nbk,sbk->snk", before, faded)
    exposure = exposure - np.average(exposure, axis=1, weights=columns.analysed)[:, None]
    rest = linear(columns, posterior.assign(effect=posterior["effect"] * 0.0), level="level", arm="effect")
    mean = rest + np.einsum("snk,sk->sn", exposure, effect)
    return replicate_sleep(columns, posterior, rng, mean=mean)
