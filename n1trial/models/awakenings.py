"""Wake episodes of one person: generalised Poisson counts, at the nightly rate or at equal sleep time.

    n_t ~ GeneralisedPoisson(λ_t, ω),  Var = λ / (1 - ω)²
    log λ_t = α + δ_arm + κ log(sleep_t / typical sleep) + u_period + v_block + s τ_t + d_weekday

Counts from wearables are under-dispersed once sleep time and drift are in (Pearson .57 to .77 in two
series), where a negative binomial sits on its boundary; ω below 0 is under-, above 0 over-dispersion.

Sleep time comes after the dose, so there are two estimands. The headline is the effect **per night, all
told**: the column of log sleep time is zero and κ idles at its prior. The variant "equal sleep" puts the
column in, with κ an estimated coefficient (.47 to 1.13 were seen), not an offset.

Consul & Jain (1973), doi:10.1080/00401706.1973.10489112. For ω below 0 the support ends where θ + ωn
reaches 0, and the probabilities then add up to 1 only nearly: to .4 % at λ ≥ 0.5 and ω ≥ -.3, better above.
"""

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt
import pymc as pm
import pytensor.tensor as pt

from n1trial.models._columns import columns_of, slow_terms
from n1trial.outcomes import Outcome
from n1trial.trial import TrialData

NAME = "awakenings"
KINDS = ("count",)
ASSUMES = (
    "The number of wake episodes varies by chance around a nightly rate that the arm multiplies, together"
    " with weekday, trend and week-to-week ups and downs."
)
FORMULA = (
    "wake episodes ~ arm + (1 | period) + (1 | block) + weekday + trend, generalised Poisson with log link"
)

LEVEL_SD, EFFECT_SD, PERIOD_SD, BLOCK_SD, TREND_SD, WEEKDAY_SD = 0.5, 0.2, 0.1, 0.2, 0.15, 0.1
KAPPA_MEAN, KAPPA_SD = 0.8, 0.35
END_OF_SUPPORT = 0.1
OMEGA_MEAN, OMEGA_SD, OMEGA_LOW, OMEGA_HIGH = -0.1, 0.2, -0.5, 0.9


def build(data: TrialData, outcome: Outcome) -> pm.Model:
    """Make the model; names: level, delta (log rate ratio), effect, kappa, omega, period_sd, block_sd, ..."""
    columns = columns_of(data, outcome)
    with pm.Model(coords=columns.coords) as model:
        count = pm.Data("count", columns.y)
        log_sleep = pm.Data("log_sleep", np.zeros_like(columns.y))
        effect_sd = pm.Data("effect_sd", np.full(len(data.treatments), EFFECT_SD), dims="contrast")
        level = pm.Normal("level", np.log(columns.y.mean()), LEVEL_SD)
        delta = pm.Normal("delta", 0.0, effect_sd, dims="contrast")
        kappa = pm.Normal("kappa", KAPPA_MEAN, KAPPA_SD)
        apart_from_arm = (
            level
            + kappa * log_sleep
            + slow_terms(
                columns, period_sd=PERIOD_SD, block_sd=BLOCK_SD, weekday_sd=WEEKDAY_SD, trend_sd=TREND_SD
            )
            - pt.dot(pm.Data("arm_share", columns.arm_share), delta)
        )
        rate = pt.exp(apart_from_arm + pm.Data("arm_indicator", columns.arm + columns.arm_share) @ delta)
        omega = pm.TruncatedNormal("omega", OMEGA_MEAN, OMEGA_SD, lower=OMEGA_LOW, upper=OMEGA_HIGH)
        pm.CustomDist("nights", rate, omega, logp=_logp, observed=count)
        ratio = pt.exp(delta)
        if outcome.scale == "percent":
            pm.Deterministic("effect", 100.0 * (ratio - 1.0), dims="contrast")
        else:
            pm.Deterministic("effect", pt.exp(apart_from_arm).mean() * (ratio - 1.0), dims="contrast")
    return model


def _logp(count: pt.TensorVariable, rate: pt.TensorVariable, omega: pt.TensorVariable) -> pt.TensorVariable:
    theta = rate * (1.0 - omega)
    inner = theta + omega * count
    # At the end of the support the logarithm goes on as its tangent, steep but finite: a wall there is no
    # information, only a place where the sampler loses its way. Counts that far out have no chance anyway.
    near_end = pt.lt(inner, END_OF_SUPPORT)
    log_inner = pt.log(pt.switch(near_end, END_OF_SUPPORT, inner))
    log_inner = log_inner + pt.switch(near_end, inner / END_OF_SUPPORT - 1.0, 0.0)
    return pt.log(theta) + (count - 1.0) * log_inner - inner - pt.gammaln(count + 1.0)


def priors(data: TrialData, outcome: Outcome) -> Mapping[str, str]:
    """Each prior in words and numbers, on the log scale unless said otherwise."""
    typical = float(data.analysed(outcome)[outcome.name].mean())
    return {
        "level": f"Normal(log {typical:.3g}, {LEVEL_SD})",
        "log rate ratio of each arm": f"Normal(0, {EFFECT_SD})",
        "SD between periods": f"HalfNormal({PERIOD_SD})",
        "SD between blocks": f"HalfNormal({BLOCK_SD})",
        "SD between weekdays": f"HalfNormal({WEEKDAY_SD})",
        "change from first to last night": f"Normal(0, {TREND_SD})",
        "dispersion ω": f"Normal({OMEGA_MEAN}, {OMEGA_SD}) within {OMEGA_LOW} to {OMEGA_HIGH}",
        "exponent of sleep time κ": f"Normal({KAPPA_MEAN}, {KAPPA_SD}), at equal sleep time only",
    }


def effect_prior_sd(data: TrialData, outcome: Outcome) -> float:
    """SD that the prior of the log rate ratio implies for an effect, in the contrast unit."""
    typical = 100.0 if outcome.scale == "percent" else float(data.analysed(outcome)[outcome.name].mean())
    return EFFECT_SD * typical


def variants(data: TrialData, outcome: Outcome) -> Mapping[str, Mapping[str, npt.NDArray[np.float64]]]:
    """A sceptic's prior of half the width, and the effect at equal sleep time where it is known."""
    found = {"sceptical": {"effect_sd": np.full(len(data.treatments), EFFECT_SD / 2)}}
    log_sleep = columns_of(data, outcome).log_sleep
    if log_sleep is not None:
        found["equal sleep"] = {"log_sleep": log_sleep}
    return found
