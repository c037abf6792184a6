"""Simulated nights of many trials on draws of one schedule, without any effect of an arm.

The formula is that of `simulate`, for whole arrays and without a device, exports or a diary. Nights are Gaussian:
nights with heavier tails and the same SD are as informative about a mean.
"""

from dataclasses import dataclass
from datetime import date
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from n1trial.design.protocol import Protocol
from n1trial.design.schedule import Schedule, randomise
from n1trial.inference.inla import Design, design_of
from n1trial.inference.night_process import autoregressive, drift_root, stationary
from n1trial.planning.night_variability import FREE_EVENINGS, NightVariability
from n1trial.system.arrays import Array, Codes

# A Monday, so that whole-week periods begin with a working week; the weekday hardly matters.
ANY_MONDAY = date(2026, 1, 5)
A_LONG_TRIAL_DAYS = 460
# Key of the random numbers of nights, within the seed of a plan.
NIGHTS = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Draws:
    """Draws of a protocol's schedule on the same analysed nights.

    Attributes
    ----------
    design
        Covariates of the analysed nights, the same for every draw but for its arms.
    arms : [draw, night]
        Code of the arm, its place in ``design.arms``; 0 is the reference.
    schedules
        The draws themselves.
    """

    design: Design
    arms: Codes
    schedules: tuple[Schedule, ...]

    @property
    def block_ends(self) -> tuple[int, ...]:
        """Number of analysed nights up to the end of every block."""
        return tuple(int(night) + 1 for night in np.flatnonzero(np.diff(self.design.block, append=-1)))


@lru_cache(maxsize=1)
def draw_schedules(protocol: Protocol, *, draws: int, seed: int) -> Draws:
    """Draw schedules as `n1trial new` does, and their analysed nights.

    Parameters
    ----------
    protocol
        The protocol whose schedule is drawn.
    draws
        Number of draws.
    seed
        Of the draws; the same seed gives the same schedules.
    """
    schedules = tuple(
        randomise(protocol, start=ANY_MONDAY, seed=f"{seed * 1_000_003 + number:064x}")
        for number in range(draws)
    )
    arms = (protocol.reference, *(arm for arm in protocol.arm_names if arm != protocol.reference))
    designs = [_analysed(schedule, arms) for schedule in schedules]
    return Draws(design=designs[0], arms=np.stack([design.arm for design in designs]), schedules=schedules)


def _analysed(schedule: Schedule, arms: tuple[str, ...]) -> Design:
    table = schedule.table.assign(day=np.arange(len(schedule.table)))
    kept = table[(table["phase"] == "trial") & ~table["washout"]]
    return design_of(kept, arms, planned_days=float(len(table) - 1))


def draw_nights(
    variability: NightVariability, draws: Draws, *, trials: int, rng: np.random.Generator
) -> tuple[Array, Array, Codes]:
    """Draw the nights of many trials without any effect, with doses taken and arms.

    Parameters
    ----------
    variability
        How the person's nights vary.
    draws
        Draws of the schedule, which the trials use in turn.
    trials
        Number of trials.
    rng
        Source of all random numbers.

    Returns
    -------
    nights : [trial, night], in the outcome's unit
        NaN where not recorded.
    taken : [trial, night], 0 or 1
        Whether the dose was taken.
    arms : [trial, night]
        Codes as in ``draws.arms``.
    """
    design = draws.design
    days = int(design.day[-1]) + 1
    free = np.isin(design.weekday, FREE_EVENINGS)
    root = drift_root(max(days, A_LONG_TRIAL_DAYS), variability.drift_length_nights)[:days, :days]
    drift = variability.drift_sd * (rng.standard_normal((trials, days)) @ root.T)
    shocks = stationary(rng.standard_normal((trials, days)), variability.phi)
    chance = variability.night_sd * autoregressive(shocks, variability.phi)
    nights = (variability.level + drift + chance)[:, design.day] + variability.free_night * free
    missing = not_recorded(variability, days, trials=trials, rng=rng)
    taken = np.asarray(rng.random(nights.shape) >= variability.missed_share)
    arms = draws.arms[np.arange(trials) % len(draws.arms)]
    return np.where(missing[:, design.day], np.nan, nights), taken.astype(float), arms


def not_recorded(
    variability: NightVariability, days: int, *, trials: int, rng: np.random.Generator
) -> npt.NDArray[np.bool_]:
    """Which nights have no record [trial, day]: single nights, and bursts of 3 to 7."""
    missing = rng.random((trials, days)) < variability.missing_share
    for trial, bursts in enumerate(rng.poisson(variability.bursts * days / 100, trials)):
        for first in rng.integers(days, size=bursts):
            missing[trial, first : first + rng.integers(3, 8)] = True
    return missing
