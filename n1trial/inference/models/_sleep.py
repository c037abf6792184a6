"""Sleep time, and any continuous outcome, as a PyMC model: the parts that its models share."""

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
from n1trial.inference.model_matrix import Array, Columns, columns_of, mean_and_sd_left
from n1trial.inference.models._linear import coefficients, linear, stacked

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
# Code is compiled for so many different distances between nights; for more, to the next power of two.
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
    effect
        Makes `effect` [contrast] from the outcome's scale where it is not a parameter of its own.
    arms
        What the arms, given their effects, add to each night [night], where that is not tonight's effect.
    drift
        A term [night], given the outcome's scale, beside the linear ones.
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
    """An effect of its own for every arm [contrast]."""
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
    """Add everything but the effects to a model: level, linear terms, spread and the nights themselves.

    Parameters
    ----------
    standards
        Standard normal values of periods that the caller made, by term.
    """
    y = fixed_shape("y", columns.y)
    distances, _ = distances_between(columns)
    # One array for all of them, as each further one costs half a second of compiling; a row a column, since a
    # product with a part of each row would copy it every time.
    table = fixed_shape("nights_table", night_table(columns))
    apart, used, design = table[0].astype("int64"), table[1], table[2:]
    level = pm.Normal("level", unit[0], prior.LEVEL.scale * unit[1])
    middle, log_sd = prior.NIGHT_SD.parameters
    sigma = pm.LogNormal("sigma", np.log(middle) + pt.log(unit[1]), log_sd)
    rest = coefficients(columns, LINEAR, scale=unit[1], block_unit=sigma, standards=standards)
    expected = pt.dot(stacked(columns, level, effect, rest), design)
    for term in further:
        expected = expected + term
    low, high = prior.PHI.limits
    phi = pm.TruncatedNormal("phi", *prior.PHI.parameters, lower=low, upper=high)
    # Powers and logarithms once a distance, not once a night.
    fade = phi ** fixed_shape("distances", distances)
    variance = sigma**2 * (1.0 - fade**2) / (1.0 - phi**2)
    residual = y - expected
    expected = expected + fade[apart] * pt.concatenate([[0.0], residual[:-1]])
    spread = variance[apart], pt.log(variance)[apart]
    if tails == "student-t":
        nu = pm.Deterministic("nu", 2.0 + pm.Gamma("nu_minus_2", *prior.NU.parameters))
        pm.CustomDist("nights", expected, *spread, nu, used, logp=_t_logp, observed=y)
    else:
        pm.CustomDist("nights", expected, *spread, used, logp=_normal_logp, observed=y)


def fixed_shape(name: str, value: Array, **dims: object) -> pt.TensorVariable:
    """`pm.Data` whose values may change and whose shape may not: the graph needs no checks of shapes."""
    return pm.Data(name, value, shape=value.shape, **dims)


def distances_between(columns: Columns) -> tuple[Array, npt.NDArray[np.int64]]:
    """The different gaps between nights, in a row with room to spare, and which of them each night has."""
    different, of_night = np.unique(columns.gap, return_inverse=True)
    room = max(ROOM_FOR_DISTANCES, 2 ** math.ceil(math.log2(len(different))))
    return np.pad(different, (0, room - len(different)), constant_values=1.0), of_night


def night_table(columns: Columns) -> Array:
    """Which distance, weight and design [column, night]."""
    return np.vstack([distances_between(columns)[1], columns.used, columns.design.T])


def effect_prior(data: TrialData, sd: float, suffix: str = "") -> tuple[pt.TensorVariable, pt.TensorVariable]:
    """Mean and SD of the Gaussian prior of each arm's effect [contrast], as data of the model.

    `sd` is that of the prior as it is chosen; the trial says how many times as wide it shall be.
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
    # Of a sum that is not 1 + something: PyTensor would take the logarithm of 1 + x, twice as slow.
    kernel = constant - (nu + 1) / 2 * pt.log(nu + (y - mean) ** 2 / variance)
    return used * (kernel - 0.5 * log_variance)


def level_and_scale(data: TrialData, outcome: Outcome) -> tuple[float, float]:
    """Prior mean of the level, and what a minute of the priors is in the outcome's unit."""
    if outcome.name == "tst_min":
        return prior.LEVEL.parameters[0], 1.0
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
        Those of the arms or doses.
    further
        Those of the nights beside their scale and correlation.
    """
    columns = columns_of(data, outcome)
    level_mean, scale = level_and_scale(data, outcome)
    terms = tuple(each for name, each in LINEAR.items() if name in columns.terms)
    widened = (each.widened(data.prior_width) for each in effects)
    every = (prior.LEVEL, *widened, *terms, prior.NIGHT_SD, *further, prior.PHI)
    return prior.in_words(every, scale=scale, unit=outcome.unit, level=level_mean)


def sceptical(data: TrialData, sd: float) -> Mapping[str, Array]:
    """Data of a sceptic, who expects smaller effects; `sd` is that of the default prior."""
    count = len(data.treatments)
    return {"effect_prior": np.stack([np.zeros(count), np.full(count, prior.SCEPTICAL_SHARE * sd)])}


def replicate_sleep(
    columns: Columns, posterior: xr.Dataset, rng: np.random.Generator, *, mean: Array | None = None
) -> Array:
    """Nights [draw, night] as the model says they come, one replicate a draw; 0 where there is no record.

    Parameters
    ----------
    mean : [draw, night]
        Expected nights without what the night before adds, where the linear terms are not all of it.
    """
    if mean is None:
        mean = linear(columns, posterior, level="level", arm="effect")
    sigma, phi = (np.ravel(posterior[name].to_numpy())[:, None] for name in ("sigma", "phi"))
    fade = np.sign(phi) ** columns.gap * np.abs(phi) ** columns.gap
    spread = sigma * np.sqrt((1 - fade**2) / (1 - phi**2))
    if "nu" in posterior:
        nu = np.ravel(posterior["nu"].to_numpy())[:, None]
        shocks = spread * rng.standard_t(np.broadcast_to(nu, mean.shape))
    else:
        shocks = spread * rng.standard_normal(mean.shape)
    residual = np.zeros_like(mean)
    for night in range(mean.shape[1]):
        before = residual[:, night - 1] if night else 0.0
        residual[:, night] = fade[:, night] * before + shocks[:, night]
    return (mean + residual) * columns.used
