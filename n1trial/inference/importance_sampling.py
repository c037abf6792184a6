"""Pareto-smoothed importance sampling: draws weighted, and resampled, as if another prior had been chosen.

Vehtari, Simpson, Gelman, Yao & Gabry (2024), JMLR 25(72). With a k of .7 or more the draws at hand say nothing
about the other prior, and no number is given.
"""

import numpy as np
import numpy.typing as npt
from arviz_stats.base import array_stats

from n1trial.system.arrays import Array

MAX_K = 0.7


def smoothed_weights(log_ratio: Array) -> tuple[Array, float]:
    """Weights [draw] that add up to 1, and Pareto's k, of log density ratios [draw]."""
    # ArviZ takes the log of the divisor, as for leaving one out.
    log_weights, k = array_stats.psislw(-np.asarray(log_ratio, dtype=float))
    weights = np.exp(log_weights - log_weights.max())
    return weights / weights.sum(), float(k)


def effective_draws(weights: Array, values: Array) -> float:
    """Effective sample size of a weighted mean, autocorrelation counted, by the delta method (Vehtari et al. 2024).

    Parameters
    ----------
    weights : [chain, draw]
        Add up to 1.
    values : [chain, draw]
        What the mean is of.
    """
    off = values - np.sum(weights * values)
    terms = weights * off
    error = terms.size * np.var(terms) / (array_stats.ess(terms, method="mean") / terms.size)
    return float(np.sum(terms * off) / error)


def drawn_again(
    weights: Array, *, seed: int | np.random.Generator, count: int | None = None
) -> npt.NDArray[np.int64]:
    """Indices of draws, in order, each as often as its weight says: systematic resampling.

    One random number places all of them (Kitagawa 1996, doi:10.2307/1390750), so that no draw comes one or more times
    too often or too rarely.

    Parameters
    ----------
    weights : [draw]
        Add up to 1.
    count
        How many to take; by default as many as there are weights.
    """
    wanted = len(weights) if count is None else count
    places = (np.arange(wanted) + np.random.default_rng(seed).random()) / wanted
    return np.searchsorted(np.cumsum(weights), places).clip(max=len(weights) - 1)


def weighted_quantiles(draws: Array, weights: Array, probs: tuple[float, ...]) -> list[float]:
    """Quantiles of weighted draws [draw]."""
    order = np.argsort(draws)
    return [float(each) for each in np.interp(probs, np.cumsum(weights[order]), draws[order])]
