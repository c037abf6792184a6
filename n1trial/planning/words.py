"""Every sentence about a plan, for terminal and page."""

from collections.abc import Iterator, Sequence

from n1trial.planning.chances import VERDICTS, AtEffect, Share
from n1trial.planning.plan import DesignChances, Plan
from n1trial.text import visible
from n1trial.verdict import INTERVAL, INTERVAL_KIND, Verdict

CANNOT_ANSWER, PROBABLY = 0.25, 0.75
FEW_BASELINE_NIGHTS = 28

type Row = tuple[str, ...]


def plan_sentences(plan: Plan) -> tuple[str, ...]:
    """What the trial can show, in plain sentences; the first says it all."""
    return (_headline(plan), *_kindly(plan), _width(plan), _false_alarms(plan))


def _headline(plan: Plan) -> str:
    _, one, two = plan.planned.by_gain
    nights = f"{plan.planned.nights} nights"
    if _seen(two) < CANNOT_ANSWER:
        return (
            f"{nights} cannot answer this question: even a gain of {_amount(plan, two.gain)} would be seen in"
            f" {_of_ten(_seen(two))} such trials."
        )
    return (
        f"With {nights} you would see a gain of {_amount(plan, two.gain)} in {_of_ten(_seen(two))} such trials,"
        f" and one of {_amount(plan, one.gain)} in {_of_ten(_seen(one))}; most of the others end in “can’t tell"
        " yet”."
    )


def _kindly(plan: Plan) -> Iterator[str]:
    """Why so few, and what would do better, where the plan can say it."""
    here = _seen(plan.planned.by_gain[2])
    if here >= PROBABLY:
        return
    yield (
        f"That is no fault of yours: your nights differ by about {_amount(plan, plan.person.night_sd)} from one"
        f" to the next, and the effects that others found are small."
        if plan.person.baseline_nights
        else f"Nights differ by about {_amount(plan, plan.person.night_sd)} from one to the next, and the"
        " effects that others found are small."
    )
    best = max(plan.beside, key=lambda design: _seen(design.by_gain[2]), default=None)
    if best is not None and _seen(best.by_gain[2]) > here + 0.05:
        yield (
            f"Of the designs beside it, “{best.name}” ({best.nights} nights) would see a gain of"
            f" {_amount(plan, best.by_gain[2].gain)} in {_of_ten(_seen(best.by_gain[2]))} trials"
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
    if not person.baseline_nights:
        whose = (
            "Nights typical of other wearers (give --baseline with an export of your own to plan for yours)"
        )
    elif person.baseline_nights < FEW_BASELINE_NIGHTS:
        whose = f"{_nights(person.baseline_nights)} of your own say little, and lean on other wearers"
    else:
        whose = f"Your own {_nights(person.baseline_nights)}"
    far = f"; {_nights(person.far_nights)} far from the others were drawn in" if person.far_nights else ""
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
    return (
        f"Chances were counted in {plan.trials} simulated trials ({plan.beside_trials} for each other design);"
        f" their standard errors are at most {100 * worst:.1f} and {100 * worst_beside:.1f} in 100. Every arm has"
        " the gain that is named, and 3 % of doses are forgotten."
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
    one, two = (plan.planned.by_gain[k].gain for k in (1, 2))
    header = (
        "design",
        "nights",
        "arms × blocks × nights",
        "give or take",
        f"sees {_amount(plan, one)}",
        f"sees {_amount(plan, two)}",
        "false alarm",
    )
    rows = tuple(
        (
            visible(design.name),
            str(design.nights),
            f"{design.arms} × {design.blocks} × {design.period_nights}",
            _amount(plan, design.precision.half_width),
            _percent(design.by_gain[1].verdicts[0]),
            _percent(design.by_gain[2].verdicts[0]),
            _percent(design.by_gain[0].alarmed),
        )
        for design in plan.designs
    )
    return header, rows


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
            ", ".join(f"{grams:g} g {visible(name)}" for name, grams in cost.grams.items()) or "nothing",
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


def _of_ten(chance: float) -> str:
    if chance < 0.05:
        return "fewer than 1 of 20"
    if chance > 0.95:
        return "nearly all"
    return f"about {max(1, round(10 * chance))} of 10"


def _nights(number: int) -> str:
    return f"{number} night{'' if number == 1 else 's'}"
