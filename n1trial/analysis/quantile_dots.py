"""Quantile dots: fifty equally likely values that represent a posterior.

Fernandes, Walls, Munson, Hullman & Kay (2018), doi:10.1145/3173574.3173718: people decide better from 50
dots than from an interval.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from n1trial.analysis.effects import Effect

DOTS = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class DotCounts:
    """How many of the dots are worse, too small to matter, and worth having."""

    worse: int
    between: int
    worthwhile: int


def dot_gains(effect: Effect) -> npt.NDArray[np.float64]:
    """Gains [dot] in the contrast unit, in order: the quantiles 1, 3, 5 … 99 % of the posterior."""
    return np.quantile(effect.outcome.sign * effect.draws, (np.arange(DOTS) + 0.5) / DOTS)


def count_dots(effect: Effect) -> DotCounts:
    """Dots on either side of the smallest worthwhile effect, and between."""
    gains, mid = dot_gains(effect), effect.outcome.mid
    worse, worthwhile = int((gains <= -mid).sum()), int((gains >= mid).sum())
    return DotCounts(worse=worse, between=DOTS - worse - worthwhile, worthwhile=worthwhile)
