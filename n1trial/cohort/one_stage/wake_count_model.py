"""Wake episodes of many people: each has the counts of `models.awakenings`, and their effects a distribution.

    n_it ~ GeneralisedPoisson(λ_it, ω_i) where ω_i < 0, elsewhere
    n_it ~ NegativeBinomial(λ_it, exp(α_i) / (1 / (1 - ω_i)² - 1))
    log λ_it = α_i + δ_i,arm + u_i,period + v_i,block + s_i τ_t + d_i,weekday + x_t'γ_i + w_week
    δ_i ~ MVN(B + Γ'z_i, diag(τ) Ω diag(τ)),  Ω ~ LKJ(2)
    α_i ~ N(A, τ_α),  ω_i = -.5 + 1.4 / (1 + exp(-N(O, τ_ω)))

Rates are per night. Effects are log rate ratios; in wakes a night they depend on how many a person has, which is
why people's gains differ even where their ratios do not.
"""

from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt
import pymc as pm
import pytensor.tensor as pt

from n1trial.cohort.one_stage._levels import blocks, levels
from n1trial.cohort.one_stage._terms import coords_of, expected_nights, index, likelihood_data, person_effects
from n1trial.cohort.one_stage.partial_centring import likelihoods_of_terms
from n1trial.cohort.one_stage.scales import Scales
from n1trial.cohort.one_stage.stacked_data import Stacked, stack
from n1trial.cohort.people import Cohort
from n1trial.design.outcomes import log_ratio_sd
from n1trial.inference import priors as prior
from n1trial.inference.models._half_normal import half_normal
from n1trial.inference.models._sleep import fixed_shape
from n1trial.inference.models.awakenings import kernel, shape_of
from n1trial.system.arrays import Array

NAME = "cohort of wake episodes"
ASSUMES = (
    "The number of wake episodes of each person varies by chance around their own nightly rate, which the arm"
    " multiplies. By how much it does differs from person to person around an average, and what is learnt of one"
    " says a little of the others."
)
FORMULA = (
    "wake episodes ~ arm + (arm | person) + (1 | person:period) + person block, weekday and trend, generalised Poisson"
    " below the variance of chance and negative binomial above it, with log link, dispersion of each person"
)
SCALES = Scales(
    average=prior.LOG_AVERAGE_RATIO,
    spread=prior.LOG_RATIO_SPREAD,
    modifier=prior.LOG_MODIFIER,
    people=prior.LOG_PEOPLE_SD,
    period=prior.LOG_PERIOD_SD,
    block=prior.LOG_BLOCK,
    weekday=prior.LOG_WEEKDAY_SD,
    weekday_spread=prior.LOG_WEEKDAY_SPREAD,
    week=prior.LOG_WEEK_SD,
    trend=prior.LOG_TREND,
    run_in=prior.LOG_RUN_IN,
    covariate=prior.LOG_COVARIATE,
)
PRIORS = (prior.LOG_LEVEL, *SCALES.priors, prior.OMEGA_LOGIT, prior.OMEGA_SPREAD)


def build(cohort: Cohort, *, most: int = 0) -> pm.Model:
    """Make the model; names: average, spread, correlation, effect [person, contrast], level, omega, ...

    Other counts may be put into it up to the largest of these nights, or up to `most` where that is more.
    """
    stacked = stack(cohort)
    usual = log_level(cohort)
    likelihoods = _likelihoods(stacked, usual)
    with pm.Model(coords=coords_of(cohort, stacked), check_bounds=False) as model:
        unit = fixed_shape("unit", np.array([usual]))
        effect = person_effects(cohort, scales_of(cohort), likelihoods, 1.0)
        level = levels(SCALES, likelihoods, usual=unit[0], usual_sd=prior.LOG_LEVEL.scale)
        block = blocks(stacked, likelihoods, sd=SCALES.block.scale)
        log_rate = expected_nights(stacked, SCALES, likelihoods, level=level, block=block, effect=effect)
        _nights(stacked, log_rate, level, most=most)
    return model


def data_of(cohort: Cohort, stacked: Stacked) -> dict[str, npt.NDArray[Any]]:
    """The model's data that go with these nights: counts, and the approximate likelihood of each term."""
    likelihoods = likelihood_data(_likelihoods(stacked, log_level(cohort)))
    return {"y": stacked.y, "count_less_one": _less_one(stacked.y), **likelihoods}


def _likelihoods(stacked: Stacked, usual: float) -> dict[str, Array]:
    """Approximate likelihoods of terms: a count y is a log rate log λ + (y - λ) / λ with precision λ, the mean rate."""
    rate = _rates(stacked)[stacked.person]
    return likelihoods_of_terms(
        stacked, SCALES, response=np.log(rate) - usual + (stacked.y - rate) / rate, precision=rate
    )[0]


def _rates(stacked: Stacked) -> Array:
    """About how many wakes a night each person has [person]; never none."""
    return (np.bincount(stacked.person, stacked.y) + 0.5) / np.bincount(stacked.person)


def scales_of(cohort: Cohort) -> Scales:
    """The priors of this cohort: that of an average is wider where wakes are few."""
    wanted = log_ratio_sd(
        cohort.outcome, float(np.exp(log_level(cohort))), at_least=prior.LOG_AVERAGE_RATIO.scale
    )
    return replace(SCALES, average=prior.LOG_AVERAGE_RATIO.widened(wanted / prior.LOG_AVERAGE_RATIO.scale))


def unit_of(cohort: Cohort) -> tuple[str, float]:
    """Effects are logarithms of ratios, of no unit and scale."""
    return "", 1.0


def log_level(cohort: Cohort) -> float:
    """Log of the mean count of a night of the cohort, around which the mean level has its prior."""
    nights = [person.data.analysed(cohort.outcome)[cohort.outcome.name] for person in cohort.people]
    return float(np.log(np.mean([counts.mean() for counts in nights])))


def _less_one(counts: Array) -> npt.NDArray[np.int64]:
    return np.maximum(counts - 1, 0).astype(np.int64)


def _nights(stacked: Stacked, log_rate: pt.TensorVariable, level: pt.TensorVariable, *, most: int) -> None:
    low, high = prior.OMEGA.limits
    of_all = pm.Normal("omega_logit_of_all", *prior.OMEGA_LOGIT.parameters)
    spread = half_normal("omega_logit_sd", prior.OMEGA_SPREAD.scale)
    z = pm.Normal("omega_z", 0.0, 1.0, dims="person")
    omega = pm.Deterministic("omega", low + (high - low) * pt.sigmoid(of_all + spread * z), dims="person")
    count = fixed_shape("y", stacked.y)
    shape = shape_of(omega, pt.exp(level))
    # For every count up to the largest, once a person: far cheaper than a gamma function of every night.
    further = np.arange(max(1, most, int(stacked.y.max())), dtype=float)
    log_ways = pt.cumsum(pt.log1p(further / shape[:, None]), axis=1)
    person = index("omega_of", stacked.person)
    # Without log count!, which is the slowest part and does not depend on any parameter.
    pm.CustomDist(
        "nights",
        pt.exp(log_rate),
        omega[person],
        shape[person],
        log_ways[person, index("count_less_one", _less_one(stacked.y))],
        logp=kernel,
        observed=count,
    )
