"""From cells to the typed rows of a table, and from the rows of one person to their trial."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from n1trial.data.left_out import LeftOut
from n1trial.data.read_table._arms import Arms, read_arms
from n1trial.data.read_table._calendar import (
    UNKNOWN_ARM,
    in_order,
    numbered_periods,
    stands_twice,
    with_absent_nights,
    without_empty_repeats,
)
from n1trial.data.read_table._cells import cells_of, dates, marked, numbers, read_cells
from n1trial.data.read_table._covariates import read_covariates
from n1trial.data.read_table._names import kept_as
from n1trial.data.read_table._outcomes import Asked, notes_of, outcome_of, refuse_other_unit
from n1trial.data.trial_data import RESTS_ON, Drawn, TrialData
from n1trial.design.contrast import Contrast
from n1trial.design.outcomes import Outcome
from n1trial.errors import TableError
from n1trial.system.arguments import GivenPath, path_of

# Names of columns that hold what recorded a night.
DEVICES = ("device", "recorder", "tracker")
# More dates are not named one by one.
MOST_NAMED = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Columns:
    """Names of the columns of a table, None where it has none of that kind, and what to do with its nights."""

    arm: str
    outcomes: tuple[Asked, ...]
    night: str | None = None
    block: str | None = None
    period: str | None = None
    asleep: str | None = None
    rests_on: str | None = None
    covariates: tuple[str, ...] = ()
    run_in: int | str | None = None
    washout_nights: int = 0
    drawn: Drawn | None = None

    @property
    def with_a_part(self) -> tuple[str, ...]:
        """Every column that the table must have, but for the covariates."""
        run_in = self.run_in if isinstance(self.run_in, str) else None
        single = (self.arm, self.night, self.block, self.period, self.asleep, self.rests_on, run_in)
        return tuple(filter(None, (*single, *(asked.column for asked in self.outcomes))))


def name_of(table: GivenPath | pd.DataFrame) -> Path:
    """The path of a table that is a file; what messages call one of pandas."""
    return Path("the table") if isinstance(table, pd.DataFrame) else path_of(table, "table")


def raw_of(
    given: GivenPath | pd.DataFrame, columns: Columns, *, reference: str, further: Sequence[str] = ()
) -> pd.DataFrame:
    """The cells of a table, a file or one of pandas, that has every column that was named."""
    path = name_of(given)
    wanted = (*columns.with_a_part, *columns.covariates, *further)
    raw = (
        cells_of(given)
        if isinstance(given, pd.DataFrame)
        else read_cells(path, expected=(*wanted, reference))
    )
    for column in wanted:
        if column not in raw.columns:
            raise TableError(f"{path.name}: no column {column!r}: choose from {', '.join(raw.columns)}")
    return raw


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Rows:
    """Typed columns of every row that counts, by its line, and what holds for all of them.

    `notes` are of the table, and `assumptions` of what was not given with it.
    """

    table: pd.DataFrame
    arms: Arms
    outcomes: tuple[Outcome, ...]
    covariates: tuple[str, ...]
    labels: Mapping[str, str]
    contrasts: tuple[Contrast, ...]
    notes: tuple[str, ...]
    assumptions: tuple[str, ...]


def typed_rows(
    raw: pd.DataFrame,
    columns: Columns,
    path: Path,
    *,
    reference: str,
    labels: Mapping[str, str],
    contrasts: Sequence[tuple[str, str]],
) -> Rows:
    """Type the cells; parameters and refusals as in `read_table`."""
    raw, notes = _counted_once(raw, columns.night)
    without = pd.Series(False, index=raw.index)
    run_in = marked(raw, columns.run_in, path) if isinstance(columns.run_in, str) else without
    arms = read_arms(
        raw[columns.arm], reference=reference, nothing_taken=run_in, column=columns.arm, path=path
    )
    no_date = pd.Series(pd.NaT, index=raw.index, dtype="datetime64[s]")
    table = pd.DataFrame(
        {
            "night": dates(raw, columns.night, path) if columns.night else no_date,
            "arm": arms.of_rows,
            "block": _blocks(raw[columns.block]) if columns.block else 0,
            "given_period": raw[columns.period] if columns.period else "",
            "run_in": run_in,
        }
    )
    measured = [asked.column for asked in columns.outcomes]
    for name in dict.fromkeys(filter(None, (*measured, columns.asleep))):
        table[kept_as(name)] = numbers(raw, name, path)
    if columns.asleep is not None:
        refuse_other_unit(table[kept_as(columns.asleep)], columns.asleep, path=path, minutes=True)
    outcomes = tuple(
        outcome_of(table[asked.name], asked, labels=labels, path=path) for asked in columns.outcomes
    )
    covariates = read_covariates(raw, columns.covariates, taken=columns.with_a_part, path=path)
    table = table.join(covariates)
    if device := _device_column(raw, columns):
        table["device"] = raw[device].where(raw[device] != "", None)
    if columns.rests_on:
        table[RESTS_ON] = numbers(raw, columns.rests_on, path)
        wrong = ~(table[RESTS_ON] >= 1)
        if wrong.any():
            line = wrong.index[wrong][0]
            raise TableError(
                f"{path.name}, line {line}: {columns.rests_on} must be 1 night or more: correct it"
            )
    return Rows(
        table=table,
        arms=arms,
        outcomes=outcomes,
        covariates=tuple(covariates),
        labels=arms.labelled(labels, path, others=measured),
        contrasts=tuple(arms.contrast(pair, path) for pair in contrasts),
        notes=(*notes, *arms.notes, *_of_no_use(covariates)),
        assumptions=(*notes_of(columns.outcomes, outcomes), *_unnamed(arms, labels)),
    )


def _device_column(raw: pd.DataFrame, columns: Columns) -> str | None:
    """The column of what recorded each night, where there is one that has no other part."""
    taken = (*columns.with_a_part, *columns.covariates)
    return next((name for name in raw.columns if name.lower() in DEVICES and name not in taken), None)


def _unnamed(arms: Arms, labels: Mapping[str, str]) -> Iterator[str]:
    """A note where arms have numbers for names, which a report cannot be read by."""
    bare = [name for name in arms.names if name.replace(".", "").isdecimal() and name not in labels]
    if bare and len(bare) == len(arms.names):
        options = " ".join(f'--label "{name}=…"' for name in bare)
        yield f"the arms are called {' and '.join(bare)}: name them with {options}"


def _of_no_use(covariates: pd.DataFrame) -> Iterator[str]:
    """A note of each covariate that has the same value on every night that has one."""
    for name in covariates:
        if covariates[name].nunique() < 2:
            yield f"{name} never changes in this table, so that nothing can be allowed for by it"


def _counted_once(raw: pd.DataFrame, night: str | None) -> tuple[pd.DataFrame, tuple[str, ...]]:
    """The rows without those that repeat another one of their date to the letter, and a note of each such date.

    Without dates two rows that are alike are two nights.
    """
    if night is None:
        return raw, ()
    alike = raw[raw.duplicated()]
    notes = tuple(
        f"{date} stands {1 + len(rows)} times in rows that are alike: counted once"
        for date, rows in alike.groupby(night, sort=False)
    )
    if len(notes) > MOST_NAMED:
        notes = (f"{len(notes)} dates stand several times in rows that are alike: each is counted once",)
    return raw.drop_duplicates(), notes


def _blocks(cells: pd.Series) -> pd.Series:
    """Blocks by number from 1, 0 where a cell is empty; where every cell is 0 there are none."""
    named = cells.mask(cells == "")
    if {*cells} == {"0"}:
        named = named.mask(cells == "0")
    return pd.Series(pd.factorize(named)[0] + 1, index=cells.index)


def trial_of(table: pd.DataFrame, rows: Rows, columns: Columns, *, blinded: bool | None) -> TrialData:
    """One person's trial from the rows of their table."""
    nightly = columns.drawn == "coin" and columns.period is None
    table = in_order(table).reset_index(drop=True)
    notes: tuple[str, ...] = ()
    if columns.night is None:
        table["day"] = np.arange(len(table))
    else:
        table, empty = without_empty_repeats(table, [outcome.name for outcome in rows.outcomes])
        notes = (*empty, *stands_twice(table, rows.outcomes[0].name))
        table, absent = with_absent_nights(table, nightly=nightly)
        notes = (*notes, *absent)
        table["day"] = (table["night"] - table["night"].iloc[0]).dt.days
    if isinstance(columns.run_in, int):
        table["run_in"] = table["day"] < columns.run_in
    table["period"] = numbered_periods(table, nightly=nightly)
    table.loc[table["run_in"], ["period", "block"]] = 0
    # By number in the order of the nights, whatever they are called.
    table["block"] = pd.factorize(table["block"].where(table["block"] > 0))[0] + 1
    since = table["day"] - table.groupby("period")["day"].transform("min")
    recorded = table[[outcome.name for outcome in rows.outcomes]].notna().any(axis=1)
    table["left_out"] = np.select(
        [table["run_in"], since < columns.washout_nights, ~recorded],
        [LeftOut.RUN_IN, LeftOut.WASHOUT, LeftOut.NO_RECORD],
        default=LeftOut.NO,
    )
    table["flags"] = ""
    present = {*table["arm"]}
    reference = rows.arms.reference
    others = (name for name in dict.fromkeys(table["arm"]) if name not in (reference, UNKNOWN_ARM))
    arms = (reference, *others)
    asleep = next((outcome.name for outcome in rows.outcomes if outcome.measure.whole_sleep), None)
    return TrialData(
        table=table.drop(columns=["given_period", "run_in"]),
        arms=arms,
        reference=reference,
        labels={arm: rows.labels[arm] for arm in arms}
        | ({UNKNOWN_ARM: "not known"} if UNKNOWN_ARM in present else {}),
        further_contrasts=tuple(contrast for contrast in rows.contrasts if {*contrast.arms} <= {*arms}),
        outcomes=rows.outcomes,
        notes=notes,
        sleep_time=kept_as(columns.asleep) if columns.asleep else asleep,
        covariates=rows.covariates,
        blinded=blinded,
        drawn=columns.drawn or "blocks",
    )
