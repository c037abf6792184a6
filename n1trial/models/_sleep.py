"""Sleep time, and any continuous outcome, as a PyMC model: the parts that its models share."""

from collections.abc import Callable, Mapping
from typing import Literal

import numpy as np
import pymc as pm
import pytensor.tensor as pt
import xarray as xr

from n1trial.models import _priors as prior
from n1trial.models._columns import Array, Columns, columns_of
from n1trial.models._linear import coefficients, linear, stacked
from n1trial.outcomes import Outcome
from n1trial.trial import TrialData

type Tails = Literal["student-t", "gaussian"]
type Term = Callable[[Columns, TrialData], pt.TensorVariable]

LINEAR = {
    "trend": prior.TREND,
    "run_in": prior.RUN_IN,
    "covariate": prior.COVARIATE,
    "period": prior.PERIOD_SD,
    "block": prior.BLOCK_SD,
    "weekday": prior.WEEKDAY_SD,
}
# A Student t of so many degrees of freedom is a Gaussian to the sixth digit.
GAUSSIAN_NU = 1e6


def sleep_model(
    data: TrialData,
    outcome: Outcome,
    *,
    tails: Tails = "student-t",
    effect: Callable[[pt.TensorVariable], pt.TensorVariable] | None = None,
    arms: Term | None = None,
    drift: Term | None = None,
) -> pm.Model:
    """Make the model; see `duration` for its formula.

    Parameters
    ----------
    effect
        Makes `effect` [contrast] from the outcome's scale where it is not a parameter of its own.
    arms
        What the arms add to each night [night] where it is not `effect` of tonight's arm.
    drift
        A term [night] beside the linear ones.
    """
    columns = columns_of(data, outcome)
    level_mean, scale = level_and_scale(data, outcome)
    with pm.Model(coords=columns.coords, check_bounds=False) as model:
        nights = _nights(columns)
        y, design, gap, used = nights
        unit = fixed_shape("unit", np.array([level_mean, scale]))
        level = pm.Normal("level", unit[0], prior.LEVEL.scale * unit[1])
        if effect is None:
            mean, sd = effect_prior(data, prior.EFFECT.scale * scale)
            of_arm = pm.Normal("effect", mean, sd, dims="contrast")
        else:
            of_arm = pm.Deterministic("effect", effect(unit[1]), dims="contrast")
        rest = coefficients(columns, LINEAR, scale=unit[1])
        on_arms = of_arm if arms is None else pt.zeros_like(of_arm)
        expected = pt.dot(design, stacked(columns, level, on_arms, rest))
        if arms is not None:
            expected = expected + arms(columns, data)
        if drift is not None:
            expected = expected + drift(columns, data)
        sigma = pm.LogNormal(
            "sigma", np.log(prior.NIGHT_SD.parameters[0]) + pt.log(unit[1]), prior.NIGHT_SD.parameters[1]
        )
        if tails == "student-t":
            nu = pm.Deterministic("nu", 2.0 + pm.Gamma("nu_minus_2", *prior.NU.parameters))
        else:
            nu = pm.Deterministic("nu", pt.constant(GAUSSIAN_NU))
        phi = correlation()
        night_after_night(y, expected, sigma=sigma, nu=nu, phi=phi, gap=gap, used=used, tails=tails)
    return model


def fixed_shape(name: str, value: Array, **dims: object) -> pt.TensorVariable:
    """`pm.Data` whose values may change and whose shape may not: the graph needs no checks of shapes."""
    return pm.Data(name, value, shape=value.shape, **dims)


def _nights(columns: Columns) -> tuple[pt.TensorVariable, ...]:
    """Outcome, design, gap and weight of the nights, as data of the model."""
    y = fixed_shape("y", columns.y)
    # One array: each further one costs half a second of compiling.
    table = fixed_shape("nights_table", night_table(columns))
    return y, table[:, 2:], table[:, 0], table[:, 1]


def night_table(columns: Columns) -> Array:
    """Gap, weight and design side by side [night, column]."""
    return np.column_stack([columns.gap, columns.used, columns.design])


def effect_prior(data: TrialData, sd: float) -> tuple[pt.TensorVariable, pt.TensorVariable]:
    """Mean and SD of the Gaussian prior of each arm's effect [contrast], as data of the model."""
    count = len(data.treatments)
    both = fixed_shape("effect_prior", np.stack([np.zeros(count), np.full(count, sd)]))
    return both[0], both[1]


def correlation() -> pt.TensorVariable:
    """φ under its prior."""
    low, high = prior.PHI.within or (-1.0, 1.0)
    return pm.TruncatedNormal("phi", *prior.PHI.parameters, lower=low, upper=high)


def night_after_night(
    y: pt.TensorVariable,
    mean: pt.TensorVariable,
    *,
    sigma: pt.TensorVariable,
    nu: pt.TensorVariable,
    phi: pt.TensorVariable,
    gap: pt.TensorVariable,
    used: pt.TensorVariable,
    tails: Tails,
) -> None:
    """The likelihood "nights" [night], 0 for rows without a record."""
    residual = y - mean
    fade = phi**gap
    expected = mean + fade * pt.concatenate([[0.0], residual[:-1]])
    variance = sigma**2 * (1.0 - fade**2) / (1.0 - phi**2)
    if tails == "student-t":
        pm.CustomDist("nights", expected, variance, nu, used, logp=_t_logp, observed=y)
    else:
        pm.CustomDist("nights", expected, variance, used, logp=_normal_logp, observed=y)


def _t_logp(
    y: pt.TensorVariable,
    mean: pt.TensorVariable,
    variance: pt.TensorVariable,
    nu: pt.TensorVariable,
    used: pt.TensorVariable,
) -> pt.TensorVariable:
    constant = pt.gammaln((nu + 1) / 2) - pt.gammaln(nu / 2) - 0.5 * pt.log(nu * np.pi)
    distance = (y - mean) ** 2 / variance
    return used * (constant - 0.5 * pt.log(variance) - (nu + 1) / 2 * pt.log1p(distance / nu))


def _normal_logp(
    y: pt.TensorVariable, mean: pt.TensorVariable, variance: pt.TensorVariable, used: pt.TensorVariable
) -> pt.TensorVariable:
    return -0.5 * used * (pt.log(2 * np.pi * variance) + (y - mean) ** 2 / variance)


def level_and_scale(data: TrialData, outcome: Outcome) -> tuple[float, float]:
    """Prior mean of the level, and what a minute of the priors is in the outcome's unit."""
    if outcome.name == "tst_min":
        return prior.LEVEL.parameters[0], 1.0
    nights = data.analysed(outcome)[outcome.name]
    return float(nights.mean()), float(nights.std()) / prior.NIGHT_SD.parameters[0]


def sleep_priors(data: TrialData, outcome: Outcome, effects: tuple[prior.Prior, ...]) -> Mapping[str, str]:
    """The priors in words, in the outcome's unit; `effects` are those of the arms or doses."""
    columns = columns_of(data, outcome)
    level_mean, scale = level_and_scale(data, outcome)
    terms = tuple(each for name, each in LINEAR.items() if name in columns.terms)
    every = (prior.LEVEL, *effects, *terms, prior.NIGHT_SD, prior.NU, prior.PHI)
    return prior.in_words(every, scale=scale, unit=outcome.unit, level=level_mean)


def sceptical(data: TrialData, sd: float) -> Mapping[str, Array]:
    """Data of a sceptic, who expects effects of half the size."""
    count = len(data.treatments)
    return {"effect_prior": np.stack([np.zeros(count), np.full(count, prior.SCEPTICAL_SHARE * sd)])}


def expected_nights(columns: Columns, posterior: xr.Dataset) -> Array:
    """Mean of every night [draw, night] without what the night before adds."""
    return linear(columns, posterior, level="level", arm="effect")


def replicate_sleep(columns: Columns, posterior: xr.Dataset, rng: np.random.Generator) -> Array:
    """Nights [draw, night] as the model says they come, one replicate a draw; 0 where there is no record."""
    mean = expected_nights(columns, posterior)
    sigma, nu, phi = (np.ravel(posterior[name].to_numpy())[:, None] for name in ("sigma", "nu", "phi"))
    fade = np.sign(phi) ** columns.gap * np.abs(phi) ** columns.gap
    spread = sigma * np.sqrt((1 - fade**2) / (1 - phi**2))
    shocks = spread * rng.standard_t(np.broadcast_to(nu, mean.shape))
    residual = np.zeros_like(mean)
    for night in range(mean.shape[1]):
        before = residual[:, night - 1] if night else 0.0
        residual[:, night] = fade[:, night] * before + shocks[:, night]
    return (mean + residual) * columns.used
