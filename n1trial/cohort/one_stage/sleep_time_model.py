"""Mean sleep time of many people: each has the nights of `models.duration`, their effects a distribution.

    y_it | past ~ Normal(m_it + φ_i^Δ (y_prev - m_prev), σ_i √((1 - φ_i^(2Δ)) / (1 - φ_i²)) / √n_it)
    m_it = μ_i + β_i,arm + u_i,period + v_i,block + s_i τ_t + d_i,weekday + x_t'γ_i + w_week
    β_i ~ MVN(B + Γ'z_i, diag(τ) Ω diag(τ)),  Ω ~ LKJ(2)
    μ_i ~ N(M, τ_μ),  log σ_i ~ N(log S, τ_σ),  φ_i = .9 tanh(N(A, τ_φ) / .9),  d_i ~ N(D, σ_d)
    log SD of u_i ~ N(log of a common one, .4),  v_i ~ N(0, 1.25 σ_i), adding up to zero

n_it is the number of nights that a value is the mean of, 1 for a night. Arms are centred over each person's nights,
so that levels say nothing of effects. The night of one person never conditions on that of another. Terms are sampled
by partial non-centring (`partial_centring`). w are the calendar weeks that three people or more share,
w ~ N(0, σ_w). People whose nights are all alike say nothing of σ_i, and get the spread of the others.

Zucker et al. (1997), doi:10.1016/S0895-4356(96)00429-5, for N-of-1 trials as a cohort.
"""

from collections.abc import Mapping

import numpy as np
import pymc as pm
import pytensor.tensor as pt

from n1trial.cohort.one_stage._levels import blocks, levels
from n1trial.cohort.one_stage._terms import (
    coords_of,
    expected_nights,
    index,
    likelihood_data,
    person_effects,
    standardised,
)
from n1trial.cohort.one_stage.partial_centring import (
    likelihood_of_correlation,
    likelihood_of_spread,
    likelihoods_of_terms,
)
from n1trial.cohort.one_stage.scales import Scales
from n1trial.cohort.one_stage.stacked_data import Stacked, stack
from n1trial.cohort.people import Cohort
from n1trial.inference import priors as prior
from n1trial.inference.models._half_normal import half_normal
from n1trial.inference.models._sleep import fixed_shape
from n1trial.inference.night_process import FIRST_NIGHT_GAP
from n1trial.system.arrays import Array

NAME = "cohort of sleep time"
ASSUMES = (
    "Each person is compared with themselves: usual level, what the arm adds, weekday, trend, week-to-week ups and"
    " downs and chance are each one's own. Bad nights count as much as good ones, because what is asked is the"
    " average over all nights. What an arm adds differs from person to person around an average, and what is learnt"
    " of one says a little of the others."
)
FORMULA = (
    "nightly value ~ arm + (arm | person) + (1 | person:period) + person block, weekday and trend,"
    " Gaussian with AR(1), spread and correlation of each person"
)
SCALES = Scales(
    average=prior.AVERAGE_EFFECT,
    spread=prior.EFFECT_SPREAD,
    modifier=prior.MODIFIER,
    people=prior.PEOPLE_SD,
    period=prior.PERIOD_SD,
    block=prior.BLOCK,
    weekday=prior.WEEKDAY_SD,
    weekday_spread=prior.WEEKDAY_SPREAD,
    week=prior.WEEK_SD,
    trend=prior.TREND,
    run_in=prior.RUN_IN,
    covariate=prior.COVARIATE,
)
PRIORS = (
    prior.LEVEL,
    *SCALES.priors,
    prior.NIGHT_SD,
    prior.NIGHT_SD_SPREAD,
    prior.PHI,
    prior.PHI_SPREAD,
)


def build(cohort: Cohort) -> pm.Model:
    """Make the model; names: average, spread, correlation, effect [person, contrast], level, sigma, phi, ..."""
    stacked = stack(cohort)
    middle, minute = level_and_scale(cohort)
    likelihoods = _likelihoods(stacked, middle, minute)
    with pm.Model(coords=coords_of(cohort, stacked), check_bounds=False) as model:
        unit = fixed_shape("unit", np.array([middle, minute]))
        effect = person_effects(cohort, SCALES, likelihoods, unit[1])
        level = levels(SCALES, likelihoods, usual=unit[0], usual_sd=prior.LEVEL.scale, unit=unit[1])
        log_sigma = _log_sigmas(stacked, likelihoods, unit[1])
        sigma = pm.Deterministic("sigma", pt.exp(log_sigma), dims="person")
        block = blocks(stacked, likelihoods, sd=prior.BLOCK.scale * sigma)
        expected = expected_nights(
            stacked, SCALES, likelihoods, level=level, block=block, effect=effect, unit=unit[1]
        )
        _nights(stacked, likelihoods, expected, log_sigma)
    return model


def data_of(cohort: Cohort, stacked: Stacked) -> dict[str, Array]:
    """The model's data that go with these nights: their minutes, and the approximate likelihood of each term."""
    return {"y": stacked.y, **likelihood_data(_likelihoods(stacked, *level_and_scale(cohort)))}


def _likelihoods(stacked: Stacked, middle: float, minute: float) -> dict[str, Array]:
    precision = stacked.rests_on / _spreads(stacked)[1][stacked.person]
    likelihoods, residual = likelihoods_of_terms(
        stacked,
        SCALES,
        response=stacked.y - middle,
        precision=precision,
        unit=minute,
        block_unit=prior.NIGHT_SD.parameters[0] * minute,
    )
    # Nights that are all alike say nothing of either.
    of_nights = {
        "log_sigma": likelihood_of_spread(stacked, residual),
        "phi": likelihood_of_correlation(stacked, residual),
    }
    return likelihoods | {name: values * stacked.varies[:, None] for name, values in of_nights.items()}


def scales_of(cohort: Cohort) -> Scales:
    """The priors, which are the same in every cohort."""
    return SCALES


def unit_of(cohort: Cohort) -> tuple[str, float]:
    """The unit of effects, and what a minute of the priors is in it."""
    return cohort.outcome.unit, level_and_scale(cohort)[1]


def level_and_scale(cohort: Cohort) -> tuple[float, float]:
    """Prior mean of the level, and what a minute of the priors is in the outcome's unit."""
    unit = cohort.outcome.measure.prior_unit
    if unit is not None:
        return unit * prior.LEVEL.parameters[0], unit
    means, variances = _spreads(stack(cohort))
    return float(means.mean()), float(np.sqrt(variances.mean())) / prior.NIGHT_SD.parameters[0]


def _spreads(stacked: Stacked) -> tuple[Array, Array]:
    """Each person's mean and variance of a night [person]; of whose nights are all alike that of the others."""
    counts = np.bincount(stacked.person)
    means = np.bincount(stacked.person, stacked.y) / counts
    squares = (stacked.y - means[stacked.person]) ** 2 * stacked.rests_on
    variances = np.bincount(stacked.person, squares) / np.maximum(counts - 1, 1)
    variances = np.where(stacked.varies, variances, variances[stacked.varies].mean())
    return means, np.maximum(variances, variances.mean() / 100.0)


def _log_sigmas(
    stacked: Stacked, likelihoods: Mapping[str, Array], minute: pt.TensorVariable
) -> pt.TensorVariable:
    """Log of each person's SD from night to night [person], around that of all."""
    middle, log_sd = prior.NIGHT_SD.parameters
    of_all = np.log(middle) + pt.log(minute) + pm.Normal("log_sigma_of_all_moved", 0.0, log_sd)
    spread = half_normal("log_sigma_sd", prior.NIGHT_SD_SPREAD.scale)
    log_sigma = of_all + spread * standardised(
        "log_sigma", likelihoods, sd=spread, mean=of_all, dims="person"
    )
    if stacked.varies.all():
        return log_sigma
    return pt.switch(
        fixed_shape("varies", stacked.varies.astype(float)),
        log_sigma,
        fixed_shape("log_sigma_of_others", 0.5 * np.log(_spreads(stacked)[1])),
    )


def _nights(
    stacked: Stacked,
    likelihoods: Mapping[str, Array],
    expected: pt.TensorVariable,
    log_sigma: pt.TensorVariable,
) -> None:
    y = fixed_shape("y", stacked.y)
    residual = y - expected
    # Powers, logarithms and exponentials once a person and distance, not once a night.
    distances, at = np.unique(stacked.distance, return_inverse=True)
    slot = index("person_distance", len(distances) * stacked.person + at)
    log_precision = -2.0 * log_sigma[:, None] * np.ones((1, len(distances)))
    if len(distances) > 1 or distances[0] < FIRST_NIGHT_GAP:
        phi = _correlations(likelihoods)[:, None]
        fade = phi ** fixed_shape("distances", distances)
        log_precision = log_precision + pt.log((1.0 - phi**2) / (1.0 - fade**2))
        before = pt.concatenate([[0.0], residual[:-1]])
        expected = expected + pt.flatten(fade)[slot] * before
    precision = pt.flatten(pt.exp(log_precision))[slot] * fixed_shape("rests_on", stacked.rests_on)
    pm.CustomDist(
        "nights", expected, precision, pt.flatten(log_precision)[slot], logp=_normal_logp, observed=y
    )


def _correlations(likelihoods: Mapping[str, Array]) -> pt.TensorVariable:
    """Each person's correlation with the night before [person], within ±.9."""
    limit = prior.PHI.limits[1]
    of_all = pm.Normal("phi_of_all", *prior.PHI.parameters)
    spread = half_normal("phi_sd", prior.PHI_SPREAD.scale)
    z = standardised("phi", likelihoods, sd=spread, mean=of_all, dims="person")
    return pm.Deterministic("phi", limit * pt.tanh((of_all + spread * z) / limit), dims="person")


def _normal_logp(
    y: pt.TensorVariable,
    mean: pt.TensorVariable,
    precision: pt.TensorVariable,
    log_precision: pt.TensorVariable,
) -> pt.TensorVariable:
    """Log density, but for a constant: that of the number of nights that a value is the mean of."""
    return 0.5 * (log_precision - np.log(2 * np.pi) - (y - mean) ** 2 * precision)
