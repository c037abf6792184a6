"""Doses as they were taken: the trial per protocol, and as taken.

Both are observational, since which dose is forgotten is not drawn at random: an evening out is a missed dose
and a short night. They stand beside the answer, never in its place. Hernán & Robins (2017),
doi:10.1056/NEJMsm1605385.
"""

from n1trial.checks import Case, CheckResult, Findings
from n1trial.checks._subsets import as_planned, as_taken, enough, without
from n1trial.checks._twin import estimates

NAME = "doses"
OBSERVATIONAL = "observational: which dose is missed is not drawn at random"


def applies(case: Case) -> bool:
    """The diary names some night whose dose was not as planned."""
    return "taken" in case.data.table and bool((as_planned(case.data) == False).any())  # noqa: E712


def run(case: Case) -> Findings:
    """Without the nights whose dose was not as planned; then each counted to what was swallowed."""
    data, outcome = case.data, case.outcome
    away = as_planned(data) == False  # noqa: E712 - None is neither
    kept = without(data, away, "dose not as planned")
    results: list[CheckResult] = []
    if enough(kept, outcome.name):
        results += estimates(kept, outcome, check="per protocol", note=OBSERVATIONAL)
    if enough(as_taken(data), outcome.name):
        results += estimates(as_taken(data), outcome, check="as taken", note=OBSERVATIONAL)
    return Findings(results=tuple(results))
