"""The sentences about a plan, for terminal and page."""

from collections.abc import Iterator

from n1trial.design.substances import unknown_half_life
from n1trial.design.verdict import INTERVAL, INTERVAL_KIND
from n1trial.inference.build_up import what_would_tell
from n1trial.markup.text import as_written, capitalised, visible
from n1trial.planning.carryover import SlowArm
from n1trial.planning.design_simulation import DesignCharacteristics
from n1trial.planning.operating_characteristics import AtEffect, Share
from n1trial.planning.plan import Plan

CANNOT_ANSWER, PROBABLY = 0.25, 0.75
FEW_BASELINE_NIGHTS = 28


def plan_sentences(plan: Plan) -> tuple[str, ...]:
    """What the trial can show, in plain sentences, the main result first."""
    return (
        *(_headline(plan), *_of_counts(plan), *_why_so_few(plan), _width(plan), _false_alarms(plan)),
        *(_slow(plan, arm) for arm in plan.slow),
        *(unknown_half_life(visible(plan.labels[arm])) for arm in plan.unknown),
    )


def _slow(plan: Plan, slow: SlowArm) -> str:
    """What the schedule cannot show of an arm that builds up, and which trial could."""
    return (
        f"{capitalised(visible(plan.labels[slow.arm]))} may need {as_written(slow.half_life_nights)} nights for half"
        f" of its effect, so this schedule shows about {slow.recovered:.0%} of the whole: a “no” here holds within a"
        f" period, not for steady use. {what_would_tell(slow.telling)}"
    )


def _headline(plan: Plan) -> str:
    gains = plan.planned.by_gain[1:]
    nights = f"{plan.planned.nights} nights"
    if not gains:
        return (
            f"This question cannot be answered with {plan.outcome.label}: where no arm acts there are"
            f" {plan.person.usual:.1f} a night on average, and a fall by {in_unit(plan, plan.outcome.mid)}, the"
            " smallest that is worth having, is not possible. Make another outcome primary."
        )
    most = gains[-1]
    if _seen(most) < CANNOT_ANSWER:
        return (
            f"{nights} cannot answer this question: even a gain of {in_unit(plan, most.gain)} would be seen in"
            f" {_of_twenty(_seen(most))} such trials."
        )
    smaller = "".join(
        f", and one of {in_unit(plan, at.gain)} in {_of_twenty(_seen(at))}" for at in gains[:-1]
    )
    return (
        f"With {nights} you would see a gain of {in_unit(plan, most.gain)} in {_of_twenty(_seen(most))} such trials"
        f"{smaller}; most of the others end in “can’t tell yet”."
    )


def _of_counts(plan: Plan) -> Iterator[str]:
    """What a gain in a count is, and which gains are impossible."""
    if plan.outcome.kind != "count" or len(plan.planned.by_gain) == 1:
        return
    one, usual = plan.planned.by_gain[1].gain, plan.person.usual
    fall = usual * one / 100 if plan.outcome.scale == "percent" else one
    yield (
        f"A gain is a fall in {plan.outcome.label}: {in_unit(plan, one)} is from {usual:.1f} to"
        f" {usual - fall:.1f} a night."
    )
    if len(plan.planned.by_gain) == 2:
        yield (
            f"A gain of {in_unit(plan, 2 * plan.outcome.mid)} is not possible, as where no arm acts there are"
            f" {usual:.1f} a night on average."
        )


def _why_so_few(plan: Plan) -> Iterator[str]:
    """Why so few trials see the largest gain, and which alternative design does better."""
    most = plan.planned.by_gain[-1]
    if not most.gain or _seen(most) >= PROBABLY:
        return
    spread = (
        f"differ by about {plan.person.night_sd:.1f} in this count from one to the next."
        if plan.outcome.kind == "count"
        else f"differ by about {in_unit(plan, plan.person.night_sd)} from one to the next, and the effects that"
        " others found are small."
    )
    yield (
        f"That is no fault of yours: your nights {spread}"
        if plan.person.baseline_nights
        else f"Nights {spread}"
    )
    best = max(plan.beside, key=lambda design: _seen(design.by_gain[-1]), default=None)
    if best is not None and _seen(best.by_gain[-1]) > _seen(most) + 0.05:
        yield (
            f"Of the designs beside it, “{best.name}” ({best.nights} nights) would see a gain of"
            f" {in_unit(plan, best.by_gain[-1].gain)} in {_of_twenty(_seen(best.by_gain[-1]))} trials"
            f"{_if_quick(best)}."
        )


def _if_quick(design: DesignCharacteristics) -> str:
    return "; it is only for what acts and fades within a day" if design.period_nights == 1 else ""


def _width(plan: Plan) -> str:
    return (
        f"At the end you would know an effect give or take {in_unit(plan, plan.planned.precision.half_width)}"
        f" ({INTERVAL:.0%} interval, {INTERVAL_KIND}, on average)."
    )


def _false_alarms(plan: Plan) -> str:
    nothing = plan.planned.by_gain[0]
    return (
        f"If nothing works, this analysis still calls an arm worth it in {percent(nothing.alarmed)} of trials;"
        f" comparing single nights finds an arm better in {percent(nothing.naive_any)}."
    )


def person_sentence(plan: Plan) -> str:
    """Whose nights were planned for."""
    person, unit = plan.person, plan.outcome.contrast_unit
    count = plan.outcome.kind == "count"
    if count and not person.baseline_nights:
        whose = (
            "None of your own nights is known (give --baseline with an export of your own to plan for yours), so"
            " a usual person is assumed"
        )
    elif not person.baseline_nights:
        whose = (
            "Nights typical of other wearers (give --baseline with an export of your own to plan for yours)"
        )
    elif person.baseline_nights < FEW_BASELINE_NIGHTS:
        whose = f"{nights_in_words(person.baseline_nights)} of your own say little, and lean on other wearers"
    else:
        whose = f"Your own {nights_in_words(person.baseline_nights)}"
    if count:
        return (
            f"{whose}: {person.usual:.1f} a night on average, SD from night to night {person.night_sd:.1f} (chance"
            f" alone makes it {person.usual**0.5:.1f}), SD from week to week {person.drift_sd:.1f}, Friday and"
            f" Saturday {person.free_night:+.1f}, {person.missing_share:.0%} not recorded."
        )
    far = (
        f"; {nights_in_words(person.far_nights)} far from the others counted as less extreme"
        if person.far_nights
        else ""
    )
    return (
        f"{whose}: SD from night to night {person.night_sd:.0f} {unit}, correlation with the night before"
        f" {person.phi:+.2f}, slow drift {person.drift_sd:.0f} {unit}, Friday and Saturday"
        f" {person.free_night:+.0f} {unit}, {person.missing_share:.0%} not recorded{far}."
    )


def counted_sentence(plan: Plan) -> str:
    """How the chances were counted, and how far off they may be."""
    worst = max(share.error for at in plan.planned.by_gain for share in at.verdicts)
    worst_beside = max(
        (share.error for design in plan.beside for at in design.by_gain for share in at.verdicts),
        default=worst,
    )
    left_out = (
        " This plan of a count leaves out what stopping before the last night would change."
        if plan.outcome.kind == "count"
        else ""
    )
    return (
        f"Chances were counted in {plan.trials} simulated trials ({plan.beside_trials} for each other design);"
        f" their standard errors are at most {100 * worst:.1f} and {100 * worst_beside:.1f} in 100. Every arm has"
        f" the gain that is named, and 3 % of doses are forgotten.{left_out}"
    )


def _seen(at: AtEffect) -> float:
    """Chance of the verdict "worth it"."""
    return at.verdicts[0].chance


def in_unit(plan: Plan, amount: float) -> str:
    """An amount in the contrast unit of the plan's outcome, such as "30 min"; "none" for 0."""
    number = f"{amount:.0f}" if amount >= 10 else f"{amount:.1f}".removesuffix(".0")
    return f"{number} {plan.outcome.contrast_unit}" if amount else "none"


def percent(share: Share) -> str:
    """A chance in per cent, with a decimal below 9.5 %."""
    return f"{100 * share.chance:.0f} %" if share.chance >= 0.095 else f"{100 * share.chance:.1f} %"


def _of_twenty(chance: float) -> str:
    if chance < 0.05:
        return "fewer than 1 of 20"
    if chance > 0.95:
        return "nearly all"
    return f"about {max(1, round(20 * chance))} of 20"


def nights_in_words(number: int) -> str:
    """A number of nights: "1 night", "3 nights"."""
    return f"{number} night{'' if number == 1 else 's'}"
