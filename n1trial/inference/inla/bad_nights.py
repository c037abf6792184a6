"""Bad nights without sampling: a logistic regression of whether sleep time was under the limit.

    y_t ~ Bernoulli(p_t),  logit p_t = α + δ_arm + s τ_t + u_period + v_block + d_weekday + x_t'γ

the model of `models.bad_nights`. Given the SDs of periods and weekdays, Newton's method finds the mode of the
coefficients, and the curvature there gives a Gaussian (Laplace's approximation). The SDs are integrated on a grid that
spans their priors, because few bad nights contain little information on them. Bad nights are rare, and the posterior of
an arm with none of them is far from Gaussian: so draws from these Gaussians are weighted to the model's own density
(importance sampling) and resampled, and every figure is computed from them.

The estimand is the change of the share of bad nights, averaged over the analysed nights, each as it would be on the
arm and on the comparator (marginal standardisation). δ itself is the log of an odds ratio.

Nested Laplace: Rue, Martino & Chopin (2009), doi:10.1111/j.1467-9868.2008.00700.x. Its draws corrected by importance
sampling: Berild, Martino, Gómez-Rubio & Rue (2022), doi:10.1080/10618600.2022.2067551.
"""

from dataclasses import dataclass
from typing import Self

import numpy as np

from n1trial.data.trial_data import TrialData, bad_nights_of
from n1trial.design.outcomes import BAD_NIGHTS
from n1trial.inference.inla.bad_nights_posterior import BadNightsFit
from n1trial.inference.inla.mixture import normalised
from n1trial.inference.inla.priors import BadNightPriors
from n1trial.inference.inla.standardised import on_reference, standardised
from n1trial.inference.model_matrix import Columns, columns_of
from n1trial.inference.weighted_draws import drawn_again
from n1trial.system.arrays import Array, Codes
from n1trial.system.random_streams import stream

ASSUMES = (
    "Every night has a chance of being bad, which the arm raises or lowers, together with weekday, trend, week-to-week"
    " ups and downs, and what you wrote down before the night. One bad night does not bring on the next."
)
FORMULA = (
    "bad night ~ arm + (1 | period) + block + weekday + trend + covariates, Bernoulli with logit link; shares averaged"
    " over the analysed nights"
)
SD_POINTS, SDS_AT_MOST = 7, 4.0
MOST_STEPS, LONGEST_STEP, LAST_STEP = 25, 2.0, 1e-4
DRAWS, SEED = 8_000, 0
# Degrees of freedom of the Student t that draws are proposed from: its tails are heavier than the posterior's.
TAILS = 30


@dataclass(frozen=True, slots=True, kw_only=True)
class _Nights:
    """Recorded nights, and their model matrix in units of prior SDs, so that z is standard normal a priori.

    `y` [night] is 1 or 0, `analysed` [night] the weight in the contrasts. `x` [night, z] has the level first and
    then the arms; `on_reference` [night, z] is the same with all nights on the reference. `kinds` [z]
    is as in `standardised`.
    """

    y: Array
    analysed: Array
    x: Array
    on_reference: Array
    kinds: Codes
    level: float

    @classmethod
    def of(cls, columns: Columns, priors: BadNightPriors) -> Self:
        recorded = columns.used > 0
        y, analysed = columns.y[recorded], columns.analysed[recorded]
        terms = {term: column[recorded] for term, column in columns.terms.items()}
        x, kinds = standardised(terms, priors.sds)
        return cls(
            y=y,
            analysed=analysed,
            x=x,
            on_reference=on_reference(x, columns.arm_share, priors.effect_sd),
            kinds=kinds,
            level=expected_logit(columns),
        )

    def units(self, nodes: Array) -> Array:
        """Units of z [node, z]: the SD of its kind, or 1."""
        return np.where(self.kinds < 0, 1.0, nodes[:, np.maximum(self.kinds, 0)])

    def log_density(self, linear: Array) -> Array:
        """Log density of all nights [...], of linear predictors [..., night]."""
        return np.asarray(linear @ self.y - np.logaddexp(0.0, linear).sum(axis=-1))


def expit(logits: Array) -> Array:
    """Inverse logit, without importing SciPy, which takes longer than an answer."""
    return np.asarray(0.5 * (1.0 + np.tanh(0.5 * logits)))


def expected_logit(columns: Columns) -> float:
    """The level's prior mean: logit of the share of bad nights, half a night added to bad and to other ones."""
    bad = columns.y[columns.analysed > 0]
    share = (bad.sum() + 0.5) / (len(bad) + 1)
    return float(np.log(share / (1.0 - share)))


def fit_bad_nights(
    data: TrialData, *, priors: BadNightPriors | None = None, draws: int = DRAWS, points: int = SD_POINTS
) -> BadNightsFit:
    """Fit the bad nights of a trial that has sleep times.

    Parameters
    ----------
    priors
        By default those of `models.bad_nights`; widened by the trial's `prior_width`.
    draws
        How many draws the answer has; twice as many are proposed and weighted.
    points
        Nodes along either SD, of periods and of weekdays.

    Raises
    ------
    AnalysisError
        The nights cannot inform the model: an empty arm, too few nights, no bad night or only bad nights.
    """
    priors = (priors or BadNightPriors()).widened(data.prior_width)
    of_bad = bad_nights_of(data)
    columns = columns_of(of_bad, BAD_NIGHTS)
    nights = _Nights.of(columns, priors)
    nodes, prior = _nodes(nights, priors, points)
    units = nights.units(nodes)
    modes = _modes(nights, units, prior)
    z, unit, effective = _drawn(nights, units, modes, draws)
    arms = (data.reference, *data.treatments)
    of_arm = slice(1, len(arms))
    log_odds = np.column_stack([np.zeros(len(z)), z[:, of_arm] * priors.effect_sd])
    analysed = nights.analysed > 0
    without_arm = nights.level + (z * unit) @ nights.on_reference[analysed].T
    shares = np.column_stack([expit(without_arm + own[:, np.newaxis]).mean(axis=1) for own in log_odds.T])
    counted = of_bad.analysed(BAD_NIGHTS).groupby("arm")[BAD_NIGHTS.name].agg(["sum", "size"])
    return BadNightsFit(
        arms=arms,
        shares=shares,
        log_odds=log_odds,
        effect_sd=priors.effect_sd,
        bad=tuple(int(counted["sum"][arm]) for arm in arms),
        nights=tuple(int(counted["size"][arm]) for arm in arms),
        effective_draws=effective,
    )


def priors_in_words(data: TrialData) -> dict[str, str]:
    """Each prior in words, on the logit scale, for the report."""
    priors = BadNightPriors().widened(data.prior_width)
    return {
        "log odds ratio of each arm": f"Normal(0, {priors.effect_sd:g})",
        "level, and that of each block": f"Normal(0, {priors.level_sd:g}) around the share of all arms",
        "change from first to last night, and each covariate": f"Normal(0, {priors.trend_sd:g})",
        "SD between periods, and between weekdays": f"HalfNormal({priors.period_sd:g})",
    }


def _nodes(nights: _Nights, priors: BadNightPriors, points: int) -> tuple[Array, Array]:
    """SDs of periods and weekdays [node, 2], by a Gauss rule along each, and the log of prior times weight [node]."""
    places, weights = np.polynomial.legendre.leggauss(points)
    quantiles = SDS_AT_MOST * (places + 1) / 2
    of_quantile = np.log(weights) - 0.5 * quantiles**2
    sds, logs = [], []
    for kind, scale in enumerate((priors.period_sd, priors.weekday_sd)):
        in_model = (nights.kinds == kind).any()
        sds.append(scale * quantiles if in_model else np.zeros(1))
        logs.append(of_quantile if in_model else np.zeros(1))
    nodes = np.stack([axis.ravel() for axis in np.meshgrid(*sds, indexing="ij")], axis=1)
    return nodes, np.add.outer(*logs).ravel()


@dataclass(frozen=True, slots=True, kw_only=True)
class _Modes:
    """Of every node: mode of z [node, z], Cholesky root of its precision [node, z, z], log prior and weight [node]."""

    z: Array
    roots: Array
    prior: Array
    weights: Array


def _modes(nights: _Nights, units: Array, prior: Array) -> _Modes:
    """Newton's method at all nodes at once; the log density is concave, so that the mode is unique."""
    x, number = nights.x, nights.x.shape[1]
    products = (x[:, :, np.newaxis] * x[:, np.newaxis]).reshape(len(x), -1)
    z = np.zeros((len(units), number))
    for _ in range(MOST_STEPS):
        chance = expit(nights.level + (z * units) @ x.T)
        information = ((chance * (1 - chance)) @ products).reshape(-1, number, number)
        precision = units[:, :, np.newaxis] * information * units[:, np.newaxis] + np.eye(number)
        slope = units * ((nights.y - chance) @ x) - z
        step = np.linalg.solve(precision, slope[..., np.newaxis])[..., 0]
        longest = np.abs((step * units) @ x.T).max()
        if longest < LAST_STEP:
            break
        z += step * min(1.0, LONGEST_STEP / longest)
    roots = np.linalg.cholesky(precision)
    logs = nights.log_density(nights.level + (z * units) @ x.T) - 0.5 * (z**2).sum(axis=1)
    logs -= np.log(np.diagonal(roots, axis1=1, axis2=2)).sum(axis=1)
    return _Modes(z=z, roots=roots, prior=prior, weights=normalised(logs + prior)[0])


def _drawn(nights: _Nights, units: Array, modes: _Modes, draws: int) -> tuple[Array, Array, float]:
    """Equally likely draws of z [draw, z], their units [draw, z], and the effective number of draws."""
    rng = stream(SEED)
    number, proposed = modes.z.shape[1], 2 * draws
    node = drawn_again(modes.weights, seed=rng, count=proposed)
    normal = rng.standard_normal((proposed, number))
    stretch = np.sqrt(TAILS / rng.chisquare(TAILS, proposed))
    z, density = np.empty((proposed, number)), np.empty(proposed)
    for which in np.unique(node):
        of_node = node == which
        root = modes.roots[which]
        off = np.linalg.solve(root.T, normal[of_node].T).T * stretch[of_node, np.newaxis]
        z[of_node] = modes.z[which] + off
        square = (normal[of_node] ** 2).sum(axis=1) * stretch[of_node] ** 2
        density[of_node] = np.log(np.diag(root)).sum() - (TAILS + number) / 2 * np.log1p(square / TAILS)
        density[of_node] += np.log(modes.weights[which])
    unit = units[node]
    logs = nights.log_density(nights.level + (z * unit) @ nights.x.T) - 0.5 * (z**2).sum(axis=1)
    logs += modes.prior[node] - density
    weights, _ = normalised(logs)
    kept = drawn_again(weights, seed=rng, count=draws)
    return z[kept], unit[kept], float(1 / (weights**2).sum())
