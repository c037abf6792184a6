"""Wake episodes without sampling: `models.awakenings`, per night, by nested Laplace approximation.

    n_t ~ GeneralisedPoisson(λ_t, ω) where ω < 0, a negative binomial elsewhere
    log λ_t = α + δ_arm + s τ_t + u_period + v_block + d_weekday + x_t'γ

Given ω and the SDs of periods and weekdays, the linear coefficients are Gaussian by Laplace's approximation
(`kernels`). The three are integrated on a product of Gauss rules, which are placed by evaluating the density along
lines. So log rates are a mixture of Gaussians, and a contrast is a change between two of them.

Against a Poisson model in NumPyro (100,000 draws), means of log ratios differ by .004 posterior SD, and SDs by .2 %
on the fine grid and 1 % on the default one. Against this package's sampler (20,000 draws, .7 to 3 wakes a night) log
ratios differ by .005 SD and 2 %; of changes in wakes a night SDs are up to 6.5 % smaller, and intervals up to .2 SD
narrower at either end, because the log of the mean rate is linearised.

Nested Laplace: Rue, Martino & Chopin (2009), doi:10.1111/j.1467-9868.2008.00700.x.
"""

import os
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Literal

import numpy as np

from n1trial.data.trial_data import TrialData
from n1trial.design.outcomes import Outcome
from n1trial.design.verdict import INTERVAL, NightsAlone
from n1trial.inference.inla._count_nights import CountNights
from n1trial.inference.inla.design import Design
from n1trial.inference.inla.gaussian import ManyFits
from n1trial.inference.inla.mixture import Components, normalised
from n1trial.inference.inla.priors import CountPriors
from n1trial.inference.inla.rate_change import RateChange
from n1trial.inference.model_matrix import columns_of
from n1trial.inference.night_process import zero_sum_basis
from n1trial.system.arrays import Array, Codes

COUNT_POINTS = (6, 4, 4)
# For simulations, in which errors of .1 SD in single trials at the end of the support do not matter.
MANY_COUNT_POINTS = (4, 3, 3)
FINE_COUNT_POINTS = (9, 9, 7)


@dataclass(frozen=True, slots=True, kw_only=True)
class CountFit(Components):
    """Posterior of the log rates.

    The coefficients are the log of the mean rate a night on the reference, over the analysed nights, and each arm's log
    rate ratio to it, δ; `spread` [component, 3] has ω, and the SDs of periods and weekdays (0: no such term).
    """

    @property
    def mean(self) -> Array:
        """Posterior means of δ [arm]."""
        return self.weights @ self.means[:, 1:]

    @property
    def sd(self) -> Array:
        """Posterior SDs of δ [arm]."""
        within = np.diagonal(self.covariances[:, 1:, 1:], axis1=1, axis2=2)
        return np.sqrt(self.weights @ (within + (self.means[:, 1:] - self.mean) ** 2))

    def contrast(
        self, arm: str, comparator: str | None = None, *, scale: Literal["difference", "percent"]
    ) -> RateChange:
        """Posterior of arm minus comparator (None: the reference), in wakes a night or per cent of the comparator's."""
        of_arm, of_other = (
            np.array([float(name == wanted) for name in self.arms]) for wanted in (arm, comparator)
        )
        log_ratio = np.concatenate([[0.0], of_arm - of_other])
        middle = np.concatenate([[1.0], (of_arm + of_other) / 2])
        return RateChange(
            scale=scale,
            weights=self.weights,
            means=self.means @ log_ratio,
            sds=np.sqrt(np.einsum("jab,a,b->j", self.covariances, log_ratio, log_ratio)),
            middles=self.means @ middle,
            middle_sds=np.sqrt(np.einsum("jab,a,b->j", self.covariances, middle, middle)),
            shared=np.einsum("jab,a,b->j", self.covariances, log_ratio, middle),
        )


def fit_counts(
    data: TrialData,
    outcome: Outcome,
    *,
    priors: CountPriors | None = None,
    omega: float | None = None,
    points: tuple[int, int, int] = COUNT_POINTS,
    exposures: Array | None = None,
) -> CountFit:
    """Fit counts of a trial, per night, not adjusted for sleep time.

    Parameters
    ----------
    priors
        By default those of `models.awakenings`; widened by the trial's `prior_width`.
    omega
        The dispersion where it is known: 0 for Poisson.
    points
        Nodes along ω and the SDs of periods and weekdays; `FINE_COUNT_POINTS` to check the default.
    exposures : [row, arm]
        Exposure to each arm but the reference on each night of the trial's table, in place of 1 on its own nights and 0
        on others.

    Raises
    ------
    AnalysisError
        The nights cannot inform the model: an empty arm, a constant outcome, too few nights.
    """
    columns = columns_of(data, outcome)
    priors = (priors or CountPriors()).for_trial(data, outcome).widened(data.prior_width)
    nights = CountNights.of(columns if exposures is None else columns.exposed(exposures), priors)
    return _fitted(nights, data.treatments, priors, points=points, omega=omega)


def _fitted(
    nights: CountNights,
    arms: tuple[str, ...],
    priors: CountPriors,
    *,
    points: tuple[int, int, int],
    omega: float | None = None,
) -> CountFit:
    logs, means, covariances, spread = nights.components(priors, points=points, omega=omega)
    weights, log_evidence = normalised(logs)
    return CountFit(
        arms=arms,
        weights=weights,
        means=means,
        covariances=covariances,
        spread=spread,
        nights=int(nights.analysed.sum()),
        log_evidence=log_evidence,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class ManyCountFits(ManyFits):
    """Posteriors of many trials, every arm against the reference; NaN where a trial had too few nights.

    Attributes
    ----------
    mean, sd, above : ndarray
        As in `ManyFits`.
    low, high : ndarray [trial, arm]
        Ends of the interval.
    log_ratio, log_ratio_sd : ndarray [trial, arm]
        Posterior mean and SD of the log rate ratio, δ.
    usual : ndarray [trial]
        Mean count on the reference.
    prior_sd : ndarray [trial]
        Prior SD of δ.
    """

    low: Array
    high: Array
    log_ratio: Array
    log_ratio_sd: Array
    usual: Array
    prior_sd: Array

    def nights_alone(self, outcome: Outcome) -> NightsAlone:
        """What the nights of each trial say under a flat prior."""
        mids = np.array(
            [outcome.log_mid(usual) if np.isfinite(usual) else (np.nan, np.nan) for usual in self.usual]
        )
        gain, loss = mids.T if outcome.better == "lower" else mids.T[::-1]
        return NightsAlone.of(
            outcome.sign * self.log_ratio,
            self.log_ratio_sd,
            prior_sd=self.prior_sd[:, np.newaxis],
            mid=gain[:, np.newaxis],
            loss=loss[:, np.newaxis],
        )


def fit_many_counts(
    design: Design,
    y: Array,
    *,
    outcome: Outcome,
    arm: Codes | None = None,
    priors: CountPriors | None = None,
    points: tuple[int, int, int] = MANY_COUNT_POINTS,
    threads: int | None = None,
) -> ManyCountFits:
    """Fit counts of many trials of one design, each on its own, on every core.

    Parameters
    ----------
    y : [trial, night]
        Counts, NaN where not recorded; trials may lack different nights.
    outcome
        Says which direction is better, and the smallest worthwhile effect.
    arm : [trial, night]
        Codes of the arms, where trials have different orders; by default those of the design.
    priors
        As for `fit_counts`, made wider for a person with few wakes.
    points
        Nodes along ω and the SDs of periods and weekdays.
    threads
        By default one for each core.
    """
    arms = np.broadcast_to(design.arm if arm is None else arm, y.shape)
    chosen = priors or CountPriors()
    figures = np.full((6, len(y), len(design.arms) - 1), np.nan)
    above = np.full((len(y), len(design.arms) - 1, 3), np.nan)
    usual, prior_sd = np.full(len(y), np.nan), np.full(len(y), np.nan)

    def run(trial: int) -> None:
        recorded = np.isfinite(y[trial])
        counted = arms[trial][recorded & design.analysed]
        nights = y[trial][recorded & design.analysed]
        if (
            len(counted) < 2 * len(design.arms)
            or len(np.unique(counted)) < len(design.arms)
            or not nights.any()
        ):
            return
        own = chosen.for_person(outcome, float(nights.mean()))
        prior_sd[trial] = own.effect_sd
        fit = _fitted(
            _nights_of_design(design, y[trial], arms[trial], own), design.arms[1:], own, points=points
        )
        usual[trial] = np.exp(fit.weights @ fit.means[:, 0])
        for number, name in enumerate(fit.arms):
            change = fit.contrast(name, scale=outcome.scale)
            low, high = change.interval(INTERVAL)
            figures[:, trial, number] = change.mean, change.sd, low, high, fit.mean[number], fit.sd[number]
            above[trial, number] = [change.above(x) for x in (-outcome.mid, 0.0, outcome.mid)]

    with ThreadPoolExecutor(threads or os.cpu_count() or 1) as pool:
        list(pool.map(run, range(len(y))))
    return ManyCountFits(
        mean=figures[0],
        sd=figures[1],
        above=above,
        low=figures[2],
        high=figures[3],
        log_ratio=figures[4],
        log_ratio_sd=figures[5],
        usual=usual,
        prior_sd=prior_sd,
    )


def _nights_of_design(design: Design, y: Array, arm: Codes, priors: CountPriors) -> CountNights:
    """The columns of `model_matrix.columns_of` for simulated nights of a design."""
    recorded = np.isfinite(y)
    analysed = design.analysed[recorded]
    blocks, periods, weekdays, _, arms = design.sizes
    terms = {"arm": (arm[recorded, np.newaxis] == np.arange(1, arms + 1)).astype(float)}
    for dense in dict.fromkeys(design.dense_terms):
        of_term = [column for column, name in enumerate(design.dense_terms) if name == dense]
        terms[dense] = design.dense[recorded][:, of_term]
    for term, codes, number in (("block", design.block, blocks), ("period", design.period, periods)):
        if number:
            terms[term] = np.eye(number)[codes[recorded]] * analysed[:, np.newaxis]
    if blocks:
        terms["block"] = terms["block"] @ zero_sum_basis(blocks)
    if weekdays:
        terms["weekday"] = np.eye(7)[design.weekday[recorded]]
    share = terms["arm"][analysed].mean(axis=0)
    for term in ("arm", "trend", "block", "weekday"):
        if term in terms:
            terms[term] = terms[term] - terms[term][analysed].mean(axis=0)
    return CountNights.laid_out(y[recorded], analysed.astype(float), terms, share, priors=priors)
