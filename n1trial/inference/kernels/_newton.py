"""The mode of a trial's coefficients at one node of the grid, by Newton's method, and the curvature there.

All linear coefficients are z, standard normal a priori, times their prior SD. Newton's method finds the mode of
z; the curvature there gives its covariance and the marginal likelihood.

A night belongs to one period, so the block of the precision for periods is diagonal, D. With C between periods and
the other columns, and G for these, the Schur complement is S = G - C' D⁻¹ C: the log determinant is that of D plus
that of S, a step solves S first, and along a (a_u its part of periods, a_z of other columns) and b

    cov = a_u' D⁻¹ b_u + v_a' S⁻¹ v_b,  v_a = a_z - C' D⁻¹ a_u
"""

import math
from typing import NamedTuple

import numpy as np

from n1trial.inference.kernels._cache import internal
from n1trial.inference.kernels._count_nights import log_ways, nightly, shape_of
from n1trial.inference.kernels._lines import largest
from n1trial.system.arrays import Array, Codes

MOST_STEPS, LONGEST_STEP, LAST_STEP = 14, 1.0, 2e-3
# Least curvature as a share of λ(1 - ω): far from the rate it may be negative, and a Newton step would go the wrong
# way.
LEAST_BEND = 0.1


class CountWorkspace(NamedTuple):
    """The nights of a trial, and arrays that are written at every node.

    Attributes
    ----------
    y, log_factorials, x, weekday, period, log_level
        As `fit_count_nights` takes them.
    z : [column]
        Coefficients of the columns, in their units.
    u : [period]
        Levels of the periods, in their SD.
    sds : (period, weekday)
        SDs that z and u were computed for.
    out : [4, night]
        As `nightly` writes them, at z and u.
    c, d, s : [period, column], [period], [column, column]
        C, D and the Cholesky root of S.
    """

    y: Array
    log_factorials: Array
    x: Array
    weekday: Array
    period: Codes
    log_level: float
    z: Array
    u: Array
    sds: Array
    out: Array
    c: Array
    d: Array
    s: Array


@internal
def at_node(work: CountWorkspace, node: Array) -> tuple[float, bool]:
    """Find the mode of z and u, starting at their values; log marginal likelihood, and whether curvature is positive.

    `out`, C, D and S are written at the mode.
    """
    y, z, u, sds, out = work.y, work.z, work.u, work.sds, work.out
    omega, sd = node[0], node[1]
    usual = math.exp(work.log_level)
    units = units_at(work, node)
    # With a larger SD the same z would be a larger effect
    u *= min(1.0, sds[0] / max(sd, 1e-12))
    for j in range(len(z)):
        if work.weekday[j] > 0:
            z[j] *= min(1.0, sds[1] / max(node[2], 1e-12))
    sds[0], sds[1] = sd, node[2]
    linear, line = np.empty(len(y)), np.empty(len(y))
    step_z, step_u = np.empty(len(z)), np.empty(len(u))
    stuck = True
    for _ in range(MOST_STEPS):
        linear_predictor(work.x, work.period, z * units, u * sd, linear)
        linear += work.log_level
        nightly(y, linear, omega, usual, work.log_factorials, out)
        least = LEAST_BEND * out[3]
        _precision(work, least, units, sd)
        gradient(work.x, work.period, out[0], units, sd, step_z, step_u)
        step_z -= z
        step_u -= u
        solve(work, step_z, step_u)
        longest = shorten(work, units, sd, step_z, step_u, line)
        z += step_z
        u += step_u
        if longest < LAST_STEP:
            stuck = False
            break
    linear_predictor(work.x, work.period, z * units, u * sd, linear)
    linear += work.log_level
    density = nightly(y, linear, omega, usual, work.log_factorials, out)
    if omega >= 0.0:
        density += log_ways(y, shape_of(omega, usual))
    log_determinant = math.nan if stuck else _precision(work, np.full(len(y), -np.inf), units, sd)
    # At the end of the support the density has an edge, where Newton's method may not converge
    sound = not math.isnan(log_determinant)
    if not sound:
        log_determinant = _precision(work, LEAST_BEND * out[3], units, sd)
    return density - 0.5 * ((z * z).sum() + (u * u).sum() + log_determinant), sound


@internal
def units_at(work: CountWorkspace, node: Array) -> Array:
    """Units of z [column]: the SD of weekdays, or 1."""
    units = np.ones(len(work.weekday))
    for j in range(len(units)):
        if work.weekday[j] > 0:
            units[j] = node[2]
    return units


@internal
def _precision(work: CountWorkspace, least: Array, units: Array, sd: float) -> float:
    """Write C, D and the Cholesky root of S; log determinant of the precision, NaN where it is not positive definite.

    `least` [night] is a lower bound of the curvature of each night.
    """
    x, period, bend = work.x, work.period, work.out[1]
    c, d, s, q = work.c, work.d, work.s, work.x.shape[1]
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


@internal
def linear_predictor(x: Array, period: Codes, coefficients: Array, of_period: Array, out: Array) -> None:
    """Write Σ column × coefficient, and the level of the period, of every night into `out`."""
    for t in range(len(x)):
        value = of_period[period[t]] if period[t] >= 0 else 0.0
        for j in range(x.shape[1]):
            value += x[t, j] * coefficients[j]
        out[t] = value


@internal
def gradient(
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


@internal
def forward(s: Array, v: Array) -> None:
    """Divide v by the Cholesky root, in place."""
    for i in range(len(v)):
        value = v[i]
        for k in range(i):
            value -= s[i, k] * v[k]
        v[i] = value / s[i, i]


@internal
def solve(work: CountWorkspace, of_z: Array, of_u: Array) -> None:
    """Solve the precision for (of_z, of_u), in place."""
    c, d, s, q = work.c, work.d, work.s, len(of_z)
    for p in range(len(d)):
        for j in range(q):
            of_z[j] -= c[p, j] * of_u[p] / d[p]
    forward(s, of_z)
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


@internal
def shorten(
    work: CountWorkspace, units: Array, sd: float, step_z: Array, step_u: Array, line: Array
) -> float:
    """Shorten a step that changes a night's log rate by more than `LONGEST_STEP`; return its length before."""
    linear_predictor(work.x, work.period, step_z * units, step_u * sd, line)
    longest = largest(np.abs(line))
    if longest > LONGEST_STEP:
        step_z *= LONGEST_STEP / longest
        step_u *= LONGEST_STEP / longest
    return longest
