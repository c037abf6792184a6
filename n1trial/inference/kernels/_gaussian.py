"""Gaussian nights become a mixture of Gaussians: what is integrated analytically, and what on a grid.

Given φ and the SDs of blocks, periods and weekdays as multiples r of the nightly σ, the nights are Gaussian:

1. Adding 1/r² to the diagonal of the random columns and eliminating them (Gaussian elimination, pivots d)
   integrates them out: a factor Π (d r²)^-½, and what remains is the Schur complement over the fixed columns
   (level, dense columns, arms), S, s = the y column, and q = the last entry. Of blocks r is known.
2. Given σ too, the fixed columns have precision S/σ² + Λ (Λ: their prior's), so they are eliminated likewise, arms
   last. The last pivots give mean and covariance of the arms; the rest of q is the misfit of the nights.

Blocks are eliminated once for every φ, periods once for every r_period at it, and so on; a step costs
only what its nonzero columns cost. σ has a Gauss-Hermite rule of four points in its logarithm, around its own mode at
every node (`_sigma`).

The grid of a ratio r is in x = log(1 + r / `BEND`): with few periods the density of r has a power-law tail, which no
Gaussian rule covers, and in x the tail is exponential. Near 0 the two scales are proportional.

It is integrated nested Laplace (Rue, Martino & Chopin 2009, doi:10.1111/j.1467-9868.2008.00700.x), where
the inner step is exact because the nights are Gaussian.
"""

import math

import numpy as np

from n1trial.inference.kernels._cache import compiled, internal
from n1trial.inference.kernels._gram import Sizes, eliminate, gram_at
from n1trial.inference.kernels._lines import LINE_X, fit_line, log_sum, place_nodes
from n1trial.inference.kernels._sigma import Workspace, integrate_sigma, sigma_points
from n1trial.system.arrays import Array, Codes

PHI_START = 0.6
MOST_TURNS, SETTLED_SDS = 6, 0.7
SDS_AT_MOST = 3.5
# Ratios that nights can hardly distinguish from 0: the mean of a week has an SD of .4 nightly ones.
BEND = 0.3
LEAST_RIDGE = 1e-3


@compiled
def integrate(
    first: Array,
    sums: Array,
    gaps: Codes,
    counts: Codes,
    nights: int,
    sizes: Sizes,
    hyper: Array,
    precision: Array,
    points: Codes,
    fine: bool,
) -> tuple[Array, Array, Array, Array]:
    """Posterior of the arms as a mixture of Gaussians.

    Parameters
    ----------
    first, sums, gaps, counts, nights, sizes
        As `gram_classes` returns and takes them.
    hyper : (log σ mean, log σ SD, φ SD, φ limit, SD of blocks in σ, scales of the SDs of periods and weekdays)
    precision : [fixed column]
        Prior precision of level, dense columns and arms, each around 0.
    points : (φ, period, weekday)
        Nodes along each.
    fine
        Nine points for σ instead of four.

    Returns
    -------
    log weights [component] (not normalised), means [component, arm], covariances [component, arm, arm],
    and of every component σ, φ, and the SDs of periods and weekdays [component, 4].
    """
    blocks, periods, weekdays, n_dense, arms = sizes
    ends = np.array([blocks, blocks + periods, blocks + periods + weekdays])
    n_fixed = 1 + n_dense + arms
    size = ends[2] + n_fixed + 1
    grams, rest, ratios = np.empty((4, size, size)), np.empty((n_fixed + 1, n_fixed + 1)), np.zeros(2)
    classes = first, sums, gaps, counts
    work = Workspace(classes, nights, ends, n_fixed, arms, hyper, precision, grams, rest, ratios)
    low, high, middle = _ranges(work)
    centre, sd = _settle(work, low, high, middle)
    number, nodes, weights = place_nodes(points, low, high, middle, centre, sd)
    return _components(work, number, nodes, weights, fine)


@internal
def _ranges(work: Workspace) -> tuple[Array, Array, Array]:
    """Ends of φ and of the two ratios on their grids, and where to begin [3]."""
    gram_at(0.0, *work.classes, work.grams[0])
    rough = _rough_sd(work)
    low, high, middle = np.zeros(3), np.zeros(3), np.zeros(3)
    low[0], high[0] = -work.hyper[3], work.hyper[3]
    for g in range(2):
        if work.ends[g + 1] > work.ends[g]:
            high[g + 1] = math.log1p(SDS_AT_MOST * work.hyper[5 + g] / (0.75 * rough) / BEND)
            middle[g + 1] = 0.12 * high[g + 1]
    return low, high, middle


@internal
def _rough_sd(work: Workspace) -> float:
    """Rough estimate of σ: residual SD of a regression on all columns, or on the mean where nights are few."""
    gram, rest, level, nights = work.grams[0], work.grams[3], work.ends[2], work.nights
    size = len(gram)
    y = size - 1
    if nights < 2 * y:
        return math.sqrt(
            max((gram[y, y] - gram[level, y] ** 2 / gram[level, level]) / max(nights - 1, 1), 1e-9)
        )
    for i in range(size):
        for j in range(i, size):
            rest[i, j] = gram[i, j]
    eliminate(rest, 0, y, size, LEAST_RIDGE)
    return math.sqrt(max(rest[y, y] / (nights - y), 1e-9))


@internal
def _settle(work: Workspace, low: Array, high: Array, middle: Array) -> tuple[Array, Array]:
    """Move `middle` to the means along lines through it, in turn; centre and SD of the Gaussian fitted to each [3]."""
    spread, centre, sd = np.ones(3), np.zeros(3), np.ones(3)
    line = np.empty(len(LINE_X))
    for turn in range(MOST_TURNS):
        moved = 0.0
        for which in (2, 1, 0):
            if high[which] <= low[which]:
                continue
            a, b = low[which], high[which]
            if turn > 0:
                a = max(a, middle[which] - 4.5 * spread[which])
                b = min(b, middle[which] + 4.5 * spread[which])
            elif which == 0:
                a, b = -min(PHI_START, high[0]), min(PHI_START, high[0])
            line_x = 0.5 * (a + b) + 0.5 * (b - a) * LINE_X
            _along(work, which, middle.copy(), line_x, line)
            before = middle[which]
            middle[which], spread[which], centre[which], sd[which] = fit_line(line_x, line, a, b)
            moved = max(moved, abs(middle[which] - before) / spread[which])
        if turn > 0 and moved < SETTLED_SDS:
            break
    return centre, sd


@internal
def _along(work: Workspace, which: int, at: Array, line_x: Array, line: Array) -> None:
    """Write the log density along a line of one parameter, through `at`."""
    points = sigma_points(False)
    logs, sigmas = np.empty(points), np.empty(points)
    means, covs = np.empty((points, work.arms)), np.empty((points, work.arms, work.arms))
    at_phi, of_periods = 0.0, 0.0
    for k in range(len(line_x)):
        at[which] = line_x[k]
        # Only what depends on the parameter that changed is computed again
        if which == 0 or k == 0:
            at_phi = _at_phi(work, at[0])
        value = at_phi - 0.5 * (at[0] / work.hyper[2]) ** 2 + at[1] + at[2]
        for g in range(2):
            work.ratios[g] = BEND * math.expm1(at[1 + g])
        if which <= 1 or k == 0:
            of_periods = _without(work, 1, work.ratios[0])
        value += of_periods
        value += _without(work, 2, work.ratios[1])
        line[k] = value + integrate_sigma(work, False, logs, sigmas, means, covs)


@internal
def _components(
    work: Workspace, number: Codes, nodes: Array, weights: Array, fine: bool
) -> tuple[Array, Array, Array, Array]:
    """What `integrate` returns, from the nodes of every parameter."""
    points = sigma_points(fine)
    total = number[0] * number[1] * number[2] * points
    log_weight, sds = np.empty(total), np.empty((total, 4))
    mean, cov = np.empty((total, work.arms)), np.empty((total, work.arms, work.arms))
    start = 0
    for i in range(number[0]):
        phi = nodes[0, i]
        at_phi = _at_phi(work, phi)
        at_phi += weights[0, i] - 0.5 * (phi / work.hyper[2]) ** 2
        for j in range(number[1]):
            at_period = at_phi + weights[1, j] + nodes[1, j]
            work.ratios[0] = BEND * math.expm1(nodes[1, j])
            at_period += _without(work, 1, work.ratios[0])
            for m in range(number[2]):
                work.ratios[1] = BEND * math.expm1(nodes[2, m])
                value = at_period + weights[2, m] + nodes[2, m]
                value += _without(work, 2, work.ratios[1])
                rows = slice(start, start + points)
                of_node = integrate_sigma(work, fine, log_weight[rows], sds[rows, 0], mean[rows], cov[rows])
                # It includes the width of the rule of σ, its single points do not
                value += of_node - log_sum(log_weight[rows])
                for row in range(start, start + points):
                    log_weight[row] += value
                    sds[row, 1] = phi
                    for g in range(2):
                        sds[row, 2 + g] = work.ratios[g] * sds[row, 0]
                start += points
    return log_weight, mean, cov, sds


@internal
def _at_phi(work: Workspace, phi: float) -> float:
    """Write the Gram matrix at φ, without blocks too; its part of the log density."""
    log = gram_at(phi, *work.classes, work.grams[0])
    return log + _without(work, 0, work.hyper[4])


@internal
def _without(work: Workspace, kind: int, ratio: float) -> float:
    """Integrate blocks (0), periods (1) or weekdays (2) out of a copy; what that adds to the log density."""
    source, target = work.grams[kind], work.grams[kind + 1]
    first, last = (work.ends[kind - 1] if kind > 0 else 0), work.ends[kind]
    size = len(source)
    for i in range(first, size):
        for j in range(i, size):
            target[i, j] = source[i, j]
    if last == first:
        return 0.0
    return -0.5 * eliminate(target, first, last, size, 1.0 / ratio**2) - (last - first) * math.log(ratio)
