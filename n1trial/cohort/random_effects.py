"""The classical analysis: each person's own contrast, and their random-effects average by REML with Hartung-Knapp.

A person's contrast is the least-squares difference of period means within blocks. Its variance is the residual
variance of period means, pooled over people since one person's few periods tell little of it, times the
leverage of the person's design. Where no person has a residual (one value an arm), variances are known up to a factor
only, which REML then estimates together with the spread.

Hartung & Knapp (2001), doi:10.1002/sim.791; Viechtbauer (2005), doi:10.3102/10769986030003261; that the factor of
Hartung and Knapp is not below 1: Röver, Knapp & Friede (2015), doi:10.1186/s12874-015-0091-1.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy import optimize, stats

from n1trial.cohort.people import Cohort, Person
from n1trial.data.trial_data import RESTS_ON
from n1trial.design.contrast import Contrast
from n1trial.design.outcomes import Outcome
from n1trial.design.verdict import INTERVAL
from n1trial.system.arrays import Array

AVERAGE_COLUMNS = ["contrast", "people", "estimate", "low", "high", "p", "tau"]


@dataclass(frozen=True, slots=True, kw_only=True)
class RandomEffects:
    """An average of people's contrasts: estimate, its standard error and interval, p, and the SD between people."""

    estimate: float
    error: float
    low: float
    high: float
    p: float
    tau: float


def classical_average(cohort: Cohort) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Each person's own contrasts, and their average.

    Parameters
    ----------
    cohort
        Two people or more, with their nights.

    Returns
    -------
    One row a person and contrast that the person tried (`person`, `contrast`, `estimate`, `error`), and one
    row a contrast that two people or more tried (`contrast`, `people`, `estimate`, `low`, `high`, `p`,
    `tau`), in the outcome's contrast unit.
    """
    fitted = {person.name: _period_means_fit(person, cohort.outcome) for person in cohort.people}
    freedom = sum(means.freedom for means in fitted.values())
    pooled = sum(means.residual for means in fitted.values()) / freedom if freedom else None
    rows, averages = [], []
    for contrast in cohort.contrasts:
        own = {
            person: means.contrast(*contrast.arms, percent=cohort.outcome.scale == "percent")
            for person, means in fitted.items()
            if {*contrast.arms} <= {*means.arms}
        }
        estimates = np.array([estimate for estimate, _ in own.values()])
        leverages = np.array([leverage for _, leverage in own.values()])
        averages += _averaged(contrast, estimates, leverages, night_variance=pooled)
        errors = np.sqrt(leverages * pooled) if pooled is not None else np.full(len(own), np.nan)
        rows += [
            {"person": person, "contrast": contrast, "estimate": estimate, "error": error}
            for person, estimate, error in zip(own, estimates, errors, strict=True)
        ]
    return pd.DataFrame(rows), pd.DataFrame(averages, columns=AVERAGE_COLUMNS)


def average_of(raw: pd.DataFrame) -> pd.DataFrame:
    """The average of each contrast from rows of `contrast`, `estimate` and `error`, as `classical_average` has it."""
    averages = []
    for contrast, own in raw.groupby("contrast", sort=False):
        variances = own["error"].to_numpy() ** 2
        averages += _averaged(contrast, own["estimate"].to_numpy(), variances, night_variance=1.0)
    return pd.DataFrame(averages, columns=AVERAGE_COLUMNS)


def _averaged(
    contrast: Contrast, estimates: Array, leverages: Array, *, night_variance: float | None
) -> list[dict[str, object]]:
    """A row of the averages, none where fewer than two people tried the contrast."""
    if len(estimates) < 2:
        return []
    average = random_effects(estimates, leverages, night_variance=night_variance)
    row = {field: getattr(average, field) for field in ("estimate", "low", "high", "p", "tau")}
    return [{"contrast": contrast, "people": len(estimates)} | row]


def random_effects(estimates: Array, leverages: Array, *, night_variance: float | None) -> RandomEffects:
    """Average of estimates [person] whose variances are leverages [person] × `night_variance`, plus τ².

    Parameters
    ----------
    estimates, leverages : [person]
        Each person's contrast, and its variance in units of that of a night.
    night_variance
        Variance that leverages are to be multiplied with; None: estimated together with τ.
    """
    unit = float(estimates.var(ddof=1)) or 1.0
    if night_variance is not None:
        tau2 = _largest(lambda log: _restricted(estimates, np.exp(log) + leverages * night_variance), unit)
        # A maximum at the edge is at 0.
        at_zero = _restricted(estimates, leverages * night_variance)
        tau2 = 0.0 if at_zero >= _restricted(estimates, tau2 + leverages * night_variance) else tau2
        variances = tau2 + leverages * night_variance
    else:
        tau2, variances = _both_variances(estimates, leverages, unit)
    weights = 1.0 / variances
    estimate = float(np.average(estimates, weights=weights))
    freedom = len(estimates) - 1
    spread = float(np.sum(weights * (estimates - estimate) ** 2) / freedom)
    if night_variance is not None:
        # People who happen to agree are no reason for an interval narrower than that of one common effect.
        spread = max(1.0, spread)
    error = (spread / weights.sum()) ** 0.5
    margin = stats.t.ppf((1 + INTERVAL) / 2, freedom) * error
    return RandomEffects(
        estimate=estimate,
        error=error,
        low=float(estimate - margin),
        high=float(estimate + margin),
        p=float(2 * stats.t.sf(abs(estimate) / error, freedom)) if error else 0.0,
        tau=tau2**0.5,
    )


def _restricted(estimates: Array, variances: Array) -> float:
    """Restricted log likelihood of estimates around one average, but for a constant."""
    weights = 1.0 / variances
    residual = estimates - np.average(estimates, weights=weights)
    return float(-0.5 * (np.log(variances).sum() + np.log(weights.sum()) + np.sum(weights * residual**2)))


def _largest(score, unit: float) -> float:  # type: ignore[no-untyped-def]
    """The variance of the largest restricted likelihood, `score` being a function of its logarithm."""
    bounds = (np.log(unit) - 20.0, np.log(unit) + 5.0)
    optimum = optimize.minimize_scalar(
        lambda log: -score(log), bounds=bounds, method="bounded", options={"xatol": 1e-10}
    )
    return float(np.exp(optimum.x))


def _both_variances(estimates: Array, leverages: Array, unit: float) -> tuple[float, Array]:
    """τ² and variances where neither is known; where leverages are alike only their sum is."""
    if np.ptp(leverages) <= 1e-9 * leverages.max():
        return float(estimates.var(ddof=1)), np.full(len(estimates), float(estimates.var(ddof=1)))
    optimum = optimize.minimize(
        lambda logs: -_restricted(estimates, np.exp(logs[0]) + np.exp(logs[1]) * leverages),
        x0=np.log([unit / 2, unit / (2 * leverages.mean())]),
        bounds=[(np.log(unit) - 15.0, np.log(unit) + 5.0)] * 2,
        method="L-BFGS-B",
    )
    tau2, night = np.exp(optimum.x)
    return float(tau2), tau2 + night * leverages


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _PeriodMeans:
    """Least squares of one person's period means: means of arms within blocks, and the residual."""

    arms: tuple[str, ...]
    means: Array
    covariance: Array
    residual: float
    freedom: int

    def contrast(self, arm: str, comparator: str, *, percent: bool) -> tuple[float, float]:
        """Difference of two arms, or per cent of the second; its variance in units of that of a night."""
        along = np.array([float(name == arm) - float(name == comparator) for name in self.arms])
        if percent:
            along = along * 100.0 / max(float(self.means[self.arms.index(comparator)]), 1.0)
        return float(along @ self.means), float(along @ self.covariance @ along)


def _period_means_fit(person: Person, outcome: Outcome) -> _PeriodMeans:
    nights = person.data.analysed(outcome)
    rests_on = nights[RESTS_ON] if RESTS_ON in nights else pd.Series(1.0, index=nights.index)
    table = pd.DataFrame(
        {
            "arm": nights["arm"],
            "block": nights["block"],
            "period": nights["period"],
            "weight": rests_on,
            "total": rests_on * nights[outcome.name],
        }
    )
    periods = table.groupby(["arm", "block", "period"], as_index=False).sum()
    arms = tuple(arm for arm in person.data.arms if (periods["arm"] == arm).any())
    blocks = np.unique(periods["block"])
    of_arm = np.column_stack([(periods["arm"] == arm).to_numpy(float) for arm in arms])
    # The first block is the level of the arms.
    of_block = [(periods["block"] == block).to_numpy(float) for block in blocks[1:]]
    design = np.column_stack([of_arm, *of_block])
    weights = periods["weight"].to_numpy(float)
    means = periods["total"].to_numpy(float) / weights
    root = np.sqrt(weights)
    inverse = np.linalg.pinv((design * root[:, None]).T @ (design * root[:, None]))
    coefficients = inverse @ (design.T @ (weights * means))
    freedom = len(means) - int(np.linalg.matrix_rank(design))
    residual = float(np.sum(weights * (means - design @ coefficients) ** 2)) if freedom else 0.0
    count = len(arms)
    return _PeriodMeans(
        arms=arms,
        means=coefficients[:count],
        covariance=inverse[:count, :count],
        residual=residual,
        freedom=freedom,
    )
