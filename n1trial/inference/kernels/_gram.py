"""Gram matrices of the nights at any correlation, from sums that are computed once; and their elimination.

Row t of the columns is x_t, and the nightly errors are AR(1) with
correlation φ over calendar gaps Δ, so that with f = φ^Δ the whitened row is √w (x_t - f x_before), where
w = (1 - φ²) / (1 - f²); the first row is √(1 - φ²) x_0. Summing over all nights of one gap class gives

    w (A - f C + f² B),   A = Σ x_t x_t',  B = Σ x_before x_before',  C = Σ x_t x_before' + x_before x_t'

so A, B and C are computed once, and the Gram matrix at any φ is a sum of a few matrices, however many nights
there are. A row has few nonzero entries (its period, block, weekday, arm and the dense columns).
Centring is a change of columns, x_j - mean_j · 1, and the column of ones is among them: it is done on the
sums. The nights themselves are the last column, so that the matrix holds X'V⁻¹y and y'V⁻¹y too.
"""

import math

import numpy as np

from n1trial.inference.kernels._cache import compiled, internal
from n1trial.system.arrays import Array, Codes

type Sizes = tuple[int, int, int, int, int]


@compiled
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


@internal
def _add(
    total: Array, rows: Codes, row_values: Array, n: int, cols: Codes, col_values: Array, m: int
) -> None:
    for i in range(n):
        for j in range(m):
            total[rows[i], cols[j]] += row_values[i] * col_values[j]


@internal
def _centre(total: Array, mean: Array, level: int) -> None:
    for j in range(len(mean)):
        if mean[j] != 0.0:
            for i in range(len(mean)):
                total[i, j] -= mean[j] * total[i, level]
    for j in range(len(mean)):
        if mean[j] != 0.0:
            for i in range(len(mean)):
                total[j, i] -= mean[j] * total[level, i]


@compiled
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


@internal
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
