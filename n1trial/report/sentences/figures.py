"""The finding of each figure in words, also for screen readers."""

from collections.abc import Mapping, Sequence

from n1trial.analysis.bland_altman import Agreement
from n1trial.analysis.effects import Effect
from n1trial.analysis.quantile_dots import DOTS, count_dots
from n1trial.data.trial_data import TrialData
from n1trial.design.outcomes import Outcome
from n1trial.markup.text import capitalised, ended, visible
from n1trial.report.sentences.numbers import chance, in_a_row, of_hundred
from n1trial.report.sentences.outcome_words import NBSP, level, loss, threshold, wording

DOTS_LEAD = "Each mark is one of 50 equally likely answers. Those on the right are a gain worth having."
NIGHTS_LEAD = "One mark a night; a line is the mean of a period. Hollow marks were left out."
PERIODS_LEAD = "Each mark is the mean of one period, with the range that its own nights leave open."
BELIEFS_LEAD = "What the model held possible before your nights, and what is left of it after them."
PREDICTED_LEAD = "The model made new nights many times over. Do yours look like them?"
DOSES_LEAD = "One mark a dose. The band is the time that was planned."
AGREEMENT_LEAD = "One mark a night: how much more the second device said, against the mean of both."
DIFFERENTLY_LEAD = "What if these nights had been analysed in another way?"


def dots_in_words(effect: Effect, labels: Mapping[str, str]) -> str:
    """What the fifty dots of an arm say."""
    counts = count_dots(effect)
    right = f"{counts.worthwhile or 'none'} of {DOTS} marks {'is' if counts.worthwhile == 1 else 'are'}"
    return (
        f"{capitalised(visible(labels[effect.arm]))}: {right} on the right"
        f" ({threshold(effect.outcome)}), {counts.between or 'none'} in the middle (too small to matter),"
        f" {counts.worse or 'none'} on the left ({loss(effect.outcome)})."
    )


def tomorrow(effect: Effect, labels: Mapping[str, str]) -> str:
    """One night on the arm against one without, of 100; empty where the model does not say."""
    if effect.better_nights is None:
        return ""
    better = of_hundred(effect.better_nights)
    return (
        f"Of 100 nights on {visible(labels[effect.arm])}, about {better} would be"
        f" {wording(effect.outcome).longer_night} than a comparable night"
        f" {without(labels[effect.comparator])}, and {100 - better} would not."
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
    means_by_label = [
        f"{level(outcome, means[arm])} on {visible(data.labels[arm])}" for arm in data.arms if arm in means
    ]
    beside = (
        " Unlike the answer, they take no account of weekdays, or of good and bad weeks."
        if means_by_label
        else ""
    )
    means_of_all = ended(f"Plain means: {'; '.join(means_by_label) if means_by_label else 'none'}")
    return f"{kept_in_words(data)} {means_of_all}{beside}"


def other_analyses_in_words(inside: int, others: int) -> str:
    """How many other analyses of the same nights come to an answer that the model holds possible."""
    if others == 0:
        return "No other analysis of these nights was made."
    return f"In {inside} of {others} other analyses of these nights the best guess lies in the range of the answer."


def blocks_in_words(better: int, blocks: int, arm: str, comparator: str) -> str:
    """In how many blocks the mean on an arm was better than on the comparator."""
    return ended(
        f"In {better} of {blocks} blocks the mean on {visible(arm)} was better than on {visible(comparator)}"
    )


def beliefs_in_words(effect: Effect, labels: Mapping[str, str], before: float) -> str:
    """The chance of a gain worth having, before the nights and after them."""
    return (
        f"{capitalised(visible(labels[effect.arm]))}: chance of a gain worth having"
        f" {chance(before)} before your nights, {chance(effect.p_worthwhile)} after them."
    )


def predictions_in_words(outside: Sequence[str], of: int) -> str:
    """How many features of the nights the model could have made, and which it could not."""
    if not outside:
        return f"The model could have made all {of} features of your nights that were looked at."
    return (
        f"The model could have made {of - len(outside)} of {of} features of your nights;"
        f" it does not explain: {in_a_row(outside)}."
    )


def agreement_in_words(agreement: Agreement, outcome: Outcome) -> str:
    """How far two devices are apart on the nights that both recorded."""
    more = "more" if agreement.bias >= 0 else "less"
    return (
        f"On {len(agreement.differences)} nights that both recorded, analysed or not, {visible(agreement.second)} said"
        f" {_with_unit(outcome, agreement.bias)} {more} than {visible(agreement.first)} on average."
        f" On 19 of 20 nights the difference lies between {_signed(outcome, agreement.low)} and"
        f" {_signed(outcome, agreement.high)}."
    )


def _with_unit(outcome: Outcome, value: float) -> str:
    size = f"{abs(value):.{(outcome.decimals or 0) if outcome.unit in ('min', 'points') else 1}f}"
    return size if outcome.unit in ("a night", "units") else f"{size}{NBSP}{outcome.unit}"


def _signed(outcome: Outcome, value: float) -> str:
    return ("−" if value < 0 else "+") + _with_unit(outcome, value)
