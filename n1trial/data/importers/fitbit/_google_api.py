"""Answers of the Google Health API v4, the Web API's successor, saved as JSON.

A page is ``{"dataPoints": [{"name": …, "sleep": {…}}]}``; one data point alone is read too. Times are UTC with the
offset as seconds (``"7200s"``), numbers are text. ``shortAwakenings`` (``outOfBedSegments`` in one reference) lie over
the stages like the short data of the older API; their ``type`` is the stage that they interrupt. An answer can hold
sessions that other platforms sent (``dataSource``): of a night only one platform counts. A reconciled answer calls
``name`` ``dataPointName`` and says each sum twice. Classic minutes asleep leave restless minutes out.

Not to be trusted: ``minutesAsleep`` of staged sessions, which counts short awakenings as sleep (`_google`).

Source: Google Health API v4 reference (``SleepSummary``), saved answers in other projects' tests, and one shortened
answer of a Pixel Watch 4 of September 2026 in a public repository's notes. Not verified on a whole real file.
"""

import re
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta, timezone
from zoneinfo import ZoneInfo

import msgspec
from msgspec.structs import replace

from n1trial.data.episodes import Moment, SleepEpisode
from n1trial.data.importers._archive import printable, refusing
from n1trial.data.importers._damaged import whole_records
from n1trial.data.importers._hypnogram import Piece
from n1trial.data.importers._notes import unverified
from n1trial.data.importers._records import (
    Count,
    Label,
    Minutes,
    decode_json,
    decode_record,
    numbered,
    read_json,
)
from n1trial.data.importers._source import Member, Source
from n1trial.data.importers.fitbit._content import json_members
from n1trial.data.importers.fitbit._google import Session, google_episode, on_the_clock, utc_time
from n1trial.data.not_used import NotUsed
from n1trial.errors import ExportError, HomeZoneError

LAYOUT = "the JSON of the Google Health API v4"

_OFFSET = re.compile(r"(-?\d{1,6})(?:\.\d+)?s")
_LONGEST_STAGE_S = 86_400
# The platform of Fitbit's own watches; another's sessions are those of an app of their own.
_OWN_PLATFORMS = ("", "FITBIT")


class _Stretch(msgspec.Struct, rename="camel", gc=False):
    start_time: Label
    end_time: Label
    type: Label = "AWAKE"


class _Interval(msgspec.Struct, rename="camel"):
    start_time: Label
    end_time: Label
    start_utc_offset: Label | None = None
    end_utc_offset: Label | None = None


class _StageSum(msgspec.Struct):
    type: Label
    minutes: Minutes | None = None
    count: Count | None = None


class _Summary(msgspec.Struct, rename="camel"):
    stages_summary: list[_StageSum] = []
    minutes_asleep: Minutes | None = None
    minutes_in_sleep_period: Minutes | None = None
    minutes_to_fall_asleep: Minutes | None = None


class _Metadata(msgspec.Struct, rename="camel"):
    nap: bool = False
    main_sleep: bool | None = None
    processed: bool = True
    manually_edited: bool = False


class _Sleep(msgspec.Struct, rename="camel"):
    interval: _Interval
    type: Label = "STAGES"
    stages: list[_Stretch] = []
    short_awakenings: list[_Stretch] = []
    out_of_bed_segments: list[_Stretch] = []
    summary: _Summary = msgspec.field(default_factory=_Summary)
    metadata: _Metadata = msgspec.field(default_factory=_Metadata)
    update_time: Label | None = None


class _DataSource(msgspec.Struct):
    platform: Label = ""


class _Point(msgspec.Struct, rename="camel"):
    sleep: _Sleep | None = None
    name: Label = ""
    data_point_name: Label = ""
    data_source: _DataSource = msgspec.field(default_factory=_DataSource)


class _BeganSleep(msgspec.Struct):
    interval: _Interval


class _Began(msgspec.Struct):
    sleep: _BeganSleep


class _Page(msgspec.Struct, rename="camel"):
    data_points: list[msgspec.Raw] | None = None
    sleep: msgspec.Raw | None = None


# Numbers are text in this API.
_READ_POINT = msgspec.json.Decoder(_Point, strict=False)
_READ_START = msgspec.json.Decoder(_Began, strict=False)
_READ_LIST: msgspec.json.Decoder[list[msgspec.Raw]] = msgspec.json.Decoder(list[msgspec.Raw])
_READ_PAGE = msgspec.json.Decoder(_Page)


def members(source: Source) -> list[Member]:
    """Files of this layout."""
    return json_members(source, "google")


def read(source: Source, members: Sequence[Member], *, home_zone: ZoneInfo | None) -> Iterator[SleepEpisode]:
    """Read every sleep of the members; data points of other types are passed over."""
    source.note(unverified(members[0].where, LAYOUT, ",".join(_Sleep.__struct_encode_fields__)))

    def began(where: str, record: msgspec.Raw) -> Moment:
        return _moments(decode_json(record, _READ_START, where).sleep.interval, where, home_zone)[0]

    for member in members:

        def build(where: str, record: msgspec.Raw, member: Member = member) -> list[SleepEpisode]:
            point = decode_record(record, _READ_POINT, where)
            if point.sleep is None:
                return []
            return [_episode(point, point.sleep, member=member, where=where, home_zone=home_zone)]

        records = numbered(_points(source, member), member)
        yield from whole_records(records, build, source=source, member=member, began=began)


def _points(source: Source, member: Member) -> list[msgspec.Raw]:
    content = read_json(source, member)
    if content.lstrip()[:1] == b"[":
        return decode_json(content, _READ_LIST, member.where)
    page = decode_json(content, _READ_PAGE, member.where)
    if page.data_points is not None:
        return page.data_points
    if page.sleep is not None:
        return [msgspec.Raw(content)]
    raise ExportError(
        "has neither `dataPoints` nor `sleep`", place=member.where, remedy="give the answer as it came"
    )


def _episode(
    point: _Point, sleep: _Sleep, *, member: Member, where: str, home_zone: ZoneInfo | None
) -> SleepEpisode:
    interval, sums, platform = sleep.interval, sleep.summary.stages_summary, point.data_source.platform
    start, end = _moments(interval, where, home_zone)
    return google_episode(
        Session(
            source_file=member.where,
            where=where,
            session_id=point.name or point.data_point_name or f"{start.isoformat()}/{end.isoformat()}",
            app="" if platform in _OWN_PLATFORMS else printable(platform),
            start=start,
            end=end,
            span=(utc_time(interval.start_time, where), utc_time(interval.end_time, where)),
            time_basis="utc+offset" if interval.start_utc_offset else "utc_no_offset",
            classic=sleep.type == "CLASSIC",
            manual=sleep.metadata.manually_edited,
            asleep_min=sleep.summary.minutes_asleep,
            in_period_min=sleep.summary.minutes_in_sleep_period,
            to_fall_asleep_min=sleep.summary.minutes_to_fall_asleep,
            stages=[_piece(stage, where) for stage in sleep.stages],
            short_wakes=[
                replace(_piece(wake, where), level="AWAKE")
                for wake in (*sleep.short_awakenings, *sleep.out_of_bed_segments)
            ],
            stages_min={
                stage_sum.type: stage_sum.minutes for stage_sum in sums if stage_sum.minutes is not None
            },
            awakenings=next((stage_sum.count for stage_sum in sums if stage_sum.type == "AWAKE"), None),
            updated=utc_time(sleep.update_time, where) if sleep.update_time else None,
            nap=sleep.metadata.nap,
            main=sleep.metadata.main_sleep,
            # The night is still being analysed: its minutes will change.
            missing=NotUsed.NO if sleep.metadata.processed else NotUsed.UNPROCESSED,
        )
    )


def _piece(stretch: _Stretch, where: str) -> Piece:
    start, end = utc_time(stretch.start_time, where), utc_time(stretch.end_time, where)
    seconds = int((end - start).total_seconds())
    if not 0 <= seconds <= _LONGEST_STAGE_S:
        raise ExportError(f"a stage of {seconds / 3600:.0f} h", place=where, remedy="ask the API again")
    return Piece(start, stretch.type, seconds)


def _moments(interval: _Interval, where: str, home_zone: ZoneInfo | None) -> tuple[Moment, Moment]:
    """Start and end on the local clock."""
    times = (
        (interval.start_time, interval.start_utc_offset),
        (interval.end_time, interval.end_utc_offset),
    )
    start, end = (_moment(utc_time(text, where), offset, where, home_zone) for text, offset in times)
    return start, end


def _moment(instant: datetime, offset: str | None, where: str, home_zone: ZoneInfo | None) -> Moment:
    if offset is None and home_zone is None:
        raise HomeZoneError(
            f"sleep at {instant:%Y-%m-%d %H:%M} has no UTC offset", place=where, remedy="give --home-zone"
        )
    parts = _OFFSET.fullmatch(offset or "0s")
    with refusing(where):
        if parts is None:
            raise ValueError(f"no UTC offset is {printable(offset or '')}")
        zone = timezone(timedelta(seconds=int(parts[1]))) if offset else home_zone
        return on_the_clock(instant, zone or UTC)
