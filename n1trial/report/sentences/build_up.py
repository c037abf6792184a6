"""Sentences on an effect that builds up over nights, of which the schedule shows only a part."""

from n1trial.analysis.effects import Effect
from n1trial.design.verdict import Verdict
from n1trial.inference.build_up import what_would_tell
from n1trial.report.sentences.outcome_words import NBSP, short_change

# Verdicts that the rest of a slow effect could still change.
OPEN_TO_MORE: tuple[Verdict, ...] = ("no gain within a period", "can't tell yet")


def a_period(effect: Effect) -> str:
    """How long a period is, in words: "a week", "10 nights"; "a period" where that is not known."""
    nights = effect.steady.period_nights if effect.steady else 0
    return {0: "a period", 1: "a night", 7: "a week", 14: "two weeks"}.get(nights, f"{nights}{NBSP}nights")


def once_built_up(effect: Effect) -> str:
    """The effect of steady use by the model of build-up, and which trial would show it; else empty."""
    steady = effect.steady
    if steady is None or effect.verdict not in OPEN_TO_MORE:
        return ""
    low, high = (short_change(effect.outcome, end) for end in (steady.low, steady.high))
    smaller = effect.mean * steady.mean > 0 and abs(steady.mean) < abs(effect.mean)
    why = (
        " That guess is smaller than the change above, because a slow effect is hard to tell from ups and downs of"
        " weeks, and the guess starts out expecting small effects."
    )
    return (
        f"It may need {nights_in_words(steady.half_life_nights)} for half its effect, so these periods show about"
        f" {percent(steady.recovered)} of the whole. Taken steadily, the best guess is"
        f" {short_change(effect.outcome, steady.mean)}, but {low} and {high} fit too.{why if smaller else ''}"
        f" {what_would_tell(steady.telling)}"
    )


def nights_in_words(nights: float) -> str:
    """Nights until half is there: "3 nights", "half a night"."""
    whole = round(nights)
    if nights < 1:
        return "less than a night"
    return "a night" if whole == 1 else f"{whole}{NBSP}nights"


def percent(share: float) -> str:
    """A share in tens of per cent, never none: "40 %"."""
    return f"{10 * max(1, round(10 * share))}{NBSP}%"
