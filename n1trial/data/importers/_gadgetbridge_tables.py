"""Sleep that Gadgetbridge keeps in two tables: when each sleep was, and the stages of all sleeps in one long list.

Each maker has tables of its own. Names, units and codes are those of Gadgetbridge's sources: the definition of its
tables (``GBDaoGenerator.java``) and what turns them into sleep (``…SleepSessionProvider.kt``).
"""

import sqlite3
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Annotated, Any, Literal

import msgspec

from n1trial.data.episodes import SleepEpisode
from n1trial.data.importers._damaged import whole_records
from n1trial.data.importers._intervals import Interval, Stage
from n1trial.data.importers._notes import Note
from n1trial.data.importers._records import bounded
from n1trial.data.importers._source import Member, Source
from n1trial.data.importers._sqlite import has_table
from n1trial.errors import ExportError

Millisecond = Annotated[int, msgspec.Meta(ge=0, le=4_102_444_800_000)]
_Duration = Annotated[int, msgspec.Meta(ge=0, le=172_800)]
_STAGES_LIMIT = 100_000
_MINUTE_MS = 60_000
# The watch may count a sleep as begun a little after its first stage.
_BEFORE_MS = 60 * _MINUTE_MS


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """Two tables of one maker.

    Attributes
    ----------
    sleeps
        The table of sleeps.
    query
        Device, start and end of each, in milliseconds of UTC; then, where they are kept, mean and lowest heart
        rate, breaths a minute, and whether the start is that of lying down.
    stages, stage_of
        The table of stages, and what its codes mean; other codes are holes.
    lasts
        How long a stage lasts: until the next one; since the last one, whose time is its end; or as it says.
    by_minute
        Each stage is one minute, so that an absent one is a hole.
    naps
        Codes of sleep that the maker calls a nap.
    wakes
        Whether wake is a stage of its own; otherwise holes may be wake, and nothing is counted.
    """

    sleeps: str
    query: str
    stages: str
    stage_of: Mapping[int, Stage]
    lasts: Literal["until_next", "since_last", "seconds", "minutes"]
    by_minute: bool = False
    naps: frozenset[int] = frozenset()
    wakes: bool = True


LAYOUTS = (
    Layout(
        sleeps="XIAOMI_SLEEP_TIME_SAMPLE",
        query="SELECT DEVICE_ID, TIMESTAMP, WAKEUP_TIME FROM XIAOMI_SLEEP_TIME_SAMPLE ORDER BY 1, 2",
        stages="XIAOMI_SLEEP_STAGE_SAMPLE",
        stage_of={2: "deep", 3: "light", 4: "rem", 5: "awake"},
        lasts="until_next",
    ),
    Layout(
        sleeps="GARMIN_EVENT_SAMPLE",
        # Event 74 is sleep: type 0 where it begins, 1 where it ends. A start that is followed by another is void.
        query="SELECT DEVICE_ID, TIMESTAMP, CASE LATER WHEN 1 THEN UNTIL END FROM (SELECT DEVICE_ID, TIMESTAMP, "
        "EVENT_TYPE, LEAD(EVENT_TYPE) OVER NIGHTS AS LATER, LEAD(TIMESTAMP) OVER NIGHTS AS UNTIL FROM "
        "GARMIN_EVENT_SAMPLE WHERE EVENT = 74 AND EVENT_TYPE IN (0, 1) WINDOW NIGHTS AS (PARTITION BY DEVICE_ID "
        "ORDER BY TIMESTAMP)) WHERE EVENT_TYPE = 0 AND LATER IS NOT 0 ORDER BY 1, 2",
        stages="GARMIN_SLEEP_STAGE_SAMPLE",
        stage_of={1: "awake", 2: "light", 3: "deep", 4: "rem"},
        lasts="since_last",
    ),
    Layout(
        sleeps="HUAWEI_SLEEP_STATS_SAMPLE",
        # A number that was not measured is -1; the row's own time is the first sleep, not that of lying down.
        query="SELECT DEVICE_ID, CASE WHEN BED_TIME BETWEEN TIMESTAMP - 43200000 AND TIMESTAMP THEN BED_TIME ELSE "
        "TIMESTAMP END, MAX(WAKEUP_TIME, RISING_TIME), AVG_HEART_RATE, MIN_HEART_RATE, AVG_BREATH_RATE, "
        "BED_TIME BETWEEN TIMESTAMP - 43200000 AND TIMESTAMP FROM HUAWEI_SLEEP_STATS_SAMPLE ORDER BY 1, 2",
        stages="HUAWEI_SLEEP_STAGE_SAMPLE",
        stage_of={1: "light", 2: "rem", 3: "deep", 4: "awake", 5: "asleep"},
        lasts="until_next",
        by_minute=True,
        naps=frozenset({5}),
    ),
    Layout(
        sleeps="COLMI_SLEEP_SESSION_SAMPLE",
        query="SELECT DEVICE_ID, TIMESTAMP, WAKEUP_TIME FROM COLMI_SLEEP_SESSION_SAMPLE ORDER BY 1, 2",
        stages="COLMI_SLEEP_STAGE_SAMPLE",
        stage_of={2: "light", 3: "deep", 4: "rem", 5: "awake"},
        lasts="minutes",
    ),
    Layout(
        sleeps="CMF_SLEEP_SESSION_SAMPLE",
        query="SELECT DEVICE_ID, TIMESTAMP, WAKEUP_TIME FROM CMF_SLEEP_SESSION_SAMPLE ORDER BY 1, 2",
        stages="CMF_SLEEP_STAGE_SAMPLE",
        stage_of={1: "deep", 2: "light", 3: "rem"},
        lasts="seconds",
        wakes=False,
    ),
)


NAPS = "GARMIN_NAP_SAMPLE"
_QUERY_NAPS = f"SELECT DEVICE_ID, TIMESTAMP, END_TIMESTAMP FROM {NAPS} ORDER BY 1, 2"


class Sleep(msgspec.Struct, array_like=True):
    """A row of a table of sleeps, in the order of `Layout.query`; what else is known of it is added.

    `asleep_min` is the watch's own sum; `wakes` whether wake would have been seen.
    """

    device: int
    start: Millisecond
    end: Millisecond | None
    heart_rate_mean: float | None = None
    heart_rate_min: float | None = None
    breaths: float | None = None
    from_bed: bool | int = False
    intervals: list[Interval] = []
    nap: bool = False
    wakes: bool = True
    asleep_min: int | None = None


class _StageRow(msgspec.Struct, array_like=True, gc=False):
    at: Millisecond
    code: Any
    duration: _Duration = 0


def sleeps_of(
    database: sqlite3.Connection,
    layout: Layout,
    build: Callable[[Sleep, str], SleepEpisode],
    *,
    source: Source,
    member: Member,
    began: Callable[[Any], Any],
) -> Iterator[SleepEpisode]:
    """Build every sleep of a layout's tables; a damaged row refuses itself.

    Raises
    ------
    ExportError
        Most sleeps are damaged.
    """
    staged = has_table(database, layout.stages, member.where)
    last_end: dict[int, int] = {}
    counted_to: dict[int, int] = {}
    used = 0

    def episodes(where: str, row: Any) -> Iterator[SleepEpisode]:
        nonlocal used
        sleep = _checked(row, where)
        end = sleep.end or 0
        if sleep.start == end:
            return
        since = max(last_end.get(sleep.device, 0), sleep.start - _BEFORE_MS)
        if layout.lasts == "since_last":
            since = sleep.start
        rows = _stage_rows(database, layout, sleep.device, since, end, where) if staged else []
        used += sum(stage.at > counted_to.get(sleep.device, -1) for stage in rows)
        if rows:
            counted_to[sleep.device] = max(counted_to.get(sleep.device, -1), rows[-1].at)
        last_end[sleep.device] = max(last_end.get(sleep.device, 0), end)
        sleep.intervals = list(_intervals(rows, layout, sleep.start, end))
        slept = {stage.code for stage in rows if layout.stage_of.get(stage.code, "awake") != "awake"}
        sleep.nap, sleep.wakes = bool(slept) and slept <= layout.naps, layout.wakes
        yield build(sleep, where)

    yield from whole_records(
        _numbered(database, layout.query, layout.sleeps, member),
        episodes,
        source=source,
        member=member,
        began=lambda where, row: began(row[1]),
    )
    total = database.execute(f"SELECT COUNT(*) FROM {layout.stages}").fetchone()[0] if staged else 0
    if total > used:
        source.note(
            Note(
                f"{member.where}: {total - used} stages of {layout.stages} lie outside every sleep that is read"
            )
        )


def naps_of(
    database: sqlite3.Connection,
    build: Callable[[Sleep, str], SleepEpisode],
    *,
    source: Source,
    member: Member,
    began: Callable[[Any], Any],
) -> Iterator[SleepEpisode]:
    """Build the naps of Garmin, which are sleep from start to end."""

    def episodes(where: str, row: Any) -> Iterator[SleepEpisode]:
        nap = _checked(row, where)
        end = nap.end or 0
        if nap.start < end:
            nap.intervals, nap.nap = [(nap.start / 1000, end / 1000, "asleep")], True
            yield build(nap, where)

    yield from whole_records(
        _numbered(database, _QUERY_NAPS, NAPS, member),
        episodes,
        source=source,
        member=member,
        began=lambda where, row: began(row[1]),
    )


def _numbered(
    database: sqlite3.Connection, query: str, table: str, member: Member
) -> Iterator[tuple[str, Any]]:
    for number, row in enumerate(bounded(database.execute(query), member.where), start=1):
        yield f"{member.where} › {table} {number}", row


def _checked(row: Any, where: str) -> Sleep:
    sleep = _as_declared(row, Sleep, where)
    if not sleep.end:
        raise ExportError("this sleep has no end", place=where, remedy="export it again")
    if sleep.end < sleep.start:
        raise ExportError("this sleep ends before it begins", place=where, remedy="export it again")
    return sleep


def _as_declared[Shape](row: Any, shape: type[Shape], where: str) -> Shape:
    try:
        return msgspec.convert(row, shape)
    except msgspec.ValidationError as error:
        raise ExportError(f"not as expected ({error})", place=where, remedy="export it again") from error


def _stage_rows(
    database: sqlite3.Connection, layout: Layout, device: int, since: int, until: int, where: str
) -> list[_StageRow]:
    duration = ", DURATION" if layout.lasts in ("seconds", "minutes") else ""
    rows = database.execute(
        f"SELECT TIMESTAMP, STAGE{duration} FROM {layout.stages} WHERE DEVICE_ID = ? AND TIMESTAMP BETWEEN ? AND ? "
        "ORDER BY TIMESTAMP",
        (device, since, until),
    )
    return [_as_declared(row, _StageRow, where) for row in bounded(rows, where, limit=_STAGES_LIMIT)]


def _intervals(rows: Sequence[_StageRow], layout: Layout, start: int, end: int) -> Iterator[Interval]:
    for (first, last), code in _stretches(rows, layout, start, end):
        stage = layout.stage_of.get(code) if isinstance(code, int) else None
        if stage is not None and first < last:
            yield first / 1000, last / 1000, stage


def _stretches(
    rows: Sequence[_StageRow], layout: Layout, start: int, end: int
) -> Iterator[tuple[tuple[int, int], Any]]:
    times = [row.at for row in rows]
    if layout.lasts == "since_last":
        yield from (((since, row.at), row.code) for since, row in zip([start, *times], rows, strict=False))
    elif layout.lasts == "until_next":
        gaps = sorted(later - earlier for earlier, later in pairwise(times))
        # A table of changes has no minute for every stage.
        by_minute = layout.by_minute and bool(gaps) and gaps[len(gaps) // 2] <= _MINUTE_MS
        for row, until in zip(rows, [*times[1:], end], strict=False):
            yield (row.at, min(until, row.at + _MINUTE_MS) if by_minute else until), row.code
    else:
        unit = _MINUTE_MS if layout.lasts == "minutes" else 1000
        yield from (((row.at, row.at + unit * row.duration), row.code) for row in rows)
