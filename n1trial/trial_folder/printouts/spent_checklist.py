"""What a full protocol of an N-of-1 trial names, and whether this one does.

After SPENT 2019 (Porcino et al., BMJ 2020;368:m122), which extends SPIRIT 2013 to N-of-1 trials; the numbers
are SPIRIT's, the words are shortened.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from n1trial.design.protocol import Protocol

# What only the person can say, by its name in `about.yaml`, and its heading in the document.
SAID = {
    "why_alone": "Why a trial of one",
    "person": "The person",
    "setting": "Setting",
    "roles": "Who does what",
    "came_to_it": "How the person came to it",
    "registration": "Registration",
    "funding": "Funding and interests",
    "ethics": "Research or care, and who agreed",
    "consent": "Consent",
    "care_afterwards": "Care afterwards",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class SpentItem:
    """One item: its number and name, where it stands in the document (empty: missing), what to add if not."""

    number: str
    name: str
    where: str = ""
    to_add: str = ""


def spent_items(
    protocol: Protocol,
    *,
    started: bool = False,
    hidden: bool = False,
    committed: bool = False,
    planned: bool = False,
    about: Mapping[str, str] = {},
) -> tuple[SpentItem, ...]:
    """Every item, filled or missing.

    Parameters
    ----------
    started
        The trial has its dates and its schedule.
    hidden
        The arms are hidden from the person.
    committed
        Somebody else holds the key, to which there is a commitment.
    planned
        The document holds results of the planner.
    about
        What only the person can say, by the names of `SAID`.
    """

    def asked(number: str, name: str, key: str, what: str) -> tuple[str, str, str, str]:
        """An item that a line of `about.yaml` fills."""
        return number, name, "about this trial" if about.get(key) else "", f"in about.yaml, {key}: {what}"

    doses = any(arm.doses for arm in protocol.arms)
    rows = (
        ("1", "Title that says N-of-1, what is compared and for what", "title", ""),
        asked(
            "2",
            "Registration",
            "registration",
            "where, or where the fingerprint was kept before the first night",
        ),
        ("3", "Version and date", "title" if started else "", "make the trial with n1trial new"),
        asked("4", "Funding", "funding", "who pays for what is taken and for the device"),
        asked("5", "Who does what", "roles", "the person, the helper, the doctor who was asked"),
        ("6a", "Background and reason", "why" if protocol.reason.strip() else "", "reason"),
        ("6b", "Choice of the comparator", "what is compared", ""),
        ("7", "Question", "why", ""),
        ("8", "Design: periods, blocks, run-in, washout, order", "design", ""),
        ("9", "Setting", "design", ""),
        (
            "10",
            "Who may take part",
            "safety" if protocol.stop_and_ask_a_doctor else "",
            "stop_and_ask_a_doctor",
        ),
        ("11a", "What is taken, how much, when", "what is compared", ""),
        (
            "11b",
            "When to stop or change",
            "safety" if protocol.stop_and_ask_a_doctor else "",
            "stop_and_ask_a_doctor",
        ),
        ("11c", "How doses taken are recorded", "what is written down", ""),
        (
            "11d",
            "What else may be taken",
            "what is written down" if protocol.confounders else "",
            "confounders",
        ),
        ("12", "Outcomes and the smallest change worth having", "outcomes", ""),
        ("13", "Timeline", "design" if started else "", "make the trial with n1trial new"),
        (
            "14",
            "Number of blocks, and what it can show",
            "what it can show" if planned else "",
            "run n1trial plan",
        ),
        asked("15", "How the person came to it", "came_to_it", "a sentence"),
        ("16a", "How the order is drawn", "design", ""),
        (
            "16b",
            "Concealment of the order",
            "blinding" if committed or not doses else "",
            "n1trial new --blind, with a helper",
        ),
        ("16c", "Who draws, who packs", "blinding" if hidden or not doses else "", "n1trial new --blind"),
        ("17a", "Who is blinded", "blinding" if hidden or not doses else "", "n1trial new --blind"),
        (
            "17b",
            "Opening the blind in an emergency",
            "blinding" if hidden or not doses else "",
            "n1trial new --blind",
        ),
        ("18", "What is recorded, with what device", "what is written down", ""),
        ("19", "Where the data are kept", "data", ""),
        ("20", "Analysis: model, drift, carry-over, missing nights, verdict rule", "analysis", ""),
        ("21", "Looks before the end, and the rule for stopping", "analysis", ""),
        ("22", "Harms", "safety" if protocol.stop_and_ask_a_doctor else "", "stop_and_ask_a_doctor"),
        ("23", "Audit", "data", ""),
        asked("24", "Approval of an ethics committee", "ethics", "who agreed; rarely asked for one person"),
        ("25", "Amendments", "data", ""),
        asked("26", "Consent", "consent", "your own; with a doctor, theirs in writing"),
        ("27", "Confidentiality", "data", ""),
        asked("28", "Interests", "funding", "say too if you sell any of it"),
        ("29", "Who may see the data", "data", ""),
        asked("30", "Care afterwards", "care_afterwards", "who looks after harms"),
        ("31", "What becomes of the result", "analysis", ""),
        asked("32", "Consent form", "consent", "its text, only if others take part"),
        ("33", "Samples of blood and the like", "outcomes", ""),
    )
    return tuple(
        SpentItem(number=number, name=name, where=where, to_add="" if where else to_add)
        for number, name, where, to_add in rows
    )
