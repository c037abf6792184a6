"""The cells of a table of one's own, as people and their spreadsheets write them.

The delimiter may be a comma, a semicolon, a tab, a bar or blanks; the text UTF-8, UTF-16 or what Western and
Chinese spreadsheets write; decimals may have a comma; dates may be 2026-01-31, 31.01.2026, have the month's name, or
slashes where one date of the column tells day from month. What could be read in two ways is refused.
"""

import csv
import io
import re
from collections.abc import Iterator, Sequence
from contextlib import suppress
from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd

from n1trial.data.diary.cells import quoted
from n1trial.errors import TableError
from n1trial.markup.text import encoding_of

NOT_RECORDED = ("", "na", "nan", "n/a", "#n/a", "#nv", "null", "none", "-", "–", "?", ".")
YES = ("yes", "y", "true", "x", "ja", "j", "wahr", "1")
NO = ("no", "n", "false", "nein", "falsch", "0", "")
_DELIMITERS = ",;\t|"
_NUMBER = re.compile(r"[-+−]?(\d+\.?\d*|\.\d+)([eE][-+]?\d+)?")
_COMMA_NUMBER = re.compile(r"[-+−]?\d+,\d+")
_THOUSANDS = re.compile(r"[-+−]?[1-9]\d{0,2},\d{3}")
_CLOCK = re.compile(r"\d{1,2}:\d\d(:\d\d)?|\d{1,2} ?h(ours?|rs?)? ?(\d{1,2} ?m(in)?)?", re.IGNORECASE)
# A unit behind the number, by how the names of columns end that say it too.
_WITH_UNIT = {"min": ("_min", " min"), "%": ("pct", "percent", "%")}
_ISO = re.compile(r"(\d{4})([-/.])(\d\d?)\2(\d\d?)(?:[T ].*)?")
_COMPACT = re.compile(r"(20\d\d)(\d\d)(\d\d)")
_WEEKDAY = re.compile(
    "((mon|tues?|wed(nes)?|thu(rs)?|fri|sat(ur)?|sun)(day)?|(mon|diens|donners|frei|sams)tag|mittwoch|sonn(abend|tag)"
    "|mo|di|mi|do|fr|sa|so)[.,]? +",
    re.IGNORECASE,
)
_DAY_OF_NAME = re.compile(r"(\d\d?)(?:st|nd|rd|th|\.)?[- ]+([^\W\d]{3,9})\.?,?[- ]+(\d{4})(?: .*)?")
_NAME_OF_DAY = re.compile(r"([^\W\d]{3,9})\.? +(\d\d?)(?:st|nd|rd|th)?,? +(\d{4})(?: .*)?")
# The first three letters of the months in English and German.
_MONTHS = {
    name: number
    for names in ("jan feb mar apr may jun jul aug sep oct nov dec", "- - mär - mai - - - - okt - dez")
    for number, name in enumerate(names.split(), start=1)
    if name != "-"
}
_DOTTED = re.compile(r"(\d\d?)\.(\d\d?)\.(\d{4}|\d\d)(?: .*)?")
_SLASHED = re.compile(r"(\d\d?)/(\d\d?)/(\d{4})(?: .*)?")


def cells_of(table: pd.DataFrame) -> pd.DataFrame:
    """A table of pandas as its rows would stand in a file, as text by column; the index is a row's number from 1.

    Raises
    ------
    TableError
        No row, or a name of a column that stands twice.
    """
    table = table if table.index.name is None else table.reset_index()
    names = [str(name).strip() for name in table.columns]
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        raise TableError(f"the table: column {twice!r} stands twice: give each column a name of its own")
    if not len(table):
        raise TableError("the table: no rows: give one row for each night")
    cells = {name: [_cell_of(value) for value in table.iloc[:, place]] for place, name in enumerate(names)}
    rows = pd.RangeIndex(1, len(table) + 1, name="line")
    return pd.DataFrame(cells, index=rows, dtype="str")


def _cell_of(value: object) -> str:
    if value is None or value is pd.NaT or value is pd.NA or value != value:
        return ""
    if isinstance(value, pd.Timestamp | date):
        return f"{value:%Y-%m-%d}"
    if isinstance(value, float | np.floating):
        return f"{value:.15g}"
    return str(value).strip()


def read_cells(path: Path, *, expected: Sequence[str]) -> pd.DataFrame:
    """Every row that is not empty, as text by column; the index is the line of the file.

    Parameters
    ----------
    expected
        Names that the table should hold: of several encodings that could be meant, the one that shows them.

    Raises
    ------
    TableError
        No such file, no text, no header, or a row with more cells than columns.
    """
    lines = _rows(path, expected)
    _, header = next(lines, (1, []))
    names = [cell.strip() for cell in header]
    if not any(names):
        raise TableError(f"{path.name}: not a CSV table (empty): save it as CSV with a header line")
    twice = next((name for name in names if name and names.count(name) > 1), None)
    if twice is not None:
        raise TableError(f"{path.name}: column {twice!r} stands twice: give each column a name of its own")
    at, rows = [], []
    for line, cells in lines:
        if any(cell.strip() for cell in cells[len(names) :]):
            raise TableError(
                f"{path.name}, line {line}: {len(cells)} cells under {len(names)} columns: put numbers with a comma"
                ' in double quotes ("2,5"), or save with semicolons'
            )
        at.append(line)
        rows.append([*(cell.strip() for cell in cells[: len(names)]), *[""] * (len(names) - len(cells))])
    if not rows:
        raise TableError(f"{path.name}: no rows: give one row for each night")
    table = pd.DataFrame(rows, columns=names, index=pd.Index(at, name="line"), dtype="str")
    return table[[name for name in names if name]]


def numbers(raw: pd.DataFrame, column: str, path: Path) -> pd.Series:
    """A column as numbers, NaN where nothing was recorded; a decimal comma is read where it can be nothing else."""
    text = raw[column].str.replace("\u2212", "-")
    for unit, names in _WITH_UNIT.items():
        if column.lower().endswith(names):
            text = text.str.replace(rf"\s*{unit}$", "", regex=True)
    empty = text.str.lower().isin(NOT_RECORDED)
    with_comma = text.str.fullmatch(_COMMA_NUMBER.pattern) & ~empty
    if with_comma.any():
        if text[with_comma].str.fullmatch(_THOUSANDS.pattern).all():
            line = text.index[with_comma][0]
            raise TableError(
                f"{path.name}, line {line}: {column} may mean a thousand ({quoted(text[line])}): write it without"
                " the comma, or with a decimal point"
            )
        text = text.mask(with_comma, text.str.replace(",", "."))
    wrong = ~empty & ~text.str.fullmatch(_NUMBER.pattern)
    values = pd.to_numeric(text.mask(empty | wrong), errors="coerce").astype(float)
    wrong |= pd.Series(np.isinf(values), index=values.index)
    if wrong.any():
        line = wrong.index[wrong][0]
        advice = "correct or empty it"
        if _CLOCK.fullmatch(raw[column][line]):
            advice = "write a time asleep in minutes, 7:30 as 450"
        elif raw[column][line].lower() in (*YES, *NO):
            advice = "write yes as 1 and no as 0"
        raise TableError(
            f"{path.name}, line {line}: {column} is not a number ({quoted(raw[column][line])}): {advice}"
        )
    return values


def dates(raw: pd.DataFrame, column: str, path: Path) -> pd.Series:
    """A column as dates; with slashes, the order of day and month is the one that all its cells allow."""
    slashed = [match for cell in raw[column] if (match := _SLASHED.fullmatch(cell))]
    day_first = all(int(match[2]) <= 12 for match in slashed)
    month_first = all(int(match[1]) <= 12 for match in slashed)
    read = []
    for line, cell in raw[column].items():
        try:
            read.append(_date(cell, day_first=day_first, month_first=month_first))
        except ValueError as error:
            raise TableError(f"{path.name}, line {line}: {column} is {error}") from error
    return pd.Series(pd.to_datetime(read), index=raw.index).dt.as_unit("s")


def marked(raw: pd.DataFrame, column: str, path: Path) -> pd.Series:
    """A column of yes and no, in English or German, as 1 and 0, or a cross for yes; an empty cell is no."""
    text = raw[column].str.lower()
    wrong = ~text.isin((*YES, *NO))
    if wrong.any():
        line = wrong.index[wrong][0]
        raise TableError(
            f"{path.name}, line {line}: {column} is neither yes nor no ({quoted(raw[column][line])}): write yes, no,"
            " or leave it empty"
        )
    return text.isin(YES)


def _date(cell: str, *, day_first: bool, month_first: bool) -> date:
    if weekday := _WEEKDAY.match(cell):
        cell = cell[weekday.end() :]
    if match := _ISO.fullmatch(cell):
        year, month, day = int(match[1]), int(match[3]), int(match[4])
    elif match := _COMPACT.fullmatch(cell):
        year, month, day = int(match[1]), int(match[2]), int(match[3])
    elif (match := _DAY_OF_NAME.fullmatch(cell)) and (month := _MONTHS.get(match[2][:3].lower(), 0)):
        year, day = int(match[3]), int(match[1])
    elif (match := _NAME_OF_DAY.fullmatch(cell)) and (month := _MONTHS.get(match[1][:3].lower(), 0)):
        year, day = int(match[3]), int(match[2])
    elif match := _DOTTED.fullmatch(cell):
        year = int(match[3]) + (2000 if len(match[3]) == 2 else 0)
        month, day = int(match[2]), int(match[1])
    elif match := _SLASHED.fullmatch(cell):
        first, second, year = int(match[1]), int(match[2]), int(match[3])
        if day_first == month_first and first != second:
            raise ValueError(f"a day or a month first ({quoted(cell)}): write dates as 2026-01-31")
        month, day = (second, first) if day_first else (first, second)
    else:
        raise ValueError(f"no date ({quoted(cell)}): write it as 2026-01-31")
    try:
        return date(year, month, day)
    except ValueError:
        raise ValueError(f"no date of the calendar ({quoted(cell)}): correct it") from None


def _rows(path: Path, expected: Sequence[str]) -> Iterator[tuple[int, list[str]]]:
    """Rows that are not empty, each with the line that it begins on."""
    text = _text(path, expected)
    lines = io.StringIO(text, newline="")
    first = lines.readline()
    begun = 1
    if re.fullmatch(r"sep=.\s*", first, re.IGNORECASE):
        first, begun = lines.readline(), 2
    delimiter = max(_DELIMITERS, key=first.count)
    if not first.count(delimiter):
        delimiter = " "
    lines.seek(0)
    reader = csv.reader(lines, delimiter=delimiter, skipinitialspace=delimiter == " ", strict=True)
    line = 1
    try:
        for cells in reader:
            if line >= begun and any(cell.strip() for cell in cells):
                yield line, cells
            line = reader.line_num + 1
    except csv.Error as error:
        raise TableError(
            f"{path.name}, line {line}: not a CSV table from here on ({error}): save it as CSV again"
        ) from error


def _text(path: Path, expected: Sequence[str]) -> str:
    try:
        content = path.read_bytes()
    except FileNotFoundError as error:
        raise TableError(f"{path}: no such file: check the name") from error
    except OSError as error:
        raise TableError(f"{path}: cannot be read ({error.strerror}): check the name") from error
    if content.startswith(b"PK\x03\x04"):
        raise TableError(f"{path.name}: a workbook, no CSV table: save the sheet as CSV")
    encoding = encoding_of(content)
    # Western letters beyond ASCII make Chinese ones too, so that the names must tell.
    able = []
    for candidate in ("cp1252", "gb18030") if encoding == "gb18030" else (encoding,):
        with suppress(UnicodeDecodeError):
            able.append(content.decode(candidate))
    if not able or "\0" in able[0]:
        raise TableError(f"{path.name}: not a CSV table (no text): save it as CSV with a header line")
    return next((text for text in able if all(name in text for name in expected)), able[0])
