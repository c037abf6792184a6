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
    """Read a long table of several people's nights.

    Parameters
    ----------
    table : Path, str or DataFrame [night]
        A CSV file, or a table of pandas.
    person : str
        Column that names the person.
    arm : str
        Column of the arm of each night.
    reference : str or int
        The arm that the others are compared with.
    outcome : str
        Column of what is compared.
    kind : "continuous", "count" or None
        Kind of the outcome; as in `read_table`.
    better : "higher", "lower" or None
        The better direction; as in `read_table`.
    mid : float or None
        Smallest worthwhile effect in the outcome's unit; as in `read_table`.
    unit : str or None
        Unit of the outcome; as in `read_table`.
    night : str or None
        Column of the date of the evening; None: the rows of a person count as consecutive nights.
    block, period : str or None
        Columns of the block and the period; as in `read_table`.
    rests_on : str or None
        Column of how many nights a row is the mean of, where rows are means. Without it and without dates, rows
        that are one value an arm and person count as means of one night each.
    covariates : sequence of str [covariate]
        Columns of what was known before the dose; as in `read_table`.
    run_in : int, str or None
        Each person's first calendar nights that are left out, or the column that marks them.
    washout_nights : int
        How many of the first nights of every period are left out.
    contrasts : sequence of (str, str) [contrast]
        Further comparisons: arm minus arm.
    labels : mapping of str or int to str
        What arms and the outcome are called in a report, by their names in the table.
    drawn : "blocks", "coin", "none" or None
        How the order of the arms was drawn by lot; None: taken as within blocks.
    modifiers : sequence of str [modifier]
        Columns with one value a person that may change the effects, such as an age group.
    blinded : bool or None
        Whether the arms were hidden from the people; None: not known.

    Returns
    -------
    people : dict of str to TrialData
        Every person's trial by name, without arms that they did not try.
    modifiers : DataFrame [person, modifier] or None
        Their modifiers; None where none were asked for.

    Raises
    ------
    TableError
        As `read_table`; or a modifier that has two values for one person.

    Examples
    --------
    >>> import pandas as pd
    >>> from n1trial import read_people
    >>> table = pd.DataFrame({"who": ["Ann"] * 4 + ["Ben"] * 4, "arm": ["none", "glycine"] * 4})
    >>> table["tst_min"] = [400.0, 410.0, 395.0, 415.0] * 2
    >>> people, modifiers = read_people(table, person="who", arm="arm", reference="none", outcome="tst_min")
    >>> list(people), modifiers is None
    (['Ann', 'Ben'], True)
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
    # Notes of the whole table go to the first person only.
    first = next(iter(people))
    spelled = tuple(f"{names_in_words} and are taken as one person" for names_in_words in several)
    people[first] = replace(
        people[first], notes=(*spelled, *rows.notes, *people[first].notes, *rows.assumptions)
    )
    return people, _modifiers(raw, raw[person], modifiers, path) if modifiers else None


def _modifiers(raw: pd.DataFrame, names: pd.Series, columns: Sequence[str], path: Path) -> pd.DataFrame:
    modifier_columns = {}
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
        modifier_columns[column] = of_person if as_numbers.isna().any() else as_numbers.astype(float)
    return pd.DataFrame(modifier_columns)
