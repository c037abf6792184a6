"""Where to put the nodes of a grid: a truncated Gaussian fitted to a density along a line, and its own Gauss rule.

The nodes of every parameter are placed by evaluating the density along lines: of one parameter, with the others held
at their means, in turn until the means have settled. A truncated Gaussian is fitted to each line, widened because
conditional densities are narrower than marginal ones, and its own Gauss rule gives the nodes. A node's weight is the
rule's weight times the exact joint density over the fitted one: the fit only places the nodes.
"""

import math

import numpy as np

from n1trial.inference.kernels._cache import compiled, internal
from n1trial.system.arrays import Array, Codes

LINE_X, LINE_W = (rule.astype(float) for rule in np.polynomial.legendre.leggauss(7))
RULE_X, RULE_W = (rule.astype(float) for rule in np.polynomial.legendre.leggauss(40))
# The conditional density along a line is narrower than the marginal where two of the three are correlated.
WIDEN = 1.15


@internal
def fit_line(x: Array, log_density: Array, low: float, high: float) -> tuple[float, float, float, float]:
    """Mean and SD of a density along a line, and centre and SD of the truncated Gaussian fitted to it."""
    w = LINE_W * np.exp(log_density - largest(log_density))
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


@internal
def place_nodes(
    points: Codes, low: Array, high: Array, middle: Array, centre: Array, sd: Array
) -> tuple[Codes, Array, Array]:
    """Nodes along each of three parameters.

    Parameters
    ----------
    points : [parameter]
        How many nodes.
    low, high : [parameter]
        Ends of its range; where they are equal, `middle` is its only node.
    centre, sd : [parameter]
        Of the Gaussian fitted along it.

    Returns
    -------
    number [parameter], nodes [parameter, node], and logs of the weights [parameter, node].
    """
    most = max(points[0], points[1], points[2])
    number, nodes, weights = np.ones(3, np.int64), np.zeros((3, most)), np.zeros((3, most))
    for which in range(3):
        nodes[which, 0] = middle[which]
        if high[which] > low[which]:
            n = points[which]
            number[which] = n
            x, w, log_base = gauss_rule(centre[which], WIDEN * sd[which], low[which], high[which], n)
            for k in range(n):
                nodes[which, k], weights[which, k] = x[k], math.log(w[k]) - log_base[k]
    return number, nodes, weights


@compiled
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


@internal
def _eigen(matrix: Array) -> tuple[Array, Array]:
    """Eigenvalues of a small symmetric matrix, and the first entries of its eigenvectors.

    By Jacobi rotations: LAPACK is not made to be called for a 4 × 4 from several threads at once.
    """
    n = len(matrix)
    values, firsts = np.zeros(n), np.zeros(n)
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
        size = 0.0
        for k in range(n):
            values[k] = matrix[k, k]
            size += abs(values[k])
        if off < 1e-14 * size:
            break
    return values, firsts


@internal
def largest(values: Array) -> float:
    """The largest value; NumPy's `max` takes a second to compile."""
    top = values[0]
    for value in values:
        top = max(top, value)
    return top


@internal
def log_sum(logs: Array) -> float:
    """Log of the sum of exponentials."""
    best = largest(logs)
    return best + math.log(np.exp(logs - best).sum())
