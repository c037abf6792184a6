"""The report of a cohort as a self-contained page and as plain lines: average, people, methods."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from markupsafe import Markup

from n1trial.cohort import Cohort, CohortEffect, CohortEffects
from n1trial.cohort.two_stage import SummaryCohort
from n1trial.design.outcomes import Outcome
from n1trial.design.verdict import INTERVAL
from n1trial.markup.jinja import templates
from n1trial.markup.text import capitalised, visible
from n1trial.report import sentences
from n1trial.report.content.cohort_inputs import CohortMaterial
from n1trial.report.figures.canvas import NARROW, WIDE
from n1trial.report.figures.palette import css_variables
from n1trial.report.figures.people import forest_of_people, people_shown
from n1trial.report.figures.svg import inline_svg
from n1trial.report.sentences import people
from n1trial.report.sentences.outcome_words import short_change
from n1trial.system.files import write_whole


@dataclass(frozen=True, slots=True, kw_only=True)
class _Table:
    caption: str
    header: Sequence[str]
    rows: Sequence[Sequence[str]]


def write_cohort(path: Path, material: CohortMaterial) -> None:
    """Write the page; the file is replaced as a whole.

    Parameters
    ----------
    path
        The file to write.
    material
        The inputs of the report.

    Raises
    ------
    FolderError
        The file cannot be written.
    """
    write_whole(path, render_cohort(material))


def render_cohort(material: CohortMaterial) -> str:
    """The report of a cohort as HTML; text of people is escaped."""
    cohort, effects = material.cohort, material.effects
    return (
        templates("report/render")
        .get_template("cohort.html.j2")
        .render(
            light=Markup(css_variables("light")),
            dark=Markup(css_variables("dark")),
            title=material.title or f"{capitalised(cohort.outcome.label)} of {len(cohort.names)} people",
            worth=sentences.threshold(cohort.outcome),
            refusal=sentences.refusal(effects.problems),
            problems=effects.problems,
            answers=[_answer(material, effect) for effect in effects.contrasts] if effects.sound else [],
            notes=(*cohort.notes, *(f"{name} is left out: {why}" for name, why in cohort.left_out.items())),
            cannot_tell=people.CANNOT_TELL,
            methods=material.methods,
            tables=list(_method_tables(material)) if effects.sound else [],
            facts=material.facts,
        )
    )


def cohort_lines(
    effects: CohortEffects, labels: Mapping[str, str], reference: str, companion: pd.DataFrame
) -> Iterator[str]:
    """The answers as plain lines for a terminal; `labels` name the arms, `companion` has the classical averages."""
    if effects.problems:
        yield sentences.refusal(effects.problems)
        yield from (f"- {problem}" for problem in effects.problems)
    for effect in effects.contrasts if effects.sound else ():
        claim, numbers = people.on_average(effect, _named(effect, labels, reference))
        yield f"{people.heading(effect)}. {claim} {numbers}"
        yield f"  {people.how_people_differ(effect)}"
        yield f"  {people.the_next_person(effect)}"
        yield from (f"  {sentence}" for sentence in _beside(effect, companion))


def _beside(effect: CohortEffect, companion: pd.DataFrame) -> Iterator[str]:
    """A sentence where the classical average differs from the model's."""
    for row in companion[companion["contrast"] == effect.contrast].itertuples():
        sentence = people.beside_the_classical(effect, estimate=row.estimate, tau=row.tau)
        if sentence:
            yield sentence


def _label(cohort: Cohort | SummaryCohort, effect: CohortEffect) -> str:
    return _named(effect, cohort.labels, cohort.reference)


def _named(effect: CohortEffect, labels: Mapping[str, str], reference: str) -> str:
    arm = visible(labels[effect.arm])
    return arm if effect.comparator == reference else f"{arm} against {visible(labels[effect.comparator])}"


def _answer(material: CohortMaterial, effect: CohortEffect) -> dict[str, object]:
    label = _label(material.cohort, effect)
    claim, numbers = people.on_average(effect, label)
    raw = material.raw[material.raw["contrast"] == effect.contrast].set_index("person")
    description = people.forest_found(effect, capitalised(label), len(people_shown(effect)))
    name = f"people-{material.effects.contrasts.index(effect)}"

    def drawn(size: str, width: float) -> Markup:
        figure = forest_of_people(effect, raw, style=material.styles[effect.arm], width=width)
        return inline_svg(
            figure, name=f"{name}-{size}", title=f"{label}: each person", description=description
        )

    return {
        "id": name,
        "label": capitalised(label),
        "heading": people.heading(effect),
        "claim": claim,
        "numbers": numbers,
        "differ": people.how_people_differ(effect),
        "next": people.the_next_person(effect),
        "beside": " ".join(_beside(effect, material.companion)),
        "wide": drawn("wide", WIDE),
        "narrow": drawn("narrow", NARROW),
        "found": description,
        "people": _people(material, effect, raw),
    }


def _people(material: CohortMaterial, effect: CohortEffect, raw: pd.DataFrame) -> _Table:
    outcome, nights = effect.outcome, material.cohort.nights
    rows = []
    # As in the figure: from the least gain to the most.
    order = (outcome.sign * effect.people["mean"]).sort_values(kind="stable").index
    for name in order:
        row = effect.people.loc[name]
        own = raw["estimate"].get(name, np.nan)
        rows.append(
            [
                str(name),
                str(nights.loc[name, effect.arm]),
                str(nights.loc[name, effect.comparator]),
                "–" if not np.isfinite(own) else _signed(outcome, float(own)),
                _signed(outcome, row["mean"]),
                f"{_signed(outcome, row['low'])} to {_signed(outcome, row['high'])}",
                sentences.chance(row["p_worthwhile"]),
            ]
        )
    return _Table(
        caption=f"{capitalised(_label(material.cohort, effect))}: each person, {outcome.contrast_unit}, + is"
        f" {sentences.wording(outcome).short_more}",
        header=(
            *("person", "nights on it", "nights without", "by own nights", "with everybody’s"),
            *(f"{INTERVAL:.0%} interval", "chance of a gain worth having"),
        ),
        rows=rows,
    )


def _signed(outcome: Outcome, value: float) -> str:
    digits = 0 if outcome.contrast_unit in ("min", "%", "points") else 1
    rounded = round(value, digits) + 0.0
    return f"{rounded:+.{digits}f}".replace("-", "−") if rounded else f"{rounded:.{digits}f}"


def _method_tables(material: CohortMaterial) -> Iterator[_Table]:
    outcome = material.cohort.outcome
    yield _Table(
        caption="The classical companion beside the model",
        header=(
            *("contrast", "people", "model, average", "SD between people"),
            *("REML with Hartung-Knapp", "p", "SD between people by REML"),
        ),
        rows=[
            [
                str(row.contrast),
                str(row.people),
                _with_span(outcome, effect.average.mean, effect.average.low, effect.average.high),
                f"{effect.spread.mean:.2g}",
                _with_span(outcome, row.estimate, row.low, row.high),
                f"{row.p:.3f}",
                f"{row.tau:.2g}",
            ]
            for row in material.companion.itertuples()
            for effect in material.effects.contrasts
            if effect.contrast == row.contrast
        ],
    )
    yield _Table(
        caption="Other priors of the SD between people",
        header=("contrast", "prior", "average", "SD between people", "Pareto’s k"),
        rows=[
            [
                str(row.contrast),
                row.prior,
                "too far from the draws"
                if np.isnan(row.average)
                else _with_span(outcome, row.average, row.low, row.high),
                "–" if np.isnan(row.spread) else f"{row.spread:.2g}",
                f"{row.k:.2f}",
            ]
            for row in material.sensitivity.itertuples()
        ],
    )
    if len(material.modified):
        yield _Table(
            caption="What changes the effects: per SD, or from group to group"
            + ("" if outcome.kind == "continuous" else "; log rate ratios"),
            header=("property", "arm", "change", f"{INTERVAL:.0%} interval"),
            rows=[
                [
                    row.property,
                    material.cohort.labels[row.arm],
                    f"{row.middle:.2g}",
                    f"{row.low:.2g} to {row.high:.2g}",
                ]
                for row in material.modified.itertuples()
            ],
        )
    yield _Table(
        caption="Priors, before any night",
        header=("of", "prior"),
        rows=[[*row] for row in material.priors.items()],
    )


def _with_span(outcome: Outcome, mean: float, low: float, high: float) -> str:
    ends = f"{short_change(outcome, low)} to {short_change(outcome, high)}"
    return f"{short_change(outcome, mean)} ({ends})"
