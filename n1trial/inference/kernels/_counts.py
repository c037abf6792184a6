"""Counts become a mixture of Gaussians: ω and the SDs of periods and weekdays on a grid, by nested Laplace.

Given them, the linear coefficients are at their mode with the covariance of `_newton`. The third
derivative moves the mean off the mode, which for few counts is not the same: by half an inverse count, .05 posterior SD
where an arm has a hundred wakes.

Rue, Martino & Chopin (2009), doi:10.1111/j.1467-9868.2008.00700.x; the mean is that of their simplified
Laplace approximation (section 3.2.3).
"""

import math

import numpy as np

from n1trial.inference.kernels._cache import compiled, internal
from n1trial.inference.kernels._lines import LINE_X, fit_line, largest, place_nodes
from n1trial.inference.kernels._newton import (
    CountWorkspace,
    at_node,
    forward,
    gradient,
    linear_predictor,
    shorten,
    solve,
    units_at,
)
from n1trial.system.arrays import Array, Codes

MOST_TURNS, SETTLED_SDS, SDS_AT_MOST = 5, 0.5, 3.5
# A log density so far below the largest has no weight.
NOT_THERE = 300.0


@compiled
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
    periods = 0
    for code in period:
        periods = max(periods, code + 1)
    z, u, out = np.zeros(q), np.zeros(periods), np.zeros((4, nights))
    c, d, s = np.zeros((periods, q)), np.zeros(periods), np.zeros((q, q))
    work = CountWorkspace(y, log_factorials, x, weekday, period, log_level, z, u, 0.5 * scales, out, c, d, s)
    low, high, at = np.zeros(3), np.zeros(3), np.zeros(3)
    low[0], high[0] = omega_prior[2], omega_prior[3]
    at[0] = min(max(omega_prior[0], low[0]), high[0])
    for g in range(2):
        high[1 + g], at[1 + g] = SDS_AT_MOST * scales[g], 0.5 * scales[g]
    centre, sd = _settle(work, omega_prior, scales, low, high, at)
    number, nodes, weights = place_nodes(points, low, high, at, centre, sd)
    total = number[0] * number[1] * number[2]
    log_weight, spreads, arms = np.empty(total), np.empty((total, 3)), len(effects)
    means, covariances = np.empty((total, 1 + arms)), np.empty((total, 1 + arms, 1 + arms))
    leaf = 0
    for i in range(number[0]):
        for j in range(number[1]):
            for k in range(number[2]):
                node = spreads[leaf]
                node[0], node[1], node[2] = nodes[0, i], nodes[1, j], nodes[2, k]
                log, sound = at_node(work, node)
                log_weight[leaf] = log + _prior(node, omega_prior, scales)
                log_weight[leaf] += weights[0, i] + weights[1, j] + weights[2, k]
                _log_rates(work, analysed, on_reference, effects, node, sound, means[leaf], covariances[leaf])
                leaf += 1
    return log_weight, means, covariances, spreads


@internal
def _settle(
    work: CountWorkspace, omega_prior: Array, scales: Array, low: Array, high: Array, at: Array
) -> tuple[Array, Array]:
    """Move `at` to the means along lines through it, in turn; centre and SD of the Gaussian fitted to each [3]."""
    spread, centre, sd = np.ones(3), np.zeros(3), np.ones(3)
    logs = np.empty(len(LINE_X))
    for turn in range(MOST_TURNS):
        moved = 0.0
        for which in range(3):
            if high[which] <= low[which]:
                continue
            a, b = low[which], high[which]
            if turn > 0:
                a, b = max(a, at[which] - 4.5 * spread[which]), min(b, at[which] + 4.5 * spread[which])
            line_x = 0.5 * (a + b) + 0.5 * (b - a) * LINE_X
            node = at.copy()
            for k in range(len(LINE_X)):
                node[which] = line_x[k]
                log, _ = at_node(work, node)
                logs[k] = log + _prior(node, omega_prior, scales)
            before = at[which]
            at[which], spread[which], centre[which], sd[which] = fit_line(
                line_x, np.maximum(logs, largest(logs) - NOT_THERE), a, b
            )
            moved = max(moved, abs(at[which] - before) / spread[which])
        if turn > 0 and moved < SETTLED_SDS:
            break
    return centre, sd


@internal
def _prior(node: Array, omega_prior: Array, scales: Array) -> float:
    log = 0.0
    if omega_prior[3] > omega_prior[2]:
        log -= 0.5 * ((node[0] - omega_prior[0]) / omega_prior[1]) ** 2
    for g in range(2):
        if scales[g] > 0.0:
            log -= 0.5 * (node[1 + g] / scales[g]) ** 2
    return log


@internal
def _log_rates(
    work: CountWorkspace,
    analysed: Array,
    on_reference: Array,
    effects: Array,
    node: Array,
    sound: bool,
    mean: Array,
    covariance: Array,
) -> None:
    """Write mean and covariance of the log of the mean rate on the reference and of every log rate ratio.

    The third derivative moves the mean off the mode, where the curvature is positive (`sound`).
    """
    x, period, u, out, c, d, s = work.x, work.period, work.u, work.out, work.c, work.d, work.s
    nights, q = x.shape
    sd, units = node[1], units_at(work, node)
    of_z, of_u, v = work.z.copy(), u.copy(), np.empty(q)
    line = np.empty(nights)
    if sound:
        for t in range(nights):
            p = period[t]
            variance = 0.0
            for j in range(q):
                v[j] = x[t, j] * units[j] - (sd * c[p, j] / d[p] if p >= 0 else 0.0)
            forward(s, v)
            for j in range(q):
                variance += v[j] * v[j]
            if p >= 0:
                variance += sd * sd / d[p]
            line[t] = 0.5 * out[2, t] * variance
        step_z, step_u = np.empty(q), np.empty(len(u))
        gradient(x, period, line, units, sd, step_z, step_u)
        solve(work, step_z, step_u)
        shorten(work, units, sd, step_z, step_u, line)
        of_z += step_z
        of_u += step_u
    linear_predictor(on_reference, period, of_z * units, of_u * sd, line)
    rates = np.exp(line) * analysed
    share = rates / rates.sum()
    mean[0] = work.log_level + math.log(rates.sum() / analysed.sum())
    along = np.zeros((1 + len(effects), q))
    of_period = np.zeros(len(u))
    gradient(on_reference, period, share, units, sd, along[0], of_period)
    variance = 0.0
    for p in range(len(u)):
        variance += of_period[p] * of_period[p] / d[p]
        for j in range(q):
            along[0, j] -= c[p, j] * of_period[p] / d[p]
    for a in range(len(effects)):
        mean[1 + a] = effects[a] * of_z[1 + a]
        along[1 + a, 1 + a] = effects[a]
    for a in range(len(along)):
        forward(s, along[a])
    for a in range(len(along)):
        for b in range(len(along)):
            covariance[a, b] = (along[a] * along[b]).sum()
    covariance[0, 0] += variance
