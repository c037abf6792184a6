"""The diary that a person writes: was the dose taken, a guess at the arm, side effects, confounders.

`taken` is about something swallowed: on a night whose arm holds no dose, "no" is as planned and "yes" is
not. An empty cell means not recorded, never 0 and never "no".
"""

import csv
import io
from collections.abc import Iterator
from datetime import date
from pathlib import Path

from n1trial.diary.answers import answer_problem, answers_of, with_answers
from n1trial.diary.cells import DONT_KNOW, quoted
from n1trial.diary.questions import questions
from n1trial.diary.table import COLUMNS, Diary, cell_readers, diary_columns, in_a_cell, make_table
from n1trial.errors import DiaryError
from n1trial.protocol import Protocol
from n1trial.schedule import Schedule

PROBLEMS_SHOWN = 10
__all__ = [
    "COLUMNS",
    "DONT_KNOW",
    "Diary",
    "answer_problem",
    "answers_of",
    "blank_diary",
    "diary_columns",
    "diary_csv",
    "questions",
    "read_diary",
    "with_answers",
]


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
        writer.writerow([in_a_cell(value) for value in row])
    return text.getvalue()


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
    readers = cell_readers(protocol)
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
    return Diary(table=make_table(records, columns))


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
