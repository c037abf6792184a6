"""Whether to go on taking it, how sure that is, and what to do when nothing can be said."""

from collections.abc import Sequence

from n1trial.effects import Effect
from n1trial.report.sentences.in_numbers import chance, in_a_row
from n1trial.report.sentences.outcome_words import change, short_change, threshold
from n1trial.report.text import capitalised
from n1trial.verdict import SETTLE_AT_MOST_NIGHTS

MOST_REASONS = 3


def keep_taking(effect: Effect, *, nights: int) -> str:
    """Whether to go on, and what it would take to know.

    Parameters
    ----------
    nights
        Analysed nights of this outcome so far.
    """
    worth = threshold(effect.outcome)
    if effect.certainty == "very low" and effect.verdict in ("worth it", "worse"):
        return (
            "It is your choice: the numbers alone say so, but too much speaks against leaning on them"
            " (see below)."
        )
    if effect.verdict == "worth it":
        return (
            "Yes, by the rule fixed before the first night: it is better for you, and more likely than not"
            f" by enough to matter ({worth}: {chance(effect.p_worthwhile)})."
        )
    if effect.verdict == "worse":
        return "No. Your nights were very likely worse on it, by enough to matter: leave it out."
    if effect.verdict == "no difference that matters":
        return (
            f"No need to, for this. Whatever it does is very likely smaller than what matters"
            f" ({worth}). Cost and comfort may decide."
        )
    if effect.verdict == "no worthwhile gain":
        return (
            f"No reason to, in these nights. A gain worth having ({worth}) is unlikely:"
            f" {chance(effect.p_worthwhile)}. A small one is still possible."
        )
    if effect.verdict == "no verdict":
        return "These nights do not say: the analysis did not pass its own tests."
    if effect.settle_nights is None:
        return (
            f"It is your choice: these {nights} nights fit a gain worth having, and they fit none."
            f" Settling it is not feasible: it would take more than {SETTLE_AT_MOST_NIGHTS // 365} years."
        )
    return (
        f"It is your choice: these {nights} nights fit a gain worth having, and they fit none."
        f" About {effect.settle_nights} nights in all would settle it: {effect.settle_nights - nights} more."
    )


def how_sure(effect: Effect) -> str:
    """The level of certainty, and at most three reasons why it is not higher."""
    level = f"{capitalised(effect.certainty)} certainty"
    reasons = list(effect.reasons[:MOST_REASONS])
    if not reasons:
        return f"{level}: nothing in how the trial went speaks against it."
    return f"{level}: {in_a_row(reasons)}."


def why_undecided(effect: Effect) -> str:
    """Why an open question is open: the range holds both answers. Empty when it is not open."""
    if effect.verdict != "can't tell yet":
        return ""
    outcome = effect.outcome
    return (
        f"Still open: your nights vary so much that both {short_change(outcome, effect.low)} and"
        f" {change(outcome, effect.high)} fit them."
    )


def refusal(problems: Sequence[str]) -> str:
    """Why a page gives no verdict, in one sentence. Empty where nothing stands in the way."""
    if not problems:
        return ""
    if _of_the_sampler(problems):
        why = "The analysis did not pass its own tests"
    elif all(map(_of_the_seal, problems)):
        why = "The arms are still hidden"
    else:
        why = "The trial does not hold what a verdict needs"
    return f"{why}, so this page gives no verdict."


def no_verdict(problems: Sequence[str]) -> tuple[str, ...]:
    """What to do when a gate refused the result, in the order of what helps most."""
    short = any("period" in problem for problem in problems)
    steps = []
    if any(map(_of_the_seal, problems)):
        steps.append(
            "After the last night, open the key; from then on nothing is hidden, so let no look tempt you before."
        )
    if short:
        steps.append("Go on with the trial: each arm needs at least two periods with nights in them.")
    if _of_the_sampler(problems):
        steps.append(
            "Run the analysis once more with another seed; if it stops again, look for wrong numbers"
            " in the nights below."
        )
    steps.append(
        "Until then nothing here speaks for or against any arm. Your nights are safe and shown below."
    )
    return tuple(steps)


def _of_the_seal(problem: str) -> bool:
    return "unblind" in problem


def _of_the_sampler(problems: Sequence[str]) -> bool:
    return any(word in problem for problem in problems for word in ("chain", "draw", "sampler"))
