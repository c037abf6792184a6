"""Local time of a time zone, and its changes by an hour."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from n1trial.errors import ScheduleError


@dataclass(frozen=True, slots=True, kw_only=True)
class WallClock:
    """Local times of a zone; a time without offset is a wall-clock time, as devices write it."""

    zone: ZoneInfo

    def instant(self, local: datetime) -> datetime:
        """The instant of a wall-clock time; one that the clock skips is taken as an hour later."""
        return local.replace(tzinfo=self.zone).astimezone(UTC)

    def existing(self, local: datetime) -> datetime:
        """The same wall-clock time; one that the clock skips is moved an hour later."""
        return self.instant(local).astimezone(self.zone).replace(tzinfo=None)

    def leap_min(self, local: datetime, minutes: float) -> float:
        """Minutes by which the clock is put forward (back: negative) in the minutes after a local time."""
        start = self.instant(local)
        end = (start + timedelta(minutes=minutes)).astimezone(self.zone)
        before, after = start.astimezone(self.zone).utcoffset(), end.utcoffset()
        return ((after or timedelta()) - (before or timedelta())).total_seconds() / 60


def wall_clock(zone: str) -> WallClock:
    """The wall clock of an IANA zone.

    Raises
    ------
    ScheduleError
        No time zone has that name.
    """
    try:
        return WallClock(zone=ZoneInfo(zone))
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise ScheduleError(
            f"zone: no time zone is called {zone[:80]!r}: write one as Europe/Berlin"
        ) from error
