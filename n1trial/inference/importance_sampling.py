"""Pareto-smoothed importance sampling: draws weighted as if another prior had been chosen.

Vehtari, Simpson, Gelman, Yao & Gabry (2024), JMLR 25(72). With a k of .7 or more the draws at hand say nothing
about the other prior, and no number is given.
"""

import numpy as np
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
