"""The linear predictor: its coefficients as PyMC variables, and in NumPy from posterior draws."""

from collections.abc import Mapping

import numpy as np
import pymc as pm
import pytensor.tensor as pt
import xarray as xr

from n1trial.inference.model_matrix import Columns
from n1trial.inference.models._half_normal import half_normal
from n1trial.inference.priors import Prior
from n1trial.system.arrays import Array

# Terms whose SD is estimated; the others have a Gaussian prior of fixed SD.
HIERARCHICAL = ("period", "weekday")
# Terms of several columns without an SD of their own, and the name of their dimension.
OF_SEVERAL = {"covariates": "covariate", "block": "block_contrast"}


def coefficients(
    columns: Columns,
    priors: Mapping[str, Prior],
    *,
    scale: pt.TensorVariable | float = 1.0,
    block_unit: pt.TensorVariable | float = 1.0,
    suffix: str = "",
    standards: Mapping[str, pt.TensorVariable] | None = None,
) -> dict[str, pt.TensorVariable]:
    """Make the coefficients of every term but the arms, by term. Call it inside a model.

    Period and weekday are non-centred: `period_sd` and `period_z`, whose product is the coefficient.

    Parameters
    ----------
    scale
        What the priors' parameters are multiplied by.
    block_unit
        The same for blocks, whose prior is in SDs of nights.
    suffix
        Added to every name.
    standards
        Standard normal values of hierarchical terms, by term, where the caller has made them.
    """
    given = standards or {}
    made = {}
    for term in columns.terms:
        if term == "arm":
            continue
        size = priors[term].scale * (block_unit if term == "block" else scale)
        if term in HIERARCHICAL:
            sd = half_normal(f"{term}_sd{suffix}", size)
            made[term] = sd * (given[term] if term in given else standard(term, suffix=suffix))
        elif term in OF_SEVERAL:
            made[term] = pm.Normal(f"{term}{suffix}", 0.0, size, dims=OF_SEVERAL[term])
        else:
            made[term] = pm.Normal(f"{term}{suffix}", 0.0, size)[None]
    return made


def standard(term: str, *, suffix: str = "") -> pt.TensorVariable:
    """Standard normal values of a hierarchical term; weekdays add up to zero."""
    if term == "weekday":
        return pm.ZeroSumNormal(f"weekday_z{suffix}", 1.0, dims="weekday")
    return pm.Normal(f"{term}_z{suffix}", 0.0, 1.0, dims=term)


def stacked(
    columns: Columns, level: pt.TensorVariable, arm: pt.TensorVariable, rest: Mapping[str, pt.TensorVariable]
) -> pt.TensorVariable:
    """All coefficients in the order of `columns.design`."""
    return pt.concatenate([level[None], *(arm if term == "arm" else rest[term] for term in columns.terms)])


def linear(
    columns: Columns,
    posterior: xr.Dataset,
    *,
    level: str,
    arm: str,
    suffix: str = "",
    without_arm: bool = False,
) -> Array:
    """The linear predictor [draw, night] of every draw.

    Parameters
    ----------
    level, arm
        Names of the variables of the level and of the arms.
    suffix
        At the end of the other names.
    without_arm
        Whether all nights are to be on the reference.
    """
    drawn = posterior.stack(sample=("chain", "draw"))
    total = np.outer(drawn[level].to_numpy(), columns.used)
    for term, column in columns.terms.items():
        if term == "arm":
            beta = drawn[arm].transpose("sample", ...).to_numpy()
            if without_arm:
                total = total - np.outer(beta @ columns.arm_share, columns.used)
                continue
        elif term in HIERARCHICAL:
            z = drawn[f"{term}_z{suffix}"].transpose("sample", ...).to_numpy()
            beta = z * drawn[f"{term}_sd{suffix}"].to_numpy()[:, None]
        else:
            beta = drawn[f"{term}{suffix}"].transpose("sample", ...).to_numpy().reshape(total.shape[0], -1)
        total = total + beta @ column.T
    return total
