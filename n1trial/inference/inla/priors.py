"""The priors of the fast engine: of sleep time, written for minutes, and of counts.

`Priors` are those of `models.duration`, and a test holds the two together. Other continuous outcomes borrow
them in units of the SD that arms, trend and weekday leave. `CountPriors` are those of `models.awakenings`.
"""

from dataclasses import dataclass, replace
from typing import Self

from n1trial.data.trial_data import TrialData
from n1trial.design.outcomes import Outcome, log_ratio_sd
from n1trial.inference.model_matrix import columns_of, mean_and_sd_left

# SD of the log of a half-life around the stated one, as in `models.carry_over`.
HALF_LIFE_LOG_SD = 0.7


@dataclass(frozen=True, slots=True, kw_only=True)
class Priors:
    """SDs of Gaussian priors, scales of half-normal ones; in minutes, or in the outcome's unit once scaled.

    `level_mean` and `level_sd` are of the mean level; `effect_mean` and `effect_sd` of an arm minus the
    reference, one for all or one an arm; `trend_sd` of the change from the first planned night to the last;
    `run_in_sd` of the run-in against the reference; `covariate_sd` of each further column, per SD of it;
    `block_ratio` is the SD of blocks in SDs of nights; `period_sd` and `weekday_sd` are scales of the half-normal
    priors of those SDs; `night_sd` and `night_log_sd` the median and log SD of σ; φ is Gaussian of SD `phi_sd`
    within ±`phi_limit`.
    """

    level_mean: float = 420.0
    level_sd: float = 75.0
    effect_mean: float | tuple[float, ...] = 0.0
    effect_sd: float | tuple[float, ...] = 25.0
    trend_sd: float = 20.0
    run_in_sd: float = 75.0
    covariate_sd: float = 15.0
    block_ratio: float = 1.25
    period_sd: float = 60.0
    weekday_sd: float = 30.0
    night_sd: float = 60.0
    night_log_sd: float = 0.4
    phi_sd: float = 0.2
    phi_limit: float = 0.9

    def scaled(self, outcome: Outcome, *, mean: float, sd: float) -> Self:
        """The same priors for another outcome, whose nights have this mean and SD from night to night."""
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
            weekday_sd=by * self.weekday_sd,
            night_sd=by * self.night_sd,
        )

    def widened(self, width: float) -> Self:
        """The same priors, those of effects so many times as wide."""
        return self if width == 1.0 else replace(self, effect_sd=_times(self.effect_sd, width))

    def for_trial(self, data: TrialData, outcome: Outcome) -> Self:
        """The same priors for an outcome of a trial.

        Raises
        ------
        AnalysisError
            As `columns.columns_of`.
        """
        if outcome.name == "tst_min":
            return self
        mean, sd = mean_and_sd_left(columns_of(data, outcome))
        return self.scaled(outcome, mean=mean, sd=sd)


def _times(lengths: float | tuple[float, ...], by: float) -> float | tuple[float, ...]:
    return tuple(by * each for each in lengths) if isinstance(lengths, tuple) else by * lengths


@dataclass(frozen=True, slots=True, kw_only=True)
class CountPriors:
    """The priors of `models.awakenings`, on the log scale; a test holds the two together.

    Names as in `Priors`. The level is around the log of the mean count, the effects around 0, where wakes are few
    with a wider SD (`for_trial`); the dispersion
    ω is Gaussian of mean `omega_mean` and SD `omega_sd` within `omega_limits`.
    """

    level_sd: float = 0.5
    effect_sd: float = 0.5
    trend_sd: float = 0.15
    run_in_sd: float = 0.5
    covariate_sd: float = 0.15
    block_sd: float = 0.5
    period_sd: float = 0.4
    weekday_sd: float = 0.1
    omega_mean: float = 0.0
    omega_sd: float = 0.35
    omega_limits: tuple[float, float] = (-0.5, 0.9)

    def widened(self, width: float) -> Self:
        """The same priors, those of effects so many times as wide."""
        return replace(self, effect_sd=width * self.effect_sd)

    def for_trial(self, data: TrialData, outcome: Outcome) -> Self:
        """The same priors for the person of a trial."""
        return self.for_person(outcome, float(data.analysed(outcome)[outcome.name].mean()))

    def for_person(self, outcome: Outcome, usual: float) -> Self:
        """The same priors for a person with so many wakes a night."""
        return replace(self, effect_sd=log_ratio_sd(outcome, usual, at_least=self.effect_sd))


@dataclass(frozen=True, slots=True, kw_only=True)
class BadNightPriors:
    """The priors of `models.bad_nights`, on the logit scale; a test holds the two together.

    Names as in `Priors`; `block_sd` is of the level of each block.
    """

    level_sd: float = 1.0
    effect_sd: float = 1.0
    trend_sd: float = 0.5
    run_in_sd: float = 1.0
    covariate_sd: float = 0.5
    block_sd: float = 1.0
    period_sd: float = 0.5
    weekday_sd: float = 0.5

    def sd_of(self, term: str) -> float:
        """Prior SD of the coefficients of a term that is neither period nor weekday."""
        return {
            "arm": self.effect_sd,
            "trend": self.trend_sd,
            "run_in": self.run_in_sd,
            "covariates": self.covariate_sd,
            "block": self.block_sd,
        }[term]

    def widened(self, width: float) -> Self:
        """The same priors, those of effects so many times as wide."""
        return replace(self, effect_sd=width * self.effect_sd)
