"""Sleep time by the doses of the arms: an effect per gram of glycine and per 200 mg of magnesium.

    β_arm = θ_G glycine_g + θ_M magnesium_mg / 200 + θ_I glycine_g × magnesium_mg / 200

each less the same of the reference; all else as in `duration`. Magnesium bisglycinate contains 1.24 g of
glycine with 200 mg of magnesium, so with nothing, glycine and bisglycinate there are two contrasts for three doses:
"magnesium beyond its glycine" is identified only as far as the dose-response of glycine is known. If that is
linear, the glycine in bisglycinate has .41 of the effect of 3 g; if it is saturated at 1.24 g, it has all of it.
`beyond_glycine` shows the answer between the two; a matched-glycine or a factorial trial identifies it.
"""

from collections.abc import Mapping

import numpy as np
import pandas as pd
import pymc as pm
import pytensor.tensor as pt
import xarray as xr

from n1trial.data.trial_data import TrialData
from n1trial.design.outcomes import Outcome
from n1trial.errors import AnalysisError
from n1trial.inference import priors as prior
from n1trial.inference.models import duration
from n1trial.inference.models._sleep import fixed_shape, level_and_scale, sleep_model, sleep_priors
from n1trial.system.arrays import Array

NAME = "substance"
KINDS = ("continuous",)
DEFAULT_OF = ()
ASSUMES = (
    "Every night is your usual level, plus so much for each gram of glycine and each 200 mg of magnesium in"
    " the evening's capsules, plus slow changes and chance as in the main model."
)
FORMULA = duration.FORMULA.replace("~ arm", "~ glycine + magnesium + glycine × magnesium")
DOSES = (prior.GLYCINE, prior.MAGNESIUM, prior.INTERACTION)
MAGNESIUM_UNIT_MG = 200.0
SHARES = 7

replicate = duration.replicate


def build(data: TrialData, outcome: Outcome) -> pm.Model:
    """Make the model; names: glycine, magnesium, interaction, effect, and those of `duration`.

    Raises
    ------
    AnalysisError
        The doses of the arms are unknown, or no arm holds glycine or magnesium.
    """
    doses = dose_columns(data)

    def effect(scale: pt.TensorVariable) -> pt.TensorVariable:
        sd = fixed_shape("dose_sd", np.array([dose.scale for dose in DOSES])) * scale
        names = ("glycine", "magnesium", "interaction")
        coefficients = [pm.Normal(name, 0.0, sd[k]) for k, name in enumerate(names)]
        return pt.dot(pt.constant(doses), pt.stack(coefficients))

    return sleep_model(data, outcome, effect=effect)


def dose_columns(data: TrialData) -> Array:
    """Glycine in g, magnesium in 200 mg and their product [contrast, 3], less those of the reference.

    Raises
    ------
    AnalysisError
        The doses of the arms are unknown, or no arm holds glycine or magnesium.
    """
    missing = [arm for arm in data.arms if arm not in data.doses]
    if missing:
        raise AnalysisError(
            f"arm {missing[0]}: its dose is unknown: fit the substance model to a protocol's trial"
        )
    amounts = {
        arm: np.array([glycine, magnesium / MAGNESIUM_UNIT_MG, glycine * magnesium / MAGNESIUM_UNIT_MG])
        for arm, (glycine, magnesium) in data.doses.items()
    }
    doses = np.stack([amounts[arm] - amounts[data.reference] for arm in data.treatments])
    if not doses.any():
        raise AnalysisError("no arm holds more glycine or magnesium than the reference: fit the main model")
    return doses


def beyond_glycine(
    data: TrialData, posterior: xr.Dataset, *, arm: str, glycine_arm: str, interval: float = 0.95
) -> pd.DataFrame:
    """Effect of an arm beyond that of its glycine, for shares ρ of the glycine arm's effect.

    Parameters
    ----------
    posterior
        Of `duration`, in which the effects of arms are independent.
    arm, glycine_arm
        The arm of interest, and the arm of glycine alone.
    interval
        Probability of the interval.

    Returns
    -------
    A row for each ρ from the ratio of the two arms' glycine (a linear dose-response) to 1 (a saturated one):
    `share`, `mean`, `low`, `high`, `p_better`
    """
    ratio = min(1.0, data.doses[arm][0] / data.doses[glycine_arm][0])
    of_arm, of_glycine = (
        posterior["effect"].sel(contrast=name).to_numpy().ravel() for name in (arm, glycine_arm)
    )
    tails = [(1 - interval) / 2, (1 + interval) / 2]
    rows = []
    for share in np.linspace(ratio, 1.0, SHARES):
        beyond = of_arm - share * of_glycine
        low, high = np.quantile(beyond, tails)
        rows.append((share, beyond.mean(), low, high, (beyond > 0).mean()))
    return pd.DataFrame(rows, columns=["share", "mean", "low", "high", "p_better"])


def priors(data: TrialData, outcome: Outcome) -> Mapping[str, str]:
    """Each prior in words and numbers, in the outcome's unit."""
    return sleep_priors(data, outcome, DOSES)


def effect_prior_sd(data: TrialData, outcome: Outcome) -> float:
    """Largest SD that the priors of the doses imply for an arm, in the outcome's unit."""
    sds = dose_columns(data) * [dose.scale for dose in DOSES]
    return float(np.sqrt((sds**2).sum(axis=1)).max()) * level_and_scale(data, outcome)[1]


def variants(data: TrialData, outcome: Outcome) -> Mapping[str, Mapping[str, Array]]:
    """A sceptic's prior, who expects smaller effects."""
    return {"sceptical": {"dose_sd": prior.SCEPTICAL_SHARE * np.array([dose.scale for dose in DOSES])}}
