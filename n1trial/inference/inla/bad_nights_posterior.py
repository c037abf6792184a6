"""The posterior of the share of bad nights on every arm, and of its change between two arms."""

from dataclasses import dataclass

import numpy as np

from n1trial.design.outcomes import BAD_NIGHTS
from n1trial.design.protocol import VerdictRule
from n1trial.design.verdict import (
    INTERVAL,
    SAYS_NO,
    Chances,
    NightsAlone,
    Verdict,
    contrast_prior_sd,
    verdict_of,
)
from n1trial.system.arrays import Array


@dataclass(frozen=True, slots=True, kw_only=True)
class BadNightsFit:
    """Posterior of the share of bad nights on every arm, as equally likely draws.

    Attributes
    ----------
    arms : tuple of str
        Names of the arms, the reference first.
    shares : ndarray [draw, arm]
        Shares of bad nights, 0 to 1, averaged over the analysed nights.
    log_odds : ndarray [draw, arm]
        Log odds ratio to the reference, δ.
    effect_sd : float
        Prior SD of δ.
    bad, nights : tuple of int [arm]
        Bad nights, and all analysed nights.
    effective_draws : float
        Effective sample size of the weighted draws.
    """

    arms: tuple[str, ...]
    shares: Array
    log_odds: Array
    effect_sd: float
    bad: tuple[int, ...]
    nights: tuple[int, ...]
    effective_draws: float

    def contrast(self, arm: str, comparator: str | None = None) -> "ShareChange":
        """Arm minus comparator; None: minus the reference."""
        ours, theirs = self.arms.index(arm), self.arms.index(comparator or self.arms[0])
        return ShareChange(
            points=100 * (self.shares[:, ours] - self.shares[:, theirs]),
            log_odds=self.log_odds[:, ours] - self.log_odds[:, theirs],
            prior_sd=contrast_prior_sd(self.effect_sd, against_reference=ours == 0 or theirs == 0),
            any_unseen=min(self.bad[ours], self.bad[theirs]) == 0,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class ShareChange:
    """The change of the share of bad nights from a comparator to an arm.

    Attributes
    ----------
    points : ndarray [draw]
        In nights of 100.
    log_odds : ndarray [draw]
        Log odds ratio.
    prior_sd : float
        Prior SD of the log odds ratio.
    any_unseen : bool
        Whether one of the two arms has no bad night at all.
    """

    points: Array
    log_odds: Array
    prior_sd: float
    any_unseen: bool

    @property
    def mean(self) -> float:
        """Posterior mean, bad nights of 100; below 0 where the arm has fewer."""
        return float(self.points.mean())

    @property
    def sd(self) -> float:
        """Posterior SD, of 100 nights."""
        return float(self.points.std())

    @property
    def interval(self) -> tuple[float, float]:
        """Equal-tailed interval, of 100 nights."""
        return _interval(self.points)

    @property
    def odds_ratio(self) -> tuple[float, float, float]:
        """Median of the odds ratio, and its equal-tailed interval."""
        low, high = _interval(self.log_odds)
        return float(np.exp(np.median(self.log_odds))), float(np.exp(low)), float(np.exp(high))

    @property
    def p_fewer(self) -> float:
        """Posterior probability that the arm has fewer bad nights."""
        return float((self.points < 0).mean())

    def verdict(self, rule: VerdictRule, *, mid: float = BAD_NIGHTS.mid) -> Verdict:
        """The verdict by the trial's rule; never a "no" where an arm has no bad night."""
        verdict = verdict_of(Chances.of(-self.points, mid), alone=self._nights_alone(mid), rule=rule)
        return "can't tell yet" if self.any_unseen and verdict in SAYS_NO else verdict

    def _nights_alone(self, mid: float) -> NightsAlone:
        """The posterior under a flat prior: draws weighted by one over the prior density."""
        flat = np.exp(0.5 * (self.log_odds / self.prior_sd) ** 2)
        flat /= flat.sum()
        return NightsAlone(
            worthwhile=float(flat @ (self.points <= -mid)),
            much_worse=float(flat @ (self.points >= mid)),
            sd_ratio=float(self.log_odds.std()) / self.prior_sd,
        )


def _interval(draws: Array) -> tuple[float, float]:
    low, high = np.quantile(draws, [(1 - INTERVAL) / 2, (1 + INTERVAL) / 2])
    return float(low), float(high)
