"""People with Gaussian likelihoods of their effects: average, spread and effects, drawn exactly.

    β̂_i ~ N(β_i, V_i),  β_i ~ N(B, diag(τ) Ω diag(τ)),  B ~ N(0, 25²),  τ ~ HN(15),  Ω ~ LKJ(2)

with B and the β_i integrated out, so that only τ, Ω and the noise that people share are left. Where a person's variance
varies there are two Gaussians instead of one, and what that adds to the density is taken at the mean of B. A walk from
the mode estimates the covariance of the parameters; draws from a Student t with that covariance are reweighted by
Pareto-smoothed importance sampling (Vehtari et al. 2024, JMLR 25(72)).
"""

from dataclasses import dataclass

import numpy as np
from scipy import optimize, stats

from n1trial.cohort.two_stage.shared_noise import Likelihoods, SharedNoise
from n1trial.inference import priors as prior
from n1trial.inference.importance_sampling import smoothed_weights
from n1trial.inference.weighted_draws import drawn_again
from n1trial.system.arrays import Array

FREEDOM = 4.0
# Steps and proposals cost as much as there are people.
FEWEST_STEPS_WALKED, MOST_STEPS_WALKED, PEOPLE_WALKED = 500, 6000, 1_000_000
FEWEST, MOST_PROPOSALS, PEOPLE_WEIGHED = 2000, 20_000, 2_000_000
LEAST_OF_CURVED = 1e-3
WIDER = 1.2
ROUNDS, GOOD_K = 3, 0.5
STEP, MOST_STEPS = 1e-2, 4000
# In logs: no spread is so far above the scale of its prior, and its square would overflow.
FAR, NOWHERE = 5.0, -1e10


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Gaussians:
    """Likelihoods [person, ...] and the SDs of the priors.

    `varying` [person] is the squared coefficient of variation of their variance.
    """

    likelihoods: Likelihoods
    varying: Array
    average_sd: float
    spread_scale: float

    @property
    def contrasts(self) -> int:
        """How many arms there are beside the reference."""
        return self.likelihoods.towards.shape[1]

    def log_density(self, point: Array) -> float:
        """Log posterior density, but for a constant, of log τ and the arc tangents of partial correlations."""
        count = self.contrasts
        log_spread, arc = point[:count], point[count:]
        if log_spread.max() > np.log(self.spread_scale) + FAR:
            return NOWHERE
        spread = np.exp(log_spread)
        density = float(np.sum(log_spread - 0.5 * (spread / self.spread_scale) ** 2))
        partial = np.tanh(arc)
        eta = prior.EFFECT_TIE.parameters[0]
        column = np.array([k for row in range(1, count) for k in range(row)])
        # 2 Beta(b, b) - 1, and the derivative of tanh.
        exponents = eta + (count - 2 - column) / 2
        density += float(np.sum(exponents * np.log1p(-np.clip(partial**2, 0.0, 1 - 1e-12))))
        covariance = self.covariance(point)
        log_det, mean_precision, mean_towards, quadratic = self.given(covariance)
        whole = mean_precision + np.eye(count) / self.average_sd**2
        average = np.linalg.solve(whole, mean_towards)
        density += float(
            -0.5 * log_det
            + 0.5 * quadratic
            - 0.5 * np.linalg.slogdet(whole)[1]
            + 0.5 * mean_towards @ average
        )
        return density + self.beyond_gaussian(covariance, average)

    def covariance(self, point: Array) -> Array:
        """Covariance [contrast, contrast] of effects between people."""
        spread = np.exp(point[: self.contrasts])
        return np.outer(spread, spread) * correlation_of(point[self.contrasts :], self.contrasts)

    def given(self, covariance: Array) -> tuple[float, Array, Array, float]:
        """Sums over people given the covariance Σ: what each says of the average, the effects taken out."""
        blend = np.eye(self.contrasts) + self.likelihoods.precision @ covariance
        inverse = np.linalg.inv(blend)
        towards = np.einsum("pij,pj->pi", inverse, self.likelihoods.towards)
        return (
            float(np.linalg.slogdet(blend)[1].sum()),
            (inverse @ self.likelihoods.precision).sum(axis=0),
            towards.sum(axis=0),
            float(np.einsum("pi,ij,pj->", self.likelihoods.towards, covariance, towards)),
        )

    def beyond_gaussian(self, covariance: Array, average: Array) -> float:
        """Log ratio of two-Gaussian to Gaussian likelihoods, each variance as likely smaller as larger by `varying`."""
        if not self.varying.any():
            return 0.0
        likelihoods, step = self.likelihoods, np.sqrt(self.varying)
        off = likelihoods.towards - likelihoods.precision @ average
        away = likelihoods.away - (likelihoods.towards + off) @ average
        within = likelihoods.precision @ covariance

        def log_density(times: Array) -> Array:
            blend = np.eye(self.contrasts) + within / times[:, None, None]
            inner = np.einsum(
                "pi,ij,pj->p", off, covariance, np.linalg.solve(blend, off[:, :, None])[:, :, 0]
            )
            determinant = likelihoods.rank * np.log(times) + np.linalg.slogdet(blend)[1]
            density: Array = -0.5 * (determinant + away / times - inner / times**2)
            return density

        mixture = np.logaddexp(log_density(1.0 - step), log_density(1.0 + step)) - np.log(2.0)
        return float(np.sum(mixture - log_density(np.ones_like(step))))


def correlation_of(arc: Array, count: int) -> Array:
    """Correlations [contrast, contrast] from the arc tangents of canonical partial correlations."""
    root = np.zeros((count, count))
    root[0, 0], position = 1.0, 0
    for row in range(1, count):
        left = 1.0
        for column in range(row):
            partial = np.tanh(arc[position])
            root[row, column] = partial * np.sqrt(left)
            left *= 1.0 - partial**2
            position += 1
        root[row, row] = np.sqrt(max(left, 1e-12))
    return root @ root.T


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Pooled:
    """People's likelihoods under the noise they share, or with `settled` noise, and the SDs of the priors.

    A point holds log τ [contrast], arc tangents of partial correlations, and common values of the kinds of noise,
    unless they are settled.
    """

    noise: SharedNoise
    average_sd: float
    spread_scale: float
    settled: Gaussians | None = None

    @property
    def start(self) -> Array:
        """Where a search for the mode begins."""
        count = self.noise.effects.mean.shape[1]
        spreads = np.full(count, np.log(self.spread_scale / 2))
        noise = [] if self.settled else [kind.middle for kind in self.noise.kinds.values()]
        return np.concatenate([spreads, np.zeros(count * (count - 1) // 2), noise])

    def at(self, point: Array) -> tuple[Gaussians, Array, float]:
        """Likelihoods at a point, its τ and correlations, and the log density of its noise."""
        if self.settled is not None:
            return self.settled, point, 0.0
        own = len(point) - len(self.noise.kinds)
        noise = dict(zip(self.noise.kinds, map(float, point[own:]), strict=True))
        likelihoods = self.noise.likelihoods(noise)
        people = Gaussians(
            likelihoods=likelihoods,
            varying=self.noise.varying,
            average_sd=self.average_sd,
            spread_scale=self.spread_scale,
        )
        return people, point[:own], self.noise.log_density(noise) + float(likelihoods.log_height.sum())

    def log_density(self, point: Array) -> float:
        """Log posterior density, but for a constant."""
        people, effects, of_noise = self.at(point)
        return people.log_density(effects) + of_noise


def mode_of(pooled: Pooled) -> Array:
    """The mode [parameter]."""
    mode = pooled.start
    # Begun again from where it ended: in several directions the simplex can stop short.
    for _ in range(1 if pooled.settled else 2):
        mode = optimize.minimize(
            lambda point: -pooled.log_density(point),
            mode,
            method="Nelder-Mead",
            options={"xatol": 1e-3, "fatol": 1e-4, "adaptive": True, "maxfev": MOST_STEPS},
        ).x
    return mode


def hyperparameters(
    pooled: Pooled, mode: Array, rng: np.random.Generator, *, draws: int
) -> tuple[Array, float]:
    """Draws [draw, parameter] around the mode, and Pareto's k."""
    walked = _walked(pooled, mode, rng)
    proposals = _reweighted(pooled, walked.mean(axis=0), _covariance(walked), rng)
    for _ in range(ROUNDS):
        if proposals.pareto_k < GOOD_K:
            break
        # The walk was too short: the next proposal has the mean and covariance that these draws were weighted to.
        middle = proposals.weights @ proposals.points
        away = proposals.points - middle
        again = _reweighted(pooled, middle, (proposals.weights[:, None] * away).T @ away, rng)
        if again.pareto_k < proposals.pareto_k:
            proposals = again
    return rng.permutation(
        proposals.points[drawn_again(proposals.weights, seed=rng, count=draws)]
    ), proposals.pareto_k


def _walked(pooled: Pooled, mode: Array, rng: np.random.Generator) -> Array:
    """Where a random walk from the mode comes [step, parameter], but for its first quarter.

    The curvature at the mode shows neither the long tail towards no spread nor the curved ridge of noise and spread, so
    steps take the covariance of those before (adaptive Metropolis; Haario, Saksman & Tamminen 2001,
    doi:10.2307/3318737).
    """
    steps = min(MOST_STEPS_WALKED, max(FEWEST_STEPS_WALKED, PEOPLE_WALKED // len(pooled.noise.effects.mean)))
    at, density = mode, pooled.log_density(mode)
    curved = _curvature_inverse(pooled, mode)
    root = _root_of_steps(curved)
    walked = np.empty((steps, len(mode)))
    for step in range(steps):
        proposed = at + root @ rng.standard_normal(len(mode))
        proposed_density = pooled.log_density(proposed)
        if np.log(rng.random()) < proposed_density - density:
            at, density = proposed, proposed_density
        walked[step] = at
        if step + 1 in (steps // 5, 2 * steps // 5, 3 * steps // 5):
            lately = walked[step + 1 - steps // 5 : step + 1]
            root = _root_of_steps(_covariance(lately) + LEAST_OF_CURVED * curved)
    return walked[steps // 4 :]


def _covariance(points: Array) -> Array:
    return np.atleast_2d(np.cov(points, rowvar=False))


def _root_of_steps(covariance: Array) -> Array:
    """Cholesky root of the covariance of steps, as long as is best for a Gaussian (Roberts & Rosenthal 2001)."""
    return np.linalg.cholesky(covariance) * 2.38 / np.sqrt(len(covariance))


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Proposals:
    """Points [draw, parameter], their weights [draw], and Pareto's k."""

    points: Array
    weights: Array
    pareto_k: float


def _reweighted(pooled: Pooled, middle: Array, covariance: Array, rng: np.random.Generator) -> _Proposals:
    """Proposals from a Student t, reweighted to the posterior."""
    size = len(middle)
    count = min(MOST_PROPOSALS, max(FEWEST, PEOPLE_WEIGHED // len(pooled.noise.effects.mean)))
    away = rng.standard_normal((count, size)) * np.sqrt(FREEDOM / rng.chisquare(FREEDOM, (count, 1)))
    points = middle + WIDER * away @ np.linalg.cholesky(covariance).T
    proposed = stats.multivariate_t.logpdf(away, shape=np.eye(size), df=FREEDOM).reshape(-1)
    weights, k = smoothed_weights(np.array([pooled.log_density(point) for point in points]) - proposed)
    return _Proposals(points=points, weights=weights, pareto_k=k)


def _curvature_inverse(pooled: Pooled, mode: Array) -> Array:
    """Covariance of the proposal: the curvature at the mode, no direction wider than the priors."""
    size = len(mode)
    steps = STEP * np.eye(size)
    curvature = np.empty((size, size))
    for row in range(size):
        for column in range(size):
            one, other = steps[row], steps[column]
            curvature[row, column] = -(
                pooled.log_density(mode + one + other)
                - pooled.log_density(mode + one - other)
                - pooled.log_density(mode - one + other)
                + pooled.log_density(mode - one - other)
            ) / (4 * STEP**2)
    eigenvalues, directions = np.linalg.eigh((curvature + curvature.T) / 2)
    return (directions / np.maximum(eigenvalues, 0.5)) @ directions.T


def effects_given(
    pooled: Pooled, points: Array, rng: np.random.Generator
) -> tuple[Array, Array, Array, Array]:
    """Draws of average, spread, correlation and each person's effects, given draws of the hyperparameters."""
    size, count = pooled.noise.effects.mean.shape
    averages, effects = np.empty((len(points), count)), np.empty((len(points), size, count))
    correlations = np.empty((len(points), count, count))
    for draw, point in enumerate(points):
        people, own, _ = pooled.at(point)
        covariance = people.covariance(own)
        _, precision, towards, _ = people.given(covariance)
        whole = np.linalg.inv(precision + np.eye(count) / people.average_sd**2)
        averages[draw] = rng.multivariate_normal(whole @ towards, whole)
        inverse = np.linalg.inv(covariance + 1e-9 * np.eye(count))
        of_person = np.linalg.inv(people.likelihoods.precision + inverse)
        means = np.einsum("pij,pj->pi", of_person, people.likelihoods.towards + inverse @ averages[draw])
        roots = np.linalg.cholesky((of_person + of_person.transpose(0, 2, 1)) / 2)
        effects[draw] = means + np.einsum("pij,pj->pi", roots, rng.standard_normal((size, count)))
        correlations[draw] = correlation_of(own[count:], count)
    return averages, np.exp(points[:, :count]), correlations, effects
