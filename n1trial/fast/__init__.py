"""The fast engine: the models' Gaussian twin without sampling, for planning, calibration and a first answer.

`fast_fit` answers one trial in about a thousandth of a second; `fit_many` answers thousands on one design.
The headline of a report still comes from the sampler, whose nights may have heavy tails.
"""

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
from n1trial.fast.priors import Priors

__all__ = [
    "FINE_POINTS",
    "Design",
    "FastFit",
    "ManyFits",
    "Mixture",
    "Preliminary",
    "Priors",
    "design_of",
    "fast_fit",
    "fit_design",
    "fit_many",
    "longer_sds",
    "nights_of",
    "preliminary_answer",
]
