"""The innermost step for Gaussian nights: fixed columns and σ integrated out at one node of the grid."""

import math
from typing import NamedTuple

import numpy as np

from n1trial.inference.kernels._cache import internal
from n1trial.inference.kernels._gram import eliminate
from n1trial.system.arrays import Array, Codes

HERMITE_X, HERMITE_W = (rule.astype(float) for rule in np.polynomial.hermite.hermgauss(4))
FINE_HERMITE_X, FINE_HERMITE_W = (rule.astype(float) for rule in np.polynomial.hermite.hermgauss(9))


class Workspace(NamedTuple):
    """The sums of a trial, its priors, and arrays that are written at every node.

    Attributes
    ----------
    classes, nights
        First night, sums, gaps and counts of `gram_classes`, and its number of nights.
    ends : [3]
        Where the columns of blocks, periods and weekdays end.
    n_fixed, arms
        How many fixed columns, and how many of them are arms.
    hyper, precision
        As for `integrate`.
    grams : [4, column, column]
        The whitened Gram matrix, and what remains of it without blocks, periods and weekdays.
    rest : [fixed column + 1, fixed column + 1]
        Fixed columns and y at one σ.
    ratios : [2]
        SDs of periods and weekdays in σ.
    """

    classes: tuple[Array, Array, Codes, Codes]
    nights: int
    ends: Codes
    n_fixed: int
    arms: int
    hyper: Array
    precision: Array
    grams: Array
    rest: Array
    ratios: Array


@internal
def sigma_points(fine: bool) -> int:
    """How many points the rule of σ has."""
    return len(FINE_HERMITE_X) if fine else len(HERMITE_X)


@internal
def integrate_sigma(
    work: Workspace, fine: bool, logs: Array, sigmas: Array, means: Array, covs: Array
) -> float:
    """Log density of the node; its components are written into `logs`, `sigmas`, `means` and `covs`."""
    gram, rest, start = work.grams[3], work.rest, work.ends[2]
    n_fixed, arms = work.n_fixed, work.arms
    ratios, scales, night = work.ratios, work.hyper[5:7], work.hyper[:2]
    t, width = _mode(work, gram, start)
    x, w = (FINE_HERMITE_X, FINE_HERMITE_W) if fine else (HERMITE_X, HERMITE_W)
    best = -np.inf
    for node in range(len(x)):
        log_sigma = t + width * x[node]
        scale = math.exp(-2 * log_sigma)
        for i in range(n_fixed + 1):
            for j in range(i, n_fixed + 1):
                rest[i, j] = scale * gram[start + i, start + j]
        for i in range(n_fixed):
            rest[i, i] += work.precision[i]
        value = math.log(w[node]) + x[node] ** 2 - work.nights * log_sigma
        value -= 0.5 * ((log_sigma - night[0]) / night[1]) ** 2
        for g in range(2):
            if ratios[g] > 0.0:
                value += log_sigma - 0.5 * (ratios[g] / scales[g]) ** 2 / scale
        value -= 0.5 * eliminate(rest, 0, n_fixed - arms, n_fixed + 1, 0.0)
        _arms(rest, n_fixed - arms, arms, means[node], covs[node])
        value -= 0.5 * (eliminate(rest, n_fixed - arms, n_fixed, n_fixed + 1, 0.0) + rest[n_fixed, n_fixed])
        logs[node] = value
        sigmas[node] = math.exp(log_sigma)
        best = max(best, value)
    total = 0.0
    for node in range(len(x)):
        total += math.exp(logs[node] - best)
    return best + math.log(total * width)


@internal
def _mode(work: Workspace, gram: Array, start: int) -> tuple[float, float]:
    """Mode of log σ under flat priors of the fixed columns, accurate enough to place four points, and their width."""
    rest, n_fixed, night = work.rest, work.n_fixed, work.hyper[:2]
    size = n_fixed + 1
    for i in range(size):
        for j in range(i, size):
            rest[i, j] = gram[start + i, start + j]
    eliminate(rest, 0, n_fixed, size, 1e-9)
    misfit = max(rest[n_fixed, n_fixed], 1e-9)
    active, spread = 0, 0.0
    for g in range(2):
        if work.ratios[g] > 0.0:
            active += 1
            spread += (work.ratios[g] / work.hyper[5 + g]) ** 2
    freedom = work.nights - n_fixed - active
    t = 0.5 * math.log(misfit / max(freedom, 1.0))
    t = max(min(t, night[0] + 4 * night[1]), night[0] - 8 * night[1])
    curve = 1.0
    for _ in range(3):
        data, prior = misfit * math.exp(-2 * t), spread * math.exp(2 * t)
        slope = -freedom + data - (t - night[0]) / night[1] ** 2 - prior
        curve = 2 * data + 1 / night[1] ** 2 + 2 * prior
        t += max(min(slope / curve, 1.0), -1.0)
    return t, math.sqrt(2.0 / curve)


@internal
def _arms(rest: Array, start: int, arms: int, mean: Array, cov: Array) -> None:
    """Mean and covariance of the arms from their precision, the last square of `rest` [start:]."""
    y = start + arms
    if arms == 1:
        cov[0, 0] = 1.0 / rest[start, start]
    elif arms == 2:
        a, b, d = rest[start, start], rest[start, start + 1], rest[start + 1, start + 1]
        det = a * d - b * b
        cov[0, 0], cov[1, 1] = d / det, a / det
        cov[0, 1] = cov[1, 0] = -b / det
    else:
        for i in range(arms):
            for j in range(i, arms):
                cov[i, j] = cov[j, i] = rest[start + i, start + j]
        _invert(cov)
    for i in range(arms):
        mean[i] = 0.0
        for j in range(arms):
            mean[i] += cov[i, j] * rest[start + j, y]


@internal
def _invert(matrix: Array) -> None:
    """Invert a small symmetric positive matrix in place (Gauss and Jordan)."""
    n = len(matrix)
    for k in range(n):
        pivot = matrix[k, k]
        matrix[k, k] = 1.0
        for j in range(n):
            matrix[k, j] /= pivot
        for i in range(n):
            if i != k:
                factor = matrix[i, k]
                matrix[i, k] = 0.0
                for j in range(n):
                    matrix[i, j] -= factor * matrix[k, j]
