"""The methods in words: design, smallest worthwhile effects, verdict rule, checklist."""

from collections.abc import Iterator, Sequence

import pandas as pd

from n1trial.data.trial_data import TrialData
from n1trial.design.outcomes import Outcome
from n1trial.design.protocol import Arm, Protocol, VerdictRule
from n1trial.design.protocol_text import nothing_asked
from n1trial.design.verdict import INTERVAL, INTERVAL_KIND, LEAST_RECOVERED, Problem
from n1trial.markup.text import amount_in_words, as_written, capitalised, ended, visible
from n1trial.report.sentences.numbers import in_a_row
from n1trial.report.sentences.outcome_words import NBSP

INTERVALS = (
    f"Intervals hold {INTERVAL:.0%} and are {INTERVAL_KIND}. Chances are counted over the posterior draws."
).replace("%", f"{NBSP}%")

BLINDING = {
    True: "The arms were blinded.",
    False: "The arms were not blinded.",
    None: "Whether the arms were blinded is not known.",
}
DRAWN = {
    "blocks": "The order was drawn by lot within blocks.",
    "coin": "The arm of each night was drawn by lot.",
    "none": "The order was not drawn by lot.",
}
BLIND_BROKEN = "The arms were blinded, and what was hidden came out before the end."


def design_in_words(data: TrialData) -> str:
    """Arms, blocks and periods, randomisation where there was no protocol, and blinding."""
    periods = data.table.loc[data.table["period"] > 0]
    lengths = periods.groupby("period").size()
    nights = f"{lengths.min()}" if lengths.min() == lengths.max() else f"{lengths.min()} to {lengths.max()}"
    order = f"{data.blocks} blocks{_once_each(periods, len(data.arms))}" if data.blocks else "no blocks"
    blinding = BLIND_BROKEN if data.blinded and data.blind_broken else BLINDING[data.blinded]
    return (
        f"One person, {len(data.arms)} arms, {lengths.size} periods of {nights}"
        f" night{'' if nights == '1' else 's'}, {order}. {'' if data.planned else f'{DRAWN[data.drawn]} '}{blinding}"
    )


def _once_each(nights: pd.DataFrame, arms: int) -> str:
    of_blocks = nights[nights["block"] > 0].groupby("block")
    once = (of_blocks["arm"].nunique() == arms) & (of_blocks["period"].nunique() == arms)
    return ", in each of which every arm came once" if once.all() else ""


def design_lines(data: TrialData, protocol: Protocol | None) -> list[str]:
    """The design, the question, and what every arm holds."""
    return [design_in_words(data), *(_plan_lines(protocol) if protocol else ())]


def _plan_lines(protocol: Protocol) -> Iterator[str]:
    yield f"Question: {protocol.question}"
    for arm in protocol.arms:
        held = "; ".join(part for part in (_held(arm), arm.instruction) if part)
        yield ended(f"{capitalised(arm.label)}: {held or nothing_asked(protocol)}")


def _held(arm: Arm) -> str:
    """Every dose of an evening, and the glycine and magnesium that compounds bring; each amount once."""
    if not arm.doses:
        return ""
    doses = in_a_row([f"{dose.compound_in_words} mg {dose.label}" for dose in arm.doses])
    bound = any(dose.glycine_mg and dose.substance != "glycine" for dose in arm.doses)
    brought = {"glycine": arm.glycine_mg * bound, "elemental magnesium": arm.magnesium_mg}
    also = [f"{amount_in_words(amount)} mg {name}" for name, amount in brought.items() if amount]
    return f"{doses} an evening" + (f", in all {in_a_row(also)}" if also else "")


def mids_in_words(outcomes: Sequence[Outcome]) -> str:
    """The smallest change worth having of every outcome, with its source."""
    sizes = [f"{as_written(of.mid)} {of.contrast_unit} in {of.label} ({of.source})" for of in outcomes]
    return f"The smallest change worth having is {in_a_row(sizes)}."


def rule_in_words(rule: VerdictRule) -> list[str]:
    """The thresholds of every verdict, in the order in which they count."""
    return [
        f"Worth it: chance of any gain {as_written(rule.worth_it_p_better)} or more, and of a worthwhile gain"
        f" {as_written(rule.worth_it_p_worthwhile)} or more.",
        f"Worse: chance of any loss {as_written(rule.worse_p_worse)} or more, and of a loss of that size"
        f" {as_written(rule.worse_p_much_worse)} or more.",
        f"No difference that matters: chance of less either way {as_written(rule.no_difference_p_equivalent)} or more.",
        f"No worthwhile gain: chance of a worthwhile gain {as_written(rule.no_gain_p_worthwhile)} or less.",
        f"For either “no” the nights alone, without the prior, must leave such a change a chance of"
        f" {as_written(rule.no_p_nights_alone)} or less.",
        f"Where the schedule shows less than {as_written(LEAST_RECOVERED)} of what builds up over nights, either “no”"
        " is only “no gain within a period”.",
        "Can’t tell yet: everything else. The first that fits is taken.",
        "Certainty starts at high and falls a step for each reason that is named beside it. In simulated trials answers"
        " of higher certainty came true more often; how much a single reason weighs is a judgement.",
    ]


def without_verdict(outcome: Outcome, problems: Sequence[Problem]) -> str:
    """An outcome of which nothing is said, and why."""
    return f"No verdict on {visible(outcome.label)}: {'; '.join(map(str, problems))}."


def secondary_in_words(outcomes: int, comparisons: int) -> str:
    """The number of outcomes and comparisons, and of findings expected by chance."""
    return (
        f"Looked at {outcomes} outcome{'s' if outcomes > 1 else ''} in {comparisons}"
        f" comparison{'s' if comparisons > 1 else ''}. By chance alone, about"
        f" {_by_chance(comparisons)}."
    )


def _by_chance(comparisons: int) -> str:
    """Findings expected by chance at 1 in 20 comparisons; below one, in how many trials one is expected."""
    if comparisons >= 20:
        return f"{comparisons / 20:.0f} of them would look like a finding"
    return f"1 in {max(2, round(20 / comparisons))} such trials would show a finding"


def missing_item(ask: str) -> str:
    """A missing item of a full account, and how to fill it."""
    return f"missing; say it in about.yaml, as {ask}: …" if ask else "missing"


def missing_items(names: Sequence[str], of: int) -> str:
    """Which items of a full account this report lacks."""
    if not names:
        return f"All {of} items are filled."
    return f"{of - len(names)} of {of} items are filled. Missing: {'; '.join(names)}."
