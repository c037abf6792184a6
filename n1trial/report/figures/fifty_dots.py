"""Quantile dots: fifty equally likely effects of each arm, against the smallest worthwhile effect."""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from n1trial.analysis.effects import Effects
from n1trial.analysis.quantile_dots import DOTS, count_dots, dot_gains
from n1trial.data.trial_data import TrialData
from n1trial.markup.theme import MUTED, WORSE
from n1trial.report.figures.canvas import WIDE, canvas
from n1trial.report.figures.gain_axis import (
    HEADER,
    PAD,
    against_reference,
    draw_gain_axis,
    draw_header,
    draw_zones,
    name_zones,
)
from n1trial.report.figures.palette import ArmStyle, arm_styles

LARGEST_DOT, SMALLEST_DOT = 15.0, 5.0
STACK = 7


def quantile_dots(effects: Effects, data: TrialData, *, width: float = WIDE) -> Figure:
    """Fifty equally likely effects of each arm, against the smallest worthwhile effect."""
    shown = against_reference(effects, data)
    mid = effects.outcome.mid
    gains = [dot_gains(effect) for effect in shown]
    inner = width - 2 * PAD
    low = min(-1.8 * mid, *(each[0] for each in gains))
    high = max(2.2 * mid, *(each[-1] for each in gains))
    low, high = low - 0.04 * (high - low), high + 0.04 * (high - low)
    bins = [_stacked(each, mid, (high - low) / inner) for each in gains]
    heights = [max(stack.max() + 1, 3) * dot + HEADER + 12 for _, stack, dot in bins]
    top, bottom = 26.0, 44.0
    page = canvas(width, top + sum(heights) + bottom)
    place = top
    for effect, height, (at, stack, dot) in zip(shown, heights, bins, strict=True):
        axes = page.axes(left=PAD, top=place, width=inner, height=height)
        axes.set_xlim(low, high)
        draw_zones(axes, mid)
        _dots(axes, at, stack, dot, mid=mid, style=arm_styles(data)[effect.arm])
        draw_header(
            page,
            place + HEADER / 2 + 2,
            effect,
            data,
            f"{count_dots(effect).worthwhile} of {DOTS}" + (" worth having" if width >= 500 else ""),
        )
        place += height
    name_zones(page, top - 13, low=low, high=high, mid=mid, inner=inner)
    draw_gain_axis(axes, page, effects, low, high)
    return page.figure


type _Stacked = tuple[np.ndarray, np.ndarray, float]


def _stacked(gains: np.ndarray, mid: float, unit_px: float) -> _Stacked:
    """Places, heights (in dots) and size of the dots; columns end exactly at plus and minus mid."""
    wanted = np.clip(2.5 * STACK / DOTS * gains.std(), SMALLEST_DOT * unit_px, LARGEST_DOT * unit_px)
    column = 2 * mid / max(2, 2 * round(mid / wanted))
    numbers = np.floor((gains + mid) / column).astype(int)
    _, first, inverse = np.unique(numbers, return_index=True, return_inverse=True)
    dot = float(np.clip(column / unit_px, SMALLEST_DOT, LARGEST_DOT))
    return (numbers + 0.5) * column - mid, np.arange(len(gains)) - first[inverse], dot


def _dots(axes: Axes, at: np.ndarray, stack: np.ndarray, dot: float, *, mid: float, style: ArmStyle) -> None:
    markers = (
        (at >= mid, {"marker": style.marker, "markerfacecolor": style.light, "markeredgecolor": style.light}),
        (at <= -mid, {"marker": "X", "markerfacecolor": WORSE.light, "markeredgecolor": WORSE.light}),
        (
            abs(at) < mid,
            {
                "marker": "o",
                "markerfacecolor": "none",
                "markeredgecolor": MUTED.light,
                "markeredgewidth": 1.3,
            },
        ),
    )
    for chosen, marker in markers:
        axes.plot(
            at[chosen],
            (stack[chosen] + 0.5) * dot + 3,
            linestyle="",
            markersize=dot - (4.2 if marker["marker"] == "s" else 3.4),
            clip_on=False,
            **marker,
        )
