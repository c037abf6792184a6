"""``sleepmodel.csv`` of the Membership Hub's data export, 2025 and later.

Semicolons, names of the API v2 in alphabetical order, JSON in cells; also as ``sleep.csv`` with 15 columns, without
phases, latency and time in bed. Damage is reported: a whole row in quotes, JSON cells without quotes, a row without
its ``id``. A row is taken as it stands or recovered exactly, and otherwise rejected by its line, never shifted.

Source: eight independent parsers and the issues of one. Not verified on a real file.
"""

import csv
from collections.abc import Iterator, Sequence
from zoneinfo import ZoneInfo

from n1trial.episodes import SleepEpisode
from n1trial.errors import ExportError
from n1trial.importers._archive import printable
from n1trial.importers._notes import Note, unverified
from n1trial.importers._records import (
    RECORD_LIMIT,
    bounded,
    column_names,
    convert_row,
    named_cells,
    text_lines,
)
from n1trial.importers._source import Member, Source
from n1trial.importers.oura._periods import Period, period_episode
from n1trial.importers.oura._table import is_hub, period_tables

LAYOUT = "the CSV of Oura's Membership Hub"

_NAMED_LINES = 5


def members(source: Source) -> list[Member]:
    """Files of this layout: by name, semicolons and the names of their columns."""
    return [member for member in period_tables(source) if is_hub(source, member)]


def read(source: Source, members: Sequence[Member], *, home_zone: ZoneInfo | None) -> Iterator[SleepEpisode]:
    """Read every row of the members that can be read exactly."""
    for member in members:
        lines = text_lines(source, member)
        header_line = next(lines)[1]
        if member is members[0]:
            source.note(unverified(member.where, LAYOUT, printable(header_line, longest=2000)))
        header = column_names(_parse(_unwrapped(header_line)), member.where)
        rows, rejected = 0, 0
        reasons: list[ExportError] = []
        for where, line in bounded(lines, member.where):
            if not line.strip():
                continue
            rows += 1
            try:
                yield period_episode(
                    _period(line, header, where), member=member, where=where, home_zone=home_zone
                )
            except ExportError as error:
                rejected += 1
                if rejected <= _NAMED_LINES:
                    reasons.append(error)
        if reasons and rejected == rows:
            raise reasons[0]
        if reasons:
            source.note(_rejection(member, reasons, rejected=rejected, rows=rows))


def _rejection(member: Member, reasons: Sequence[ExportError], *, rejected: int, rows: int) -> Note:
    named = [str(error).removeprefix(f"{member.where} › ").rpartition(": ")[0] for error in reasons]
    if rejected > len(named):
        named.append(f"and {rejected - len(named)} more")
    return Note(
        f"{member.where}: {rejected} of {rows} rows rejected ({'; '.join(named)}): their nights are missing, "
        "export again"
    )


def _period(line: str, header: Sequence[str], where: str) -> Period:
    """Read a line as it stands; else recover it when its cells are as many as the columns and add up."""
    if len(line) > RECORD_LIMIT:
        raise ExportError(f"{where}: larger than 1 MiB: download the export again")
    cells = _parse(line)
    if len(cells) == len(header):
        return convert_row(named_cells(header, cells, where), Period, where)
    inside = _unwrapped(line)
    for recovered in (_parse(inside), inside.split(";"), line.split(";")):
        if len(recovered) == len(header):
            period = convert_row(named_cells(header, recovered, where), Period, where)
            if _adds_up(period):
                return period
    raise ExportError(f"{where}: {len(cells)} cells under {len(header)} columns: download the export again")


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
