"""Sleep time of one person: Student-t nights around arm, period, block, weekday and trend.

    y_t | past ~ StudentT(ν, m_t + φ^Δ (y_prev - m_prev), σ √((1 - φ^(2Δ)) / (1 - φ²)))
    m_t = μ + β_arm + u_period + v_block + s τ_t + d_weekday

Δ is the calendar nights since the last observed night, and the first night has scale σ / √(1 - φ²). The
likelihood conditions on the night before, so there are no latent states: a dense covariance samples more
than a hundred times slower, and a latent autoregression beside noise does not converge. It is exact for
Gaussian nights and an approximation for heavy tails with gaps. Period, block and weekday are non-centred.

The period term is what protects against a false alarm: with 7-night periods and no effect, a regression on
nights without it rejects in 10 to 24 % of trials at night-to-night correlations of .2 to .6.
"""

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt
import pymc as pm
import pytensor.tensor as pt

from n1trial.models._columns import columns_of, slow_terms
from n1trial.outcomes import Outcome
from n1trial.trial import TrialData

NAME = "duration"
KINDS = ("continuous",)
ASSUMES = (
    "Every night is your usual level, plus what the arm adds, plus slow changes (weekday, trend, week-to-week"
    " ups and downs), plus chance in which odd nights count less; a night may resemble the one before."
)
FORMULA = (
    "nightly value ~ arm + (1 | period) + (1 | block) + weekday + trend,"
    " Student-t with AR(1) over calendar gaps"
)

LEVEL_MEAN, LEVEL_SD = 420.0, 75.0
EFFECT_SD, PERIOD_SD, BLOCK_SD, TREND_SD, WEEKDAY_SD = 20.0, 15.0, 20.0, 20.0, 30.0
NIGHT_SD, NIGHT_LOG_SD = 60.0, 0.4
PHI_SD, PHI_LIMIT = 0.2, 0.9
NU_SHAPE, NU_RATE = 2.0, 0.1


def build(data: TrialData, outcome: Outcome) -> pm.Model:
    """Make the model; names: level, effect, period_sd, block_sd, weekday_sd, trend, sigma, nu, phi."""
    columns = columns_of(data, outcome)
    level_mean, scale = _level_and_scale(data, outcome)
    with pm.Model(coords=columns.coords) as model:
        y = pm.Data("y", columns.y)
        effect_sd = pm.Data("effect_sd", np.full(len(data.treatments), EFFECT_SD * scale), dims="contrast")
        level = pm.Normal("level", level_mean, LEVEL_SD * scale)
        effect = pm.Normal("effect", 0.0, effect_sd, dims="contrast")
        mean = level + pm.Data("arm_column", columns.arm) @ effect
        mean = mean + slow_terms(
            columns,
            period_sd=PERIOD_SD * scale,
            block_sd=BLOCK_SD * scale,
            weekday_sd=WEEKDAY_SD * scale,
            trend_sd=TREND_SD * scale,
        )
        sigma = pm.LogNormal("sigma", np.log(NIGHT_SD * scale), NIGHT_LOG_SD)
        nu = pm.Deterministic("nu", 2.0 + pm.Gamma("nu_minus_2", NU_SHAPE, NU_RATE))
        phi = pm.TruncatedNormal("phi", 0.0, PHI_SD, lower=-PHI_LIMIT, upper=PHI_LIMIT)
        fade = phi ** pm.Data("gap", columns.gap)[1:]
        residual = y - mean
        stationary = 1.0 / (1.0 - phi**2)
        variance = pt.concatenate([[stationary], (1.0 - fade**2) * stationary])
        expected = mean + pt.concatenate([[0.0], fade * residual[:-1]])
        pm.StudentT("nights", nu=nu, mu=expected, sigma=sigma * pt.sqrt(variance), observed=y)
    return model


def priors(data: TrialData, outcome: Outcome) -> Mapping[str, str]:
    """Each prior in words and numbers, in the outcome's unit."""
    level_mean, scale = _level_and_scale(data, outcome)
    unit = outcome.unit
    return {
        "level": f"Normal({level_mean:.4g}, {LEVEL_SD * scale:.3g}) {unit}",
        "effect of each arm": f"Normal(0, {EFFECT_SD * scale:.3g}) {unit}",
        "SD between periods": f"HalfNormal({PERIOD_SD * scale:.3g}) {unit}",
        "SD between blocks": f"HalfNormal({BLOCK_SD * scale:.3g}) {unit}",
        "SD between weekdays": f"HalfNormal({WEEKDAY_SD * scale:.3g}) {unit}",
        "change from first to last night": f"Normal(0, {TREND_SD * scale:.3g}) {unit}",
        "scale of nights": f"LogNormal(log {NIGHT_SD * scale:.3g}, {NIGHT_LOG_SD}) {unit}",
        "degrees of freedom": f"2 + Gamma({NU_SHAPE:g}, {NU_RATE:g})",
        "correlation with the night before": f"Normal(0, {PHI_SD}) within ±{PHI_LIMIT}",
    }


def effect_prior_sd(data: TrialData, outcome: Outcome) -> float:
    """SD of the prior of an effect, in the outcome's unit."""
    return EFFECT_SD * _level_and_scale(data, outcome)[1]


def variants(data: TrialData, outcome: Outcome) -> Mapping[str, Mapping[str, npt.NDArray[np.float64]]]:
    """A sceptic's prior: effects of half the size."""
    sceptical = np.full(len(data.treatments), effect_prior_sd(data, outcome) / 2)
    return {"sceptical": {"effect_sd": sceptical}}


def _level_and_scale(data: TrialData, outcome: Outcome) -> tuple[float, float]:
    """The priors are written for minutes of sleep; other outcomes borrow them in units of their own SD."""
    if outcome.name == "tst_min":
        return LEVEL_MEAN, 1.0
    nights = data.analysed(outcome)[outcome.name]
    return float(nights.mean()), float(nights.std()) / NIGHT_SD
