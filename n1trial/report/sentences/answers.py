"""What an arm did, as size and certainty in one sentence, with its numbers in brackets.

Budescu, Por, Broomell & Smithson (2014), doi:10.1038/nclimate2194, found words alone read toward 50 %.
"""

from collections.abc import Mapping

from n1trial.effects import Certainty, Effect
from n1trial.report.sentences.in_numbers import chance, interval
from n1trial.report.sentences.outcome_words import amount, change, short_change, wording
from n1trial.report.text import capitalised, visible
from n1trial.verdict import Verdict

# An effect under the smallest worthwhile one is "a little", and from twice that "a lot".
MUCH = 2.0
HEADINGS: Mapping[Verdict, str] = {
    "worth it": "Worth it",
    "worse": "Worse",
    "no difference that matters": "No difference that matters",
    "no worthwhile gain": "No worthwhile gain",
    "can't tell yet": "Can’t tell yet",
    "no verdict": "No verdict",
}


def answer(effect: Effect, labels: Mapping[str, str]) -> str:
    """What an arm did, in at most 25 words and the numbers in brackets."""
    return " ".join(filter(None, claim_and_numbers(effect, labels)))


def answer_compared(effect: Effect, labels: Mapping[str, str]) -> str:
    """The same, naming what the arm is compared with: for arms that are not set against the reference."""
    claim, numbers = _claim(effect, visible(labels[effect.arm])), _numbers(effect)
    return " ".join(filter(None, (f"Compared with {visible(labels[effect.comparator])}, {claim}", numbers)))


def claim_and_numbers(effect: Effect, labels: Mapping[str, str]) -> tuple[str, str]:
    """The answer in its two halves, what is said and the numbers that carry it."""
    return capitalised(_claim(effect, visible(labels[effect.arm]))), _numbers(effect)


def _numbers(effect: Effect) -> str:
    if effect.verdict == "no verdict":
        return ""
    asked = {
        "no worthwhile gain": "Chance of one",
        "no difference that matters": "Chance of a worthwhile gain",
    }.get(effect.verdict, "Chance it is worth having")
    if effect.certainty == "very low":
        asked = "Chance it is worth having"
    return f"({interval(effect)}). {asked}: {chance(effect.p_worthwhile)}."


def _claim(effect: Effect, arm: str) -> str:
    outcome, words = effect.outcome, wording(effect.outcome)
    if effect.verdict == "no verdict":
        return f"there is no answer about {arm}: the analysis did not pass its own tests."
    if effect.verdict == "can't tell yet" or effect.certainty == "very low":
        yet = " yet" if effect.verdict == "can't tell yet" else ""
        if yet and (effect.low > 0 if outcome.better == "higher" else effect.high < 0):
            return f"we can’t tell yet whether {arm} helps enough: {_about(change(outcome, effect.mean))}"
        gain = words.whether_up if outcome.better == "higher" else words.whether_down
        return f"we can’t tell{yet} whether {arm} {gain}: best guess {short_change(outcome, effect.mean)}"
    about = _about(change(outcome, effect.mean))
    if effect.verdict == "no worthwhile gain":
        gave = _hedged(effect.certainty, past="gave", participle="given")
        return f"{arm} {gave} no gain worth having: {about}"
    if effect.verdict == "no difference that matters":
        made = _hedged(effect.certainty, past="made", participle="made")
        return f"{arm} {made} no difference that matters: {about}"
    did = (words.up if effect.mean >= 0 else words.down).format(
        size=_size(effect), about=_about(amount(outcome, effect.mean))
    )
    verb, rest = did.split(" ", 1)
    return f"{arm} {_hedged(effect.certainty, past=verb, participle=verb)} {rest}"


def _about(said: str) -> str:
    return said if said.startswith("under") else f"about {said}"


def _hedged(certainty: Certainty, *, past: str, participle: str) -> str:
    if certainty == "high":
        return past
    return f"probably {past}" if certainty == "moderate" else f"may have {participle}"


def _size(effect: Effect) -> str:
    counted = wording(effect.outcome).up.startswith("cost")
    mids = abs(effect.mean) / effect.outcome.mid
    word = "a little" if mids < 1 else "a lot" if mids >= MUCH else ""
    return word and word + (": " if counted else ", ")
