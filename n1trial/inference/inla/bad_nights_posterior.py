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
from n1trial.inference.model_matrix import Array


@dataclass(frozen=True, slots=True, kw_only=True)
class BadNightsFit:
    """Posterior of the share of bad nights on every arm, as equally likely draws.

    `arms` are the names, the reference first. `shares` [draw, arm] are shares of bad nights, 0 to 1, averaged over
    the analysed nights; `log_odds` [draw, arm] is δ, 0 for the reference. `effect_sd` is the prior SD of δ, and
    `bad` and `nights` [arm] count bad and all analysed nights. `effective_draws` says how many independent draws
    the weighted ones were worth.
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
    """The change of the share of bad nights: `points` [draw] of a hundred nights, and its `log_odds` [draw].

    `prior_sd` is that of the log odds ratio. `any_unseen` says that one of the two arms has no bad night at all.
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
        """Chance that the arm has fewer bad nights."""
        return float((self.points < 0).mean())

    def verdict(self, rule: VerdictRule, *, mid: float = BAD_NIGHTS.mid) -> Verdict:
        """What it amounts to by the rule of the trial; never "no" where an arm has no bad night to count."""
        found = verdict_of(Chances.of(-self.points, mid), alone=self._nights_alone(mid), rule=rule)
        return "can't tell yet" if self.any_unseen and found in SAYS_NO else found

    def _nights_alone(self, mid: float) -> NightsAlone:
        """What the nights say without the prior, which is taken off every draw."""
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
