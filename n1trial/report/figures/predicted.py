"""Posterior predictive checks: each statistic of the nights against its predicted interval."""

from collections.abc import Sequence
from dataclasses import dataclass

from matplotlib.figure import Figure

from n1trial.markup.text import capitalised
from n1trial.markup.theme import ACCENT, BAND, MUTED, WORSE
from n1trial.report.figures.canvas import TEXT, WIDE, canvas, fitted

ROW, NARROW_ROW, TOP, BOTTOM, LABELS, PAD = 28.0, 46.0, 26.0, 8.0, 230.0, 14.0
# Statistics have different units, so each row is in half-widths of its own predicted interval.
REACH = 2.2


@dataclass(frozen=True, slots=True, kw_only=True)
class Prediction:
    """One statistic of the nights: the observed value and the predicted interval."""

    name: str
    observed: float
    low: float
    high: float

    @property
    def inside(self) -> bool:
        """Whether the observed value is in the interval."""
        return self.low <= self.observed <= self.high


def predictive_checks(predictions: Sequence[Prediction], *, width: float = WIDE) -> Figure:
    """The predicted interval as a bar and the observed value as a mark, one row per statistic."""
    narrow = width < 500
    row, left = (NARROW_ROW, 0.0) if narrow else (ROW, LABELS)
    page = canvas(width, TOP + row * max(1, len(predictions)) + BOTTOM)
    inner = width - 2 * PAD - left
    axes = page.axes(left=PAD + left, top=TOP, width=inner, height=row * max(1, len(predictions)))
    axes.set_xlim(-REACH, REACH)
    axes.axvspan(-1, 1, color=BAND.light, linewidth=0)
    page.text(
        PAD + left + inner / 2,
        TOP - 12,
        "as the model predicts",
        ha="center",
        color=MUTED.light,
        fontsize=TEXT - 1,
    )
    for number, prediction in enumerate(predictions):
        middle, half = (prediction.low + prediction.high) / 2, (prediction.high - prediction.low) / 2 or 1.0
        place = TOP + row * (number + 0.5)
        y = row * (len(predictions) - number - 0.5) - (9 if narrow else 0)
        at = min(REACH - 0.1, max(0.1 - REACH, (prediction.observed - middle) / half))
        look = ACCENT if prediction.inside else WORSE
        axes.plot([-1, 1], [y, y], color=MUTED.light, linewidth=1.5)
        axes.plot([at], [y], "o" if prediction.inside else "X", color=look.light, markersize=9, clip_on=False)
        page.text(
            PAD + 4,
            place - (10 if narrow else 0),
            fitted(capitalised(prediction.name), (width - 2 * PAD if narrow else left) - 8, TEXT - 1),
            fontsize=TEXT - 1,
        )
    return page.figure
