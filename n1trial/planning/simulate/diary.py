"""The diary of a simulated trial."""

import numpy as np
import pandas as pd

from n1trial.data.diary import Diary, diary_columns, diary_csv
from n1trial.design.protocol import Protocol
from n1trial.planning.simulate.nights import SimulatedTrial


def diary_text(trial: SimulatedTrial, protocol: Protocol, *, hidden: bool = True) -> str:
    """The diary of a simulated trial as CSV text, one line per planned night.

    Caffeine is that of the simulation. The protocol's other confounders have values that are independent of sleep;
    confounders with unknown names stay empty. Fewer awakenings are remembered than occurred. Some lines are empty
    (``trial.truth.unwritten_share``).

    Parameters
    ----------
    trial : SimulatedTrial
        The simulated trial.
    protocol : Protocol
        The protocol of its schedule, which says which columns the diary has.
    hidden : bool
        Whether the arms are hidden, so that the person guesses at them every morning.

    Returns
    -------
    str
        CSV text, as `read_diary` reads it.

    Examples
    --------
    >>> from datetime import date
    >>> from n1trial import Truth, diary_text, randomise, read_protocol, simulate_nights
    >>> protocol = read_protocol("glycine-vs-magnesium-glycinate")
    >>> schedule = randomise(protocol, start=date(2026, 1, 5), seed="00" * 32)
    >>> trial = simulate_nights(schedule, Truth(), seed=1)
    >>> lines = diary_text(trial, protocol).splitlines()
    >>> lines[0].split(",")[0], len(lines) - 1 == len(schedule.table)
    ('night', True)
    """
    nights = trial.table
    rng = trial.rng(3)
    n = len(nights)
    dose_taken = nights["arm"].isin([arm.name for arm in protocol.arms if arm.doses]) & nights["taken"]
    habit_kept = nights["arm"].isin([arm.name for arm in protocol.arms if arm.habit]) & nights["taken"]
    side_effect = rng.random(n)
    confounders = {
        "alcohol_units": rng.poisson(0.6, n),
        "collagen_g": np.where(rng.random(n) < 0.1, 10, 0),
        "exercise_min": np.where(rng.random(n) < 0.4, 15 * rng.integers(1, 6, n), 0),
        "stress_0_to_10": rng.binomial(10, 0.3, n),
        "ill": rng.random(n) < 0.03,
        "travel": rng.random(n) < 0.03,
        "caffeine_mg": nights["caffeine_mg"],
    }
    remembered = rng.binomial(nights["wake_episodes"].fillna(0).astype(int), 0.7)
    table = pd.DataFrame(
        {name: confounders.get(name) for name in diary_columns(protocol)}, index=nights.index
    )
    table = table.assign(
        taken=(dose_taken | habit_kept).astype("boolean").mask(nights["phase"] == "run-in"),
        taken_at=nights["taken_at"].dt.strftime("%H:%M").where(dose_taken),
        guess=nights["guess"] if hidden else None,
        confidence=nights["confidence"] if hidden else None,
        awakenings=np.where(nights["present"], remembered, rng.binomial(4, 0.3, n)),
        grogginess=rng.binomial(10, 0.25, n),
        stomach=np.where(side_effect < 0.05, rng.integers(1, 5, n), 0),
        side_effects=pd.Series("soft stool", index=nights.index).where(side_effect < 0.02),
    )
    table = table.astype(object)
    table.loc[rng.random(n) < trial.truth.unwritten_share] = None
    return diary_csv(Diary(table=table.assign(night=nights["night"])), protocol)
