"""Write the diary that a simulated person kept."""

import numpy as np
import pandas as pd

from n1trial.data.diary import Diary, diary_columns, diary_csv
from n1trial.design.protocol import Protocol
from n1trial.planning.simulate.nights import SimulatedTrial


def diary_text(trial: SimulatedTrial, protocol: Protocol, *, hidden: bool = True) -> str:
    """The diary as CSV text, with a line for every planned night, some of them empty.

    Caffeine is what the person drank. The protocol's other confounders have made-up values that have nothing
    to do with sleep; those of names unknown here stay empty. Fewer awakenings are remembered than happened.
    Nobody guesses at arms that are not `hidden`.
    """
    nights = trial.table
    rng = trial.rng(3)
    n = len(nights)
    swallowed = nights["arm"].isin([arm.name for arm in protocol.arms if arm.doses]) & nights["taken"]
    kept_to = nights["arm"].isin([arm.name for arm in protocol.arms if arm.habit]) & nights["taken"]
    felt = rng.random(n)
    invented = {
        "alcohol_units": rng.poisson(0.6, n),
        "collagen_g": np.where(rng.random(n) < 0.1, 10, 0),
        "exercise_min": np.where(rng.random(n) < 0.4, 15 * rng.integers(1, 6, n), 0),
        "stress_0_to_10": rng.binomial(10, 0.3, n),
        "ill": rng.random(n) < 0.03,
        "travel": rng.random(n) < 0.03,
        "caffeine_mg": nights["caffeine_mg"],
    }
    remembered = rng.binomial(nights["wake_episodes"].fillna(0).astype(int), 0.7)
    table = pd.DataFrame({name: invented.get(name) for name in diary_columns(protocol)}, index=nights.index)
    table = table.assign(
        taken=(swallowed | kept_to).astype("boolean").mask(nights["phase"] == "run-in"),
        taken_at=nights["taken_at"].dt.strftime("%H:%M").where(swallowed),
        guess=nights["guess"] if hidden else None,
        confidence=nights["confidence"] if hidden else None,
        awakenings=np.where(nights["present"], remembered, rng.binomial(4, 0.3, n)),
        grogginess=rng.binomial(10, 0.25, n),
        stomach=np.where(felt < 0.05, rng.integers(1, 5, n), 0),
        side_effects=pd.Series("soft stool", index=nights.index).where(felt < 0.02),
    )
    table = table.astype(object)
    table.loc[rng.random(n) < trial.truth.unwritten_share] = None
    return diary_csv(Diary(table=table.assign(night=nights["night"])), protocol)
