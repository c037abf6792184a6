"""Doses as they were taken: how many, the trial per protocol, and as taken.

Both analyses are observational, since which dose is forgotten is not drawn at random: an evening out is a
missed dose and a short night. They supplement the answer and never replace it. Hernán & Robins (2017),
doi:10.1056/NEJMsm1605385.
"""

from dataclasses import replace

from n1trial.analysis.checks import Case, CheckResult, Findings, Quantity
from n1trial.analysis.checks._quick_fit import estimates
from n1trial.analysis.checks._subsets import enough, without
from n1trial.data.adherence import as_planned, doses_kept
from n1trial.data.left_out import LeftOut
from n1trial.data.trial_data import TrialData

NAME = "doses"
MOST_MISSED = 0.10
OBSERVATIONAL = "observational: which dose is missed is not drawn at random"
OF_A_HABIT = "observational: which evening was not kept to is not drawn at random"


def applies(case: Case) -> bool:
    """The diary says of some evening whether the dose was taken."""
    return bool(as_planned(case.data).notna().any())


def run(case: Case) -> Findings:
    """How many doses were as planned; the effects without those that were not, and by what was swallowed."""
    data, outcome = case.data, case.outcome
    counts = doses_kept(data)
    answered, kept = int(counts["answered"].sum()), int(counts["kept"].sum())
    results = [
        CheckResult(
            check=NAME,
            estimate=kept / answered,
            passed=kept / answered >= 1 - MOST_MISSED,
            quantity=Quantity.OTHER,
            note=f"{kept} of {answered} evenings in the diary as planned",
        )
    ]
    away = as_planned(data) == 0
    if not away.any():
        return Findings(results=tuple(results))
    for check, other in (
        ("per protocol", without(data, away, LeftOut.DOSE_NOT_AS_PLANNED)),
        ("as taken", as_taken(data)),
    ):
        if enough(other, outcome.name):
            note = OF_A_HABIT if data.habits else OBSERVATIONAL
            results += estimates(other, outcome, check=check, note=note)
    return Findings(results=tuple(results))


def as_taken(data: TrialData) -> TrialData:
    """The trial with every night of a treatment on which nothing was swallowed counted to the reference."""
    missed = (as_planned(data) == 0) & (data.table["arm"] != data.reference)
    return replace(data, table=data.table.assign(arm=data.table["arm"].mask(missed, data.reference)))
