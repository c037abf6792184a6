"""Sleep time and wake episodes together: the chance that an arm gives longer sleep and fewer wakes at once.

The nights of `duration` and those of `awakenings` (per night, not adjusted for sleep time) in one model, where the
periods of the two outcomes are correlated:

    (u_p / σ_u, u'_p / σ_u') ~ N(0, Ω),  Ω ~ LKJ(2)

For two outcomes LKJ(2) means that (1 + correlation) / 2 is Beta(2, 2). `chance_of_both` needs the joint draws: the
product of two probabilities would be right only if the two effects were independent given the nights.

Lewandowski, Kurowicka & Joe (2009), doi:10.1016/j.jmva.2009.04.008
"""

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt
import pymc as pm
import pytensor.tensor as pt
import xarray as xr

from n1trial.data.trial_data import TrialData
from n1trial.design.outcomes import Outcome
from n1trial.errors import AnalysisError
from n1trial.inference import priors as prior
from n1trial.inference.model_matrix import Columns, columns_of
from n1trial.inference.models import _counts, awakenings, duration
from n1trial.inference.models._linear import linear, standard
from n1trial.inference.models._sleep import free_effects, replicate_sleep, sleep_nights, sleep_unit
from n1trial.system.arrays import Array

NAME = "joint"
KINDS = ("continuous", "count")
DEFAULT_OF = ()
ASSUMES = (
    "Sleep time and wake episodes each come as in their own models, and a week that is good for the one may"
    " be good or bad for the other."
)
FORMULA = f"{duration.FORMULA}; {awakenings.FORMULA}; periods correlated between the two"
WAKES = "_wakes"


def both(data: TrialData) -> tuple[Outcome, Outcome]:
    """The first continuous outcome and the first count of a trial.

    Raises
    ------
    AnalysisError
        The trial lacks one of them.
    """
    of_each_kind = []
    for kind in ("continuous", "count"):
        of_kind = [outcome for outcome in data.outcomes if outcome.kind == kind]
        if not of_kind:
            raise AnalysisError(f"joint model: no {kind} outcome in this trial: fit each outcome by itself")
        of_each_kind.append(of_kind[0])
    return of_each_kind[0], of_each_kind[1]


def build(data: TrialData, outcome: Outcome) -> pm.Model:
    """Make the model; names of `duration`, and those of `awakenings` with `_wakes`.

    `effect` is that of `outcome`; `effect_sleep` and `effect_wakes` are the two; `period_correlation` is that of their
    periods.
    """
    sleep, wakes = both(data)
    columns, wake_columns = columns_of(data, sleep), columns_of(data, wakes)
    with pm.Model(coords=wake_columns.coords | columns.coords, check_bounds=False) as model:
        unit = sleep_unit(data, sleep)
        effect = free_effects(data, sleep, name="effect_sleep")
        of_sleep, of_wakes = _tied(columns)
        sleep_nights(columns, unit, effect, standards=of_sleep)
        effect_wakes = pm.Deterministic(
            "effect_wakes",
            _counts.count_nights(data, wakes, wake_columns, _likelihood, suffix=WAKES, standards=of_wakes),
            dims="contrast",
        )
        asked = effect if outcome.kind == "continuous" else effect_wakes
        pm.Deterministic("effect", asked + 0.0, dims="contrast")
    return model


def _tied(columns: Columns) -> tuple[dict[str, pt.TensorVariable], dict[str, pt.TensorVariable]]:
    """Correlated standard normal values of periods, for sleep and for wakes; none where there are no periods."""
    if "period" not in columns.terms:
        return {}, {}
    half = pm.Beta("period_tie", 2.0, 2.0)
    correlation = pm.Deterministic("period_correlation", 2.0 * half - 1.0)
    of_sleep, own = standard("period"), standard("period", suffix=WAKES)
    of_wakes = correlation * of_sleep + pt.sqrt(1.0 - correlation**2) * own
    return {"period": of_sleep}, {"period": of_wakes}


def _likelihood(
    count: pt.TensorVariable, rate: pt.TensorVariable, used: pt.TensorVariable, usual: pt.TensorVariable
) -> None:
    awakenings.likelihood(count, rate, used, usual, suffix=WAKES)


def chance_of_both(data: TrialData, posterior: xr.Dataset, arm: str) -> float:
    """Posterior probability that an arm is better than the reference in both sleep time and wake episodes, 0 to 1."""
    better: npt.NDArray[np.bool_] = np.array(True)
    for outcome, name in zip(both(data), ("effect_sleep", "effect_wakes"), strict=True):
        better = better & (outcome.sign * posterior[name].sel(contrast=arm).to_numpy() > 0)
    return float(better.mean())


def priors(data: TrialData, outcome: Outcome) -> Mapping[str, str]:
    """Each prior in words and numbers, of sleep time and then of wake episodes."""
    sleep, wakes = both(data)
    ties = {tie.of: tie.in_words() for tie in (prior.TIE,)}
    return {**duration.priors(data, sleep), **awakenings.priors(data, wakes), **ties}


def effect_prior_sd(data: TrialData, outcome: Outcome) -> float:
    """SD of the prior of an effect, in the outcome's contrast unit."""
    of_its_own = duration if outcome.kind == "continuous" else awakenings
    return of_its_own.effect_prior_sd(data, outcome)


def variants(data: TrialData, outcome: Outcome) -> Mapping[str, Mapping[str, Array]]:
    """A sceptic's narrower priors, for both outcomes."""
    sleep, wakes = both(data)
    of_sleep = duration.variants(data, sleep)["sceptical"]["effect_prior"]
    of_wakes = awakenings.variants(data, wakes)["sceptical"]["effect_prior"]
    return {"sceptical": {"effect_prior": of_sleep, f"effect_prior{WAKES}": of_wakes}}


def replicate(data: TrialData, outcome: Outcome, posterior: xr.Dataset, rng: np.random.Generator) -> Array:
    """Posterior predictive nights [draw, night] of the outcome, in the order of `columns_of`."""
    columns = columns_of(data, outcome)
    if outcome.kind == "continuous":
        mean = linear(columns, posterior, level="level", arm="effect_sleep")
        return replicate_sleep(columns, posterior, rng, mean=mean)
    omega = np.ravel(posterior["omega"].to_numpy())[:, None]
    rates = _counts.rates(columns, with_tied_wakes(posterior), suffix=WAKES)
    usual = _counts.usual_count(data, outcome)
    return awakenings.drawn_counts(rates, omega, usual, rng) * columns.used


def with_tied_wakes(posterior: xr.Dataset) -> xr.Dataset:
    """The draws with period_z_wakes as they enter the rate, with their correlation to sleep time."""
    if "period_tie" not in posterior:
        return posterior
    correlation = 2.0 * posterior["period_tie"] - 1.0
    own = posterior[f"period_z{WAKES}"]
    entered = correlation * posterior["period_z"] + np.sqrt(1.0 - correlation**2) * own
    return posterior.assign({f"period_z{WAKES}": entered})
