"""Which clock the times of a table of sleeps are on: UTC, or the local clock marked as UTC.

Both occur under one name: exports of 2025 with 16 columns write the local clock as ``+0000``, whatever stands in the
column of the offset, in 317 of 318 sleeps to the second; those of 2026 with 17 columns write true UTC. All sleeps of
a file vote. First the sleep logs of the same Takeout, whose times are local. Then ``sleep_created``, true UTC in both:
under the right clock a record is made minutes after its end, under the wrong one hours away, or before it ends.
Then the hours at which the long sleeps begin. A record that was made again months later does not vote.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Literal

import msgspec

from n1trial.data.episodes import SleepEpisode, night_of

Clock = Literal["utc", "local"]

# Shorter than an hour, so that on the clock of Berlin or Lagos no record is prompt under both.
_ROUNDING, _PROMPT, _LONG_AGO = timedelta(minutes=2), timedelta(minutes=55), timedelta(days=1)
_LONG = timedelta(hours=3)
_EVENING_FROM, _EVENING_TO = 19, 3
_NEEDED = 3
_CLEAR = 0.8


class Written(msgspec.Struct, frozen=True, kw_only=True):
    """Times of a sleep as the file writes them, as if they were UTC.

    Attributes
    ----------
    offset
        How far the local clock is ahead of UTC; ``None`` when nobody knows.
    created
        When the record was made; always UTC.
    """

    start: datetime
    end: datetime
    offset: timedelta | None
    created: datetime | None


def clock_of(sleeps: Iterable[Written], logs: Sequence[SleepEpisode]) -> Clock | None:
    """The clock for which the sleeps of a file vote clearly; ``None`` when they do not.

    Parameters
    ----------
    logs
        Sleeps of the same person whose local clock is certain.
    """
    # On the clock of London, or on one that nobody knows, both readings are the same.
    voters = [sleep for sleep in sleeps if sleep.offset != timedelta()]
    for vote in (_votes_of_logs(voters, logs), _votes_of_prompt(voters), _votes_of_possible(voters)):
        if clock := _winner(*vote):
            return clock
    return _clock_of_nights(voters)


def same_nights(sleeps: Iterable[Written]) -> bool:
    """Whether every sleep is in the same night on either clock."""
    return all(
        night_of(sleep.start) == night_of(sleep.start + (sleep.offset or timedelta())) for sleep in sleeps
    )


def _winner(utc: int, local: int, needed: int) -> Clock | None:
    if max(utc, local) < max(1, min(_NEEDED, needed)):
        return None
    return "utc" if utc > 2 * local else "local" if local > 2 * utc else None


def _votes_of_logs(sleeps: Sequence[Written], logs: Sequence[SleepEpisode]) -> tuple[int, int, int]:
    starts = {log.start.wall.replace(microsecond=0) for log in logs}
    ends = {log.end.wall.replace(microsecond=0) for log in logs}
    known = [(sleep, sleep.offset) for sleep in sleeps if sleep.offset is not None]
    local = [sleep.start in starts or sleep.end in ends for sleep, _ in known]
    utc = [sleep.start + offset in starts or sleep.end + offset in ends for sleep, offset in known]
    return (
        sum(one and not other for one, other in zip(utc, local, strict=True)),
        sum(one and not other for one, other in zip(local, utc, strict=True)),
        # No two sleeps begin or end in the same second of the same day by chance.
        1,
    )


def _votes_of_prompt(sleeps: Sequence[Written]) -> tuple[int, int, int]:
    """Made within an hour after the end, under one clock only."""
    utc = local = 0
    lags = _lags(sleeps)
    for utc_lag, local_lag in lags:
        prompt = -_ROUNDING <= utc_lag <= _PROMPT
        prompt_locally = local_lag is not None and -_ROUNDING <= local_lag <= _PROMPT
        utc += prompt and not prompt_locally
        local += prompt_locally and not prompt
    return utc, local, len(lags)


def _votes_of_possible(sleeps: Sequence[Written]) -> tuple[int, int, int]:
    """Made before the end under one clock, and within a day after it under the other."""
    utc = local = 0
    lags = _lags(sleeps)
    for utc_lag, local_lag in lags:
        if local_lag is None:
            local += utc_lag < -_ROUNDING
        else:
            utc += local_lag < -_ROUNDING <= utc_lag <= _LONG_AGO
            local += utc_lag < -_ROUNDING <= local_lag <= _LONG_AGO
    return utc, local, len(lags)


def _lags(sleeps: Sequence[Written]) -> list[tuple[timedelta, timedelta | None]]:
    """From the end of each sleep to the making of its record, under UTC and under the local clock."""
    lags = [(sleep.created - sleep.end, sleep.offset) for sleep in sleeps if sleep.created is not None]
    # Months later says nothing of hours.
    return [(lag, None if offset is None else lag + offset) for lag, offset in lags if abs(lag) <= _LONG_AGO]


def _clock_of_nights(sleeps: Sequence[Written]) -> Clock | None:
    """The clock on which nearly all long sleeps begin in the evening, if on the other hardly any do."""
    long = [sleep for sleep in sleeps if sleep.end - sleep.start >= _LONG and sleep.offset is not None]

    def share_in_the_evening(ahead: int) -> float:
        hours = [(sleep.start + ahead * (sleep.offset or timedelta())).hour for sleep in long]
        return sum(hour >= _EVENING_FROM or hour < _EVENING_TO for hour in hours) / max(1, len(long))

    utc, local = share_in_the_evening(1), share_in_the_evening(0)
    if max(utc, local) > _CLEAR and min(utc, local) < 1 - _CLEAR:
        return "utc" if utc > local else "local"
    return None
