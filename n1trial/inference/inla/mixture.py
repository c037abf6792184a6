"""A mixture of Gaussians: the form in which the fast engine gives the posterior of a contrast."""

import math
from bisect import bisect
from dataclasses import dataclass

import numpy as np

from n1trial.design.verdict import Chances
from n1trial.system.arrays import Array

_erfc = np.frompyfunc(math.erfc, 1, 1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Mixture:
    """A mixture of Gaussians.

    Attributes
    ----------
    weights, means, sds : ndarray [component]
        The weights add up to 1.
    """

    weights: Array
    means: Array
    sds: Array

    @property
    def mean(self) -> float:
        """Its mean."""
        return float(self.weights @ self.means)

    @property
    def sd(self) -> float:
        """Its SD."""
        return float(np.sqrt(self.weights @ (self.sds**2 + (self.means - self.mean) ** 2)))

    def above(self, x: float) -> float:
        """Probability of more than x."""
        return float(self.weights @ normal_cdf((self.means - x) / self.sds))

    def chances(self, *, sign: int, mid: float) -> Chances:
        """Probabilities of the gain (`sign` 1 where more is better, else -1) against the smallest worthwhile effect."""
        over, under = self.above(mid), 1.0 - self.above(-mid)
        better = self.above(0.0)
        if sign < 0:
            over, under, better = under, over, 1.0 - better
        return Chances(better=better, worthwhile=over, equivalent=1.0 - over - under, much_worse=under)

    def interval(self, prob: float) -> tuple[float, float]:
        """Equal-tailed interval of probability `prob`."""
        return self._quantile((1 - prob) / 2), self._quantile((1 + prob) / 2)

    def _quantile(self, p: float) -> float:
        # Bisection over millionths of an SD, up to 12 SD away: importing a root finder takes longer than the answer.
        places, mean, step = range(-12 << 20, 12 << 20), self.mean, self.sd * 2.0**-20
        index = bisect(places, p, key=lambda place: 1.0 - self.above(mean + step * place))
        return mean + step * places[index]


@dataclass(frozen=True, slots=True, kw_only=True)
class Components:
    """Posterior of the coefficients of a trial, as a mixture of Gaussians.

    Attributes
    ----------
    arms : tuple of str
        Names of the arms but the reference.
    weights : ndarray [component]
        Add up to 1.
    means : ndarray [component, coefficient]
        Of every component.
    covariances : ndarray [component, coefficient, coefficient]
        Of every component.
    spread : ndarray [component, parameter]
        The parameters that are constant in a component.
    nights : int
        Analysed nights.
    log_evidence : float
        Log marginal likelihood, without a constant that fits of the same nights, terms and priors have in common.
    """

    arms: tuple[str, ...]
    weights: Array
    means: Array
    covariances: Array
    spread: Array
    nights: int
    log_evidence: float


def normalised(logs: Array) -> tuple[Array, float]:
    """Weights that add up to 1, of their logs up to a constant, and the log of the sum."""
    highest = logs.max()
    weights = np.exp(logs - highest)
    return weights / weights.sum(), float(highest + np.log(weights.sum()))


def normal_cdf(z: Array) -> Array:
    """Standard normal distribution function, without importing SciPy, which takes longer than an answer."""
    return np.asarray(0.5 * _erfc(-z / math.sqrt(2.0)), dtype=float)
