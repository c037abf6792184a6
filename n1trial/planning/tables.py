"""The tables of a plan, for terminal and page: verdicts, interim looks, designs, slow effects, supplies."""

from collections.abc import Iterator

from n1trial.design.verdict import Verdict
from n1trial.markup.text import as_written, visible
from n1trial.planning.operating_characteristics import VERDICTS, AtEffect, Share
from n1trial.planning.plan import Plan
from n1trial.planning.sentences import in_unit, nights_in_words, percent

type Row = tuple[str, ...]


def verdict_rows(plan: Plan) -> tuple[Row, tuple[Row, ...]]:
    """Header and rows: the chance of each verdict by true gain, for one arm."""
    header = ("true gain", *VERDICTS, "any arm worth it", "single nights: any arm better")
    rows = tuple(
        (
            in_unit(plan, at.gain),
            *(_with_error(share) for share in at.verdicts),
            _with_error(at.alarmed),
            _with_error(at.naive_any),
        )
        for at in plan.planned.by_gain
    )
    return header, rows


def look_rows(plan: Plan) -> tuple[Row, tuple[Row, ...]]:
    """Header and rows: the same when the trial stops at the first interim look that decides; no rows if none."""
    rows = tuple(
        (
            in_unit(plan, at.gain),
            *(_with_error(share) for share in at.stopped),
            _with_error(at.stopped_alarmed),
            f"{at.stopped_nights:.0f}",
        )
        for at in plan.planned.by_gain
        if at.stopped_alarmed is not None
    )
    return ("true gain", *VERDICTS, "any arm worth it", "nights until then"), rows


def design_rows(plan: Plan) -> tuple[Row, tuple[Row, ...]]:
    """Header and rows: the planned design and the alternative ones."""
    header = (
        "design",
        "nights",
        "arms × blocks × nights",
        "give or take",
        *(f"finds a gain of {in_unit(plan, at.gain)}" for at in plan.planned.by_gain[1:]),
        "finds one where there is none",
    )
    rows = tuple(
        (
            visible(design.name),
            str(design.nights),
            f"{design.arms} × {design.blocks} × {design.period_nights}",
            in_unit(plan, design.precision.half_width),
            *(percent(at.verdicts[0]) for at in design.by_gain[1:]),
            percent(design.by_gain[0].alarmed),
        )
        for design in plan.designs
    )
    return header, rows


def yaml_rows(plan: Plan) -> tuple[Row, tuple[Row, ...]]:
    """Header and rows: what to write into a copy of the protocol for each alternative design."""
    rows = tuple((visible(design.name), design.yaml) for design in plan.beside if design.yaml)
    return ("design", "what to write into your copy of the protocol"), rows


def how_to_get(plan: Plan) -> str:
    """How to get an alternative design from the protocol; empty where there is none."""
    if not yaml_rows(plan)[1]:
        return ""
    return (
        f"To get another design: n1trial protocols {plan.protocol} --yaml > mine.yaml; replace design by its line"
        " above, and remove looks; then n1trial plan mine.yaml, or n1trial new my-trial -p"
        " mine.yaml. Of a file of your own, change a copy in the same way."
    )


def recovered_rows(plan: Plan) -> tuple[Row, tuple[Row, ...]]:
    """Header and rows: how much of an effect that builds up slowly the averages recover."""
    rows = tuple((nights_in_words(round(half_life)), f"{share:.2f}") for half_life, share in plan.recovered)
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
    """Title, header and rows of every table that has rows."""
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
        else f"no posterior SD is above {in_unit(plan, plan.stop_sd)}"
    )
    return f"If you look after {'blocks' if before else 'block'} {after}, and stop once {until}"


def twenty_trials(plan: Plan) -> Iterator[tuple[str, str, tuple[tuple[Verdict, int], ...]]]:
    """For each true gain a heading, words, and how many of twenty trials end in each verdict."""
    for at in plan.planned.by_gain:
        counts = tuple(zip(VERDICTS, _rounded_to_twenty(at), strict=True))
        heading = f"If an arm gains {in_unit(plan, at.gain)}" if at.gain else "If an arm does nothing"
        yield heading, ", ".join(f"{count} {verdict}" for verdict, count in counts if count), counts


def _rounded_to_twenty(at: AtEffect) -> list[int]:
    """Whole trials that add up to twenty: the largest remainders are rounded up."""
    exact = [20 * share.chance for share in at.verdicts]
    whole = [int(count) for count in exact]
    by_remainder = sorted(range(len(exact)), key=lambda k: whole[k] - exact[k])
    for k in by_remainder[: 20 - sum(whole)]:
        whole[k] += 1
    return whole


def _with_error(share: Share) -> str:
    """A chance with its Monte Carlo error (one standard error)."""
    return f"{100 * share.chance:.1f} ± {100 * share.error:.1f} %"
