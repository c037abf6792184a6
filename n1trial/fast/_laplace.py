"""Laplace's approximation of a model of counts, given its dispersion and the SDs of periods, blocks, weekdays.

All linear coefficients are z, standard normal a priori, times their prior SD. Newton's method finds the mode of
z; the curvature there gives its covariance and the marginal likelihood. The third derivative moves the mean
off the mode, which for few counts is not the same: by half an inverse count, .05 posterior SD where an arm has
a hundred wakes.

Rue, Martino & Chopin (2009), doi:10.1111/j.1467-9868.2008.00700.x; the mean is that of their simplified
Laplace approximation (section 3.2.3).
"""

import math
from dataclasses import dataclass
from typing import Self

import numpy as np

from n1trial.columns import Array, Columns
from n1trial.fast.priors import CountPriors

RANDOM = ("period", "block", "weekday")
# As in `models.awakenings`: there the logarithm goes on as its tangent.
END_OF_SUPPORT = 0.1
MOST_STEPS, LONGEST_STEP, LAST_STEP = 12, 1.0, 0.1
# Of θ: a night far beyond its rate may bend the other way, where a step of Newton's would lead astray.
LEAST_BEND = 0.1


@dataclass(frozen=True, slots=True, kw_only=True)
class CountNights:
    """Recorded nights: counts `y` and weights `analysed` [night], columns `x` and `on_reference` [night, z].

    The columns are in units of their prior SDs; those of `RANDOM` have unit 1 and their place in `kinds` [z],
    which is -1 elsewhere. `log_factorials` [night] are those of `y`, and `squares` [night, z * z] are the
    columns' products. The first column is the level, around `log_level`, and after it come the arms, whose
    prior SDs are `effects` [arm].
    """

    y: Array
    log_factorials: Array
    analysed: Array
    x: Array
    on_reference: Array
    kinds: Array
    squares: Array
    log_level: float
    effects: Array

    @classmethod
    def of(cls, columns: Columns, priors: CountPriors) -> Self:
        recorded = columns.used > 0
        analysed = columns.analysed[recorded]
        y = columns.y[recorded]
        made, kinds = [np.full((len(y), 1), priors.level_sd)], [-1]
        sd_of = {"arm": priors.effect_sd, "trend": priors.trend_sd, "run_in": priors.run_in_sd}
        for term, column in columns.terms.items():
            kind = RANDOM.index(term) if term in RANDOM else -1
            here = column[recorded] * (1.0 if kind >= 0 else sd_of.get(term, priors.covariate_sd))
            if term == "weekday":
                # Standard normals on orthonormal columns that each add up to 0: a zero-sum normal
                here = here @ np.linalg.svd(np.eye(7) - 1 / 7)[0][:, :6]
            made.append(here)
            kinds += [kind] * here.shape[1]
        x = np.column_stack(made)
        arms = slice(1, 1 + len(columns.arm_share))
        on_reference = x.copy()
        on_reference[:, arms] = -columns.arm_share * priors.effect_sd
        return cls(
            y=y,
            log_factorials=np.array([math.lgamma(count + 1) for count in y]),
            analysed=analysed,
            x=x,
            on_reference=on_reference,
            kinds=np.array(kinds),
            squares=(x[:, :, np.newaxis] * x[:, np.newaxis]).reshape(len(y), -1),
            log_level=float(np.log(y[analysed > 0].mean())),
            effects=np.full(len(columns.arm_share), priors.effect_sd),
        )

    def units(self, nodes: Array) -> Array:
        """What z is multiplied by [node, z]: the SD of its kind, or 1."""
        return np.where(self.kinds < 0, 1.0, nodes[:, 1 + np.maximum(self.kinds, 0)])

    def precision(self, bend: Array, units: Array) -> Array:
        """Precision of z [node, z, z], where the nights' log density bends by `bend` [node, night]."""
        number = self.x.shape[1]
        information = (bend @ self.squares).reshape(-1, number, number)
        return units[:, :, np.newaxis] * information * units[:, np.newaxis] + np.eye(number)


@dataclass(frozen=True, slots=True, kw_only=True)
class Modes:
    """Of every node: mean `z` [node, z] and covariance, what z is multiplied by, log marginal likelihood.

    `mode` [node, z] is where Newton's method ended.
    """

    mode: Array
    z: Array
    covariances: Array
    units: Array
    logs: Array


def modes_at(nights: CountNights, nodes: Array, start: Array, start_node: Array) -> Modes:
    """Laplace's approximation at every node [node, 4] at once, from the mode [z] of another node."""
    x, units, omega = nights.x, nights.units(nodes), nodes[:, :1]
    z = start * np.minimum(1.0, nights.units(start_node[np.newaxis]) / np.maximum(units, 1e-12))
    moving = np.arange(len(nodes))
    for _ in range(MOST_STEPS):
        here, unit = z[moving], units[moving]
        _, slope, bend, _, bound = nightly(nights, (here * unit) @ x.T, omega[moving])
        precision = nights.precision(np.maximum(bend, LEAST_BEND * bound), unit)
        step = np.linalg.solve(precision, (unit * (slope @ x) - here)[..., np.newaxis])[..., 0]
        step, longest = _shortened(step, unit, x)
        z[moving] = here + step
        moving = moving[longest >= LAST_STEP]
        if len(moving) == 0:
            break
    density, slope, bend, third, bound = nightly(nights, (z * units) @ x.T, omega)
    slopes = units * (slope @ x) - z
    precision = nights.precision(bend, units)
    sign, log_determinant = np.linalg.slogdet(precision)
    covariances = np.linalg.inv(precision)
    # At the end of the support the density has an edge, which may hold Newton's method up: no finer points there
    stuck = (sign <= 0) | (np.diagonal(covariances, axis1=1, axis2=2).min(axis=1) <= 0)
    stuck[moving] = True
    if stuck.any():
        precision = nights.precision(np.maximum(bend, LEAST_BEND * bound)[stuck], units[stuck])
        log_determinant[stuck] = np.linalg.slogdet(precision)[1]
        covariances[stuck] = np.linalg.inv(precision)
        third, slopes = third * ~stuck[:, np.newaxis], slopes * ~stuck[:, np.newaxis]
    variance = ((x @ (units[:, :, np.newaxis] * covariances * units[:, np.newaxis])) * x).sum(axis=2)
    # The inverse is there, so a last step of Newton's is to be had, and what it changes in the density
    last = np.einsum("kij,kj->ki", covariances, slopes)
    bends = third * variance / 2
    off = np.einsum("kij,kj->ki", covariances, units * (bends @ x))
    logs = density.sum(axis=1) - 0.5 * (z**2).sum(axis=1) - 0.5 * log_determinant
    logs += 0.5 * (slopes * last).sum(axis=1) + (bends * ((last * units) @ x.T)).sum(axis=1)
    z = z + _shortened(last, units, x)[0]
    return Modes(
        mode=z,
        z=z + _shortened(off, units, x)[0],
        covariances=covariances,
        units=units,
        logs=logs,
    )


def _shortened(step: Array, units: Array, x: Array) -> tuple[Array, Array]:
    """Steps [node, z] that move no night's log rate by more than `LONGEST_STEP`; how long they were [node]."""
    longest = np.abs((step * units) @ x.T).max(axis=1)
    return step * np.minimum(1.0, LONGEST_STEP / np.maximum(longest, 1e-12))[:, np.newaxis], longest


def nightly(nights: CountNights, linear: Array, omega: Array) -> tuple[Array, Array, Array, Array, Array]:
    """Log density [node, night], its first, minus its second, and its third derivative by log λ, and λ(1 - ω)."""
    n = nights.y
    theta = np.exp(nights.log_level + linear) * (1 - omega)
    inner = theta + omega * n
    end = np.minimum(END_OF_SUPPORT, theta)
    possible, beyond = np.maximum(inner, end), inner < end
    log_inner = np.log(possible) + np.minimum(inner / end - 1, 0.0)
    # θ, θ², θ³ times the first, second, third derivative of that logarithm; an end at θ itself moves with it
    ratio, moving = inner / theta, beyond & (theta < END_OF_SUPPORT)
    first = np.where(moving, 2 - ratio, theta / possible)
    second = np.where(moving, 2 * ratio - 3, np.where(beyond, 0.0, -(first**2)))
    third = np.where(moving, 8 - 6 * ratio, np.where(beyond, 0.0, 2 * first**3))
    return (
        np.log(theta) + (n - 1) * log_inner - inner - nights.log_factorials,
        1 + (n - 1) * first - theta,
        theta - (n - 1) * (first + second),
        (n - 1) * (first + 3 * second + third) - theta,
        theta,
    )
