"""The diary as a table: its columns, what may stand in each, and how a value is written in a cell."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date

import pandas as pd
from pandas.api.types import is_bool, is_number

from n1trial.data.diary.cells import (
    FORMULA,
    amount_reader,
    guess_reader,
    quoted,
    read_clock,
    read_count,
    read_date,
    read_score,
    read_text,
    read_yes_or_no,
    word_reader,
)
from n1trial.design.calendar_columns import too_soon
from n1trial.design.protocol import Protocol
from n1trial.errors import DiaryError
from n1trial.markup.text import as_written

NOTES_SHOWN = 3
COLUMNS = (
    "night",
    "taken",
    "taken_at",
    "guess",
    "confidence",
    "awakenings",
    "grogginess",
    "stomach",
    "side_effects",
    "notes",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Diary:
    """What a person wrote down, one row a night.

    Attributes
    ----------
    table : DataFrame [night]
        In calendar order: `night` (date of the evening), `taken` (True, False or NA), `taken_at` ("22:15"), `guess`
        (an arm's name, or "?" for don't know), `confidence`, `grogginess` and `stomach` (0 to 10), `awakenings`
        (remembered), `side_effects`, `notes`, and one number for each confounder of the protocol (yes is 1, no is 0);
        then, where the protocol has them, the first days of its cycle (True, False or NA) and the shift, one of its
        words. Text that was not written is missing, numbers that were not written are NaN.
    own : mapping of str to mapping of date to str
        Cells of the person's own columns, by column and night: kept as they are and not used.
    no_amounts : mapping of str to mapping of date to str
        Cells that should hold an amount and do not, by column and night; `table` has no value there.
    encoding_note : str
        How the file was read where it is not UTF-8; else empty.

    Examples
    --------
    >>> import pandas as pd
    >>> from n1trial import Diary
    >>> diary = Diary(table=pd.DataFrame({"night": pd.to_datetime(["2026-01-31"]), "taken": [True]}))
    >>> len(diary.table), diary.notes
    (1, ())
    """

    table: pd.DataFrame
    own: Mapping[str, Mapping[date, str]] = field(default_factory=dict)
    no_amounts: Mapping[str, Mapping[date, str]] = field(default_factory=dict)
    encoding_note: str = ""

    @property
    def own_line(self) -> str:
        """Say which columns are kept and not read; empty where there are none."""
        names = ", ".join(self.own)
        return f"columns of your own, kept and used for nothing: {names}" if names else ""

    @property
    def notes(self) -> tuple[str, ...]:
        """What a reader should know of the file: encoding, columns of one's own, cells that count as not recorded."""
        return (*self._of_file, *(f"diary: {note}" for note in self._of_cells))

    @property
    def own_notes(self) -> tuple[str, ...]:
        """`notes` for a place that speaks of the diary already."""
        return (*self._of_file, *self._of_cells)

    @property
    def _of_file(self) -> tuple[str, ...]:
        return tuple(filter(None, (self.encoding_note, self.own_line)))

    @property
    def _of_cells(self) -> tuple[str, ...]:
        unread = tuple(
            f"{name} of {night} is no possible amount ({quoted(cell)}) and counts as not recorded: write how"
            " much it was in digits, or empty the cell"
            for name, cells in self.no_amounts.items()
            for night, cell in cells.items()
        )
        more = len(unread) - NOTES_SHOWN
        return (*unread[:NOTES_SHOWN], f"{more} more such cells") if more > 1 else unread


def diary_columns(protocol: Protocol) -> tuple[str, ...]:
    """The columns of a protocol's diary: the fixed ones, its confounders, then those of cycle and roster.

    Raises
    ------
    DiaryError
        One of them has the name of another column.
    """
    own = {name.strip(): f"confounder {name!r}" for name in protocol.confounders}
    calendar = {name: f"{key} {name!r}" for key, name in protocol.calendar_columns.items()}
    columns = (*COLUMNS, *(name.strip() for name in protocol.confounders), *calendar)
    for place, name in enumerate(columns):
        if name.lower() in (before.lower() for before in columns[:place]):
            raise DiaryError(
                f"protocol: {(own | calendar)[name]} is already a column of the diary: give it another name"
            )
    return columns


def cell_readers(protocol: Protocol) -> dict[str, Callable[[str], object]]:
    """What reads each column's cells: text to value, or `ValueError` with what is wrong and what to do."""
    columns = diary_columns(protocol)
    readers: dict[str, Callable[[str], object]] = {name: amount_reader(name) for name in columns}
    if protocol.cycle:
        readers[protocol.cycle.marks] = read_yes_or_no
    if protocol.roster:
        readers[protocol.roster.column] = word_reader(protocol.roster.words)
    return readers | {
        "night": read_date,
        "taken": read_yes_or_no,
        "taken_at": read_clock,
        "guess": guess_reader(protocol),
        "confidence": read_score,
        "awakenings": read_count,
        "grogginess": read_score,
        "stomach": read_score,
        "side_effects": read_text,
        "notes": read_text,
    }


def make_table(records: list[dict[str, object]], protocol: Protocol) -> pd.DataFrame:
    """The records in calendar order, each column of its kind; what a record lacks is missing."""
    columns = diary_columns(protocol)
    table = pd.DataFrame(records, columns=list(columns))
    kinds = dict.fromkeys(columns, "float64") | {
        **({protocol.cycle.marks: "boolean"} if protocol.cycle else {}),
        **({protocol.roster.column: "str"} if protocol.roster else {}),
        "night": "datetime64[s]",
        "taken": "boolean",
        "taken_at": "str",
        "guess": "str",
        "side_effects": "str",
        "notes": "str",
    }
    return table.astype(kinds).sort_values("night", ignore_index=True)


def in_a_cell(value: object) -> str:
    """A value as `cell_readers` read it back, and no spreadsheet runs it."""
    if value is None or pd.isna(value):
        return ""
    if isinstance(value, pd.Timestamp):
        return f"{value:%Y-%m-%d}"
    if is_bool(value):
        return "yes" if value else "no"
    if is_number(value):
        digits = f"{value:.6f}".rstrip("0").rstrip(".")
        # 1.125 might be read as a thousand and more, 1.1250 is not
        return f"{digits}0" if re.fullmatch(r"[1-9]\d{0,2}\.\d{3}", digits) else digits
    return f"'{value}" if str(value).startswith(FORMULA) else str(value)


def repeated_first_days(table: pd.DataFrame, protocol: Protocol) -> dict[date, str]:
    """What is wrong with first days of the cycle that follow another too soon, by the later night."""
    if protocol.cycle is None:
        return {}
    marked = table["night"][table[protocol.cycle.marks].fillna(False).astype(bool)].dropna()
    return {
        night.date(): f"{night:%Y-%m-%d} is {(night - before).days} days after the first day {before:%Y-%m-%d}, in a"
        f" cycle of {as_written(protocol.cycle.length_days)}: mark the first day only"
        for before, night in too_soon(marked, protocol.cycle)
    }
