"""The diary as a table: its columns, what may stand in each, and how a value is written in a cell."""

import re
from collections.abc import Callable
from dataclasses import dataclass

import pandas as pd
from pandas.api.types import is_bool, is_number

from n1trial.diary.cells import (
    FORMULA,
    amount_reader,
    guess_reader,
    read_clock,
    read_count,
    read_date,
    read_score,
    read_text,
    read_yes_or_no,
)
from n1trial.errors import DiaryError
from n1trial.protocol import Protocol

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
    """What a person wrote, one row a night.

    `table` is in calendar order: `night` (evening date), `taken` (True, False or NA), `taken_at` ("22:15"),
    `guess` (an arm's name, or "?" for don't know), `confidence`, `grogginess` and `stomach` (0 to 10),
    `awakenings` (remembered), `side_effects`, `notes`, and one number for each confounder of the protocol
    (yes is 1, no is 0). Text that was not written is missing, numbers that were not written are NaN.
    """

    table: pd.DataFrame


def diary_columns(protocol: Protocol) -> tuple[str, ...]:
    """The columns of a protocol's diary: the fixed ones, then its confounders.

    Raises
    ------
    DiaryError
        A confounder has the name of another column.
    """
    columns = (*COLUMNS, *(name.strip() for name in protocol.confounders))
    for place, name in enumerate(columns):
        if name.lower() in (before.lower() for before in columns[:place]):
            raise DiaryError(
                f"protocol: confounder {name!r} is already a column of the diary: give it another name"
            )
    return columns


def cell_readers(protocol: Protocol) -> dict[str, Callable[[str], object]]:
    """What reads each column's cells: text to value, or `ValueError` with what is wrong and what to do."""
    columns = diary_columns(protocol)
    readers: dict[str, Callable[[str], object]] = {name: amount_reader(name) for name in columns}
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


def make_table(records: list[dict[str, object]], columns: tuple[str, ...]) -> pd.DataFrame:
    """The records in calendar order, each column of its kind; what a record lacks is missing."""
    table = pd.DataFrame(records, columns=list(columns))
    kinds = dict.fromkeys(columns, "float64") | {
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
    if pd.isna(value):
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
