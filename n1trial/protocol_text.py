"""A protocol in plain lines: the question, what every arm holds, the design, what is measured, what to mind."""

from collections.abc import Iterator

from n1trial.protocol import Protocol
from n1trial.substances import MAGNESIUM_LIMIT_MG, MAGNESIUM_LIMIT_SOURCE, SUBSTANCES
from n1trial.text import visible


def protocol_lines(protocol: Protocol) -> Iterator[str]:
    """A protocol: question, arms with what they hold, design, outcomes, safety."""
    design = protocol.design
    first, last = protocol.dosing.minutes_before_bed
    yield visible(protocol.title)
    yield visible(protocol.question)
    yield ""
    for arm in protocol.arms:
        held = " + ".join(f"{dose.compound:,.0f} mg {SUBSTANCES[dose.substance].label}" for dose in arm.doses)
        mark = ", the reference" if arm.name == protocol.reference else ""
        yield f"  {arm.name}{mark}: {held or 'no dose'}"
        yield f"      glycine {arm.glycine_mg:,.0f} mg, elemental magnesium {arm.magnesium_mg:,.0f} mg"
    yield f"  limit for magnesium from supplements: {MAGNESIUM_LIMIT_MG:.0f} mg ({MAGNESIUM_LIMIT_SOURCE})"
    if protocol.acknowledged_above_limit:
        yield f"  above the limit, acknowledged: {visible(protocol.acknowledged_above_limit)}"
    yield ""
    yield (
        f"  {protocol.planned_nights} nights: run-in {design.run_in_nights}, then {design.blocks} blocks of"
        f" {len(protocol.arms)} periods of {design.period_nights}; taken {first} to {last} min before bed"
    )
    for planned in protocol.outcomes:
        outcome = planned.outcome
        mark = ", primary" if planned.primary else ""
        yield f"  {outcome.name}{mark}: worth having from {outcome.mid:g} {outcome.contrast_unit} ({outcome.source})"
    for warning in protocol.stop_and_ask_a_doctor:
        yield f"  doctor: {visible(warning)}"
