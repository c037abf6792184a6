"""The diary that a person writes: was the dose taken, a guess at the arm, side effects, confounders.

`taken` is about something swallowed: on a night whose arm holds no dose, "no" is as planned and "yes" is
not. An empty cell means not recorded, never 0 and never "no".
"""

import csv
import io
from collections.abc import Collection, Iterator, Sequence
from datetime import date
from difflib import get_close_matches
from pathlib import Path

import pandas as pd

from n1trial.data.diary.answers import answer_doubt, answer_problem, answers_of, with_answers
from n1trial.data.diary.cells import DONT_KNOW, NoAmountError, quoted, read_date, read_text, slashed_dates
from n1trial.data.diary.decoded import decoded
from n1trial.data.diary.questions import Question, questions
from n1trial.data.diary.table import (
    COLUMNS,
    Diary,
    cell_readers,
    diary_columns,
    in_a_cell,
    make_table,
    repeated_first_days,
)
from n1trial.design.protocol import Protocol
from n1trial.design.schedule import Schedule
from n1trial.errors import DiaryError
from n1trial.system.arguments import GivenPath, path_of

PROBLEMS_SHOWN = 10
__all__ = [
    "COLUMNS",
    "DONT_KNOW",
    "Diary",
    "Question",
    "answer_doubt",
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
    writer.writerow([*columns, *diary.own])
    table = diary.table.reindex(columns=list(columns))
    for row in table.itertuples(index=False):
        night = row[0].date()
        written = {name: in_a_cell(value) for name, value in zip(columns, row, strict=True)}
        kept = {
            name: in_a_cell(cells.get(night)) for name, cells in {**diary.no_amounts, **diary.own}.items()
        }
        writer.writerow([written.get(name) or kept.get(name, "") for name in (*columns, *diary.own)])
    return text.getvalue()


def read_diary(path: GivenPath, protocol: Protocol, *, nights: Collection[date] = ()) -> Diary:
    r"""Read a diary as people and their spreadsheets save it.

    CSV in Windows-1252 is read as well as UTF-8, with a note. The delimiter may be `,`, `;` or tab, decimals may
    have a comma, dates may be 2026-01-31, 31.01.2026 or 1/31/2026. What comes first in dates such as 3/4/2026 is
    settled by the other dates of the file, or because only one reading has them all among `nights`. What could be read
    in two ways still, or 1.000, is refused. A column of the person's own is kept and not read; one whose name is
    almost that of a column of the diary is refused. "yes" to a question how much, or an impossible amount, counts as
    not recorded, and `Diary.notes` names it, because earlier versions accepted it.

    Parameters
    ----------
    path : Path or str
        The CSV file.
    protocol : Protocol
        Names the arms, the confounders and the further columns.
    nights : collection of date
        Evenings of the trial; may be empty.

    Returns
    -------
    Diary
        One row a night that has a line.

    Raises
    ------
    DiaryError
        One line for each problem, at most ten: file, line and column, what is wrong, what to do.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> from n1trial import read_diary, read_protocol
    >>> protocol = read_protocol("glycine-vs-magnesium-glycinate")
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = Path(folder) / "diary.csv"
    ...     _ = path.write_text("night;taken;taken_at\n31.01.2026;yes;22.15\n", encoding="utf-8")
    ...     diary = read_diary(path, protocol)
    >>> diary.table["taken_at"][0]
    '22:15'
    """
    path = path_of(path)
    text, encoding_note = _text(path)
    rows = list(_rows(text, path.name))
    columns = diary_columns(protocol)
    header_line, header = rows[0] if rows else (1, [])
    names, problems = _header(header, columns)
    if problems:
        raise DiaryError(
            _report(path.name, [f"{path.name}, line {header_line}: {problem}" for problem in problems])
        )
    readers = cell_readers(protocol)
    place = names.index("night")
    day_first = _day_first([cells[place] for _, cells in rows[1:] if place < len(cells)], nights)
    readers["night"] = lambda cell: read_date(cell, day_first=day_first)
    seen: dict[date, int] = {}
    records: list[dict[str, object]] = []
    own: dict[str, dict[date, str]] = {name: {} for name in names if name and name not in columns}
    no_amounts: dict[str, dict[date, str]] = {}
    for line, cells in rows[1:]:
        where = f"{path.name}, line {line}"
        if len(cells) > len(names):
            problems.append(
                f"{where}: {len(cells)} cells under {len(names)} columns: put text or numbers with a comma in"
                ' double quotes ("2,5")'
            )
            continue
        record: dict[str, object] = {}
        theirs: dict[str, str] = {}
        no_amount: dict[str, str] = {}
        for name, cell in zip(names, cells, strict=False):
            if not cell.strip():
                continue
            if not name:
                problems.append(
                    f"{where}: no column name above ({quoted(cell)}): name the column or empty the cell"
                )
                continue
            if name in own:
                theirs[name] = read_text(cell.strip())
                continue
            try:
                record[name] = readers[name](cell.strip())
            except NoAmountError:
                no_amount[name] = cell.strip()
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
            for name, cell in theirs.items():
                own[name][night] = cell
            for name, cell in no_amount.items():
                no_amounts.setdefault(name, {})[night] = cell
        records.append(record)
    table = pd.DataFrame() if problems else make_table(records, protocol)
    if not problems and protocol.cycle:
        problems += [
            f"{path.name}, line {seen[night]}, column {protocol.cycle.marks}: {problem}"
            for night, problem in repeated_first_days(table, protocol).items()
        ]
    if problems:
        raise DiaryError(_report(path.name, problems))
    return Diary(table=table, own=own, no_amounts=no_amounts, encoding_note=encoding_note)


def _day_first(cells: Sequence[str], nights: Collection[date]) -> bool | None:
    """Whether the day comes first in a column of dates such as 3/4/2026; None where nothing settles it."""
    date_pairs = [slashed_dates(cell.strip()) for cell in cells]
    day_first, month_first = (
        zip(*[pair for pair in date_pairs if any(pair)], strict=True)
        if date_pairs and any(map(any, date_pairs))
        else ((), ())
    )
    if all(day_first) != all(month_first):
        return all(day_first)
    inside = set(nights)
    in_trial = [bool(dates) and inside.issuperset(dates) for dates in (day_first, month_first)]
    return None if in_trial[0] == in_trial[1] else in_trial[0]


def _text(path: Path) -> tuple[str, str]:
    """The text of the file, and a note where its encoding was guessed."""
    try:
        raw = path.read_bytes()
    except OSError as error:
        raise DiaryError(f"{path}: cannot be read ({error.strerror}): check the name") from error
    return decoded(raw, path.name)


def _rows(text: str, name: str) -> Iterator[tuple[int, list[str]]]:
    """Every row that is not empty, with the line it starts on."""
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
            f"{name}, line {line}: not CSV from here on ({error}): close the quotation mark opened there"
        ) from error


def _header(header: list[str], columns: tuple[str, ...]) -> tuple[list[str], list[str]]:
    """The columns by name, those of the person's own too, and what is wrong with them."""
    known = {name.lower(): name for name in columns}
    names: list[str] = []
    problems: list[str] = []
    for cell in header:
        written = cell.strip()
        name = known.get(written.lower(), written)
        if (
            written
            and name not in columns
            and (like := get_close_matches(written.lower(), known, n=1, cutoff=0.75))
        ):
            problems.append(
                f"no column is called {quoted(cell)}: write {known[like[0]]}, or name a column of your own otherwise"
            )
        elif name and name in names:
            problems.append(f"column {name} stands twice: keep one")
        names.append(name)
    if "night" not in names:
        problems.append("no column night: start from the diary that came with the trial")
    return names, problems


def _report(name: str, problems: list[str]) -> str:
    if len(problems) <= PROBLEMS_SHOWN:
        return "\n".join(problems)
    shown = problems[: PROBLEMS_SHOWN - 1]
    return "\n".join(
        [*shown, f"{name}: {len(problems) - len(shown)} more problems: put these right and read it again"]
    )
