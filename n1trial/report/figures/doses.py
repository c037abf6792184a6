"""Time of the doses, in minutes before the start of sleep."""

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.figure import Figure

from n1trial.data.trial_data import TrialData
from n1trial.markup.theme import BAND, MUTED
from n1trial.report.figures.canvas import TEXT, WIDE, canvas, fitted, label_ticks
from n1trial.report.figures.palette import arm_styles

BIN_MIN, MOST_MIN = 10, 240
PAD, TOP, KEY, AXIS, MARK = 14.0, 26.0, 20.0, 44.0, 9.0


def dose_timing(
    minutes: Mapping[str, Sequence[float]],
    data: TrialData,
    *,
    planned: tuple[int, int],
    width: float = WIDE,
) -> Figure:
    """A mark for every dose, stacked in bins of ten minutes before the start of sleep, and the planned window.

    Parameters
    ----------
    minutes
        By arm, minutes from the dose to the start of sleep; those beyond four hours are in the last bin.
    data
        The trial, for arms and labels.
    planned
        First and last minute of the window of the protocol.
    width
        In CSS pixels.
    """
    edges = np.arange(0, MOST_MIN + BIN_MIN, BIN_MIN)
    counts = {
        arm: np.histogram(np.clip(taken_min, 0, MOST_MIN - 1), edges)[0] for arm, taken_min in minutes.items()
    }
    together = sum(counts.values(), start=np.zeros(len(edges) - 1, dtype=int))
    taken, tallest = np.flatnonzero(together), max(1, int(together.max()))
    step = min(MARK + 3, 150 / tallest)
    page = canvas(width, TOP + KEY + step * tallest + 10 + AXIS)
    axes = page.axes(left=PAD, top=TOP + KEY, width=width - 2 * PAD, height=step * tallest + 10)
    # Time runs to the right, so sleep begins at the right end.
    last = max(planned[1] + 2 * BIN_MIN, int(edges[taken.max() + 1]) if len(taken) else 0)
    axes.set_xlim(last, 0)
    axes.axvspan(planned[1], planned[0], color=BAND.light, linewidth=0)
    per_minute = (width - 2 * PAD) / last
    page.text(
        PAD + (last - sum(planned) / 2) * per_minute,
        TOP / 2,
        "planned",
        ha="center",
        color=MUTED.light,
        fontsize=TEXT - 1,
    )
    below = np.zeros(len(edges) - 1, dtype=int)
    size = min(MARK, step - 1.5, 0.8 * BIN_MIN * per_minute)
    place = PAD
    for arm, count in counts.items():
        style = arm_styles(data)[arm]
        at = [
            (edge + BIN_MIN / 2, step * (under + number + 0.5) + 4)
            for edge, under, many in zip(edges[:-1], below, count, strict=True)
            for number in range(many)
        ]
        if at:
            axes.plot(*zip(*at, strict=True), style.marker, color=style.light, markersize=size)
        below = below + count
        label = fitted(f"{style.symbol} {data.labels[arm]}", (width - 2 * PAD) / len(counts))
        page.text(place, TOP + KEY / 2, label, color=style.light, fontsize=TEXT - 0.5)
        place += (width - 2 * PAD) / len(counts)
    ticks = list(range(0, last + 1, 30))
    label_ticks(axes, ticks, [str(tick) for tick in ticks])
    page.text(
        width / 2,
        page.height - 9,
        "minutes before sleep began",
        ha="center",
        color=MUTED.light,
        fontsize=TEXT - 1,
    )
    return page.figure
