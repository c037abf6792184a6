"""Wake episodes as a PyMC model: what the models of counts share."""

from collections.abc import Callable, Mapping

import numpy as np
import pymc as pm
import pytensor.tensor as pt
import xarray as xr

from n1trial.data.trial_data import TrialData
from n1trial.design.outcomes import Outcome, log_ratio_sd
from n1trial.inference import priors as prior
from n1trial.inference.model_matrix import Columns, columns_of, count_unit
from n1trial.inference.models._linear import coefficients, linear, stacked
from n1trial.inference.models._sleep import effect_prior, fixed_shape, sceptical
from n1trial.system.arrays import Array

type Likelihood = Callable[[pt.TensorVariable, pt.TensorVariable, pt.TensorVariable, pt.TensorVariable], None]

LINEAR = {
    "trend": prior.LOG_TREND,
    "run_in": prior.LOG_RUN_IN,
    "covariates": prior.LOG_COVARIATE,
    "block": prior.LOG_BLOCK,
    "period": prior.LOG_PERIOD_SD,
    "weekday": prior.LOG_WEEKDAY_SD,
}


def count_model(data: TrialData, outcome: Outcome, likelihood: Likelihood) -> pm.Model:
    """Make the model; see `awakenings` for its formula.

    Parameters
    ----------
    likelihood
        Called inside the model with counts, rates and weights [night] and the usual count; adds the variable "nights".
    """
    columns = columns_of(data, outcome)
    with pm.Model(coords=columns.coords, check_bounds=False) as model:
        effect = count_nights(data, outcome, columns, likelihood)
        pm.Deterministic("effect", effect, dims="contrast")
    return model


def count_nights(
    data: TrialData,
    outcome: Outcome,
    columns: Columns,
    likelihood: Likelihood,
    *,
    suffix: str = "",
    standards: Mapping[str, pt.TensorVariable] | None = None,
) -> pt.TensorVariable:
    """Add all variables of a model of counts, and return the effects [contrast] in the outcome's contrast unit.

    Parameters
    ----------
    columns
        Model matrix of the counts.
    likelihood
        As `count_model` takes it.
    suffix
        Added to every name but "delta" and "kappa", where another outcome is in the model.
    standards
        Standard normal values of hierarchical terms, by term, where the caller has made them.
    """
    count = fixed_shape(f"y{suffix}", columns.y)
    table = fixed_shape(f"nights_table{suffix}", night_table(columns, log_sleep=None))
    analysed, used, log_sleep, design = table[0], table[1], table[2], table[3:]
    unit = fixed_shape(f"unit{suffix}", np.concatenate([[log_level(data, outcome)], columns.arm_share]))
    mean, sd = effect_prior(data, ratio_sd(data, outcome), suffix)
    level = pm.Normal(f"level{suffix}", unit[0], prior.LOG_LEVEL.scale)
    delta = pm.Normal("delta", mean, sd, dims="contrast")
    kappa = pm.Normal("kappa", *prior.KAPPA.parameters)
    rest = coefficients(columns, LINEAR, suffix=suffix, standards=standards)
    log_rate = kappa * log_sleep + pt.dot(stacked(columns, level, delta, rest), design)
    likelihood(count, pt.exp(log_rate), used, pt.exp(unit[0]))
    # Mean rate of the analysed nights, had all of them been on the reference.
    tonight = pt.dot(delta, design[1 : 1 + len(data.treatments)] + pt.outer(unit[1:], used))
    on_reference = pt.dot(analysed, pt.exp(log_rate - tonight)) / pt.sum(analysed)
    gain = pt.exp(delta) - 1.0
    return 100.0 * gain if outcome.scale == "percent" else on_reference * gain


def night_table(columns: Columns, *, log_sleep: Array | None) -> Array:
    """Weight in the contrast, weight in the likelihood, log sleep time and the model matrix [column, night]."""
    sleep = np.zeros_like(columns.y) if log_sleep is None else log_sleep
    return np.vstack([columns.analysed, columns.used, sleep, columns.design.T])


def usual_count(data: TrialData, outcome: Outcome) -> float:
    """Mean count of the analysed nights."""
    return float(data.analysed(outcome)[outcome.name].mean())


def log_level(data: TrialData, outcome: Outcome) -> float:
    """Log of the mean count of the analysed nights, around which the level has its prior."""
    return float(np.log(usual_count(data, outcome)))


def count_priors(data: TrialData, outcome: Outcome, further: tuple[prior.Prior, ...]) -> Mapping[str, str]:
    """The priors in words, on the log scale; `further` are those of the likelihood."""
    columns = columns_of(data, outcome)
    terms = tuple(of_term for name, of_term in LINEAR.items() if name in columns.terms)
    ratio = prior.LOG_RATIO.widened(data.prior_width * ratio_sd(data, outcome) / prior.LOG_RATIO.scale)
    every = (prior.LOG_LEVEL, ratio, *terms, prior.KAPPA, *further)
    return prior.in_words(every, level=float(np.exp(log_level(data, outcome))))


def effect_prior_sd(data: TrialData, outcome: Outcome) -> float:
    """SD that the prior of the log rate ratio implies for an effect, in the contrast unit."""
    return data.prior_width * ratio_sd(data, outcome) * count_unit(data, outcome)


def ratio_sd(data: TrialData, outcome: Outcome) -> float:
    """SD of the prior of the log rate ratio, by how many wakes a night the person has."""
    return log_ratio_sd(outcome, usual_count(data, outcome), at_least=prior.LOG_RATIO.scale)


def count_variants(data: TrialData, outcome: Outcome) -> Mapping[str, Mapping[str, Array]]:
    """A sceptic's narrower prior, and the effect at equal sleep time where it is known."""
    values = {"sceptical": sceptical(data, data.prior_width * ratio_sd(data, outcome))}
    columns = columns_of(data, outcome)
    if columns.log_sleep is not None:
        values["equal sleep"] = {"nights_table": night_table(columns, log_sleep=columns.log_sleep)}
    return values


def rates(
    columns: Columns,
    posterior: xr.Dataset,
    *,
    equal_sleep: bool = False,
    on: str | None = None,
    suffix: str = "",
) -> Array:
    """Expected wake episodes of every night [draw, night].

    Parameters
    ----------
    equal_sleep
        Whether nights have their own sleep time, with the exponent κ.
    on
        The arm on which all nights are to be, "" for the reference; None: each on its own.
    suffix
        As in `count_nights`.
    """
    log_rate = linear(
        columns,
        posterior,
        level=f"level{suffix}",
        arm="delta",
        suffix=suffix,
        without_arm=on is not None,
    )
    if on:
        delta = posterior["delta"].sel(contrast=on).to_numpy().ravel()
        log_rate = log_rate + np.outer(delta, columns.used)
    if equal_sleep and columns.log_sleep is not None:
        log_rate = log_rate + np.outer(posterior["kappa"].to_numpy().ravel(), columns.log_sleep)
    return np.exp(log_rate)


def per_hour(columns: Columns, posterior: xr.Dataset, arm: str) -> Array:
    """Change in wake episodes per hour asleep [draw], averaged over the analysed nights, at equal sleep.

    Parameters
    ----------
    posterior
        Of the variant "equal sleep".
    """
    if columns.sleep_min is None:
        raise ValueError("no sleep time: the rate per hour asleep is unknown")
    weight = columns.analysed / columns.analysed.sum()
    arm_rate = rates(columns, posterior, equal_sleep=True, on=arm)
    reference_rate = rates(columns, posterior, equal_sleep=True, on="")
    return (arm_rate - reference_rate) @ (weight * 60.0 / columns.sleep_min)
