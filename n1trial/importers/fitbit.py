"""Fitbit: the sleep logs of Google Takeout and of the Web API v1.2, both JSON.

Where to get it: takeout.google.com, choose Fitbit (Google Health since 2026), give the zip, all its parts, or
the folder with ``sleep-YYYY-MM-DD.json``. An answer of the Web API v1.2, saved as it came, is read as well.

What is odd: times are local wall clock without offset. A file holds 31 days, so the log of the boundary date
is in two files. Short wakes are not in ``levels.data`` but in ``levels.shortData``, which lies over it:
painted on one grid their runs equal Fitbit's own count in 3,028 of 3,028 logs. A night broken by more than an
hour of wake is two logs, and a log under 3 h is ``classic``: 60-s epochs of asleep, restless, awake. Restless
is neither sleep nor wake.

What cannot be trusted: ``efficiency``, ``duration`` and ``timeInBed`` on nights when the clocks change; the
minutes of a log that was typed in. ``dateOfSleep`` is the date of waking: a label, not the night.

Source: Fitbit Web API "Get Sleep Log by Date", "Interpreting the Sleep Stage and Short Data".
Verified on real files of six people, 3,678 logs, 2017 to 2025.
"""

import re
from collections.abc import Iterator
from datetime import date, datetime
from itertools import chain
from typing import Annotated, Literal
from zoneinfo import ZoneInfo

import msgspec

from n1trial.episodes import (
    ASLEEP,
    AWAKE,
    RESTLESS,
    UNKNOWN,
    UNPAINTED,
    Moment,
    SleepEpisode,
    clock_change,
    count_wake_runs,
    wake_structure,
)
from n1trial.errors import ExportError
from n1trial.importers._records import (
    Count,
    Label,
    Minutes,
    Seconds,
    decode_json,
    decode_records,
    plausible_wall,
    read_json,
)
from n1trial.importers._source import Member, Source

DEVICE = "Fitbit"
LOOKS_FOR = "sleep-YYYY-MM-DD.json of Fitbit"

_JSON = re.compile(r".*\.json")
_DATED = re.compile(r"sleep-\d{4}-\d\d-\d\d.*\.json")
_POSSIBLE = re.compile(r"sleep[^/]*\.json")
_MARK = b'"logId"'
_LOCAL = msgspec.Meta(tz=False)
_RESOLUTION_S = {"stages": 30, "classic": 60}
_LETTERS = {
    **dict.fromkeys(("deep", "light", "rem", "asleep"), ASLEEP.encode()),
    **dict.fromkeys(("wake", "awake"), AWAKE.encode()),
    "restless": RESTLESS.encode(),
    "unknown": UNKNOWN.encode(),
}
_UNPAINTED = UNPAINTED.encode()
# Smaller differences come from rounding.
_UNKNOWN_FLAG_MIN = 5
_MISMATCH_FLAG_MIN = 5


class _Segment(msgspec.Struct, rename="camel", gc=False):
    date_time: Annotated[datetime, _LOCAL]
    level: Label
    seconds: Seconds


class _Total(msgspec.Struct, gc=False):
    minutes: Minutes | None = None
    count: Count | None = None


class _Levels(msgspec.Struct, rename="camel"):
    summary: dict[str, _Total] = {}
    data: list[_Segment] | None = None
    short_data: list[_Segment] | None = None


class _Log(msgspec.Struct, rename="camel"):
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


class _State(msgspec.Struct):
    state: str = ""


class _Page(msgspec.Struct, rename="camel"):
    sleep: list[msgspec.Raw] | None = None
    log_id: int | Label | None = None
    meta: _State | None = None


_READ_LOG = msgspec.json.Decoder(_Log)
_READ_LIST = msgspec.json.Decoder(list[msgspec.Raw])
_READ_PAGE = msgspec.json.Decoder(_Page)


def recognises(source: Source) -> bool:
    """Whether the source holds Fitbit sleep logs: by name, or for other names by the key ``logId``."""
    return any(_members(source))


def read(source: Source, *, home_zone: ZoneInfo | None) -> Iterator[SleepEpisode]:
    """Read every sleep log of the source.

    `home_zone` gives local times their offset, and with it the flags of clock changes.
    """
    for member in _members(source):
        for where, log in decode_records(_logs(source, member), _READ_LOG, member):
            yield _episode(log, member=member, where=where, home_zone=home_zone)


def _members(source: Source) -> Iterator[Member]:
    for member in source.named(_POSSIBLE, given=_JSON):
        # In a Takeout the name is enough; a file that was named by hand may be anybody's.
        dated = _DATED.fullmatch(member.base_name) and not member.given
        if dated or source.mentions(member, _MARK):
            yield member


def _logs(source: Source, member: Member) -> list[msgspec.Raw]:
    content = read_json(source, member)
    if content.lstrip()[:1] == b"[":
        return decode_json(content, _READ_LIST, member.where)
    page = decode_json(content, _READ_PAGE, member.where)
    if page.meta and page.meta.state == "pending":
        raise ExportError(f"{member.where}: Fitbit was still computing (pending): ask the API again")
    if page.sleep is not None:
        return page.sleep
    if page.log_id is not None:
        return [msgspec.Raw(content)]
    raise ExportError(
        f"{member.where}: holds neither a list of logs nor `sleep`: give the file as it was exported"
    )


def _episode(log: _Log, *, member: Member, where: str, home_zone: ZoneInfo | None) -> SleepEpisode:
    start, end = (
        Moment.in_zone(plausible_wall(wall, where), home_zone) for wall in (log.start_time, log.end_time)
    )
    staged = log.type == "stages"
    resolution_s = _RESOLUTION_S[log.type]
    epochs = _paint(log.levels, resolution_s, where)
    # A typed-in classic log says when, not how: its wake was not measured.
    measured = bool(epochs) and (staged or log.log_type != "manual")
    wake = wake_structure(epochs, resolution_s=resolution_s) if measured else None
    wake_total = log.levels.summary.get("wake" if staged else "awake", _Total())
    tib_min = None
    if log.minutes_asleep is not None and log.minutes_awake is not None:
        # In classic logs the minutes before and after sleep stand beside minutesAwake, in stages inside it.
        around = 0 if staged else log.minutes_to_fall_asleep + log.minutes_after_wakeup
        tib_min = log.minutes_asleep + log.minutes_awake + around
    stages_min = {
        stage: log.levels.summary.get(stage, _Total()).minutes if staged else None
        for stage in ("deep", "light", "rem")
    }
    return SleepEpisode(
        source="fitbit",
        source_file=member.where,
        record_id=str(log.log_id),
        start=start,
        end=end,
        time_basis="naive_local",
        tib_min=tib_min,
        tst_min=log.minutes_asleep,
        sol_min=wake.lead_min if wake else None,
        lead_min=wake.lead_min if wake else None,
        tail_min=wake.tail_min if wake else None,
        waso_min=wake.waso_min if wake else None,
        wake_runs_min=wake.wake_runs_min if wake else None,
        deep_min=stages_min["deep"],
        light_min=stages_min["light"],
        rem_min=stages_min["rem"],
        resolution_s=resolution_s if measured else None,
        vendor_date=log.date_of_sleep,
        vendor_main=log.is_main_sleep if log.main_sleep is None else log.main_sleep,
        vendor_awakenings=wake_total.count,
        missing="" if log.minutes_asleep is not None else "unscored",
        device=DEVICE,
        flags=(
            *_flags(log, epochs=epochs, wake_count=wake_total.count, tib_min=tib_min),
            *clock_change(start, end),
        ),
    )


def _paint(levels: _Levels, resolution_s: int, where: str) -> str:
    """Paint ``data`` on a grid from its first segment on, and ``shortData`` over it."""
    if not levels.data:
        return ""
    seconds = sum(segment.seconds for segment in levels.data)
    if seconds > 2 * 86_400:
        raise ExportError(f"{where}: levels of {seconds / 3600:.0f} h: download the export again")
    origin = levels.data[0].date_time
    count = int(seconds // resolution_s)
    grid = bytearray(_UNPAINTED * count)
    for segment in chain(levels.data, levels.short_data or ()):
        first = round((segment.date_time - origin).total_seconds() / resolution_s)
        last = min(first + int(segment.seconds // resolution_s), count)
        first = max(first, 0)
        if first < last:
            grid[first:last] = _LETTERS.get(segment.level, _UNPAINTED) * (last - first)
    return grid.decode()


def _flags(log: _Log, *, epochs: str, wake_count: int | None, tib_min: float | None) -> Iterator[str]:
    unknown_min = epochs.count(UNKNOWN) * _RESOLUTION_S[log.type] / 60
    if unknown_min >= _UNKNOWN_FLAG_MIN:
        yield f"unknown_min={unknown_min:g}"
    # A level that Fitbit has not documented, or a hole in the data: neither sleep nor wake can be said.
    unpainted_min = epochs.count(UNPAINTED) * _RESOLUTION_S[log.type] / 60
    if unpainted_min >= _UNKNOWN_FLAG_MIN:
        yield f"unpainted_min={unpainted_min:g}"
    if log.type == "classic":
        yield "classic"
    elif epochs and wake_count is not None and count_wake_runs(epochs) != wake_count:
        yield "wakecount_mismatch"
    if log.info_code:
        yield f"infoCode={log.info_code}"
    if log.log_type == "manual":
        yield "manual"
    if tib_min is not None and log.time_in_bed is not None:
        mismatch_min = log.time_in_bed - tib_min
        if abs(mismatch_min) >= _MISMATCH_FLAG_MIN:
            yield f"tib_mismatch={mismatch_min:g}"
