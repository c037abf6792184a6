"""Several people's trials of the same arms become one cohort, or are refused by name.

What may differ between people (level, spread, weekday, device, which of the arms, how many nights) is left to the
model. What may not (the outcome's definition, unit and smallest worthwhile effect, the dose behind an arm's name, one
person counted twice) is refused (`compatibility`).

People whose outcome never changes stay, since a cohort of only those whose nights vary would be a selected one.
People with an arm that cannot be told apart from the weekday, a covariate or the device are left out by name, as long
as two others stay, since other people's nights do not separate the two either. People whose arms came one after the
other stay, because others who had them in another order separate the arms from time; where nobody had, or where nobody
would stay, there is no verdict (`Cohort.problems`).
"""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import numpy.typing as npt
import pandas as pd

from n1trial.cohort.compatibility import (
    agreed_outcome,
    agreed_reference,
    each_once,
    nobody_twice,
    same_doses,
    same_unit,
    somebody_varies,
)
from n1trial.cohort.people import Cohort, Person
from n1trial.design.outcomes import Outcome
from n1trial.errors import AnalysisError, CohortError
from n1trial.inference.aliasing import lone_aliases
from n1trial.inference.model_matrix import columns_among_others
from n1trial.markup.text import as_written

LEAST_PEOPLE = 2


def gather(
    people: Sequence[Person],
    outcome: str,
    *,
    mid: float | None = None,
    modifiers: pd.DataFrame | None = None,
) -> Cohort:
    """Put people's trials together as one cohort, for one outcome.

    Parameters
    ----------
    people : sequence of Person
        Two or more, each under a name of their own.
    outcome : str
        Name of the outcome, such as "tst_min"; every person must have it.
    mid : float, in the outcome's contrast unit, optional
        Smallest worthwhile effect for everybody, where the trials differ in theirs.
    modifiers : DataFrame [person, modifier], optional
        What may change an effect and was known before the trial: numbers or categories, a row for every person.

    Returns
    -------
    Cohort
        People who can be compared; `left_out` says why the others cannot.

    Raises
    ------
    CohortError
        Fewer than two people can be compared, one is there twice, or they differ in what must be the same.

    Examples
    --------
    `cohort.people` are three people with 42 nights each of none and glycine.

    >>> import n1trial
    >>> cohort = n1trial.gather(cohort.people, "tst_min")
    >>> cohort.contrasts
    (Contrast(arm='glycine', comparator='none'),)
    """
    each_once(people)
    if mid is not None and not mid > 0:
        raise CohortError(
            f"cohort: the smallest worthwhile effect is {as_written(mid)}: give a number above 0"
        )
    agreed = agreed_outcome(people, outcome, mid)
    reference = agreed_reference(people)
    same_doses(people)
    if any(person.data.sealed for person in people):
        sealed = ", ".join(person.name for person in people if person.data.sealed)
        raise CohortError(f"{sealed}: the arms are still hidden: open the key with n1trial unblind")
    kept, left_out = _comparable(people, agreed)
    if len(kept) < LEAST_PEOPLE:
        why = "".join(f"; {name}: {reason}" for name, reason in left_out.items())
        raise CohortError(
            f"cohort: {len(kept)} person with two arms or more, and an average needs {LEAST_PEOPLE}{why}:"
            " add people, or use n1trial report for one"
        )
    somebody_varies(kept, agreed)
    same_unit(kept, agreed)
    nobody_twice(kept, agreed)
    tried = [arm for person in people for arm in person.data.arms if arm != reference]
    present = {arm for person in kept for arm in person.data.arms}
    treatments = tuple(arm for arm in dict.fromkeys(tried) if arm in present)
    labels = {arm: label for person in reversed(people) for arm, label in person.data.labels.items()}
    further = dict.fromkeys(contrast for person in people for contrast in person.data.further_contrasts)
    return Cohort(
        people=tuple(kept),
        outcome=agreed,
        reference=reference,
        treatments=treatments,
        labels=labels,
        further_contrasts=tuple(contrast for contrast in further if {*contrast.arms} <= {*treatments}),
        modifiers=_modifiers(modifiers, [person.name for person in kept]),
        left_out=left_out,
        notes=(*_device_note(kept), *(note for person in kept for note in _named_notes(person))),
    )


def _comparable(people: Sequence[Person], outcome: Outcome) -> tuple[list[Person], dict[str, str]]:
    """People with two arms or more, each with the arms that they have nights of; why others are not there."""
    kept, left_out = [], {}
    for person in people:
        nights = person.data.analysed(outcome)
        arms = tuple(arm for arm in person.data.arms if (nights["arm"] == arm).any())
        if len(arms) < 2:
            reason = f"only nights on {person.data.labels[arms[0]]}" if arms else "no analysed night"
            left_out[person.name] = f"{reason}, so nothing to compare"
            continue
        reference = person.data.reference if person.data.reference in arms else arms[0]
        data = replace(person.data, arms=arms, reference=reference, further_contrasts=())
        try:
            columns_among_others(data, outcome)
        except AnalysisError as error:
            left_out[person.name] = error.without_place
            continue
        kept.append(replace(person, data=data))
    confounded = {
        person.name: alone[0].in_words(person.data.labels, reference=person.data.reference)
        for person in kept
        if (alone := lone_aliases(person.data, outcome))
    }
    if len(kept) - len(confounded) < LEAST_PEOPLE:
        return kept, left_out
    return [person for person in kept if person.name not in confounded], left_out | confounded


def _modifiers(asked: pd.DataFrame | None, names: list[str]) -> pd.DataFrame:
    """Modifiers [person, column] with a mean of 0; numbers in units of their SD, categories against the first."""
    if asked is None:
        return pd.DataFrame(index=names)
    missing = [name for name in names if name not in asked.index]
    if missing:
        raise CohortError(f"{missing[0]}: has no row among the people's properties: add it")
    scaled: dict[str, npt.NDArray[np.float64]] = {}
    for column, values in asked.loc[names].items():
        if values.isna().any():
            raise CohortError(
                f"{values.index[values.isna()][0]}: {column} is empty: fill it in, or drop {column}"
            )
        if pd.api.types.is_numeric_dtype(values):
            spread = float(values.std())
            if spread == 0:
                raise CohortError(
                    f"{column}: {values.iloc[0]:g} for everybody, so it cannot tell people apart"
                )
            scaled[str(column)] = (values.to_numpy(float) - values.mean()) / spread
        else:
            groups = list(dict.fromkeys(values.astype(str)))
            if len(groups) == 1:
                raise CohortError(f"{column}: {groups[0]} for everybody, so it cannot tell people apart")
            for group in groups[1:]:
                indicator = (values.astype(str) == group).to_numpy(float)
                scaled[f"{column}: {group} against {groups[0]}"] = indicator - indicator.mean()
    return pd.DataFrame(scaled, index=names)


def _device_note(people: Sequence[Person]) -> tuple[str, ...]:
    devices: dict[str, list[str]] = {}
    for person in people:
        if "device" in person.data.table:
            for device in person.data.table["device"].dropna().unique():
                devices.setdefault(str(device), []).append(person.name)
    if len(devices) < 2:
        return ()
    worn = "; ".join(f"{device}: {', '.join(names)}" for device, names in devices.items())
    return (
        f"people wore different devices ({worn}): each person is compared with themselves, so levels do not mix,"
        " but a device that stretches or squeezes sleep does so to its effects",
    )


def _named_notes(person: Person) -> tuple[str, ...]:
    return tuple(f"{person.name}: {note}" for note in person.data.notes)
