"""Many lives on many draws of one schedule: nights of a person, before any arm acts.

The same formula as `simulate`, whole arrays at a time and without a device, exports or a diary; nights are
Gaussian. Nights with heavier tails and the same SD tell as much about a mean.
"""

from dataclasses import dataclass
from datetime import date
from functools import lru_cache

import numpy as np
import numpy.typing as npt
from scipy.signal import lfilter

from n1trial.design.protocol import Protocol
from n1trial.design.schedule import Schedule, randomise
from n1trial.inference.inla import Design, design_of
from n1trial.planning.night_variability import FREE_EVENINGS, Person, matern

type Array = npt.NDArray[np.float64]
type Codes = npt.NDArray[np.int64]

# A Monday, so that whole-week periods begin with a working week; the weekday hardly matters.
ANY_MONDAY = date(2026, 1, 5)
A_LONG_TRIAL_DAYS = 460


@dataclass(frozen=True, slots=True, kw_only=True)
class Draws:
    """Draws of a protocol's schedule that share their nights: `arms` [draw, night] on one `design`."""

    design: Design
    arms: Codes
    schedules: tuple[Schedule, ...]

    @property
    def block_ends(self) -> tuple[int, ...]:
        """Nights of the design up to the end of every block."""
        return tuple(int(night) + 1 for night in np.flatnonzero(np.diff(self.design.block, append=-1)))


@lru_cache(maxsize=1)
def draw_schedules(protocol: Protocol, *, draws: int, seed: int) -> Draws:
    """Draw schedules as `new` would, and line up their analysed nights."""
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


def live(
    person: Person, draws: Draws, *, trials: int, rng: np.random.Generator
) -> tuple[Array, Array, Codes]:
    """Nights without any effect, doses taken, and the arms, of every trial.

    Returns
    -------
    nights [trial, night], NaN where not recorded; whether the night's dose was taken [trial, night]; arms
    [trial, night], the draws in turn.
    """
    design = draws.design
    days = int(design.day[-1]) + 1
    free = np.isin(design.weekday, FREE_EVENINGS)
    root = _drift_root(max(days, A_LONG_TRIAL_DAYS), person.drift_length_nights)[:days, :days]
    drift = person.drift_sd * (rng.standard_normal((trials, days)) @ root.T)
    shocks = rng.standard_normal((trials, days))
    shocks[:, 1:] *= np.sqrt(1 - person.phi**2)
    chance = person.night_sd * lfilter([1.0], [1.0, -person.phi], shocks, axis=1)
    nights = (person.level + drift + chance)[:, design.day] + person.free_night * free
    missing = not_recorded(person, days, trials=trials, rng=rng)
    taken = rng.random(nights.shape) >= person.missed_share
    arms = draws.arms[np.arange(trials) % len(draws.arms)]
    return np.where(missing[:, design.day], np.nan, nights), taken.astype(float), arms


def not_recorded(
    person: Person, days: int, *, trials: int, rng: np.random.Generator
) -> npt.NDArray[np.bool_]:
    """Which nights have no record [trial, day]: single ones, and bursts."""
    missing = rng.random((trials, days)) < person.missing_share
    for trial, bursts in enumerate(rng.poisson(person.bursts * days / 100, trials)):
        for first in rng.integers(days, size=bursts):
            missing[trial, first : first + rng.integers(3, 8)] = True
    return missing


@lru_cache(maxsize=4)
def _drift_root(days: int, length: float) -> Array:
    """Cholesky root of the drift's correlation; that of fewer days is its first rows and columns."""
    apart = np.abs(np.subtract.outer(np.arange(days), np.arange(days))).astype(float)
    root: Array = np.linalg.cholesky(matern(apart, length) + 1e-9 * np.eye(days))
    return root
