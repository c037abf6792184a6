"""The priors of the terms that the models of several people share."""

from dataclasses import dataclass

import numpy as np

from n1trial.inference.priors import EFFECT_TIE, Prior
from n1trial.system.arrays import Array


@dataclass(frozen=True, slots=True, kw_only=True)
class Scales:
    """The priors of the terms of one model, minutes or logarithms."""

    average: Prior
    spread: Prior
    modifier: Prior
    people: Prior
    period: Prior
    block: Prior
    weekday: Prior
    weekday_spread: Prior
    week: Prior
    trend: Prior
    run_in: Prior
    covariate: Prior

    @property
    def priors(self) -> tuple[Prior, ...]:
        """All of them and that of the correlations, for a table."""
        return (*(getattr(self, name) for name in self.__dataclass_fields__), EFFECT_TIE)

    def of_effects(self, *, width: float = 1.0) -> Array:
        """Scales of the priors of average, spread and modifiers, each times `width`."""
        return width * np.array([self.average.scale, self.spread.scale, self.modifier.scale])
