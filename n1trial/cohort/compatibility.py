"""What must be the same in all people of a cohort, and is refused by name where it is not."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pandas as pd

from n1trial.cohort.people import Person
from n1trial.design.outcomes import Outcome
from n1trial.errors import CohortError
from n1trial.markup.text import amount_in_words

# So many nights of the same date with the same value are no coincidence.
SAME_NIGHTS, SAME_SHARE = 5, 0.5
# Nobody sleeps a tenth or ten times as long as others; minutes awake may well differ that much.
OTHER_UNIT = 10.0


def each_once(people: Sequence[Person]) -> None:
    """Refuse a name that is given twice."""
    twice = [name for name, times in Counter(person.name for person in people).items() if times > 1]
    if twice:
        raise CohortError(f"{', '.join(twice)}: given twice: give every person once, each under a name")


def agreed_outcome(people: Sequence[Person], name: str, mid: float | None) -> Outcome:
    """The outcome of this name, which all people must define alike; `mid` overrides the smallest worthwhile effect."""
    first_with: dict[Outcome, str] = {}
    for person in people:
        of_person = {measured.name: measured for measured in person.data.outcomes}
        if name not in of_person:
            raise CohortError(
                f"{person.name}: no outcome {name!r} (it has {', '.join(of_person)}): leave the person out, or"
                " choose another outcome with --outcome"
            )
        one = of_person[name]
        first_with.setdefault(one if mid is None else replace(one, mid=mid), person.name)
    if len(first_with) > 1:
        (first, one_person), (second, other_person) = list(first_with.items())[:2]
        differs = next(
            field
            for field in ("unit", "kind", "scale", "better", "mid", "label", "source")
            if getattr(first, field) != getattr(second, field)
        )
        raise CohortError(
            f"{name}: {differs} is {getattr(first, differs)} for {one_person} and {getattr(second, differs)} for"
            f" {other_person}: "
            + ("give --mid for everybody" if differs == "mid" else "leave one of them out")
        )
    return next(iter(first_with))


def agreed_reference(people: Sequence[Person]) -> str:
    """The reference arm, which must be the same for everybody."""
    references = {person.data.reference: person.name for person in reversed(people)}
    if len(references) > 1:
        differing = ", ".join(f"{reference} for {name}" for reference, name in references.items())
        raise CohortError(f"reference: {differing}: the arms must be compared with one and the same")
    return next(iter(references))


def same_doses(people: Sequence[Person]) -> None:
    """Refuse an arm that holds different doses for different people."""
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


def somebody_varies(people: Sequence[Person], outcome: Outcome) -> None:
    """Refuse an outcome that never changes in anybody."""
    if not any(np.ptp(person.data.analysed(outcome)[outcome.name]) > 0 for person in people):
        raise CohortError(f"{outcome.name}: never changes in anybody: check the exports or the column")


def same_unit(people: Sequence[Person], outcome: Outcome) -> None:
    """Refuse a person whose median suggests another unit than that of the others."""
    if not outcome.measure.similar_in_all:
        return
    levels = {person.name: abs(person.data.analysed(outcome)[outcome.name].median()) for person in people}
    middle = float(np.median(list(levels.values())))
    for name, level in levels.items():
        if not middle / OTHER_UNIT < level < middle * OTHER_UNIT:
            raise CohortError(
                f"{name}: the median of {outcome.name} is {amount_in_words(level)}, of the others"
                f" {amount_in_words(middle)}: write everybody's nights in one unit"
            )


def nobody_twice(people: Sequence[Person], outcome: Outcome) -> None:
    """Refuse two people who are one person twice: the same values on the same dates."""
    series = {
        person.name: person.data.analysed(outcome).dropna(subset="night").set_index("night")[outcome.name]
        for person in people
    }
    recorded = pd.DataFrame({name: nights.groupby(level=0).first() for name, nights in series.items()})
    values = recorded.to_numpy(float)
    for one in range(values.shape[1] - 1):
        both_recorded = ~np.isnan(values[:, [one]]) & ~np.isnan(values[:, one + 1 :])
        same = (values[:, [one]] == values[:, one + 1 :]) & both_recorded
        # Whole counts are alike by chance; only minutes tell.
        alike = same.sum(axis=0)
        doubtful = (alike >= SAME_NIGHTS) & (alike >= SAME_SHARE * both_recorded.sum(axis=0))
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
