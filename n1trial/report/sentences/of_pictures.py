"""What each picture found, for those who read it and for those who cannot see it."""

from collections.abc import Mapping

from n1trial.effects import Effect
from n1trial.report.dots import DOTS, count_dots
from n1trial.report.sentences.in_numbers import in_a_row, of_hundred
from n1trial.report.sentences.outcome_words import level, threshold, wording
from n1trial.report.text import capitalised, visible
from n1trial.trial import TrialData

DOTS_LEAD = "Each mark is one of 50 equally likely answers. The more of them stand on the right, the better."
NIGHTS_LEAD = "One mark a night; a line is the mean of a period. Hollow marks were left out."
DIFFERENTLY_LEAD = "What if these nights had been analysed in another way?"


def dots_in_words(effect: Effect, labels: Mapping[str, str]) -> str:
    """What the fifty dots of an arm say."""
    counts = count_dots(effect)
    return (
        f"{capitalised(visible(labels[effect.arm]))}: {counts.worthwhile} of {DOTS} dots are worth having"
        f" ({threshold(effect.outcome)}), {counts.between or 'none'} too small to matter,"
        f" {counts.worse or 'none'} worse by as much."
    )


def tomorrow(effect: Effect, labels: Mapping[str, str]) -> str:
    """One night on the arm against one without, of 100; empty where the model does not say."""
    if effect.better_nights is None:
        return ""
    better = of_hundred(effect.better_nights)
    return (
        f"Of 100 nights on {visible(labels[effect.arm])}, about {better} would be"
        f" {wording(effect.outcome).longer_night} than a night {without(labels[effect.comparator])}"
        f" and {100 - better} would not."
    )


def without(comparator: str) -> str:
    """A night of the comparator: "without", or "on placebo"."""
    label = visible(comparator)
    return "without" if label.lower() in ("none", "nothing", "no supplement", "off") else f"on {label}"


def kept_in_words(data: TrialData) -> str:
    """How many of the nights in the picture are in the analysis of the primary outcome."""
    outcome = data.outcomes[0]
    kept = len(data.analysed(outcome))
    return f"{kept} of {len(data.table)} nights are in the analysis of {visible(outcome.label)}."


def means_in_words(data: TrialData) -> str:
    """The same, and the plain mean of each arm."""
    outcome = data.outcomes[0]
    means = data.analysed(outcome).groupby("arm")[outcome.name].mean()
    said = [
        f"{level(outcome, means[arm])} on {visible(data.labels[arm])}" for arm in data.arms if arm in means
    ]
    return f"{kept_in_words(data)} Plain means: {in_a_row(said) if said else 'none'}."


def other_analyses_in_words(inside: int, others: int) -> str:
    """How many other analyses of the same nights come to an answer that the model holds possible."""
    if others == 0:
        return "No other analysis of these nights was made."
    return (
        f"In {inside} of {others} other analyses of the same nights the best guess lies in the model’s range."
    )
