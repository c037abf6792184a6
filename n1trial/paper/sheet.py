"""The dosing sheet: one line a night with boxes to tick, a fortnight on a page."""

from itertools import batched

from n1trial.blinding import Hidden
from n1trial.paper.evening import evenings, kit_in_words
from n1trial.paper.page import page
from n1trial.protocol import Protocol
from n1trial.schedule import Schedule

NIGHTS_A_PAGE = 14


def sheet_html(schedule: Schedule, protocol: Protocol, *, hidden: Hidden = "", commitment: str = "") -> str:
    """The sheet as HTML that prints on one A4 or Letter page (landscape) a fortnight.

    Parameters
    ----------
    hidden
        How the arms are hidden, if they are; the schedule then holds letters.
    commitment
        Printed at the foot of every page.
    """
    return page(
        "sheet.html.j2",
        protocol=protocol,
        fortnights=list(batched(evenings(schedule, protocol, hidden=hidden), NIGHTS_A_PAGE, strict=False)),
        confounders=[_heading(name) for name in protocol.confounders],
        each_evening=f"Every evening {kit_in_words(protocol)}." if hidden else "",
        commitment=commitment,
        sha256=protocol.sha256,
    )


def _heading(confounder: str) -> str:
    name, _, scale = confounder.partition("_0_to_10")
    words = name.replace("_", " ")
    return f"{words} 0–10" if name != confounder or scale else words
