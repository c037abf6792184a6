"""Draws weighed as if another prior had been chosen: Pareto-smoothed importance sampling.

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


def weighted_quantiles(draws: Array, weights: Array, probs: tuple[float, ...]) -> list[float]:
    """Quantiles of weighted draws [draw]."""
    order = np.argsort(draws)
    return [float(each) for each in np.interp(probs, np.cumsum(weights[order]), draws[order])]
