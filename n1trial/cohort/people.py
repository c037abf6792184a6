"""Several people's trials of the same arms become one cohort, or are refused by name.

What differs between people and may (level, spread, weekday, device, which of the arms, how many nights) is the
model's business. What may not (the outcome's definition, unit and smallest worthwhile effect, the dose behind
an arm's name, one person counted twice) is refused here.

Whose outcome never changes stays, since a cohort of those whose nights moved would be another one. Who has an arm
that cannot be told apart from the weekday, a covariate or the device is left out by name as long as two others stay:
of these nobody else can tell. Whose arms came one after the other stays, because others who had them in another order
tell the arms from time; where nobody had, or where nobody would stay, the whole has no verdict (`problems`).
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import numpy.typing as npt
import pandas as pd

from n1trial.data.trial_data import TrialData
from n1trial.design.outcomes import Outcome
from n1trial.errors import AnalysisError, CohortError
from n1trial.inference.aliasing import aliases_of_people, lone_aliases
from n1trial.inference.model_matrix import columns_among_others
from n1trial.markup.text import amount_in_words, as_written

LEAST_PEOPLE = 2
# Nights of one date with one and the same value: so many of them are no coincidence.
SAME_NIGHTS, SAME_SHARE = 5, 0.5
# Nobody sleeps a tenth or ten times as long as others; minutes awake may well differ so.
OTHER_UNIT, ALIKE = 10.0, ("tst_min", "se_pct")


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """One person's trial under the name that tables and pictures use."""

    name: str
    data: TrialData


@dataclass(frozen=True, slots=True, kw_only=True)
class Cohort:
    """People who tried the same arms, each by themselves.

    `treatments` are the arms beside the reference, of which every person has tried one or more, or two
    without the reference. `modifiers` has a row a person and a column for everything that may change an
    effect, in units of its own SD around its mean, or 0 and 1 less the share of people; no column where
    nothing was asked. `left_out` says why somebody is not among the people, by name.
    """

    people: tuple[Person, ...]
    outcome: Outcome
    reference: str
    treatments: tuple[str, ...]
    labels: Mapping[str, str]
    further_contrasts: tuple[tuple[str, str], ...] = ()
    modifiers: pd.DataFrame
    left_out: Mapping[str, str] = field(default_factory=dict)
    notes: tuple[str, ...] = ()

    @property
    def names(self) -> tuple[str, ...]:
        """The people's names in order."""
        return tuple(person.name for person in self.people)

    @property
    def arms_tried(self) -> tuple[tuple[str, ...], ...]:
        """The arms that each person has nights of."""
        return tuple(person.data.arms for person in self.people)

    @property
    def contrasts(self) -> tuple[tuple[str, str], ...]:
        """Arm and comparator: every arm against the reference, then the further contrasts."""
        return tuple((arm, self.reference) for arm in self.treatments) + self.further_contrasts

    @property
    def problems(self) -> tuple[str, ...]:
        """What forbids a verdict on an average, one sentence each: what its arm cannot be told apart from."""
        found = aliases_of_people([person.data for person in self.people], self.outcome, self.contrasts)
        return tuple(alias.in_words(self.labels, reference=self.reference) for alias in found)

    @property
    def nights(self) -> pd.DataFrame:
        """One row a person: analysed nights and periods of every arm, 0 where it was not tried."""
        rows = {}
        for person in self.people:
            nights = person.data.analysed(self.outcome)
            rows[person.name] = {
                arm: int((nights["arm"] == arm).sum()) for arm in (self.reference, *self.treatments)
            } | {"periods": int(nights["period"].nunique())}
        return pd.DataFrame.from_dict(rows, orient="index")


def gather(
    people: Sequence[Person],
    outcome: str,
    *,
    mid: float | None = None,
    modifiers: pd.DataFrame | None = None,
) -> Cohort:
    """Put people together for one outcome.

    Parameters
    ----------
    outcome
        Its name; every person must have it.
    mid
        Smallest worthwhile effect for everybody, where the trials differ in theirs.
    modifiers : index person
        What may change an effect, known before the trial: numbers or categories, a row for every person.

    Raises
    ------
    CohortError
        Fewer than two people can be compared, one is there twice, or they differ in what must be the same.
    """
    _each_once(people)
    if mid is not None and not mid > 0:
        raise CohortError(
            f"cohort: the smallest worthwhile effect is {as_written(mid)}: give a number above 0"
        )
    agreed = _agreed_outcome(people, outcome, mid)
    reference = _agreed_reference(people)
    _same_doses(people)
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
    _somebody_varies(kept, agreed)
    _same_unit(kept, agreed)
    _nobody_twice(kept, agreed)
    tried = [arm for person in people for arm in person.data.arms if arm != reference]
    present = {arm for person in kept for arm in person.data.arms}
    treatments = tuple(arm for arm in dict.fromkeys(tried) if arm in present)
    labels = {arm: label for person in reversed(people) for arm, label in person.data.labels.items()}
    further = dict.fromkeys(pair for person in people for pair in person.data.further_contrasts)
    return Cohort(
        people=tuple(kept),
        outcome=agreed,
        reference=reference,
        treatments=treatments,
        labels=labels,
        further_contrasts=tuple(pair for pair in further if {*pair} <= {*treatments}),
        modifiers=_modifiers(modifiers, [person.name for person in kept]),
        left_out=left_out,
        notes=(*_device_note(kept), *(note for person in kept for note in _named_notes(person))),
    )


def _each_once(people: Sequence[Person]) -> None:
    twice = [name for name, times in Counter(person.name for person in people).items() if times > 1]
    if twice:
        raise CohortError(f"{', '.join(twice)}: given twice: give every person once, each under a name")


def _agreed_outcome(people: Sequence[Person], name: str, mid: float | None) -> Outcome:
    found: dict[Outcome, str] = {}
    for person in people:
        of_person = {each.name: each for each in person.data.outcomes}
        if name not in of_person:
            raise CohortError(
                f"{person.name}: no outcome {name!r} (it has {', '.join(of_person)}): leave the person out, or"
                " choose another outcome with --outcome"
            )
        one = of_person[name]
        found.setdefault(one if mid is None else replace(one, mid=mid), person.name)
    if len(found) > 1:
        (first, here), (second, there) = list(found.items())[:2]
        differs = next(
            field
            for field in ("unit", "kind", "scale", "better", "mid", "label", "source")
            if getattr(first, field) != getattr(second, field)
        )
        raise CohortError(
            f"{name}: {differs} is {getattr(first, differs)} for {here} and {getattr(second, differs)} for"
            f" {there}: " + ("give --mid for everybody" if differs == "mid" else "leave one of them out")
        )
    return next(iter(found))


def _agreed_reference(people: Sequence[Person]) -> str:
    references = {person.data.reference: person.name for person in reversed(people)}
    if len(references) > 1:
        said = ", ".join(f"{reference} for {name}" for reference, name in references.items())
        raise CohortError(f"reference: {said}: the arms must be compared with one and the same")
    return next(iter(references))


def _same_doses(people: Sequence[Person]) -> None:
    known: dict[str, tuple[tuple[float, float], str]] = {}
    for person in people:
        for arm, dose in person.data.doses.items():
            first, name = known.setdefault(arm, (dose, person.name))
            if first != dose:
                raise CohortError(
                    f"{arm}: {_dose(first)} for {name} and {_dose(dose)} for {person.name}: an arm must hold the"
                    " same dose for everybody; leave one of them out"
                )


def _dose(dose: tuple[float, float]) -> str:
    return f"{amount_in_words(dose[0])} g glycine with {amount_in_words(dose[1])} mg magnesium"


def _comparable(people: Sequence[Person], outcome: Outcome) -> tuple[list[Person], dict[str, str]]:
    """People with two arms or more, each with the arms that they have nights of; why others are not there."""
    kept, left_out = [], {}
    for person in people:
        nights = person.data.analysed(outcome)
        arms = tuple(arm for arm in person.data.arms if (nights["arm"] == arm).any())
        if len(arms) < 2:
            said = f"only nights on {person.data.labels[arms[0]]}" if arms else "no analysed night"
            left_out[person.name] = f"{said}, so nothing to compare"
            continue
        reference = person.data.reference if person.data.reference in arms else arms[0]
        data = replace(person.data, arms=arms, reference=reference, further_contrasts=())
        try:
            columns_among_others(data, outcome)
        except AnalysisError as error:
            left_out[person.name] = str(error).partition(": ")[2]
            continue
        kept.append(replace(person, data=data))
    confounded = {
        person.name: found[0].in_words(person.data.labels, reference=person.data.reference)
        for person in kept
        if (found := lone_aliases(person.data, outcome))
    }
    if len(kept) - len(confounded) < LEAST_PEOPLE:
        return kept, left_out
    return [person for person in kept if person.name not in confounded], left_out | confounded


def _somebody_varies(people: Sequence[Person], outcome: Outcome) -> None:
    if not any(np.ptp(person.data.analysed(outcome)[outcome.name]) > 0 for person in people):
        raise CohortError(f"{outcome.name}: never changes in anybody: check the exports or the column")


def _same_unit(people: Sequence[Person], outcome: Outcome) -> None:
    if outcome.name not in ALIKE:
        return
    levels = {person.name: abs(person.data.analysed(outcome)[outcome.name].median()) for person in people}
    middle = float(np.median(list(levels.values())))
    for name, level in levels.items():
        if not middle / OTHER_UNIT < level < middle * OTHER_UNIT:
            raise CohortError(
                f"{name}: the median of {outcome.name} is {amount_in_words(level)}, of the others"
                f" {amount_in_words(middle)}: write everybody's nights in one unit"
            )


def _nobody_twice(people: Sequence[Person], outcome: Outcome) -> None:
    series = {
        person.name: person.data.analysed(outcome).dropna(subset="night").set_index("night")[outcome.name]
        for person in people
    }
    recorded = pd.DataFrame({name: each.groupby(level=0).first() for name, each in series.items()})
    values = recorded.to_numpy(float)
    for one in range(values.shape[1] - 1):
        there = ~np.isnan(values[:, [one]]) & ~np.isnan(values[:, one + 1 :])
        same = (values[:, [one]] == values[:, one + 1 :]) & there
        # Whole counts are alike by chance; only minutes tell.
        alike = same.sum(axis=0)
        doubtful = (alike >= SAME_NIGHTS) & (alike >= SAME_SHARE * there.sum(axis=0))
        if outcome.kind == "count":
            continue
        for place in np.flatnonzero(doubtful):
            both = recorded.iloc[:, [one, one + 1 + int(place)]].dropna()
            # Whole hours are alike by chance too, and who never changes is always alike.
            by_chance = float((both.iloc[:, 0].to_numpy()[:, None] == both.iloc[:, 1].to_numpy()).mean())
            if by_chance < 1 and alike[place] >= len(both) * (by_chance + SAME_SHARE * (1 - by_chance)):
                raise CohortError(
                    f"{both.columns[0]} and {both.columns[1]}: {int(alike[place])} nights of the same date have the"
                    " same value, so this is one person twice: give each person once"
                )


def _modifiers(asked: pd.DataFrame | None, names: list[str]) -> pd.DataFrame:
    """Modifiers [person, column] with a mean of 0; numbers in units of their SD, categories against the first."""
    if asked is None:
        return pd.DataFrame(index=names)
    missing = [name for name in names if name not in asked.index]
    if missing:
        raise CohortError(f"{missing[0]}: has no row among the people's properties: add it")
    found: dict[str, npt.NDArray[np.float64]] = {}
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
            found[str(column)] = (values.to_numpy(float) - values.mean()) / spread
        else:
            groups = list(dict.fromkeys(values.astype(str)))
            if len(groups) == 1:
                raise CohortError(f"{column}: {groups[0]} for everybody, so it cannot tell people apart")
            for group in groups[1:]:
                here = (values.astype(str) == group).to_numpy(float)
                found[f"{column}: {group} against {groups[0]}"] = here - here.mean()
    return pd.DataFrame(found, index=names)


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
