"""The average of summaries: what each person's nights said of their effects, pooled without the nights.

Each person's likelihood of their effects is taken as Gaussian: the posterior's precision less the prior's. Then

    β̂_i ~ N(β_i, V_i),  β_i ~ N(B, diag(τ) Ω diag(τ)),  B ~ N(0, 20²),  τ ~ HN(15),  Ω ~ LKJ(2)

with B and the β_i integrated out exactly, so that only τ and Ω are left: their mode is found, draws come from a
Student t around it and are weighed by Pareto-smoothed importance sampling (Vehtari et al. 2024, JMLR 25(72)). Noise
that the full model learns from everybody (spread of nights, correlation, SD between periods) is each person's own
here.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from scipy import optimize, stats

from n1trial.checks._reweighted import MAX_K, smoothed_weights
from n1trial.cohort.effects import CohortEffects, PooledDraws, effects_of
from n1trial.cohort.summary import PersonSummary
from n1trial.columns import Array
from n1trial.errors import CohortError
from n1trial.models import _priors as prior
from n1trial.outcomes import Outcome
from n1trial.protocol import VerdictRule

DRAWS, FREEDOM = 4000, 4.0
# Proposals cost as much as there are people.
FEWEST, MOST_PROPOSALS, PEOPLE_WEIGHED = 2000, 20_000, 2_000_000
# Few people leave the logarithm of a spread a long tail towards nothing, which the curvature does not see.
WIDER = 1.4
ROUNDS, GOOD_K = 3, 0.5
# Draws of all people's effects that are held at once.
MOST_VALUES = 8_000_000
STEP = 1e-2


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class SummaryCohort:
    """People known by their summaries, with what `effects_of` needs of a cohort."""

    names: tuple[str, ...]
    outcome: Outcome
    reference: str
    treatments: tuple[str, ...]
    labels: Mapping[str, str]
    arms_tried: tuple[tuple[str, ...], ...]

    @property
    def contrasts(self) -> tuple[tuple[str, str], ...]:
        """Every arm against the reference."""
        return tuple((arm, self.reference) for arm in self.treatments)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class TwoStage:
    """Pooled summaries: the people, draws of average, spread and effects, and Pareto's k of their weights."""

    cohort: SummaryCohort
    draws: PooledDraws
    pareto_k: float
    prior_sd: float

    @property
    def problems(self) -> tuple[str, ...]:
        """What forbids a verdict."""
        if self.pareto_k < MAX_K:
            return ()
        return (f"the draws do not cover the answer (Pareto k {self.pareto_k:.2f}, must be below {MAX_K})",)


def pool(summaries: Mapping[str, PersonSummary], *, seed: int, draws: int = DRAWS) -> TwoStage:
    """Pool people's summaries, by the name of the person.

    Raises
    ------
    CohortError
        Fewer than two people, or people whose outcomes, references or doses differ.
    """
    cohort = _agreed(summaries)
    people = list(summaries.values())
    precision, towards = _likelihoods(people, cohort)
    counts = cohort.outcome.kind == "count"
    average, spread = (
        (prior.LOG_AVERAGE_RATIO, prior.LOG_RATIO_SPREAD)
        if counts
        else (prior.AVERAGE_EFFECT, prior.EFFECT_SPREAD)
    )
    scale = float(np.mean([each.prior_scale for each in people]))
    pooled = _Pooled(
        precision=precision,
        towards=towards,
        average_sd=average.scale * scale,
        spread_scale=spread.scale * scale,
    )
    rng = np.random.default_rng(seed)
    chosen, k = _hyperparameters(pooled, rng, draws=draws)
    kept = max(200, min(draws, MOST_VALUES // max(1, towards.size)))
    averages, spreads, correlations, effects = _effects(pooled, chosen[:kept], rng)
    rates = np.array([each.log_rate for each in people], dtype=float) if counts else None
    shape = (len(averages), len(people))
    return TwoStage(
        cohort=cohort,
        draws=PooledDraws(
            average=averages,
            spread=spreads,
            correlation=correlations,
            effect=effects,
            level=None if rates is None else np.broadcast_to(rates, shape),
            level_of_all=None if rates is None else np.full(len(averages), rates.mean()),
            level_sd=None if rates is None else np.full(len(averages), rates.std(ddof=1)),
        ),
        pareto_k=k,
        prior_sd=pooled.average_sd,
    )


def estimate_pooled(pooled: TwoStage, *, rule: VerdictRule | None = None) -> CohortEffects:
    """The answers of pooled summaries, in the words of a cohort's."""
    return effects_of(
        pooled.draws,
        pooled.cohort,
        rule=rule or VerdictRule(),
        prior_sd=pooled.prior_sd,
        problems=pooled.problems,
    )


def _agreed(summaries: Mapping[str, PersonSummary]) -> SummaryCohort:
    if len(summaries) < 2:
        raise CohortError(f"cohort: {len(summaries)} summary, and an average needs 2: add people")
    (first, known), *others = summaries.items()
    doses: dict[str, tuple[tuple[float, float], str]] = {}
    seen = set()
    for name, each in summaries.items():
        for what in ("outcome", "reference"):
            if getattr(each, what) != getattr(known, what):
                raise CohortError(f"{first} and {name}: their {what}s differ: leave one of them out")
        for arm, dose in each.doses.items():
            before, whose = doses.setdefault(arm, (dose, name))
            if before != dose:
                raise CohortError(f"{arm}: {whose} and {name} took other doses: leave one of them out")
        # No two people's nights give the same draws.
        if (told := (each.mean, each.covariance)) in seen:
            raise CohortError(f"{name}: is there under another name too: give every person once")
        seen.add(told)
    treatments = tuple(dict.fromkeys(arm for each in summaries.values() for arm in each.arms))
    return SummaryCohort(
        names=tuple(summaries),
        outcome=known.outcome,
        reference=known.reference,
        treatments=treatments,
        labels={
            arm: label
            for _, each in reversed([(first, known), *others])
            for arm, label in each.labels.items()
        },
        arms_tried=tuple((each.reference, *each.arms) for each in summaries.values()),
    )


def _likelihoods(people: Sequence[PersonSummary], cohort: SummaryCohort) -> tuple[Array, Array]:
    """Precision [person, contrast, contrast] of each Gaussian likelihood, and precision times its mean."""
    count = len(cohort.treatments)
    precision, towards = np.zeros((len(people), count, count)), np.zeros((len(people), count))
    for number, person in enumerate(people):
        at = [cohort.treatments.index(arm) for arm in person.arms]
        inverse = np.linalg.inv(np.array(person.covariance))
        told, directions = np.linalg.eigh(inverse - np.eye(len(at)) / person.prior_sd**2)
        # Sampling error can leave a direction with less than nothing: then it says nothing.
        kept = directions[:, told > 0.0]
        precision[number][np.ix_(at, at)] = (kept * told[told > 0.0]) @ kept.T
        towards[number][at] = kept @ (kept.T @ inverse @ np.array(person.mean))
    return precision, towards


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Pooled:
    """Likelihoods [person, ...] and the SDs of the priors."""

    precision: Array
    towards: Array
    average_sd: float
    spread_scale: float

    @property
    def contrasts(self) -> int:
        return self.towards.shape[1]

    def log_density(self, point: Array) -> float:
        """Log posterior density, but for a constant, of log τ and the arc tangents of partial correlations."""
        count = self.contrasts
        log_spread, arc = point[:count], point[count:]
        spread = np.exp(log_spread)
        found = float(np.sum(log_spread - 0.5 * (spread / self.spread_scale) ** 2))
        partial = np.tanh(arc)
        eta = prior.EFFECT_TIE.parameters[0]
        columns = np.array([k for row in range(1, count) for k in range(row)])
        # 2 Beta(b, b) - 1, and the derivative of tanh.
        exponents = eta + (count - 2 - columns) / 2
        found += float(np.sum(exponents * np.log1p(-np.clip(partial**2, 0.0, 1 - 1e-12))))
        log_det, mean_precision, mean_towards, quadratic = self._given(self.covariance(point))
        whole = mean_precision + np.eye(count) / self.average_sd**2
        return found + float(
            -0.5 * log_det
            + 0.5 * quadratic
            - 0.5 * np.linalg.slogdet(whole)[1]
            + 0.5 * mean_towards @ np.linalg.solve(whole, mean_towards)
        )

    def covariance(self, point: Array) -> Array:
        """Covariance [contrast, contrast] of effects between people."""
        spread = np.exp(point[: self.contrasts])
        return np.outer(spread, spread) * correlation_of(point[self.contrasts :], self.contrasts)

    def _given(self, covariance: Array) -> tuple[float, Array, Array, float]:
        """Sums over people given the covariance Σ: what each says of the average, the effects taken out."""
        blend = np.eye(self.contrasts) + self.precision @ covariance
        inverse = np.linalg.inv(blend)
        towards = np.einsum("pij,pj->pi", inverse, self.towards)
        return (
            float(np.linalg.slogdet(blend)[1].sum()),
            (inverse @ self.precision).sum(axis=0),
            towards.sum(axis=0),
            float(np.einsum("pi,ij,pj->", self.towards, covariance, towards)),
        )


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


def _hyperparameters(pooled: _Pooled, rng: np.random.Generator, *, draws: int) -> tuple[Array, float]:
    """Draws [draw, parameter] of log τ and partial correlations, and Pareto's k."""
    count = pooled.contrasts
    size = count + count * (count - 1) // 2
    start = np.concatenate([np.full(count, np.log(pooled.spread_scale / 2)), np.zeros(size - count)])
    mode = optimize.minimize(
        lambda point: -pooled.log_density(point),
        start,
        method="Nelder-Mead",
        options={"xatol": 1e-3, "fatol": 1e-4},
    ).x
    middle, covariance = mode, _curvature_inverse(pooled, mode)
    points, weights, k = _weighed(pooled, middle, covariance, rng)
    for _ in range(ROUNDS):
        if k < GOOD_K:
            break
        # The curvature misled: the next proposal has the mean and covariance that these draws were weighed to.
        middle = weights @ points
        covariance = (weights[:, None] * (points - middle)).T @ (points - middle) + 0.01 * np.eye(size)
        again = _weighed(pooled, middle, covariance, rng)
        if again[2] < k:
            points, weights, k = again
    return points[rng.choice(len(points), draws, p=weights)], k


def _weighed(
    pooled: _Pooled, middle: Array, covariance: Array, rng: np.random.Generator
) -> tuple[Array, Array, float]:
    """Proposals [draw, parameter] from a Student t, their weights [draw], and Pareto's k."""
    size = len(middle)
    count = min(MOST_PROPOSALS, max(FEWEST, PEOPLE_WEIGHED // len(pooled.towards)))
    away = rng.standard_normal((count, size)) * np.sqrt(FREEDOM / rng.chisquare(FREEDOM, (count, 1)))
    points = middle + WIDER * away @ np.linalg.cholesky(covariance).T
    proposed = stats.multivariate_t.logpdf(away, shape=np.eye(size), df=FREEDOM).reshape(-1)
    weights, k = smoothed_weights(np.array([pooled.log_density(point) for point in points]) - proposed)
    return points, weights, k


def _curvature_inverse(pooled: _Pooled, mode: Array) -> Array:
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
    told, directions = np.linalg.eigh((curvature + curvature.T) / 2)
    return (directions / np.maximum(told, 0.5)) @ directions.T


def _effects(pooled: _Pooled, points: Array, rng: np.random.Generator) -> tuple[Array, Array, Array, Array]:
    """Draws of average, spread, correlation and each person's effects, given draws of the hyperparameters."""
    count, people = pooled.contrasts, len(pooled.towards)
    averages, effects = np.empty((len(points), count)), np.empty((len(points), people, count))
    correlations = np.empty((len(points), count, count))
    for draw, point in enumerate(points):
        covariance = pooled.covariance(point)
        _, precision, towards, _ = pooled._given(covariance)
        whole = np.linalg.inv(precision + np.eye(count) / pooled.average_sd**2)
        averages[draw] = rng.multivariate_normal(whole @ towards, whole)
        inverse = np.linalg.inv(covariance + 1e-9 * np.eye(count))
        of_person = np.linalg.inv(pooled.precision + inverse)
        means = np.einsum("pij,pj->pi", of_person, pooled.towards + inverse @ averages[draw])
        roots = np.linalg.cholesky((of_person + of_person.transpose(0, 2, 1)) / 2)
        effects[draw] = means + np.einsum("pij,pj->pi", roots, rng.standard_normal((people, count)))
        correlations[draw] = correlation_of(point[count:], count)
    return averages, np.exp(points[:, :count]), correlations, effects
