"""A first answer within a second, before the sampler starts: estimates without a verdict."""

from dataclasses import dataclass

from n1trial.fast.gaussian import fast_fit
from n1trial.outcomes import Outcome
from n1trial.trial import TrialData
from n1trial.verdict import INTERVAL


@dataclass(frozen=True, slots=True, kw_only=True)
class Preliminary:
    """Posterior mean, SD and equal-tailed interval of arm minus comparator, in the outcome's unit."""

    arm: str
    comparator: str
    mean: float
    sd: float
    low: float
    high: float


def preliminary_answer(data: TrialData, outcome: Outcome) -> tuple[Preliminary, ...]:
    """Every contrast of a continuous outcome by the Gaussian twin; none where the outcome is a count.

    It knows nothing of heavy tails and passes no gate, so it has no verdict.

    Raises
    ------
    AnalysisError
        The nights cannot teach the model anything: an empty arm, a constant outcome, too few nights.
    """
    if outcome.kind == "count":
        return ()
    fit = fast_fit(data, outcome)
    found = []
    for arm, comparator in data.contrasts:
        mixture = fit.contrast(arm, comparator)
        low, high = mixture.interval(INTERVAL)
        found.append(
            Preliminary(arm=arm, comparator=comparator, mean=mixture.mean, sd=mixture.sd, low=low, high=high)
        )
    return tuple(found)
