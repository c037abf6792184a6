"""Everybody's effects under noise that they share, side by side, and how probable that noise is.

What several kinds of noise change is added up, and so is their log evidence, as if none knew of the rest; and then what
a pair of kinds says beyond the two of them.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from scipy.interpolate import CubicSpline, RectBivariateSpline

from n1trial.cohort.two_stage.noise import Kind, UnderNoise, kinds, pairs
from n1trial.cohort.two_stage.summary import PersonSummary
from n1trial.inference.model_matrix import Array

type Noise = Mapping[str, float]

# Corrections that leave less of the uncertainty were added up too far.
LEAST_LEFT = 0.2
# A direction with less precision than this share of the prior's is one that was not tried.
LEAST_SAID = 1e-9


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Likelihoods:
    """Gaussian likelihoods: precision [person, contrast, contrast], precision × mean, and log heights [person].

    Of each person `rank` says how many directions they tell of, and `away` how far from 0, mean × precision × mean.
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
        for each in others:
            mean, covariance = mean - each.mean, covariance - each.covariance
        return Moments(mean=mean, covariance=covariance)

    def before_another(self) -> "Moments":
        """The same for every value of another kind, which comes after."""
        return Moments(mean=self.mean[:, None], covariance=self.covariance[:, None])


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class SharedNoise:
    """Summaries side by side: effects as they are, and what each common value of each kind of noise changes.

    An arm that somebody did not try has what its prior says. `changes` have the common values as a first axis, by the
    name of the kind; `further_changes`, by the names of a pair, those of both as the first two.
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
        left = (
            np.linalg.eigvalsh(covariance)[:, 0]
            > LEAST_LEFT * np.linalg.eigvalsh(self.effects.covariance)[:, 0]
        )
        mean = np.where(left[:, None], mean, self.effects.mean)
        covariance = np.where(left[:, None, None], covariance, self.effects.covariance)
        inverse = np.linalg.inv(covariance)
        towards = np.einsum("pij,pj->pi", inverse, mean)
        prior = np.eye(mean.shape[1]) / self.prior_sd[:, None, None] ** 2
        told, directions = np.linalg.eigh(inverse - prior)
        # Sampling error can leave a direction with less than nothing: then it says nothing.
        says = told > LEAST_SAID / self.prior_sd[:, None] ** 2
        along = np.einsum("pij,pi->pj", directions, towards) * says
        return Likelihoods(
            precision=(directions * (told * says)[:, None, :]) @ directions.transpose(0, 2, 1),
            towards=np.einsum("pij,pj->pi", directions, along),
            log_height=-0.5 * np.linalg.slogdet(covariance)[1] - 0.5 * np.sum(mean * towards, axis=1),
            rank=says.sum(axis=1, dtype=float),
            away=np.sum(along**2 / np.where(says, told, 1.0), axis=1),
        )

    def log_density(self, noise: Noise) -> float:
        """Log of prior × evidence of common values, but for a constant; beyond a grid, its end has spoken last."""
        known = {
            name: float(np.clip(value, self.kinds[name].grid[0], self.kinds[name].grid[-1]))
            for name, value in noise.items()
        }
        found = sum(float(self.kinds[name].log_prior(np.array(value))) for name, value in noise.items())
        found += sum(float(self.evidence[name](value)) for name, value in known.items())
        return found + sum(
            float(further(known[one], known[other])[0, 0])
            for (one, other), further in self.further_evidence.items()
            if one in known and other in known
        )


def shared_noise(people: Sequence[PersonSummary], treatments: Sequence[str], *, counts: bool) -> SharedNoise:
    """Put summaries side by side; only the kinds of noise, and pairs of them, that every summary speaks of."""
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

    def beside(told: Sequence[tuple[Array, Array]]) -> Moments:
        """Of each person mean [..., arm] and covariance [..., arm, arm], with all contrasts; 0 where not tried."""
        shape = (*told[0][0].shape[:-1], len(people), len(treatments))
        mean, covariance = np.zeros(shape), np.zeros((*shape, len(treatments)))
        for number, (own_mean, own_covariance) in enumerate(told):
            mean[..., number, at[number]] = own_mean
            covariance[(..., number, *np.ix_(at[number], at[number]))] = own_covariance
        return Moments(mean=mean, covariance=covariance)

    def changed(told: Sequence[UnderNoise], *grids: Array) -> tuple[Array, Moments]:
        """Evidence [*value] of everybody together, and what each value changes."""
        shape = tuple(map(len, grids))
        moments = beside(
            [
                (
                    np.reshape(each.mean, (*shape, len(places))),
                    np.reshape(each.covariance, (*shape, *2 * [len(places)])),
                )
                for each, places in zip(told, at, strict=True)
            ]
        )
        return np.sum([each.log_evidence for each in told], axis=0).reshape(shape), moments

    effects = beside([(np.array(person.mean), np.array(person.covariance)) for person in people])
    for number, places in enumerate(at):
        untried = [place for place in range(len(treatments)) if place not in places]
        effects.covariance[number, untried, untried] = sds[number] ** 2
    evidence, changes = {}, {}
    for name, kind in known.items():
        told, changes[name] = changed([person.noise[name] for person in people], kind.grid)
        evidence[name] = CubicSpline(kind.grid, told)
    further_evidence, further_changes = {}, {}
    for name, (one, other) in known_pairs.items():
        grids = known[one].grid, known[other].grid
        told, further_changes[one, other] = changed(
            [person.noise_in_pairs[name] for person in people], *grids
        )
        further_evidence[one, other] = RectBivariateSpline(*grids, told)
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
