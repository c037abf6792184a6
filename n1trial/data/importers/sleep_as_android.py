"""Sleep as Android: the backup of the app.

Where to get it: the app's menu, Backup, Export data; give the zip or ``sleep-export.csv``.

What is odd: a header line stands before every record, with a width of its own: clock times, then many columns
called ``Event``. The record starts at ``Id``, in milliseconds since 1970, in the zone ``Tz``. Intervals of
light, deep and REM sleep overlap each other, so total sleep is their union without the time awake. They come in
blocks of up to five minutes, so the last one ends after the record and is cut there (flag ``cut_min``). Where noise
was recorded a third line follows, with nothing under the names: it is passed over. The same record is in every later
backup. Comments hold quotes and line breaks.

What cannot be trusted: everything comes from movement (flag ``movement_staging``); on some nights the events
cover less than half of the time (flag ``unmeasured_min``). A record without events or *manually added* says
when, not how. Heart rates stand in it as single readings, with no sum over the record, and are not read.

Source: docs.sleep.urbandroid.org/devs/csv.html, sleepdiary, examples. Verified on real files of two people and three
of the app's developers.
"""

import re
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import Annotated, NamedTuple
from zoneinfo import ZoneInfo

import msgspec
from msgspec.structs import replace

from n1trial.data.episodes import Moment, SleepEpisode, clock_change
from n1trial.data.flags import Flag
from n1trial.data.importers._archive import refusing
from n1trial.data.importers._damaged import whole_records
from n1trial.data.importers._intervals import Interval, Stage, moment_at, named_zone, with_stages
from n1trial.data.importers._records import Label, convert_row, plausible_wall, read_cells
from n1trial.data.importers._source import Member, Source
from n1trial.data.not_used import NotUsed
from n1trial.errors import ExportError

DEVICE = "Sleep as Android"
LOOKS_FOR = "sleep-export.csv of Sleep as Android"
WORDS: tuple[bytes, ...] = (
    b"Id,Tz,From,To",
    b"Framerate",
    b"LenAdjust",
    b"LIGHT_START",
    b"DEEP_START",
    b"AWAKE_START",
    b"Sched,Hours",
)
FOLDERS: tuple[str, ...] = ()
VERIFIED = True
VERIFIED_ON = "backups of two people and three examples of the app"

_NAMES = re.compile(r"sleep-export\.csv")
_ANY = re.compile(r".*", re.DOTALL)
_MARK = b"Id,Tz,From,To,"
_COLUMNS = ("Id", "Tz", "From", "To", "Hours", "Comment")
_EVENT = re.compile(r"(LIGHT|DEEP|REM|AWAKE)_(START|END)-(\d{1,15})")
_STAGE_OF: dict[str, Stage] = {"LIGHT": "light", "DEEP": "deep", "REM": "rem", "AWAKE": "awake"}
_BY_HAND = "Manually added"
_HOURS_ROUNDING = timedelta(hours=0.0005)


class _Record(msgspec.Struct, rename="pascal"):
    id: int
    tz: Label
    to: Label
    hours: Annotated[float, msgspec.Meta(ge=0, le=48)]
    comment: str = ""


class _Line(NamedTuple):
    header: Sequence[str]
    cells: Sequence[str]


def recognises(source: Source) -> bool:
    """Whether the source holds a backup of Sleep as Android: by its first columns, under any name if given."""
    return any(_members(source))


def read(source: Source, *, home_zone: ZoneInfo | None) -> Iterator[SleepEpisode]:
    """Read every record of the source; `home_zone` is not needed, each record names its zone."""
    for member in _members(source):

        def build(where: str, line: _Line, member: Member = member) -> list[SleepEpisode]:
            return [_episode(_record(line, where), line.cells, member=member, where=where)]

        yield from whole_records(_lines(source, member), build, source=source, member=member, began=_began)


def _members(source: Source) -> Iterator[Member]:
    for member in source.named(_NAMES, given=_ANY):
        if source.mentions(member, _MARK, within=256):
            yield member


def _lines(source: Source, member: Member) -> Iterator[tuple[str, _Line]]:
    """Lines of records, each with the header line that stands above it."""
    header: Sequence[str] = ()
    for where, cells in read_cells(source, member):
        if cells[0] == "Id":
            header = cells
        elif any(cells[: len(_COLUMNS)]) or any(map(_EVENT.fullmatch, cells)):
            yield where, _Line(header, cells)


def _record(line: _Line, where: str) -> _Record:
    if len(line.cells) < len(_COLUMNS) or not set(_COLUMNS) <= set(line.header):
        raise ExportError("a record without its header line", place=where, remedy="make the backup again")
    # Events name themselves, so a row may be longer or shorter than its header.
    named = {name: cell for name, cell in zip(line.header, line.cells, strict=False) if name in _COLUMNS}
    return convert_row(named, _Record, where)


def _began(where: str, line: _Line) -> Moment:
    record_id, zone, *_ = line.cells
    return moment_at(int(record_id), named_zone(zone, where), where)


def _episode(record: _Record, cells: Sequence[str], *, member: Member, where: str) -> SleepEpisode:
    zone = named_zone(record.tz, where)
    start = moment_at(record.id, zone, where)
    with refusing(where):
        written = datetime.strptime(record.to, "%d. %m. %Y %H:%M").replace(tzinfo=UTC)
    wall = plausible_wall(written.replace(tzinfo=None), where)
    tib = timedelta(hours=record.hours)
    # `To` has lost its seconds, so a record of seconds would end before it starts.
    end = Moment(wall, moment_at(start.instant + tib, zone, where).offset)
    if end.instant < start.instant:
        end = moment_at(start.instant + tib, zone, where)
    by_hand = _BY_HAND in record.comment
    episode = SleepEpisode(
        source="sleep_as_android",
        source_file=member.where,
        record_id=str(record.id),
        start=start,
        end=end,
        time_basis="utc+offset",
        tib_min=60 * record.hours,
        missing=NotUsed.MANUAL if by_hand else NotUsed.NO_STAGES,
        device=DEVICE,
        flags=(*((Flag("manual"),) if by_hand else ()), *clock_change(start, end)),
    )
    intervals = list(_intervals(cells))
    if by_hand or not any(stage != "awake" for _, _, stage in intervals):
        return episode
    by_movement = replace(episode, missing=NotUsed.NO, flags=(*episode.flags, Flag("movement_staging")))
    # `To` has lost its seconds; `Hours` has them, in thousandths.
    later = start.instant + tib
    until = later if later - end.instant > _HOURS_ROUNDING else end.instant
    return with_stages(by_movement, intervals, latency=False, end=until.timestamp())


def _intervals(cells: Sequence[str]) -> Iterator[Interval]:
    begun: dict[str, int] = {}
    for cell in cells:
        if event := _EVENT.fullmatch(cell):
            name, edge, millisecond = event[1], event[2], int(event[3])
            if edge == "START":
                begun[name] = millisecond
            elif name in begun:
                yield begun.pop(name) / 1000, millisecond / 1000, _STAGE_OF[name]
