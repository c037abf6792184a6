"""The effects of all people under noise that they share, and how probable that noise is.

Changes by several kinds of noise are added up, and so are their log evidences, as if they were independent; to these is
added what a pair of kinds says beyond the two of them.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from scipy.interpolate import CubicSpline, RectBivariateSpline

from n1trial.cohort.two_stage.noise import Kind, UnderNoise, kinds, pairs
from n1trial.cohort.two_stage.summary import PersonSummary
from n1trial.system.arrays import Array

type Noise = Mapping[str, float]

# Where the corrections leave a smaller share of the least eigenvalue of a covariance, they are dropped.
LEAST_LEFT = 0.2
# A direction with less precision than this share of the prior's counts as not tried.
LEAST_SHARE = 1e-9


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Likelihoods:
    """Gaussian likelihoods: precision [person, contrast, contrast], precision × mean, and log heights [person].

    Of each person `rank` is the number of directions with information, and `away` is mean × precision × mean.
    """

    precision: Array
    towards: Array
    log_height: Array
    rank: Array
    away: Array


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Moments:
    """Of everybody: mean [..., person, contrast] and covariance [..., person, contrast, contrast]."""

    mean: Array
    covariance: Array

    def less(self, *others: "Moments") -> "Moments":
        """What is left when others are taken off."""
        mean, covariance = self.mean, self.covariance
        for other in others:
            mean, covariance = mean - other.mean, covariance - other.covariance
        return Moments(mean=mean, covariance=covariance)

    def before_another(self) -> "Moments":
        """The same for every value of another kind, which comes after."""
        return Moments(mean=self.mean[:, None], covariance=self.covariance[:, None])


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class SharedNoise:
    """Summaries side by side: effects as they are, and what each common value of each kind of noise changes.

    An arm that a person did not try has the moments of its prior. `changes` have the common values as a first axis, by
    the name of the kind; `further_changes`, by the names of a pair, those of both as the first two.
    """

    prior_sd: Array
    varying: Array
    effects: Moments
    kinds: Mapping[str, Kind]
    changes: Mapping[str, Moments]
    evidence: Mapping[str, CubicSpline]
    further_changes: Mapping[tuple[str, str], Moments]
    further_evidence: Mapping[tuple[str, str], RectBivariateSpline]

    def likelihoods(self, noise: Noise) -> Likelihoods:
        """What people's nights say of their effects under common values, on the scales of their kinds."""
        mean, covariance = self.effects.mean.copy(), self.effects.covariance.copy()
        between = {name: _between(self.kinds[name].grid, value) for name, value in noise.items()}
        for name, sides in between.items():
            for share, at in sides:
                mean += share * self.changes[name].mean[at]
                covariance += share * self.changes[name].covariance[at]
        for (one, other), change in self.further_changes.items():
            if one in between and other in between:
                for share, at in between[one]:
                    for other_share, other_at in between[other]:
                        mean += share * other_share * change.mean[at, other_at]
                        covariance += share * other_share * change.covariance[at, other_at]
        enough_left = (
            np.linalg.eigvalsh(covariance)[:, 0]
            > LEAST_LEFT * np.linalg.eigvalsh(self.effects.covariance)[:, 0]
        )
        mean = np.where(enough_left[:, None], mean, self.effects.mean)
        covariance = np.where(enough_left[:, None, None], covariance, self.effects.covariance)
        inverse = np.linalg.inv(covariance)
        towards = np.einsum("pij,pj->pi", inverse, mean)
        prior = np.eye(mean.shape[1]) / self.prior_sd[:, None, None] ** 2
        eigenvalues, directions = np.linalg.eigh(inverse - prior)
        # Monte Carlo error can make a precision negative: then the direction counts as uninformed.
        informed = eigenvalues > LEAST_SHARE / self.prior_sd[:, None] ** 2
        along = np.einsum("pij,pi->pj", directions, towards) * informed
        return Likelihoods(
            precision=(directions * (eigenvalues * informed)[:, None, :]) @ directions.transpose(0, 2, 1),
            towards=np.einsum("pij,pj->pi", directions, along),
            log_height=-0.5 * np.linalg.slogdet(covariance)[1] - 0.5 * np.sum(mean * towards, axis=1),
            rank=informed.sum(axis=1, dtype=float),
            away=np.sum(along**2 / np.where(informed, eigenvalues, 1.0), axis=1),
        )

    def log_density(self, noise: Noise) -> float:
        """Log of prior × evidence of common values, but for a constant; beyond a grid, its end counts."""
        known = {
            name: float(np.clip(value, self.kinds[name].grid[0], self.kinds[name].grid[-1]))
            for name, value in noise.items()
        }
        density = sum(float(self.kinds[name].log_prior(np.array(value))) for name, value in noise.items())
        density += sum(float(self.evidence[name](value)) for name, value in known.items())
        return density + sum(
            float(further(known[one], known[other])[0, 0])
            for (one, other), further in self.further_evidence.items()
            if one in known and other in known
        )


def shared_noise(people: Sequence[PersonSummary], treatments: Sequence[str], *, counts: bool) -> SharedNoise:
    """Put summaries side by side; only the kinds of noise, and pairs of them, that every summary holds."""
    known = {
        name: kind
        for name, kind in kinds(counts=counts).items()
        if all(name in person.noise for person in people)
    }
    known_pairs = {
        name: pair
        for name, pair in pairs(known).items()
        if all(name in person.noise_in_pairs for person in people)
    }
    at = [[treatments.index(arm) for arm in person.arms] for person in people]
    sds = np.array([person.prior_sd for person in people])

    def side_by_side(moments: Sequence[tuple[Array, Array]]) -> Moments:
        """Of each person mean [..., arm] and covariance [..., arm, arm], with all contrasts; 0 where not tried."""
        shape = (*moments[0][0].shape[:-1], len(people), len(treatments))
        mean, covariance = np.zeros(shape), np.zeros((*shape, len(treatments)))
        for number, (own_mean, own_covariance) in enumerate(moments):
            mean[..., number, at[number]] = own_mean
            covariance[(..., number, *np.ix_(at[number], at[number]))] = own_covariance
        return Moments(mean=mean, covariance=covariance)

    def changed(under: Sequence[UnderNoise], *grids: Array) -> tuple[Array, Moments]:
        """Evidence [*value] of everybody together, and what each value changes."""
        shape = tuple(map(len, grids))
        moments = side_by_side(
            [
                (
                    np.reshape(person.mean, (*shape, len(places))),
                    np.reshape(person.covariance, (*shape, *2 * [len(places)])),
                )
                for person, places in zip(under, at, strict=True)
            ]
        )
        return np.sum([person.log_evidence for person in under], axis=0).reshape(shape), moments

    effects = side_by_side([(np.array(person.mean), np.array(person.covariance)) for person in people])
    for number, places in enumerate(at):
        untried = [place for place in range(len(treatments)) if place not in places]
        effects.covariance[number, untried, untried] = sds[number] ** 2
    evidence, changes = {}, {}
    for name, kind in known.items():
        log_evidence, changes[name] = changed([person.noise[name] for person in people], kind.grid)
        evidence[name] = CubicSpline(kind.grid, log_evidence)
    further_evidence, further_changes = {}, {}
    for name, (one, other) in known_pairs.items():
        grids = known[one].grid, known[other].grid
        log_evidence, further_changes[one, other] = changed(
            [person.noise_in_pairs[name] for person in people], *grids
        )
        further_evidence[one, other] = RectBivariateSpline(*grids, log_evidence)
    return SharedNoise(
        prior_sd=sds,
        varying=np.array([person.varying for person in people]),
        effects=effects,
        kinds=known,
        changes=changes,
        evidence=evidence,
        further_changes=further_changes,
        further_evidence=further_evidence,
    )


def _between(grid: Array, value: float) -> tuple[tuple[float, int], tuple[float, int]]:
    """The two places of a grid beside a value, each with its share."""
    place = float(np.interp(value, grid, np.arange(len(grid))))
    before = min(int(place), len(grid) - 2)
    return (before + 1 - place, before), (place - before, before + 1)
