"""The last section: design, verdict rule, models, checks and provenance."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from n1trial.design.outcomes import BAD_NIGHTS
from n1trial.inference.inla import bad_nights, typical
from n1trial.report import sentences
from n1trial.report.content import tables
from n1trial.report.content.cent_checklist import CentItem, cent_items
from n1trial.report.content.inputs import Material
from n1trial.report.content.main_figures import Picture
from n1trial.report.content.methods_figures import pictures_of_methods
from n1trial.report.content.tables import Table
from n1trial.report.sentences import headings


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelInWords:
    """One model: of which outcome, what it assumes, its formula and its priors."""

    title: str
    assumes: str
    formula: str
    priors: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Methods:
    """The methods, in the order in which they are shown."""

    design: Sequence[str]
    mids: str
    rule: Sequence[str]
    models: Sequence[ModelInWords]
    intervals: str
    diagnostics: Table
    without_verdict: Sequence[str]
    secondary: str
    effects: Table | None
    further: Sequence[str]
    pictures: Sequence[Picture]
    checks: Sequence[Table]
    cent: Sequence[CentItem]
    cent_missing: str
    facts: Mapping[str, str]
    earlier: Sequence[str]
    numbers: Sequence[Table]


def describe_methods(material: Material, shown: Sequence[Picture]) -> Methods:
    """The methods; `shown` are the figures of the first section, whose tables are part of the methods."""
    data, fits = material.data, material.fits
    further = list(pictures_of_methods(material))
    open_effects = [effects for effects in material.effects if not effects.problems]
    items = cent_items(material)
    return Methods(
        design=sentences.design_lines(data, material.protocol),
        mids=sentences.mids_in_words([fit.outcome for fit in fits]),
        rule=sentences.rule_in_words(data.rule),
        models=[
            *(
                ModelInWords(
                    title=fit.outcome.label, assumes=fit.assumes, formula=fit.formula, priors=fit.priors
                )
                for fit in fits
            ),
            *_beyond_the_mean(material),
        ],
        intervals=sentences.INTERVALS,
        diagnostics=tables.diagnostics_table(fits),
        without_verdict=[
            sentences.without_verdict(effects.outcome, effects.problems)
            for effects in material.effects[1:]
            if effects.problems
        ],
        secondary=sentences.secondary_in_words(
            len(material.effects) + sum(effects.distribution is not None for effects in material.effects),
            sum(
                len(effects.contrasts) * (1 + (effects.distribution is not None))
                for effects in material.effects
            ),
        ),
        effects=tables.effects_table(open_effects, data) if open_effects else None,
        further=[
            sentences.answer_compared(effect, data.labels)
            for effects in open_effects
            for effect in effects.contrasts
            if effect.comparator != data.reference
        ],
        pictures=further,
        checks=_checks(material),
        cent=items,
        cent_missing=sentences.missing_items([item.name for item in items if not item.where], len(items)),
        facts=_facts(material),
        earlier=material.earlier,
        numbers=[picture.table for picture in (*shown, *further)],
    )


def _facts(material: Material) -> dict[str, str]:
    """Where the numbers come from; a copy to share has no seed of the sampler."""
    fit = material.fits[0]
    seed = {} if material.shared else {"seed of the sampler": str(fit.seed)}
    versions = {f"version of {name}": version for name, version in fit.versions.items()}
    return {**material.facts, **seed, **versions}


def _checks(material: Material) -> list[Table]:
    labels = {outcome.name: outcome.label for outcome in material.data.outcomes}
    return [
        tables.checks_table(results, labels.get(outcome, outcome))
        for outcome, results in material.checks.items()
        if results
    ]


def _beyond_the_mean(material: Material) -> Iterator[ModelInWords]:
    """The INLA models of bad nights and of the typical night."""
    distribution = next((effects.distribution for effects in material.effects if effects.distribution), None)
    if distribution is None:
        return
    rule = sentences.bad_night_rule(distribution)
    yield ModelInWords(
        title=BAD_NIGHTS.label,
        assumes=f"{rule} {bad_nights.ASSUMES}",
        formula=bad_nights.FORMULA,
        priors=bad_nights.priors_in_words(material.data),
    )
    if distribution.typical:
        yield ModelInWords(
            title=headings.TYPICAL, assumes=typical.ASSUMES, formula=typical.FORMULA, priors={}
        )
