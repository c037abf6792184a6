"""The answer about an arm: size and certainty in one sentence, with its numbers in brackets.

The sentence "We can’t tell yet" is in `_claim`, the heading "Can’t tell yet" in `HEADINGS`. Words of probability alone
are understood as nearer to 50 % than meant: Budescu, Por, Broomell & Smithson (2014), doi:10.1038/nclimate2194.
"""

from collections.abc import Mapping

from n1trial.analysis.certainty import Certainty
from n1trial.analysis.effects import Effect
from n1trial.design.verdict import Verdict
from n1trial.markup.text import capitalised, visible
from n1trial.report.sentences.build_up import a_period
from n1trial.report.sentences.numbers import chance, interval
from n1trial.report.sentences.outcome_words import (
    amount,
    change,
    rounds_to_nothing,
    short_change,
    thing,
    wording,
)

# An effect under the smallest worthwhile one is "a little" or "slightly", and from twice that "a lot" or "far".
MUCH = 2.0
# Before "gave no …" and "made no …", where "may have" could be read as the opposite.
HEDGE: Mapping[Certainty, str] = {"high": "", "moderate": "probably ", "low": "perhaps "}
HEADINGS: Mapping[Verdict, str] = {
    "worth it": "Worth it",
    "worse": "Worse",
    "no difference that matters": "No difference that matters",
    "no worthwhile gain": "No worthwhile gain",
    "no gain within a period": "No gain within a period",
    "can't tell yet": "Can’t tell yet",
    "no verdict": "No verdict",
}


def stands(effect: Effect) -> bool:
    """Whether there is an answer, with a verdict and more than very low certainty."""
    return effect.verdict not in ("can't tell yet", "no verdict") and effect.certainty != "very low"


def heading(effect: Effect) -> str:
    """The verdict, qualified by its certainty like the sentence below it."""
    if effect.certainty == "very low" and effect.verdict != "no verdict":
        return HEADINGS["can't tell yet"] if effect.verdict == "can't tell yet" else "Can’t tell"
    verdict = HEADINGS[effect.verdict]
    perhaps = effect.certainty == "low" and effect.verdict in ("worth it", "worse")
    return f"Perhaps {verdict.lower()}" if perhaps else verdict


def answer(effect: Effect, labels: Mapping[str, str]) -> str:
    """The answer in at most 25 words, with its numbers in brackets."""
    return " ".join(filter(None, claim_and_numbers(effect, labels)))


def answer_compared(effect: Effect, labels: Mapping[str, str]) -> str:
    """The answer with the name of the comparator, for contrasts between two arms."""
    claim, numbers = _claim(effect, visible(labels[effect.arm])), _numbers(effect)
    return " ".join(filter(None, (f"Compared with {visible(labels[effect.comparator])}, {claim}", numbers)))


def claim_and_numbers(effect: Effect, labels: Mapping[str, str]) -> tuple[str, str]:
    """The answer in two parts: the claim and its numbers."""
    return capitalised(_claim(effect, visible(labels[effect.arm]))), _numbers(effect)


def _numbers(effect: Effect) -> str:
    if effect.verdict == "no verdict":
        return ""
    named = stands(effect) and effect.verdict in ("no worthwhile gain", "no gain within a period")
    asked = "Chance of such a gain" if named else "Chance of a gain worth having"
    return f"({interval(effect)}). {asked}: {chance(effect.p_worthwhile)}."


def _claim(effect: Effect, arm: str) -> str:
    outcome, words, label = effect.outcome, wording(effect.outcome), thing(effect.outcome)
    if effect.verdict == "no verdict":
        return f"there is no answer about {arm}: the analysis did not pass its own tests."
    if not stands(effect):
        yet = " yet" if effect.verdict == "can't tell yet" else ""
        if yet and (effect.low > 0 if outcome.better == "higher" else effect.high < 0):
            return f"we can’t tell yet whether {arm} helps enough: {_about(change(outcome, effect.mean), effect)}"
        gain = words.whether_up if outcome.better == "higher" else words.whether_down
        return f"we can’t tell{yet} whether {arm} {gain}: best guess {short_change(outcome, effect.mean)}"
    about = _about(short_change(outcome, effect.mean), effect)
    if effect.verdict in ("no worthwhile gain", "no gain within a period"):
        gave = f"{HEDGE[effect.certainty]}gave"
        if effect.verdict == "no gain within a period":
            return f"{arm} {gave} no worthwhile gain in {label} within {a_period(effect)}: {about}"
        return f"{arm} {gave} no gain worth having in {label}: {about}"
    if effect.verdict == "no difference that matters":
        made = f"{HEDGE[effect.certainty]}made"
        return f"{arm} {made} no difference that matters in {label}: {about}"
    verb, by_how_much = (words.up, words.up_by) if effect.mean >= 0 else (words.down, words.down_by)
    about = _about(amount(outcome, effect.mean), effect)
    return f"{arm} {_hedged(effect.certainty, verb)} {by_how_much.format(size=_size(effect), about=about)}"


def _about(size: str, effect: Effect) -> str:
    """The size of an effect with "about" before it; one that rounds to nothing is "under …" or "about the same"."""
    return size if rounds_to_nothing(effect.outcome, effect.mean) else f"about {size}"


def _hedged(certainty: Certainty, verb: str) -> str:
    """A verb whose past is its participle, as sure as the certainty allows."""
    if certainty == "high":
        return verb
    return f"probably {verb}" if certainty == "moderate" else f"may have {verb}"


def _size(effect: Effect) -> str:
    mids = abs(effect.mean) / effect.outcome.mid
    if wording(effect.outcome).counted:
        return "slightly " if mids < 1 else "far " if mids >= MUCH else ""
    return "a little, " if mids < 1 else "a lot, " if mids >= MUCH else ""
