"""Design, verdict rule and provenance in words."""

from collections.abc import Iterator, Sequence

from n1trial.effects import INTERVAL, INTERVAL_KIND
from n1trial.outcomes import Outcome
from n1trial.protocol import Protocol, VerdictRule
from n1trial.report.sentences.in_numbers import in_a_row
from n1trial.report.sentences.outcome_words import NBSP
from n1trial.report.text import capitalised, visible
from n1trial.trial import TrialData

INTERVALS = (
    f"Intervals hold {INTERVAL:.0%} and are {INTERVAL_KIND}. Chances are counted over the posterior draws."
).replace("%", f"{NBSP}%")

BLINDING = {
    True: "The arms were blinded.",
    False: "The arms were not blinded.",
    None: "Whether the arms were blinded is not known.",
}


BLIND_BROKEN = "The arms were blinded, and what was hidden came out before the end."


def design_in_words(data: TrialData) -> str:
    """Arms, blocks and periods, and who knew."""
    periods = data.table.loc[data.table["period"] > 0]
    lengths = periods.groupby("period").size()
    nights = f"{lengths.min()}" if lengths.min() == lengths.max() else f"{lengths.min()} to {lengths.max()}"
    order = f"{data.blocks} blocks, in each of which every arm came once" if data.blocks else "no blocks"
    blinding = BLIND_BROKEN if data.blinded and data.blind_broken else BLINDING[data.blinded]
    return (
        f"One person, {len(data.arms)} arms, {lengths.size} periods of {nights}"
        f" night{'' if nights == '1' else 's'}, {order}. {blinding}"
    )


def design_lines(data: TrialData, protocol: Protocol | None) -> list[str]:
    """The design, the question, and what every arm holds."""
    return [design_in_words(data), *(_plan_lines(protocol) if protocol else ())]


def _plan_lines(protocol: Protocol) -> Iterator[str]:
    yield f"Question: {protocol.question}"
    for arm in protocol.arms:
        doses = ", ".join(f"{dose.substance} {dose.compound:.0f} mg" for dose in arm.doses)
        held = f"glycine {arm.glycine_mg:.0f} mg, elemental magnesium {arm.magnesium_mg:.0f} mg"
        yield f"{capitalised(arm.label)}: {f'{doses}; {held} an evening' if doses else 'no dose'}."


def mids_in_words(outcomes: Sequence[Outcome]) -> str:
    """The smallest change worth having of every outcome, with its source."""
    said = [f"{each.mid:g} {each.contrast_unit} in {each.label} ({each.source})" for each in outcomes]
    return f"The smallest change worth having is {in_a_row(said)}."


def rule_in_words(rule: VerdictRule) -> list[str]:
    """The thresholds of every verdict, in the order in which they count."""
    return [
        f"Worth it: chance of any gain {rule.worth_it_p_better:g} or more, and of a worthwhile gain"
        f" {rule.worth_it_p_worthwhile:g} or more.",
        f"Worse: chance of any loss {rule.worse_p_worse:g} or more, and of a loss of that size"
        f" {rule.worse_p_much_worse:g} or more.",
        f"No difference that matters: chance of less either way {rule.no_difference_p_equivalent:g} or more, and"
        f" the posterior SD at most {rule.no_gain_sd_ratio:g} of the prior’s.",
        f"No worthwhile gain: chance of a worthwhile gain {rule.no_gain_p_worthwhile:g} or less, and the"
        f" posterior SD at most {rule.no_gain_sd_ratio:g} of the prior’s.",
        "Can’t tell yet: everything else. The first that fits is taken.",
    ]


def without_verdict(outcome: Outcome, problems: Sequence[str]) -> str:
    """An outcome of which nothing is said, and why."""
    return f"{capitalised(visible(outcome.label))} has no verdict: {'; '.join(problems)}."


def secondary_in_words(outcomes: int, comparisons: int) -> str:
    """How many outcomes were looked at, and how many findings chance alone would bring."""
    return (
        f"Looked at {outcomes} outcome{'s' if outcomes > 1 else ''} in {comparisons}"
        f" comparison{'s' if comparisons > 1 else ''}; expect about {comparisons / 20:.1f} chance findings"
        " (1 in 20 comparisons)."
    )


def missing_item(ask: str) -> str:
    """A missing item of a full account, and how to fill it."""
    return f"missing; say it in about.yaml, as {ask}: …" if ask else "missing"


def missing_items(names: Sequence[str], of: int) -> str:
    """Which items of a full account this report lacks."""
    if not names:
        return f"All {of} items are filled."
    return f"{of - len(names)} of {of} items are filled. Missing: {'; '.join(names)}."
