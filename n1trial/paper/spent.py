"""What a full protocol of an N-of-1 trial names, and whether this one does.

After SPENT 2019 (Porcino et al., BMJ 2020;368:m122), which extends SPIRIT 2013 to N-of-1 trials; the numbers
are SPIRIT's, the words are shortened.
"""

from dataclasses import dataclass

from n1trial.protocol import Protocol


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
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
) -> tuple[Item, ...]:
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
        The document holds what the planner found.
    """
    doses = any(arm.doses for arm in protocol.arms)
    rows = (
        ("1", "Title that says N-of-1, what is compared and for what", "title", ""),
        (
            "2",
            "Registration",
            "",
            "register it, or say where the fingerprint was kept before the first night",
        ),
        ("3", "Version and date", "title" if started else "", "make the trial with n1trial new"),
        ("4", "Funding", "", "who pays for the capsules and the device"),
        ("5", "Who does what", "", "the person, the helper, the doctor who was asked"),
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
        ("15", "How the person came to it", "", "a sentence"),
        ("16a", "How the order is drawn", "design", ""),
        (
            "16b",
            "Concealment of the order",
            "blinding" if committed else "",
            "n1trial new --blind, with a helper",
        ),
        ("16c", "Who draws, who packs", "blinding" if hidden else "", "n1trial new --blind"),
        ("17a", "Who is blinded", "blinding" if hidden or not doses else "", "n1trial new --blind"),
        ("17b", "Opening the blind in an emergency", "blinding" if hidden else "", "n1trial new --blind"),
        ("18", "What is recorded, with what device", "what is written down", ""),
        ("19", "Where the data are kept", "data", ""),
        ("20", "Analysis: model, drift, carry-over, missing nights, verdict rule", "analysis", ""),
        ("21", "Looks before the end, and the rule for stopping", "analysis", ""),
        ("22", "Harms", "safety" if protocol.stop_and_ask_a_doctor else "", "stop_and_ask_a_doctor"),
        ("23", "Audit", "data", ""),
        ("24", "Approval of an ethics committee", "", "rarely asked for one person; ask if you publish"),
        ("25", "Amendments", "data", ""),
        ("26", "Consent", "", "your own; with a doctor, theirs in writing"),
        ("27", "Confidentiality", "data", ""),
        ("28", "Interests", "", "say if you sell any of it"),
        ("29", "Who may see the data", "data", ""),
        ("30", "Care afterwards", "", "who looks after harms"),
        ("31", "What becomes of the result", "analysis", ""),
        ("32", "Consent form", "", "only if others take part"),
        ("33", "Samples of blood and the like", "outcomes", ""),
    )
    return tuple(
        Item(number=number, name=name, where=where, to_add="" if where else to_add)
        for number, name, where, to_add in rows
    )
