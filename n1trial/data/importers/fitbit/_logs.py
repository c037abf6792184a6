"""Sleep logs as JSON: ``sleep-YYYY-MM-DD.json`` of Google Takeout, and answers of the Web API v1.2.

Times are local wall clock without offset. A file holds 31 days, so the log of the boundary date is in two
files. Short wakes are not in ``levels.data`` but in ``levels.shortData``, which lies over it: painted on one
grid their runs equal Fitbit's own count in 3,028 of 3,028 logs. A log under 3 h is ``classic``: 60-s epochs of
asleep, restless, awake.

Not to be trusted: ``duration`` and ``timeInBed`` on nights when the clocks change; the minutes of a log that was
typed in. ``dateOfSleep`` is the date of waking: a label, not the night.

Source: Fitbit Web API "Get Sleep Log by Date", "Interpreting the Sleep Stage and Short Data".
Verified on real files of six people, 3,678 logs, 2017 to 2025.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from datetime import date, datetime
from typing import Annotated, Literal
from zoneinfo import ZoneInfo

import msgspec

from n1trial.data.episodes import (
    ASLEEP,
    AWAKE,
    RESTLESS,
    UNKNOWN,
    Moment,
    SleepEpisode,
    clock_change,
    count_wake_runs,
)
from n1trial.data.flags import Flag
from n1trial.data.importers._damaged import whole_records
from n1trial.data.importers._hypnogram import Piece, hole_flags, paint, with_hypnogram
from n1trial.data.importers._records import (
    RECORD_LIMIT,
    Count,
    Label,
    Minutes,
    decode_json,
    decode_record,
    numbered,
    plausible_wall,
    read_json,
)
from n1trial.data.importers._source import Member, Source
from n1trial.data.importers.fitbit._content import json_members
from n1trial.data.not_used import NotUsed
from n1trial.errors import ExportError

LAYOUT = "the JSON of Fitbit's sleep logs"

_LOCAL = msgspec.Meta(tz=False)
_RESOLUTION_S = {"stages": 30, "classic": 60}
_LETTERS = {
    **dict.fromkeys(("deep", "light", "rem", "asleep"), ASLEEP),
    **dict.fromkeys(("wake", "awake"), AWAKE),
    "restless": RESTLESS,
    "unknown": UNKNOWN,
}
# Smaller differences come from rounding.
_MISMATCH_FLAG_MIN = 5


class _Segment(Piece, gc=False):
    start: Annotated[datetime, _LOCAL] = msgspec.field(name="dateTime")
    level: Label
    seconds: Annotated[int, msgspec.Meta(ge=0, le=172_800)]


class _Total(msgspec.Struct, frozen=True, gc=False):
    minutes: Minutes | None = None
    count: Count | None = None


class _Summary(msgspec.Struct, frozen=True, gc=False):
    deep: _Total = _Total()
    light: _Total = _Total()
    rem: _Total = _Total()
    wake: _Total = _Total()
    awake: _Total = _Total()


class _Levels(msgspec.Struct, rename="camel", gc=False):
    summary: _Summary = _Summary()
    data: list[_Segment] | None = None
    short_data: list[_Segment] | None = None


class _Log(msgspec.Struct, rename="camel", gc=False):
    log_id: int | Label
    start_time: Annotated[datetime, _LOCAL]
    end_time: Annotated[datetime, _LOCAL]
    type: Literal["stages", "classic"]
    date_of_sleep: date | None = None
    minutes_asleep: Minutes | None = None
    minutes_awake: Minutes | None = None
    minutes_to_fall_asleep: Minutes = 0
    minutes_after_wakeup: Minutes = 0
    time_in_bed: Minutes | None = None
    info_code: Count = 0
    log_type: Label = ""
    main_sleep: bool | None = None
    is_main_sleep: bool | None = None
    levels: _Levels = msgspec.field(default_factory=_Levels)


class _Began(msgspec.Struct, rename="camel"):
    start_time: Annotated[datetime, _LOCAL]


class _State(msgspec.Struct):
    state: str = ""


class _Page(msgspec.Struct, rename="camel"):
    sleep: list[msgspec.Raw] | None = None
    log_id: int | Label | None = None
    meta: _State | None = None


_READ_LOG = msgspec.json.Decoder(_Log)
_READ_LOGS = msgspec.json.Decoder(list[_Log])
_READ_LIST = msgspec.json.Decoder(list[msgspec.Raw])
_READ_PAGE = msgspec.json.Decoder(_Page)
_READ_START = msgspec.json.Decoder(_Began)


def members(source: Source) -> list[Member]:
    """Files of this layout."""
    return json_members(source, "logs")


def read(source: Source, members: Sequence[Member], *, home_zone: ZoneInfo | None) -> Iterator[SleepEpisode]:
    """Read every log of the members; `home_zone` gives the local times their offset."""
    for member in members:

        def build(where: str, record: msgspec.Raw, member: Member = member) -> list[SleepEpisode]:
            log = decode_record(record, _READ_LOG, where)
            return [_episode(log, member=member, where=where, home_zone=home_zone)]

        whole = _whole_month(source, member, home_zone)
        yield from whole or one_by_one(source, member, build, home_zone=home_zone)


def _whole_month(source: Source, member: Member, home_zone: ZoneInfo | None) -> list[SleepEpisode]:
    """Decode a month at once, which costs less than log by log; nothing where only log by log can name the damage."""
    content = read_json(source, member)
    if len(content) > RECORD_LIMIT:
        return []
    with suppress(msgspec.MsgspecError, UnicodeDecodeError, RecursionError, ExportError):
        return [
            _episode(log, member=member, where=f"{member.where} › record {number}", home_zone=home_zone)
            for number, log in enumerate(_READ_LOGS.decode(content), start=1)
        ]
    return []


def one_by_one(
    source: Source,
    member: Member,
    build: Callable[[str, msgspec.Raw], Iterable[SleepEpisode]],
    *,
    home_zone: ZoneInfo | None,
) -> Iterator[SleepEpisode]:
    """Build the sleep of every log of a file that holds a list of them; a damaged log refuses itself."""

    def began(where: str, record: msgspec.Raw) -> Moment:
        start = decode_json(record, _READ_START, where).start_time
        return Moment.in_zone(plausible_wall(start, where), home_zone)

    records = numbered(_log_records(source, member), member)
    return whole_records(records, build, source=source, member=member, began=began)


def _log_records(source: Source, member: Member) -> list[msgspec.Raw]:
    """Logs of one file, not yet decoded: a list, an answer with ``sleep``, or one log alone."""
    content = read_json(source, member)
    if content.lstrip()[:1] == b"[":
        return decode_json(content, _READ_LIST, member.where)
    page = decode_json(content, _READ_PAGE, member.where)
    if page.meta and page.meta.state == "pending":
        raise ExportError(
            "Fitbit was still computing (pending)", place=member.where, remedy="ask the API again"
        )
    if page.sleep is not None:
        return page.sleep
    if page.log_id is not None:
        return [msgspec.Raw(content)]
    raise ExportError(
        "holds neither a list of logs nor `sleep`",
        place=member.where,
        remedy="give the file as it was exported",
    )


def _episode(log: _Log, *, member: Member, where: str, home_zone: ZoneInfo | None) -> SleepEpisode:
    start, end = (
        Moment.in_zone(plausible_wall(wall, where), home_zone) for wall in (log.start_time, log.end_time)
    )
    staged = log.type == "stages"
    resolution_s = _RESOLUTION_S[log.type]
    epochs = paint(
        log.levels.data or (),
        log.levels.short_data or (),
        letters=_LETTERS,
        resolution_s=resolution_s,
        where=where,
    )
    # A typed-in classic log says when, not how: its wake was not measured.
    measured = bool(epochs) and (staged or log.log_type != "manual")
    summary = log.levels.summary
    wake_total = summary.wake if staged else summary.awake
    tib_min = None
    if log.minutes_asleep is not None and log.minutes_awake is not None:
        # In classic logs the minutes before and after sleep stand beside minutesAwake, in stages inside it.
        around = 0 if staged else log.minutes_to_fall_asleep + log.minutes_after_wakeup
        tib_min = log.minutes_asleep + log.minutes_awake + around
    episode = SleepEpisode(
        source="fitbit",
        source_file=member.where,
        record_id=str(log.log_id),
        start=start,
        end=end,
        time_basis="naive_local",
        tib_min=tib_min,
        tst_min=log.minutes_asleep,
        deep_min=summary.deep.minutes if staged else None,
        light_min=summary.light.minutes if staged else None,
        rem_min=summary.rem.minutes if staged else None,
        vendor_date=log.date_of_sleep,
        vendor_main=log.is_main_sleep if log.main_sleep is None else log.main_sleep,
        vendor_awakenings=wake_total.count,
        missing=NotUsed.NO if log.minutes_asleep is not None else NotUsed.UNSCORED,
        device="Fitbit",
        flags=(
            *_flags(log, epochs=epochs, wake_count=wake_total.count, tib_min=tib_min),
            *clock_change(start, end),
        ),
    )
    return with_hypnogram(episode, epochs, resolution_s=resolution_s) if measured else episode


def _flags(log: _Log, *, epochs: str, wake_count: int | None, tib_min: float | None) -> Iterator[Flag]:
    yield from hole_flags(epochs, resolution_s=_RESOLUTION_S[log.type])
    if log.type == "classic":
        yield Flag("classic")
    elif epochs and wake_count is not None and count_wake_runs(epochs) != wake_count:
        yield Flag("wakecount_mismatch")
    if log.info_code:
        yield Flag("infoCode", log.info_code)
    if log.log_type == "manual":
        yield Flag("manual")
    if tib_min is not None and log.time_in_bed is not None:
        mismatch_min = log.time_in_bed - tib_min
        if abs(mismatch_min) >= _MISMATCH_FLAG_MIN:
            yield Flag("tib_mismatch", f"{mismatch_min:g}")
