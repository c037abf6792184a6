"""The dosing sheet: one line a night with boxes to tick, a fortnight on a page."""

from datetime import time
from itertools import batched

from n1trial.design.blinding import Hidden
from n1trial.design.protocol import Protocol
from n1trial.design.schedule import Schedule
from n1trial.trial_folder.printouts.evening import kit_in_words, planned_evenings
from n1trial.trial_folder.printouts.page import page

NIGHTS_A_PAGE = 14
BEDTIME = time(23)


def sheet_html(
    schedule: Schedule,
    protocol: Protocol,
    *,
    hidden: Hidden = "",
    commitment: str = "",
    bedtime: time = BEDTIME,
    person: str = "",
) -> str:
    """The sheet as HTML that prints on one A4 or Letter page (landscape) a fortnight.

    Parameters
    ----------
    hidden
        How the arms are hidden, if they are; the schedule then holds letters.
    commitment
        Printed at the foot of every page.
    bedtime
        Usual bedtime, from which the times of doses follow.
    person
        Name or number of the person, at the head of every page.
    """
    nights = [
        (evening, evening.clock_lines(bedtime), evening.dose)
        for evening in planned_evenings(schedule, protocol, hidden=hidden)
    ]
    return page(
        "sheet.html.j2",
        protocol=protocol,
        person=person,
        fortnights=list(batched(nights, NIGHTS_A_PAGE)),
        confounders=[_heading(name) for name in (*protocol.confounders, *protocol.calendar_columns.values())],
        hidden=bool(hidden),
        each_evening=f"Every evening with a kit or box: {kit_in_words(protocol)}." if hidden else "",
        commitment=commitment,
        sha256=protocol.sha256,
    )


def _heading(confounder: str) -> str:
    name, _, scale = confounder.partition("_0_to_10")
    words = name.replace("_", " ")
    return f"{words} 0–10" if name != confounder or scale else words
