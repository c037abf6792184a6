"""Answers to an evening's questions, written into one line of the diary."""

from collections.abc import Mapping
from datetime import date

from n1trial.data.diary.amounts import unlikely
from n1trial.data.diary.cells import quoted, read_text
from n1trial.data.diary.table import (
    Diary,
    cell_readers,
    diary_columns,
    in_a_cell,
    make_table,
    repeated_first_days,
)
from n1trial.design.protocol import Protocol
from n1trial.errors import DiaryError


def answers_of(diary: Diary, night: date) -> dict[str, str]:
    """What is written about one night, cell by cell, without the empty ones."""
    line = diary.table[diary.table["night"].dt.date == night]
    cells = {name: in_a_cell(value) for row in line.to_dict("records") for name, value in row.items()}
    return {name: read_text(cell) for name, cell in cells.items() if cell and name != "night"}


def with_answers(diary: Diary, protocol: Protocol, night: date, answers: Mapping[str, str]) -> Diary:
    """The diary with answers written into one night's line, which is added where there was none.

    Parameters
    ----------
    answers
        Cells by column, as a person writes them; an empty cell takes an answer back.

    Raises
    ------
    DiaryError
        No such column, or the cell is no answer to it; one line for each problem.
    """
    columns = diary_columns(protocol)
    names = {name.lower(): name for name in columns}
    written: dict[str, object] = {}
    problems = []
    for column, cell in answers.items():
        name = names.get(column.strip().lower(), column)
        if problem := answer_problem(protocol, name, cell):
            problems.append(f"diary of {night}: {problem}")
        else:
            written[name] = cell_readers(protocol)[name](cell.strip()) if cell.strip() else None
    if problems:
        raise DiaryError("\n".join(problems))
    records = {row["night"].date(): row for row in diary.table.to_dict("records")}
    line = records.get(night, {}) | {"night": night} | written
    others = [row | {"night": day} for day, row in records.items() if day != night]
    table = make_table([*others, line], protocol)
    if protocol.cycle and protocol.cycle.marks in written:
        for problem in repeated_first_days(table, protocol).values():
            raise DiaryError(f"diary of {night}: {protocol.cycle.marks}: {problem}")
    no_amounts = {
        name: {day: cell for day, cell in cells.items() if day != night or name not in written}
        for name, cells in diary.no_amounts.items()
    }
    return Diary(table=table, own=diary.own, no_amounts=no_amounts)


def answer_problem(protocol: Protocol, column: str, cell: str) -> str:
    """What is wrong with an answer and what to do, or nothing; an empty cell is an answer."""
    columns = diary_columns(protocol)
    if column not in columns or column == "night":
        return f"no column is called {quoted(column)}: choose from {', '.join(columns[1:])}"
    try:
        if cell.strip():
            cell_readers(protocol)[column](cell.strip())
    except ValueError as error:
        return f"{column}: {error}"
    return ""


def answer_doubt(protocol: Protocol, column: str, cell: str) -> str:
    """What looks odd about an answer that can be read; empty where nothing does."""
    names = {name.lower(): name for name in diary_columns(protocol)}
    name = names.get(column.strip().lower(), column)
    if not cell.strip() or answer_problem(protocol, name, cell):
        return ""
    return unlikely(name, cell_readers(protocol)[name](cell.strip()))
