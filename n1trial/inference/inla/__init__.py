"""The fast engine: the models without sampling, for planning, calibration and a first answer.

`fast_fit` fits one trial of a continuous outcome in about a millisecond, and `fit_many` thousands of one design;
`fit_counts` fits one trial of wake episodes in some milliseconds, and `fit_many_counts` many; `fit_bad_nights` fits
nights under a limit in some tenths of a second. The main result of a report comes from the sampler, which has
convergence diagnostics.
"""

from n1trial.inference.inla.bad_nights import expected_logit, fit_bad_nights
from n1trial.inference.inla.bad_nights_posterior import BadNightsFit, ShareChange
from n1trial.inference.inla.counts import (
    COUNT_POINTS,
    FINE_COUNT_POINTS,
    CountFit,
    ManyCountFits,
    fit_counts,
    fit_many_counts,
)
from n1trial.inference.inla.design import Design, design_of, nights_of
from n1trial.inference.inla.gaussian import (
    FINE_POINTS,
    FastFit,
    ManyFits,
    fast_fit,
    fit_design,
    fit_many,
)
from n1trial.inference.inla.longer import longer_sds
from n1trial.inference.inla.mixture import Mixture
from n1trial.inference.inla.preliminary import Preliminary, preliminary_answer
from n1trial.inference.inla.priors import BadNightPriors, CountPriors, Priors
from n1trial.inference.inla.rate_change import RateChange
from n1trial.inference.inla.sleep_distribution import (
    ArmNights,
    BadNightsChange,
    SleepDistribution,
    TypicalChange,
    sleep_distribution,
)
from n1trial.inference.inla.steady import Steady, steady_effects, steady_fit
from n1trial.inference.inla.typical import fit_typical_night

__all__ = [
    "COUNT_POINTS",
    "FINE_COUNT_POINTS",
    "FINE_POINTS",
    "ArmNights",
    "BadNightPriors",
    "BadNightsChange",
    "BadNightsFit",
    "CountFit",
    "CountPriors",
    "Design",
    "FastFit",
    "ManyCountFits",
    "ManyFits",
    "Mixture",
    "Preliminary",
    "Priors",
    "RateChange",
    "ShareChange",
    "SleepDistribution",
    "Steady",
    "TypicalChange",
    "design_of",
    "expected_logit",
    "fast_fit",
    "fit_bad_nights",
    "fit_counts",
    "fit_design",
    "fit_many",
    "fit_many_counts",
    "fit_typical_night",
    "longer_sds",
    "nights_of",
    "preliminary_answer",
    "sleep_distribution",
    "steady_effects",
    "steady_fit",
]
