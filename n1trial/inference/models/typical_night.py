"""The typical night of one person: `duration` with Student-t nights, in which outliers have less weight.

    y_t | past ~ StudentT(ν, m_t + φ^Δ (y_prev - m_prev), σ √((1 - φ^(2Δ)) / (1 - φ²)))

with the m_t of `duration`, which is here the centre of a night's distribution and not its mean: two arms that
differ only in how often a night is cut short have nearly the same centre. So the model does not answer how long one
sleeps on average; it is a secondary answer, about an ordinary night. Exact for nights in a row, an approximation over
gaps.
"""

from collections.abc import Mapping

import pymc as pm

from n1trial.data.trial_data import TrialData
from n1trial.design.outcomes import Outcome
from n1trial.inference import priors as prior
from n1trial.inference.models import duration
from n1trial.inference.models._sleep import sleep_model, sleep_priors

NAME = "typical_night"
KINDS = ("continuous",)
DEFAULT_OF = ()
ASSUMES = duration.ASSUMES.replace(
    "Bad nights count as much as good ones, because what is asked is the average over all nights.",
    "Odd nights count less, because what is asked is the typical night, and not the average over all nights.",
)
FORMULA = duration.FORMULA.replace("Gaussian", "Student-t")

effect_prior_sd = duration.effect_prior_sd
variants = duration.variants
replicate = duration.replicate


def build(data: TrialData, outcome: Outcome) -> pm.Model:
    """Make the model; names as in `duration`, and nu."""
    return sleep_model(data, outcome, tails="student-t")


def priors(data: TrialData, outcome: Outcome) -> Mapping[str, str]:
    """Each prior in words and numbers, in the outcome's unit."""
    return sleep_priors(data, outcome, (prior.EFFECT,), further=(prior.NU,))
