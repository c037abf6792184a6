"""A table of one's own, of any device and any supplement, becomes a TrialData.

Nothing is averaged or dropped in silence: dates that occur twice or are absent, spellings taken as one arm, and how
the order is taken to have been drawn are named in the notes.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import pandas as pd

from n1trial.data.label_swaps import always_in_one_order, may_swap
from n1trial.data.left_out import PLANNED_OUT
from n1trial.data.read_table._cells import NOT_RECORDED
from n1trial.data.read_table._outcomes import Better, Kind, asked_outcomes
from n1trial.data.read_table._people import read_people
from n1trial.data.read_table._rows import Columns, name_of, raw_of, trial_of, typed_rows
from n1trial.data.trial_data import Drawn, TrialData
from n1trial.errors import TableError
from n1trial.system.arguments import GivenPath

__all__ = ["read_people", "read_table"]

# Names of columns that hold people.
PEOPLE = ("participant", "patient", "person", "subject", "user", "who")


def read_table(
    table: GivenPath | pd.DataFrame,
    *,
    arm: str,
    reference: str | int,
    outcome: str | Sequence[str],
    kind: Kind | Sequence[Kind] | None = None,
    better: Better | Sequence[Better] | None = None,
    mid: float | Sequence[float] | None = None,
    unit: str | Sequence[str] | None = None,
    night: str | None = None,
    block: str | None = None,
    period: str | None = None,
    asleep: str | None = None,
    covariates: Sequence[str] = (),
    run_in: int | str | None = None,
    washout_nights: int = 0,
    contrasts: Sequence[tuple[str, str]] = (),
    labels: Mapping[str, str] | Mapping[int, str] = {},
    drawn: Drawn | None = None,
    blinded: bool | None = None,
    prior_width: float = 1.0,
) -> TrialData:
    """Read a table of one's own: any device, any supplement, one row a night.

    Parameters
    ----------
    table : Path, str or DataFrame [night]
        A CSV file, or a table of pandas.
    arm : str
        Column of the arm of each night.
    reference : str or int
        The arm that the others are compared with.
    outcome : str or sequence of str [outcome]
        Column of what is compared, or several, the primary outcome first.
    kind : "continuous", "count", a sequence of these [outcome] or None
        Of each outcome in their order, or one for all; None: that of a known name, else continuous.
    better : "higher", "lower", a sequence of these [outcome] or None
        The better direction; None: higher for continuous outcomes, lower for counts.
    mid : float, sequence of float [outcome] or None
        Smallest worthwhile effect in the outcome's unit, one for each outcome; None: that of a known name, otherwise
        a quarter of the nights' SD, and for counts half an episode a night, or 10 % where there are more than ten a
        night.
    unit : str, sequence of str [outcome] or None
        Unit of each outcome; None: that of a known name, else by the column's name.
    night : str or None
        Column of the date of the evening; None: the rows count as consecutive nights, those of a block together.
    block : str or None
        Column of the block.
    period : str or None
        Column of the period; None: a period is a run of nights on one arm in one block.
    asleep : str or None
        Column of sleep time in minutes, for counts at equal sleep; a column tst_min that is an outcome serves too.
    covariates : sequence of str [covariate]
        Columns of what was known before the dose: numbers, or words, of which each but the first is compared with
        the first. A night without a value has the mean.
    run_in : int, str or None
        How many of the first calendar nights, or the column that marks them, are left out of the comparison.
    washout_nights : int
        How many of the first nights of every period are left out.
    contrasts : sequence of (str, str) [contrast]
        Further comparisons: arm minus arm.
    labels : mapping of str or int to str
        What arms and outcomes are called in a report, by their names in the table.
    drawn : "blocks", "coin", "none" or None
        How the order of the arms was drawn by lot; None: taken as within blocks where there are blocks with every
        arm, else as not drawn. Which of the two is in the notes.
    blinded : bool or None
        Whether the arms were hidden from the person; None: not known.
    prior_width : float
        Multiple of the width of the priors of effects, which are chosen for supplements.

    Returns
    -------
    TrialData
        One row a night, with notes of everything that was assumed.

    Raises
    ------
    TableError
        No such file or column, an arm without nights, a value that is not a number, or nights of several people.

    Examples
    --------
    >>> import pandas as pd
    >>> from n1trial import read_table
    >>> table = pd.DataFrame({"arm": ["none", "glycine"] * 6, "tst_min": [400.0, 412.0, 395.0] * 4})
    >>> trial = read_table(table, arm="arm", reference="none", outcome="tst_min")
    >>> trial.contrasts, len(trial.analysed(trial.outcomes[0]))
    ((Contrast(arm='glycine', comparator='none'),), 12)
    """
    columns = Columns(
        arm=arm,
        outcomes=asked_outcomes(outcome, kind=kind, better=better, mid=mid, unit=unit),
        night=night,
        block=block,
        period=period,
        asleep=asleep,
        covariates=tuple(covariates),
        run_in=run_in,
        washout_nights=washout_nights,
        drawn=drawn,
    )
    path, raw = name_of(table), raw_of(table, columns, reference=str(reference))
    _refuse_several_people(raw, columns, path)
    called = {str(name): label for name, label in labels.items()}
    rows = typed_rows(raw, columns, path, reference=str(reference), labels=called, contrasts=contrasts)
    if len(rows.arms.names) < 2:
        raise TableError(
            f"{path.name}: only one arm ({rows.arms.reference}): give nights of another to compare with"
        )
    for asked in columns.outcomes:
        for name in rows.arms.names:
            if rows.table.loc[rows.table["arm"] == name, asked.name].isna().all():
                raise TableError(
                    f"{path.name}: arm {name!r} has no night with {asked.column}: remove it, or add its nights"
                )
    data = trial_of(rows.table, rows, columns, blinded=blinded)
    _refuse_no_night_left(data, columns, path)
    data = replace(data, notes=(*rows.notes, *data.notes, *rows.assumptions), prior_width=prior_width)
    return _as_drawn(data, columns, path)


def _refuse_several_people(raw: pd.DataFrame, columns: Columns, path: Path) -> None:
    """Refuse a table whose dates mostly occur several times, once for each value of a column that may name people."""
    for column in _unused(raw, columns):
        rows_of_each = raw[column].value_counts()
        if column.lower() in PEOPLE and len(rows_of_each) >= 2 and rows_of_each.min() >= 2:
            raise TableError(
                f"{path.name}: {column!r} names {len(rows_of_each)}: give --person {column} if these are people, or"
                " rename the column if it is something else"
            )
    if columns.night is None:
        return
    measured = raw[[asked.column for asked in columns.outcomes]]
    raw = raw[~measured.apply(lambda cells: cells.str.lower().isin(NOT_RECORDED)).all(axis=1)]
    again = raw[columns.night].duplicated(keep=False) & ~raw.duplicated(keep=False)
    if again.mean() < 0.5:
        return
    for column in _unused(raw, columns):
        rows_of_each = raw[column].value_counts()
        if (
            len(rows_of_each) >= 2
            and rows_of_each.min() >= 2
            and not raw.drop_duplicates().duplicated([column, columns.night]).any()
        ):
            raise TableError(
                f"{path.name}: most dates stand several times, once for each {column!r}: give --person {column} if"
                " these are people, or keep one row a night"
            )


def _unused(raw: pd.DataFrame, columns: Columns) -> pd.Index:
    return raw.columns.difference([*columns.with_a_part, *columns.covariates], sort=False)


def _refuse_no_night_left(data: TrialData, columns: Columns, path: Path) -> None:
    """Refuse a run-in and a washout that leave an arm no night."""
    set_aside = data.table["left_out"].isin(PLANNED_OUT)
    for name in data.arms:
        if set_aside[data.table["arm"] == name].all():
            options = " and ".join(
                option
                for option, given in (("--run-in", columns.run_in), ("--washout", columns.washout_nights))
                if given
            )
            raise TableError(
                f"{path.name}: {options} set every night of arm {name!r} aside: leave some to compare with"
            )


def _as_drawn(data: TrialData, columns: Columns, path: Path) -> TrialData:
    """The trial with how its order was drawn: as given, or inferred from its blocks, and then with a note."""
    if columns.drawn == "blocks" and columns.block is None:
        raise TableError(f"{path.name}: --drawn blocks: needs the column of the blocks: give --block")
    if columns.drawn is not None:
        return data
    outcome = data.outcomes[0]
    if not may_swap(data, outcome):
        return replace(
            data,
            drawn="none",
            notes=(
                *data.notes,
                "nothing says how the order of the arms was drawn: taken as not drawn by lot",
            ),
        )
    if columns.night is not None and always_in_one_order(data, outcome):
        note = "every block has its arms in the same order: taken as not drawn by lot"
        return replace(data, drawn="none", notes=(*data.notes, note))
    note = "the order of the arms is taken as drawn within blocks, because you gave blocks"
    return replace(data, notes=(*data.notes, note))
