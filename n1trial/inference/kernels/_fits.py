"""Gaussian fits of one trial and of many: a design and its nights become a mixture of Gaussians, or its moments."""

import math
from typing import Any

import numpy as np

from n1trial.inference.kernels._cache import compiled
from n1trial.inference.kernels._gaussian import integrate
from n1trial.inference.kernels._gram import Sizes, gram_classes
from n1trial.system.arrays import Array, Codes

NEGLIGIBLE = 1e-7


def few_nights() -> tuple[Any, ...]:
    """Artificial nights for `fit_one`, whose fit loads all the compiled code that it calls."""
    codes = np.zeros((8, 5), np.int64)
    codes[:, 3], codes[:, 4] = np.arange(8) % 2, 1
    y = np.array([1.0, 2.0, 4.0, 3.0, 2.0, 5.0, 3.0, 1.0])
    hyper = np.array([0.0, 1.0, 0.3, 0.9, 1.0, 1.0, 1.0])
    return (
        *(y, np.arange(8), codes, np.linspace(-0.5, 0.5, 8)[:, np.newaxis]),
        *((0, 0, 0, 1, 1), hyper, np.ones(3), np.array([4, 4, 4]), False),
    )


def fit_one(
    y: Array,
    day: Codes,
    codes: Codes,
    dense: Array,
    sizes: Sizes,
    hyper: Array,
    precision: Array,
    points: Codes,
    fine: bool,
) -> tuple[Array, Array, Array, Array]:
    """Fit the nights of one trial: `gram_classes`, then `integrate` of these sums."""
    sums = gram_classes(y, day, codes, dense, sizes)
    return integrate(*sums, sizes, hyper, precision, points, fine)


@compiled
def fit_each(
    y: Array,
    arms: Codes,
    day: Codes,
    codes: Codes,
    dense: Array,
    sizes: Sizes,
    hyper: Array,
    precision: Array,
    points: Codes,
    along: Array,
    at_zero: Array,
    thresholds: Array,
    mean: Array,
    sd: Array,
    above: Array,
) -> None:
    """Fit many trials, and write posterior moments and probabilities into `mean`, `sd` and `above`.

    Parameters
    ----------
    y : [trial, night]
        NaN where not recorded.
    arms : [trial or 1, night]
        Codes of the arms, one row for all trials or a row each.
    day, codes, dense, sizes
        As for `gram_classes`; the arms in `codes` are replaced.
    hyper, precision, points
        As for `integrate`.
    along : [contrast, arm]
        Weights on the arms but the reference.
    at_zero : [contrast]
        Added to the means: the contrasts of the prior means.
    thresholds : [threshold]
        In the unit of the nights.
    mean, sd : [trial, contrast]
        Written: NaN where a trial has too few nights.
    above : [trial, contrast, threshold]
        Written: posterior probability of more than each threshold.
    """
    n_arms = sizes[4]
    trial_codes = codes.copy()
    for trial in range(len(y)):
        recorded = np.zeros(n_arms + 1, np.int64)
        for night in range(len(trial_codes)):
            trial_codes[night, 3] = arms[trial if len(arms) > 1 else 0, night]
            if not math.isnan(y[trial, night]) and trial_codes[night, 4] == 1:
                recorded[trial_codes[night, 3]] += 1
        if recorded.min() == 0 or recorded.sum() < 2 * (n_arms + 1):
            mean[trial], sd[trial], above[trial] = np.nan, np.nan, np.nan
            continue
        first, sums, gaps, counts, nights = gram_classes(y[trial], day, trial_codes, dense, sizes)
        logs, means, covariances, _ = integrate(
            first, sums, gaps, counts, nights, sizes, hyper, precision, points, False
        )
        weights = np.exp(logs - logs.max())
        weights /= weights.sum()
        for c in range(len(along)):
            first_moment, second_moment = 0.0, 0.0
            above[trial, c] = 0.0
            for j in range(len(weights)):
                if weights[j] < NEGLIGIBLE:
                    continue
                centre, variance = 0.0, 0.0
                for a in range(n_arms):
                    centre += along[c, a] * means[j, a]
                    for b in range(n_arms):
                        variance += along[c, a] * along[c, b] * covariances[j, a, b]
                first_moment += weights[j] * centre
                second_moment += weights[j] * (variance + centre * centre)
                scale = math.sqrt(2.0 * variance)
                for k in range(len(thresholds)):
                    above[trial, c, k] += (
                        0.5 * weights[j] * math.erfc((thresholds[k] - at_zero[c] - centre) / scale)
                    )
            mean[trial, c] = first_moment + at_zero[c]
            sd[trial, c] = math.sqrt(max(second_moment - first_moment**2, 0.0))
