"""The fast engine: the models without sampling, for planning, calibration and a first answer.

`fast_fit` answers one trial by the Gaussian twin in about a thousandth of a second; `fit_many` answers
thousands on one design; `fit_counts` answers one trial of wake episodes in some hundredths of a second.
The headline of a report still comes from the sampler, whose nights may have heavy tails.
"""

from n1trial.fast.counts import COUNT_POINTS, FINE_COUNT_POINTS, CountFit, RateChange, fit_counts
from n1trial.fast.design import Design, design_of, nights_of
from n1trial.fast.gaussian import (
    FINE_POINTS,
    FastFit,
    ManyFits,
    Mixture,
    fast_fit,
    fit_design,
    fit_many,
)
from n1trial.fast.longer import longer_sds
from n1trial.fast.preliminary import Preliminary, preliminary_answer
from n1trial.fast.priors import CountPriors, Priors

__all__ = [
    "COUNT_POINTS",
    "FINE_COUNT_POINTS",
    "FINE_POINTS",
    "CountFit",
    "CountPriors",
    "Design",
    "FastFit",
    "ManyFits",
    "Mixture",
    "Preliminary",
    "Priors",
    "RateChange",
    "design_of",
    "fast_fit",
    "fit_counts",
    "fit_design",
    "fit_many",
    "longer_sds",
    "nights_of",
    "preliminary_answer",
]
