"""Rows of a CSV that refuse themselves one by one; a row that hides others refuses the file.

A row with a cell too many or too few is not read: shifted columns would be wrong numbers. It is one damaged record.
But a line end or a quote that got lost hides rows whose nights nobody could count.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

from n1trial.data.importers._records import named_cells, read_cells
from n1trial.data.importers._source import Member, Source
from n1trial.errors import ExportError

_TIME = re.compile(r"(?:19|20)\d\d-\d\d-\d\d[T ]\d\d:\d\d[\d:.]*(?:Z|[-+]\d\d:?\d\d)?")


class Table(NamedTuple):
    """The first line of a CSV and the rows under it, each with the place that messages name."""

    where: str
    header: list[str]
    rows: Iterator[tuple[str, list[str]]]


class Columns(NamedTuple):
    """A header, and which of its columns are read: only their cells are looked at, but all are counted."""

    header: tuple[str, ...]
    places: tuple[int, ...]
    fields: tuple[str, ...]


def choose_columns(header: Iterable[str], fields: Mapping[str, str]) -> Columns:
    """Choose the columns that `fields` names, each with what it is to be called."""
    names = tuple(header)
    places = tuple(place for place, name in enumerate(names) if name in fields)
    return Columns(names, places, tuple(fields[names[place]] for place in places))


def chosen_cells(columns: Columns, cells: Sequence[str], where: str) -> dict[str, str]:
    """Cells of the chosen columns by what they are called; empty and null cells are left out."""
    if len(cells) != len(columns.header):
        raise ExportError(
            f"{len(cells)} cells under {len(columns.header)} columns",
            place=where,
            remedy="download the export again",
        )
    return named_cells(columns.fields, [cells[place] for place in columns.places], where)


def open_table(source: Source, member: Member, *, times: int | None = None) -> Table:
    """Open a CSV member; its rows are read one at a time, with any number of cells.

    Parameters
    ----------
    times
        How many cells of a whole row are times, at most; None where that differs.

    Raises
    ------
    ExportError
        Not CSV, or a row of it hides others.
    """
    lines = read_cells(source, member)
    where, header = next(lines, (member.where, []))
    return Table(where, header, _rows(lines, columns=len(header), times=times))


def check_single(where: str, cells: Sequence[str], *, columns: int, times: int | None) -> None:
    """Refuse the file for a row that does not fit and must be several: by its cells, its times, its line ends."""
    several = columns > 1 and len(cells) >= 2 * columns - 1
    if times is not None:
        several = several or sum(is_time(cell) for cell in cells) > times
    if several or any("\n" in cell for cell in cells):
        raise ExportError(
            f"{len(cells)} cells under {columns} columns, so rows run into each other",
            place=where,
            remedy="download the export again",
        )


def is_time(text: str) -> bool:
    """Whether a cell is a date with a time of day."""
    return bool(_TIME.fullmatch(text.strip()))


def times_in(line: str) -> list[str]:
    """Every time of a line whose cells cannot be told apart, the earliest first."""
    return sorted(_TIME.findall(line))


def cells_under(header: Sequence[str], cells: Sequence[str], column: str) -> Iterator[str]:
    """Cells that may be those of a column, in a row with as many cells as the header or not.

    A row that lost a cell is as it was on one side of the loss.
    """
    if column in header:
        place = header.index(column)
        for at in (place, place + len(cells) - len(header)):
            if 0 <= at < len(cells):
                yield cells[at].strip()


def _rows(
    lines: Iterator[tuple[str, list[str]]], *, columns: int, times: int | None
) -> Iterator[tuple[str, list[str]]]:
    for where, cells in lines:
        if len(cells) != columns:
            check_single(where, cells, columns=columns, times=times)
        yield where, cells
