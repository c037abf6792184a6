"""Forest plot of other analyses of the same nights beside the primary one."""

from collections.abc import Sequence
from dataclasses import dataclass

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from n1trial.analysis.effects import Effects
from n1trial.data.trial_data import TrialData
from n1trial.design.contrast import Contrast
from n1trial.markup.text import capitalised
from n1trial.markup.theme import MUTED, WORSE
from n1trial.report.figures.canvas import TEXT, WIDE, canvas, fitted
from n1trial.report.figures.gain_axis import (
    HEADER,
    PAD,
    against_reference,
    draw_gain_axis,
    draw_header,
    draw_zones,
)
from n1trial.report.figures.palette import ArmStyle, arm_styles


@dataclass(frozen=True, slots=True, kw_only=True)
class ForestRow:
    """One analysis of a contrast: its estimate and interval, in the outcome's contrast unit."""

    contrast: Contrast
    name: str
    estimate: float
    low: float | None
    high: float | None


def forest_of_analyses(
    analyses: Sequence[ForestRow], effects: Effects, data: TrialData, *, width: float = WIDE
) -> Figure:
    """Other analyses of the same nights beside the primary one, one panel per arm."""
    shown = [
        (effect, [each for each in analyses if each.contrast == effect.contrast])
        for effect in against_reference(effects, data)
    ]
    sign, mid = effects.outcome.sign, effects.outcome.mid
    values = [
        sign * value
        for _, group in shown
        for each in group
        for value in (each.estimate, each.low, each.high)
        if value is not None
    ]
    low, high = min([-1.8 * mid, *values]), max([2.2 * mid, *values])
    low, high = low - 0.04 * (high - low), high + 0.04 * (high - low)
    narrow = width < 500
    row, left = (38.0, 0.0) if narrow else (24.0, 210.0)
    page = canvas(width, 26 + sum(HEADER + row * len(group) + 6 for _, group in shown) + 44)
    inner = width - 2 * PAD - left
    place = 26.0
    for effect, group in shown:
        height = HEADER + row * len(group) + 6
        axes = page.axes(left=PAD + left, top=place, width=inner, height=height)
        axes.set_xlim(low, high)
        draw_zones(axes, mid)
        draw_header(page, place + HEADER / 2, effect, data, "")
        for number, each in enumerate(group):
            y = place + HEADER + row * (number + 0.5)
            weight = "bold" if number == 0 else "normal"
            page.text(
                PAD + 4,
                y - (9 if narrow else 0),
                fitted(capitalised(each.name), 300 if narrow else left, TEXT - 1.5),
                fontweight=weight,
                fontsize=TEXT - 1,
            )
            _whisker(
                axes,
                each,
                height - (y - place) - (7 if narrow else 0),
                sign=sign,
                style=arm_styles(data)[effect.arm],
                thick=number == 0,
            )
        place += height
    worse, right = ((value - low) / (high - low) * inner + PAD + left for value in (-mid, mid))
    page.text(right + 6, 13, "worth having →", fontweight="bold", fontsize=TEXT - 1)
    page.text(worse - 6, 13, "← worse", ha="right", color=WORSE.light, fontsize=TEXT - 1)
    draw_gain_axis(axes, page, effects, low, high)
    return page.figure


def _whisker(axes: Axes, analysis: ForestRow, y: float, *, sign: int, style: ArmStyle, thick: bool) -> None:
    if analysis.low is not None and analysis.high is not None:
        axes.plot(
            [sign * analysis.low, sign * analysis.high],
            [y, y],
            color=style.light if thick else MUTED.light,
            linewidth=3 if thick else 1.5,
        )
    axes.plot(
        [sign * analysis.estimate], [y], style.marker, color=style.light, markersize=9 if thick else 6.5
    )
