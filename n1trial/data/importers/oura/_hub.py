"""``sleepmodel.csv`` of the Membership Hub's data export, 2025 and later.

Semicolons, names of the API v2 in alphabetical order, JSON in cells; also as ``sleep.csv`` with 15 columns, without
phases, latency and time in bed. Damage is reported: a whole row in quotes, JSON cells without quotes, a row without
its ``id``. A row is taken as it stands or recovered exactly, and otherwise rejected by its line, never shifted.

Source: eight independent parsers and the issues of one. Not verified on a real file.
"""

import csv
from collections.abc import Iterator, Sequence
from functools import partial
from typing import NamedTuple
from zoneinfo import ZoneInfo

from n1trial.data.episodes import Moment, SleepEpisode, night_of
from n1trial.data.importers._archive import printable
from n1trial.data.importers._damaged import whole_records
from n1trial.data.importers._notes import unverified
from n1trial.data.importers._records import bounded, column_names, convert_row, text_lines
from n1trial.data.importers._source import Member, Source
from n1trial.data.importers._tables import Columns, cells_under, check_single, chosen_cells, times_in
from n1trial.data.importers.oura._periods import Period, began_at, period_episode
from n1trial.data.importers.oura._table import is_hub, period_columns, period_tables
from n1trial.data.not_used import NotUsed
from n1trial.errors import ExportError

LAYOUT = "the CSV of Oura's Membership Hub"


class _Row(NamedTuple):
    """A line, and its cells as they stand."""

    line: str
    cells: list[str]


def members(source: Source) -> list[Member]:
    """Files of this layout: by name, semicolons and the names of their columns."""
    return [member for member in period_tables(source) if is_hub(source, member)]


def read(source: Source, members: Sequence[Member], *, home_zone: ZoneInfo | None) -> Iterator[SleepEpisode]:
    """Read every row of the members that can be read exactly."""
    for member in members:
        lines = text_lines(source, member)
        header_line = next(line for _, line in lines if line.strip())
        if member is members[0]:
            source.note(unverified(member.where, LAYOUT, printable(header_line, longest=2000)))
        names = column_names(_parse(_unwrapped(header_line)), member.where)
        columns = period_columns(names, member.where)
        cells_lost: set[Moment] = set()
        episodes = list(
            whole_records(
                _rows(bounded(lines, member.where), columns=len(names)),
                partial(_episodes, columns=columns, member=member, home_zone=home_zone),
                source=source,
                member=member,
                began=partial(_began, columns=columns, home_zone=home_zone, cells_lost=cells_lost),
            )
        )
        yield from _without_lost_alone(episodes, cells_lost) if cells_lost else episodes


def _without_lost_alone(episodes: list[SleepEpisode], cells_lost: set[Moment]) -> Iterator[SleepEpisode]:
    """A row whose cells cannot be assigned shows only that a night of other rows is not whole."""
    recorded = {
        night_of(episode.start.wall)
        for episode in episodes
        if not episode.not_used and episode.missing != NotUsed.DAMAGED
    }
    for episode in episodes:
        lost = episode.missing == NotUsed.DAMAGED and episode.start in cells_lost
        if not lost or night_of(episode.start.wall) in recorded:
            yield episode


def _rows(lines: Iterator[tuple[str, str]], *, columns: int) -> Iterator[tuple[str, _Row]]:
    for where, line in lines:
        if line.strip():
            cells = _parse(line)
            if len(cells) != columns:
                check_single(where, cells, columns=columns, times=2)
            yield where, _Row(line, cells)


def _episodes(
    where: str, row: _Row, *, columns: Columns, member: Member, home_zone: ZoneInfo | None
) -> list[SleepEpisode]:
    return [period_episode(_period(row, columns, where), member=member, where=where, home_zone=home_zone)]


def _began(
    where: str, row: _Row, *, columns: Columns, home_zone: ZoneInfo | None, cells_lost: set[Moment]
) -> Moment | None:
    if len(row.cells) == len(columns.header):
        return began_at(cells_under(columns.header, row.cells, "bedtime_start"), home_zone=home_zone)
    start = began_at(times_in(row.line), home_zone=home_zone)
    if start is not None:
        cells_lost.add(start)
    return start


def _period(row: _Row, columns: Columns, where: str) -> Period:
    """Read a row as it stands; else recover it when its cells are as many as the columns and add up."""
    if len(row.cells) == len(columns.header):
        return convert_row(chosen_cells(columns, row.cells, where), Period, where)
    inside = _unwrapped(row.line)
    for recovered in (_parse(inside), inside.split(";"), row.line.split(";")):
        if len(recovered) == len(columns.header):
            period = convert_row(chosen_cells(columns, recovered, where), Period, where)
            if _adds_up(period):
                return period
    raise ExportError(
        f"{len(row.cells)} cells under {len(columns.header)} columns",
        place=where,
        remedy="download the export again",
    )


def _parse(line: str) -> list[str]:
    try:
        return next(csv.reader([line], delimiter=";"), [])
    except csv.Error:
        return []


def _unwrapped(line: str) -> str:
    """A line that was quoted as a whole, without these quotes."""
    wrapped = len(line) > 1 and line[0] == line[-1] == '"' and len(_parse(line)) == 1
    return line[1:-1].replace('""', '"') if wrapped else line


def _adds_up(period: Period) -> bool:
    stages = (period.deep_sleep_duration, period.light_sleep_duration, period.rem_sleep_duration)
    total, awake, in_bed = period.total_sleep_duration, period.awake_time, period.time_in_bed
    if total is not None and None not in stages and sum(stage or 0 for stage in stages) != total:
        return False
    return total is None or awake is None or in_bed is None or total + awake == in_bed
