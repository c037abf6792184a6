"""Chances, intervals and lists in words."""

from collections.abc import Sequence

from n1trial.analysis.effects import INTERVAL, Effect
from n1trial.report.sentences.outcome_words import NBSP, amount, rounds_to_nothing, wording


def interval(effect: Effect) -> str:
    """The interval in words: "95 % interval 2 to 35", or "… 14 shorter to 31 longer" across zero."""
    outcome, words = effect.outcome, wording(effect.outcome)
    near, far = sorted((effect.low, effect.high), key=abs)
    if effect.low < 0 < effect.high and not rounds_to_nothing(outcome, near):
        span = (
            f"{amount(outcome, effect.low)} {words.short_less}"
            f" to {amount(outcome, effect.high)} {words.short_more}"
        )
    else:
        span = (
            f"{'0' if rounds_to_nothing(outcome, near) else amount(outcome, near)} to {amount(outcome, far)}"
        )
    return f"{INTERVAL:.0%}".replace("%", f"{NBSP}%") + f" interval {span}"


def chance(probability: float) -> str:
    """A chance as n in 20, the one base of all chances; never none and never all."""
    twentieths = round(20 * min(0.99, max(0.01, probability)))
    of_twenty = f"{NBSP}in{NBSP}20"
    beyond = {0: f"under 1{of_twenty}", 20: f"over 19{of_twenty}"}
    return beyond.get(twentieths, f"{twentieths}{of_twenty}")


def of_hundred(probability: float) -> int:
    """Out of a hundred, never none and never all."""
    return min(99, max(1, round(100 * probability)))


def in_a_row(items: Sequence[str], between: str = ",") -> str:
    """Items joined by commas and a last "and"; by semicolons, one before the "and" too, where they hold commas."""
    if len(items) == 1:
        return items[0]
    last = " and " if between == "," else f"{between} and "
    return f"{f'{between} '.join(items[:-1])}{last}{items[-1]}"
