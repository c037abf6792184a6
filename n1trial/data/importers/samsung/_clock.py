"""Whether Samsung's times are UTC or local, which its files do not say and documents dispute.

Three questions, in this order, each answered only where the data answer it clearly. When were the records made? That
time is UTC in any case, and no record is made before its sleep has ended. Does the clock time of going to bed jump
when the clocks change? Under the right reading it does not. Does it fall in the evening?

Real exports were all in UTC: under the local reading 162 of 172 and 13 of 101 records were made before they ended,
under UTC none.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from itertools import pairwise
from statistics import mean, pvariance

from n1trial.data.episodes import night_of
from n1trial.data.flags import Flag
from n1trial.data.importers.samsung._tables import Sleep
from n1trial.errors import ExportError

_HOUR, _HALF_DAY, _DAY = timedelta(hours=1), timedelta(hours=12), timedelta(days=1)
_LONG = timedelta(hours=3)
# A watch sends its night soon after waking, by a clock that may differ by minutes.
_BEFORE, _SOON = timedelta(minutes=-5), timedelta(minutes=30)
_EVENING_FROM, _EVENING_TO = 19, 3
# Nights on either side of a clock change that are compared.
_NIGHTS_AROUND, _NIGHTS_NEEDED = 28, 5


def times_are_local(sleeps: Sequence[Sleep], label: str) -> tuple[bool, tuple[Flag, ...]]:
    """Whether times are local rather than UTC, and the flag of a reading that nothing confirms."""
    if any(sleep.in_utc for sleep in sleeps):
        return False, ()
    long = sorted(
        (sleep for sleep in sleeps if sleep.end - sleep.start >= _LONG), key=lambda sleep: sleep.start
    )
    for votes in (_votes_of_creation(sleeps), _votes_of_clock_changes(long), _votes_of_bedtimes(long)):
        if votes:
            return votes > 0, ()
    if any(night_of(sleep.start) != night_of(sleep.start + sleep.offset) for sleep in sleeps):
        raise ExportError(
            "times can be UTC or local and the nights would differ",
            place=label,
            remedy="export a longer time, best with a clock change in it",
        )
    return False, (Flag("utc_assumed"),)


def _votes_of_creation(sleeps: Sequence[Sleep]) -> int:
    """Above 0 when records are made after their sleep under the local reading, below under UTC, 0 when both are."""
    delays = [
        (sleep.created - sleep.end, sleep.created - sleep.end + sleep.offset)
        for sleep in sleeps
        if sleep.created is not None and sleep.offset
    ]
    # A record made before its end cannot be; most are made soon after it.
    local = sum(in_utc < _BEFORE <= in_local for in_utc, in_local in delays)
    utc = sum(in_local < _BEFORE <= in_utc for in_utc, in_local in delays)
    soon_local = sum(_BEFORE <= in_local < _SOON for _, in_local in delays)
    soon_utc = sum(_BEFORE <= in_utc < _SOON for in_utc, _ in delays)
    votes = _clear(local, utc, least=len(delays) / 20)
    if votes and abs(votes) >= 2 * (soon_utc if votes > 0 else soon_local):
        return votes
    return _clear(soon_local, soon_utc, least=len(delays) / 2)


def _clear(local: int, utc: int, *, least: float) -> int:
    """Difference of two counts, or 0 unless one is at least nine times the other and not just a few odd records."""
    most = max(local, utc)
    return local - utc if most >= max(least, 1) and most >= 9 * min(local, utc) else 0


def _votes_of_clock_changes(sleeps: Sequence[Sleep]) -> float:
    """Above 0 when bedtimes stay put under the local reading, below under UTC, 0 when they do not say."""
    votes = variance = 0.0
    changes = [at for at, (one, later) in enumerate(pairwise(sleeps), 1) if one.offset != later.offset]
    for at in changes:
        reference = sleeps[at - 1]
        before = _hours(sleeps[max(0, at - _NIGHTS_AROUND) : at], reference.offset, reference.start)
        after = _hours(sleeps[at : at + _NIGHTS_AROUND], sleeps[at].offset, reference.start)
        if min(len(before), len(after)) >= _NIGHTS_NEEDED:
            jump_h = mean(after) - mean(before)
            change_h = (sleeps[at].offset - reference.offset) / _HOUR
            # Local times do not jump; UTC times jump by the change, the other way round.
            votes += abs(jump_h + change_h) - abs(jump_h)
            variance += 4 * (pvariance(before) / len(before) + pvariance(after) / len(after))
    # Bedtimes vary by themselves: less than two standard errors is no answer.
    return votes if abs(votes) > 2 * variance**0.5 else 0.0


def _hours(sleeps: Sequence[Sleep], offset: timedelta, reference: datetime) -> list[float]:
    """How much later in the day than `reference` the sleeps of one offset start, from -12 to 12."""
    return [
        ((sleep.start - reference + _HALF_DAY) % _DAY - _HALF_DAY) / _HOUR
        for sleep in sleeps
        if sleep.offset == offset
    ]


def _votes_of_bedtimes(sleeps: Sequence[Sleep]) -> int:
    def starts_in_the_evening(ahead: int) -> int:
        hours = [(sleep.start + ahead * sleep.offset).hour for sleep in sleeps]
        return sum(hour >= _EVENING_FROM or hour < _EVENING_TO for hour in hours)

    local, utc = starts_in_the_evening(0), starts_in_the_evening(1)
    clear = max(local, utc) > 0.8 * len(sleeps) and min(local, utc) < 0.2 * len(sleeps)
    return local - utc if clear else 0
