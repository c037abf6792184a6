"""What the models of several people share: effects around their average, levels, periods, blocks, weekdays."""

from dataclasses import dataclass

import numpy as np
import pymc as pm
import pytensor.tensor as pt
from scipy.special import chdtri

from n1trial.cohort.people import Cohort
from n1trial.cohort.stacked import Index, Stacked
from n1trial.columns import WEEKDAYS, Array
from n1trial.models._priors import EFFECT_TIE, LOG_SD_APART, Prior
from n1trial.models._sleep import fixed_shape

EFFECT_PRIORS = "effect_priors"
# The variance between people is surely so many times that of the noise: less only by a chance of one in a thousand.
SURELY_APART, UNLIKELY = 1.5, 0.001


@dataclass(frozen=True, slots=True, kw_only=True)
class Scales:
    """The priors of the terms of one model, minutes or logarithms."""

    average: Prior
    spread: Prior
    modifier: Prior
    people: Prior
    period: Prior
    block: Prior
    weekday: Prior
    weekday_spread: Prior
    trend: Prior
    run_in: Prior
    covariate: Prior


def coords_of(cohort: Cohort, stacked: Stacked) -> dict[str, list[str] | list[int]]:
    """Names of people, arms beside the reference, modifiers and weekdays; numbers of all else."""
    arms = len(cohort.treatments)
    counted = {
        "pair": arms * (arms - 1) // 2,
        "period": int(stacked.period.max()),
        "block": int(stacked.block.max()),
        "run_in": int(stacked.run_in.max()),
        "covariate": stacked.covariates.shape[1],
    }
    return {
        **{name: list(range(1, size + 1)) for name, size in counted.items()},
        "person": list(cohort.names),
        "contrast": list(cohort.treatments),
        "other": list(cohort.treatments),
        "modifier": [str(name) for name in cohort.modifiers.columns],
        "weekday": list(WEEKDAYS),
    }


def index(name: str, values: Index) -> pt.TensorVariable:
    """Integer data of a fixed length."""
    return pm.Data(name, values.astype(np.int64), shape=values.shape)


def person_effects(cohort: Cohort, scales: Scales, unit: pt.TensorVariable | float) -> pt.TensorVariable:
    """Effects [person, contrast] around their average, correlated, and non-centred.

    Names: average [contrast], spread [contrast], correlation [contrast, other], modified [modifier,
    contrast] where anything may change the effects, and the effects themselves, "effect".
    """
    prior_scales = fixed_shape(EFFECT_PRIORS, effect_priors(scales))
    average = pm.Normal("average", 0.0, prior_scales[0] * unit, dims="contrast")
    spread = pm.HalfNormal("spread", prior_scales[1] * unit, dims="contrast")
    z = pm.Normal("effect_z", 0.0, 1.0, dims=("person", "contrast"))
    expected = average
    if cohort.modifiers.shape[1]:
        modified = pm.Normal("modified", 0.0, prior_scales[2] * unit, dims=("modifier", "contrast"))
        properties = fixed_shape("modifiers", cohort.modifiers.to_numpy(float))
        expected = expected + pt.dot(properties, modified)
    if len(cohort.treatments) > 1:
        root = _correlation_root(len(cohort.treatments))
        pm.Deterministic("correlation", pt.dot(root, root.T), dims=("contrast", "other"))
        z = pt.dot(z, root.T)
    return pm.Deterministic("effect", expected + z * spread, dims=("person", "contrast"))


def effect_priors(scales: Scales, *, width: float = 1.0) -> Array:
    """Scales of the priors of average, spread and modifiers, so many times as wide."""
    return width * np.array([scales.average.scale, scales.spread.scale, scales.modifier.scale])


def _correlation_root(size: int) -> pt.TensorVariable:
    """Cholesky root [size, size] of an LKJ correlation, from its canonical partial correlations.

    Lewandowski, Kurowicka & Joe (2009), doi:10.1016/j.jmva.2009.04.008: the partial correlation in column k
    is 2 Beta(b, b) - 1 with b = η + (size - 1 - k) / 2, k counted from 1.
    """
    eta = EFFECT_TIE.parameters[0]
    rows: list[list[pt.TensorVariable]] = [[pt.constant(1.0)]]
    columns = [k for row in range(1, size) for k in range(row)]
    shape = np.array([eta + (size - 2 - k) / 2 for k in columns])
    partial = 2.0 * pm.Beta("tie", shape, shape, dims="pair") - 1.0
    position = 0
    for row in range(1, size):
        left: pt.TensorVariable = pt.constant(1.0)
        made = []
        for _ in range(row):
            made.append(partial[position] * pt.sqrt(left))
            left = left * (1.0 - partial[position] ** 2)
            position += 1
        rows.append([*made, pt.sqrt(left)])
    zero = pt.constant(0.0)
    return pt.stack([pt.stack([*row, *[zero] * (size - len(row))]) for row in rows])


def around(
    name: str, of_all: pt.TensorVariable, apart: pt.TensorVariable, told: pt.TensorVariable
) -> pt.TensorVariable:
    """Values [person] with mean `of_all` and SD `apart`, centred so far as the nights tell them apart.

    Parameters
    ----------
    told
        1 for centred, 0 for non-centred; changes how well the sampler moves, never the model.

    References
    ----------
    Papaspiliopoulos, Roberts & Sköld (2007), doi:10.1214/088342307000000014
    """
    moved = pm.Normal(f"{name}_moved", told * of_all * apart ** (told - 1.0), apart**told, dims="person")
    return (1.0 - told) * of_all + apart ** (1.0 - told) * moved


def share_told(values: Array, errors: Array) -> float:
    """How far values [person] with these standard errors are told apart by the nights, 0 to 1.

    0 also where people might be nearly alike: centred values then make a funnel.
    """
    noise = float(np.mean(errors**2))
    freedom = len(values) - 1
    spread = float(values.var(ddof=1))
    least = spread * freedom / chdtri(freedom, UNLIKELY)
    return (spread - noise) / spread if least > (1.0 + SURELY_APART) * noise else 0.0


def expected_nights(
    stacked: Stacked,
    scales: Scales,
    *,
    level: pt.TensorVariable,
    effect: pt.TensorVariable,
    unit: pt.TensorVariable | float = 1.0,
) -> pt.TensorVariable:
    """What every night [night] is expected to be, from levels [person] and effects [person, contrast]."""
    cell_person = index("cell_person", stacked.cell_person)
    of_cell = level[cell_person] + pt.sum(fixed_shape("arm", stacked.arm) * effect[cell_person], axis=1)
    for term, prior in (("period", scales.period), ("block", scales.block)):
        codes = getattr(stacked, term)
        if codes.any():
            sd = _person_sds(term, prior, unit)
            z = pm.Normal(f"{term}_z", 0.0, 1.0, dims=term)
            whole = pt.concatenate([[0.0], z])[index(f"{term}_of", codes)]
            of_cell = of_cell + sd[cell_person] * whole
    if stacked.run_in.any():
        run_in = pm.Normal("run_in_level", 0.0, scales.run_in.scale * unit, dims="run_in")
        of_cell = of_cell + pt.concatenate([[0.0], run_in])[index("run_in_of", stacked.run_in)]
    person = index("night_person", stacked.person)
    trend = pm.Normal("trend", 0.0, scales.trend.scale * unit, dims="person")
    by_night = trend[person] * fixed_shape("trend_at", stacked.trend)
    if stacked.weekday_share.any():
        share = fixed_shape("weekday_share", stacked.weekday_share)
        weekday = _weekdays(scales, unit) * pt.sum(share, axis=1, keepdims=True)
        of_cell = of_cell - pt.sum(share * weekday, axis=1)[cell_person]
        by_night = by_night + pt.flatten(weekday)[7 * person + index("weekday_of", stacked.weekday)]
    if stacked.covariates.shape[1]:
        slope = pm.Normal("covariates", 0.0, scales.covariate.scale * unit, dims=("person", "covariate"))
        by_night = by_night + pt.sum(slope[person] * fixed_shape("covariates_at", stacked.covariates), axis=1)
    return of_cell[index("cell", stacked.cell)] + by_night


def _person_sds(term: str, prior: Prior, unit: pt.TensorVariable | float) -> pt.TensorVariable:
    """Each person's SD between periods or blocks [person], log-normal around a common one."""
    middle = pm.HalfNormal(f"{term}_sd", prior.scale * unit)
    return middle * pt.exp(LOG_SD_APART * pm.Normal(f"{term}_sd_z", 0.0, 1.0, dims="person"))


def _weekdays(scales: Scales, unit: pt.TensorVariable | float) -> pt.TensorVariable:
    """Weekdays of every person [person, 7] around those of all; each person's add up to zero."""
    sd = pm.HalfNormal("weekday_sd", scales.weekday.scale * unit)
    apart = pm.HalfNormal("weekday_spread", scales.weekday_spread.scale * unit)
    of_all = pm.ZeroSumNormal("weekday_z", 1.0, dims="weekday")
    own = pm.ZeroSumNormal("weekday_own_z", 1.0, dims=("person", "weekday"), n_zerosum_axes=1)
    return sd * of_all + apart * own


def people_priors(scales: Scales) -> tuple[Prior, ...]:
    """The priors of the terms, for a table."""
    return (*(getattr(scales, name) for name in Scales.__dataclass_fields__), EFFECT_TIE)
