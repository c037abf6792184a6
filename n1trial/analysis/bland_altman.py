"""Agreement of two devices on the same nights.

Bland & Altman (1986), doi:10.1016/S0140-6736(86)90837-8: the mean of the differences, and the limits between
which 19 of 20 differences lie.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from n1trial.data.nights import Nights
from n1trial.design.outcomes import Outcome

LIMITS = 1.96


@dataclass(frozen=True, slots=True, kw_only=True)
class Agreement:
    """Bland-Altman agreement on the nights that both devices recorded, all in the outcome's unit.

    Attributes
    ----------
    first, second
        Names of the devices.
    means : [night]
        Mean of the two values of a night.
    differences : [night]
        Second device minus first.
    """

    first: str
    second: str
    means: npt.NDArray[np.float64]
    differences: npt.NDArray[np.float64]

    @property
    def bias(self) -> float:
        """How much more the second device says, on average."""
        return float(self.differences.mean())

    @property
    def sd(self) -> float:
        """SD of the differences."""
        return float(self.differences.std(ddof=1))

    @property
    def low(self) -> float:
        """Lower limit of agreement."""
        return self.bias - LIMITS * self.sd

    @property
    def high(self) -> float:
        """Upper limit of agreement."""
        return self.bias + LIMITS * self.sd


def compare_devices(
    first: tuple[str, Nights], second: tuple[str, Nights], outcome: Outcome
) -> Agreement | None:
    """Compare two devices, each with its name; None with fewer than three nights that both recorded."""
    wanted = ["night", outcome.name]
    both = first[1].table[wanted].merge(second[1].table[wanted], on="night").dropna()
    if len(both) < 3:
        return None
    one, other = (both[f"{outcome.name}_{side}"].to_numpy(float) for side in "xy")
    return Agreement(first=first[0], second=second[0], means=(one + other) / 2, differences=other - one)
