"""One estimate a contrast, quickly, for the same question asked in many ways.

Continuous outcomes go through the same model in `inference/inla`, integrated rather than sampled; counts
through the analysis of variance of period means.
"""

from collections.abc import Iterator

from n1trial.analysis.checks import Case, CheckResult, period_means
from n1trial.analysis.effects import INTERVAL
from n1trial.data.trial_data import TrialData
from n1trial.design.outcomes import Outcome
from n1trial.errors import AnalysisError
from n1trial.inference.inla import Priors, fast_fit


def estimates(
    data: TrialData, outcome: Outcome, *, check: str, note: str = "", priors: Priors | None = None
) -> Iterator[CheckResult]:
    """A line a contrast; none where the nights left cannot teach anything."""
    if outcome.kind == "count":
        case = Case(data=data, outcome=outcome)
        if period_means.applies(case):
            for line in period_means.run(case).results:
                yield CheckResult(
                    check=check,
                    contrast=line.contrast,
                    estimate=line.estimate,
                    low=line.low,
                    high=line.high,
                    p=line.p,
                    note="; ".join(filter(None, [note, f"period means, {line.note}"])),
                    short_note="; ".join(filter(None, [note, f"period means, {line.short_note}"])),
                )
        return
    try:
        fitted = fast_fit(data, outcome, priors=priors)
    except AnalysisError:
        return
    for contrast in data.contrasts:
        mixture = fitted.contrast(*contrast.arms)
        low, high = mixture.interval(INTERVAL)
        yield CheckResult(
            check=check,
            contrast=contrast,
            estimate=mixture.mean,
            low=low,
            high=high,
            note="; ".join(filter(None, [note, f"not sampled, {fitted.nights} nights"])),
        )
