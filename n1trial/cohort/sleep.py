"""Sleep time of many people: each has the nights of `models.duration`, and their effects have a distribution.

    y_it | past ~ StudentT(ν, m_it + φ_i^Δ (y_prev - m_prev), σ_i √((1 - φ_i^(2Δ)) / (1 - φ_i²)) / √n_it)
    m_it = μ_i + β_i,arm + u_i,period + v_i,block + s_i τ_t + d_i,weekday + x_t'γ_i
    β_i ~ MVN(B + Γ'z_i, diag(τ) Ω diag(τ)),  Ω ~ LKJ(2)
    μ_i ~ N(M, τ_μ),  log σ_i ~ N(log S, τ_σ),  φ_i = .9 tanh(N(A, τ_φ) / .9),  d_i ~ N(D, σ_d)
    log SD of u_i, of v_i ~ N(log of a common one, .4)

n_it is the number of nights that a value is the mean of, 1 for a night. Levels and log scales are centred so
far as the nights tell people apart; effects, periods, blocks, weekdays and correlations are non-centred, since
nights tell little of them. Arms are centred over each person's nights, so that levels say nothing of effects. The
night of one person never conditions on that of another.

Zucker et al. (1997), doi:10.1016/S0895-4356(96)00429-5, for N-of-1 trials as a cohort.
"""

import numpy as np
import pymc as pm
import pytensor.tensor as pt

from n1trial.cohort._terms import (
    Scales,
    around,
    coords_of,
    expected_nights,
    index,
    people_priors,
    person_effects,
    share_told,
)
from n1trial.cohort.people import Cohort
from n1trial.cohort.stacked import Stacked, stack
from n1trial.columns import FIRST_NIGHT_GAP, Array
from n1trial.models import _priors as prior
from n1trial.models._sleep import fixed_shape

NAME = "cohort of sleep time"
ASSUMES = (
    "Each person is compared with themselves: usual level, what the arm adds, weekday, trend, week-to-week ups and"
    " downs and chance are each one's own. What an arm adds differs from person to person around an average, and"
    " what is learnt of one says a little of the others."
)
FORMULA = (
    "nightly value ~ arm + (arm | person) + (1 | person:period) + (1 | person:block) + person weekday and trend,"
    " Student-t with AR(1), spread and correlation of each person"
)
SCALES = Scales(
    average=prior.AVERAGE_EFFECT,
    spread=prior.EFFECT_SPREAD,
    modifier=prior.MODIFIER,
    people=prior.PEOPLE_SD,
    period=prior.PERIOD_SD,
    block=prior.BLOCK_SD,
    weekday=prior.WEEKDAY_SD,
    weekday_spread=prior.WEEKDAY_SPREAD,
    trend=prior.TREND,
    run_in=prior.RUN_IN,
    covariate=prior.COVARIATE,
)
PRIORS = (
    prior.LEVEL,
    *people_priors(SCALES),
    prior.NIGHT_SD,
    prior.NIGHT_SD_SPREAD,
    prior.NU,
    prior.PHI,
    prior.PHI_SPREAD,
)


def build(cohort: Cohort) -> pm.Model:
    """Make the model; names: average, spread, correlation, effect [person, contrast], level, sigma, phi, nu, ..."""
    stacked = stack(cohort)
    with pm.Model(coords=coords_of(cohort, stacked), check_bounds=False) as model:
        middle, minute = level_and_scale(cohort)
        unit = fixed_shape("unit", np.array([middle, minute]))
        effect = person_effects(cohort, SCALES, unit[1])
        told = fixed_shape("told", np.array(told_apart(stacked)))
        moved = pm.Normal("level_of_all_moved", 0.0, prior.LEVEL.scale * unit[1])
        pm.Deterministic("level_of_all", unit[0] + moved)
        apart = pm.HalfNormal("level_sd", prior.PEOPLE_SD.scale * unit[1])
        level = pm.Deterministic("level", unit[0] + around("level", moved, apart, told[0]), dims="person")
        expected = expected_nights(stacked, SCALES, level=level, effect=effect, unit=unit[1])
        _nights(stacked, expected, unit[1], told[1])
    return model


def unit_of(cohort: Cohort) -> tuple[str, float]:
    """The unit of effects, and what a minute of the priors is in it."""
    return cohort.outcome.unit, level_and_scale(cohort)[1]


def level_and_scale(cohort: Cohort) -> tuple[float, float]:
    """Prior mean of the level, and what a minute of the priors is in the outcome's unit."""
    if cohort.outcome.name == "tst_min":
        return prior.LEVEL.parameters[0], 1.0
    means, variances, _ = _spreads(stack(cohort))
    return float(means.mean()), float(np.sqrt(variances.mean())) / prior.NIGHT_SD.parameters[0]


def _spreads(stacked: Stacked) -> tuple[Array, Array, Array]:
    """Each person's mean and variance of a night [person], and standardised squares [night]."""
    counts = np.bincount(stacked.person)
    means = np.bincount(stacked.person, stacked.y) / counts
    squares = (stacked.y - means[stacked.person]) ** 2 * stacked.rests_on
    variances = np.bincount(stacked.person, squares) / np.maximum(counts - 1, 1)
    variances = np.maximum(variances, variances.mean() / 100.0)
    return means, variances, squares / variances[stacked.person]


def told_apart(stacked: Stacked) -> tuple[float, float]:
    """How far the nights tell people's levels apart, and their log scales, as the model's `told` holds it."""
    means, variances, squares = _spreads(stacked)
    # Heavy tails make a spread harder to tell from another.
    kurtosis = max(3.0, float(np.mean(squares**2)))
    errors: Array = np.sqrt(variances.mean() / np.bincount(stacked.person, stacked.rests_on))
    log_errors: Array = np.sqrt((kurtosis - 1.0) / (4.0 * np.bincount(stacked.person)))
    return share_told(means, errors), share_told(0.5 * np.log(variances), log_errors)


def _nights(
    stacked: Stacked, expected: pt.TensorVariable, minute: pt.TensorVariable, told: pt.TensorVariable
) -> None:
    y = fixed_shape("y", stacked.y)
    middle, log_sd = prior.NIGHT_SD.parameters
    of_all = pm.Normal("log_sigma_of_all_moved", 0.0, log_sd)
    apart = pm.HalfNormal("log_sigma_sd", prior.NIGHT_SD_SPREAD.scale)
    log_sigma = np.log(middle) + pt.log(minute) + around("log_sigma", of_all, apart, told)
    pm.Deterministic("sigma", pt.exp(log_sigma), dims="person")
    nu = pm.Deterministic("nu", 2.0 + pm.Gamma("nu_minus_2", *prior.NU.parameters))
    residual = y - expected
    log_variance = 2.0 * log_sigma
    distances, at = np.unique(stacked.distance, return_inverse=True)
    if len(distances) > 1 or distances[0] < FIRST_NIGHT_GAP:
        phi = _correlations()
        # Powers once a person and distance, not once a night.
        fade = phi[:, None] ** fixed_shape("distances", distances)
        variance = pt.exp(log_variance)[:, None] * (1.0 - fade**2) / (1.0 - phi[:, None] ** 2)
        slot = len(distances) * index("night_person_again", stacked.person) + index("distance_at", at)
        before = pt.concatenate([[0.0], residual[:-1]])
        expected = expected + pt.flatten(fade)[slot] * before
        precision = pt.flatten(1.0 / variance)[slot]
    else:
        precision = pt.exp(-log_variance)[index("night_person_again", stacked.person)]
    rests_on = fixed_shape("rests_on", stacked.rests_on)
    pm.CustomDist("nights", expected, precision * rests_on, nu, logp=_t_logp, observed=y)


def _correlations() -> pt.TensorVariable:
    """Each person's correlation with the night before [person], within ±.9."""
    limit = prior.PHI.limits[1]
    of_all = pm.Normal("phi_of_all", *prior.PHI.parameters)
    apart = pm.HalfNormal("phi_sd", prior.PHI_SPREAD.scale)
    z = pm.Normal("phi_z", 0.0, 1.0, dims="person")
    return pm.Deterministic("phi", limit * pt.tanh((of_all + apart * z) / limit), dims="person")


def _t_logp(
    y: pt.TensorVariable, mean: pt.TensorVariable, precision: pt.TensorVariable, nu: pt.TensorVariable
) -> pt.TensorVariable:
    constant = pt.gammaln((nu + 1) / 2) - pt.gammaln(nu / 2) - 0.5 * pt.log(nu * np.pi)
    return constant + 0.5 * pt.log(precision) - (nu + 1) / 2 * pt.log1p((y - mean) ** 2 * precision / nu)
