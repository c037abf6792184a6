"""The four pictures of the report, each a function that returns a matplotlib figure.

Right is always better, in every picture of an effect; the words at the ends of the axis say which way that
is. `width` is in CSS pixels: `WIDE` for a page, `NARROW` for a phone.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from n1trial.effects import Effect, Effects
from n1trial.report.canvas import TEXT, WIDE, Canvas, canvas, fitted, label_ticks, round_ticks
from n1trial.report.dots import DOTS, count_dots, dot_gains
from n1trial.report.palette import BAND, MUTED, WORSE, ArmStyle, arm_styles
from n1trial.report.sentences import of_hundred, wording
from n1trial.report.text import capitalised
from n1trial.trial import TrialData

HEADER = 26.0
LARGEST_DOT, SMALLEST_DOT = 15.0, 5.0
STACK = 7


def quantile_dots(effects: Effects, data: TrialData, *, width: float = WIDE) -> Figure:
    """Fifty equally likely answers for each arm, against the smallest worthwhile effect."""
    shown = against_reference(effects, data)
    mid = effects.outcome.mid
    gains = [dot_gains(effect) for effect in shown]
    inner = width - 2 * _PAD
    low = min(-1.8 * mid, *(each[0] for each in gains))
    high = max(2.2 * mid, *(each[-1] for each in gains))
    low, high = low - 0.04 * (high - low), high + 0.04 * (high - low)
    bins = [_stacked(each, mid, (high - low) / inner) for each in gains]
    heights = [max(stack.max() + 1, 3) * dot + HEADER + 12 for _, stack, dot in bins]
    top, bottom = 26.0, 44.0
    page = canvas(width, top + sum(heights) + bottom)
    place = top
    for effect, height, (at, stack, dot) in zip(shown, heights, bins, strict=True):
        axes = page.axes(left=_PAD, top=place, width=inner, height=height)
        axes.set_xlim(low, high)
        _zones(axes, mid)
        _dots(axes, at, stack, dot, mid=mid, style=arm_styles(data)[effect.arm])
        _header(
            page,
            place + HEADER / 2 + 2,
            effect,
            data,
            f"{count_dots(effect).worthwhile} of {DOTS}" + (" worth having" if width >= 500 else ""),
        )
        place += height
    _zone_names(page, top - 13, low=low, high=high, mid=mid, inner=inner)
    _gain_axis(axes, page, effects, low, high)
    return page.figure


_PAD = 14.0


def against_reference(effects: Effects, data: TrialData) -> list[Effect]:
    """The contrasts of every arm with the reference."""
    return [effect for effect in effects.contrasts if effect.comparator == data.reference]


type _Stacked = tuple[np.ndarray, np.ndarray, float]


def _stacked(gains: np.ndarray, mid: float, unit_px: float) -> _Stacked:
    """Places, heights (in dots) and size of the dots; columns end exactly at plus and minus mid."""
    wanted = np.clip(2.5 * STACK / DOTS * gains.std(), SMALLEST_DOT * unit_px, LARGEST_DOT * unit_px)
    column = 2 * mid / max(2, 2 * round(mid / wanted))
    numbers = np.floor((gains + mid) / column).astype(int)
    _, first, inverse = np.unique(numbers, return_index=True, return_inverse=True)
    dot = float(np.clip(column / unit_px, SMALLEST_DOT, LARGEST_DOT))
    return (numbers + 0.5) * column - mid, np.arange(len(gains)) - first[inverse], dot


def _zones(axes: Axes, mid: float) -> None:
    axes.axvspan(-mid, mid, color=BAND.light, linewidth=0)
    axes.axvline(0, color=MUTED.light, linewidth=1, dashes=(2, 3))


def _zone_names(page: Canvas, top: float, *, low: float, high: float, mid: float, inner: float) -> None:
    per_unit = inner / (high - low)
    left, middle, right = ((value - low) * per_unit + _PAD for value in (-mid, 0.0, mid))
    page.say(left - 6, top, "← worse", ha="right", color=WORSE.light, fontsize=TEXT - 1)
    page.say(right + 6, top, "worth having →", fontweight="bold", fontsize=TEXT - 1)
    if right - left > 120:
        page.say(middle, top, "too small to matter", ha="center", color=MUTED.light, fontsize=TEXT - 1)


def _dots(axes: Axes, at: np.ndarray, stack: np.ndarray, dot: float, *, mid: float, style: ArmStyle) -> None:
    looks = (
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
    for chosen, look in looks:
        axes.plot(
            at[chosen],
            (stack[chosen] + 0.5) * dot + 3,
            linestyle="",
            markersize=dot - (4.2 if look["marker"] == "s" else 3.4),
            clip_on=False,
            **look,
        )


def _header(page: Canvas, top: float, effect: Effect, data: TrialData, said: str) -> None:
    style = arm_styles(data)[effect.arm]
    label = fitted(capitalised(data.labels[effect.arm]), page.width - 2 * _PAD - 80)
    page.say(_PAD + 4, top, f"{style.symbol} {label}", color=style.light, fontweight="bold")
    if said:
        page.say(page.width - _PAD - 4, top, said, ha="right", fontweight="bold")


def _gain_axis(axes: Axes, page: Canvas, effects: Effects, low: float, high: float) -> None:
    outcome, words = effects.outcome, wording(effects.outcome)
    ticks = round_ticks(low, high, 6 if page.width < 500 else 8)
    label_ticks(axes, ticks, [f"{abs(tick):g}" for tick in ticks])
    worse, better = (words.short_less, words.short_more)[:: outcome.sign]
    unit = {"min": "minutes", "a night": "a night", "units": ""}.get(
        outcome.contrast_unit, outcome.contrast_unit
    )
    page.say(_PAD, page.height - 10, f"← {worse}", color=MUTED.light, fontsize=TEXT - 1)
    page.say(page.width / 2, page.height - 10, unit, ha="center", color=MUTED.light, fontsize=TEXT - 1)
    page.say(
        page.width - _PAD, page.height - 10, f"{better} →", ha="right", color=MUTED.light, fontsize=TEXT - 1
    )


def tomorrow_night(effects: Effects, data: TrialData, *, width: float = WIDE) -> Figure:
    """A hundred nights on each arm: how many would beat a night on the reference."""
    shown = [effect for effect in against_reference(effects, data) if effect.better_nights is not None]
    in_row = 20 if width < 500 else 50
    step = (width - 2 * _PAD) / in_row
    height = HEADER + 100 / in_row * step + 14
    page = canvas(width, height * max(1, len(shown)))
    for number, effect in enumerate(shown):
        axes = page.axes(
            left=_PAD, top=number * height + HEADER, width=width - 2 * _PAD, height=100 / in_row * step
        )
        axes.set_xlim(0, width - 2 * _PAD)
        places = np.arange(100)
        x, y = (places % in_row + 0.5) * step, axes.get_ylim()[1] - (places // in_row + 0.5) * step
        better = places < of_hundred(effect.better_nights or 0.0)
        style = arm_styles(data)[effect.arm]
        axes.plot(
            x[better],
            y[better],
            style.marker,
            color=style.light,
            markersize=min(8.5, step - 5),
            clip_on=False,
        )
        axes.plot(
            x[~better],
            y[~better],
            "o",
            markerfacecolor="none",
            markeredgecolor=MUTED.light,
            markersize=5,
            clip_on=False,
        )
        _header(page, number * height + HEADER / 2, effect, data, f"{int(better.sum())} of 100")
    return page.figure


@dataclass(frozen=True, slots=True, kw_only=True)
class Analysis:
    """One way to analyse the same nights: its estimate and interval, in the outcome's contrast unit."""

    contrast: str
    name: str
    estimate: float
    low: float | None
    high: float | None


def analysed_differently(
    analyses: Sequence[Analysis], effects: Effects, data: TrialData, *, width: float = WIDE
) -> Figure:
    """Every other analysis of the same nights beside the one that counts, an arm a panel."""
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
    inner = width - 2 * _PAD - left
    place = 26.0
    for effect, group in shown:
        height = HEADER + row * len(group) + 6
        axes = page.axes(left=_PAD + left, top=place, width=inner, height=height)
        axes.set_xlim(low, high)
        _zones(axes, mid)
        _header(page, place + HEADER / 2, effect, data, "")
        for number, each in enumerate(group):
            y = place + HEADER + row * (number + 0.5)
            weight = "bold" if number == 0 else "normal"
            page.say(
                _PAD + 4,
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
    worse, right = ((value - low) / (high - low) * inner + _PAD + left for value in (-mid, mid))
    page.say(right + 6, 13, "worth having →", fontweight="bold", fontsize=TEXT - 1)
    page.say(worse - 6, 13, "← worse", ha="right", color=WORSE.light, fontsize=TEXT - 1)
    _gain_axis(axes, page, effects, low, high)
    return page.figure


def _whisker(axes: Axes, each: Analysis, y: float, *, sign: int, style: ArmStyle, thick: bool) -> None:
    if each.low is not None and each.high is not None:
        axes.plot(
            [sign * each.low, sign * each.high],
            [y, y],
            color=style.light if thick else MUTED.light,
            linewidth=3 if thick else 1.5,
        )
    axes.plot([sign * each.estimate], [y], style.marker, color=style.light, markersize=9 if thick else 6.5)
