"""A canvas measured in pixels, with text and plain axes, for every figure of the report.

One unit is one CSS pixel at full size: text of size 12 is as large as 12 px on the page.
"""

import io
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.text import Text
from matplotlib.ticker import MaxNLocator

from n1trial.markup.text import shortened, visible
from n1trial.markup.theme import CARD, INK, LINE, MUTED

WIDE, NARROW = 680.0, 330.0
TEXT = 12.5
# Mean width of a letter at size 1, rounded up.
LETTER = 0.56
NOTEBOOK_DPI = 96


class NotebookFigure(Figure):
    """A figure that a notebook shows by itself, without `%matplotlib inline` and without pyplot."""

    def _repr_png_(self) -> bytes:
        drawn = io.BytesIO()
        self.savefig(drawn, format="png", dpi=NOTEBOOK_DPI)
        return drawn.getvalue()


@dataclass(frozen=True, slots=True, kw_only=True)
class Canvas:
    """A figure and its size in pixels; places are given from the top left."""

    figure: Figure
    width: float
    height: float

    def axes(self, *, left: float, top: float, width: float, height: float) -> Axes:
        """Bare axes at a place, y counted in pixels from the bottom unless set otherwise."""
        axes = self.figure.add_axes(
            (left / self.width, 1 - (top + height) / self.height, width / self.width, height / self.height)
        )
        axes.set_facecolor("none")
        axes.set_ylim(0, height)
        axes.set_yticks([])
        axes.set_xticks([])
        axes.spines[:].set_visible(False)
        return axes

    def text(self, left: float, top: float, text: str, **look: Any) -> Text:
        """Text with its left (or `ha`) edge and its middle line at a place."""
        return self.figure.text(left / self.width, 1 - top / self.height, visible(text), **(LOOK | look))


LOOK: dict[str, Any] = {
    "fontsize": TEXT,
    "color": INK.light,
    "va": "center_baseline",
    "ha": "left",
    "parse_math": False,
}


def canvas(width: float, height: float) -> Canvas:
    """An empty canvas."""
    figure = NotebookFigure(figsize=(width / 72, height / 72), dpi=72, facecolor=CARD.light)
    return Canvas(figure=figure, width=width, height=height)


def label_ticks(axes: Axes, ticks: Sequence[float], labels: Sequence[str]) -> None:
    """Ticks along the bottom with labels of our own, on a thin line."""
    axes.set_xticks(list(ticks), list(labels), parse_math=False, fontsize=TEXT - 1, color=MUTED.light)
    axes.tick_params(axis="x", length=4, color=LINE.light, pad=3)
    axes.spines["bottom"].set_visible(True)
    axes.spines["bottom"].set_color(LINE.light)


def round_ticks(low: float, high: float, at_most: int) -> list[float]:
    """Round numbers between two limits."""
    ticks = MaxNLocator(at_most, steps=[1, 2, 3, 5, 10]).tick_values(low, high)
    return [float(np.round(tick, 10)) + 0.0 for tick in ticks if low <= tick <= high]


def fitted(text: str, width: float, size: float = TEXT) -> str:
    """Text shortened to a width in pixels."""
    return shortened(text, max(4, int(width / (LETTER * size))))
