"""A protocol in plain lines: the question, what every arm holds, the design, what is measured, what to mind."""

from collections.abc import Iterator
from dataclasses import replace

from n1trial.design.allocation import Admissible, Luck, luck_of
from n1trial.design.allocation.admissible import ORDERS
from n1trial.design.protocol import Arm, Protocol
from n1trial.design.substances import COLLAGEN_GLYCINE, MAGNESIUM_LIMITS
from n1trial.markup.text import as_written, visible

# What a restriction costs is computed by listing orders, of which seven arms have 5,040.
PRICED_ARMS = 5


def protocol_lines(protocol: Protocol, *, details: bool = False) -> Iterator[str]:
    """A protocol: question, arms with what they hold, limits, design, outcomes, safety.

    Parameters
    ----------
    details
        Also the smallest p of a randomisation test under this order, and under others.
    """
    yield visible(protocol.title)
    yield visible(protocol.question)
    yield ""
    for arm in protocol.arms:
        held = visible(doses_of(arm))
        mark = ", the reference" if arm.name == protocol.reference else ""
        asked = "; ".join(part for part in (held, visible(arm.instruction)) if part)
        yield f"  {arm.name}{mark}: {asked or nothing_asked(protocol)}"
        if arm.doses:
            first, last = protocol.minutes_before_bed(arm)
            yield f"      {', '.join([*arm.contents, f'{first} to {last} min before bed'])}"
        if arm.doses or arm.build_up_nights:
            yield f"      {_build_up(arm)}"
    for line in limit_lines(protocol):
        yield f"  {line}"
    if protocol.acknowledged_above_limit:
        yield f"  above the limit, acknowledged: {visible(protocol.acknowledged_above_limit)}"
    yield ""
    for line in design_lines(protocol):
        yield f"  {line}"
    yield f"  {looks_line(protocol)}"
    if details:
        yield from (f"  {line}" for line in _prices(protocol))
    yield ""
    for planned in protocol.outcomes:
        outcome = planned.outcome
        mark = ", primary" if planned.primary else ""
        least = f"{as_written(outcome.mid)} {outcome.contrast_unit} ({outcome.source})"
        yield f"  {outcome.name}{mark}: worth having from {least}"
    if protocol.confounders:
        when = "in the evening" if protocol.habit else "before the dose"
        yield f"  written down {when}: {', '.join(visible(name) for name in protocol.confounders)}"
    if protocol.cycle:
        days = as_written(protocol.cycle.length_days)
        yield f"  a cycle of {days} days, its first days marked as {protocol.cycle.marks}"
    if protocol.roster:
        yield f"  shifts, written down as {protocol.roster.column}: {', '.join(map(visible, protocol.roster.words))}"
    for warning in protocol.stop_and_ask_a_doctor:
        yield f"  doctor: {visible(warning)}"


def doses_of(arm: Arm, *, short: bool = False) -> str:
    """What an arm holds: ``3,000 mg glycine + 0.5 mg melatonin``; nothing where it holds nothing.

    Parameters
    ----------
    short
        Without the second name that a substance has in brackets.
    """
    return " + ".join(
        f"{dose.compound_in_words} mg {dose.short_label if short else dose.label}" for dose in arm.doses
    )


def nothing_asked(protocol: Protocol) -> str:
    """The instruction of an evening without dose and instruction; in a trial of a habit it is not about taking."""
    return "nothing to keep to" if protocol.habit else "nothing to take"


def _build_up(arm: Arm) -> str:
    nights = arm.build_up_nights
    if nights is None:
        return "how fast it acts is not known: it counts as gone within a day (half_life_nights)"
    return (
        f"half of its effect after {as_written(nights)} nights" if nights else "acts and fades within a day"
    )


def limit_lines(protocol: Protocol) -> Iterator[str]:
    """The limits of magnesium by authority and which arms are above; glycine, and what collagen brings of it."""
    if any(arm.magnesium_mg for arm in protocol.arms):
        for limit in MAGNESIUM_LIMITS:
            above = [arm.name for arm in protocol.arms if arm.magnesium_mg > limit.mg]
            held = f"; ABOVE IT: {', '.join(above)}" if above else ""
            most = f"at most {limit.mg:.0f} mg a day ({limit.source})"
            yield f"magnesium from supplements, {limit.authority}: {most}{held}"
    if any(arm.glycine_mg for arm in protocol.arms):
        low, high = COLLAGEN_GLYCINE
        yield "glycine: no authority named here has set a limit; trials gave 3 g an evening"
        yield (
            f"collagen is glycine too: 15 g of it hold {15 * low:.1f} to {15 * high:.1f} g; keep it the same"
            " every day, or leave it away, and write it down"
        )


def design_lines(protocol: Protocol) -> Iterator[str]:
    """The design in numbers."""
    design, arms = protocol.design, len(protocol.arms)
    periods = f"periods of {design.period_nights} nights" if design.period_nights > 1 else "single nights"
    washout = (
        f", of which the first {design.washout_nights} are not analysed" if design.washout_nights else ""
    )
    yield (
        f"{protocol.planned_nights} nights: run-in {design.run_in_nights}, then {design.blocks} blocks of"
        f" {arms} {periods}{washout}"
    )
    rules = [ORDER_IN_WORDS[design.order]]
    rules += [f"{pair.arm} never directly after {pair.after}" for pair in design.never]
    yield f"order: {', and '.join(rules)}; drawn from {protocol.admissible.size:,} equally likely schedules"


ORDER_IN_WORDS = {
    "any": "every block in any order",
    "no-repeat": "no arm twice in a row",
    "abba": "every second block mirrors the one before",
    "williams": "Williams squares, in which every arm follows every other equally often",
}


def luck_in_words(luck: Luck) -> str:
    """The least p that the two randomisation tests can reach."""
    if luck.least_p >= 1:
        return "the order is as good as fixed: no randomisation test is possible"
    two = (
        f"of the {luck.swaps:,} swaps of two arms (median), {luck.least_swap_p:.2g}"
        if luck.least_swap_p < 1
        else "no two arms can be swapped on their own"
    )
    return f"least p of a randomisation test: of all schedules, {luck.least_p:.2g}; {two}"


def looks_line(protocol: Protocol) -> str:
    """When results may be looked at before the end, and when the trial then stops."""
    plan = protocol.looks
    if plan is None:
        return "No look at the results before the end."
    when = ", ".join(str(block) for block in plan.after_blocks)
    rule = (
        f"the posterior SD of every two arms in {protocol.primary.name} is at most {as_written(plan.sd_at_most or 0)}"
        f" {protocol.primary.contrast_unit}"
        if plan.stop_when == "precise"
        else "no arm’s verdict is “can’t tell yet”"
    )
    return f"Looks after block {when}; stop when {rule}."


def _prices(protocol: Protocol) -> Iterator[str]:
    """The smallest p of a randomisation test under every order that fits the number of blocks."""
    if len(protocol.arms) > PRICED_ARMS:
        return
    yield luck_in_words(luck_of(protocol.admissible))
    yield "what a restriction of the order costs:"
    yield f"    {'order':10} {'schedules':>10} {'swaps':>8} {'least p':>8} {'p .05 in':>9}"
    for order in ORDERS:
        other = replace(protocol.admissible, order=order, never=())
        mark = "  <- this protocol" if other == protocol.admissible else ""
        yield f"    {order:10} {_price(other)}{mark}"


def _price(admissible: Admissible) -> str:
    if admissible.blocks % admissible.cycle:
        return f"needs a multiple of {admissible.cycle} blocks"
    luck = luck_of(admissible)
    size = f"{luck.size:,}" if luck.size < 10**9 else f"{luck.size:.1e}"
    return f"{size:>10} {luck.swaps:>8,.4g} {luck.least_swap_p:>8.2g} {luck.reach_05:>9.0%}"
