"""The priors of the fast engine: the rows of `n1trial.inference.priors`, as its kernels take them.

`Priors` are those of `models.duration`, in minutes; other continuous outcomes use them in units of their residual
SD. `CountPriors` are those of `models.awakenings` and `BadNightPriors` those of `models.bad_nights`.
"""

from dataclasses import dataclass, replace
from typing import Self

from n1trial.data.trial_data import TrialData
from n1trial.design.outcomes import Outcome, log_ratio_sd
from n1trial.inference import priors as prior
from n1trial.inference.model_matrix import columns_of, mean_and_sd_left


@dataclass(frozen=True, slots=True, kw_only=True)
class Priors:
    """Priors of a continuous outcome, in minutes, or in the outcome's unit once scaled.

    Attributes
    ----------
    level_mean, level_sd : float
        Mean and SD of the level.
    effect_mean, effect_sd : float or tuple of float [arm]
        Mean and SD of an arm minus the reference, one for all or one for each arm.
    trend_sd : float
        SD of the change from the first planned night to the last.
    run_in_sd : float
        SD of the run-in minus the reference.
    covariate_sd : float
        SD of the coefficient of each covariate, per SD of the covariate.
    block_ratio : float
        SD of blocks, in residual SDs of nights.
    period_sd, weekday_sd : float
        Scales of the half-normal priors of the SDs between periods and weekdays.
    night_sd, night_log_sd : float
        Median of σ, and SD of its log.
    phi_sd, phi_limit : float
        φ is Gaussian around 0 with this SD, truncated at ±`phi_limit`.
    """

    level_mean: float = prior.LEVEL.parameters[0]
    level_sd: float = prior.LEVEL.scale
    effect_mean: float | tuple[float, ...] = prior.EFFECT.parameters[0]
    effect_sd: float | tuple[float, ...] = prior.EFFECT.scale
    trend_sd: float = prior.TREND.scale
    run_in_sd: float = prior.RUN_IN.scale
    covariate_sd: float = prior.COVARIATE.scale
    block_ratio: float = prior.BLOCK.scale
    period_sd: float = prior.PERIOD_SD.scale
    weekday_sd: float = prior.WEEKDAY_SD.scale
    night_sd: float = prior.NIGHT_SD.parameters[0]
    night_log_sd: float = prior.NIGHT_SD.scale
    phi_sd: float = prior.PHI.scale
    phi_limit: float = prior.PHI.limits[1]

    @property
    def sds(self) -> dict[str, float | tuple[float, ...]]:
        """Prior SDs of the level and of linear terms, by term as in `model_matrix.Columns`; of blocks in σ."""
        return {
            "level": self.level_sd,
            "arm": self.effect_sd,
            "trend": self.trend_sd,
            "run_in": self.run_in_sd,
            "covariates": self.covariate_sd,
            "block": self.block_ratio,
        }

    def scaled(self, outcome: Outcome, *, mean: float, sd: float) -> Self:
        """The priors of another outcome, whose nights have this mean and this residual SD."""
        unit = outcome.measure.prior_unit
        if unit == 1.0:
            return self
        by = sd / self.night_sd if unit is None else unit
        return replace(
            self,
            level_mean=mean if unit is None else unit * self.level_mean,
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
        """The same with priors of effects `width` times as wide."""
        return self if width == 1.0 else replace(self, effect_sd=_times(self.effect_sd, width))

    def for_trial(self, data: TrialData, outcome: Outcome) -> Self:
        """The same priors for an outcome of a trial.

        Raises
        ------
        AnalysisError
            As `model_matrix.columns_of`.
        """
        if outcome.measure.prior_unit == 1.0:
            return self
        mean, sd = mean_and_sd_left(columns_of(data, outcome))
        return self.scaled(outcome, mean=mean, sd=sd)


def _times(lengths: float | tuple[float, ...], by: float) -> float | tuple[float, ...]:
    return tuple(by * length for length in lengths) if isinstance(lengths, tuple) else by * lengths


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkedPriors:
    """Priors on the scale of a link function; attributes as in `Priors`, `block_sd` of the level of each block."""

    level_sd: float
    effect_sd: float
    trend_sd: float
    run_in_sd: float
    covariate_sd: float
    block_sd: float
    period_sd: float
    weekday_sd: float

    @property
    def sds(self) -> dict[str, float]:
        """Prior SDs of the level and of linear terms, by the term's name in `model_matrix.Columns`."""
        return {
            "level": self.level_sd,
            "arm": self.effect_sd,
            "trend": self.trend_sd,
            "run_in": self.run_in_sd,
            "covariates": self.covariate_sd,
            "block": self.block_sd,
        }

    def widened(self, width: float) -> Self:
        """The same with priors of effects `width` times as wide."""
        return replace(self, effect_sd=width * self.effect_sd)


@dataclass(frozen=True, slots=True, kw_only=True)
class CountPriors(LinkedPriors):
    """The priors of `models.awakenings`, on the log scale.

    The level is around the log of the mean count, and the effects around 0, with a wider SD
    where wakes are few (`for_trial`). The dispersion ω is Gaussian with `omega_mean` and `omega_sd`, truncated at
    `omega_limits`.
    """

    level_sd: float = prior.LOG_LEVEL.scale
    effect_sd: float = prior.LOG_RATIO.scale
    trend_sd: float = prior.LOG_TREND.scale
    run_in_sd: float = prior.LOG_RUN_IN.scale
    covariate_sd: float = prior.LOG_COVARIATE.scale
    block_sd: float = prior.LOG_BLOCK.scale
    period_sd: float = prior.LOG_PERIOD_SD.scale
    weekday_sd: float = prior.LOG_WEEKDAY_SD.scale
    omega_mean: float = prior.OMEGA.parameters[0]
    omega_sd: float = prior.OMEGA.scale
    omega_limits: tuple[float, float] = prior.OMEGA.limits

    def for_trial(self, data: TrialData, outcome: Outcome) -> Self:
        """The same for the person of a trial."""
        return self.for_person(outcome, float(data.analysed(outcome)[outcome.name].mean()))

    def for_person(self, outcome: Outcome, usual: float) -> Self:
        """The same for a person with `usual` wakes a night."""
        return replace(self, effect_sd=log_ratio_sd(outcome, usual, at_least=self.effect_sd))


@dataclass(frozen=True, slots=True, kw_only=True)
class BadNightPriors(LinkedPriors):
    """The priors of `models.bad_nights`, on the logit scale."""

    level_sd: float = prior.LOGIT_LEVEL.scale
    effect_sd: float = prior.LOG_ODDS.scale
    trend_sd: float = prior.LOGIT_TREND.scale
    run_in_sd: float = prior.LOGIT_RUN_IN.scale
    covariate_sd: float = prior.LOGIT_COVARIATE.scale
    block_sd: float = prior.LOGIT_BLOCK.scale
    period_sd: float = prior.LOGIT_PERIOD_SD.scale
    weekday_sd: float = prior.LOGIT_WEEKDAY_SD.scale
