"""The priors of the fast engine: of the Gaussian twin, written for minutes of sleep, and of counts.

`Priors` are those of `models.duration`, and a test holds the two together. Other continuous outcomes borrow
them in units of their own SD. `CountPriors` are those of `models.awakenings`.
"""

from dataclasses import dataclass, replace
from typing import Self

from n1trial.columns import Array
from n1trial.outcomes import Outcome


@dataclass(frozen=True, slots=True, kw_only=True)
class Priors:
    """SDs of Gaussian priors, scales of half-normal ones; in minutes, or in the outcome's unit once scaled.

    `level_mean` and `level_sd` are of the mean level; `effect_mean` and `effect_sd` of an arm minus the
    reference, one for all or one an arm; `trend_sd` of the change from the first planned night to the last;
    `run_in_sd` of the run-in against the reference;
    `covariate_sd` of each further column, per SD of it; `period_sd`, `block_sd` and `weekday_sd` are scales
    of the half-normal priors of those SDs; `night_sd` and `night_log_sd` the median and log SD of σ; φ is
    Gaussian of SD `phi_sd` within ±`phi_limit`.
    """

    level_mean: float = 420.0
    level_sd: float = 75.0
    effect_mean: float | tuple[float, ...] = 0.0
    effect_sd: float | tuple[float, ...] = 20.0
    trend_sd: float = 20.0
    run_in_sd: float = 75.0
    covariate_sd: float = 15.0
    period_sd: float = 15.0
    block_sd: float = 20.0
    weekday_sd: float = 30.0
    night_sd: float = 60.0
    night_log_sd: float = 0.4
    phi_sd: float = 0.2
    phi_limit: float = 0.9

    def scaled(self, outcome: Outcome, *, mean: float, sd: float) -> Self:
        """The same priors for another outcome, whose nights have this mean and SD."""
        if outcome.name == "tst_min":
            return self
        by = sd / self.night_sd
        return replace(
            self,
            level_mean=mean,
            level_sd=by * self.level_sd,
            effect_mean=_times(self.effect_mean, by),
            effect_sd=_times(self.effect_sd, by),
            trend_sd=by * self.trend_sd,
            run_in_sd=by * self.run_in_sd,
            covariate_sd=by * self.covariate_sd,
            period_sd=by * self.period_sd,
            block_sd=by * self.block_sd,
            weekday_sd=by * self.weekday_sd,
            night_sd=by * self.night_sd,
        )

    def for_nights(self, outcome: Outcome, y: Array) -> Self:
        """The same priors for these nights [night] of an outcome."""
        return self.scaled(outcome, mean=float(y.mean()), sd=float(y.std(ddof=1)))


def _times(lengths: float | tuple[float, ...], by: float) -> float | tuple[float, ...]:
    return tuple(by * each for each in lengths) if isinstance(lengths, tuple) else by * lengths


@dataclass(frozen=True, slots=True, kw_only=True)
class CountPriors:
    """The priors of `models.awakenings`, on the log scale; a test holds the two together.

    Names as in `Priors`. The level is around the log of the mean count, the effects around 0; the dispersion
    ω is Gaussian of mean `omega_mean` and SD `omega_sd` within `omega_limits`.
    """

    level_sd: float = 0.5
    effect_sd: float = 0.2
    trend_sd: float = 0.15
    run_in_sd: float = 0.5
    covariate_sd: float = 0.15
    period_sd: float = 0.1
    block_sd: float = 0.2
    weekday_sd: float = 0.1
    omega_mean: float = -0.1
    omega_sd: float = 0.2
    omega_limits: tuple[float, float] = (-0.5, 0.9)
