"""A table of one's own, of any device and any supplement, becomes a TrialData.

Nothing is averaged or dropped in silence: a date that stands twice is named, and both rows are analysed as
they were given.
"""

import csv
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

import numpy as np
import pandas as pd

from n1trial.errors import TableError
from n1trial.outcomes import OUTCOMES, Outcome
from n1trial.trial import RESTS_ON, TrialData

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
    columns = _Columns(
        arm=arm, outcome=outcome, night=night, block=block, period=period, asleep=asleep, rests_on=None
    )
    raw = _text_table(path)
    _there(raw, columns, path)
    table = _prepared(raw, columns, path)
    arms = list(dict.fromkeys(table["arm"]))
    if reference not in arms:
        raise TableError(f"{path.name}: no night has {arm} = {reference!r}: choose from {', '.join(arms)}")
    if len(arms) < 2:
        raise TableError(f"{path.name}: only one arm ({reference}): give nights of another to compare with")
    for name in arms:
        if table.loc[table["arm"] == name, outcome].isna().all():
            raise TableError(
                f"{path.name}: arm {name!r} has no night with {outcome}: remove it, or add its nights"
            )
    told = _outcome_of(table[outcome], outcome, kind=kind, better=better, mid=mid, path=path)
    return _trial(table, columns, reference=reference, outcome=told, blinded=blinded)


def read_people(
    path: Path,
    *,
    person: str,
    arm: str,
    reference: str,
    outcome: str,
    kind: Literal["continuous", "count"] = "continuous",
    better: Literal["higher", "lower"] | None = None,
    mid: float | None = None,
    night: str | None = None,
    block: str | None = None,
    period: str | None = None,
    rests_on: str | None = None,
    modifiers: Sequence[str] = (),
    blinded: bool | None = None,
) -> tuple[dict[str, TrialData], pd.DataFrame | None]:
    """Read a long table of several people's nights; other parameters as in `read_table`.

    Parameters
    ----------
    person
        Column that names the person.
    rests_on
        Column of how many nights a row is the mean of, where rows are means.
    modifiers
        Columns with one value a person that may change the effects, such as an age group.

    Returns
    -------
    Every person's trial by name, arms that they did not try left out; and the modifiers, a row a person, None
    where none were asked.

    Raises
    ------
    TableError
        As `read_table`; or a modifier that has two values for one person.
    """
    columns = _Columns(
        arm=arm, outcome=outcome, night=night, block=block, period=period, asleep=None, rests_on=rests_on
    )
    raw = _text_table(path)
    _there(raw, columns, path, further=(person, *modifiers))
    table = _prepared(raw, columns, path)
    names = raw[person].str.strip()
    if (names == "").any():
        row = int(np.flatnonzero(names == "")[0]) + 2
        raise TableError(f"{path.name}, line {row}: column {person!r} is empty: name the person")
    if reference not in set(table["arm"]):
        arms = ", ".join(dict.fromkeys(table["arm"]))
        raise TableError(f"{path.name}: no night has {arm} = {reference!r}: choose from {arms}")
    told = _outcome_of(table[outcome], outcome, kind=kind, better=better, mid=mid, path=path)
    people = {
        str(name): _trial(rows.copy(), columns, reference=reference, outcome=told, blinded=blinded)
        for name, rows in table.groupby(names, sort=False)
    }
    return people, _modifiers(raw, names, modifiers, path) if modifiers else None


def _modifiers(raw: pd.DataFrame, names: pd.Series, columns: Sequence[str], path: Path) -> pd.DataFrame:
    found = {}
    for column in columns:
        values = raw[column].str.strip().groupby(names, sort=False)
        several = values.nunique()
        if (several > 1).any():
            name = several.index[several > 1][0]
            raise TableError(
                f"{path.name}: {column} has {several[name]} values for {name}: give one a person"
            )
        of_person = values.first()
        numbers = pd.to_numeric(of_person, errors="coerce")
        found[column] = of_person if numbers.isna().any() else numbers.astype(float)
    return pd.DataFrame(found)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Columns:
    """Names of the columns of a table; None where it has none of that kind."""

    arm: str
    outcome: str
    night: str | None
    block: str | None
    period: str | None
    asleep: str | None
    rests_on: str | None


def _there(raw: pd.DataFrame, columns: _Columns, path: Path, *, further: Sequence[str] = ()) -> None:
    for column in filter(None, (*(getattr(columns, name) for name in _Columns.__slots__), *further)):
        if column not in raw.columns:
            raise TableError(f"{path.name}: no column {column!r}: choose from {', '.join(raw.columns)}")


def _prepared(raw: pd.DataFrame, columns: _Columns, path: Path) -> pd.DataFrame:
    """Typed columns of every row of a table, in its order."""
    arm, outcome = columns.arm, columns.outcome
    table = pd.DataFrame({"arm": raw[arm].str.strip(), outcome: _numbers(raw, outcome, path)})
    if (table["arm"] == "").any():
        row = int(np.flatnonzero(table["arm"] == "")[0]) + 2
        raise TableError(f"{path.name}, line {row}: column {arm!r} is empty: name the arm, or remove the row")
    table["night"] = _dates(raw, columns.night, path)
    table["block"] = pd.factorize(raw[columns.block])[0] + 1 if columns.block else 0
    if columns.asleep and columns.asleep != outcome:
        table[columns.asleep] = _numbers(raw, columns.asleep, path)
    if columns.rests_on:
        table[RESTS_ON] = _numbers(raw, columns.rests_on, path)
        if not (table[RESTS_ON] >= 1).all():
            row = int(np.flatnonzero(~(table[RESTS_ON] >= 1))[0]) + 2
            raise TableError(
                f"{path.name}, line {row}: {columns.rests_on} must be 1 night or more: correct it"
            )
    table["given_period"] = raw[columns.period] if columns.period else ""
    return table


def _trial(
    table: pd.DataFrame, columns: _Columns, *, reference: str, outcome: Outcome, blinded: bool | None
) -> TrialData:
    """One person's trial from the rows of their table."""
    if columns.night:
        table = table.sort_values("night", kind="stable")
    table = table.reset_index(drop=True)
    arms = list(dict.fromkeys(table["arm"]))
    turn = table[["arm", "block", "given_period"]]
    table["period"] = (turn != turn.shift()).any(axis=1).cumsum()
    table["day"] = (
        (table["night"] - table["night"].iloc[0]).dt.days if columns.night else np.arange(len(table))
    )
    table["left_out"] = np.where(table[outcome.name].isna(), "no record", "")
    table["flags"] = ""
    return TrialData(
        table=table.drop(columns="given_period"),
        arms=(reference, *(name for name in arms if name != reference)),
        reference=reference,
        labels={name: name for name in (reference, *arms)},
        outcomes=(outcome,),
        notes=_duplicates(table, outcome.name) if columns.night else (),
        sleep_time=columns.asleep,
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
