"""The table of sleeps in Google's CSV: its lines, and the sleep of each once it is known on which clock it lies."""

import re
from collections.abc import Iterator, Sequence
from contextlib import suppress
from datetime import UTC, datetime, timedelta, timezone
from typing import NamedTuple
from zoneinfo import ZoneInfo

import msgspec

from n1trial.data.episodes import Moment, SleepEpisode
from n1trial.data.importers._archive import printable, refusing
from n1trial.data.importers._damaged import whole_records
from n1trial.data.importers._records import (
    Label,
    Minutes,
    bounded,
    column_names,
    convert_row,
    named_cells,
    read_cells,
)
from n1trial.data.importers._source import Member, Source
from n1trial.data.importers.fitbit._google import Session, google_episode, on_the_clock, utc_time
from n1trial.data.importers.fitbit._google_clock import Clock, Written
from n1trial.data.importers.fitbit._google_stages import DAMAGED_LIMIT, StageTables, written_time
from n1trial.errors import ExportError

_REQUIRED = ("sleep_id", "sleep_start", "sleep_end", "minutes_asleep")
_OFFSET = re.compile(r"([+-])(\d\d):?(\d\d)")
_PLACEHOLDER = "+00:00"
_DAY = timedelta(days=1)
# Smaller differences come from rounding.
_MORE_MIN = 2


class _Sleep(msgspec.Struct):
    sleep_id: Label
    sleep_start: Label
    sleep_end: Label
    sleep_type: Label = "STAGES"
    minutes_asleep: Minutes | None = None
    minutes_in_sleep_period: Minutes | None = None
    minutes_to_fall_asleep: Minutes | None = None
    start_utc_offset: Label = _PLACEHOLDER
    end_utc_offset: Label = _PLACEHOLDER
    data_source: Label = ""
    algorithm_version: Label = ""
    sleep_created: Label | None = None
    sleep_last_updated: Label | None = None


class Row(NamedTuple):
    """A sleep, and its times as the file writes them, as if they were UTC."""

    sleep: _Sleep
    start: datetime
    end: datetime
    start_offset: timedelta
    end_offset: timedelta

    @property
    def staged(self) -> bool:
        return self.sleep.sleep_type == "STAGES"

    @property
    def placeholder(self) -> bool:
        return self.sleep.start_utc_offset == self.sleep.end_utc_offset == _PLACEHOLDER


class Damaged(NamedTuple):
    """A line that cannot be read, and why."""

    cells: list[str]
    error: ExportError


Line = Row | Damaged


class Reading(NamedTuple):
    """How the times of a table are read.

    Attributes
    ----------
    placeholders
        An offset of ``+00:00`` stands for an unknown one: then the clock of the home zone is taken, if that is known.
    """

    clock: Clock
    placeholders: bool
    home_zone: ZoneInfo | None

    def moments(self, row: Row) -> tuple[Moment, Moment]:
        """Start and end of a sleep."""
        unknown = self.placeholders and row.placeholder
        return (
            self.moment(row.start, None if unknown else row.start_offset),
            self.moment(row.end, None if unknown else row.end_offset),
        )

    def moment(self, written: datetime, offset: timedelta | None) -> Moment:
        """A time of the file; `offset` is ``None`` where it is not known."""
        if self.clock == "local":
            return Moment.in_zone(written, self.home_zone) if offset is None else Moment(written, offset)
        zone = (self.home_zone or UTC) if offset is None else timezone(offset)
        return on_the_clock(written.replace(tzinfo=UTC), zone)

    def written(self, row: Row) -> Written:
        """Evidence of a sleep about the clock."""
        offset: timedelta | None = row.end_offset
        if self.placeholders and row.placeholder:
            offset = Moment.in_zone(row.end, self.home_zone).offset
        created = None
        with suppress(ExportError):
            created = written_time(row.sleep.sleep_created or "", "")
        return Written(start=row.start, end=row.end, offset=offset, created=created)


def sleep_lines(source: Source, member: Member) -> list[tuple[str, Line]]:
    """Every line of a table, each with the place that messages name."""
    cells_of_lines = read_cells(source, member)
    where, cells = next(cells_of_lines, (member.where, []))
    header = column_names(cells, where)
    if absent := [column for column in _REQUIRED if column not in header]:
        raise ExportError(
            f"column {absent[0]} is absent", place=member.where, remedy="download the export again"
        )
    lines: list[tuple[str, Line]] = []
    damaged: list[ExportError] = []
    for where, cells in bounded(cells_of_lines, member.where):
        try:
            lines.append((where, _row(header, cells, where)))
        except ExportError as error:
            damaged.append(error)
            if len(damaged) > DAMAGED_LIMIT:
                raise damaged[0] from error
            lines.append((where, Damaged(cells, error)))
    return lines


def _row(header: Sequence[str], cells: Sequence[str], where: str) -> Row:
    sleep = convert_row(named_cells(header, cells, where), _Sleep, where)
    return Row(
        sleep,
        written_time(sleep.sleep_start, where),
        written_time(sleep.sleep_end, where),
        _offset(sleep.start_utc_offset, where),
        _offset(sleep.end_utc_offset, where),
    )


def _offset(text: str, where: str) -> timedelta:
    parts = _OFFSET.fullmatch(text)
    size = timedelta(hours=int(parts[2]), minutes=int(parts[3])) if parts else _DAY
    if parts is None or size >= _DAY:
        raise ExportError(
            f"no UTC offset is {printable(text)}", place=where, remedy="download the export again"
        )
    return -size if parts[1] == "-" else size


def sleeps(
    source: Source,
    member: Member,
    lines: Sequence[tuple[str, Line]],
    stages: StageTables,
    reading: Reading,
    more_min: list[float],
) -> Iterator[SleepEpisode]:
    """Build the sleep of every line of a table; `more_min` receives what the vendor counts as sleep beyond stages."""

    def build(where: str, line: Line) -> list[SleepEpisode]:
        if isinstance(line, Damaged):
            raise line.error
        episode = _episode(line, stages, reading, member=member, where=where)
        more = (line.sleep.minutes_asleep or 0) - (episode.tst_min or 0)
        if more >= _MORE_MIN and not episode.missing:
            more_min.append(more)
        return [episode]

    def began(where: str, line: Line) -> Moment | None:
        if isinstance(line, Row):
            return reading.moments(line)[0]
        # The first time of a line is its start, or at least its end, which is of the same night.
        offset = next((cell for cell in line.cells if _OFFSET.fullmatch(cell.strip())), _PLACEHOLDER)
        unknown = reading.placeholders and offset == _PLACEHOLDER
        for cell in line.cells:
            with suppress(ExportError):
                written = written_time(cell, where)
                return reading.moment(written, None if unknown else _offset(offset.strip(), where))
        return None

    return whole_records(lines, build, source=source, member=member, began=began)


def _episode(row: Row, stages: StageTables, reading: Reading, *, member: Member, where: str) -> SleepEpisode:
    sleep = row.sleep
    with refusing(where):
        start, end = reading.moments(row)
    known = start.offset is not None and not (reading.placeholders and row.placeholder)
    return google_episode(
        Session(
            source_file=member.where,
            where=where,
            session_id=sleep.sleep_id,
            start=start,
            end=end,
            span=(row.start, row.end),
            time_basis="utc+offset"
            if known
            else "naive_local"
            if reading.clock == "local"
            else "utc_no_offset",
            classic=sleep.sleep_type == "CLASSIC",
            manual=sleep.data_source == "MANUAL",
            asleep_min=sleep.minutes_asleep,
            in_period_min=sleep.minutes_in_sleep_period,
            to_fall_asleep_min=sleep.minutes_to_fall_asleep,
            stages=stages.of(sleep.sleep_id, member, row.start),
            updated=utc_time(sleep.sleep_last_updated, where) if sleep.sleep_last_updated else None,
            algorithm=sleep.algorithm_version,
        )
    )
