"""The figures of the report, each a function that returns a matplotlib figure and works in a notebook.

In every figure an arm has the same colour and shape, right is better, effects too small to matter lie on a band, and
labels are beside what they name. `width` is in CSS pixels: `WIDE` for a page, `NARROW` for a phone.
"""

from n1trial.report.figures.bad_nights import bad_nights_by_arm
from n1trial.report.figures.beliefs import prior_and_posterior
from n1trial.report.figures.by_period import PeriodMean, means_by_period, period_means
from n1trial.report.figures.calendar import every_night
from n1trial.report.figures.canvas import NARROW, WIDE
from n1trial.report.figures.devices import device_agreement
from n1trial.report.figures.doses import dose_timing
from n1trial.report.figures.fifty_dots import quantile_dots
from n1trial.report.figures.forest import ForestRow, forest_of_analyses
from n1trial.report.figures.gain_axis import against_reference
from n1trial.report.figures.icon_row import tomorrow_night
from n1trial.report.figures.predicted import Prediction, predictive_checks

__all__ = [
    "NARROW",
    "WIDE",
    "ForestRow",
    "PeriodMean",
    "Prediction",
    "against_reference",
    "bad_nights_by_arm",
    "device_agreement",
    "dose_timing",
    "every_night",
    "forest_of_analyses",
    "means_by_period",
    "period_means",
    "predictive_checks",
    "prior_and_posterior",
    "quantile_dots",
    "tomorrow_night",
]
