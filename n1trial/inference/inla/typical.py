"""The typical night without sampling: Student-t nights around the linear terms of the sleep-time model.

`models.typical_night`, with φ and the SDs of periods and weekdays from the Gaussian engine: φ and weekdays at their
posterior means, periods at a few quantiles. Given them and ν, an EM algorithm (iteratively reweighted least squares)
finds the coefficients and σ; their Gaussian has the expected information of t nights. ν is integrated by a Gauss
rule, weighted by prior and marginal likelihood. Each block has a level of its own.

Lange, Little & Taylor (1989), doi:10.1080/01621459.1989.10478852.
"""

import math

import numpy as np

from n1trial.data.trial_data import TrialData
from n1trial.design.outcomes import Outcome
from n1trial.inference import priors as prior
from n1trial.inference.data_requirements import refuse_too_many_alike
from n1trial.inference.inla.gaussian import FastFit, fast_fit
from n1trial.inference.inla.mixture import normalised
from n1trial.inference.inla.priors import Priors
from n1trial.inference.inla.standardised import standardised
from n1trial.inference.model_matrix import LEAST_LEFT, Columns, columns_of
from n1trial.inference.night_process import carried_over, whitened
from n1trial.inference.weighted_draws import weighted_quantiles
from n1trial.system.arrays import Array, Codes

ASSUMES = (
    "The typical night is the middle of nights with heavy tails, so odd nights count less. The fast engine answers for"
    " it, with the correlation and the SDs between periods and weekdays that nights without such tails show."
)
FORMULA = "nightly value ~ arm + (1 | period) + block + weekday + trend + covariates, Student-t with AR(1)"
# ν is 2 + Gamma(shape, rate).
NU_SHAPE, NU_RATE = prior.NU.parameters
NU_POINTS, PERIOD_POINTS = 9, 3
# Limits of ν - 2: outside of them its prior has a few thousandths, and beyond the second t nights are nearly Gaussian.
LEAST_NU, MOST_NU = 0.1, 80.0
MOST_STEPS, LAST_STEP = 60, 1e-3


def fit_typical_night(data: TrialData, outcome: Outcome) -> FastFit:
    """Effects on the typical night; `spread` [component, 3] holds σ, φ and the SD of periods.

    Raises
    ------
    AnalysisError
        As `fast_fit`, and where so many nights are equal that t nights have no scale.
    """
    refuse_too_many_alike(data, outcome)
    gaussian = fast_fit(data, outcome)
    columns = columns_of(data, outcome)
    priors = Priors().for_trial(data, outcome).widened(data.prior_width)
    phi = float(gaussian.weights @ gaussian.spread[:, 1])
    y, x, kinds, shrunk = _whitened(columns, priors, phi)
    nus, rule = _nus()
    period_sds = weighted_quantiles(
        gaussian.spread[:, 2], gaussian.weights, (np.arange(PERIOD_POINTS) + 0.5) / PERIOD_POINTS
    )
    weekday_sd = float(gaussian.weights @ gaussian.spread[:, -1])
    nodes = np.stack([axis.ravel() for axis in np.meshgrid(nus, period_sds, indexing="ij")], axis=1)
    fits = [
        _fit(y, x * np.select([kinds == 0, kinds == 1], [period_sd, weekday_sd], 1.0), shrunk, nu, priors)
        for nu, period_sd in nodes
    ]
    arms = slice(1, 1 + len(data.treatments))
    logs = np.array([log for _, _, _, log in fits]) + np.repeat(rule, len(period_sds))
    weights, log_evidence = normalised(logs)
    return FastFit(
        arms=data.treatments,
        weights=weights,
        means=np.array([z[arms] for z, _, _, _ in fits]) * priors.effect_sd,
        covariances=np.array([covariance[arms, arms] for _, covariance, _, _ in fits])
        * np.square(priors.effect_sd),
        spread=np.array(
            [[sigma, phi, period_sd] for (_, _, sigma, _), (_, period_sd) in zip(fits, nodes, strict=True)]
        ),
        nights=gaussian.nights,
        log_evidence=log_evidence,
    )


def _nus() -> tuple[Array, Array]:
    """ν [node], by a Gauss rule along the log of ν - 2, and the log of prior times weight [node]."""
    places, weights = np.polynomial.legendre.leggauss(NU_POINTS)
    low, high = np.log(LEAST_NU), np.log(MOST_NU)
    logs = low + (high - low) * (places + 1) / 2
    return 2 + np.exp(logs), np.log(weights) + NU_SHAPE * logs - NU_RATE * np.exp(logs)


def _whitened(columns: Columns, priors: Priors, phi: float) -> tuple[Array, Array, Codes, Array]:
    """Nights and columns whitened for AR(1), kinds of the columns, and log scales [night].

    Columns and kinds are those of `standardised`.
    """
    recorded = columns.used > 0
    x, kinds = standardised(
        {term: column[recorded] for term, column in columns.terms.items()},
        priors.sds | {"block": priors.level_sd},
    )
    y = columns.y[recorded] - priors.level_mean
    fade, sd = carried_over(phi, columns.gap[recorded])
    rows = whitened(np.column_stack([x, y]), fade, sd)
    return rows[:, -1], rows[:, :-1], kinds, np.log(sd)


def _fit(
    y: Array, x: Array, log_scale: Array, nu: float, priors: Priors
) -> tuple[Array, Array, float, float]:
    """Mean and covariance of z, σ, and the log marginal likelihood, σ at its mode."""
    information, identity = x.T @ x, np.eye(x.shape[1])
    z, sigma = np.zeros(x.shape[1]), float(priors.night_sd)
    for _ in range(MOST_STEPS):
        before = sigma
        residual = y - x @ z
        weight = (nu + 1) / (nu + (residual / sigma) ** 2)
        weighted = (x * weight[:, np.newaxis]).T / sigma**2
        precision = weighted @ x + identity
        z = np.linalg.solve(precision, weighted @ y)
        # Effective degrees of freedom of the coefficients, which σ is corrected for.
        taken = np.trace(np.linalg.solve(precision, weighted @ x))
        left = float(np.sqrt((weight * (y - x @ z) ** 2).sum() / max(len(y) - taken, 1.0)))
        # Nights that the columns explain entirely would leave σ at 0.
        sigma = max(left, LEAST_LEFT * float(y.std()))
        if abs(sigma / before - 1) < LAST_STEP:
            break
    expected = (nu + 1) / (nu + 3) / sigma**2 * information + identity
    constant = math.lgamma((nu + 1) / 2) - math.lgamma(nu / 2) - 0.5 * np.log(nu * np.pi) - np.log(sigma)
    squares = ((y - x @ z) / sigma) ** 2
    density = constant - log_scale - (nu + 1) / 2 * np.log1p(squares / nu)
    off = np.log(sigma / priors.night_sd) / priors.night_log_sd
    log = density.sum() - 0.5 * (z @ z) - 0.5 * np.linalg.slogdet(expected)[1] - 0.5 * off**2
    return z, np.linalg.inv(expected), sigma, float(log)
