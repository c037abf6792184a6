"""The diary that a person writes: was the dose taken, a guess at the arm, side effects, confounders.

`taken` is about something swallowed: on a night whose arm holds no dose, "no" is as planned and "yes" is
not. An empty cell means not recorded, never 0 and never "no".
"""

import csv
import io
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import pandas as pd
from pandas.api.types import is_bool, is_number

from n1trial.diary.cells import (
    DONT_KNOW,
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
)
from n1trial.errors import DiaryError
from n1trial.protocol import Protocol
from n1trial.schedule import Schedule

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
PROBLEMS_SHOWN = 10
__all__ = ["COLUMNS", "DONT_KNOW", "Diary", "blank_diary", "diary_columns", "diary_csv", "read_diary"]


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


def blank_diary(schedule: Schedule, protocol: Protocol) -> str:
    """CSV text with an empty row for each planned night; it names no arm, so it keeps a blind."""
    return diary_csv(Diary(table=schedule.table[["night"]]), protocol)


def diary_csv(diary: Diary, protocol: Protocol) -> str:
    """The diary as CSV text that `read_diary` reads back; columns that the table lacks stay empty."""
    columns = diary_columns(protocol)
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(columns)
    for row in diary.table.reindex(columns=list(columns)).itertuples(index=False):
        writer.writerow([_written(value) for value in row])
    return text.getvalue()


def _written(value: object) -> str:
    if pd.isna(value):
        return ""
    if isinstance(value, pd.Timestamp):
        return f"{value:%Y-%m-%d}"
    if is_bool(value):
        return "yes" if value else "no"
    if is_number(value):
        return f"{value:.10g}"
    return f"'{value}" if str(value).startswith(FORMULA) else str(value)


def read_diary(path: Path, protocol: Protocol) -> Diary:
    """Read a diary as people and their spreadsheets save it.

    The delimiter may be `,`, `;` or tab, decimals may have a comma, dates may be 2026-01-31 or 31.01.2026.
    What could be read in two ways, such as 3/4/2026 or 1.000, is refused.

    Raises
    ------
    DiaryError
        One line for each problem, at most ten: file, line and column, what is wrong, what to do.
    """
    rows = _rows(path)
    columns = diary_columns(protocol)
    header_line, header = next(rows, (1, []))
    found, problems = _header(header, columns)
    if problems:
        raise DiaryError(
            _report(path.name, [f"{path.name}, line {header_line}: {problem}" for problem in problems])
        )
    readers = _readers(protocol, columns)
    seen: dict[date, int] = {}
    records: list[dict[str, object]] = []
    for line, cells in rows:
        where = f"{path.name}, line {line}"
        if len(cells) > len(found):
            problems.append(
                f"{where}: {len(cells)} cells under {len(found)} columns: put text or numbers with a comma in"
                ' double quotes ("2,5")'
            )
            continue
        record: dict[str, object] = {}
        for name, cell in zip(found, cells, strict=False):
            if not cell.strip():
                continue
            if not name:
                problems.append(
                    f"{where}: no column name above ({quoted(cell)}): name the column or empty the cell"
                )
                continue
            try:
                record[name] = readers[name](cell.strip())
            except ValueError as error:
                problems.append(f"{where}, column {name}: {error}")
                record[name] = None
        if "night" not in record:
            problems.append(f"{where}, column night: no date: write the evening's date, as 2026-01-31")
        night = record.get("night")
        if isinstance(night, date):
            if night in seen:
                problems.append(
                    f"{where}, column night: {night} stands on line {seen[night]} too: keep one of the two"
                )
            seen.setdefault(night, line)
        records.append(record)
    if problems:
        raise DiaryError(_report(path.name, problems))
    return Diary(table=_table(records, columns))


def _rows(path: Path) -> Iterator[tuple[int, list[str]]]:
    """Every row that is not empty, with the line it starts on."""
    try:
        raw = path.read_bytes()
    except OSError as error:
        raise DiaryError(f"{path}: cannot be read ({error.strerror}): check the name") from error
    try:
        text = raw.decode("utf-16" if raw[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig")
    except UnicodeDecodeError as error:
        raise DiaryError(f"{path.name}: not UTF-8 text: save it as CSV UTF-8") from error
    first = next((line for line in text.splitlines() if line.strip()), "")
    delimiter = max(",;\t", key=first.count)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    line = 1
    try:
        for cells in reader:
            if any(cell.strip() for cell in cells):
                yield line, cells
            line = reader.line_num + 1
    except csv.Error as error:
        raise DiaryError(
            f"{path.name}, line {line}: not CSV from here on ({error}): close the quotation mark opened there"
        ) from error


def _header(header: list[str], columns: tuple[str, ...]) -> tuple[list[str], list[str]]:
    known = {name.lower(): name for name in columns}
    found: list[str] = []
    problems: list[str] = []
    for cell in header:
        name = known.get(cell.strip().lower(), "")
        if cell.strip() and not name:
            problems.append(
                f"no column is called {quoted(cell)}: correct its spelling, remove it, or use notes"
            )
        elif name and name in found:
            problems.append(f"column {name} stands twice: keep one")
        found.append(name)
    if "night" not in found:
        problems.append("no column night: start from the diary that came with the trial")
    return found, problems


def _report(name: str, problems: list[str]) -> str:
    if len(problems) <= PROBLEMS_SHOWN:
        return "\n".join(problems)
    shown = problems[: PROBLEMS_SHOWN - 1]
    return "\n".join(
        [*shown, f"{name}: {len(problems) - len(shown)} more problems: put these right and read it again"]
    )


def _table(records: list[dict[str, object]], columns: tuple[str, ...]) -> pd.DataFrame:
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


def _readers(protocol: Protocol, columns: tuple[str, ...]) -> dict[str, Callable[[str], object]]:
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
