"""Missing nights: how many in every arm, and how different they would have to be to undo the answer.

The delta-shift tipping point: were every night that is missing on an arm δ longer or shorter than those
recorded on it, the arm's mean would move by δ times its missing share. Cro, Morris, Kenward & Carpenter
(2020), doi:10.1002/sim.8569.
"""

from n1trial.analysis.checks import Case, CheckResult, Findings, Quantity
from n1trial.analysis.checks._notes import Figure, notes
from n1trial.analysis.contrasts import contrast_draws
from n1trial.data.left_out import PLANNED_OUT, LeftOut
from n1trial.data.trial_data import TrialData
from n1trial.design.contrast import Contrast
from n1trial.design.outcomes import Outcome

NAME = "missing nights"


def applies(case: Case) -> bool:
    """Some night that was planned has no record."""
    return case.data.missing_share(case.outcome) > 0


def run(case: Case) -> Findings:
    """A line an arm, and with a fit the δ on each arm that would bring its effect to nothing."""
    results = []
    for arm in case.data.arms:
        missing, planned = missing_of(case.data, case.outcome, arm)
        parts: list[str | Figure] = [f"{missing} of {planned} nights missing"]
        delta = None
        if case.fit is not None and arm != case.data.reference and missing:
            draws = contrast_draws(
                case.fit.posterior, case.data, case.outcome, Contrast(arm, case.data.reference)
            )
            delta = -float(draws.mean()) * planned / missing
            parts += [
                "; they would have to differ by ",
                Figure(delta, "+.3g", page_spec="+.3g"),
                f" {case.outcome.contrast_unit} from the recorded to bring the mean effect to nothing",
            ]
        note, short_note = notes(*parts)
        results.append(
            CheckResult(
                check=NAME,
                arm=arm,
                estimate=delta,
                note=note,
                short_note=short_note,
                quantity=Quantity.OTHER,
            )
        )
    return Findings(results=tuple(results))


def missing_of(data: TrialData, outcome: Outcome, arm: str) -> tuple[int, int]:
    """Nights of an arm without a record, and nights planned for analysis."""
    planned = data.table[(data.table["arm"] == arm) & ~data.table["left_out"].isin(PLANNED_OUT)]
    recorded = ((planned["left_out"] == LeftOut.NO) & planned[outcome.name].notna()).sum()
    return len(planned) - int(recorded), len(planned)
