"""The density of counts with its derivatives, and the chance of a change between two rates."""

import math

import numpy as np

from n1trial.inference.kernels._cache import compiled, internal
from n1trial.inference.kernels._lines import largest
from n1trial.system.arrays import Array

# As in `models.awakenings`: where the logarithm is continued by its tangent, and the least variance over the mean,
# less 1.
END_OF_SUPPORT, LEAST_EXCESS = 0.1, 1e-4


@compiled
def nightly(
    y: Array, log_rate: Array, omega: float, usual: float, log_factorials: Array, out: Array
) -> float:
    """Write the derivatives by log λ into `out` [4, night]: first, minus second, third, and a bound of the second.

    Returns
    -------
    The log density of all nights.
    """
    total = 0.0
    shape = shape_of(omega, usual)
    for t in range(len(y)):
        n, rate = y[t], math.exp(log_rate[t])
        if omega >= 0.0:
            share = rate / (shape + rate)
            bend = (n + shape) * share * (1.0 - share)
            total += n * log_rate[t] - (n + shape) * math.log1p(rate / shape) - log_factorials[t]
            out[0, t], out[1, t] = n - (n + shape) * share, bend
            out[2, t], out[3, t] = bend * (2.0 * share - 1.0), bend
            continue
        theta = rate * (1.0 - omega)
        inner = theta + omega * n
        end = min(END_OF_SUPPORT, theta)
        possible = max(inner, end)
        log_inner = math.log(possible) + min(inner / end - 1.0, 0.0)
        # θ, θ², θ³ times the first, second, third derivative of that logarithm; an end at θ depends on θ
        ratio = inner / theta
        if inner < end and theta < END_OF_SUPPORT:
            first, second, third = 2.0 - ratio, 2.0 * ratio - 3.0, 8.0 - 6.0 * ratio
        elif inner < end:
            first, second, third = theta / possible, 0.0, 0.0
        else:
            first = theta / possible
            second, third = -first * first, 2.0 * first**3
        total += math.log(theta) + (n - 1.0) * log_inner - inner - log_factorials[t]
        out[0, t] = 1.0 + (n - 1.0) * first - theta
        out[1, t] = theta - (n - 1.0) * (first + second)
        out[2, t] = (n - 1.0) * (first + 3.0 * second + third) - theta
        out[3, t] = theta
    return total


@internal
def shape_of(omega: float, usual: float) -> float:
    """Shape of the negative binomial whose variance is 1 / (1 - ω)² means at the usual count."""
    return usual / max((1.0 - omega) ** -2 - 1.0, LEAST_EXCESS)


@compiled
def log_ways(y: Array, shape: float) -> float:
    """Sum over nights of log((1 + 1 / shape) … (1 + (n - 1) / shape)), a term of the negative binomial density."""
    upto = np.zeros(int(largest(y)) + 2)
    for k in range(1, len(upto) - 1):
        upto[k + 1] = upto[k] + math.log1p(k / shape)
    total = 0.0
    for t in range(len(y)):
        total += upto[int(y[t])]
    return total


@compiled
def chance_above(
    x: float,
    percent: bool,
    weights: Array,
    means: Array,
    sds: Array,
    middles: Array,
    middle_sds: Array,
    shared: Array,
    hermite_x: Array,
    hermite_w: Array,
) -> float:
    """Probability that a change between two rates is more than x; see `inla.RateChange`."""
    total = 0.0
    for j in range(len(weights)):
        if weights[j] < 1e-9:
            continue
        if percent:
            away = (means[j] - math.log(max(1.0 + x / 100.0, 1e-300))) / sds[j]
            total += weights[j] * 0.5 * math.erfc(-away / math.sqrt(2.0))
            continue
        slope = shared[j] / middle_sds[j]
        left = math.sqrt(2.0 * (sds[j] * sds[j] - slope * slope))
        for k in range(len(hermite_x)):
            needed = 2.0 * math.asinh(0.5 * x * math.exp(-middles[j] - hermite_x[k] * middle_sds[j]))
            away = (means[j] + slope * hermite_x[k] - needed) / left
            total += weights[j] * hermite_w[k] * 0.5 * math.erfc(-away)
    return total
