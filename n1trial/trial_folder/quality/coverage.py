"""How much of the trial was recorded, and in which weeks nights are missing.

Missing nights are seldom missing at random: the device was off or empty on bad nights and on travel, so look
at the weeks, and write the reason into the diary's notes.
"""

from collections import defaultdict
from collections.abc import Iterator
from datetime import date, timedelta

from n1trial.trial_folder.quality.evidence import Evidence, Finding


def covered(evidence: Evidence) -> Iterator[Finding]:
    """Planned nights that are over, and how many of them have a sleep time."""
    past, missing = evidence.past, _missing(evidence)
    if not past:
        yield Finding(check="coverage", said=f"0 of {len(evidence.planned)} planned nights are over")
        return
    recorded = len(past) - len(missing)
    yield Finding(
        check="coverage",
        said=(
            f"{recorded} of {len(past)} nights so far are recorded ({100 * recorded / len(past):.0f} %),"
            f" {len(evidence.planned) - len(past)} are to come"
        ),
    )


def missing_by_week(evidence: Evidence) -> Iterator[Finding]:
    """Each week of the trial in which a night has no sleep time."""
    weeks: dict[int, list[date]] = defaultdict(list)
    for night in _missing(evidence):
        weeks[(night - evidence.planned[0]).days // 7].append(night)
    for week, nights in sorted(weeks.items()):
        first = evidence.planned[0] + timedelta(weeks=week)
        yield Finding(
            check="missing",
            said=f"{len(nights)} in week {week + 1} (from {first})",
            nights=tuple(nights),
        )


def _missing(evidence: Evidence) -> tuple[date, ...]:
    table = evidence.recorded
    have = set(table.loc[table["tst_min"].notna(), "date"])
    return tuple(night for night in evidence.past if night not in have)
