"""Advice on whether to go on, its certainty, and what to do when there is no verdict."""

from collections.abc import Sequence

from n1trial.analysis.effects import Effect
from n1trial.design.verdict import SETTLE_AT_MOST_NIGHTS, Problem
from n1trial.markup.text import capitalised
from n1trial.report.sentences.answers import HEADINGS, stands
from n1trial.report.sentences.build_up import a_period
from n1trial.report.sentences.numbers import chance, in_a_row
from n1trial.report.sentences.outcome_words import change, short_change, threshold

MOST_REASONS = 3


def keep_taking(effect: Effect, *, nights: int, planned: bool = True) -> str:
    """Whether to go on, and how many nights might settle an open question.

    Parameters
    ----------
    effect
        The contrast of the arm with the reference.
    nights
        Analysed nights of this outcome so far.
    planned
        Whether a protocol fixed the rule before the first night.
    """
    worth = threshold(effect.outcome)
    if effect.verdict not in ("no verdict", "can't tell yet") and not stands(effect):
        return (
            f"It is your choice. The numbers alone say “{HEADINGS[effect.verdict].lower()}”, but too much speaks"
            " against leaning on them (see below)."
        )
    if effect.verdict == "worth it":
        return _worth_it(effect, planned=planned)
    if effect.verdict == "worse":
        if effect.certainty == "low":
            return "Rather not. Your nights were worse on it, but how sure that is stands below."
        return "No. Your nights were very likely worse on it, by enough to matter: leave it out."
    if effect.verdict == "no difference that matters":
        return (
            f"No need to, for this. Whatever it does is very likely smaller than what matters"
            f" ({worth}). Cost and comfort may decide."
        )
    if effect.verdict == "no worthwhile gain":
        return (
            f"No reason to, in these nights. A gain worth having ({worth}) is unlikely:"
            f" {chance(effect.p_worthwhile)}. A small gain is still possible."
        )
    if effect.verdict == "no gain within a period":
        return (
            f"No reason to, for what it does within {a_period(effect)}. A gain worth having there ({worth}) is"
            f" unlikely: {chance(effect.p_worthwhile)}. What builds up over weeks is not excluded."
        )
    if effect.verdict == "no verdict":
        return "These nights do not say: the analysis did not pass its own tests."
    if effect.settle_nights is None:
        return (
            f"It is your choice. After these {nights} nights a gain worth having is possible, and so is none."
            f" Settling it is not feasible: it would take more than {SETTLE_AT_MOST_NIGHTS // 365} years."
        )
    return (
        f"It is your choice. After these {nights} nights a gain worth having is possible, and so is none."
        f" Very roughly {effect.settle_nights} nights in all might settle {_what(effect)}:"
        f" {effect.settle_nights - nights} more. That number is a guess itself."
    )


def _what(effect: Effect) -> str:
    """What further nights would settle; for an effect that builds up, only its part within a period."""
    return f"what it does within {a_period(effect)}" if effect.steady else "it"


def _worth_it(effect: Effect, *, planned: bool) -> str:
    """The advice for "worth it" by certainty; where the interval includes zero, why that is no contradiction."""
    rule = "the rule fixed before the first night" if planned else "the usual rule of n1trial"
    yes = "Perhaps. It is worth it" if effect.certainty == "low" else "Yes, it is worth it"
    sentence = (
        f"{yes} by {rule}: better for you, and more likely than not by enough to matter"
        f" ({threshold(effect.outcome)}: {chance(effect.p_worthwhile)})."
    )
    if effect.low < 0 < effect.high:
        sentence += (
            " The range reaches a little past no change, as it is drawn wider than the rule asks. The chance of no"
            f" gain at all is {chance(1 - effect.p_better)}."
        )
    return sentence


def level_of(effect: Effect) -> str:
    """The level of certainty of an answer; empty where there is no answer."""
    return f"{effect.certainty} certainty" if stands(effect) else ""


def how_sure(effect: Effect) -> str:
    """The certainty of an answer with at most three reasons against a higher one; or why a question is open."""
    reasons = in_a_row(effect.reasons[:MOST_REASONS], between=";") if effect.reasons else ""
    if effect.verdict == "can't tell yet":
        besides = f" An answer would be less sure, too, because {reasons}." if reasons else ""
        return f"{_why_undecided(effect)}{besides}"
    level = f"{capitalised(effect.certainty)} certainty"
    return f"{level}: {reasons or 'nothing in how the trial went speaks against it'}."


def _why_undecided(effect: Effect) -> str:
    """Why a question is open: the interval includes both answers."""
    outcome = effect.outcome
    return (
        f"Still open: your nights vary so much that {short_change(outcome, effect.low)} and"
        f" {change(outcome, effect.high)} both fit them."
    )


def refusal(problems: Sequence[Problem]) -> str:
    """Why a page gives no verdict, in one sentence; empty where there are no problems."""
    if not problems:
        return ""
    kinds = {problem.kind for problem in problems}
    if "sampler" in kinds:
        why = "The analysis did not pass its own tests"
    elif kinds == {"arms hidden"}:
        why = "The arms are still hidden"
    else:
        why = "The trial does not hold what a verdict needs"
    return f"{why}, so this page gives no verdict."


def no_verdict(problems: Sequence[Problem]) -> tuple[str, ...]:
    """What to do where problems forbid a verdict, the most helpful step first."""
    kinds = {problem.kind for problem in problems}
    steps = []
    if "arms hidden" in kinds:
        steps.append(
            "After the last night, open the key. Nothing stays hidden then, so do not open it earlier."
        )
    if "confounded" in kinds:
        steps.append(
            "Take the arms in turns, in an order drawn by lot, so that nothing else changes whenever they do."
        )
    if "too few nights" in kinds:
        steps.append("Go on with the trial: each arm needs at least two periods with nights in them.")
    if "sampler" in kinds:
        steps.append(
            "Run the analysis once more with another seed; if it stops again, look for wrong numbers"
            " in the nights below."
        )
    steps.append(
        "Your nights are safe and shown below. No number below is an answer about any arm, not even one that looks"
        " like it."
    )
    return tuple(steps)
