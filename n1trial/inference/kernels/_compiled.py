"""The compiled part of the fast engine: a design and its nights become a mixture of Gaussians.

The module stays whole, long as it is: numba's cache notices changes only in the file of the function that it compiled,
so that after a change in a second file a function would go on calling the old version of what it calls there.

**The Gram matrix at any correlation.** Row t of the columns is x_t, and the nightly errors are AR(1) with
correlation φ over calendar gaps Δ, so that with f = φ^Δ the whitened row is √w (x_t - f x_before), where
w = (1 - φ²) / (1 - f²); the first row is √(1 - φ²) x_0. Summing over all nights of one gap class gives

    w (A - f C + f² B),   A = Σ x_t x_t',  B = Σ x_before x_before',  C = Σ x_t x_before' + x_before x_t'

so A, B and C are computed once, and the Gram matrix at any φ is a sum of a few matrices, however many nights
there are. A row has few nonzero entries (its period, block, weekday, arm and the dense columns).
Centring is a change of columns, x_j - mean_j · 1, and the column of ones is among them: it is done on the
sums. The nights themselves are the last column, so that the matrix holds X'V⁻¹y and y'V⁻¹y too.

**What is integrated analytically, and what on a grid.** Given φ and the SDs of blocks, periods and weekdays as
multiples r of the nightly σ, the nights are Gaussian:

1. Adding 1/r² to the diagonal of the random columns and eliminating them (Gaussian elimination, pivots d)
   integrates them out: a factor Π (d r²)^-½, and what remains is the Schur complement over the fixed columns
   (level, dense columns, arms), S, s = the y column, and q = the last entry. Of blocks r is known.
2. Given σ too, the fixed columns have precision S/σ² + Λ (Λ: their prior's), so they are eliminated likewise, arms
   last. The last pivots give mean and covariance of the arms; the rest of q is the misfit of the nights.

Blocks are eliminated once for every φ, periods once for every r_period at it, and so on; a step costs
only what its nonzero columns cost. σ has a Gauss-Hermite rule of four points in its logarithm, around its own mode at
every node.

The grid of a ratio r is in x = log(1 + r / `BEND`): with few periods the density of r has a power-law tail, which no
Gaussian rule covers, and in x the tail is exponential. Near 0 the two scales are proportional.

The nodes of φ and of the two ratios are placed by evaluating the density along lines: of one of them, with the others
held at their means, in turn until the means have settled. A truncated Gaussian is fitted to each line, widened because
conditional densities are narrower than marginal ones, and its own Gauss rule gives the nodes. A node's weight is the
rule's weight times the exact joint density over the fitted one: the fit only places the nodes.

It is integrated nested Laplace (Rue, Martino & Chopin 2009, doi:10.1111/j.1467-9868.2008.00700.x), where
the inner step is exact because the nights are Gaussian.
"""

import math
from typing import Any

import numpy as np
from numba import njit

from n1trial.system.arrays import Array, Codes

type Sizes = tuple[int, int, int, int, int]

CACHED = {"cache": True, "nogil": True, "error_model": "numpy"}

NEGLIGIBLE = 1e-7
LINE_X, LINE_W = (rule.astype(float) for rule in np.polynomial.legendre.leggauss(7))
RULE_X, RULE_W = (rule.astype(float) for rule in np.polynomial.legendre.leggauss(40))
HERMITE_X, HERMITE_W = (rule.astype(float) for rule in np.polynomial.hermite.hermgauss(4))
FINE_HERMITE_X, FINE_HERMITE_W = (rule.astype(float) for rule in np.polynomial.hermite.hermgauss(9))

PHI_START = 0.6
MOST_TURNS, SETTLED_SDS = 6, 0.7
SDS_AT_MOST = 3.5
# Ratios that nights can hardly distinguish from 0: the mean of a week has an SD of .4 nightly ones.
BEND = 0.3
LEAST_RIDGE = 1e-3
# The conditional density along a line is narrower than the marginal where two of the three are correlated.
WIDEN = 1.15


def few_nights() -> tuple[Any, ...]:
    """Artificial nights for `fit_one`, whose fit loads all the compiled code that it calls."""
    codes = np.zeros((8, 5), np.int64)
    codes[:, 3], codes[:, 4] = np.arange(8) % 2, 1
    y = np.array([1.0, 2.0, 4.0, 3.0, 2.0, 5.0, 3.0, 1.0])
    hyper = np.array([0.0, 1.0, 0.3, 0.9, 1.0, 1.0, 1.0])
    return (
        *(y, np.arange(8), codes, np.linspace(-0.5, 0.5, 8)[:, np.newaxis]),
        *((0, 0, 0, 1, 1), hyper, np.ones(3), np.array([4, 4, 4]), False),
    )


def fit_one(
    y: Array,
    day: Codes,
    codes: Codes,
    dense: Array,
    sizes: Sizes,
    hyper: Array,
    precision: Array,
    points: Codes,
    fine: bool,
) -> tuple[Array, Array, Array, Array]:
    """Fit the nights of one trial: `gram_classes`, then `integrate` of these sums."""
    sums = gram_classes(y, day, codes, dense, sizes)
    return integrate(*sums, sizes, hyper, precision, points, fine)


@njit(**CACHED)
def fit_each(
    y: Array,
    arms: Codes,
    day: Codes,
    codes: Codes,
    dense: Array,
    sizes: Sizes,
    hyper: Array,
    precision: Array,
    points: Codes,
    along: Array,
    at_zero: Array,
    thresholds: Array,
    mean: Array,
    sd: Array,
    above: Array,
) -> None:
    """Fit many trials, and write posterior moments and probabilities into `mean`, `sd` and `above`.

    Parameters
    ----------
    y : [trial, night]
        NaN where not recorded.
    arms : [trial or 1, night]
        Codes of the arms, one row for all trials or a row each.
    day, codes, dense, sizes
        As for `gram_classes`; the arms in `codes` are replaced.
    hyper, precision, points
        As for `integrate`.
    along : [contrast, arm]
        Weights on the arms but the reference.
    at_zero : [contrast]
        Added to the means: the contrasts of the prior means.
    thresholds : [threshold]
        In the unit of the nights.
    mean, sd : [trial, contrast]
        Written: NaN where a trial has too few nights.
    above : [trial, contrast, threshold]
        Written: posterior probability of more than each threshold.
    """
    n_arms = sizes[4]
    trial_codes = codes.copy()
    for trial in range(len(y)):
        trial_codes[:, 3] = arms[trial if len(arms) > 1 else 0]
        recorded = np.zeros(n_arms + 1, np.int64)
        for night in range(len(trial_codes)):
            if not math.isnan(y[trial, night]) and trial_codes[night, 4] == 1:
                recorded[trial_codes[night, 3]] += 1
        if recorded.min() == 0 or recorded.sum() < 2 * (n_arms + 1):
            mean[trial], sd[trial], above[trial] = np.nan, np.nan, np.nan
            continue
        first, sums, gaps, counts, nights = gram_classes(y[trial], day, trial_codes, dense, sizes)
        logs, means, covariances, _ = integrate(
            first, sums, gaps, counts, nights, sizes, hyper, precision, points, False
        )
        weights = np.exp(logs - logs.max())
        weights /= weights.sum()
        for c in range(len(along)):
            first_moment, second_moment = 0.0, 0.0
            above[trial, c] = 0.0
            for j in range(len(weights)):
                if weights[j] < NEGLIGIBLE:
                    continue
                centre, variance = 0.0, 0.0
                for a in range(n_arms):
                    centre += along[c, a] * means[j, a]
                    for b in range(n_arms):
                        variance += along[c, a] * along[c, b] * covariances[j, a, b]
                first_moment += weights[j] * centre
                second_moment += weights[j] * (variance + centre * centre)
                scale = math.sqrt(2.0 * variance)
                for k in range(len(thresholds)):
                    above[trial, c, k] += (
                        0.5 * weights[j] * math.erfc((thresholds[k] - at_zero[c] - centre) / scale)
                    )
            mean[trial, c] = first_moment + at_zero[c]
            sd[trial, c] = math.sqrt(max(second_moment - first_moment**2, 0.0))


@njit(**CACHED)
def gram_classes(
    y: Array, day: Codes, codes: Codes, dense: Array, sizes: Sizes
) -> tuple[Array, Array, Codes, Codes, int]:
    """Sums over the nights of every gap class.

    Parameters
    ----------
    y : [night]
        The nights; NaN where not recorded.
    day : [night]
        Calendar days, rising.
    codes : [night, 5]
        Block, period, weekday and arm of the night, each from 0, arm 0 being the reference; and 1 on an
        analysed night, 0 in the run-in, which has no period and no block.
    dense : [night, dense]
        Columns with a value on every night (trend, run-in, covariates).
    sizes : (blocks, periods, weekdays, dense, arms - 1)
        Columns of each kind, in their order: block, period, weekday, level, dense, arm, and y last.

    Returns
    -------
    first [column, column], sums [class, 3, column, column] (A, B and C), gaps [class], counts [class],
    and the number of recorded nights.
    """
    blocks, periods, weekdays, n_dense, arms = sizes
    level = blocks + periods + weekdays
    columns = level + 1 + n_dense + arms + 1
    kept = np.empty(len(y), np.int64)
    nights = 0
    for t in range(len(y)):
        if not math.isnan(y[t]):
            kept[nights] = t
            nights += 1
    gaps = np.zeros(nights, np.int64)
    of_class = np.zeros(nights, np.int64)
    classes = 0
    for t in range(1, nights):
        # Two rows of one date count as consecutive nights: a correlation at gap 0 would be 1.
        gap = max(1, day[kept[t]] - day[kept[t - 1]])
        number = 0
        while number < classes and gaps[number] != gap:
            number += 1
        if number == classes:
            gaps[classes] = gap
            classes += 1
        of_class[t] = number

    analysed = 0
    for t in range(nights):
        analysed += codes[kept[t], 4]
    width = 6 + n_dense
    where = np.zeros((nights, width), np.int64)
    value = np.zeros((nights, width))
    entries = np.zeros(nights, np.int64)
    # Arms, weekdays and dense columns are centred over the analysed nights
    mean = np.zeros(columns)
    for t in range(nights):
        row = kept[t]
        counts_in = codes[row, 4] / analysed
        n = 0
        for kind, size, start in ((0, blocks, 0), (1, periods, blocks), (2, weekdays, blocks + periods)):
            if size > 0 and (kind == 2 or codes[row, 4] == 1):
                where[t, n] = start + codes[row, kind]
                value[t, n] = 1.0
                n += 1
                if kind == 2:
                    mean[start + codes[row, kind]] += counts_in
        where[t, n] = level
        value[t, n] = 1.0
        n += 1
        for j in range(n_dense):
            where[t, n] = level + 1 + j
            value[t, n] = dense[row, j]
            mean[level + 1 + j] += dense[row, j] * counts_in
            n += 1
        if codes[row, 3] > 0:
            where[t, n] = level + n_dense + codes[row, 3]
            value[t, n] = 1.0
            mean[level + n_dense + codes[row, 3]] += counts_in
            n += 1
        where[t, n] = columns - 1
        value[t, n] = y[row]
        entries[t] = n + 1

    first = np.zeros((columns, columns))
    sums = np.zeros((classes, 3, columns, columns))
    counts = np.zeros(classes, np.int64)
    for t in range(nights):
        n = entries[t]
        if t == 0:
            _add(first, where[0], value[0], n, where[0], value[0], n)
            continue
        c, m = of_class[t], entries[t - 1]
        counts[c] += 1
        _add(sums[c, 0], where[t], value[t], n, where[t], value[t], n)
        _add(sums[c, 1], where[t - 1], value[t - 1], m, where[t - 1], value[t - 1], m)
        _add(sums[c, 2], where[t], value[t], n, where[t - 1], value[t - 1], m)
        _add(sums[c, 2], where[t - 1], value[t - 1], m, where[t], value[t], n)
    _centre(first, mean, level)
    for c in range(classes):
        for part in range(3):
            _centre(sums[c, part], mean, level)
    return first, sums, gaps[:classes], counts, nights


@njit(**CACHED)
def _add(
    total: Array, rows: Codes, row_values: Array, n: int, cols: Codes, col_values: Array, m: int
) -> None:
    for i in range(n):
        for j in range(m):
            total[rows[i], cols[j]] += row_values[i] * col_values[j]


@njit(**CACHED)
def _centre(total: Array, mean: Array, level: int) -> None:
    for j in range(len(mean)):
        if mean[j] != 0.0:
            for i in range(len(mean)):
                total[i, j] -= mean[j] * total[i, level]
    for j in range(len(mean)):
        if mean[j] != 0.0:
            for i in range(len(mean)):
                total[j, i] -= mean[j] * total[level, i]


@njit(**CACHED)
def gram_at(phi: float, first: Array, sums: Array, gaps: Codes, counts: Codes, gram: Array) -> float:
    """Write the upper triangle of the whitened Gram matrix at φ into `gram`.

    Returns
    -------
    -½ log of the determinant of the errors' covariance, in units of σ².
    """
    columns = len(gram)
    free = 1.0 - phi * phi
    half_log = 0.5 * math.log(free)
    for i in range(columns):
        for j in range(i, columns):
            gram[i, j] = free * first[i, j]
    for c in range(len(gaps)):
        fade = phi ** gaps[c]
        weight = free / (1.0 - fade * fade)
        half_log += 0.5 * counts[c] * math.log(weight)
        before, cross = weight * fade * fade, -weight * fade
        for i in range(columns):
            for j in range(i, columns):
                gram[i, j] += weight * sums[c, 0, i, j] + before * sums[c, 1, i, j] + cross * sums[c, 2, i, j]
    return half_log


@njit(**CACHED)
def eliminate(gram: Array, first: int, last: int, size: int, ridge: float) -> float:
    """Integrate columns first … last - 1 out of the upper triangle of `gram`, in place; sum of the log pivots."""
    log_pivots = 0.0
    for k in range(first, last):
        pivot = gram[k, k] + ridge
        log_pivots += math.log(pivot)
        for i in range(k + 1, size):
            if gram[k, i] != 0.0:
                factor = gram[k, i] / pivot
                for j in range(i, size):
                    gram[i, j] -= factor * gram[k, j]
    return log_pivots


@njit(**CACHED)
def _leaf(
    gram: Array,
    start: int,
    n_fixed: int,
    arms: int,
    nights: int,
    ratios: Array,
    scales: Array,
    precision: Array,
    night: Array,
    fine: bool,
    rest: Array,
    logs: Array,
    sigmas: Array,
    means: Array,
    covs: Array,
) -> float:
    """Integrate the fixed columns and σ: log density of the node, and its components into `logs` and so on.

    `gram` [start:, start:] holds the Schur complement over fixed columns and y.
    """
    size = n_fixed + 1
    # Mode of σ under flat priors of the fixed columns: accurate enough to place four points
    for i in range(size):
        for j in range(i, size):
            rest[i, j] = gram[start + i, start + j]
    eliminate(rest, 0, n_fixed, size, 1e-9)
    misfit = max(rest[n_fixed, n_fixed], 1e-9)
    active, spread = 0, 0.0
    for g in range(2):
        if ratios[g] > 0.0:
            active += 1
            spread += (ratios[g] / scales[g]) ** 2
    freedom = nights - n_fixed - active
    t = 0.5 * math.log(misfit / max(freedom, 1.0))
    t = max(min(t, night[0] + 4 * night[1]), night[0] - 8 * night[1])
    curve = 1.0
    for _ in range(3):
        data, prior = misfit * math.exp(-2 * t), spread * math.exp(2 * t)
        slope = -freedom + data - (t - night[0]) / night[1] ** 2 - prior
        curve = 2 * data + 1 / night[1] ** 2 + 2 * prior
        t += max(min(slope / curve, 1.0), -1.0)
    width = math.sqrt(2.0 / curve)
    x, w = (FINE_HERMITE_X, FINE_HERMITE_W) if fine else (HERMITE_X, HERMITE_W)
    best = -np.inf
    for node in range(len(x)):
        log_sigma = t + width * x[node]
        scale = math.exp(-2 * log_sigma)
        for i in range(size):
            for j in range(i, size):
                rest[i, j] = scale * gram[start + i, start + j]
        for i in range(n_fixed):
            rest[i, i] += precision[i]
        value = math.log(w[node]) + x[node] ** 2 - nights * log_sigma
        value -= 0.5 * ((log_sigma - night[0]) / night[1]) ** 2
        for g in range(2):
            if ratios[g] > 0.0:
                value += log_sigma - 0.5 * (ratios[g] / scales[g]) ** 2 / scale
        value -= 0.5 * eliminate(rest, 0, n_fixed - arms, size, 0.0)
        _arms(rest, n_fixed - arms, arms, means[node], covs[node])
        value -= 0.5 * (eliminate(rest, n_fixed - arms, n_fixed, size, 0.0) + rest[n_fixed, n_fixed])
        logs[node] = value
        sigmas[node] = math.exp(log_sigma)
        best = max(best, value)
    total = 0.0
    for node in range(len(x)):
        total += math.exp(logs[node] - best)
    return best + math.log(total * width)


@njit(**CACHED)
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


@njit(**CACHED)
def gauss_rule(centre: float, sd: float, low: float, high: float, n: int) -> tuple[Array, Array, Array]:
    """Nodes, weights and log density of the Gauss rule of a Gaussian truncated to low … high.

    The rule comes from the recurrence of its orthogonal polynomials (Golub & Welsch 1969).
    """
    # Where the log density has fallen by 18, also if the centre lies outside: no mass is beyond
    a = max(low, centre - math.sqrt(max(centre - high, 0.0) ** 2 + 36.0 * sd * sd))
    b = min(high, centre + math.sqrt(max(low - centre, 0.0) ** 2 + 36.0 * sd * sd))
    peak = 0.5 * ((max(a, min(b, centre)) - centre) / sd) ** 2
    x = 0.5 * (a + b) + 0.5 * (b - a) * RULE_X
    w = 0.5 * (b - a) * RULE_W * np.exp(peak - 0.5 * ((x - centre) / sd) ** 2)
    mass = w.sum()
    w /= mass
    jacobi = np.zeros((n, n))
    previous, current = np.zeros(len(x)), np.ones(len(x))
    size_before, beta = 1.0, 0.0
    for k in range(n):
        size = (w * current * current).sum()
        alpha = (w * x * current * current).sum() / size
        if k > 0:
            beta = size / size_before
            jacobi[k, k - 1] = jacobi[k - 1, k] = math.sqrt(beta)
        jacobi[k, k] = alpha
        following = (x - alpha) * current - beta * previous
        previous, current, size_before = current, following, size
    nodes, firsts = _eigen(jacobi)
    return nodes, firsts**2, peak - 0.5 * ((nodes - centre) / sd) ** 2 - math.log(mass)


@njit(**CACHED)
def _eigen(matrix: Array) -> tuple[Array, Array]:
    """Eigenvalues of a small symmetric matrix, and the first entries of its eigenvectors.

    By Jacobi rotations: LAPACK is not made to be called for a 4 × 4 from several threads at once.
    """
    n = len(matrix)
    firsts = np.zeros(n)
    firsts[0] = 1.0
    for _ in range(50):
        off = 0.0
        for p in range(n):
            for q in range(p + 1, n):
                off += abs(matrix[p, q])
                if matrix[p, q] == 0.0:
                    continue
                tau = (matrix[q, q] - matrix[p, p]) / (2.0 * matrix[p, q])
                t = 1.0 / (abs(tau) + math.sqrt(1.0 + tau * tau))
                if tau < 0.0:
                    t = -t
                c = 1.0 / math.sqrt(1.0 + t * t)
                s = t * c
                for k in range(n):
                    a, b = matrix[k, p], matrix[k, q]
                    matrix[k, p], matrix[k, q] = c * a - s * b, s * a + c * b
                for k in range(n):
                    a, b = matrix[p, k], matrix[q, k]
                    matrix[p, k], matrix[q, k] = c * a - s * b, s * a + c * b
                a, b = firsts[p], firsts[q]
                firsts[p], firsts[q] = c * a - s * b, s * a + c * b
        if off < 1e-14 * np.abs(np.diag(matrix)).sum():
            break
    return np.diag(matrix).copy(), firsts


@njit(**CACHED)
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


@njit(**CACHED)
def fit_line(x: Array, log_density: Array, low: float, high: float) -> tuple[float, float, float, float]:
    """Mean and SD of a density along a line, and centre and SD of the truncated Gaussian fitted to it."""
    w = LINE_W * np.exp(log_density - log_density.max())
    w /= w.sum()
    mean = (w * x).sum()
    spacing = 0.12 * (high - low)
    z = x - mean
    m2 = (w * z * z).sum()
    sd = math.sqrt(m2)
    m3, m4 = (w * z**3).sum(), (w * z**4).sum()
    # Weighted least squares of the log density on 1, z, z², weighted by the density
    level = (w * log_density).sum()
    c1 = (w * z * (log_density - level)).sum()
    c2 = (w * (z * z - m2) * (log_density - level)).sum()
    a11, a12, a22 = m2, m3, m4 - m2 * m2
    det = a11 * a22 - a12 * a12
    slope, bend = c1 / m2 if m2 > 0 else 0.0, -0.5 / max(m2, 1e-12)
    if det > 1e-12 * a11 * a22:
        slope, bend = (a22 * c1 - a12 * c2) / det, (a11 * c2 - a12 * c1) / det
    limit = -0.5 / (1.5 * (high - low)) ** 2
    bend = min(bend, limit)
    fit_sd = math.sqrt(-0.5 / bend)
    return mean, max(sd, 0.3 * spacing), mean + slope * fit_sd**2, fit_sd


@njit(**CACHED)
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
    random = np.array([periods, weekdays])
    ends = blocks + np.cumsum(random)
    start = ends[1]
    n_fixed = 1 + n_dense + arms
    size = start + n_fixed + 1
    night, of_blocks, scales = hyper[:2], hyper[4], hyper[5:7]
    sigma_points = len(FINE_HERMITE_X) if fine else len(HERMITE_X)
    whitened, no_blocks, no_periods = np.empty((size, size)), np.empty((size, size)), np.empty((size, size))
    no_weekdays, rest = np.empty((size, size)), np.empty((n_fixed + 1, n_fixed + 1))
    logs, sigmas = np.empty(sigma_points), np.empty(sigma_points)
    means, covs = np.empty((sigma_points, arms)), np.empty((sigma_points, arms, arms))

    # Ranges of φ and of the two ratios
    gram_at(0.0, first, sums, gaps, counts, whitened)
    rough = _rough_sd(whitened, start, size, nights, no_weekdays)
    low, high = np.zeros(3), np.zeros(3)
    low[0], high[0] = -hyper[3], hyper[3]
    middle, spread = np.zeros(3), np.ones(3)
    centre, fit_sd = np.zeros(3), np.ones(3)
    for g in range(2):
        if random[g] > 0:
            high[g + 1] = math.log1p(SDS_AT_MOST * scales[g] / (0.75 * rough) / BEND)
            middle[g + 1] = 0.12 * high[g + 1]
    at, ratios = np.zeros(3), np.zeros(2)
    line_x, line = np.empty(len(LINE_X)), np.empty(len(LINE_X))
    for turn in range(MOST_TURNS):
        moved = 0.0
        for which in (2, 1, 0):
            if which > 0 and random[which - 1] == 0:
                continue
            a, b = low[which], high[which]
            if turn > 0:
                a = max(a, middle[which] - 4.5 * spread[which])
                b = min(b, middle[which] + 4.5 * spread[which])
            elif which == 0:
                a, b = -min(PHI_START, hyper[3]), min(PHI_START, hyper[3])
            at[:] = middle
            for k in range(len(LINE_X)):
                at[which] = line_x[k] = 0.5 * (a + b) + 0.5 * (b - a) * LINE_X[k]
                # Only what depends on the parameter that changed is computed again
                if which == 0 or k == 0:
                    at_phi = gram_at(at[0], first, sums, gaps, counts, whitened)
                    at_phi += _without(whitened, no_blocks, 0, blocks, size, of_blocks)
                value = at_phi - 0.5 * (at[0] / hyper[2]) ** 2 + _ratios(at, ratios)
                if which <= 1 or k == 0:
                    of_periods = _without(no_blocks, no_periods, blocks, ends[0], size, ratios[0])
                value += of_periods
                value += _without(no_periods, no_weekdays, ends[0], ends[1], size, ratios[1])
                line[k] = value + _leaf(
                    no_weekdays,
                    start,
                    n_fixed,
                    arms,
                    nights,
                    ratios,
                    scales,
                    precision,
                    night,
                    False,
                    rest,
                    logs,
                    sigmas,
                    means,
                    covs,
                )
            before = middle[which]
            middle[which], spread[which], centre[which], fit_sd[which] = fit_line(line_x, line, a, b)
            moved = max(moved, abs(middle[which] - before) / spread[which])
        if turn > 0 and moved < SETTLED_SDS:
            break

    most = points.max()
    nodes, weights = np.zeros((3, most)), np.zeros((3, most))
    number = np.ones(3, np.int64)
    for which in range(3):
        if which == 0 or random[which - 1] > 0:
            n = points[which]
            number[which] = n
            x, w, log_base = gauss_rule(centre[which], WIDEN * fit_sd[which], low[which], high[which], n)
            nodes[which, :n], weights[which, :n] = x, np.log(w) - log_base
    total = number[0] * number[1] * number[2]
    log_weight = np.empty(total * sigma_points)
    mean = np.empty((total * sigma_points, arms))
    cov = np.empty((total * sigma_points, arms, arms))
    sds = np.empty((total * sigma_points, 4))
    leaf = 0
    for i in range(number[0]):
        phi = nodes[0, i]
        at_phi = gram_at(phi, first, sums, gaps, counts, whitened)
        at_phi += _without(whitened, no_blocks, 0, blocks, size, of_blocks)
        at_phi += weights[0, i] - 0.5 * (phi / hyper[2]) ** 2
        for j in range(number[1]):
            at_period = at_phi + weights[1, j] + nodes[1, j]
            ratios[0] = BEND * math.expm1(nodes[1, j])
            at_period += _without(no_blocks, no_periods, blocks, ends[0], size, ratios[0])
            for m in range(number[2]):
                ratios[1] = BEND * math.expm1(nodes[2, m])
                value = at_period + weights[2, m] + nodes[2, m]
                value += _without(no_periods, no_weekdays, ends[0], ends[1], size, ratios[1])
                rows = slice(leaf * sigma_points, (leaf + 1) * sigma_points)
                log_leaf = _leaf(
                    no_weekdays,
                    start,
                    n_fixed,
                    arms,
                    nights,
                    ratios,
                    scales,
                    precision,
                    night,
                    fine,
                    rest,
                    log_weight[rows],
                    sds[rows, 0],
                    mean[rows],
                    cov[rows],
                )
                # `_leaf` includes the width of the rule of σ, its single points do not
                log_weight[rows] += value + log_leaf - _log_sum(log_weight[rows])
                sds[rows, 1] = phi
                for g in range(2):
                    sds[rows, 2 + g] = ratios[g] * sds[rows, 0]
                leaf += 1
    return log_weight, mean, cov, sds


@njit(**CACHED)
def _ratios(at: Array, ratios: Array) -> float:
    """Write the ratios of SDs to σ at the node `at`; log of the Jacobian, up to a constant."""
    for g in range(2):
        ratios[g] = BEND * math.expm1(at[1 + g])
    return at[1] + at[2]


@njit(**CACHED)
def _log_sum(logs: Array) -> float:
    best = logs.max()
    return best + math.log(np.exp(logs - best).sum())


@njit(**CACHED)
def _without(source: Array, target: Array, first: int, last: int, size: int, ratio: float) -> float:
    """Copy the matrix and integrate out one kind of random column; what that adds to the log density."""
    for i in range(first, size):
        for j in range(i, size):
            target[i, j] = source[i, j]
    if last == first:
        return 0.0
    return -0.5 * eliminate(target, first, last, size, 1.0 / ratio**2) - (last - first) * math.log(ratio)


@njit(**CACHED)
def _rough_sd(gram: Array, level: int, size: int, nights: int, rest: Array) -> float:
    """Rough estimate of σ: residual SD of a regression on all columns, or on the mean where nights are few."""
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
