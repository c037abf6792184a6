"""Draws weighed, and drawn again, as if another prior had been chosen: Pareto-smoothed importance sampling.

Vehtari, Simpson, Gelman, Yao & Gabry (2024), JMLR 25(72). With k of .7 or more the draws at hand say nothing
about the other prior, and no number is given.
"""

import numpy as np
import numpy.typing as npt
from arviz_stats.base import array_stats

MAX_K = 0.7

type Array = npt.NDArray[np.float64]


def smoothed_weights(log_ratio: Array) -> tuple[Array, float]:
    """Weights [draw] that add up to 1, and Pareto's k, of log density ratios [draw]."""
    # ArviZ takes the log density that is divided by, as leaving one out does.
    log_weights, k = array_stats.psislw(-np.asarray(log_ratio, dtype=float))
    weights = np.exp(log_weights - log_weights.max())
    return weights / weights.sum(), float(k)


def effective_draws(weights: Array, values: Array) -> float:
    """How many independent draws would tell the weighted mean of `values` [chain, draw] as exactly.

    `weights` [chain, draw] add up to 1. The error of the mean is that of the sum of what every draw adds to it,
    by the delta method, and draws that resemble the ones before add less (Vehtari et al. 2024).
    """
    off = values - np.sum(weights * values)
    added = weights * off
    error = added.size * np.var(added) / (array_stats.ess(added, method="mean") / added.size)
    return float(np.sum(added * off) / error)


def drawn_again(
    weights: Array, *, seed: int | np.random.Generator, count: int | None = None
) -> npt.NDArray[np.int64]:
    """Which draws to take, `count` or as many as there are weights [draw], so that each comes as often as it weighs.

    In order. One random number places all of them (systematic resampling; Kitagawa 1996, doi:10.2307/1390750), so
    that no count is one or more off its weight.
    """
    wanted = len(weights) if count is None else count
    places = (np.arange(wanted) + np.random.default_rng(seed).random()) / wanted
    return np.searchsorted(np.cumsum(weights), places).clip(max=len(weights) - 1)


def weighted_quantiles(draws: Array, weights: Array, probs: tuple[float, ...]) -> list[float]:
    """Quantiles of weighted draws [draw]."""
    order = np.argsort(draws)
    return [float(each) for each in np.interp(probs, np.cumsum(weights[order]), draws[order])]
