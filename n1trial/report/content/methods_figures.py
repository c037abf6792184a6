"""The figures of the methods: periods, prior and posterior, predictions, other analyses, doses, devices."""

from collections.abc import Iterator

from scipy.special import ndtr

from n1trial.analysis.bland_altman import compare_devices
from n1trial.data.importers import device_name
from n1trial.report import sentences
from n1trial.report.content import figure_tables as tables
from n1trial.report.content.dose_timing import minutes_before_sleep
from n1trial.report.content.inputs import Material
from n1trial.report.content.main_figures import Picture
from n1trial.report.figures import (
    Prediction,
    against_reference,
    device_agreement,
    dose_timing,
    forest_of_analyses,
    means_by_period,
    period_means,
    predictive_checks,
    prior_and_posterior,
)
from n1trial.report.sentences import headings

LEAST_NIGHTS_TO_HIDE_ONE = 3
# The name under which the check of that name keeps its numbers.
PREDICTIVE = "posterior predictive"


def pictures_of_methods(material: Material) -> Iterator[Picture]:
    """Every further figure for which this trial has the numbers; none by arm where there is no verdict."""
    if not material.refused:
        if material.single_nights or _periods_hide_nights(material):
            yield _periods(material)
        yield _differently(material)
        yield _beliefs(material)
    predictions = predictions_of(material)
    if predictions:
        yield _predicted(predictions)
    yield from _doses(material)
    yield from _agreement(material)


def _periods_hide_nights(material: Material) -> bool:
    """Whether every period is long enough that no night can be read from its mean."""
    means = period_means(material.data, material.effects[0].outcome)
    return all(each.nights >= LEAST_NIGHTS_TO_HIDE_ONE for each in means)


def _periods(material: Material) -> Picture:
    data, outcome = material.data, material.effects[0].outcome
    means = period_means(data, outcome)
    by_block = {
        block: {period_mean.arm: period_mean.mean for period_mean in means if period_mean.block == block}
        for block in dict.fromkeys(period_mean.block for period_mean in means if period_mean.block)
    }
    findings = []
    for arm in data.treatments:
        gains = [
            outcome.sign * (mean_of[arm] - mean_of[data.reference])
            for mean_of in by_block.values()
            if arm in mean_of and data.reference in mean_of
        ]
        if gains:
            better = sum(gain > 0 for gain in gains)
            findings.append(
                sentences.blocks_in_words(better, len(gains), data.labels[arm], data.labels[data.reference])
            )
    return Picture(
        name="periods",
        title=headings.PERIODS,
        lead=sentences.PERIODS_LEAD,
        words=findings or [sentences.kept_in_words(data)],
        draw=lambda width: means_by_period(data, outcome, width=width),
        table=tables.periods_table(means, outcome, data),
    )


def _differently(material: Material) -> Picture:
    effects, data = material.effects[0], material.data
    analyses = tables.analyses(material.fits[0], effects, data, material.checks.get(effects.outcome.name, ()))
    model = {effect.contrast: effect for effect in against_reference(effects, data)}
    others = [row for row in analyses if row.name != tables.THE_MODEL]
    inside = sum(model[row.contrast].low <= row.estimate <= model[row.contrast].high for row in others)
    return Picture(
        name="differently",
        title=headings.DIFFERENTLY,
        lead=sentences.DIFFERENTLY_LEAD,
        words=[sentences.other_analyses_in_words(inside, len(others))],
        draw=lambda width: forest_of_analyses(analyses, effects, data, width=width),
        table=tables.analyses_table(analyses, effects.outcome.contrast_unit),
    )


def _beliefs(material: Material) -> Picture:
    effects, data, prior_sd = material.effects[0], material.data, material.fits[0].prior_sd
    before = float(ndtr(-effects.outcome.mid / prior_sd))
    return Picture(
        name="beliefs",
        title=headings.BELIEFS,
        lead=sentences.BELIEFS_LEAD,
        words=[
            sentences.beliefs_in_words(effect, data.labels, before)
            for effect in against_reference(effects, data)
        ],
        draw=lambda width: prior_and_posterior(effects, data, prior_sd=prior_sd, width=width),
        table=tables.beliefs_table(effects, data, prior_sd),
    )


def _predicted(predictions: list[Prediction]) -> Picture:
    outside = [each.name for each in predictions if not each.inside]
    return Picture(
        name="predicted",
        title=headings.PREDICTED,
        lead=sentences.PREDICTED_LEAD,
        words=[sentences.predictions_in_words(outside, len(predictions))],
        draw=lambda width: predictive_checks(predictions, width=width),
        table=tables.predictions_table(predictions),
    )


def _doses(material: Material) -> Iterator[Picture]:
    data, diary, protocol = material.data, material.diary, material.protocol
    if protocol is None:
        return
    minutes = minutes_before_sleep(data, diary, protocol)
    if not minutes:
        return
    planned = protocol.dosing.minutes_before_bed
    every = [minute for taken in minutes.values() for minute in taken]
    yield Picture(
        name="doses",
        title=headings.DOSES,
        lead=sentences.DOSES_LEAD,
        words=[sentences.timing_in_words(every, planned)],
        draw=lambda width: dose_timing(minutes, data, planned=planned, width=width),
        table=tables.doses_table(minutes, data),
    )


def _agreement(material: Material) -> Iterator[Picture]:
    outcome = material.effects[0].outcome
    named = [(device_name(source), nights) for source, nights in material.devices.items()]
    devices = named if material.single_nights else []
    for number, other in enumerate(devices[1:]):
        agreement = compare_devices(devices[0], other, outcome)
        if agreement is None:
            continue
        yield Picture(
            name=f"devices-{number}",
            title=headings.AGREEMENT,
            lead=sentences.AGREEMENT_LEAD,
            words=[sentences.agreement_in_words(agreement, outcome)],
            draw=lambda width, agreement=agreement: device_agreement(agreement, outcome, width=width),  # type: ignore[misc]
            table=tables.agreement_table(agreement, outcome),
        )


def predictions_of(material: Material) -> list[Prediction]:
    """Results of the posterior predictive check of the primary outcome."""
    features = material.tables.get(material.effects[0].outcome.name, {}).get(PREDICTIVE)
    if features is None:
        return []
    return [
        Prediction(
            name=str(row.statistic), observed=float(row.recorded), low=float(row.low), high=float(row.high)
        )
        for row in features.itertuples()
    ]
