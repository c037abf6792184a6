"""The protocol as a document for a doctor: what is taken, how long, what is watched, when to stop."""

from collections.abc import Mapping, Sequence

from n1trial.design.protocol import Protocol
from n1trial.design.protocol_text import design_lines, limit_lines, looks_line
from n1trial.design.schedule import Schedule
from n1trial.trial_folder.printouts.evening import arm_in_words, kit_in_words, minutes_in_words
from n1trial.trial_folder.printouts.page import page
from n1trial.trial_folder.printouts.spent_checklist import SAID, spent_items

# Where arms are hidden, as many capsules are swallowed on nothing as on any other arm.
PLACEBO = "placebo: capsules with no active substance"
type PlanTable = tuple[str, Sequence[str], Sequence[Sequence[str]]]


def document_html(
    protocol: Protocol,
    *,
    schedule: Schedule | None = None,
    hidden: str = "",
    commitment: str = "",
    amendments: Sequence[str] = (),
    plan: Sequence[str] = (),
    plan_tables: Sequence[PlanTable] = (),
    about: Mapping[str, str] = {},
    person: str = "",
) -> str:
    """The document as HTML, with the items of SPENT 2019 that it fills and those that are missing.

    Parameters
    ----------
    schedule
        Of a trial that was made; gives the dates.
    hidden
        How the arms are hidden from the person: "helper", "envelopes", or not.
    amendments
        What was changed since, in order.
    plan
        Results of the planner, in lines.
    plan_tables
        Its tables, each with title, header and rows.
    about
        What only the person can say, by the names of `about.yaml`.
    person
        Name or number of the person.
    """
    nights = schedule.table["night"] if schedule else None
    return page(
        "document.html.j2",
        protocol=protocol,
        first=nights.iloc[0].date() if nights is not None else None,
        last=nights.iloc[-1].date() if nights is not None else None,
        arms=[
            (arm, PLACEBO if hidden and not arm.doses else arm_in_words(protocol, arm))
            for arm in protocol.arms
        ],
        usual_time=minutes_in_words(protocol.dosing.minutes_before_bed),
        design=list(design_lines(protocol)),
        limits=list(limit_lines(protocol)),
        written_down=[*protocol.confounders, *protocol.calendar_columns.values()],
        interim=looks_line(protocol),
        hidden=hidden,
        each_evening=kit_in_words(protocol) if hidden else "",
        commitment=commitment,
        amendments=amendments,
        plan=plan,
        plan_tables=plan_tables,
        person=person,
        statements=[(SAID[name], text) for name, text in about.items() if name in SAID and text],
        has_glycine=any(arm.glycine_mg for arm in protocol.arms),
        has_magnesium=any(arm.magnesium_mg for arm in protocol.arms),
        items=spent_items(
            protocol,
            started=schedule is not None,
            hidden=bool(hidden),
            committed=bool(commitment),
            planned=bool(plan or plan_tables),
            about=about,
        ),
    )
