"""The posterior of a change between two nightly rates, whose log ratio is a mixture of Gaussians."""

from dataclasses import dataclass
from typing import Literal

import numpy as np

from n1trial.inference import kernels
from n1trial.inference.inla.mixture import Mixture
from n1trial.inference.model_matrix import Array

HERMITE_X, HERMITE_W = np.polynomial.hermite_e.hermegauss(9)
HERMITE_W = HERMITE_W / HERMITE_W.sum()


@dataclass(frozen=True, slots=True, kw_only=True)
class RateChange(Mixture):
    """A change between two nightly rates, as wakes a night or per cent.

    The mixture itself is of their log ratio; `middles`, `middle_sds` [component] are of the mean of their
    logs and `shared` is its covariance with the log ratio, so the difference is 2 exp(middle) sinh(ratio / 2).
    """

    scale: Literal["difference", "percent"]
    middles: Array
    middle_sds: Array
    shared: Array

    @property
    def mean(self) -> float:
        """Its mean, from the moments of the log normal."""
        return self._moments()[0]

    @property
    def sd(self) -> float:
        """Its SD."""
        first, second = self._moments()
        return float(np.sqrt(max(second - first**2, 0.0)))

    def above(self, x: float) -> float:
        """Chance of more than x."""
        chance: float = kernels.chance_above(
            float(x),
            self.scale == "percent",
            *(self.weights, self.means, self.sds, self.middles, self.middle_sds, self.shared),
            *(HERMITE_X, HERMITE_W),
        )
        return chance

    def _moments(self) -> tuple[float, float]:
        def raised(high: float, low: float) -> float:
            """Mean of (higher rate)^high (lower rate)^low."""
            a, b = high + low, (high - low) / 2
            spread = (a * self.middle_sds) ** 2 + 2 * a * b * self.shared + (b * self.sds) ** 2
            return float(self.weights @ np.exp(a * self.middles + b * self.means + spread / 2))

        if self.scale == "percent":
            first, second = raised(1, -1), raised(2, -2)
            return 100 * (first - 1), 1e4 * (second - 2 * first + 1)
        return raised(1, 0) - raised(0, 1), raised(2, 0) - 2 * raised(1, 1) + raised(0, 2)
