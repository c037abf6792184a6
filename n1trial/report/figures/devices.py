"""Two devices on the same nights: the Bland-Altman plot."""

import numpy as np
from matplotlib.figure import Figure

from n1trial.analysis.bland_altman import Agreement
from n1trial.design.outcomes import Outcome
from n1trial.markup.theme import ACCENT, INK, LINE, MUTED
from n1trial.report.figures.canvas import TEXT, WIDE, canvas, fitted, label_ticks, round_ticks
from n1trial.report.figures.gain_axis import signed

LEFT, RIGHT, TOP, PLOT, AXIS = 44.0, 74.0, 30.0, 190.0, 44.0


def device_agreement(agreement: Agreement, outcome: Outcome, *, width: float = WIDE) -> Figure:
    """The difference of the two devices against their mean, with bias and limits of agreement."""
    page = canvas(width, TOP + PLOT + AXIS)
    unit = "" if outcome.unit == "units" else f", {outcome.unit}"
    title = f"{agreement.second} minus {agreement.first}{unit}"
    page.text(4, TOP / 2, fitted(title, width - 8), fontweight="bold")
    axes = page.axes(left=LEFT, top=TOP, width=width - LEFT - RIGHT, height=PLOT)
    low = min(float(agreement.differences.min()), agreement.low, 0.0)
    high = max(float(agreement.differences.max()), agreement.high, 0.0)
    pad = 0.06 * (high - low) or 1.0
    axes.set_ylim(low - pad, high + pad)
    spread = float(np.ptp(agreement.means)) or 1.0
    axes.set_xlim(agreement.means.min() - 0.04 * spread, agreement.means.max() + 0.04 * spread)
    for tick in round_ticks(low, high, 6):
        axes.axhline(tick, color=LINE.light, linewidth=0.8, zorder=0)
        axes.annotate(
            signed(tick),
            (0, tick),
            (-6, 0),
            xycoords=("axes fraction", "data"),
            textcoords="offset points",
            ha="right",
            va="center",
            fontsize=TEXT - 1,
            color=MUTED.light,
        )
    axes.plot(
        agreement.means,
        agreement.differences,
        "o",
        markersize=5,
        markerfacecolor="none",
        markeredgecolor=MUTED.light,
    )
    for value, line_name, look in (
        (agreement.high, "limit", MUTED),
        (agreement.bias, "mean", ACCENT),
        (agreement.low, "limit", MUTED),
    ):
        axes.axhline(value, color=look.light, linewidth=1.8 if look is ACCENT else 1.2)
        axes.annotate(
            f"{line_name} {value:{'+.0f' if abs(value) >= 10 else '+.1f'}}".replace("-", "−"),
            (1, value),
            (5, 0),
            xycoords=("axes fraction", "data"),
            textcoords="offset points",
            va="center",
            fontsize=TEXT - 1,
            color=(look if look is ACCENT else INK).light,
        )
    hours = outcome.measure.in_hours
    unit_min, (left, right) = 60 if hours else 1, axes.get_xlim()
    ticks = round_ticks(left / unit_min, right / unit_min, 6)
    label_ticks(axes, [tick * unit_min for tick in ticks], [f"{tick:g}" for tick in ticks])
    page.text(
        LEFT + (width - LEFT - RIGHT) / 2,
        page.height - 9,
        "mean of the two" + (", hours" if hours else ""),
        ha="center",
        color=MUTED.light,
        fontsize=TEXT - 1,
    )
    return page.figure
