"""The content of a report in the order of reading, from which page and text are rendered.

The answer comes first, the methods last. Nothing in this module depends on HTML.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from n1trial.design.verdict import Problem
from n1trial.markup.text import capitalised, ended
from n1trial.report import sentences
from n1trial.report.content import tables
from n1trial.report.content.answers import Answer, answer_arms, other_outcomes, other_verdicts
from n1trial.report.content.inputs import Material
from n1trial.report.content.main_figures import Picture, pictures_of_answer
from n1trial.report.content.methods import Methods, describe_methods
from n1trial.report.content.tables import Table
from n1trial.report.content.trial_summary import (
    confounders_by_arm,
    never_recorded,
    nights_by_arm,
    side_effects,
    what_was_done,
)
from n1trial.report.figures.calendar import MONTHS
from n1trial.report.sentences import headings


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportContent:
    """One report, section by section; with `problems` there is no answer, and `steps` say what to do."""

    title: str
    when: str
    interim: str
    refusal: str
    problems: Sequence[Problem]
    steps: Sequence[str]
    answers: Sequence[Answer]
    keep: str
    other_verdicts: Sequence[str]
    notes: Sequence[str]
    pictures: Sequence[Picture]
    trial_summary: Sequence[str]
    counted: Sequence[Table]
    guardrails: Sequence[str]
    others_found: Sequence[str]
    cannot_tell: str
    methods: Methods


def report_content(material: Material) -> ReportContent:
    """The sentences, tables and pictures of a report."""
    data, main = material.data, material.effects[0]
    shown = list(pictures_of_answer(material))
    return ReportContent(
        title=material.protocol.title
        if material.protocol
        else material.title or sentences.title_of(main.outcome),
        when=_when(material),
        interim=sentences.interim_in_words(data),
        refusal=sentences.refusal(main.problems),
        problems=main.problems,
        steps=sentences.no_verdict(main.problems) if main.problems else (),
        answers=answer_arms(main, data),
        keep=headings.KEEP_DOING if data.habits else headings.KEEP,
        other_verdicts=() if main.problems else tuple(other_verdicts(material)),
        notes=[_sentence(note) for note in data.notes],
        pictures=shown,
        trial_summary=what_was_done(data, material.diary, material.protocol),
        counted=_counted(material),
        guardrails=[
            *other_outcomes(material),
            *never_recorded(data),
            *side_effects(data, material.diary),
        ],
        others_found=others_found(material),
        cannot_tell=sentences.CANNOT_TELL,
        methods=describe_methods(material, shown),
    )


def _sentence(note: str) -> str:
    """A note, which begins with a small letter and has no full stop, as a sentence."""
    return ended(capitalised(note))


def _when(material: Material) -> str:
    nights, whose = material.data.table["night"].dropna(), f"{material.person}, " if material.person else ""
    if nights.empty:
        return f"{whose}{sentences.when_in_words(len(material.data.table), None)}"
    first, last = (
        f"{night.day} {MONTHS[night.month - 1]} {night.year}" for night in (nights.min(), nights.max())
    )
    return f"{whose}{sentences.when_in_words(len(material.data.table), (first, last))}"


def _counted(material: Material) -> list[Table]:
    data = material.data
    by_arm = tables.frame("Nights by arm", nights_by_arm(data, data.outcomes[0]), corner="arm")
    rows = [[data.labels[row[0]], *row[1:]] for row in by_arm.rows]
    counted = [Table(caption=by_arm.caption, header=by_arm.header, rows=rows)]
    means = confounders_by_arm(data, material.diary, material.protocol)
    if not means.empty:
        named = means.rename(columns=dict(data.labels))
        counted.append(tables.frame("What else went on, by arm", named, corner="from the diary"))
    return counted


def others_found(material: Material) -> list[str]:
    """What others found of every supplement of the trial: by the protocol's doses, where there is one."""
    data, protocol = material.data, material.protocol
    if protocol is not None:
        glycine = any(arm.glycine_mg > 0 for arm in protocol.arms)
        magnesium = any(arm.magnesium_mg > 0 for arm in protocol.arms)
    else:
        taken = {supplement for arm in data.arms for supplement in data.supplements(arm)}
        glycine, magnesium = "glycine" in taken, "magnesium" in taken
    return [
        sentence
        for sentence, holds in ((sentences.GLYCINE_FOUND, glycine), (sentences.MAGNESIUM_FOUND, magnesium))
        if holds
    ]
