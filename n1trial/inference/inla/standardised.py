"""The columns of a model matrix in units of prior SDs, so that their coefficients are standard normal a priori."""

from collections.abc import Mapping

import numpy as np

from n1trial.inference.night_process import zero_sum_basis
from n1trial.system.arrays import Array, Codes

# Terms whose SD is estimated.
RANDOM = ("period", "weekday")


def standardised(
    terms: Mapping[str, Array], sds: Mapping[str, float | tuple[float, ...]]
) -> tuple[Array, Codes]:
    """Terms side by side [night, z], the level first and then in their own order.

    Parameters
    ----------
    terms : [night, column]
        Columns by term, as in `model_matrix.Columns`; the arms first.
    sds
        Prior SDs by term, and of the level. Columns of `RANDOM` keep their own unit.

    Returns
    -------
    The columns, and of each its position in `RANDOM`, -1 of the others. Weekdays are orthonormal contrasts.
    """
    columns, kinds = [np.full((len(terms["arm"]), 1), sds["level"])], [-1]
    for term, column in terms.items():
        kind = RANDOM.index(term) if term in RANDOM else -1
        # Standard normals on orthonormal contrasts are a zero-sum normal.
        free = column @ zero_sum_basis(7) if term == "weekday" else column
        columns.append(free * (sds[term] if kind < 0 else 1.0))
        kinds += [kind] * free.shape[1]
    return np.column_stack(columns), np.array(kinds)


def on_reference(x: Array, arm_share: Array, effect_sd: float) -> Array:
    """The same columns, had every night been on the reference; `arm_share` [arm] is what centring subtracted."""
    moved = x.copy()
    moved[:, 1 : 1 + len(arm_share)] = -arm_share * effect_sd
    return moved
