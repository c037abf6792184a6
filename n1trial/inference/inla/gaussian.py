"""Sleep time without sampling: `models.duration` by nested Laplace, exact given the hyperparameters.

    y ~ Normal(m, σ² R),  R_st = φ^|day_s - day_t| / (1 - φ²)
    m_t = μ + β_arm + u_period + v_block + s τ_t + d_weekday (+ further columns)

All linear coefficients are integrated out analytically (`kernels`), and the other parameters on a small grid, so that
an arm's effect is a mixture of Gaussians whose mean, SD and tails need no draws. A fit takes about a millisecond,
whatever the number of nights.
"""

import itertools
import os
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Self

import numpy as np

from n1trial.data.trial_data import TrialData
from n1trial.design.outcomes import Outcome
from n1trial.design.verdict import Chances
from n1trial.inference import kernels
from n1trial.inference.inla.design import Design, nights_of
from n1trial.inference.inla.mixture import Components, Mixture, normalised
from n1trial.inference.inla.priors import Priors
from n1trial.system.arrays import Array, Codes

POINTS = (3, 9, 3)
FINE_POINTS = (13, 13, 9)


@dataclass(frozen=True, slots=True, kw_only=True)
class FastFit(Components):
    """Posterior of every arm minus the reference, in the outcome's unit.

    Its coefficients are the arms, and `spread` [component, 4] has σ, φ, and the SDs of periods and weekdays (0: no
    such term).
    """

    @property
    def mean(self) -> Array:
        """Posterior means [arm]."""
        return self.weights @ self.means

    @property
    def covariance(self) -> Array:
        """Posterior covariance [arm, arm]."""
        away = self.means - self.mean
        within = np.einsum("j,jab->ab", self.weights, self.covariances)
        return within + np.einsum("j,ja,jb->ab", self.weights, away, away)

    @property
    def sd(self) -> Array:
        """Posterior SDs [arm]."""
        return np.sqrt(np.diag(self.covariance))

    def contrast(self, arm: str, comparator: str | None = None) -> Mixture:
        """Posterior of arm minus comparator; None: minus the reference."""
        along = np.array([float(name == arm) - float(name == comparator) for name in self.arms])
        return Mixture(
            weights=self.weights,
            means=self.means @ along,
            sds=np.sqrt(np.einsum("jab,a,b->j", self.covariances, along, along)),
        )


def fast_fit(
    data: TrialData, outcome: Outcome, *, priors: Priors | None = None, points: tuple[int, ...] = POINTS
) -> FastFit:
    """Fit an outcome of a trial.

    Parameters
    ----------
    points
        Nodes along φ and the SDs of periods and weekdays; `FINE_POINTS` to check the default.
    priors
        By default those of `models.duration`; scaled to the outcome, and widened by the trial's `prior_width`.

    Raises
    ------
    AnalysisError
        The nights cannot inform the model: an empty arm, a constant outcome, too few nights.
    """
    design, y = nights_of(data, outcome)
    scaled = (priors or Priors()).for_trial(data, outcome).widened(data.prior_width)
    return fit_design(design, y, priors=scaled, points=points)


def fit_design(
    design: Design,
    y: Array,
    *,
    priors: Priors | None = None,
    points: tuple[int, ...] = POINTS,
    exposures: Array | None = None,
) -> FastFit:
    """Fit the nights of a design.

    Parameters
    ----------
    y : [night]
        NaN where not recorded.
    priors
        In the unit of the nights; they are not scaled.
    points
        Nodes along φ and the SDs of periods and weekdays.
    exposures : [night, arm]
        Exposure to each arm but the reference on each night, in place of 1 on its own nights and 0 on others; the
        effects then are those of an exposure of 1, and their priors are around 0.
    """
    priors = priors or Priors()
    laid = _LaidOut.of(design, priors)
    how = laid.hyper, laid.precision, _points(points), max(points) >= max(FINE_POINTS)
    if exposures is None:
        nights = y - _expected(design, y, priors), laid.day, laid.codes, laid.dense
        logs, means, covariances, spread = kernels.fit_one(*nights, laid.sizes, *how)
    else:
        # As dense columns, which are the last before those of the arms, so that they take the place of the arms.
        columns, no_arm = np.hstack([laid.dense, exposures]), laid.codes.copy()
        no_arm[:, 3] = 0
        sizes = (*laid.sizes[:3], columns.shape[1], 0)
        sums = kernels.gram_classes(y - priors.level_mean, laid.day, no_arm, columns, sizes)
        logs, means, covariances, spread = kernels.integrate(*sums, laid.sizes, *how)
    weights, log_evidence = normalised(logs)
    return FastFit(
        arms=design.arms[1:],
        log_evidence=log_evidence,
        weights=weights,
        means=means + (np.asarray(priors.effect_mean) if exposures is None else 0.0),
        covariances=covariances,
        spread=spread,
        nights=int(np.isfinite(y[design.analysed]).sum()),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class ManyFits:
    """Posteriors of many trials; NaN where a trial had too few nights.

    Attributes
    ----------
    mean, sd : ndarray [trial, contrast]
        Posterior mean and SD, in the unit of the nights.
    above : ndarray [trial, contrast, threshold]
        Posterior probability of more than each threshold.
    """

    mean: Array
    sd: Array
    above: Array

    def chances(self, *, sign: int) -> Chances:
        """Probabilities of the gain [trial, contrast], where the thresholds were -mid, 0 and mid."""
        under, better, over = 1.0 - self.above[..., 0], self.above[..., 1], self.above[..., 2]
        if sign < 0:
            over, under, better = under, over, 1.0 - better
        return Chances(better=better, worthwhile=over, equivalent=1.0 - over - under, much_worse=under)


def fit_many(
    design: Design,
    y: Array,
    *,
    arm: Codes | None = None,
    contrasts: Array | None = None,
    thresholds: tuple[float, ...] = (-15.0, 0.0, 15.0),
    priors: Priors | None = None,
    points: tuple[int, ...] = POINTS,
    threads: int | None = None,
) -> ManyFits:
    """Fit many trials of one design, each on its own, on every core.

    Parameters
    ----------
    y : [trial, night]
        NaN where not recorded; trials may lack different nights.
    arm : [trial, night]
        Codes of the arms, where trials have different orders; by default those of the design.
    contrasts : [contrast, arm]
        Weights on the arms but the reference; by default every arm minus the reference.
    thresholds
        For `ManyFits.above`, in the unit of the nights.
    priors
        In the unit of the nights; they are not scaled.
    points
        Nodes along φ and the SDs of periods and weekdays.
    threads
        By default one for each core.
    """
    priors = priors or Priors()
    laid = _LaidOut.of(design, priors)
    arms = design.arm[np.newaxis] if arm is None else arm
    along = (
        np.eye(len(design.arms) - 1) if contrasts is None else np.ascontiguousarray(contrasts, dtype=float)
    )
    centred = np.ascontiguousarray(y - _expected(design, y, priors, arms))
    at_zero = along @ np.broadcast_to(np.asarray(priors.effect_mean, dtype=float), along.shape[1])
    mean, sd = np.empty((len(y), len(along))), np.empty((len(y), len(along)))
    above = np.empty((len(y), len(along), len(thresholds)))

    def run(of: slice) -> None:
        kernels.fit_each(
            centred[of],
            np.ascontiguousarray(arms[of] if len(arms) > 1 else arms),
            *(laid.day, laid.codes, laid.dense, laid.sizes, laid.hyper, laid.precision, _points(points)),
            *(along, at_zero, np.array(thresholds), mean[of], sd[of], above[of]),
        )

    workers = threads or os.cpu_count() or 1
    bounds = np.linspace(0, len(y), min(4 * workers, max(len(y), 1)) + 1).astype(int)
    with ThreadPoolExecutor(workers) as pool:
        list(pool.map(run, [slice(a, b) for a, b in itertools.pairwise(bounds)]))
    return ManyFits(mean=mean, sd=sd, above=above)


@dataclass(frozen=True, slots=True, kw_only=True)
class _LaidOut:
    """A design and its priors as the compiled functions take them."""

    day: Codes
    codes: Codes
    dense: Array
    sizes: tuple[int, int, int, int, int]
    hyper: Array
    precision: Array

    @classmethod
    def of(cls, design: Design, priors: Priors) -> Self:
        arms = np.broadcast_to(np.asarray(priors.effect_sd, dtype=float), len(design.arms) - 1)
        fixed_sd = np.array([*(priors.sds[term] for term in ("level", *design.dense_terms)), *arms])
        return cls(
            day=design.day,
            codes=np.ascontiguousarray(design.codes),
            dense=np.ascontiguousarray(design.dense),
            sizes=design.sizes,
            hyper=np.array(
                [
                    np.log(priors.night_sd),
                    priors.night_log_sd,
                    priors.phi_sd,
                    priors.phi_limit,
                    priors.block_ratio,
                    priors.period_sd,
                    priors.weekday_sd,
                ]
            ),
            precision=fixed_sd**-2.0,
        )


def _points(points: tuple[int, ...]) -> Codes:
    return np.array(points, dtype=np.int64)


def _expected(design: Design, y: Array, priors: Priors, arms: Codes | None = None) -> Array:
    """Prior expectation of the nights, which is subtracted because the kernels' priors are around 0."""
    effect = np.broadcast_to(np.asarray(priors.effect_mean, dtype=float), len(design.arms) - 1)
    by_arm = np.concatenate([[0.0], effect])[design.arm if arms is None else arms]
    counted = np.isfinite(y) & design.analysed
    nights = np.maximum(counted.sum(axis=-1, keepdims=True), 1)
    return np.asarray(priors.level_mean + by_arm - (by_arm * counted).sum(axis=-1, keepdims=True) / nights)
