"""Noise that people share: what one person's nights say of the effects under each value that all may have in common.

Somebody's SD between periods, the tails of their nights and how one night resembles the next are told badly by their
own nights, and well by everybody's. A person's draws are weighed from their own prior to the prior that a common value
would give: the mean weight is the evidence for that value, and the weighed draws are the posterior under it.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from n1trial.columns import Array
from n1trial.models import _priors as prior

# Of the correlation between people, about the middle of its prior; of the tails, which are one and the same for all,
# as much as draws can tell apart.
PHI_APART, TAILS_APART = 0.08, 0.3
PERIOD, BLOCK = "period_sd", "block_sd"


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """One kind of noise on a scale where people vary evenly around the common value.

    `grid` has common values on that scale; `log_prior` is the log density, but for a constant, of somebody alone
    and of the common value; `apart` is the SD between people.
    """

    on_scale: Callable[[Array], Array]
    grid: Array
    log_prior: Callable[[Array], Array]
    apart: float

    @property
    def middle(self) -> float:
        """The middle of the grid."""
        return float(self.grid[len(self.grid) // 2])


@dataclass(frozen=True, slots=True, kw_only=True)
class UnderNoise:
    """Somebody's effects under each common value: evidence [value], mean [value, arm], covariance [value, arm, arm]."""

    log_evidence: tuple[float, ...]
    mean: tuple[tuple[float, ...], ...]
    covariance: tuple[tuple[tuple[float, ...], ...], ...]

    def fits(self, kind: Kind, *, arms: int) -> bool:
        """Whether it holds finite numbers for every common value and so many arms."""
        values = len(kind.grid)
        shapes = (
            (self.log_evidence, (values,)),
            (self.mean, (values, arms)),
            (self.covariance, (values, arms, arms)),
        )
        try:
            return all(
                (held := np.array(told, dtype=float)).shape == shape and bool(np.isfinite(held).all())
                for told, shape in shapes
            )
        except ValueError:
            return False


def kinds(*, counts: bool, scale: float = 1.0) -> dict[str, Kind]:
    """The kinds of noise by the name of their parameter; `scale` is what a minute of somebody's priors is."""
    sds = {
        name: _of_an_sd(among.scale if counts else among.scale * scale)
        for name, among in (
            (PERIOD, prior.LOG_PERIOD_SD if counts else prior.PERIOD_SD),
            (BLOCK, prior.LOG_BLOCK_SD if counts else prior.BLOCK_SD),
        )
    }
    if counts:
        return sds
    shape, rate = prior.NU.parameters
    return {
        **sds,
        "phi": Kind(
            on_scale=np.asarray,
            grid=np.array([-0.3, -0.2, -0.1, 0.0, 0.1, 0.2, 0.3]),
            log_prior=lambda phi: -0.5 * (phi / prior.PHI.scale) ** 2,
            apart=PHI_APART,
        ),
        "nu": Kind(
            on_scale=lambda nu: np.log(nu - 2.0),
            grid=np.log([1.0, 2.5, 6.0, 15.0, 40.0]),
            log_prior=lambda log: shape * log - rate * np.exp(log),
            apart=TAILS_APART,
        ),
    }


def _of_an_sd(scale: float) -> Kind:
    """In units of its prior's scale, which is the same for everybody."""
    return Kind(
        on_scale=lambda sd: np.log(sd / scale),
        grid=np.log([0.15, 0.25, 0.4, 0.6, 0.9, 1.35, 2.0]),
        log_prior=lambda log: log - 0.5 * np.exp(2.0 * log),
        apart=prior.LOG_SD_APART,
    )


def under_noise(kind: Kind, values: Array, effects: Array) -> UnderNoise:
    """Draws of somebody's noise [draw] and effects [draw, arm], weighed to every common value."""
    log_weights = _log_weights(kind, values)
    evidence, means, covariances = [], [], []
    for each in log_weights:
        weights = np.exp(each - each.max())
        evidence.append(float(each.max() + np.log(weights.mean())))
        weights /= weights.sum()
        mean = weights @ effects
        means.append(mean)
        covariances.append((effects - mean).T @ ((effects - mean) * weights[:, None]))
    return UnderNoise(
        log_evidence=tuple(evidence),
        mean=tuple(tuple(each.tolist()) for each in means),
        covariance=tuple(tuple(tuple(row) for row in each.tolist()) for each in covariances),
    )


def evidence_of_both(one: Kind, other: Kind, values: Array, others: Array) -> Array:
    """Log evidence [value, other value] of two kinds of noise together, which the nights can hardly tell apart."""
    both = _log_weights(one, values)[:, None] + _log_weights(other, others)[None]
    largest = both.max(axis=-1)
    found: Array = largest + np.log(np.exp(both - largest[..., None]).mean(axis=-1))
    return found


def _log_weights(kind: Kind, values: Array) -> Array:
    """Log weights [value, draw] of draws under each common value instead of their own prior."""
    at = kind.on_scale(values)
    found: Array = -0.5 * ((at - kind.grid[:, None]) / kind.apart) ** 2 - kind.log_prior(at)
    return found
