"""Inner products of a trial's columns, kept so that any night-to-night correlation can be put in later.

Row t of the columns is x_t, and the nightly errors are AR(1) with correlation φ over calendar gaps Δ, so
that with f = φ^Δ the whitened row is √w (x_t - f x_before), w = (1 - φ²) / (1 - f²); the first row is
√(1 - φ²) x_0. Summing whitened rows over all nights of one gap class gives

    w (A - f C + f² B),   A = Σ x_t x_t',  B = Σ x_before x_before',  C = Σ x_t x_before' + x_before x_t'

so A, B and C are made once, and the Gram matrix at any φ costs a few matrices' sum, however many nights
they hold. A row has few entries that are not 0 (its period, block, weekday, arm and the dense columns).

Centring is a change of columns, x_j - mean_j · 1, and the column of ones is among them: it is done on the
sums. The nights themselves are the last column, so that X'V⁻¹y and y'V⁻¹y come along.

A row that is wholly 0 but for its nights cannot be: the level is always there.
"""

import math

import numpy as np
import numpy.typing as npt
from numba import njit

type Array = npt.NDArray[np.float64]
type Codes = npt.NDArray[np.int64]
type Sizes = tuple[int, int, int, int, int]

CACHED = {"cache": True, "nogil": True, "error_model": "numpy"}


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
    codes : [night, 4]
        Period, block, weekday and arm of the night, each from 0; arm 0 is the reference.
    dense : [night, dense]
        Columns with a value on every night (trend, covariates); they are centred here.
    sizes : (periods, blocks, weekdays, dense, arms - 1)
        Columns of each kind, in their order: period, block, weekday, level, dense, arm, and y last.

    Returns
    -------
    first [column, column], sums [class, 3, column, column] (A, B and C), gaps [class], counts [class],
    and the number of recorded nights.
    """
    periods, blocks, weekdays, n_dense, arms = sizes
    level = periods + blocks + weekdays
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
        # Two rows of one date count as following nights: a correlation at gap 0 would be 1.
        gap = max(1, day[kept[t]] - day[kept[t - 1]])
        found = 0
        while found < classes and gaps[found] != gap:
            found += 1
        if found == classes:
            gaps[classes] = gap
            classes += 1
        of_class[t] = found

    width = 6 + n_dense
    where = np.zeros((nights, width), np.int64)
    value = np.zeros((nights, width))
    entries = np.zeros(nights, np.int64)
    mean = np.zeros(columns)
    for t in range(nights):
        row = kept[t]
        n = 0
        for kind, size, start in ((0, periods, 0), (1, blocks, periods), (2, weekdays, periods + blocks)):
            if size > 0:
                where[t, n] = start + codes[row, kind]
                value[t, n] = 1.0
                n += 1
                if kind == 2:
                    mean[start + codes[row, kind]] += 1.0 / nights
        where[t, n] = level
        value[t, n] = 1.0
        n += 1
        for j in range(n_dense):
            where[t, n] = level + 1 + j
            value[t, n] = dense[row, j]
            mean[level + 1 + j] += dense[row, j] / nights
            n += 1
        if codes[row, 3] > 0:
            where[t, n] = level + n_dense + codes[row, 3]
            value[t, n] = 1.0
            mean[level + n_dense + codes[row, 3]] += 1.0 / nights
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
    """Write the lower triangle of the whitened Gram matrix at φ into `gram`.

    Returns
    -------
    -½ log of the determinant of the errors' covariance, in units of σ².
    """
    columns = len(gram)
    free = 1.0 - phi * phi
    half_log = 0.5 * math.log(free)
    for i in range(columns):
        for j in range(i + 1):
            gram[i, j] = free * first[i, j]
    for c in range(len(gaps)):
        fade = phi ** gaps[c]
        weight = free / (1.0 - fade * fade)
        half_log += 0.5 * counts[c] * math.log(weight)
        before, cross = weight * fade * fade, -weight * fade
        for i in range(columns):
            for j in range(i + 1):
                gram[i, j] += weight * sums[c, 0, i, j] + before * sums[c, 1, i, j] + cross * sums[c, 2, i, j]
    return half_log
