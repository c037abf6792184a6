"""A first answer within a second, before the sampler starts: estimates without a verdict."""

from dataclasses import dataclass

from n1trial.data.trial_data import TrialData
from n1trial.design.contrast import Contrast
from n1trial.design.outcomes import Outcome
from n1trial.design.verdict import INTERVAL
from n1trial.inference.inla.counts import fit_counts
from n1trial.inference.inla.gaussian import fast_fit
from n1trial.inference.inla.mixture import Mixture
from n1trial.inference.inla.rate_change import RateChange


@dataclass(frozen=True, slots=True, kw_only=True)
class Preliminary:
    """Posterior mean, SD and equal-tailed interval of arm minus comparator, in the outcome's unit."""

    contrast: Contrast
    mean: float
    sd: float
    low: float
    high: float


def preliminary_answer(data: TrialData, outcome: Outcome) -> tuple[Preliminary, ...]:
    """Estimates of every contrast of an outcome by the fast engine, without a verdict.

    Raises
    ------
    AnalysisError
        The nights cannot inform the model: an empty arm, a constant outcome, too few nights.
    """
    answers = []
    for contrast, mixture in zip(data.contrasts, _contrasts(data, outcome), strict=True):
        low, high = mixture.interval(INTERVAL)
        answers.append(Preliminary(contrast=contrast, mean=mixture.mean, sd=mixture.sd, low=low, high=high))
    return tuple(answers)


def _contrasts(data: TrialData, outcome: Outcome) -> list[Mixture] | list[RateChange]:
    if outcome.kind == "count":
        counts = fit_counts(data, outcome)
        return [counts.contrast(*contrast.arms, scale=outcome.scale) for contrast in data.contrasts]
    fit = fast_fit(data, outcome)
    return [fit.contrast(*contrast.arms) for contrast in data.contrasts]
