"""The priors of the fast engine: the numbers of `n1trial.inference.priors`, as its kernels take them.

`Priors` are those of `models.duration`, in minutes; other continuous outcomes use them in units of their residual
SD. `CountPriors` are those of `models.awakenings` and `BadNightPriors` those of `models.bad_nights`. Tests compare
them with the table.
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
class CountPriors:
    """The priors of `models.awakenings`, on the log scale.

    Attributes as in `Priors`. The level is around the log of the mean count, and the effects around 0, with a wider SD
    where wakes are few (`for_trial`). The dispersion ω is Gaussian with `omega_mean` and `omega_sd`, truncated at
    `omega_limits`.
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
        """The same with priors of effects `width` times as wide."""
        return replace(self, effect_sd=width * self.effect_sd)

    def for_trial(self, data: TrialData, outcome: Outcome) -> Self:
        """The same for the person of a trial."""
        return self.for_person(outcome, float(data.analysed(outcome)[outcome.name].mean()))

    def for_person(self, outcome: Outcome, usual: float) -> Self:
        """The same for a person with `usual` wakes a night."""
        return replace(self, effect_sd=log_ratio_sd(outcome, usual, at_least=self.effect_sd))


@dataclass(frozen=True, slots=True, kw_only=True)
class BadNightPriors:
    """The priors of `models.bad_nights`, on the logit scale.

    Attributes as in `Priors`; `block_sd` is of the level of each block.
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
        """The same with priors of effects `width` times as wide."""
        return replace(self, effect_sd=width * self.effect_sd)
