"""A long table of several people's nights becomes a trial a person."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import pandas as pd

from n1trial.data.read_table._arms import one_spelling
from n1trial.data.read_table._outcomes import Better, Kind, asked_outcomes
from n1trial.data.read_table._rows import Columns, name_of, raw_of, trial_of, typed_rows
from n1trial.data.trial_data import RESTS_ON, Drawn, TrialData
from n1trial.errors import TableError
from n1trial.system.arguments import GivenPath


def read_people(
    table: GivenPath | pd.DataFrame,
    *,
    person: str,
    arm: str,
    reference: str | int,
    outcome: str,
    kind: Kind | None = None,
    better: Better | None = None,
    mid: float | None = None,
    unit: str | None = None,
    night: str | None = None,
    block: str | None = None,
    period: str | None = None,
    rests_on: str | None = None,
    covariates: Sequence[str] = (),
    run_in: int | str | None = None,
    washout_nights: int = 0,
    contrasts: Sequence[tuple[str, str]] = (),
    labels: Mapping[str, str] | Mapping[int, str] = {},
    drawn: Drawn | None = None,
    modifiers: Sequence[str] = (),
    blinded: bool | None = None,
) -> tuple[dict[str, TrialData], pd.DataFrame | None]:
    """Read a long table of several people's nights; other parameters as in `read_table`.

    Parameters
    ----------
    person
        Column that names the person.
    rests_on
        Column of how many nights a row is the mean of, where rows are means. Without it and without dates, rows
        that are one value an arm and person count as means of one night each.
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
    columns = Columns(
        arm=arm,
        outcomes=asked_outcomes(outcome, kind=kind, better=better, mid=mid, unit=unit),
        night=night,
        block=block,
        period=period,
        rests_on=rests_on,
        covariates=tuple(covariates),
        run_in=run_in,
        washout_nights=washout_nights,
        drawn=drawn,
    )
    path, raw = name_of(table), raw_of(table, columns, reference=str(reference), further=(person, *modifiers))
    if (raw[person] == "").any():
        line = raw.index[raw[person] == ""][0]
        raise TableError(f"{path.name}, line {line}: column {person!r} is empty: name the person")
    names, several = one_spelling(raw[person])
    raw = raw.assign(**{person: names})
    called = {str(name): label for name, label in labels.items()}
    rows = typed_rows(raw, columns, path, reference=str(reference), labels=called, contrasts=contrasts)
    names = names[rows.table.index]
    if night is None and rests_on is None and not rows.table[["arm"]].assign(person=names).duplicated().any():
        rows.table[RESTS_ON] = 1.0
    people = {
        str(name): trial_of(own, rows, columns, blinded=blinded)
        for name, own in rows.table.groupby(names, sort=False)
    }
    # What is said of the whole table is said once.
    first = next(iter(people))
    spelled = tuple(f"{each} and are taken as one person" for each in several)
    people[first] = replace(people[first], notes=(*spelled, *rows.notes, *people[first].notes, *rows.unsaid))
    return people, _modifiers(raw, raw[person], modifiers, path) if modifiers else None


def _modifiers(raw: pd.DataFrame, names: pd.Series, columns: Sequence[str], path: Path) -> pd.DataFrame:
    found = {}
    for column in columns:
        values = raw[column].groupby(names, sort=False)
        several = values.nunique()
        if (several > 1).any():
            name = several.index[several > 1][0]
            raise TableError(
                f"{path.name}: {column} has {several[name]} values for {name}: give one a person"
            )
        of_person = values.first()
        as_numbers = pd.to_numeric(of_person, errors="coerce")
        found[column] = of_person if as_numbers.isna().any() else as_numbers.astype(float)
    return pd.DataFrame(found)
