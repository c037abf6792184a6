"""Sentences on a cohort: the average, how people differ, and the next person."""

from n1trial.cohort import CohortEffect, Summed
from n1trial.design.outcomes import Outcome
from n1trial.design.verdict import INTERVAL, INTERVAL_KIND
from n1trial.markup.text import capitalised
from n1trial.report.sentences.answers import HEADINGS
from n1trial.report.sentences.numbers import chance, of_hundred
from n1trial.report.sentences.outcome_words import (
    NBSP,
    amount,
    change,
    rounds_to_nothing,
    short_change,
    threshold,
)

CANNOT_TELL = (
    "People who try things on themselves are not everybody. This is about these people, this product and these weeks."
    " A wearable is not a sleep laboratory: it misses many wake episodes. What helps most people may not help you."
    " This is not medical advice."
)
DRAWN_TOGETHER = (
    f"Intervals are {INTERVAL:.0%} and {INTERVAL_KIND}. Each person’s estimate is drawn towards the average, the more"
    " the less their own nights tell; for somebody who did not try an arm, it is what the others tell of it."
)
RANDOM_EFFECTS_OF_NIGHTS = (
    "The classical companion takes each person’s difference of period means within blocks, and averages them by"
    " restricted maximum likelihood with the interval of Hartung and Knapp; it knows no prior."
)
RANDOM_EFFECTS_OF_SUMMARIES = (
    "The classical companion takes what each person’s nights alone say, and averages it by restricted maximum"
    " likelihood with the interval of Hartung and Knapp; it knows no prior of the average or of the spread."
)
TWO_STAGES = (
    "Nobody’s nights were here. Each person was fitted by themselves, and their summary says what they found: effects,"
    " how sure these are, and how both change with the noise that people may share. What people share of it, the"
    " average and the spread are learnt from all summaries together."
)
ERROR_OF_TWO_STAGES = (
    "On three simulated cohorts of a hundred people, average and spread came out within .12 of their own SD of those of"
    " the model of all nights."
)


def heading(effect: CohortEffect) -> str:
    """The verdict on the average."""
    return HEADINGS[effect.verdict]


def on_average(effect: CohortEffect, label: str) -> tuple[str, str]:
    """The claim on an arm's average effect, and its numbers."""
    outcome, average = effect.outcome, effect.average
    claims = {
        "worth it": f"On average, {label} is worth having: {change(outcome, average.mean)}",
        "worse": f"On average, {label} makes it worse: {change(outcome, average.mean)}",
        "no difference that matters": f"On average, {label} makes no difference that matters:"
        f" {change(outcome, average.mean)}",
        "no worthwhile gain": f"On average, {label} brings no worthwhile gain: {change(outcome, average.mean)}",
        "no gain within a period": f"On average, {label} brings no worthwhile gain within a period:"
        f" {change(outcome, average.mean)}",
        "no verdict": f"{capitalised(label)} cannot be judged; these people’s average is"
        f" {change(outcome, average.mean)}",
    }
    still_open = (
        f"Whether {label} is worth having on average can’t be told yet: {change(outcome, average.mean)}"
    )
    return claims.get(effect.verdict, still_open), (
        f"({INTERVAL * 100:.0f}{NBSP}% interval {span(outcome, average)}). Chance that the average is worth having:"
        f" {chance(effect.p_worthwhile)}."
    )


def span(outcome: Outcome, estimate: Summed) -> str:
    """The ends of an interval in words, such as "2 to 20 min longer" or "2 min shorter to 20 min longer"."""
    near, far = sorted((estimate.low, estimate.high), key=abs)
    if near * far > 0 and not rounds_to_nothing(outcome, near):
        return f"{amount(outcome, near)} to {short_change(outcome, far)}"
    return f"{short_change(outcome, estimate.low)} to {short_change(outcome, estimate.high)}"


def between(outcome: Outcome, estimate: Summed) -> str:
    """The ends of an interval behind "between"."""
    return f"{short_change(outcome, estimate.low)} and {short_change(outcome, estimate.high)}"


def how_people_differ(effect: CohortEffect) -> str:
    """The spread between people, and how many of these gain."""
    outcome, people = effect.outcome, len(effect.people)
    few, some, many = (
        round(people * share) for share in (effect.gainers.low, effect.gainers.mean, effect.gainers.high)
    )
    how_many = {0: "Hardly any", people: "Nearly all"}.get(some, f"About {some}")
    have = "has" if how_many == "About 1" else "have"
    unit = f"{NBSP}{outcome.contrast_unit}" if outcome.contrast_unit != "units" else ""
    lowest, highest = amount(outcome, effect.spread.low), amount(outcome, effect.spread.high)
    return (
        f"Most people’s own effect is within {amount(outcome, 2 * effect.spread.mean)}{unit} of the average"
        f" (SD {amount(outcome, effect.spread.mean)}, {INTERVAL * 100:.0f}{NBSP}% interval {lowest} to {highest})."
        f" {how_many} of these {people} {have} a gain worth having, {threshold(outcome)}; the range is {few} to"
        f" {many}."
    )


def beside_the_classical(effect: CohortEffect, *, estimate: float, tau: float) -> str:
    """The classical average where it differs from the model's; empty where they agree.

    They differ where the averages, or the SDs between people, differ by more than half the smallest worthwhile effect.
    """
    difference = max(abs(effect.average.mean - estimate), abs(effect.spread.mean - tau))
    if not difference > effect.outcome.mid / 2:
        return ""
    outcome = effect.outcome
    unit = f"{NBSP}{outcome.contrast_unit}" if outcome.contrast_unit != "units" else ""
    return (
        f"The classical average, which knows no prior, is {change(outcome, estimate)}, and its SD between people"
        f" {amount(outcome, tau)}{unit}. So few nights do not settle the size: look at both."
    )


def the_next_person(effect: CohortEffect) -> str:
    """What somebody new may expect."""
    return (
        f"Of 100 people like these about {of_hundred(effect.next_worthwhile)} would have a gain worth having,"
        f" {threshold(effect.outcome)}, and about {of_hundred(effect.next_better)} any gain at all. A new"
        f" person’s own effect would lie between {between(effect.outcome, effect.next)}"
        f" ({INTERVAL * 100:.0f}{NBSP}% interval)."
    )


def forest_found(effect: CohortEffect, label: str, shown: int) -> str:
    """What the forest plot of people shows."""
    people, tried = len(effect.people), int(effect.people["tried"].sum())
    surely = int((effect.people["p_worthwhile"] >= INTERVAL).sum()) or "none"
    every = "" if shown == people else f" {shown} of {people} people are shown, evenly from least to most."
    return (
        f"{label}: {tried} people tried it. A worthwhile gain is at least {INTERVAL * 100:.0f}{NBSP}% certain for"
        f" {surely} of them."
        " Hollow: what each person’s own nights say. Filled: what they say together with everybody else’s nights."
        f"{every}"
    )
