"""Weighted draws: taken again as often as they weigh, and their quantiles. Without SciPy and ArviZ."""

import numpy as np
import numpy.typing as npt

from n1trial.system.arrays import Array


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


def weighted_quantiles(draws: Array, weights: Array, probs: Array | tuple[float, ...]) -> Array:
    """Quantiles [prob] of weighted draws [draw], interpolated between neighbouring draws.

    `numpy.quantile` with weights has the inverted distribution function alone, whose steps would be seen where draws
    are few or some weigh much.
    """
    order = np.argsort(draws)
    return np.asarray(np.interp(probs, np.cumsum(weights[order]), draws[order]))
