"""The questions of an evening and of the morning after, in the order in which they are asked. None names an arm."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from n1trial.data.diary.cells import DONT_KNOW
from n1trial.design.protocol import Arm, Protocol

type Part = Literal["evening", "morning"]

_EVENING = {
    "taken": "Dose taken (yes or no)",
    "taken_at": "At what time (22:15)",
}
_MORNING = {
    "awakenings": "How often do you remember waking",
    "grogginess": "Grogginess, 0 to 10",
    "stomach": "Stomach trouble, 0 to 10",
    "side_effects": "Anything else you felt",
    "notes": "Notes",
}
# Asked only after an answer to the question before it, whose number it shares.
_AFTER = {"taken_at": "taken", "confidence": "guess"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """One question: its column of the diary, when it is asked, and after the answer to which column, if to one."""

    column: str
    text: str
    part: Part
    after: str = ""


def questions(
    protocol: Protocol, arm: Arm | None = None, *, hidden: bool = True, run_in: bool = False
) -> Iterator[Question]:
    """What is to be written down before the dose comes before it, a guess at the arm after the night.

    Parameters
    ----------
    arm
        Of the evening, where the person may know it; of a habit the question then says what was to be kept to.
    hidden
        Whether the arms are hidden: where they are not, nobody is asked to guess.
    run_in
        Whether the evening is of the run-in, which has no dose, no rule and no arm to guess.
    """
    for name in protocol.confounders:
        yield Question(column=name, text=_in_words(name), part="evening")
    if protocol.cycle:
        marks = protocol.cycle.marks
        yield Question(column=marks, text=f"{_in_words(marks)}, today (yes or no)", part="evening")
    if protocol.roster:
        words = f"{_in_words(protocol.roster.column)} ({', '.join(protocol.roster.words)})"
        yield Question(column=protocol.roster.column, text=words, part="evening")
    habit = protocol.habit if arm is None else arm.habit
    taken = {"taken": f"{_kept_to(arm)} (yes or no)"} if habit else _EVENING
    for column, text in ({} if run_in else taken).items():
        yield Question(column=column, text=text, part="evening", after=_AFTER.get(column, ""))
    guess = {
        "guess": f"Which arm do you think it was ({', '.join(protocol.arm_names)}, or {DONT_KNOW})",
        "confidence": "How sure of that, 0 to 10",
    }
    for column, text in ((guess if hidden and not run_in else {}) | _MORNING).items():
        yield Question(column=column, text=text, part="morning", after=_AFTER.get(column, ""))


def _kept_to(arm: Arm | None) -> str:
    return f"Did you keep to it: {arm.instruction}" if arm else "Did you keep to what the evening asked for"


def _in_words(confounder: str) -> str:
    name, _, scale = confounder.partition("_0_to_10")
    words = name.replace("_", " ").capitalize()
    return words if name == confounder and not scale else f"{words}, 0 to 10"
