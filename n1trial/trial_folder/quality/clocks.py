"""Clock changes during sleep, and travel: nights on another clock than the nights around them."""

from collections.abc import Iterator
from datetime import date, timedelta
from itertools import pairwise

from n1trial.trial_folder.quality.evidence import Evidence, Finding, counted

_SUMMER_TIME = timedelta(hours=1)


def clock_changes(evidence: Evidence) -> Iterator[Finding]:
    """Nights in which the clocks went forward or back; their minutes are counted as they passed."""
    for word, way in (("dst_forward", "forward"), ("dst_back", "back")):
        nights = evidence.flagged(word)
        if nights:
            yield Finding(
                check="clock changes",
                said=f"the clocks went {way} in {counted(len(nights), 'night')}",
                nights=nights,
            )


def travel(evidence: Evidence) -> Iterator[Finding]:
    """Nights that begin on another clock than the night before, or end on another than they began.

    A change by an hour may be summer time, and has its own finding. Exports without offset cannot show travel.
    """
    offsets = [
        (night.night, night.main.start.offset, night.main.time_basis)
        for night in evidence.traced
        if night.main
    ]
    if offsets and not any(basis == "utc+offset" for _, _, basis in offsets):
        yield Finding(
            check="travel", said="the export has no time zone, so travel cannot be seen: note it in the diary"
        )
        return
    flown = list(evidence.flagged("offset_change"))
    shifted: list[date] = []
    for (_, before, _), (night, after, _) in pairwise(offsets):
        if before is not None and after is not None and before != after:
            (shifted if abs(after - before) <= _SUMMER_TIME else flown).append(night)
    if flown:
        yield Finding(
            check="travel",
            said="on another clock, by more than an hour, than the night before",
            nights=tuple(sorted(set(flown))),
        )
    if shifted:
        yield Finding(
            check="travel",
            said="on another clock by up to an hour: summer time, or a neighbouring zone",
            nights=tuple(shifted),
        )
