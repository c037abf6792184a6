"""Sentences on bad nights and on the typical night, beside the change of mean sleep time."""

from collections.abc import Mapping

from n1trial.analysis.effects import INTERVAL, Effect
from n1trial.data.trial_data import TrialData
from n1trial.design.outcomes import BAD_NIGHTS, OUTCOMES
from n1trial.inference.inla import ArmNights, BadNightsChange, SleepDistribution
from n1trial.markup.text import capitalised, ended, visible
from n1trial.report.sentences.numbers import chance
from n1trial.report.sentences.outcome_words import NBSP, level, short_change

DISTRIBUTION_LEAD = "Left: bad nights of every 100, as counted. Right: the middle night; half were longer."
# The typical night is mentioned where its change differs from that of the mean by this many smallest
# worthwhile effects.
APART = 0.5


def hours(minutes: float) -> str:
    """A limit in words: "5 hours", "5 hours 30"."""
    whole, rest = divmod(round(minutes), 60)
    return f"{whole}{NBSP}hours" + (f"{NBSP}{rest:02d}" if rest else "")


def beyond_the_mean(
    effect: Effect, distribution: SleepDistribution | None, labels: Mapping[str, str]
) -> tuple[str, ...]:
    """Paragraphs beside the answer on sleep time: bad nights, then the typical night where it differs."""
    if distribution is None:
        return ()
    paragraphs = (bad_nights(effect, distribution, labels), typical_night(effect, distribution))
    return tuple(filter(None, paragraphs))


def bad_nights(effect: Effect, distribution: SleepDistribution, labels: Mapping[str, str]) -> str:
    """Numbers of bad nights on the arm and on its comparator, and the estimated change."""
    arm, other = (distribution.arms[name] for name in effect.contrast.arms)
    ours, theirs = (visible(labels[name]) for name in effect.contrast.arms)
    counted = ended(
        f"Nights under {hours(distribution.limit_min)}: {_of(other)} on {theirs}, {_of(arm)} on {ours}"
    )
    change = distribution.bad.get(effect.contrast)
    if change is None:
        return f"{counted} So there is nothing to compare."
    without_bad = next((nights for nights in (arm, other) if nights.bad == 0), None)
    caution = (
        f" None in {without_bad.nights} nights does not mean that none will come." if without_bad else ""
    )
    guess = f"Best guess for {ours}: {_of_hundred(change.mean)} in 100 nights ({_interval(change)})."
    return f"{counted} {guess} Chance of fewer such nights: {chance(change.p_fewer)}.{caution}"


def typical_night(effect: Effect, distribution: SleepDistribution) -> str:
    """The change of the typical night where it differs from that of the mean; else empty."""
    change = distribution.typical.get(effect.contrast)
    if change is None or abs(change.mean - effect.mean) <= APART * effect.outcome.mid:
        return ""
    low, high = (short_change(effect.outcome, end) for end in (change.low, change.high))
    return (
        "The typical night, on which odd nights have little say, changed by another amount."
        f" Best guess: {short_change(effect.outcome, change.mean)}, but {low} and {high} fit too."
    )


def distribution_in_words(distribution: SleepDistribution, data: TrialData) -> list[str]:
    """What the figure shows of every arm: bad nights, and the median night."""
    return [
        f"{capitalised(visible(data.labels[arm]))}: {_of(nights)} nights under {hours(distribution.limit_min)};"
        f" half the nights had more than {level(OUTCOMES['tst_min'], nights.middle_min)}."
        for arm, nights in distribution.arms.items()
    ]


def bad_night_rule(distribution: SleepDistribution) -> str:
    """The limit of a bad night, the smallest worthwhile change, its source, and the method."""
    return (
        f"A night of less than {hours(distribution.limit_min)} is bad; {BAD_NIGHTS.mid:g} fewer of 100 are worth having"
        f" ({BAD_NIGHTS.source}). The fast engine answers for them, without the sampler."
    )


def _of(nights: ArmNights) -> str:
    return f"{nights.bad or 'none'} of {nights.nights}"


def _of_hundred(points: float) -> str:
    return f"{abs(points):.0f} {'more' if points > 0 else 'fewer'}" if abs(points) >= 0.5 else "about as many"


def _interval(change: BadNightsChange) -> str:
    ends = " to ".join(_of_hundred(end) for end in (change.low, change.high))
    return f"{INTERVAL:.0%}".replace("%", f"{NBSP}%") + f" interval {ends}"
