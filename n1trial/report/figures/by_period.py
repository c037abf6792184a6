"""The mean of every period with its interval, as the analysis of period means uses it."""

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from matplotlib.figure import Figure
from scipy.special import stdtrit

from n1trial.analysis.effects import INTERVAL
from n1trial.data.trial_data import TrialData
from n1trial.design.outcomes import Outcome
from n1trial.markup.theme import MUTED
from n1trial.report.figures.canvas import TEXT, WIDE, canvas, fitted, label_ticks
from n1trial.report.figures.levels import draw_levels, level_title, rule_down
from n1trial.report.figures.palette import arm_styles

LEFT, RIGHT, TOP, PLOT, AXIS, KEY = 34.0, 10.0, 30.0, 170.0, 44.0, 20.0


@dataclass(frozen=True, slots=True, kw_only=True)
class PeriodMean:
    """A period's analysed nights: how many, their mean, and its t interval; no interval from one night."""

    period: int
    block: int
    arm: str
    nights: int
    mean: float
    low: float | None
    high: float | None


def period_means(data: TrialData, outcome: Outcome) -> list[PeriodMean]:
    """Every period that has an analysed night, in calendar order, in the outcome's unit."""
    means = []
    analysed = data.analysed(outcome)
    for period, nights in analysed[analysed["period"] > 0].groupby("period"):
        values = nights[outcome.name].to_numpy(float)
        reach = None
        if len(values) > 1:
            t = float(stdtrit(len(values) - 1, (1 + INTERVAL) / 2))
            reach = t * float(values.std(ddof=1)) / np.sqrt(len(values))
        mean = float(values.mean())
        means.append(
            PeriodMean(
                period=int(period),
                block=int(nights["block"].iloc[0]),
                arm=str(nights["arm"].iloc[0]),
                nights=len(values),
                mean=mean,
                low=None if reach is None else mean - reach,
                high=None if reach is None else mean + reach,
            )
        )
    return means


def means_by_period(data: TrialData, outcome: Outcome, *, width: float = WIDE) -> Figure:
    """Period means and their intervals in calendar order, with thin rules between blocks."""
    means, styles = period_means(data, outcome), arm_styles(data)
    page = canvas(width, TOP + KEY + PLOT + AXIS)
    page.text(4, TOP / 2, level_title(outcome), fontweight="bold")
    axes = page.axes(left=LEFT, top=TOP + KEY, width=width - LEFT - RIGHT, height=PLOT)
    ends = [
        value for period in means for value in (period.mean, period.low, period.high) if value is not None
    ]
    low, high = (min(ends), max(ends)) if ends else (0.0, 1.0)
    low, high = (low, high) if high > low else (low - 1, low + 1)
    scale = (PLOT - 16) / (high - low)
    axes.set_xlim(-0.7, max(len(means), 1) - 0.3)
    draw_levels(axes, outcome, low, high, foot=8, height=PLOT - 16)
    place = 10.0
    for arm, style in styles.items():
        own = [(at, period) for at, period in enumerate(means) if period.arm == arm]
        bars = [
            point
            for at, period in own
            if period.low is not None and period.high is not None
            for point in (
                (at, 8 + scale * (period.low - low)),
                (at, 8 + scale * (period.high - low)),
                (at, np.nan),
            )
        ]
        if bars:
            axes.plot(*zip(*bars, strict=True), color=style.light, linewidth=1.6)
        axes.plot(
            [at for at, _ in own],
            [8 + scale * (period.mean - low) for _, period in own],
            style.marker,
            color=style.light,
            markersize=min(8.5, max(4.0, 0.5 * (width - LEFT) / max(len(means), 1))),
        )
        label = fitted(f"{style.symbol} {data.labels[arm]}", (width - 30) / len(data.arms))
        page.text(place, TOP + KEY / 2, label, color=style.light, fontsize=TEXT - 0.5)
        place += (width - 20) / len(data.arms)
    blocks = [period.block for period in means]
    starts = [at for at, block in enumerate(blocks) if block > 0 and (at == 0 or blocks[at - 1] != block)]
    rule_down(axes, [at - 0.5 for at in starts[1:]])
    every = max(1, int(np.ceil(len(starts) * 26 / (width - LEFT - RIGHT))))
    middles = [(start + end - 1) / 2 for start, end in pairwise([*starts, len(means)])]
    label_ticks(axes, middles[::every], [str(blocks[start]) for start in starts[::every]])
    if starts:
        page.text(width / 2, page.height - 9, "block", ha="center", color=MUTED.light, fontsize=TEXT - 1)
    return page.figure
