"""The compiled part of the fast engine for counts: nights become a mixture of Gaussians, by nested Laplace.

All linear coefficients are z, standard normal a priori, times their prior SD. Newton's method finds the mode of
z; the curvature there gives its covariance and the marginal likelihood. The third derivative moves the mean
off the mode, which for few counts is not the same: by half an inverse count, .05 posterior SD where an arm has
a hundred wakes.

A night belongs to one period, so the block of the precision for periods is diagonal, D. With C between periods and
the other columns, and G for these, the Schur complement is S = G - C' D⁻¹ C: the log determinant is that of D plus
that of S, a step solves S first, and along a (a_u its part of periods, a_z of other columns) and b

    cov = a_u' D⁻¹ b_u + v_a' S⁻¹ v_b,  v_a = a_z - C' D⁻¹ a_u

The module stays whole, long as it is, for the reason that `_compiled` gives. Rules and lines are imported from
there, and numba's cache does not notice a change of that file: touch this one then.

Rue, Martino & Chopin (2009), doi:10.1111/j.1467-9868.2008.00700.x; the mean is that of their simplified
Laplace approximation (section 3.2.3).
"""

import math

import numpy as np
from numba import njit

from n1trial.inference.kernels._compiled import LINE_X, WIDEN, fit_line, gauss_rule
from n1trial.system.arrays import Array, Codes

CACHED = {"cache": True, "nogil": True, "error_model": "numpy"}

# As in `models.awakenings`: where the logarithm is continued by its tangent, and the least variance over the mean,
# less 1.
END_OF_SUPPORT, LEAST_EXCESS = 0.1, 1e-4
MOST_STEPS, LONGEST_STEP, LAST_STEP = 14, 1.0, 2e-3
# Least curvature as a share of λ(1 - ω): far from the rate it may be negative, and a Newton step would go the wrong
# way.
LEAST_BEND = 0.1
MOST_TURNS, SETTLED_SDS, SDS_AT_MOST = 5, 0.5, 3.5
# A log density so far below the largest has no weight.
NOT_THERE = 300.0


@njit(**CACHED)
def nightly(
    y: Array, log_rate: Array, omega: float, usual: float, log_factorials: Array, out: Array
) -> float:
    """Write the derivatives by log λ into `out` [4, night]: first, minus second, third, and a bound of the second.

    Returns
    -------
    The log density of all nights.
    """
    total = 0.0
    shape = usual / max((1.0 - omega) ** -2 - 1.0, LEAST_EXCESS)
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


@njit(**CACHED)
def log_ways(y: Array, shape: float) -> float:
    """Sum over nights of log((1 + 1 / shape) … (1 + (n - 1) / shape)), a term of the negative binomial density."""
    upto = np.zeros(int(y.max()) + 2)
    for k in range(1, len(upto) - 1):
        upto[k + 1] = upto[k] + math.log1p(k / shape)
    total = 0.0
    for t in range(len(y)):
        total += upto[int(y[t])]
    return total


@njit(**CACHED)
def _linear(x: Array, period: Codes, coefficients: Array, of_period: Array, out: Array) -> None:
    for t in range(len(x)):
        value = of_period[period[t]] if period[t] >= 0 else 0.0
        for j in range(x.shape[1]):
            value += x[t, j] * coefficients[j]
        out[t] = value


@njit(**CACHED)
def _gradient(
    x: Array, period: Codes, values: Array, units: Array, sd: float, of_z: Array, of_u: Array
) -> None:
    """Write Σ values × column, for the columns in their units and for periods."""
    of_z[:], of_u[:] = 0.0, 0.0
    for t in range(len(x)):
        for j in range(x.shape[1]):
            of_z[j] += values[t] * x[t, j]
        if period[t] >= 0:
            of_u[period[t]] += values[t] * sd
    of_z *= units


@njit(**CACHED)
def _precision(
    x: Array, period: Codes, bend: Array, least: Array, units: Array, sd: float, c: Array, d: Array, s: Array
) -> float:
    """Write C, D and the Cholesky root of S; log determinant of the precision, NaN where it is not positive definite.

    `bend` [night] is the curvature of each night, and `least` [night] its lower bound.
    """
    q = x.shape[1]
    c[:], d[:], s[:] = 0.0, 1.0, 0.0
    for t in range(len(x)):
        b = max(bend[t], least[t])
        p = period[t]
        if p >= 0:
            d[p] += b * sd * sd
            for j in range(q):
                c[p, j] += b * sd * x[t, j]
        for i in range(q):
            bx = b * x[t, i]
            for j in range(i + 1):
                s[i, j] += bx * x[t, j]
    for p in range(len(d)):
        if d[p] <= 0.0:
            return math.nan
        for i in range(q):
            ci = c[p, i] / d[p]
            for j in range(i + 1):
                s[i, j] -= ci * c[p, j]
    log_determinant = 0.0
    for i in range(q):
        for j in range(i + 1):
            s[i, j] *= units[i] * units[j]
        s[i, i] += 1.0
    for p in range(len(d)):
        log_determinant += math.log(d[p])
        for j in range(q):
            c[p, j] *= units[j]
    for j in range(q):
        for i in range(j, q):
            value = s[i, j]
            for k in range(j):
                value -= s[i, k] * s[j, k]
            if i == j:
                if value <= 0.0:
                    return math.nan
                s[j, j] = math.sqrt(value)
                log_determinant += math.log(value)
            else:
                s[i, j] = value / s[j, j]
    return log_determinant


@njit(**CACHED)
def _forward(s: Array, v: Array) -> None:
    for i in range(len(v)):
        value = v[i]
        for k in range(i):
            value -= s[i, k] * v[k]
        v[i] = value / s[i, i]


@njit(**CACHED)
def _solve(c: Array, d: Array, s: Array, of_z: Array, of_u: Array) -> None:
    """Solve the precision for (of_z, of_u), in place."""
    q = len(of_z)
    for p in range(len(d)):
        for j in range(q):
            of_z[j] -= c[p, j] * of_u[p] / d[p]
    _forward(s, of_z)
    for i in range(q - 1, -1, -1):
        value = of_z[i]
        for k in range(i + 1, q):
            value -= s[k, i] * of_z[k]
        of_z[i] = value / s[i, i]
    for p in range(len(d)):
        value = of_u[p]
        for j in range(q):
            value -= c[p, j] * of_z[j]
        of_u[p] = value / d[p]


@njit(**CACHED)
def _shorten(
    x: Array, period: Codes, units: Array, sd: float, step_z: Array, step_u: Array, line: Array
) -> float:
    """Shorten a step that changes a night's log rate by more than `LONGEST_STEP`; return its length before."""
    _linear(x, period, step_z * units, step_u * sd, line)
    longest = np.abs(line).max()
    if longest > LONGEST_STEP:
        step_z *= LONGEST_STEP / longest
        step_u *= LONGEST_STEP / longest
    return longest


@njit(**CACHED)
def fit_count_nights(
    y: Array,
    log_factorials: Array,
    analysed: Array,
    x: Array,
    on_reference: Array,
    weekday: Array,
    period: Codes,
    log_level: float,
    effects: Array,
    omega_prior: Array,
    scales: Array,
    points: Codes,
) -> tuple[Array, Array, Array, Array]:
    """Fit the counts of one trial.

    Parameters
    ----------
    y, log_factorials, analysed : [night]
        Counts, log of their factorials, and 1 where the night enters the contrasts.
    x, on_reference : [night, column]
        Columns in units of their prior SDs, level first and then the arms; and the same on the reference.
    weekday : [column]
        1 where the unit is the SD of weekdays, which is estimated.
    period : [night]
        Code of the period, -1 for none.
    effects : [arm]
        Prior SDs of the arms.
    omega_prior : (mean, SD, low, high); where low is high, ω is known
    scales : (period, weekday)
        Scales of the priors of their SDs; 0: there is no such term.
    points : (ω, period, weekday)
        Nodes along each.

    Returns
    -------
    log weights [component] (not normalised), means [component, 1 + arm] and covariances of the log of the mean rate on
    the reference and of every log rate ratio, and ω and the SDs of periods and weekdays [component, 3].
    """
    nights, q = x.shape
    periods, arms = int(period.max()) + 1, len(effects)
    z, u = np.zeros(q), np.zeros(periods)
    work = np.zeros((4, nights)), np.zeros((periods, q)), np.zeros(periods), np.zeros((q, q))
    out, c, d, s = work
    low, high = np.zeros(3), np.zeros(3)
    low[0], high[0] = omega_prior[2], omega_prior[3]
    at, spread, centre, width = np.zeros(3), np.ones(3), np.zeros(3), np.ones(3)
    at[0] = min(max(omega_prior[0], low[0]), high[0])
    for g in range(2):
        high[1 + g], at[1 + g] = SDS_AT_MOST * scales[g], 0.5 * scales[g]
    node, sds = at.copy(), at[1:].copy()
    line_x, logs = np.empty(len(LINE_X)), np.empty(len(LINE_X))
    for turn in range(MOST_TURNS):
        moved = 0.0
        for which in range(3):
            if high[which] <= low[which]:
                continue
            a, b = low[which], high[which]
            if turn > 0:
                a, b = max(a, at[which] - 4.5 * spread[which]), min(b, at[which] + 4.5 * spread[which])
            node[:] = at
            for k in range(len(LINE_X)):
                node[which] = line_x[k] = 0.5 * (a + b) + 0.5 * (b - a) * LINE_X[k]
                logs[k], _ = _at_node(
                    *(y, log_factorials, x, weekday, period, log_level, node, sds, z, u, out, c, d, s)
                )
                logs[k] += _prior(node, omega_prior, scales)
            logs = np.maximum(logs, logs.max() - NOT_THERE)
            before = at[which]
            at[which], spread[which], centre[which], width[which] = fit_line(line_x, logs, a, b)
            moved = max(moved, abs(at[which] - before) / spread[which])
        if turn > 0 and moved < SETTLED_SDS:
            break

    number, most = np.ones(3, np.int64), points.max()
    nodes, weights = np.zeros((3, most)), np.zeros((3, most))
    nodes[:, 0] = at
    for which in range(3):
        if high[which] > low[which]:
            n = points[which]
            number[which] = n
            rule, rule_weights, base = gauss_rule(
                centre[which], WIDEN * width[which], low[which], high[which], n
            )
            nodes[which, :n], weights[which, :n] = rule, np.log(rule_weights) - base
    total = number[0] * number[1] * number[2]
    log_weight, means = np.empty(total), np.empty((total, 1 + arms))
    covariances, spreads = np.empty((total, 1 + arms, 1 + arms)), np.empty((total, 3))
    leaf = 0
    for i in range(number[0]):
        for j in range(number[1]):
            for k in range(number[2]):
                node[0], node[1], node[2] = nodes[0, i], nodes[1, j], nodes[2, k]
                log, sound = _at_node(
                    *(y, log_factorials, x, weekday, period, log_level, node, sds, z, u, out, c, d, s)
                )
                log_weight[leaf] = log + _prior(node, omega_prior, scales)
                log_weight[leaf] += weights[0, i] + weights[1, j] + weights[2, k]
                _log_rates(
                    *(analysed, x, on_reference, weekday, period, log_level, effects, node, sound),
                    *(z, u, out, c, d, s, means[leaf], covariances[leaf]),
                )
                spreads[leaf] = node
                leaf += 1
    return log_weight, means, covariances, spreads


@njit(**CACHED)
def _prior(node: Array, omega_prior: Array, scales: Array) -> float:
    log = 0.0
    if omega_prior[3] > omega_prior[2]:
        log -= 0.5 * ((node[0] - omega_prior[0]) / omega_prior[1]) ** 2
    for g in range(2):
        if scales[g] > 0.0:
            log -= 0.5 * (node[1 + g] / scales[g]) ** 2
    return log


@njit(**CACHED)
def _at_node(
    y: Array,
    log_factorials: Array,
    x: Array,
    weekday: Array,
    period: Codes,
    log_level: float,
    node: Array,
    sds: Array,
    z: Array,
    u: Array,
    out: Array,
    c: Array,
    d: Array,
    s: Array,
) -> tuple[float, bool]:
    """Find the mode of z and u, starting at their values; log marginal likelihood, and whether curvature is positive.

    `sds` are the SDs of periods and weekdays that z and u were computed for. `out`, C, D and S are written at the mode.
    """
    omega, sd = node[0], node[1]
    usual = math.exp(log_level)
    units = np.where(weekday > 0, node[2], 1.0)
    # With a larger SD the same z would be a larger effect
    u *= min(1.0, sds[0] / max(sd, 1e-12))
    for j in range(len(z)):
        if weekday[j] > 0:
            z[j] *= min(1.0, sds[1] / max(node[2], 1e-12))
    sds[0], sds[1] = sd, node[2]
    linear, line, least = np.empty(len(y)), np.empty(len(y)), np.empty(len(y))
    step_z, step_u = np.empty(len(z)), np.empty(len(u))
    stuck = True
    for _ in range(MOST_STEPS):
        _linear(x, period, z * units, u * sd, linear)
        linear += log_level
        nightly(y, linear, omega, usual, log_factorials, out)
        least[:] = LEAST_BEND * out[3]
        _precision(x, period, out[1], least, units, sd, c, d, s)
        _gradient(x, period, out[0], units, sd, step_z, step_u)
        step_z -= z
        step_u -= u
        _solve(c, d, s, step_z, step_u)
        longest = _shorten(x, period, units, sd, step_z, step_u, line)
        z += step_z
        u += step_u
        if longest < LAST_STEP:
            stuck = False
            break
    _linear(x, period, z * units, u * sd, linear)
    linear += log_level
    density = nightly(y, linear, omega, usual, log_factorials, out)
    if omega >= 0.0:
        density += log_ways(y, usual / max((1.0 - omega) ** -2 - 1.0, LEAST_EXCESS))
    least[:] = -np.inf
    log_determinant = math.nan if stuck else _precision(x, period, out[1], least, units, sd, c, d, s)
    # At the end of the support the density has an edge, where Newton's method may not converge
    sound = not math.isnan(log_determinant)
    if not sound:
        least[:] = LEAST_BEND * out[3]
        log_determinant = _precision(x, period, out[1], least, units, sd, c, d, s)
    return density - 0.5 * ((z * z).sum() + (u * u).sum() + log_determinant), sound


@njit(**CACHED)
def _log_rates(
    analysed: Array,
    x: Array,
    on_reference: Array,
    weekday: Array,
    period: Codes,
    log_level: float,
    effects: Array,
    node: Array,
    sound: bool,
    z: Array,
    u: Array,
    out: Array,
    c: Array,
    d: Array,
    s: Array,
    mean: Array,
    covariance: Array,
) -> None:
    """Write mean and covariance of the log of the mean rate on the reference and of every log rate ratio."""
    nights, q = x.shape
    sd, units = node[1], np.where(weekday > 0, node[2], 1.0)
    of_z, of_u, v = z.copy(), u.copy(), np.empty(q)
    line = np.empty(nights)
    if sound:
        for t in range(nights):
            p = period[t]
            variance = 0.0
            for j in range(q):
                v[j] = x[t, j] * units[j] - (sd * c[p, j] / d[p] if p >= 0 else 0.0)
            _forward(s, v)
            for j in range(q):
                variance += v[j] * v[j]
            if p >= 0:
                variance += sd * sd / d[p]
            line[t] = 0.5 * out[2, t] * variance
        step_z, step_u = np.empty(q), np.empty(len(u))
        _gradient(x, period, line, units, sd, step_z, step_u)
        _solve(c, d, s, step_z, step_u)
        _shorten(x, period, units, sd, step_z, step_u, line)
        of_z += step_z
        of_u += step_u
    _linear(on_reference, period, of_z * units, of_u * sd, line)
    rates = np.exp(line) * analysed
    share = rates / rates.sum()
    mean[0] = log_level + math.log(rates.sum() / analysed.sum())
    along = np.zeros((1 + len(effects), q))
    of_period = np.zeros(len(u))
    _gradient(on_reference, period, share, units, sd, along[0], of_period)
    variance = 0.0
    for p in range(len(u)):
        variance += of_period[p] * of_period[p] / d[p]
        for j in range(q):
            along[0, j] -= c[p, j] * of_period[p] / d[p]
    for a in range(len(effects)):
        mean[1 + a] = effects[a] * of_z[1 + a]
        along[1 + a, 1 + a] = effects[a]
    for a in range(len(along)):
        _forward(s, along[a])
    for a in range(len(along)):
        for b in range(len(along)):
            covariance[a, b] = (along[a] * along[b]).sum()
    covariance[0, 0] += variance


@njit(**CACHED)
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
