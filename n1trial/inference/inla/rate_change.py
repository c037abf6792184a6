"""The posterior of a change between two nightly rates, whose log ratio is a mixture of Gaussians."""

from dataclasses import dataclass
from typing import Literal

import numpy as np

from n1trial.inference import kernels
from n1trial.inference.inla.mixture import Mixture
from n1trial.system.arrays import Array

HERMITE_X, HERMITE_W = np.polynomial.hermite_e.hermegauss(9)
HERMITE_W = HERMITE_W / HERMITE_W.sum()


@dataclass(frozen=True, slots=True, kw_only=True)
class RateChange(Mixture):
    """A change between two nightly rates, in wakes a night or per cent.

    The mixture itself is of their log ratio; the difference of the rates is 2 exp(middle) sinh(log ratio / 2), with the
    mean of their logs as the middle.

    Attributes
    ----------
    weights, means, sds : ndarray [component]
        The mixture of the log ratio.
    scale : {"difference", "percent"}
        Unit of the change.
    middles, middle_sds : ndarray [component]
        Mean and SD of the mean of the two log rates.
    shared : ndarray [component]
        Its covariance with the log ratio.
    """

    scale: Literal["difference", "percent"]
    middles: Array
    middle_sds: Array
    shared: Array

    @property
    def mean(self) -> float:
        """Posterior mean, from moments of the log-normal."""
        return self._moments()[0]

    @property
    def sd(self) -> float:
        """Posterior SD, from moments of the log-normal."""
        first, second = self._moments()
        return float(np.sqrt(max(second - first**2, 0.0)))

    def above(self, x: float) -> float:
        """Posterior probability of more than x."""
        chance: float = kernels.chance_above(
            float(x),
            self.scale == "percent",
            *(self.weights, self.means, self.sds, self.middles, self.middle_sds, self.shared),
            *(HERMITE_X, HERMITE_W),
        )
        return chance

    def _moments(self) -> tuple[float, float]:
        def raised(high: float, low: float) -> float:
            """Mean of (rate on the arm)^high (rate on the comparator)^low."""
            a, b = high + low, (high - low) / 2
            spread = (a * self.middle_sds) ** 2 + 2 * a * b * self.shared + (b * self.sds) ** 2
            return float(self.weights @ np.exp(a * self.middles + b * self.means + spread / 2))

        if self.scale == "percent":
            first, second = raised(1, -1), raised(2, -2)
            return 100 * (first - 1), 1e4 * (second - 2 * first + 1)
        return raised(1, 0) - raised(0, 1), raised(2, 0) - 2 * raised(1, 1) + raised(0, 2)
