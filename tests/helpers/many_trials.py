"""Thousands of trials on one plan at once, each with an order of its own: nights as arrays."""

from dataclasses import dataclass, replace
from functools import cache

import numpy as np
import numpy.typing as npt

from n1trial.data.trial_data import TrialData
from n1trial.inference.inla import Design

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class Plan:
    """A trial of permuted blocks without run-in, and the fast engine's view of it."""

    data: TrialData
    design: Design


@dataclass(frozen=True, kw_only=True)
class ManyNights:
    """Nights `y` [trial, night], NaN where missing, and their arms `arm` [trial, night]."""

    plan: Plan
    y: Floats
    arm: npt.NDArray[np.int64]

    def trial(self, number):
        """One of the trials, as the models read it."""
        data = self.plan.data
        names = np.array([data.reference, *data.treatments])
        return replace(data, table=data.table.assign(arm=names[self.arm[number]], tst_min=self.y[number]))


def effects_of_prior(trials, contrasts, *, seed, sd):
    """Effects [trial, contrast] as the prior has them."""
    return sd * np.random.default_rng(seed).standard_normal((trials, contrasts))


def simulate_many(
    plan,
    *,
    trials,
    seed,
    effects=None,
    sd=60.0,
    phi=0.0,
    nu=6.0,
    period_sd=0.0,
    drift_sd=20.0,
    free_night=30.0,
    missing=0.05,
):
    """Nights around 420 min by the simulated truth of the statistical specification.

    AR(1) of Student-t shocks, periods, a Matérn-5/2 drift of length 30 nights, longer free nights whose
    length differs between people, nights missing one by one.
    """
    rng = np.random.default_rng(seed)
    table = plan.data.table
    nights, arms = len(table), len(plan.data.arms)
    period = table["period"].to_numpy() - 1
    blocks = table["block"].nunique()
    order = rng.permuted(np.broadcast_to(np.arange(arms), (trials, blocks, arms)), axis=2).reshape(trials, -1)
    arm = order[:, period]
    shocks = rng.standard_t(nu, (trials, nights)) * np.sqrt((nu - 2) / nu)
    residual = np.empty((trials, nights))
    residual[:, 0] = shocks[:, 0]
    for night in range(1, nights):
        residual[:, night] = phi * residual[:, night - 1] + np.sqrt(1 - phi**2) * shocks[:, night]
    y = 420 + sd * residual + period_sd * rng.standard_normal((trials, period.max() + 1))[:, period]
    y += drift_sd * rng.standard_normal((trials, nights)) @ _matern_root(nights, 30.0).T
    free = table["night"].dt.day_of_week.isin([4, 5]).to_numpy()
    y += free * (free_night + 35 * rng.standard_normal((trials, 1)))
    if effects is not None:
        y += np.take_along_axis(np.column_stack([np.zeros(trials), effects]), arm, axis=1)
    y[rng.random((trials, nights)) < missing] = np.nan
    return ManyNights(plan=plan, y=y, arm=arm.astype(np.int64))


@cache
def _matern_root(nights, length):
    apart = np.sqrt(5) * np.abs(np.subtract.outer(np.arange(nights), np.arange(nights))) / length
    return np.linalg.cholesky((1 + apart + apart**2 / 3) * np.exp(-apart) + 1e-9 * np.eye(nights))
