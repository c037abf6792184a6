"""The questions of an evening and the morning after, in the order in which they are asked. None names an arm."""

from collections.abc import Iterator

from n1trial.diary.cells import DONT_KNOW
from n1trial.protocol import Protocol

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


def questions(protocol: Protocol) -> Iterator[tuple[str, str]]:
    """Column and question; confounders come before the dose, because they are to be written down before it."""
    for name in protocol.confounders:
        yield name, _in_words(name)
    yield from _EVENING.items()
    yield "guess", f"Which arm do you think it is ({', '.join(protocol.arm_names)}, or {DONT_KNOW})"
    yield "confidence", "How sure of that, 0 to 10"
    yield from _MORNING.items()


def _in_words(confounder: str) -> str:
    name, _, scale = confounder.partition("_0_to_10")
    words = name.replace("_", " ").capitalize()
    return words if name == confounder and not scale else f"{words}, 0 to 10"
