"""Every sentence about a plan, for terminal and page."""

from collections.abc import Iterator, Sequence

from n1trial.design.substances import unknown_half_life
from n1trial.design.verdict import INTERVAL, INTERVAL_KIND, Verdict
from n1trial.inference.build_up import what_would_tell
from n1trial.markup.text import as_written, capitalised, visible
from n1trial.planning.carryover import SlowArm
from n1trial.planning.operating_characteristics import VERDICTS, AtEffect, Share
from n1trial.planning.plan import DesignChances, Plan

CANNOT_ANSWER, PROBABLY = 0.25, 0.75
FEW_BASELINE_NIGHTS = 28

type Row = tuple[str, ...]


def plan_sentences(plan: Plan) -> tuple[str, ...]:
    """What the trial can show, in plain sentences; the first says it all."""
    return (
        *(_headline(plan), *_of_counts(plan), *_kindly(plan), _width(plan), _false_alarms(plan)),
        *(_slow(plan, each) for each in plan.slow),
        *(unknown_half_life(visible(plan.labels[arm])) for arm in plan.unknown),
    )


def _slow(plan: Plan, slow: SlowArm) -> str:
    """What a schedule cannot say of an arm that builds up, and what could."""
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
            f" {plan.person.usual:.1f} a night on average, and a fall by {_amount(plan, plan.outcome.mid)}, the"
            " smallest that is worth having, is not possible. Make another outcome primary."
        )
    most = gains[-1]
    if _seen(most) < CANNOT_ANSWER:
        return (
            f"{nights} cannot answer this question: even a gain of {_amount(plan, most.gain)} would be seen in"
            f" {_of_twenty(_seen(most))} such trials."
        )
    smaller = "".join(
        f", and one of {_amount(plan, at.gain)} in {_of_twenty(_seen(at))}" for at in gains[:-1]
    )
    return (
        f"With {nights} you would see a gain of {_amount(plan, most.gain)} in {_of_twenty(_seen(most))} such trials"
        f"{smaller}; most of the others end in “can’t tell yet”."
    )


def _of_counts(plan: Plan) -> Iterator[str]:
    """What a gain in a count is, and which gains nobody can have."""
    if plan.outcome.kind != "count" or len(plan.planned.by_gain) == 1:
        return
    one, usual = plan.planned.by_gain[1].gain, plan.person.usual
    fall = usual * one / 100 if plan.outcome.scale == "percent" else one
    yield (
        f"A gain is a fall in {plan.outcome.label}: {_amount(plan, one)} is from {usual:.1f} to"
        f" {usual - fall:.1f} a night."
    )
    if len(plan.planned.by_gain) == 2:
        yield (
            f"A gain of {_amount(plan, 2 * plan.outcome.mid)} is not possible, as where no arm acts there are"
            f" {usual:.1f} a night on average."
        )


def _kindly(plan: Plan) -> Iterator[str]:
    """Why so few, and what would do better, where the plan can say it."""
    most = plan.planned.by_gain[-1]
    if not most.gain or _seen(most) >= PROBABLY:
        return
    apart = (
        f"differ by about {plan.person.night_sd:.1f} in this count from one to the next."
        if plan.outcome.kind == "count"
        else f"differ by about {_amount(plan, plan.person.night_sd)} from one to the next, and the effects that"
        " others found are small."
    )
    yield (
        f"That is no fault of yours: your nights {apart}"
        if plan.person.baseline_nights
        else f"Nights {apart}"
    )
    best = max(plan.beside, key=lambda design: _seen(design.by_gain[-1]), default=None)
    if best is not None and _seen(best.by_gain[-1]) > _seen(most) + 0.05:
        yield (
            f"Of the designs beside it, “{best.name}” ({best.nights} nights) would see a gain of"
            f" {_amount(plan, best.by_gain[-1].gain)} in {_of_twenty(_seen(best.by_gain[-1]))} trials"
            f"{_if_quick(best)}."
        )


def _if_quick(design: DesignChances) -> str:
    return "; it is only for what acts and fades within a day" if design.period_nights == 1 else ""


def _width(plan: Plan) -> str:
    return (
        f"At the end you would know an effect give or take {_amount(plan, plan.planned.precision.half_width)}"
        f" ({INTERVAL:.0%} interval, {INTERVAL_KIND}, on average)."
    )


def _false_alarms(plan: Plan) -> str:
    nothing = plan.planned.by_gain[0]
    return (
        f"If nothing works, this analysis still calls an arm worth it in {_percent(nothing.alarmed)} of trials;"
        f" comparing single nights finds an arm better in {_percent(nothing.naive_any)}."
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
        whose = f"{_nights(person.baseline_nights)} of your own say little, and lean on other wearers"
    else:
        whose = f"Your own {_nights(person.baseline_nights)}"
    if count:
        return (
            f"{whose}: {person.usual:.1f} a night on average, SD from night to night {person.night_sd:.1f} (chance"
            f" alone makes it {person.usual**0.5:.1f}), SD from week to week {person.drift_sd:.1f}, Friday and"
            f" Saturday {person.free_night:+.1f}, {person.missing_share:.0%} not recorded."
        )
    far = (
        f"; {_nights(person.far_nights)} far from the others counted as less extreme"
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


def verdict_rows(plan: Plan) -> tuple[Row, tuple[Row, ...]]:
    """Header and rows: the chance of each verdict by true gain, for one arm."""
    header = ("true gain", *VERDICTS, "any arm worth it", "single nights: any arm better")
    rows = tuple(
        (
            _amount(plan, at.gain),
            *(_counted(share) for share in at.verdicts),
            _counted(at.alarmed),
            _counted(at.naive_any),
        )
        for at in plan.planned.by_gain
    )
    return header, rows


def look_rows(plan: Plan) -> tuple[Row, tuple[Row, ...]]:
    """Header and rows: the same when an arm's trial stops at the first look that decides; no rows if none."""
    rows = tuple(
        (
            _amount(plan, at.gain),
            *(_counted(share) for share in at.stopped),
            _counted(at.stopped_alarmed),
            f"{at.stopped_nights:.0f}",
        )
        for at in plan.planned.by_gain
        if at.stopped_alarmed is not None
    )
    return ("true gain", *VERDICTS, "any arm worth it", "nights until then"), rows


def design_rows(plan: Plan) -> tuple[Row, tuple[Row, ...]]:
    """Header and rows: the planned design and those beside it."""
    header = (
        "design",
        "nights",
        "arms × blocks × nights",
        "give or take",
        *(f"finds a gain of {_amount(plan, at.gain)}" for at in plan.planned.by_gain[1:]),
        "finds one where there is none",
    )
    rows = tuple(
        (
            visible(design.name),
            str(design.nights),
            f"{design.arms} × {design.blocks} × {design.period_nights}",
            _amount(plan, design.precision.half_width),
            *(_percent(at.verdicts[0]) for at in design.by_gain[1:]),
            _percent(design.by_gain[0].alarmed),
        )
        for design in plan.designs
    )
    return header, rows


def yaml_rows(plan: Plan) -> tuple[Row, tuple[Row, ...]]:
    """Header and rows: what to write into a copy of the protocol for each other design."""
    rows = tuple((visible(design.name), design.yaml) for design in plan.beside if design.yaml)
    return ("design", "what to write into your copy of the protocol"), rows


def how_to_get(plan: Plan) -> str:
    """How another design is got from the protocol; empty where there is none beside it."""
    if not yaml_rows(plan)[1]:
        return ""
    return (
        f"To get another design: n1trial protocols {plan.protocol} --yaml > mine.yaml; replace design by its line"
        " above, and remove looks; then n1trial plan mine.yaml, or n1trial new my-trial -p"
        " mine.yaml. Of a file of your own, change a copy in the same way."
    )


def recovered_rows(plan: Plan) -> tuple[Row, tuple[Row, ...]]:
    """Header and rows: how much of an effect that builds up slowly the averages recover."""
    rows = tuple((_nights(round(half_life)), f"{share:.2f}") for half_life, share in plan.recovered)
    return ("half of it is there after", "share recovered"), rows


def cost_rows(plan: Plan) -> tuple[Row, tuple[Row, ...]]:
    """Header and rows: evenings, grams and capsules of every arm."""
    rows = tuple(
        (
            visible(plan.labels[cost.arm]),
            f"{cost.evenings:.0f}",
            ", ".join(f"{as_written(grams)} g {visible(name)}" for name, grams in cost.grams.items())
            or "nothing",
            str(cost.capsules),
        )
        for cost in plan.costs
    )
    return ("arm", "evenings", "in all", "capsules, about"), rows


def plan_tables(plan: Plan) -> Iterator[tuple[str, Row, tuple[Row, ...]]]:
    """Every table with its title, header and rows; none without rows."""
    for title, (header, rows) in (
        ("How often each verdict, for one arm", verdict_rows(plan)),
        (_looks_title(plan), look_rows(plan)),
        ("Other designs", design_rows(plan)),
        ("How to get them", yaml_rows(plan)),
        ("How much of a slow effect this schedule shows", recovered_rows(plan)),
        ("What it takes", cost_rows(plan)),
    ):
        if rows:
            yield title, header, rows


def _looks_title(plan: Plan) -> str:
    *before, last = plan.looks_after or (0,)
    after = f"{', '.join(map(str, before))} and {last}" if before else str(last)
    until = (
        "no arm is at “can’t tell yet”"
        if plan.stop_sd is None
        else f"no posterior SD is above {_amount(plan, plan.stop_sd)}"
    )
    return f"If you look after {'blocks' if before else 'block'} {after}, and stop once {until}"


def twenty_trials(plan: Plan) -> Iterator[tuple[str, str, tuple[tuple[Verdict, int], ...]]]:
    """For each true gain a heading, words, and how many of twenty trials end in each verdict."""
    for at in plan.planned.by_gain:
        counts = tuple(zip(VERDICTS, _rounded_to_twenty(at), strict=True))
        heading = f"If an arm gains {_amount(plan, at.gain)}" if at.gain else "If an arm does nothing"
        yield heading, ", ".join(f"{count} {verdict}" for verdict, count in counts if count), counts


def _rounded_to_twenty(at: AtEffect) -> list[int]:
    """Whole trials that add up to twenty: the largest remainders are rounded up."""
    exact = [20 * share.chance for share in at.verdicts]
    whole = [int(each) for each in exact]
    by_remainder = sorted(range(len(exact)), key=lambda k: whole[k] - exact[k])
    for k in by_remainder[: 20 - sum(whole)]:
        whole[k] += 1
    return whole


def plan_lines(plan: Plan) -> Iterator[str]:
    """The plan for a terminal: sentences, then the tables."""
    yield f"{visible(plan.title)}: {visible(plan.outcome.label)}"
    yield ""
    yield from plan_sentences(plan)
    yield ""
    yield person_sentence(plan)
    for title, header, rows in plan_tables(plan):
        yield ""
        yield title
        yield from _aligned(header, rows)
    if how := how_to_get(plan):
        yield ""
        yield how
    yield ""
    yield counted_sentence(plan)


def _aligned(header: Row, rows: Sequence[Row]) -> Iterator[str]:
    """Columns side by side, a long heading over several lines."""
    widths = [
        max(12 if at else 0, *(len(row[at]) for row in rows), *(len(word) for word in header[at].split()))
        for at in range(len(header))
    ]
    wrapped = [_wrapped(cell, width) for cell, width in zip(header, widths, strict=True)]
    height = max(len(lines) for lines in wrapped)
    heads = [[""] * (height - len(lines)) + lines for lines in wrapped]
    for line in zip(*heads, strict=True):
        yield _row(line, widths)
    for row in rows:
        yield _row(row, widths)


def _row(cells: Sequence[str], widths: Sequence[int]) -> str:
    first, *others = zip(cells, widths, strict=True)
    return "  ".join([f"  {first[0]:<{first[1]}}", *(f"{cell:>{width}}" for cell, width in others)]).rstrip()


def _wrapped(text: str, width: int) -> list[str]:
    lines = [""]
    for word in text.split():
        if lines[-1] and len(lines[-1]) + 1 + len(word) > width:
            lines.append("")
        lines[-1] = f"{lines[-1]} {word}".strip()
    return lines


def _seen(at: AtEffect) -> float:
    return at.verdicts[0].chance


def _amount(plan: Plan, amount: float) -> str:
    said = f"{amount:.0f}" if amount >= 10 else f"{amount:.1f}".removesuffix(".0")
    return f"{said} {plan.outcome.contrast_unit}" if amount else "none"


def _percent(share: Share) -> str:
    return f"{100 * share.chance:.0f} %" if share.chance >= 0.095 else f"{100 * share.chance:.1f} %"


def _counted(share: Share) -> str:
    """A chance with its Monte Carlo error (one standard error)."""
    return f"{100 * share.chance:.1f} ± {100 * share.error:.1f} %"


def _of_twenty(chance: float) -> str:
    if chance < 0.05:
        return "fewer than 1 of 20"
    if chance > 0.95:
        return "nearly all"
    return f"about {max(1, round(20 * chance))} of 20"


def _nights(number: int) -> str:
    return f"{number} night{'' if number == 1 else 's'}"
