"""People who tried the same arms, each in a trial of their own, and the cohort that they form."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import pandas as pd

from n1trial.data.trial_data import TrialData
from n1trial.design.contrast import Contrast
from n1trial.design.outcomes import Outcome
from n1trial.design.verdict import Problem
from n1trial.inference.aliasing import aliases_of_people


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """One person's trial under the name that tables and figures use.

    Attributes
    ----------
    name : str
        Unique within a cohort.
    data : TrialData
        The person's trial.

    Examples
    --------
    `data` is that of `fit_model`'s example.

    >>> import n1trial
    >>> n1trial.Person(name="anna", data=data).name
    'anna'
    """

    name: str
    data: TrialData


@dataclass(frozen=True, slots=True, kw_only=True)
class Cohort:
    """People who tried the same arms, each in a trial of their own; made by `gather`.

    Attributes
    ----------
    people : tuple of Person
        Each with the arms that they have nights of.
    outcome : Outcome
        The outcome that is analysed, the same for everybody.
    reference : str
        The arm that the others are compared with.
    treatments : tuple of str
        The other arms. Every person tried two arms or more, the reference among them or not.
    labels : mapping of str to str
        Label of every arm, by its name.
    further_contrasts : tuple of Contrast
        Contrasts beyond those with the reference.
    modifiers : DataFrame [person, modifier]
        What may change an effect: numbers in SDs around their mean, categories as 0 and 1 less their mean.
        No column where nothing was given.
    left_out : mapping of str to str
        Why somebody is not among the people, by name.
    notes : tuple of str
        Remarks on the data, for the report.

    Examples
    --------
    `cohort` is that of `gather`'s example, of three people.

    >>> cohort.reference, cohort.treatments
    ('none', ('glycine',))
    >>> len(cohort.names)
    3
    """

    people: tuple[Person, ...]
    outcome: Outcome
    reference: str
    treatments: tuple[str, ...]
    labels: Mapping[str, str]
    further_contrasts: tuple[Contrast, ...] = ()
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
    def contrasts(self) -> tuple[Contrast, ...]:
        """Every arm against the reference, then the further contrasts."""
        return tuple(Contrast(arm, self.reference) for arm in self.treatments) + self.further_contrasts

    @property
    def problems(self) -> tuple[Problem, ...]:
        """What forbids a verdict on an average: what its arm cannot be told apart from."""
        aliased = aliases_of_people([person.data for person in self.people], self.outcome, self.contrasts)
        return tuple(
            Problem("confounded", *alias.sentence(self.labels, reference=self.reference)) for alias in aliased
        )

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
