"""One device and one way of scoring from the first night to the last, or a change on the way.

A change of either moves the level of every night after it, and a period before it is no match for one after.
"""

from n1trial.analysis.checks import Case, CheckResult, Findings, Quantity

NAME = "device"


def applies(case: Case) -> bool:
    """It is known what recorded the nights."""
    return bool(case.recorders)


def run(case: Case) -> Findings:
    """One line with every device and way of scoring in order."""
    return Findings(
        results=(
            CheckResult(
                check=NAME,
                estimate=float(len(case.recorders)),
                passed=len(case.recorders) == 1,
                quantity=Quantity.OTHER,
                note=f"recorded by {', then '.join(case.recorders)}",
            ),
        )
    )
