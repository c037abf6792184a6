"""Garmin Connect's answers of one day each, as GarminDB, garminconnect, garth and garmin-grafana save them.

``{"dailySleepDTO": {…}, "sleepLevels": […], …}``, one a file or several in a list; ``dailySleepDTO`` alone is read too.
Times are milliseconds since 1970 and stand there twice, in UTC and as if the local clock were UTC: their difference
is the offset. ``sleepLevels`` are the stages from when to when, ``activityLevel`` 0 deep, 1 light, 2 REM, 3 awake.
They are believed when they add up to the sums beside them (else flag ``hypnogram_corrupt``); some answers leave them
empty. A day without sleep has all fields, empty, and is no night.

Source: answers in the tests of matin/garth; descriptions and readers in a dozen other projects, of which two compared
levels with sums. Verified on two real answers without levels; with levels not verified on a real file.
"""

import re
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta, timezone
from typing import Annotated
from zoneinfo import ZoneInfo

import msgspec
from msgspec.structs import replace

from n1trial.data.episodes import Moment, SleepEpisode
from n1trial.data.flags import Flag
from n1trial.data.importers._damaged import whole_records
from n1trial.data.importers._intervals import Interval, Stage, moment_at, with_stages
from n1trial.data.importers._notes import unverified
from n1trial.data.importers._records import Seconds, decode_json, decode_record, numbered, read_json
from n1trial.data.importers._source import Member, Source
from n1trial.data.importers.garmin._clock import plausible_offset
from n1trial.data.importers.garmin._nights import Sums, nap, night, with_vital_signs
from n1trial.errors import ExportError, HomeZoneError

LAYOUT = "day files"

_NAMES = re.compile(r".*sleep.*\.json")
_DATES = re.compile(r"\d{4}-\d\d-\d\d\.json")
_ANY = re.compile(r".*", re.DOTALL)
_MARKS = (b'"dailySleepDTO"', b'"sleepStartTimestampLocal"')
_STAGE_OF: dict[float, Stage] = {0: "deep", 1: "light", 2: "rem", 3: "awake"}
_ROUNDING_S = 60

_Millisecond = Annotated[int, msgspec.Meta(ge=0, le=4_102_444_800_000)]


class _Level(msgspec.Struct, gc=False):
    start: datetime = msgspec.field(name="startGMT")
    end: datetime = msgspec.field(name="endGMT")
    level: float = msgspec.field(name="activityLevel")


class _Nap(msgspec.Struct):
    start: datetime = msgspec.field(name="napStartTimestampGMT")
    end: datetime = msgspec.field(name="napEndTimestampGMT")
    seconds: Seconds | None = msgspec.field(name="napTimeSec", default=None)
    offset_min: Annotated[int, msgspec.Meta(ge=-900, le=900)] | None = msgspec.field(
        name="napStartTimeOffset", default=None
    )


class _Sleep(Sums):
    start: _Millisecond | None = msgspec.field(name="sleepStartTimestampGMT", default=None)
    end: _Millisecond | None = msgspec.field(name="sleepEndTimestampGMT", default=None)
    local_start: _Millisecond | None = msgspec.field(name="sleepStartTimestampLocal", default=None)
    local_end: _Millisecond | None = msgspec.field(name="sleepEndTimestampLocal", default=None)
    unmeasured: Seconds | None = msgspec.field(name="unmeasurableSleepSeconds", default=None)
    respiration: float | None = msgspec.field(name="averageRespirationValue", default=None)
    heart_rate: float | None = msgspec.field(name="avgHeartRate", default=None)
    naps: list[_Nap] | None = msgspec.field(name="dailyNapDTOS", default=None)


class _Day(msgspec.Struct):
    sleep: _Sleep | msgspec.UnsetType | None = msgspec.field(name="dailySleepDTO", default=msgspec.UNSET)
    levels: list[_Level] | None = msgspec.field(name="sleepLevels", default=None)
    naps: list[_Nap] | None = msgspec.field(name="dailyNapDTOS", default=None)
    hrv: float | None = msgspec.field(name="avgOvernightHrv", default=None)
    skin_temp: float | None = msgspec.field(name="avgSkinTempDeviationC", default=None)


class _Began(msgspec.Struct):
    start: _Millisecond = msgspec.field(name="sleepStartTimestampGMT")
    local_start: _Millisecond | None = msgspec.field(name="sleepStartTimestampLocal", default=None)


class _BeganDay(msgspec.Struct):
    sleep: _Began = msgspec.field(name="dailySleepDTO")


type _Record = tuple[Member, msgspec.Raw]

_READ_DAY = msgspec.json.Decoder(_Day)
_READ_SLEEP = msgspec.json.Decoder(_Sleep)
_READ_BEGAN = msgspec.json.Decoder(_BeganDay)
_READ_LIST: msgspec.json.Decoder[list[msgspec.Raw]] = msgspec.json.Decoder(list[msgspec.Raw])


def members(source: Source) -> list[Member]:
    """Files of this layout: by their keys; those named by a date only in a folder of sleep or of Garmin."""
    dated = [member for member in source.named(_DATES) if re.search("sleep|garmin", member.name.casefold())]
    return [
        member
        for member in (*source.named(_NAMES, given=_ANY), *dated)
        if any(source.mentions(member, mark, within=8192) for mark in _MARKS)
    ]


def read(source: Source, members: Sequence[Member], *, home_zone: ZoneInfo | None) -> Iterator[SleepEpisode]:
    """Read every day of the members; `home_zone` serves times that do not stand there twice."""

    def build(where: str, record: _Record) -> Iterator[SleepEpisode]:
        member, content = record
        return _episodes(_day(content, where), member, where, home_zone)

    def began(where: str, record: _Record) -> Moment:
        sleep = decode_record(record[1], _READ_BEGAN, where).sleep
        return _moment(sleep.start, sleep.local_start, home_zone, where)

    # A file is often one day, so a damaged file is one damaged record of many.
    together = Member(name=LAYOUT, where=source.label)
    records = (record for member in members for record in _records(source, member))
    noted = False
    for episode in whole_records(records, build, source=source, member=together, began=began):
        if episode.wake_runs_min is not None and not noted:
            noted = True
            names = (*_Day.__struct_encode_fields__, *_Sleep.__struct_encode_fields__)
            source.note(
                unverified(episode.source_file, "Garmin Connect's day files with stages", ",".join(names))
            )
        yield episode


def _records(source: Source, member: Member) -> Iterator[tuple[str, _Record]]:
    content = read_json(source, member)
    if content.lstrip()[:1] != b"[":
        yield member.where, (member, msgspec.Raw(content))
        return
    records = decode_json(content, _READ_LIST, member.where)
    for where, record in numbered(records, member):
        yield where, (member, record)


def _day(record: msgspec.Raw, where: str) -> _Day:
    day = decode_record(record, _READ_DAY, where)
    if day.sleep is not msgspec.UNSET:
        return day
    alone = decode_record(record, _READ_SLEEP, where)
    if alone.day is None:
        raise ExportError("has no dailySleepDTO", place=where, remedy="give the answer as it came")
    return replace(day, sleep=alone)


def _episodes(day: _Day, member: Member, where: str, home_zone: ZoneInfo | None) -> Iterator[SleepEpisode]:
    sleep = day.sleep or _Sleep()
    start, end = (
        None if time is None else _moment(time, local, home_zone, where)
        for time, local in ((sleep.start, sleep.local_start), (sleep.end, sleep.local_end))
    )
    if start is not None or sleep.confirmation is not None or sleep.staged:
        summed = night(
            sleep,
            start=start,
            end=end,
            unmeasured=sleep.unmeasured,
            record_id=f"day {sleep.start or sleep.day}",
            layout=LAYOUT,
            time_basis="utc+offset",
            member=member,
            where=where,
        )
        yield with_vital_signs(
            _with_levels(summed, sleep, day.levels or ()),
            {
                "hrv_rmssd_ms": day.hrv,
                "heart_rate_mean_bpm": sleep.heart_rate,
                "respiratory_rate_rpm": sleep.respiration,
                "skin_temp_deviation_c": day.skin_temp,
            },
        )
    for written_nap in (*(sleep.naps or ()), *(day.naps or ())):
        zone = _nap_zone(written_nap, end, home_zone, where)
        yield nap(
            *(moment_at(_utc(time), zone, where) for time in (written_nap.start, written_nap.end)),
            seconds=written_nap.seconds,
            record_id=f"day {written_nap.start}",
            sums=sleep,
            layout=LAYOUT,
            time_basis="utc+offset",
            member=member,
        )


def _with_levels(summed: SleepEpisode, sleep: _Sleep, levels: Sequence[_Level]) -> SleepEpisode:
    """Return a night with the stages as they followed one another, if they add up to its sums."""
    if not levels or summed.tst_min is None or summed.missing:
        return summed
    intervals: list[Interval] = [
        (_utc(level.start).timestamp(), _utc(level.end).timestamp(), _STAGE_OF[level.level])
        for level in levels
        if level.level in _STAGE_OF
    ]
    sums = {"deep": sleep.deep, "light": sleep.light, "rem": sleep.rem, "awake": sleep.awake}
    for start, end, stage in intervals:
        sums[stage] = (sums[stage] or 0) - (end - start)
    bare = replace(
        summed,
        flags=tuple(flag for flag in summed.flags if flag.word not in ("unmeasured_min", "tib_mismatch")),
    )
    staged = with_stages(bare, intervals, latency=False)
    if staged.missing or any(abs(rest or 0) > _ROUNDING_S for rest in sums.values()):
        return replace(summed, flags=(*summed.flags, Flag("hypnogram_corrupt")))
    return replace(staged, rem_min=None if sleep.rem is None else staged.rem_min)


def _moment(time: int, local: int | None, home_zone: ZoneInfo | None, where: str) -> Moment:
    if local is not None:
        offset = plausible_offset(timedelta(milliseconds=local - time), where)
        return moment_at(time, timezone(offset), where)
    if home_zone is None:
        raise HomeZoneError("sleep without its local time", place=where, remedy="give --home-zone")
    return moment_at(time, home_zone, where)


def _nap_zone(
    written_nap: _Nap, end: Moment | None, home_zone: ZoneInfo | None, where: str
) -> timezone | ZoneInfo:
    """The clock of a nap: that of waking on the same day, else its own, else that at home."""
    if end is not None and end.offset is not None:
        return timezone(end.offset)
    if written_nap.offset_min is not None:
        return timezone(timedelta(minutes=written_nap.offset_min))
    if home_zone is None:
        raise HomeZoneError("a nap without its local time", place=where, remedy="give --home-zone")
    return home_zone


def _utc(time: datetime) -> datetime:
    return time if time.tzinfo else time.replace(tzinfo=UTC)
