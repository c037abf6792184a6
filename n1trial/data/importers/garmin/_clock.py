"""Where the clock stood: the account export writes UTC, and its daily summaries give each midnight in both clocks.

Where they and the home zone differ the person travelled, and the summaries are right.
"""

import re
from bisect import bisect
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta, timezone
from typing import Annotated
from zoneinfo import ZoneInfo

import msgspec

from n1trial.data.episodes import Moment
from n1trial.data.importers._intervals import moment_at
from n1trial.data.importers._notes import Note
from n1trial.data.importers._records import decode_json, decode_record, numbered, read_json
from n1trial.data.importers._source import Member, Source
from n1trial.errors import ExportError, HomeZoneError

Unzoned = Annotated[datetime, msgspec.Meta(tz=False)]

_NAMES = re.compile(r"udsfile.*\.json")
_ANY = re.compile(r".*", re.DOTALL)
_MARK = b'"wellnessStartTimeGmt"'
_FURTHEST = timedelta(hours=15)
_QUARTER = timedelta(minutes=15)
_ZERO = timedelta()


class _Day(msgspec.Struct, rename={"utc": "wellnessStartTimeGmt", "local": "wellnessStartTimeLocal"}):
    utc: Unzoned | None = None
    local: Unzoned | None = None


_READ_DAY = msgspec.json.Decoder(_Day)
_READ_LIST: msgspec.json.Decoder[list[msgspec.Raw]] = msgspec.json.Decoder(list[msgspec.Raw])


class Clock:
    """Where the clock stood: the home zone, unless the daily summaries of that day say otherwise."""

    def __init__(self, midnights: list[tuple[datetime, timedelta]], home_zone: ZoneInfo | None) -> None:
        self._midnights = sorted(midnights)
        self._home_zone = home_zone

    def moment(self, utc: datetime, where: str) -> Moment:
        """Read a time of the file on the local clock."""
        instant = utc.replace(tzinfo=UTC)
        near = self._nearest(instant)
        if near is None or abs(near[0] - instant) > timedelta(days=2):
            if self._home_zone is None:
                raise HomeZoneError(
                    f"sleep at {utc} UTC has no offset",
                    place=where,
                    remedy="give the whole zip with UDSFile_….json, or give --home-zone",
                )
            return moment_at(instant, self._home_zone, where)
        midnight, offset = near
        at_home = self._home_zone and midnight.astimezone(self._home_zone).utcoffset() == offset
        zone = self._home_zone if self._home_zone and at_home else timezone(offset)
        return moment_at(instant, zone, where)

    def _nearest(self, instant: datetime) -> tuple[datetime, timedelta] | None:
        at = bisect(self._midnights, (instant, _ZERO))
        around = self._midnights[max(0, at - 1) : at + 1]
        return min(around, key=lambda midnight: abs(midnight[0] - instant), default=None)


def summary_files(source: Source) -> list[Member]:
    """Files of daily summaries, which hold no sleep."""
    return [
        member for member in source.named(_NAMES, given=_ANY) if source.mentions(member, _MARK, within=8192)
    ]


def read_clock(source: Source, home_zone: ZoneInfo | None) -> Clock:
    """Read the midnights of the daily summaries; a damaged summary is counted and not used."""
    midnights: list[tuple[datetime, timedelta]] = []
    for member in summary_files(source):
        damaged = 0
        records = decode_json(read_json(source, member), _READ_LIST, member.where)
        for where, record in numbered(records, member):
            try:
                midnights += _midnight(decode_record(record, _READ_DAY, where), where)
            except ExportError:
                damaged += 1
        if damaged:
            source.note(
                Note(
                    f"{member.where}: {damaged} daily summaries cannot be read: the clock of those days is that of the"
                    " days around them"
                )
            )
    return Clock(midnights, home_zone)


def plausible_offset(offset: timedelta, where: str) -> timedelta:
    """Return an offset from UTC unless no clock on earth has it."""
    if abs(offset) > _FURTHEST or offset % _QUARTER:
        raise ExportError(f"a clock {offset} ahead of UTC", place=where, remedy="download the export again")
    return offset


def _midnight(day: _Day, where: str) -> Iterator[tuple[datetime, timedelta]]:
    if day.utc and day.local:
        yield day.utc.replace(tzinfo=UTC), plausible_offset(day.local - day.utc, where)
