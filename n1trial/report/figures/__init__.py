"""The pictures of the report, each a function that returns a matplotlib figure and works in a notebook.

One visual language: an arm has its colour and its shape, right is better, what is too small to matter lies
on a band, labels stand beside what they name. `width` is in CSS pixels: `WIDE` for a page, `NARROW` for a
phone.
"""

from n1trial.report.figures.calendar import every_night
from n1trial.report.figures.canvas import NARROW, WIDE
from n1trial.report.figures.fifty_dots import quantile_dots
from n1trial.report.figures.forest import Analysis, analysed_differently
from n1trial.report.figures.gain_axis import against_reference
from n1trial.report.figures.icon_row import tomorrow_night

__all__ = [
    "NARROW",
    "WIDE",
    "Analysis",
    "against_reference",
    "analysed_differently",
    "every_night",
    "quantile_dots",
    "tomorrow_night",
]
