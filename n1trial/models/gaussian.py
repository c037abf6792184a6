"""Sleep time with Gaussian nights: `duration` without heavy tails, as a sensitivity and the engine's twin.

    y_t | past ~ Normal(m_t + φ^Δ (y_prev - m_prev), σ √((1 - φ^(2Δ)) / (1 - φ²)))

with the mean m_t of `duration`. A single night of 90 minutes pulls harder here.
"""

from collections.abc import Mapping

import pymc as pm

from n1trial.models import duration
from n1trial.models._sleep import sleep_model
from n1trial.outcomes import Outcome
from n1trial.trial import TrialData

NAME = "gaussian"
KINDS = ("continuous",)
DEFAULT_OF = ()
ASSUMES = duration.ASSUMES.replace("chance in which odd nights count less", "chance of one size")
FORMULA = duration.FORMULA.replace("Student-t", "Gaussian")

effect_prior_sd = duration.effect_prior_sd
variants = duration.variants
replicate = duration.replicate


def build(data: TrialData, outcome: Outcome) -> pm.Model:
    """Make the model; names as in `duration`, ν fixed at a million."""
    return sleep_model(data, outcome, tails="gaussian")


def priors(data: TrialData, outcome: Outcome) -> Mapping[str, str]:
    """Each prior in words and numbers, in the outcome's unit."""
    return {what: words for what, words in duration.priors(data, outcome).items() if "freedom" not in what}
