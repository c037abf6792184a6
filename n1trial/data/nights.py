"""Nights: one row per night that a device recorded, as a table and as a file.

Which records make a night is decided in `n1trial.data.night_assembly`, what they add up to in
`n1trial.data.night_totals`; here are the columns of the table, and a CSV that is read back as it was written.
"""

import csv
import io
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from n1trial.data.episodes import SleepEpisode
from n1trial.data.night_assembly import NightRule
from n1trial.data.night_totals import Window, night_rows
from n1trial.errors import TableError
from n1trial.markup.html_repr import card, line
from n1trial.markup.text import from_spreadsheet, spreadsheet_safe
from n1trial.system.arguments import GivenPath, path_of
from n1trial.system.files import write_whole

__all__ = ["COLUMNS", "NUMBERS", "NightRule", "Nights", "Window", "nightly", "nights_csv", "read_nights"]

NUMBERS = (
    "tst_min",
    "wake_episodes",
    "wake_episodes_all",
    "waso_min",
    "sol_min",
    "tib_min",
    "se_pct",
    "deep_min",
    "light_min",
    "rem_min",
    "longest_sleep_min",
    "hrv_rmssd_ms",
    "heart_rate_min_bpm",
    "heart_rate_mean_bpm",
    "respiratory_rate_rpm",
    "skin_temp_deviation_c",
)
# Tables of earlier versions do not have them.
_LATER = frozenset(NUMBERS[NUMBERS.index("longest_sleep_min") :])
COLUMNS = ("night", *NUMBERS, "start", "end", "vendor_date", "device", "resolution_s", "episodes", "flags")

_DATES = ("night", "vendor_date")
# A spreadsheet runs cells that begin so; tab and carriage return count because it strips them.


@dataclass(frozen=True, slots=True, eq=False)
class Nights:
    """The recorded nights of one device, as a table.

    Attributes
    ----------
    table : DataFrame [night]
        One row a recorded night, in order, with `COLUMNS`: `night` (date of the evening), minutes in columns that end
        in ``_min``, counts of wakes, `se_pct` in per cent, vital signs, and where the values come from. A number that
        was not recorded is NaN, never 0.

    Examples
    --------
    >>> from n1trial import nightly
    >>> nightly([]).table.columns[:3].tolist()
    ['night', 'tst_min', 'wake_episodes']
    """

    table: pd.DataFrame

    def to_csv(self, path: GivenPath) -> None:
        """Write the nights as CSV, the whole file or none of it; an empty cell means *not recorded*.

        Parameters
        ----------
        path : Path or str
            File to write; it is replaced.
        """
        write_whole(path_of(path), nights_csv(self))

    def __repr__(self) -> str:
        return line("Nights", self._facts())

    def _repr_html_(self) -> str:
        return card("Nights", self._facts(), self.table)

    def _facts(self) -> dict[str, object]:
        recorded = self.table["tst_min"].notna()
        facts: dict[str, object] = {"nights": len(self.table), "with sleep time": int(recorded.sum())}
        if recorded.sum() > 1:
            facts |= {
                "mean, min": round(self.table["tst_min"].mean()),
                "SD, min": round(self.table["tst_min"].std()),
            }
        return facts


def nights_csv(nights: Nights) -> str:
    """The nights as CSV text, a row each."""
    text = io.StringIO()
    lines = [[_cell(column, row[column]) for column in COLUMNS] for row in nights.table.to_dict("records")]
    csv.writer(text, lineterminator="\n").writerows([COLUMNS, *lines])
    return text.getvalue()


def nightly(
    episodes: Iterable[SleepEpisode], *, window: Window = "night", rule: NightRule | None = None
) -> Nights:
    """Join the episodes of one device to nights.

    Parameters
    ----------
    episodes : iterable of SleepEpisode
        In any order; records that are there twice count once.
    window : "night", "main" or "day24"
        ``night`` joins the records around the main sleep; ``main`` takes the longest record alone; ``day24``
        adds up all sleep from noon to noon, naps included, and defines total sleep time only.
    rule : NightRule or None
        The numbers by which records become a night; None: the defaults of `NightRule`.

    Returns
    -------
    Nights
        One row a night that has a record. A night without usable sleep has the flag ``missing`` and its reason.

    Raises
    ------
    ExportError
        The episodes come from several devices, which would be mixed.

    Examples
    --------
    >>> from datetime import datetime
    >>> from n1trial import SleepEpisode, nightly
    >>> from n1trial.data.episodes import Moment
    >>> episode = SleepEpisode(
    ...     source="generic",
    ...     source_file="mine.csv",
    ...     record_id="1",
    ...     start=Moment(datetime(2026, 1, 6, 0, 30)),
    ...     end=Moment(datetime(2026, 1, 6, 7, 0)),
    ...     time_basis="naive_local",
    ...     tst_min=350.0,
    ...     tib_min=390.0,
    ... )
    >>> table = nightly([episode]).table
    >>> str(table["night"][0].date()), float(table["tst_min"][0])
    ('2026-01-05', 350.0)
    """
    return Nights(_make_table(list(night_rows(episodes, window=window, rule=rule or NightRule()))))


def read_nights(path: GivenPath) -> Nights:
    """Read nights that `Nights.to_csv` wrote.

    Parameters
    ----------
    path : Path or str
        CSV file; further columns are left out.

    Returns
    -------
    Nights
        The same nights.

    Raises
    ------
    TableError
        A column is absent, or a cell is no date or number.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> from n1trial import nightly, read_nights
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     nightly([]).to_csv(Path(folder) / "nights.csv")
    ...     nights = read_nights(Path(folder) / "nights.csv")
    >>> len(nights.table)
    0
    """
    path = path_of(path)
    try:
        with path.open(encoding="utf-8-sig", newline="") as stream:
            reader = csv.DictReader(stream, strict=True)
            absent = [column for column in COLUMNS if column not in {*(reader.fieldnames or ()), *_LATER}]
            if absent:
                raise TableError(f"{path.name}: column {absent[0]} is absent: write the nights again")
            rows = [_values(row, where=f"{path.name} line {reader.line_num}") for row in reader]
    except (OSError, UnicodeError, csv.Error) as error:
        raise TableError(f"{path.name}: cannot be read ({error}): write the nights again") from error
    return Nights(_make_table(rows))


def is_table_of_nights(path: Path) -> bool:
    """Whether a file begins as `Nights.to_csv` writes it."""
    try:
        with path.open(encoding="utf-8-sig", errors="replace") as stream:
            header = stream.readline(10_000).strip().split(",")
    except OSError:
        return False
    return {"night", "tst_min", "vendor_date", "resolution_s"} <= {*header}


def _values(row: dict[str, str], *, where: str) -> dict[str, Any]:
    values: dict[str, Any] = {}
    for column in COLUMNS:
        cell = row.get(column)
        try:
            if not cell:
                values[column] = None
            elif column in NUMBERS or column == "episodes":
                values[column] = float(cell)
            elif column in _DATES:
                values[column] = date.fromisoformat(cell)
            else:
                values[column] = from_spreadsheet(cell)
        except ValueError as error:
            raise TableError(f"{where}: {column} is {cell!r}: write the nights again") from error
    return values


def _cell(column: str, value: Any) -> str:
    if pd.isna(value):
        return ""
    if column in _DATES:
        return str(value.date())
    if column in NUMBERS or column == "episodes":
        return f"{round(float(value), 2):.10g}"
    return spreadsheet_safe(str(value))


def _make_table(rows: Sequence[dict[str, Any]]) -> pd.DataFrame:
    return pd.DataFrame({column: _typed(column, [row.get(column) for row in rows]) for column in COLUMNS})


def _typed(column: str, values: list[Any]) -> Any:
    if column in NUMBERS:
        # Hundredths of a minute, so that a table is the same after it was written and read.
        return np.array(values, dtype="float64").round(2)
    if column in _DATES:
        return np.array(values, dtype="datetime64[s]")
    return pd.array(values, dtype="Int64" if column == "episodes" else "str")
