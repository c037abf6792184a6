"""Bad nights and the median night, one row per arm."""

import math
from collections.abc import Callable, Sequence

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from n1trial.data.trial_data import TrialData
from n1trial.design.outcomes import OUTCOMES
from n1trial.inference.inla import SleepDistribution
from n1trial.markup.text import capitalised
from n1trial.report.figures.canvas import TEXT, WIDE, canvas, fitted, label_ticks, round_ticks
from n1trial.report.figures.gain_axis import PAD
from n1trial.report.figures.levels import rule_down
from n1trial.report.figures.palette import arm_styles
from n1trial.report.sentences import NBSP, hours, level

TOP, ROW, MARK, LINE, AXIS, GAP = 30.0, 48.0, 14.0, 20.0, 30.0, 34.0
# The axis of shares spans ten nights of 100 at least, and that of median nights an hour at least.
LEAST_SHARE, LEAST_MIN = 10.0, 60.0


def bad_nights_by_arm(distribution: SleepDistribution, data: TrialData, *, width: float = WIDE) -> Figure:
    """How many of 100 nights were under the limit, and the length of the median night."""
    arms, styles, narrow = list(distribution.arms), arm_styles(data), width < 500
    inner = (width - 2 * PAD - GAP) / 2
    # On a phone the name of an arm has a line of its own.
    row = ROW + LINE if narrow else ROW
    page = canvas(width, TOP + row * len(arms) + AXIS)
    left, right = PAD, PAD + inner + GAP
    limit = hours(distribution.limit_min).replace("hours", "h")
    page.text(left, TOP / 2, fitted(f"under {limit}, of 100", inner), fontweight="bold")
    page.text(right, TOP / 2, fitted("middle night", inner), fontweight="bold")
    shares = [100 * distribution.arms[arm].bad / distribution.arms[arm].nights for arm in arms]
    middles = [distribution.arms[arm].middle_min for arm in arms]
    most = max(LEAST_SHARE, 1.1 * max(shares))
    margin = max(0.0, LEAST_MIN - (max(middles) - min(middles))) / 2 + 8
    of_share = page.axes(left=left, top=TOP, width=inner, height=row * len(arms))
    of_middle = page.axes(left=right, top=TOP, width=inner, height=row * len(arms))
    of_share.set_xlim(0.0, most)
    of_middle.set_xlim(min(middles) - margin, max(middles) + margin)
    _rule(of_share, round_ticks(0.0, most, 4), "{:g}".format)
    _rule(of_middle, _round_times(*of_middle.get_xlim()), _clock)
    for number, (arm, share, middle) in enumerate(zip(arms, shares, middles, strict=True)):
        style, nights, bottom = styles[arm], distribution.arms[arm], TOP + row * (number + 1)
        y, top = row * (len(arms) - number - 1) + MARK, bottom - MARK - LINE
        label_width, lifted = (width - 2 * PAD, LINE) if narrow else (inner - 80, 0.0)
        label = fitted(f"{style.symbol} {capitalised(data.labels[arm])}", label_width)
        page.text(left, top - lifted, label, color=style.light, fontweight="bold")
        counted = f"{nights.bad or 'none'} of {nights.nights}"
        for place, value_label in ((left, counted), (right, level(OUTCOMES["tst_min"], middle))):
            page.text(place + inner, top, value_label, ha="right", fontsize=TEXT - 0.5)
        of_share.plot([0, share], [y, y], color=style.light, linewidth=2)
        for axes, value in ((of_share, share), (of_middle, middle)):
            axes.plot([value], [y], style.marker, color=style.light, markersize=9, clip_on=False)
    return page.figure


def _rule(axes: Axes, ticks: Sequence[float], tick_label: Callable[[float], str]) -> None:
    label_ticks(axes, ticks, [tick_label(tick) for tick in ticks])
    # The vertical lines serve as ticks.
    axes.tick_params(axis="x", bottom=False)
    axes.spines["bottom"].set_visible(False)
    rule_down(axes, ticks)


def _round_times(low: float, high: float) -> list[float]:
    """Half hours between two limits, or hours where those would be many."""
    step = 30 if high - low <= 120 else 60 * math.ceil((high - low) / 300)
    return [float(tick) for tick in range(step * math.ceil(low / step), math.floor(high) + 1, step)]


def _clock(minutes: float) -> str:
    whole, rest = divmod(round(minutes), 60)
    return f"{whole}{NBSP}h{NBSP}{rest:02d}" if rest else f"{whole}{NBSP}h"
