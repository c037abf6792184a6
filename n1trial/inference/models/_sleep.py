"""Sleep time, and any continuous outcome, as a PyMC model: what its models share."""

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Literal

import numpy as np
import numpy.typing as npt
import pymc as pm
import pytensor.tensor as pt
import xarray as xr

from n1trial.data.trial_data import TrialData
from n1trial.design.outcomes import Outcome
from n1trial.inference import priors as prior
from n1trial.inference.data_requirements import refuse_too_many_alike
from n1trial.inference.model_matrix import Columns, columns_of, mean_and_sd_left
from n1trial.inference.models._linear import coefficients, linear, stacked
from n1trial.inference.night_process import autoregressive, carried_over
from n1trial.system.arrays import Array

type Tails = Literal["gaussian", "student-t"]
type Term = Callable[[pt.TensorVariable], pt.TensorVariable]

LINEAR = {
    "trend": prior.TREND,
    "run_in": prior.RUN_IN,
    "covariates": prior.COVARIATE,
    "block": prior.BLOCK,
    "period": prior.PERIOD_SD,
    "weekday": prior.WEEKDAY_SD,
}
# Code is compiled for at least so many different distances between nights, beyond them for the next power of two.
ROOM_FOR_DISTANCES = 8


def sleep_model(
    data: TrialData,
    outcome: Outcome,
    *,
    tails: Tails = "gaussian",
    effect: Callable[[pt.TensorVariable], pt.TensorVariable] | None = None,
    arms: Term | None = None,
    drift: Term | None = None,
) -> pm.Model:
    """Make the model; see `duration` for its formula.

    Parameters
    ----------
    tails
        Family of the nights.
    effect
        Makes `effect` [contrast] from the outcome's scale, where it is a function of other parameters.
    arms
        Makes the term of the arms [night] from their effects [contrast], where it is not tonight's effect.
    drift
        Makes a further term [night] from the outcome's scale.
    """
    columns = columns_of(data, outcome)
    if tails == "student-t":
        refuse_too_many_alike(data, outcome)
    with pm.Model(coords=columns.coords, check_bounds=False) as model:
        unit = sleep_unit(data, outcome)
        if effect is None:
            of_arm = free_effects(data, outcome)
        else:
            of_arm = pm.Deterministic("effect", effect(unit[1]), dims="contrast")
        further = [
            *([] if arms is None else [arms(of_arm)]),
            *([] if drift is None else [drift(unit[1])]),
        ]
        on_arms = of_arm if arms is None else pt.zeros_like(of_arm)
        sleep_nights(columns, unit, on_arms, tails=tails, further=further)
    return model


def sleep_unit(data: TrialData, outcome: Outcome) -> pt.TensorVariable:
    """Prior mean of the level, and a minute in the outcome's unit, as data of the model."""
    return fixed_shape("unit", np.array(level_and_scale(data, outcome)))


def free_effects(data: TrialData, outcome: Outcome, name: str = "effect") -> pt.TensorVariable:
    """An independent effect of every arm [contrast]."""
    scale = level_and_scale(data, outcome)[1]
    mean, sd = effect_prior(data, prior.EFFECT.scale * scale)
    return pm.Normal(name, mean, sd, dims="contrast")


def sleep_nights(
    columns: Columns,
    unit: pt.TensorVariable,
    effect: pt.TensorVariable,
    *,
    tails: Tails = "gaussian",
    further: Sequence[pt.TensorVariable] = (),
    standards: Mapping[str, pt.TensorVariable] | None = None,
) -> None:
    """Add everything but the effects to a model: level, linear terms, spread and likelihood.

    Parameters
    ----------
    unit
        As `sleep_unit` makes it.
    effect
        Effects [contrast] that the columns of the arms are multiplied by.
    further
        Further terms [night].
    standards
        Standard normal values of hierarchical terms, by term, where the caller has made them.
    """
    y = fixed_shape("y", columns.y)
    distances, _ = distances_between(columns)
    # One array, since each further one takes half a second to compile; transposed, since a product with a slice of
    # columns would copy it every time.
    table = fixed_shape("nights_table", night_table(columns))
    distance_idx, used, design = table[0].astype("int64"), table[1], table[2:]
    level = pm.Normal("level", unit[0], prior.LEVEL.scale * unit[1])
    middle, log_sd = prior.NIGHT_SD.parameters
    sigma = pm.LogNormal("sigma", np.log(middle) + pt.log(unit[1]), log_sd)
    rest = coefficients(columns, LINEAR, scale=unit[1], block_unit=sigma, standards=standards)
    expected = pt.dot(stacked(columns, level, effect, rest), design)
    for term in further:
        expected = expected + term
    low, high = prior.PHI.limits
    phi = pm.TruncatedNormal("phi", *prior.PHI.parameters, lower=low, upper=high)
    # Powers and logarithms once for each distance, not for each night.
    fade = phi ** fixed_shape("distances", distances)
    variance = sigma**2 * (1.0 - fade**2) / (1.0 - phi**2)
    residual = y - expected
    expected = expected + fade[distance_idx] * pt.concatenate([[0.0], residual[:-1]])
    spread = variance[distance_idx], pt.log(variance)[distance_idx]
    if tails == "student-t":
        nu = pm.Deterministic("nu", 2.0 + pm.Gamma("nu_minus_2", *prior.NU.parameters))
        pm.CustomDist("nights", expected, *spread, nu, used, logp=_t_logp, observed=y)
    else:
        pm.CustomDist("nights", expected, *spread, used, logp=_normal_logp, observed=y)


def fixed_shape(name: str, value: Array, **dims: object) -> pt.TensorVariable:
    """`pm.Data` whose values may change and whose shape may not, so that the graph needs no checks of shapes."""
    return pm.Data(name, value, shape=value.shape, **dims)


def distances_between(columns: Columns) -> tuple[Array, npt.NDArray[np.int64]]:
    """The different gaps between nights [distance], padded with 1, and the index of each night's gap [night]."""
    different, of_night = np.unique(columns.gap, return_inverse=True)
    size = max(ROOM_FOR_DISTANCES, 2 ** math.ceil(math.log2(len(different))))
    return np.pad(different, (0, size - len(different)), constant_values=1.0), of_night


def night_table(columns: Columns) -> Array:
    """Index of the distance, weight in the likelihood, and the model matrix [column, night]."""
    return np.vstack([distances_between(columns)[1], columns.used, columns.design.T])


def effect_prior(data: TrialData, sd: float, suffix: str = "") -> tuple[pt.TensorVariable, pt.TensorVariable]:
    """Mean and SD of the Gaussian prior of each arm's effect [contrast], as data of the model.

    Parameters
    ----------
    sd
        SD of the prior, before it is multiplied by the trial's `prior_width`.
    suffix
        Added to the name.
    """
    count = len(data.treatments)
    widened = np.full(count, data.prior_width * sd)
    both = fixed_shape(f"effect_prior{suffix}", np.stack([np.zeros(count), widened]))
    return both[0], both[1]


def _normal_logp(
    y: pt.TensorVariable,
    mean: pt.TensorVariable,
    variance: pt.TensorVariable,
    log_variance: pt.TensorVariable,
    used: pt.TensorVariable,
) -> pt.TensorVariable:
    return -0.5 * used * (np.log(2 * np.pi) + log_variance + (y - mean) ** 2 / variance)


def _t_logp(
    y: pt.TensorVariable,
    mean: pt.TensorVariable,
    variance: pt.TensorVariable,
    log_variance: pt.TensorVariable,
    nu: pt.TensorVariable,
    used: pt.TensorVariable,
) -> pt.TensorVariable:
    constant = pt.gammaln((nu + 1) / 2) - pt.gammaln(nu / 2) + nu / 2 * pt.log(nu) - 0.5 * np.log(np.pi)
    # Written as log(ν + x), since PyTensor would turn log(1 + x / ν) into log1p, which is twice as slow.
    kernel = constant - (nu + 1) / 2 * pt.log(nu + (y - mean) ** 2 / variance)
    return used * (kernel - 0.5 * log_variance)


def level_and_scale(data: TrialData, outcome: Outcome) -> tuple[float, float]:
    """Prior mean of the level, and one minute of the priors in the outcome's unit."""
    unit = outcome.measure.prior_unit
    if unit is not None:
        return unit * prior.LEVEL.parameters[0], unit
    mean, sd = mean_and_sd_left(columns_of(data, outcome))
    return mean, sd / prior.NIGHT_SD.parameters[0]


def sleep_priors(
    data: TrialData,
    outcome: Outcome,
    effects: tuple[prior.Prior, ...],
    *,
    further: tuple[prior.Prior, ...] = (),
) -> Mapping[str, str]:
    """The priors in words, in the outcome's unit.

    Parameters
    ----------
    effects
        Priors of the arms or doses.
    further
        Further priors of the likelihood.
    """
    columns = columns_of(data, outcome)
    level_mean, scale = level_and_scale(data, outcome)
    terms = tuple(of_term for name, of_term in LINEAR.items() if name in columns.terms)
    widened = (of_effect.widened(data.prior_width) for of_effect in effects)
    every = (prior.LEVEL, *widened, *terms, prior.NIGHT_SD, *further, prior.PHI)
    return prior.in_words(every, scale=scale, unit=outcome.unit, level=level_mean)


def sceptical(data: TrialData, sd: float) -> Mapping[str, Array]:
    """Values of `pm.Data` for a sceptic's prior of the effects; `sd` is that of the default prior."""
    count = len(data.treatments)
    return {"effect_prior": np.stack([np.zeros(count), np.full(count, prior.SCEPTICAL_SHARE * sd)])}


def replicate_sleep(
    columns: Columns, posterior: xr.Dataset, rng: np.random.Generator, *, mean: Array | None = None
) -> Array:
    """Posterior predictive nights [draw, night], one replicate for each draw; 0 where there is no record.

    Parameters
    ----------
    mean : [draw, night]
        Expected nights without the autoregression, where there are more than the linear terms.
    """
    if mean is None:
        mean = linear(columns, posterior, level="level", arm="effect")
    sigma, phi = (np.ravel(posterior[name].to_numpy())[:, None] for name in ("sigma", "phi"))
    fade, sd = carried_over(phi, columns.gap)
    spread = sigma * sd
    if "nu" in posterior:
        nu = np.ravel(posterior["nu"].to_numpy())[:, None]
        shocks = spread * rng.standard_t(np.broadcast_to(nu, mean.shape))
    else:
        shocks = spread * rng.standard_normal(mean.shape)
    return (mean + autoregressive(shocks, fade)) * columns.used
