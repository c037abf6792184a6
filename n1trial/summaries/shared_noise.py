"""Everybody's effects under noise that they share, side by side, and how probable that noise is.

Corrections for several kinds of noise are added up. Their evidence is multiplied, as if none knew of the rest, but for
SDs between periods and between blocks, which the nights can hardly tell apart.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from scipy.interpolate import CubicSpline, RectBivariateSpline

from n1trial.columns import Array
from n1trial.summaries.noise import BLOCK, PERIOD, Kind, kinds
from n1trial.summaries.summary import PersonSummary

type Noise = Mapping[str, float]

# Corrections that leave less of the uncertainty were added up too far.
LEAST_LEFT = 0.2


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Likelihoods:
    """Gaussian likelihoods: precision [person, contrast, contrast], precision × mean, and log heights [person]."""

    precision: Array
    towards: Array
    log_height: Array


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class SharedNoise:
    """Summaries side by side: effects as they are, and under each common value of each kind of noise.

    `mean` [person, contrast] and `covariance` [person, contrast, contrast]; an arm that somebody did not try has
    what its prior says. `means` and `covariances` have the common values as a first axis, by the name of the kind.
    """

    prior_sd: Array
    mean: Array
    covariance: Array
    kinds: Mapping[str, Kind]
    means: Mapping[str, Array]
    covariances: Mapping[str, Array]
    evidence: Mapping[str, CubicSpline]
    evidence_of_both: RectBivariateSpline | None

    def likelihoods(self, noise: Noise) -> Likelihoods:
        """What people's nights say of their effects under common values, on the scales of their kinds."""
        mean, covariance = self.mean.copy(), self.covariance.copy()
        for name, value in noise.items():
            grid = self.kinds[name].grid
            place = float(np.interp(value, grid, np.arange(len(grid))))
            before = min(int(place), len(grid) - 2)
            for share, at in ((before + 1 - place, before), (place - before, before + 1)):
                mean += share * (self.means[name][at] - self.mean)
                covariance += share * (self.covariances[name][at] - self.covariance)
        left = np.linalg.eigvalsh(covariance)[:, 0] > LEAST_LEFT * np.linalg.eigvalsh(self.covariance)[:, 0]
        mean = np.where(left[:, None], mean, self.mean)
        covariance = np.where(left[:, None, None], covariance, self.covariance)
        inverse = np.linalg.inv(covariance)
        towards = np.einsum("pij,pj->pi", inverse, mean)
        prior = np.eye(mean.shape[1]) / self.prior_sd[:, None, None] ** 2
        told, directions = np.linalg.eigh(inverse - prior)
        # Sampling error can leave a direction with less than nothing: then it says nothing.
        kept = directions * (told > 0.0)[:, None, :]
        return Likelihoods(
            precision=(kept * told[:, None, :]) @ kept.transpose(0, 2, 1),
            towards=np.einsum("pij,pkj,pk->pi", kept, kept, towards),
            log_height=-0.5 * np.linalg.slogdet(covariance)[1] - 0.5 * np.sum(mean * towards, axis=1),
        )

    def log_density(self, noise: Noise) -> float:
        """Log of prior × evidence of common values, but for a constant; beyond a grid, its end has spoken last."""
        known = {
            name: float(np.clip(value, self.kinds[name].grid[0], self.kinds[name].grid[-1]))
            for name, value in noise.items()
        }
        found = sum(float(self.kinds[name].log_prior(np.array(value))) for name, value in noise.items())
        alone = {*known}
        if self.evidence_of_both is not None:
            found += float(self.evidence_of_both(known[PERIOD], known[BLOCK])[0, 0])
            alone -= {PERIOD, BLOCK}
        return found + sum(float(self.evidence[name](known[name])) for name in alone)


def shared_noise(people: Sequence[PersonSummary], treatments: Sequence[str], *, counts: bool) -> SharedNoise:
    """Put summaries side by side; only the kinds of noise that every summary speaks of."""
    known = {
        name: kind
        for name, kind in kinds(counts=counts).items()
        if all(name in person.noise for person in people)
    }
    size, sds = len(treatments), np.array([person.prior_sd for person in people])
    at = [[treatments.index(arm) for arm in person.arms] for person in people]

    def placed(told: Sequence[tuple[Sequence[float], Sequence[Sequence[float]]]]) -> tuple[Array, Array]:
        mean, covariance = np.zeros((len(people), size)), np.eye(size) * sds[:, None, None] ** 2
        for number, (own_mean, own_covariance) in enumerate(told):
            mean[number, at[number]] = np.array(own_mean)
            covariance[number][np.ix_(at[number], at[number])] = np.array(own_covariance)
        return mean, covariance

    mean, covariance = placed([(person.mean, person.covariance) for person in people])
    under = {
        name: [
            placed(
                [(person.noise[name].mean[place], person.noise[name].covariance[place]) for person in people]
            )
            for place in range(len(kind.grid))
        ]
        for name, kind in known.items()
    }
    both = {PERIOD, BLOCK} <= known.keys() and all(person.periods_and_blocks for person in people)
    return SharedNoise(
        prior_sd=sds,
        mean=mean,
        covariance=covariance,
        kinds=known,
        means={name: np.stack([each for each, _ in values]) for name, values in under.items()},
        covariances={name: np.stack([each for _, each in values]) for name, values in under.items()},
        evidence={
            name: CubicSpline(
                kind.grid, np.sum([person.noise[name].log_evidence for person in people], axis=0)
            )
            for name, kind in known.items()
        },
        evidence_of_both=RectBivariateSpline(
            known[PERIOD].grid,
            known[BLOCK].grid,
            np.sum([person.periods_and_blocks for person in people], axis=0),
        )
        if both
        else None,
    )
