"""A figure with its finding in words and the table of its numbers; and the four figures of the first section."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from matplotlib.figure import Figure

from n1trial.analysis.effects import Effects
from n1trial.data.trial_data import TrialData
from n1trial.inference.inla import SleepDistribution
from n1trial.report import sentences
from n1trial.report.content import figure_tables as tables
from n1trial.report.content.inputs import Material
from n1trial.report.content.tables import Table
from n1trial.report.figures import (
    against_reference,
    bad_nights_by_arm,
    every_night,
    quantile_dots,
    tomorrow_night,
)
from n1trial.report.sentences import headings


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """One figure: how to read it, its finding, how it is drawn at a width in pixels, and its numbers."""

    name: str
    title: str
    lead: str
    words: Sequence[str]
    draw: Callable[[float], Figure]
    table: Table


def pictures_of_answer(material: Material) -> Iterator[Picture]:
    """The figures of the first section: size of the effect, bad nights, every night, tomorrow night."""
    main, data = material.effects[0], material.data
    if not material.refused:
        yield _fifty_dots(main, data)
    if main.distribution is not None:
        yield _distribution(main.distribution, data)
    if material.single_nights:
        yield _nights(material)
    if not material.refused and any(effect.better_nights is not None for effect in main.contrasts):
        yield _tomorrow(main, data)


def _fifty_dots(effects: Effects, data: TrialData) -> Picture:
    return Picture(
        name="dots",
        title=headings.DOTS,
        lead=sentences.DOTS_LEAD,
        words=[sentences.dots_in_words(effect, data.labels) for effect in against_reference(effects, data)],
        draw=lambda width: quantile_dots(effects, data, width=width),
        table=tables.dots_table(effects, data),
    )


def _distribution(distribution: SleepDistribution, data: TrialData) -> Picture:
    return Picture(
        name="bad-nights",
        title=headings.DISTRIBUTION,
        lead=sentences.DISTRIBUTION_LEAD,
        words=sentences.distribution_in_words(distribution, data),
        draw=lambda width: bad_nights_by_arm(distribution, data, width=width),
        table=tables.distribution_table(distribution, data),
    )


def _nights(material: Material) -> Picture:
    data = material.data
    sentence = sentences.kept_in_words(data) if material.refused else sentences.means_in_words(data)
    return Picture(
        name="nights",
        title=headings.NIGHTS,
        lead=sentences.NIGHTS_LEAD,
        words=[sentence],
        draw=lambda width: every_night(data, width=width),
        table=tables.nights_table(data),
    )


def _tomorrow(effects: Effects, data: TrialData) -> Picture:
    every = [sentences.tomorrow(effect, data.labels) for effect in against_reference(effects, data)]
    return Picture(
        name="tomorrow",
        title=headings.TOMORROW,
        lead="",
        words=[sentence for sentence in every if sentence],
        draw=lambda width: tomorrow_night(effects, data, width=width),
        table=tables.tomorrow_table(effects, data),
    )
