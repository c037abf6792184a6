"""The same cohort under a prior of the spread between people half and twice as wide, by importance weights."""

import numpy as np
import pandas as pd

from n1trial.cohort.effects import CohortEffects
from n1trial.design.verdict import INTERVAL
from n1trial.inference.importance_sampling import MAX_K, smoothed_weights
from n1trial.inference.weighted_draws import weighted_quantiles
from n1trial.system.arrays import Array

WIDTHS = {"half as wide": 0.5, "as chosen": 1.0, "twice as wide": 2.0}


def spread_sensitivity(effects: CohortEffects, spread: Array, *, scale: float) -> pd.DataFrame:
    """Average and spread of every contrast under each prior.

    Parameters
    ----------
    effects
        The answers under the prior as chosen.
    spread : [draw, arm]
        Draws of the SD between people.
    scale
        Scale of its half-normal prior, in the unit of `spread`.

    Returns
    -------
    One row a contrast and prior: `contrast`, `prior`, `average`, `low`, `high`, `spread`, and Pareto's `k`;
    with k of .7 or more the numbers are NaN, since the draws at hand say nothing about that prior.
    """
    rows = []
    for name, width in WIDTHS.items():
        ratio = np.sum(0.5 * (spread / scale) ** 2 * (1.0 - width**-2.0), axis=1)
        weights, k = (np.full(len(ratio), 1.0 / len(ratio)), 0.0) if width == 1.0 else smoothed_weights(ratio)
        usable = k < MAX_K
        for effect in effects.contrasts:
            low, high = weighted_quantiles(
                effect.average_draws, weights, ((1 - INTERVAL) / 2, (1 + INTERVAL) / 2)
            )
            summary = {
                "average": float(weights @ effect.average_draws),
                "low": low,
                "high": high,
                "spread": float(weights @ effect.spread_draws),
            }
            rows.append(
                {"contrast": effect.contrast, "prior": name}
                | {key: value if usable else np.nan for key, value in summary.items()}
                | {"k": k}
            )
    return pd.DataFrame(rows)
