"""Terms that the models of several people share: effects around their average, periods, weekdays, a night's mean."""

from collections.abc import Mapping, Sequence

import numpy as np
import pymc as pm
import pytensor.tensor as pt

from n1trial.cohort.one_stage.partial_centring import WEEKDAY_BASIS
from n1trial.cohort.one_stage.scales import Scales
from n1trial.cohort.one_stage.stacked_data import Index, Stacked, people_of
from n1trial.cohort.people import Cohort
from n1trial.inference.model_matrix import WEEKDAYS
from n1trial.inference.models._half_normal import half_normal
from n1trial.inference.models._sleep import fixed_shape
from n1trial.inference.priors import EFFECT_TIE, LOG_SD_APART, Prior
from n1trial.system.arrays import Array

EFFECT_PRIORS = "effect_priors"


def coords_of(cohort: Cohort, stacked: Stacked) -> dict[str, list[str] | list[int]]:
    """Names of people, arms beside the reference, modifiers and weekdays; numbers of all else."""
    arms = len(cohort.treatments)
    counted = {
        "pair": arms * (arms - 1) // 2,
        "period": int(stacked.period.max()),
        "block": int(stacked.block.max()),
        "block_contrast": int(stacked.block.max()) - len(np.unique(stacked.cell_person[stacked.block > 0])),
        "run_in": int(stacked.run_in.max()),
        "week": int(stacked.week.max()),
        "covariate": stacked.covariates.shape[1],
    }
    return {
        **{name: list(range(1, size + 1)) for name, size in counted.items()},
        "person": list(cohort.names),
        "contrast": list(cohort.treatments),
        "other": list(cohort.treatments),
        "modifier": [str(name) for name in cohort.modifiers.columns],
        "weekday": list(WEEKDAYS),
        "weekday_contrast": list(range(1, len(WEEKDAYS))),
    }


def index(name: str, values: Index) -> pt.TensorVariable:
    """Integer data of a fixed length."""
    return pm.Data(name, values.astype(np.int64), shape=values.shape)


def likelihood_data(likelihoods: Mapping[str, Array]) -> dict[str, Array]:
    """The approximate likelihood of every term, by the name of the model's data that hold it."""
    return {f"{name}_likelihood": values for name, values in likelihoods.items()}


def standardised(
    name: str,
    likelihoods: Mapping[str, Array],
    *,
    sd: pt.TensorVariable,
    dims: str | tuple[str, ...],
    mean: pt.TensorVariable | float = 0.0,
) -> pt.TensorVariable:
    """Standard normal z of terms `mean` + `sd` × z, sampled as the distance from their conditional mean."""
    data = fixed_shape(f"{name}_likelihood", likelihoods[name])
    precision, towards = data[..., 0], data[..., 1]
    root = pt.sqrt(1.0 + sd**2 * precision)
    middle = sd * (towards - precision * mean) / root**2
    moved = pm.Normal(f"{name}_moved", -middle * root, root, dims=dims)
    return pm.Deterministic(f"{name}_z", middle + moved / root, dims=dims)


def person_effects(
    cohort: Cohort, scales: Scales, likelihoods: Mapping[str, Array], unit: pt.TensorVariable | float
) -> pt.TensorVariable:
    """Effects [person, contrast] around their average, and correlated.

    Names: average [contrast], spread [contrast], correlation [contrast, other], modified [modifier,
    contrast] where anything may change the effects, and the effects themselves, "effect".
    """
    prior_scales = fixed_shape(EFFECT_PRIORS, scales.of_effects())
    average = pm.Normal("average", 0.0, prior_scales[0] * unit, dims="contrast")
    spread = half_normal("spread", prior_scales[1] * unit, dims="contrast")
    expected = average[None, :]
    if cohort.modifiers.shape[1]:
        modified = pm.Normal("modified", 0.0, prior_scales[2] * unit, dims=("modifier", "contrast"))
        properties = fixed_shape("modifiers", cohort.modifiers.to_numpy(float))
        expected = expected + pt.dot(properties, modified)
    tie = _correlation_root(len(cohort.treatments))
    if len(cohort.treatments) > 1:
        pm.Deterministic("correlation", pt.dot(tie, tie.T), dims=("contrast", "other"))
    root = spread[:, None] * tie
    z = _standardised_together(likelihoods, root=root, mean=expected, names=cohort.treatments)
    return pm.Deterministic("effect", expected + pt.dot(z, root.T), dims=("person", "contrast"))


def _standardised_together(
    likelihoods: Mapping[str, Array],
    *,
    root: pt.TensorVariable,
    mean: pt.TensorVariable,
    names: Sequence[str],
) -> pt.TensorVariable:
    """Standard normal z [person, contrast] of effects `mean` + `root` z, each given those after it.

    Given the approximate likelihood, z has the precision 1 + root' p root, solved by elimination: each pivot is the
    precision of one z given the later ones.
    """
    size = len(names)
    data = fixed_shape("effect_likelihood", likelihoods["effect"])
    precision = data[..., :-1]
    remaining = pt.dot(data[..., -1] - pt.sum(precision * mean[:, None, :], axis=2), root)
    towards = [remaining[:, row] for row in range(size)]
    rows = [
        [
            float(row == column)
            + sum(
                root[one, row] * root[other, column] * precision[:, one, other]
                for one in range(row, size)
                for other in range(column, size)
            )
            for column in range(size)
        ]
        for row in range(size)
    ]
    for pivot in range(size):
        for row in range(pivot + 1, size):
            share = rows[row][pivot] / rows[pivot][pivot]
            rows[row] = [below - share * above for below, above in zip(rows[row], rows[pivot], strict=True)]
            towards[row] = towards[row] - share * towards[pivot]
    z: list[pt.TensorVariable] = []
    for row in reversed(range(size)):
        later = sum(rows[row][size - 1 - place] * value for place, value in enumerate(z))
        middle, scale = (towards[row] - later) / rows[row][row], pt.sqrt(rows[row][row])
        moved = pm.Normal(f"effect_moved: {names[row]}", -middle * scale, scale, dims="person")
        z.append(middle + moved / scale)
    return pm.Deterministic("effect_z", pt.stack(z[::-1], axis=1), dims=("person", "contrast"))


def _correlation_root(size: int) -> pt.TensorVariable:
    """Cholesky root [size, size] of an LKJ correlation, from its canonical partial correlations.

    Lewandowski, Kurowicka & Joe (2009), doi:10.1016/j.jmva.2009.04.008: the partial correlation in column k
    is 2 Beta(b, b) - 1 with b = η + (size - 1 - k) / 2, k counted from 1.
    """
    eta = EFFECT_TIE.parameters[0]
    rows: list[list[pt.TensorVariable]] = [[pt.constant(1.0)]]
    if size == 1:
        return pt.stack([pt.stack(rows[0])])
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


def expected_nights(
    stacked: Stacked,
    scales: Scales,
    likelihoods: Mapping[str, Array],
    *,
    level: pt.TensorVariable,
    block: pt.TensorVariable,
    effect: pt.TensorVariable,
    unit: pt.TensorVariable | float = 1.0,
) -> pt.TensorVariable:
    """Expected value of every night [night] from levels [person], blocks [block] and effects [person, contrast]."""
    cell_person = index("cell_person", stacked.cell_person)
    of_cell = level[cell_person] + pt.sum(fixed_shape("arm", stacked.arm) * effect[cell_person], axis=1)
    if stacked.period.any():
        sd = person_sds("period", scales.period, unit)
        sd = sd[index("period_person", people_of(stacked, stacked.period))]
        deviation = sd * standardised("period", likelihoods, sd=sd, dims="period")
        of_cell = of_cell + pt.concatenate([[0.0], deviation])[index("period_of", stacked.period)]
    if stacked.block.any():
        of_cell = of_cell + pt.concatenate([[0.0], block])[index("block_of", stacked.block)]
    if stacked.run_in.any():
        run_in = pm.Normal("run_in_level", 0.0, scales.run_in.scale * unit, dims="run_in")
        of_cell = of_cell + pt.concatenate([[0.0], run_in])[index("run_in_of", stacked.run_in)]
    person = index("night_person", stacked.person)
    trend = pm.Normal("trend", 0.0, scales.trend.scale * unit, dims="person")
    by_night = trend[person] * fixed_shape("trend_at", stacked.trend)
    if stacked.weekday_share.any():
        share = fixed_shape("weekday_share", stacked.weekday_share)
        weekday = _weekdays(scales, likelihoods, unit) * pt.sum(share, axis=1, keepdims=True)
        of_cell = of_cell - pt.sum(share * weekday, axis=1)[cell_person]
        slot = index("person_weekday", len(WEEKDAYS) * stacked.person + stacked.weekday)
        by_night = by_night + pt.flatten(weekday)[slot]
    if stacked.covariates.shape[1]:
        slope = pm.Normal("covariates", 0.0, scales.covariate.scale * unit, dims=("person", "covariate"))
        by_night = by_night + pt.sum(slope[person] * fixed_shape("covariates_at", stacked.covariates), axis=1)
    if stacked.week.any():
        sd = half_normal("week_sd", scales.week.scale * unit)
        shared = sd * standardised("week", likelihoods, sd=sd, dims="week")
        by_night = by_night + pt.concatenate([[0.0], shared])[index("week_of", stacked.week)]
    return of_cell[index("cell", stacked.cell)] + by_night


def person_sds(term: str, prior: Prior, unit: pt.TensorVariable | float) -> pt.TensorVariable:
    """Each person's SD between periods [person], log-normal around a common one."""
    middle = half_normal(f"{term}_sd", prior.scale * unit)
    return middle * pt.exp(LOG_SD_APART * pm.Normal(f"{term}_sd_z", 0.0, 1.0, dims="person"))


def _weekdays(
    scales: Scales, likelihoods: Mapping[str, Array], unit: pt.TensorVariable | float
) -> pt.TensorVariable:
    """Weekdays of every person [person, 7] around those of all; each person's add up to zero."""
    sd = half_normal("weekday_sd", scales.weekday.scale * unit)
    of_all = sd * standardised("weekday", likelihoods, sd=sd, dims="weekday_contrast")
    spread = half_normal("weekday_spread", scales.weekday_spread.scale * unit)
    own = standardised(
        "weekday_own", likelihoods, sd=spread, mean=of_all, dims=("person", "weekday_contrast")
    )
    return pt.dot(of_all + spread * own, WEEKDAY_BASIS)
