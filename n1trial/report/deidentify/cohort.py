"""The de-identified copy of a cohort's report: people have numbers instead of names."""

import re
from collections.abc import Mapping
from dataclasses import replace

from n1trial.cohort import Cohort, CohortEffects
from n1trial.cohort.two_stage import SummaryCohort
from n1trial.report.content.cohort_inputs import CohortMaterial

# Facts about the computation that identify nobody.
KEPT_FACTS = (
    "draws",
    "largest R-hat",
    "least effective draws",
    "divergences",
    "Pareto’s k",
    "versions",
    "trial folders",
    "summaries",
)


def shared_cohort(material: CohortMaterial) -> CohortMaterial:
    """The inputs without names of people, title, seeds and names of files."""
    cohort = material.cohort
    named = _numbered((*cohort.names, *cohort.left_out))
    return replace(
        material,
        cohort=_renamed(cohort, named),
        effects=_without_names(material.effects, named),
        raw=material.raw.assign(person=material.raw["person"].map(lambda name: named.get(name, name))),
        facts={name: value for name, value in material.facts.items() if name in KEPT_FACTS},
        title="",
    )


def _numbered(names: tuple[str, ...]) -> dict[str, str]:
    return {name: f"person {number}" for number, name in enumerate(dict.fromkeys(names), start=1)}


def _renamed(cohort: Cohort | SummaryCohort, named: Mapping[str, str]) -> Cohort | SummaryCohort:
    notes = tuple(_replaced(note, named) for note in cohort.notes)
    left_out = {named[name]: _replaced(why, named) for name, why in cohort.left_out.items()}
    if isinstance(cohort, SummaryCohort):
        return replace(
            cohort,
            names=tuple(named[name] for name in cohort.names),
            nights=cohort.nights.rename(index=named),
            notes=notes,
            left_out=left_out,
        )
    return replace(
        cohort,
        people=tuple(replace(person, name=named[person.name]) for person in cohort.people),
        modifiers=cohort.modifiers.rename(index=named),
        notes=notes,
        left_out=left_out,
    )


def _without_names(effects: CohortEffects, named: Mapping[str, str]) -> CohortEffects:
    contrasts = tuple(
        replace(effect, people=effect.people.rename(index=named)) for effect in effects.contrasts
    )
    problems = tuple(replace(problem, words=_replaced(problem.words, named)) for problem in effects.problems)
    return replace(effects, contrasts=contrasts, problems=problems)


def _replaced(text: str, named: Mapping[str, str]) -> str:
    """The text with every name replaced by its number, the longest first, so that no part of a name remains."""
    longest_first = sorted(named, key=len, reverse=True)
    pattern = "|".join(rf"(?<!\w){re.escape(name)}(?!\w)" for name in longest_first)
    return re.sub(pattern, lambda match: named[match[0]], text) if pattern else text
