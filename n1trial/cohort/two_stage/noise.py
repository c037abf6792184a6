"""Noise that people share: one person's effects under each value that all people may have in common.

A person's SD between periods and night-to-night correlation are poorly identified by their own nights, and well by
everybody's. A person's draws are reweighted from their own prior to the prior that a common value
would give: the mean weight is the evidence for that value, and the reweighted draws are the posterior under it.

This is done for every kind of noise that has a prior for each person: a prior that is left in counts once a person, and
a hundred equal priors pull hard. It is also done for pairs of kinds, which nights confuse with each other: an SD
between periods with a correlation of nights.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import combinations
from typing import Self

import numpy as np

from n1trial.inference import priors as prior
from n1trial.system.arrays import Array

# Of the correlation and of the scale of nights, the median of the prior of the SD between people.
MEDIAN_OF_HALF_NORMAL = 0.6745
PERIOD = "period_sd"
# In units of the prior's scale, from next to nothing to as much as anybody has. The priors of minutes are wide.
MINUTES = (0.04, 0.07, 0.12, 0.2, 0.33, 0.55, 0.9, 1.5)
LOG_SDS = (0.15, 0.25, 0.4, 0.6, 0.9, 1.35, 2.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """One kind of noise on a scale where people vary evenly around the common value.

    `grid` has common values on that scale; `log_prior` is the log density, but for a constant, of a person's own
    value and of the common one; `between_sd` is the SD between people.
    """

    on_scale: Callable[[Array], Array]
    grid: Array
    log_prior: Callable[[Array], Array]
    between_sd: float

    @property
    def middle(self) -> float:
        """The middle of the grid."""
        return float(self.grid[len(self.grid) // 2])

    def log_weight(self, at: Array, common: Array | float) -> Array:
        """Log weights of values on the scale under a common value instead of their own prior."""
        log_weight: Array = -0.5 * ((at - common) / self.between_sd) ** 2 - self.log_prior(at)
        return log_weight


@dataclass(frozen=True, kw_only=True, eq=False)
class Drawn:
    """A person's posterior: effects, mean [draw, node, arm] and covariance [draw, node, arm, arm], and the noise.

    Noise has values by its name, of every draw [draw, 1] or the same at every draw [1, node]. A draw may be a point,
    its covariance 0, and `log_weight` [draw, node] says how often each counts.
    """

    values: Mapping[str, Array]
    mean: Array
    covariance: Array
    log_weight: Array

    @classmethod
    def points(cls, values: Mapping[str, Array], effects: Array) -> Self:
        """Draws of noise [draw] and of effects [draw, arm], with one node."""
        size, arms = effects.shape
        return cls(
            values={name: value[:, None] for name, value in values.items()},
            mean=effects[:, None],
            covariance=np.zeros((size, 1, arms, arms)),
            log_weight=np.zeros((size, 1)),
        )

    def weighed(self, *log_weights: Array) -> tuple[Array, Array, Array]:
        """Log mean weight [*value] and moments [*value, arm], [*value, arm, arm] under further weights.

        Each of these has values of its own, [value, draw, 1] or [value, 1, node].
        """
        sums, evidence = self._sums, 0.0
        factors, indices = [], ""
        values = "abc"[: len(log_weights)]
        for value, log_weight in zip(values, log_weights, strict=True):
            most = log_weight.max()
            evidence += most
            factors.append(np.exp(log_weight - most).reshape(len(log_weight), -1))
            indices += f"{value}{'d' if log_weight.shape[2] == 1 else 'n'},"
        for axis, index in enumerate("dn"):
            if index not in indices:
                sums = sums.sum(axis=axis, keepdims=True)
        weighted = np.einsum(f"{indices}dnk->{values}k", *factors, sums, optimize=True)
        total = weighted[..., 0]
        mean, second = np.split(weighted[..., 1:] / total[..., None], [self.mean.shape[-1]], axis=-1)
        second = second.reshape(*mean.shape, -1)
        return np.log(total) + evidence, mean, second - mean[..., :, None] * mean[..., None, :]

    def varying(self, known: Mapping[str, Kind]) -> float:
        """Squared coefficient of variation of the effects' variance, were their middle noise common to all people."""
        log_weight = self.log_weight
        for name, values in self.values.items():
            at = known[name].on_scale(values)
            log_weight = log_weight + known[name].log_weight(at, np.sum(self._sums[..., 0] * at))
        share = np.exp(log_weight - np.logaddexp.reduce(log_weight, axis=None))
        variance = np.exp(np.linalg.slogdet(self.covariance)[1] / self.mean.shape[-1])
        return float(np.sum(share * variance**2) / np.sum(share * variance) ** 2 - 1.0)

    @cached_property
    def _sums(self) -> Array:
        """1, effects and their products [draw, node, ...], each times its share of all weights."""
        log_weight = self.log_weight - np.logaddexp.reduce(self.log_weight, axis=None)
        squares = self.covariance + self.mean[..., :, None] * self.mean[..., None, :]
        terms = [np.ones_like(log_weight)[..., None], self.mean, squares.reshape(*log_weight.shape, -1)]
        return np.exp(log_weight)[..., None] * np.concatenate(terms, axis=-1)

    def moments(self) -> tuple[Array, Array]:
        """Mean [arm] and covariance [arm, arm]."""
        return self.weighed()[1:]


@dataclass(frozen=True, slots=True, kw_only=True)
class UnderNoise:
    """What each common value changes of a person's effects: mean [value, arm] and covariance [value, arm, arm].

    `log_evidence` [value] is that of the value. Of a pair of kinds a value is one of each, those of the second
    following each other, and all three are what the pair says beyond the two of them.
    """

    log_evidence: tuple[float, ...]
    mean: tuple[tuple[float, ...], ...]
    covariance: tuple[tuple[tuple[float, ...], ...], ...]

    def fits(self, *, values: int, arms: int) -> bool:
        """Whether it holds finite numbers for so many common values and arms."""
        shapes = (
            (self.log_evidence, (values,)),
            (self.mean, (values, arms)),
            (self.covariance, (values, arms, arms)),
        )
        try:
            return all(
                (held := np.array(numbers, dtype=float)).shape == shape and bool(np.isfinite(held).all())
                for numbers, shape in shapes
            )
        except ValueError:
            return False


def kinds(*, counts: bool, scale: float = 1.0) -> dict[str, Kind]:
    """The kinds of noise by the name of their parameter; `scale` is what a minute of a person's priors is."""
    if counts:
        return {PERIOD: _of_an_sd(prior.LOG_PERIOD_SD.scale, LOG_SDS)}
    middle, log_sd = prior.NIGHT_SD.parameters
    return {
        PERIOD: _of_an_sd(prior.PERIOD_SD.scale * scale, MINUTES),
        "sigma": Kind(
            on_scale=lambda sigma: np.log(sigma / (middle * scale)),
            grid=np.array([-0.6, -0.4, -0.2, 0.0, 0.2, 0.4, 0.6]),
            log_prior=lambda log: -0.5 * (log / log_sd) ** 2,
            between_sd=MEDIAN_OF_HALF_NORMAL * prior.NIGHT_SD_SPREAD.scale,
        ),
        "phi": Kind(
            on_scale=np.asarray,
            grid=np.array([-0.3, -0.2, -0.1, 0.0, 0.1, 0.2, 0.3]),
            log_prior=lambda phi: -0.5 * (phi / prior.PHI.scale) ** 2,
            between_sd=MEDIAN_OF_HALF_NORMAL * prior.PHI_SPREAD.scale,
        ),
    }


def _of_an_sd(scale: float, values: Sequence[float]) -> Kind:
    """In units of its prior's scale, which is the same for everybody; common values are among `values` of them."""
    return Kind(
        on_scale=lambda sd: np.log(sd / scale),
        grid=np.log(values),
        log_prior=lambda log: log - 0.5 * np.exp(2.0 * log),
        between_sd=prior.LOG_SD_APART,
    )


def pairs(known: Mapping[str, Kind]) -> dict[str, tuple[str, str]]:
    """The pairs among these kinds, by a name of the pair."""
    return {f"{one}, {other}": (one, other) for one, other in combinations(known, 2)}


def under_noise(drawn: Drawn, name: str, kind: Kind) -> UnderNoise:
    """A person's draws reweighted to every common value of a kind."""
    return _changes(_less(drawn.weighed(_log_weights(kind, drawn.values[name])), (0.0, *drawn.moments())))


def under_both(drawn: Drawn, names: tuple[str, str], known: Mapping[str, Kind]) -> UnderNoise:
    """The same for common values of two kinds together."""
    one, other = (_log_weights(known[name], drawn.values[name]) for name in names)
    alone = [part[:, None] for part in drawn.weighed(one)]
    beyond = _less(
        _less(drawn.weighed(one, other), alone), _less(drawn.weighed(other), (0.0, *drawn.moments()))
    )
    return _changes(tuple(part.reshape(-1, *part.shape[2:]) for part in beyond))


def _less(parts: Sequence[Array], other: Sequence[Array | float]) -> tuple[Array, ...]:
    return tuple(part - taken for part, taken in zip(parts, other, strict=True))


def _changes(parts: Sequence[Array]) -> UnderNoise:
    evidence, mean, covariance = (part.tolist() for part in parts)
    return UnderNoise(
        log_evidence=tuple(evidence),
        mean=tuple(map(tuple, mean)),
        covariance=tuple(tuple(map(tuple, matrix)) for matrix in covariance),
    )


def _log_weights(kind: Kind, values: Array) -> Array:
    """Log weights [value, draw, node] of draws under each common value instead of their own prior."""
    return kind.log_weight(kind.on_scale(values), kind.grid[:, None, None])
