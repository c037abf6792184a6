"""Randomisation test of nights whose arms were drawn one by one: each coin is tossed again.

As many nights stay on each arm as there were, so that it does not matter how likely each arm was: all orders of the
labels on the nights of two arms are then equally likely, however much nights resemble their neighbours. The statistic
is the difference of means, two-sided; the nights of a third arm stay as they are, so p is exact when it acts too.
"""

import itertools
import math

import numpy as np

from n1trial.analysis.checks import Case, CheckResult, Findings
from n1trial.analysis.effects import INTERVAL
from n1trial.system.arrays import Array
from n1trial.system.random_streams import stream

ENUMERATE_AT_MOST = 100_000
DRAWS = 20_000
SEED = 20_150
TIE = 1e-9


def tossed_again(case: Case, name: str) -> Findings:
    """The p value and interval of every contrast, under the name of the check."""
    nights, results = case.data.analysed(case.outcome), []
    for contrast in case.data.contrasts:
        both = nights[nights["arm"].isin(contrast.arms)]
        on_arm = (both["arm"] == contrast.arm).to_numpy(float)
        values = both[case.outcome.name].to_numpy(float)
        labels, exact = labellings(on_arm)
        low, high = toss_interval(values, on_arm, labels, exact=exact)
        results.append(
            CheckResult(
                check=name,
                contrast=contrast,
                estimate=_difference(on_arm[None], values)[0],
                low=low,
                high=high,
                p=toss_p(values, on_arm, labels, exact=exact),
                note=f"{'all' if exact else 'a random'} {len(labels):,} orders of {len(values)} nights",
            )
        )
    return Findings(results=tuple(results))


def labellings(on_arm: Array) -> tuple[Array, bool]:
    """Labels [labelling, night], 1 on the arm: all with as many nights on it, or random ones; whether all are there."""
    nights, count = len(on_arm), int(on_arm.sum())
    if math.comb(nights, count) <= ENUMERATE_AT_MOST:
        chosen = np.array(list(itertools.combinations(range(nights), count)), dtype=np.int64)
        labels = np.zeros((len(chosen), nights))
        np.put_along_axis(labels, chosen, 1.0, axis=1)
        return labels, True
    rng = stream(SEED)
    return rng.permuted(np.tile(on_arm, (DRAWS, 1)), axis=1), False


def toss_p(values: Array, on_arm: Array, labels: Array, *, exact: bool) -> float:
    """Two-sided p of the difference of means; with random labels the one that was drawn counts among them.

    Phipson & Smyth (2010), doi:10.2202/1544-6115.1585.
    """
    observed = abs(float(_difference(on_arm[None], values)[0]))
    as_large = np.abs(_difference(labels, values)) >= observed - TIE * max(1.0, observed)
    return float(as_large.mean() if exact else (as_large.sum() + 1) / (len(labels) + 1))


def toss_interval(
    values: Array, on_arm: Array, labels: Array, *, exact: bool
) -> tuple[float | None, float | None]:
    """Every shift of the arm that the test does not reject at 1 - INTERVAL; None where it has no end."""
    centre = float(_difference(on_arm[None], values)[0])
    value_differences, shift_differences = _difference(labels, values), _difference(labels, on_arm)

    def rejected(shift: float) -> bool:
        observed = abs(centre - shift)
        as_large = np.abs(value_differences - shift * shift_differences) >= observed - TIE * max(
            1.0, observed
        )
        p = as_large.mean() if exact else (as_large.sum() + 1) / (len(labels) + 1)
        return bool(p <= 1 - INTERVAL)

    def end(direction: float) -> float | None:
        inside, outside = 0.0, 4 * float(np.ptp(values)) + 1.0
        if not rejected(centre + direction * outside):
            return None
        for _ in range(40):
            middle = (inside + outside) / 2
            if rejected(centre + direction * middle):
                outside = middle
            else:
                inside = middle
        return centre + direction * inside

    return end(-1.0), end(1.0)


def _difference(labels: Array, values: Array) -> Array:
    """Mean of the nights on the arm less that of the others [labelling]."""
    on_arm = labels.sum(axis=1)
    totals = labels @ values
    return np.asarray(totals / on_arm - (values.sum() - totals) / (labels.shape[1] - on_arm))
