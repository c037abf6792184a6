"""A table of one's own, of any device and any supplement, becomes a TrialData.

Nothing is averaged or dropped in silence: a date that stands twice is named, and both rows are analysed as
they were given.
"""

import csv
from dataclasses import replace
from pathlib import Path
from typing import Literal

import numpy as np
import pandas as pd

from n1trial.errors import TableError
from n1trial.outcomes import OUTCOMES, Outcome
from n1trial.trial import TrialData

NOT_RECORDED = ("", "na", "nan", "n/a", "null", "none")


def read_table(
    path: Path,
    *,
    arm: str,
    reference: str,
    outcome: str,
    kind: Literal["continuous", "count"] = "continuous",
    better: Literal["higher", "lower"] | None = None,
    mid: float | None = None,
    night: str | None = None,
    block: str | None = None,
    period: str | None = None,
    asleep: str | None = None,
    blinded: bool | None = None,
) -> TrialData:
    """Read a table of one's own: any device, any supplement, one row a night.

    Parameters
    ----------
    arm, outcome, night, block, period, asleep
        Column names. Without `night` the rows count as consecutive nights; without `period` a period is a
        run of nights on one arm in one block. `asleep` is sleep time in minutes, for counts at equal sleep.
    mid : in the outcome's unit
        Smallest worthwhile effect. A column of a known name has its own; otherwise a quarter of the nights'
        SD, and for counts half an episode a night, or 10 % where there are more than ten a night.
    blinded
        Whether the arms were hidden from the person; None: not known.
    better
        Which direction is better; by default higher for continuous outcomes and lower for counts.

    Raises
    ------
    TableError
        No such file or column, an arm without nights, or a value that is not a number.
    """
    raw = _text_table(path)
    for column in filter(None, (arm, outcome, night, block, period, asleep)):
        if column not in raw.columns:
            raise TableError(f"{path.name}: no column {column!r}: choose from {', '.join(raw.columns)}")
    table = pd.DataFrame({"arm": raw[arm].str.strip(), outcome: _numbers(raw, outcome, path)})
    if (table["arm"] == "").any():
        row = int(np.flatnonzero(table["arm"] == "")[0]) + 2
        raise TableError(f"{path.name}, line {row}: column {arm!r} is empty: name the arm, or remove the row")
    arms = list(dict.fromkeys(table["arm"]))
    if reference not in arms:
        raise TableError(f"{path.name}: no night has {arm} = {reference!r}: choose from {', '.join(arms)}")
    if len(arms) < 2:
        raise TableError(f"{path.name}: only one arm ({reference}): give nights of another to compare with")
    table["night"] = _dates(raw, night, path)
    table["block"] = pd.factorize(raw[block])[0] + 1 if block else 0
    if asleep and asleep != outcome:
        table[asleep] = _numbers(raw, asleep, path)
    table["given_period"] = raw[period] if period else ""
    if night:
        table = table.sort_values("night", kind="stable", ignore_index=True)
    turn = table[["arm", "block", "given_period"]]
    table["period"] = (turn != turn.shift()).any(axis=1).cumsum()
    table["day"] = (table["night"] - table["night"].iloc[0]).dt.days if night else np.arange(len(table))
    table["left_out"] = np.where(table[outcome].isna(), "no record", "")
    table["flags"] = ""
    for name in arms:
        if table.loc[table["arm"] == name, outcome].isna().all():
            raise TableError(
                f"{path.name}: arm {name!r} has no night with {outcome}: remove it, or add its nights"
            )
    return TrialData(
        table=table.drop(columns="given_period"),
        arms=(reference, *(name for name in arms if name != reference)),
        reference=reference,
        labels={name: name for name in arms},
        outcomes=(_outcome_of(table[outcome], outcome, kind=kind, better=better, mid=mid, path=path),),
        notes=_duplicates(table, outcome) if night else (),
        sleep_time=asleep,
        blinded=blinded,
    )


def _text_table(path: Path) -> pd.DataFrame:
    try:
        table = pd.read_csv(
            path, dtype=str, keep_default_na=False, sep=None, engine="python", encoding="utf-8-sig"
        )
    except FileNotFoundError as error:
        raise TableError(f"{path}: no such file: check the name") from error
    except (
        OSError,
        UnicodeDecodeError,
        pd.errors.ParserError,
        pd.errors.EmptyDataError,
        ValueError,
        csv.Error,
    ) as error:
        said = str(error).splitlines()[0]
        raise TableError(
            f"{path.name}: not a CSV table ({said}): save it as CSV with a header line"
        ) from error
    if table.empty:
        raise TableError(f"{path.name}: no rows: give one row for each night")
    return table


def _numbers(raw: pd.DataFrame, column: str, path: Path) -> pd.Series:
    text = raw[column].str.strip()
    empty = text.str.lower().isin(NOT_RECORDED)
    numbers = pd.to_numeric(text.mask(empty), errors="coerce")
    wrong = (numbers.isna() & ~empty) | np.isinf(numbers)
    if wrong.any():
        row = int(np.flatnonzero(wrong)[0])
        raise TableError(
            f"{path.name}, line {row + 2}: {column} is not a number ({text[row]!r}): correct or empty it"
        )
    return numbers.astype(float)


def _dates(raw: pd.DataFrame, column: str | None, path: Path) -> pd.Series:
    if column is None:
        return pd.Series(pd.NaT, index=raw.index, dtype="datetime64[s]")
    dates = pd.to_datetime(raw[column].str.strip().str.slice(0, 10), format="%Y-%m-%d", errors="coerce")
    if dates.isna().any():
        row = int(np.flatnonzero(dates.isna())[0])
        raise TableError(
            f"{path.name}, line {row + 2}: {column} is no date ({raw[column][row]!r}): write it as 2026-01-31"
        )
    return dates.dt.as_unit("s")


def _duplicates(table: pd.DataFrame, outcome: str) -> tuple[str, ...]:
    again = table[table["night"].duplicated(keep=False)]
    return tuple(
        f"{night:%Y-%m-%d} stands {len(rows)} times ({' and '.join(f'{each:g}' for each in rows[outcome])}):"
        " every row is analysed as its own night, as given; correct the table if they are one night"
        for night, rows in again.groupby("night")
    )


def _outcome_of(
    values: pd.Series,
    name: str,
    *,
    kind: Literal["continuous", "count"],
    better: Literal["higher", "lower"] | None,
    mid: float | None,
    path: Path,
) -> Outcome:
    if mid is not None and not mid > 0:
        raise TableError(f"{path.name}: --mid is {mid:g}: give a number above 0")
    if kind == "count" and (values.dropna() % 1 != 0).any() | (values.dropna() < 0).any():
        raise TableError(f"{path.name}: {name} is not a count in every row: use --kind continuous")
    if name in OUTCOMES and OUTCOMES[name].kind == kind:
        known = OUTCOMES[name]
        return replace(known, better=better or known.better, mid=mid or known.mid)
    percent = kind == "count" and mid is None and float(values.mean()) > 10
    quarter = 0.25 * float(values.std()) or 1.0
    default = (10.0 if percent else 0.5) if kind == "count" else float(f"{quarter:.2g}")
    return Outcome(
        name=name,
        label=name,
        unit="a night" if kind == "count" else "min" if name.endswith("_min") else "units",
        better=better or ("lower" if kind == "count" else "higher"),
        mid=mid or default,
        scale="percent" if percent else "difference",
        kind=kind,
        source="given with the table" if mid else "n1trial default for a table of one's own",
    )
