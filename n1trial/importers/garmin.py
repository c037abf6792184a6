"""Garmin: the sleep files of the account export.

Where to get it: garmin.com/account, Account Management Center, Export Your Data; the zip holds
``DI_CONNECT/DI-Connect-Wellness/…_sleepData.json``. Give the whole zip or folder: ``UDSFile_….json`` of
``DI-Connect-Aggregator`` knows where the clock stood.

What is odd: times are UTC without saying so, and this file has no local offset. It comes from the home zone,
or from the daily summaries, which give each midnight in both clocks; where the two differ the person
travelled, and the summaries are right. Older devices give no ``remSleepSeconds``. Naps hang on the day before
the night.

What cannot be trusted: nights that Garmin did not confirm, of which only the label is known. There are no
levels, so latency, wake after sleep onset and wake episodes are missing; ``awakeCount`` is the vendor's.

Source: several independent readers of the file. Never checked on a real file.
"""

import re
from bisect import bisect
from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, time, timedelta, timezone
from typing import Annotated
from zoneinfo import ZoneInfo

import msgspec

from n1trial.episodes import Moment, SleepEpisode, clock_change
from n1trial.errors import ExportError
from n1trial.importers._intervals import moment_at
from n1trial.importers._records import (
    Count,
    Label,
    Seconds,
    decode_json,
    decode_records,
    plausible_wall,
    read_json,
)
from n1trial.importers._source import Member, Source

DEVICE = "Garmin"
LOOKS_FOR = "…_sleepData.json of Garmin"
VERIFIED = False
VERIFIED_ON = "independent readers of the file; no real file was seen"

_NAMES = re.compile(r".*sleepdata\.json")
_SUMMARIES = re.compile(r"udsfile.*\.json")
_LOOSE = re.compile(r".*\.json")
_MARKS = (b'"calendarDate"', b'"sleepWindowConfirmationType"')
_CONFIRMED = frozenset({"ENHANCED_CONFIRMED", "ENHANCED_CONFIRMED_FINAL", "MANUALLY_CONFIRMED"})
_ZERO = timedelta()

_Unzoned = Annotated[datetime, msgspec.Meta(tz=False)]


class _Nap(msgspec.Struct, rename={"start": "napStartTimestampGMT", "end": "napEndTimestampGMT"}):
    start: _Unzoned
    end: _Unzoned


class _Sleep(
    msgspec.Struct,
    rename={
        "date": "calendarDate",
        "start": "sleepStartTimestampGMT",
        "end": "sleepEndTimestampGMT",
        "confirmation": "sleepWindowConfirmationType",
        "deep": "deepSleepSeconds",
        "light": "lightSleepSeconds",
        "rem": "remSleepSeconds",
        "awake": "awakeSleepSeconds",
        "unmeasured": "unmeasurableSeconds",
        "awakenings": "awakeCount",
        "naps": "napList",
    },
):
    date: date
    start: _Unzoned | None = None
    end: _Unzoned | None = None
    confirmation: Label | None = None
    deep: Seconds | None = None
    light: Seconds | None = None
    rem: Seconds | None = None
    awake: Seconds | None = None
    unmeasured: Seconds | None = None
    awakenings: Count | None = None
    naps: list[_Nap] | None = None


class _Day(msgspec.Struct, rename={"utc": "wellnessStartTimeGmt", "local": "wellnessStartTimeLocal"}):
    utc: _Unzoned | None = None
    local: _Unzoned | None = None


_READ_SLEEP = msgspec.json.Decoder(_Sleep)
_READ_DAY = msgspec.json.Decoder(_Day)
_READ_LIST: msgspec.json.Decoder[Sequence[msgspec.Raw]] = msgspec.json.Decoder(list[msgspec.Raw])


class _Clock:
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
                raise ExportError(
                    f"{where}: sleep at {utc} UTC has no offset: give the whole zip with UDSFile_….json, "
                    "or give --home-zone"
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


def recognises(source: Source) -> bool:
    """Whether the source holds sleep files of Garmin: by name and by their keys."""
    return any(_members(source))


def read(source: Source, *, home_zone: ZoneInfo | None) -> Iterator[SleepEpisode]:
    """Read every night and nap of the source; `home_zone` serves where the daily summaries do not."""
    clock = _Clock(list(_midnights(source)), home_zone)
    for member in _members(source):
        records = decode_json(read_json(source, member), _READ_LIST, member.where)
        for where, sleep in decode_records(records, _READ_SLEEP, member):
            yield _night(sleep, member=member, where=where, clock=clock)
            for nap in sleep.naps or ():
                yield _nap(nap, sleep, member=member, where=where, clock=clock)


def _members(source: Source) -> Iterator[Member]:
    for member in source.named(_NAMES, given=_LOOSE):
        # The daily summaries have dates too; only the vendor's own name says that dates are enough.
        marks = _MARKS[:1] if _NAMES.fullmatch(member.base_name) else _MARKS
        if source.mentions(member, *marks, within=4096):
            yield member


def _midnights(source: Source) -> Iterator[tuple[datetime, timedelta]]:
    for member in source.named(_SUMMARIES):
        records = decode_json(read_json(source, member), _READ_LIST, member.where)
        for where, day in decode_records(records, _READ_DAY, member):
            if day.utc and day.local:
                offset = day.local - day.utc
                if abs(offset) > timedelta(hours=15):
                    raise ExportError(f"{where}: a clock {offset} ahead of UTC: download the export again")
                yield day.utc.replace(tzinfo=UTC), offset


def _night(sleep: _Sleep, *, member: Member, where: str, clock: _Clock) -> SleepEpisode:
    confirmed = sleep.confirmation in _CONFIRMED
    if sleep.start is None or sleep.end is None:
        # Only the date of waking is known; its first minute is in the night before.
        start = end = Moment(plausible_wall(datetime.combine(sleep.date, time()), where))
    else:
        start, end = clock.moment(sleep.start, where), clock.moment(sleep.end, where)
    stages = (sleep.deep, sleep.light, sleep.rem)
    timed = sleep.start is not None and sleep.end is not None
    staged = confirmed and timed and any(seconds is not None for seconds in stages)
    asleep_s = sum(seconds or 0 for seconds in stages)
    return SleepEpisode(
        source="garmin",
        source_file=member.where,
        record_id=str(sleep.start or sleep.date),
        start=start,
        end=end,
        time_basis="utc_no_offset",
        tib_min=(asleep_s + sleep.awake) / 60 if staged and sleep.awake is not None else None,
        tst_min=asleep_s / 60 if staged else None,
        deep_min=_minutes(sleep.deep) if staged else None,
        light_min=_minutes(sleep.light) if staged else None,
        rem_min=_minutes(sleep.rem) if staged else None,
        vendor_date=sleep.date,
        vendor_awakenings=sleep.awakenings if staged else None,
        missing="" if staged else "unstaged" if confirmed and timed else "not_confirmed",
        device=DEVICE,
        flags=(
            *(("no_rem",) if staged and sleep.rem is None else ()),
            *((f"unmeasured_min={sleep.unmeasured / 60:g}",) if staged and sleep.unmeasured else ()),
            *clock_change(start, end),
        ),
    )


def _nap(nap: _Nap, sleep: _Sleep, *, member: Member, where: str, clock: _Clock) -> SleepEpisode:
    start, end = clock.moment(nap.start, where), clock.moment(nap.end, where)
    length_min = end.minutes_since(start)
    return SleepEpisode(
        source="garmin",
        source_file=member.where,
        record_id=f"nap {nap.start}",
        start=start,
        end=end,
        time_basis="utc_no_offset",
        tib_min=length_min,
        tst_min=length_min,
        vendor_date=sleep.date,
        vendor_nap=True,
        device=DEVICE,
    )


def _minutes(seconds: float | None) -> float | None:
    return None if seconds is None else seconds / 60
