"""The tables of Samsung Health: which files they are, and what their rows say, in a clock that is not known yet."""

import re
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

import msgspec

from n1trial.data.flags import Flag
from n1trial.data.importers._archive import printable
from n1trial.data.importers._damaged import MANY
from n1trial.data.importers._intervals import Stage, utc_offset
from n1trial.data.importers._notes import Note
from n1trial.data.importers._records import (
    Label,
    column_names,
    convert_row,
    named_cells,
    plausible_wall,
    read_cells,
)
from n1trial.data.importers._source import Member, Source
from n1trial.errors import ExportError

WrittenStage = tuple[datetime, datetime, Stage]

_NAMES = re.compile(r"com\.samsung\.s?health\.sleep(_stage|_combined)?\.\d*\.?csv")
_ANY = re.compile(r".*", re.DOTALL)
_FIRST_LINE = re.compile(
    rb'(?:\xef\xbb\xbf|\xff\xfe|\xfe\xff)?"?com\.samsung\.s?health\.(sleep|sleep_stage|sleep_combined)"?\s*[,;\r\n]'
)
_STAGE_OF: dict[str, Stage] = {"40001": "awake", "40002": "light", "40003": "deep", "40004": "rem"}
# The oldest exports write milliseconds since 1970.
_EPOCH = re.compile(r"\d{13}")
_LONGEST_LATENCY_MIN = 12 * 60


class Row(NamedTuple):
    """Cells of a row and the last part of its columns' names."""

    header: Sequence[str]
    cells: list[str]


class _Written(msgspec.Struct):
    start_time: Label
    end_time: Label
    time_offset: Label
    datauuid: Label
    create_time: Label = ""
    sleep_latency: Label = ""
    pkg_name: Label = ""


class Sleep(msgspec.Struct, frozen=True, kw_only=True):
    """A sleep as its row says it: start and end in UTC or local time, which the row does not say.

    Attributes
    ----------
    created
        When the row was made, in UTC whatever the other times are.
    in_utc
        The times are milliseconds since 1970, so there is no doubt.
    """

    id: str
    start: datetime
    end: datetime
    offset: timedelta
    created: datetime | None
    in_utc: bool
    latency_min: float | None
    app: str
    flags: tuple[Flag, ...]


class Stages(msgspec.Struct, frozen=True):
    """The stages of every sleep, and why those of some are damaged."""

    by_sleep: dict[str, list[WrittenStage]]
    damaged: dict[str, ExportError]


def tables(source: Source) -> dict[str, list[Member]]:
    """Files by the table that their first line names; the latest download comes last."""
    by_table: dict[str, list[Member]] = {"sleep": [], "sleep_stage": [], "sleep_combined": []}
    for member in sorted(source.named(_NAMES, given=_ANY), key=lambda member: member.base_name):
        table = _FIRST_LINE.match(source.head(member, size=200).replace(b"\0", b""))
        if table:
            by_table[table[1].decode()].append(member)
    return by_table


def rows(source: Source, member: Member) -> Iterator[tuple[str, Row]]:
    """Rows of a table, each with the place that messages name."""
    header: list[str] = []
    for where, cells in read_cells(source, member):
        if header:
            # Every row ends with a comma.
            if len(cells) == len(header) + 1 and not cells[-1]:
                cells.pop()
            yield where, Row(header, cells)
        elif any(name.endswith("start_time") for name in cells):
            if not cells[-1]:
                cells.pop()
            header = _short_names(cells, where)
    if not header:
        raise ExportError("has no line of column names", place=member.where, remedy="download the data again")


def read_sleep(row: Row, where: str) -> Sleep:
    """Read a row of the table of sleeps."""
    written = convert_row(named_cells(row.header, row.cells, where), _Written, where)
    latency_min, flags = _latency(written.sleep_latency)
    return Sleep(
        id=written.datauuid,
        start=_time(written.start_time, where),
        end=_time(written.end_time, where),
        offset=utc_offset(written.time_offset, where),
        created=_created(written.create_time, where),
        in_utc=bool(_EPOCH.fullmatch(written.start_time)),
        latency_min=latency_min,
        app=printable(written.pkg_name),
        flags=flags,
    )


def start_of(row: Row, where: str) -> tuple[datetime, timedelta]:
    """Start and offset of a damaged row, as far as its cells stand where they should."""
    cells = dict(zip(row.header, row.cells, strict=False))
    return _time(cells["start_time"], where), utc_offset(cells["time_offset"], where)


def read_stages(source: Source, members: Sequence[Member], ids: set[str]) -> Stages:
    """Read the stages of the sleeps with these ids; of two downloads the later one counts."""
    stages = Stages({}, {})
    orphans = refused = 0
    for member in members:
        by_sleep: dict[str, list[WrittenStage]] = {}
        for where, row in rows(source, member):
            try:
                sleep_id, stage = _stage(row, where)
            except ExportError as error:
                owners = ids.intersection(row.cells)
                refused += 1
                if not owners or refused > MANY:
                    raise
                for sleep_id in owners:
                    stages.damaged.setdefault(sleep_id, error)
                continue
            if sleep_id not in ids:
                orphans += 1
            elif stage is not None:
                by_sleep.setdefault(sleep_id, []).append(stage)
        stages.by_sleep.update(by_sleep)
    if orphans:
        source.note(
            Note(
                f"{members[-1].where}: stages of no sleep in the table of sleeps ({orphans} rows) are left out: give"
                " the whole folder of one download"
            )
        )
    return stages


def _stage(row: Row, where: str) -> tuple[str, WrittenStage | None]:
    """Sleep and stage of a row; no stage where its kind is not known."""
    header, cells = row
    if len(header) != len(cells):
        named_cells(header, cells, where)
    cell = dict(zip(header, cells, strict=True))
    try:
        sleep_id, code = cell["sleep_id"].strip(), cell["stage"].strip()
        start, end = cell["start_time"].strip(), cell["end_time"].strip()
    except KeyError as error:
        raise ExportError(f"has no column {error}", place=where, remedy="download the data again") from error
    if not (sleep_id and code.isdecimal()):
        raise ExportError(
            f"no stage is {printable(code) or 'empty'}", place=where, remedy="download the data again"
        )
    kind = _STAGE_OF.get(code)
    return sleep_id, None if kind is None else (_time(start, where), _time(end, where), kind)


def _short_names(names: Sequence[str], where: str) -> list[str]:
    """Column names without ``com.samsung.health.sleep.``; a bare column of the same name gets out of the way."""
    header = column_names(names, where)
    prefixed = {name.rpartition(".")[2] for name in header if "." in name}
    return [
        name.rpartition(".")[2] if "." in name else f"{name}," if name in prefixed else name
        for name in header
    ]


def _time(text: str, where: str) -> datetime:
    try:
        epoch = _EPOCH.fullmatch(text)
        time = datetime.fromtimestamp(int(text) / 1000, UTC) if epoch else datetime.fromisoformat(text)
    except ValueError as error:
        raise ExportError(
            f"no time is {printable(text)}", place=where, remedy="download the data again"
        ) from error
    return plausible_wall(time.replace(tzinfo=None), where)


def _created(text: str, where: str) -> datetime | None:
    # It only helps to read the other times.
    try:
        return _time(text, where) if text else None
    except ExportError:
        return None


def _latency(text: str) -> tuple[float | None, tuple[Flag, ...]]:
    """Minutes of a latency in milliseconds, and a flag where it cannot be; 0 and less are *not measured*."""
    try:
        minutes = float(text or 0) / 60_000
    except ValueError:
        minutes = float("nan")
    if minutes <= 0:
        return None, ()
    return (minutes, ()) if minutes <= _LONGEST_LATENCY_MIN else (None, (Flag("latency_implausible"),))
