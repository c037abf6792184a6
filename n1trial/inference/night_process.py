"""How nights follow each other: AR(1) over calendar gaps, a slow drift, wakes around a rate, what adds up to zero.

Nights with AR(1) errors e of correlation φ, the SD of a night given the one before being σ, and a gap of Δ nights:

    e_t = φ^Δ e_before + ε_t,   ε_t ~ Normal(0, σ² (1 - φ^2Δ) / (1 - φ²))

Models, fast engine and simulators take these formulas from here; a model writes them for PyTensor once more, and the
compiled functions of `kernels` work on sums over nights instead.
"""

import math
from functools import lru_cache

import numpy as np

from n1trial.system.arrays import Array

# φ to this power is 0 in floating point for |φ| up to .9, so that the first night has no predecessor.
FIRST_NIGHT_GAP = 1e4


def carried_over(phi: Array | float, gap: Array) -> tuple[Array, Array]:
    """What remains of a deviation after a gap, and how far the next night scatters around it.

    Parameters
    ----------
    phi
        Correlation with the night before, -.9 to .9; broadcast to `gap`.
    gap : [night]
        Nights since the recorded one before; `FIRST_NIGHT_GAP` on the first.

    Returns
    -------
    φ^Δ, and the SD given the night before in those of a night whose predecessor is known, both [..., night].
    """
    fade = phi**gap
    return fade, np.sqrt((1.0 - fade**2) / (1.0 - phi**2))


def whitened(rows: Array, fade: Array, sd: Array) -> Array:
    """Rows [..., night, column] made independent: less what is carried over, in units of the SD, both [..., night]."""
    before = np.concatenate([np.zeros_like(rows[..., :1, :]), rows[..., :-1, :]], axis=-2)
    return np.asarray((rows - fade[..., np.newaxis] * before) / sd[..., np.newaxis])


def autoregressive(shocks: Array, fade: Array | float) -> Array:
    """Deviations [..., night]: each is its own shock, and `fade` [..., night] of the deviation of the night before."""
    fades = np.broadcast_to(fade, shocks.shape)
    deviations, before = np.empty_like(shocks), np.zeros(shocks.shape[:-1])
    for night in range(shocks.shape[-1]):
        deviations[..., night] = before = fades[..., night] * before + shocks[..., night]
    return deviations


def stationary(shocks: Array, phi: float) -> Array:
    """Shocks [..., night] of SD 1 on consecutive nights, scaled so that `autoregressive` keeps an SD of 1."""
    scale = np.full(shocks.shape[-1], math.sqrt(1.0 - phi**2))
    scale[:1] = 1.0
    return shocks * scale


def matern(distance: Array, length: float) -> Array:
    """Matérn-5/2 correlation at these distances; distance and length scale in nights."""
    scaled = math.sqrt(5) * distance / length
    return (1 + scaled + scaled**2 / 3) * np.exp(-scaled)


@lru_cache(maxsize=16)
def drift_root(days: int, length: float) -> Array:
    """Cholesky root [day, day] of a drift's correlation; the root for fewer days is its first rows and columns."""
    distance = np.abs(np.subtract.outer(np.arange(days), np.arange(days))).astype(float)
    root: Array = np.linalg.cholesky(matern(distance, length) + 1e-9 * np.eye(days))
    return root


def zero_sum_basis(count: int) -> Array:
    """Helmert's orthonormal contrasts [number, contrast]: `count` - 1 columns that each add up to zero.

    Independent normal coefficients on them are a zero-sum normal of the same SD. They are those of
    `scipy.linalg.helmert`, whose import would delay the first answer.
    """
    before = np.arange(1, count)
    contrasts = np.tri(count - 1, count) - np.eye(count - 1, count, 1) * before[:, np.newaxis]
    return np.asarray((contrasts / np.sqrt(before * (before + 1))[:, np.newaxis]).T)


def generalised_poisson(rate: Array, omega: Array | float, rng: np.random.Generator) -> Array:
    """Random counts of mean λ and variance λ / (1 - ω)², by inversion of the tabulated distribution.

    Parameters
    ----------
    rate : [...]
        Means λ.
    omega
        Dispersion, below 1 and 0 for Poisson; broadcast to `rate`.

    References
    ----------
    Consul and Jain (1973), Technometrics 15:791, with θ = λ(1 - ω)
    """
    most = int(np.max(rate + 12 * np.sqrt(rate) / (1 - omega), initial=0) + 20)
    theta = rate * (1 - omega)
    uniform = rng.random(rate.shape)
    total, drawn = np.zeros_like(rate), np.zeros_like(rate)
    whole = sum(_chance(count, theta, omega) for count in range(most + 1))
    for count in range(most + 1):
        total += _chance(count, theta, omega) / whole
        drawn += total < uniform
    return drawn


def _chance(count: int, theta: Array, omega: Array | float) -> Array:
    inner = theta + omega * count
    possible = inner > 0
    log_chance = np.log(theta) + (count - 1) * np.log(np.where(possible, inner, 1.0)) - inner
    return np.where(possible, np.exp(log_chance - math.lgamma(count + 1)), 0.0)
