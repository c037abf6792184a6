"""The vertical axis of a nightly outcome: limits and round levels with thin lines, in hours for sleep time."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from n1trial.design.outcomes import Outcome
from n1trial.markup.text import capitalised, visible
from n1trial.markup.theme import LINE, MUTED
from n1trial.report.figures.canvas import TEXT, fitted, round_ticks


def level_title(outcome: Outcome, width: float = 310) -> str:
    """Label and unit of the outcome, shortened to a width in pixels."""
    label = capitalised(visible(outcome.label))
    return f"{fitted(label, width - 50)}, hours" if outcome.measure.in_hours else fitted(label, width)


def level_limits(values: pd.Series) -> tuple[float, float]:
    """The lowest and the highest value; a margin around a single one, 0 to 1 where there is none."""
    low, high = float(values.min()), float(values.max())
    return (low, high) if high > low else (low - 1, low + 1) if low == low else (0.0, 1.0)


def draw_levels(axes: Axes, outcome: Outcome, low: float, high: float, *, foot: float, height: float) -> None:
    """Round levels from `low` (drawn `foot` pixels up) to `high` (`height` pixels above that)."""
    hours = outcome.measure.in_hours
    ticks = round_ticks(low / 60, high / 60, 6) if hours else round_ticks(low, high, 5)
    heights = [foot + height * (tick * (60 if hours else 1) - low) / (high - low) for tick in ticks]
    rule_across(axes, heights)
    for tick, y in zip(ticks, heights, strict=True):
        axes.annotate(
            f"{tick:g}",
            (0, y),
            (-6, 0),
            xycoords=("axes fraction", "data"),
            textcoords="offset points",
            ha="right",
            va="center",
            fontsize=TEXT - 1,
            color=MUTED.light,
            parse_math=False,
        )


def rule_across(axes: Axes, heights: Sequence[float]) -> None:
    """Thin horizontal lines at these heights, as one path: a path for each would enlarge the page."""
    left, right = axes.get_xlim()
    _draw_thin(axes, [point for y in heights for point in ((left, y), (right, y), (np.nan, np.nan))])


def rule_down(axes: Axes, places: Sequence[float]) -> None:
    """Thin vertical lines at these places."""
    bottom, top = axes.get_ylim()
    _draw_thin(axes, [point for x in places for point in ((x, bottom), (x, top), (np.nan, np.nan))])


def _draw_thin(axes: Axes, points: Sequence[tuple[float, float]]) -> None:
    if points:
        axes.plot(*zip(*points, strict=True), color=LINE.light, linewidth=0.8, zorder=0)
