"""Wake episodes of one person: under- or over-dispersed counts, per night or at equal sleep time.

    n_t ~ GeneralisedPoisson(λ_t, ω)                     where ω < 0,  Var = λ / (1 - ω)²
    n_t ~ NegativeBinomial(λ_t, m / (1 / (1 - ω)² - 1))  where ω ≥ 0,  Var = λ / (1 - ω)² at the usual count m
    log λ_t = α + δ_arm + κ log(sleep_t / typical sleep) + u_period + v_block + s τ_t + d_weekday + x_t'γ

Counts from wearables are under-dispersed given sleep time and drift (Pearson dispersion .57 to .77 in two series),
where a negative binomial is on its boundary; other people sleep through half of their nights and wake often on the
rest. So ω below 0 is under-dispersion and above 0 over-dispersion; at 0 both families are Poisson, with the same
slope. A generalised Poisson with ω above 0 is not consistent for other counts than its own: where 40 % of nights
have no wake and an arm halves the wakes, it finds a ratio of .59, and its intervals hold .5 in 69 to 76 %. The mean
of a negative binomial is consistent for any counts, since its score for λ is a multiple of n - λ.

Sleep time is measured after the dose, so there are two estimands. The headline is the effect **per night**, not
adjusted for sleep time: the column of log sleep time is zero, and κ stays at its prior. The variant "equal sleep"
has the column, with κ estimated (.47 to 1.13 were seen) and not an offset. Both are averaged over the analysed
nights, each as it would be on the arm and on the reference.

Consul & Jain (1973), doi:10.1080/00401706.1973.10489112; Gourieroux, Monfort & Trognon (1984), doi:10.2307/1913472,
on means that are consistent for other counts too. For ω below 0 the support ends where θ + ωn reaches 0, and the
probabilities add up to 1 only approximately: within .4 % at λ ≥ 0.5 and ω ≥ -.3, better above.
"""

from collections.abc import Mapping

import numpy as np
import pymc as pm
import pytensor.tensor as pt
import xarray as xr

from n1trial.data.trial_data import TrialData
from n1trial.design.outcomes import Outcome
from n1trial.inference import priors as prior
from n1trial.inference.model_matrix import columns_of
from n1trial.inference.models import _counts
from n1trial.inference.models._counts import count_model, count_priors, rates, usual_count
from n1trial.inference.night_process import generalised_poisson
from n1trial.system.arrays import Array

NAME = "awakenings"
KINDS = ("count",)
DEFAULT_OF = ("count",)
ASSUMES = (
    "The number of wake episodes varies by chance around a nightly rate that the arm multiplies, together"
    " with weekday, trend, week-to-week ups and downs, and what you wrote down before the night."
)
TERMS = "wake episodes ~ arm + block + (1 | period) + weekday + trend + covariates"
FORMULA = (
    f"{TERMS}, generalised Poisson below the variance of chance and negative binomial above it, with log link"
)
END_OF_SUPPORT = 0.1
# Least variance over the mean, less 1: nearer to Poisson the shape is so large that precision is lost.
LEAST_EXCESS = 1e-4

effect_prior_sd = _counts.effect_prior_sd
variants = _counts.count_variants


def build(data: TrialData, outcome: Outcome) -> pm.Model:
    """Make the model; names: level, delta (log rate ratio), effect, kappa, omega, block, period_sd, ..."""
    return count_model(data, outcome, likelihood)


def likelihood(
    count: pt.TensorVariable,
    rate: pt.TensorVariable,
    used: pt.TensorVariable,
    usual: pt.TensorVariable,
    suffix: str = "",
) -> None:
    """Add ω and the likelihood of the nights to a model.

    Parameters
    ----------
    count, rate : [night]
        Counts and their expectations.
    used : [night]
        1 on recorded nights, else 0.
    usual
        The count at which ω gives the variance.
    suffix
        Added to the name of the nights.
    """
    low, high = prior.OMEGA.limits
    omega = pm.TruncatedNormal("omega", *prior.OMEGA.parameters, lower=low, upper=high)
    pm.CustomDist(f"nights{suffix}", rate, omega, usual, used, logp=_weighted, observed=count)


def _weighted(
    count: pt.TensorVariable,
    rate: pt.TensorVariable,
    omega: pt.TensorVariable,
    usual: pt.TensorVariable,
    used: pt.TensorVariable,
) -> pt.TensorVariable:
    return used * _logp(count, rate, omega, usual)


def _logp(
    count: pt.TensorVariable, rate: pt.TensorVariable, omega: pt.TensorVariable, usual: pt.TensorVariable
) -> pt.TensorVariable:
    shape = shape_of(omega, usual)
    log_ways = pt.gammaln(count + shape) - pt.gammaln(shape) - count * pt.log(shape)
    return kernel(count, rate, omega, shape, log_ways) - pt.gammaln(count + 1.0)


def kernel(
    count: pt.TensorVariable,
    rate: pt.TensorVariable,
    omega: pt.TensorVariable,
    shape: pt.TensorVariable,
    log_ways: pt.TensorVariable,
) -> pt.TensorVariable:
    """Log probability of counts [night] without the term -log count!.

    Parameters
    ----------
    log_ways : [night]
        Logarithms of (1 + 1 / shape) (1 + 2 / shape) … (1 + (count - 1) / shape).
    """
    more = log_ways + count * pt.log(rate) - (count + shape) * pt.log1p(rate / shape)
    return pt.switch(pt.lt(omega, 0.0), generalised_poisson_kernel(count, rate, omega), more)


def shape_of(omega: pt.TensorVariable, usual: pt.TensorVariable) -> pt.TensorVariable:
    """Shape of the negative binomial whose variance is 1 / (1 - ω)² means at the usual count."""
    return usual / pt.maximum((1.0 - omega) ** -2 - 1.0, LEAST_EXCESS)


def generalised_poisson_kernel(
    count: pt.TensorVariable, rate: pt.TensorVariable, omega: pt.TensorVariable
) -> pt.TensorVariable:
    """Log probability of counts [night] without the term -log count!."""
    theta = rate * (1.0 - omega)
    inner = theta + omega * count
    # At the end of the support the logarithm is continued by its tangent, steep but finite: a hard boundary would make
    # the sampler diverge, and counts that far out have no probability anyway. Where ω is 0 or more, and on a night
    # without a wake, the support has no end, however small θ is.
    end = pt.minimum(END_OF_SUPPORT, theta)
    near_end = pt.lt(inner, end)
    log_inner = pt.log(pt.switch(near_end, end, inner)) + pt.switch(near_end, inner / end - 1.0, 0.0)
    return pt.log(theta) + (count - 1.0) * log_inner - inner


def priors(data: TrialData, outcome: Outcome) -> Mapping[str, str]:
    """Each prior in words and numbers, on the log scale unless it says otherwise."""
    return count_priors(data, outcome, (prior.OMEGA,))


def replicate(data: TrialData, outcome: Outcome, posterior: xr.Dataset, rng: np.random.Generator) -> Array:
    """Posterior predictive counts [draw, night], not adjusted for sleep time, in the order of `columns_of`."""
    columns = columns_of(data, outcome)
    omega = np.ravel(posterior["omega"].to_numpy())[:, None]
    return drawn_counts(rates(columns, posterior), omega, usual_count(data, outcome), rng) * columns.used


def drawn_counts(rate: Array, omega: Array, usual: Array | float, rng: np.random.Generator) -> Array:
    """Random counts [draw, night] of the likelihood; `omega` and `usual` are broadcast to `rate` [draw, night]."""
    counts = np.empty_like(rate)
    omega, usual = np.broadcast_to(omega, rate.shape), np.broadcast_to(usual, rate.shape)
    over = omega >= 0
    shape = usual[over] / np.maximum((1 - omega[over]) ** -2 - 1, LEAST_EXCESS)
    counts[over] = rng.poisson(rate[over] * rng.gamma(shape) / shape)
    if not over.all():
        counts[~over] = generalised_poisson(rate[~over], omega[~over], rng)
    return counts
