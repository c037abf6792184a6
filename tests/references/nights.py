"""The invented nights behind the reference posteriors, from seeds: NumPy and pandas alone.

Both sides read them: `make.py`, which knows nothing of n1trial, and `tests/inference/test_references.py`.
"""

import hashlib
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

THREE, TWO = ("none", "glycine", "magnesium"), ("none", "glycine")


@dataclass(frozen=True, kw_only=True)
class Case:
    """One model on one invented trial; `effects` and `sd` are minutes, or on the log scale for counts."""

    model: str
    outcome: str
    seed: int
    arms: tuple[str, ...] = THREE
    effects: dict[str, float] = field(default_factory=dict)
    level: float = 420.0
    sd: float = 55.0
    tail_nu: float = 6.0
    phi: float = 0.0
    period_nights: int = 7
    blocks: int = 6
    run_in: int = 0
    caffeine: bool = False
    missing: float = 0.05
    equal_sleep: bool = False


CASES = {
    "duration_gaps": Case(
        model="duration",
        outcome="tst_min",
        seed=11,
        effects={"glycine": 8, "magnesium": 25},
        phi=0.3,
        missing=0.15,
    ),
    "typical_night_run_in_and_caffeine": Case(
        model="typical_night",
        outcome="tst_min",
        seed=12,
        arms=TWO,
        effects={"glycine": 15},
        level=480,
        tail_nu=2.5,
        phi=-0.15,
        run_in=7,
        caffeine=True,
    ),
    "duration_one_night_periods": Case(
        model="duration",
        outcome="tst_min",
        seed=13,
        effects={"glycine": 8, "magnesium": 25},
        tail_nu=30,
        period_nights=1,
        blocks=30,
    ),
    "awakenings_equal_sleep": Case(
        model="awakenings",
        outcome="wake_episodes",
        seed=14,
        effects={"glycine": -0.1, "magnesium": -0.25},
        level=6,
        equal_sleep=True,
    ),
    "poisson_percent": Case(
        model="poisson",
        outcome="wake_episodes_all",
        seed=15,
        effects={"glycine": -0.1, "magnesium": -0.25},
        level=25,
        run_in=7,
    ),
    "negative_binomial_few": Case(
        model="negative_binomial",
        outcome="wake_episodes",
        seed=16,
        effects={"glycine": -0.1, "magnesium": -0.25},
        level=1.5,
        caffeine=True,
        missing=0.1,
    ),
}


def nights_of(case: Case) -> pd.DataFrame:
    """A row a planned night; an empty outcome is a night that was not recorded."""
    rng = np.random.default_rng(case.seed)
    order = [arm for _ in range(case.blocks) for arm in rng.permutation(case.arms)]
    arm = np.concatenate([np.repeat(case.arms[0], case.run_in), np.repeat(order, case.period_nights)])
    total = len(arm)
    place = np.arange(total) - case.run_in
    in_trial = place >= 0
    table = pd.DataFrame(
        {
            "night": pd.date_range("2026-01-05", periods=total, unit="s"),
            "day": np.arange(total),
            "arm": arm,
            "block": np.where(in_trial, place // (case.period_nights * len(case.arms)) + 1, 0),
            "period": np.where(in_trial, place // case.period_nights + 1, 0),
            "left_out": np.where(in_trial, "", "run-in"),
        }
    )
    caffeine = np.where(rng.random(total) < 0.3, 100.0, 0.0)
    friday = np.where(table["night"].dt.day_of_week == 4, 30.0, 0.0)
    periods = rng.normal(0, 10, table["period"].max() + 1)[table["period"]]
    noise = rng.standard_t(case.tail_nu, total)
    for night in range(1, total):
        noise[night] += case.phi * noise[night - 1]
    gain = table["arm"].map(case.effects).fillna(0.0).to_numpy() * in_trial
    counted = case.outcome != "tst_min"
    sleep = (420.0 if counted else case.level + gain) + friday + periods + case.sd * noise
    table["tst_min"] = np.clip(sleep - 0.15 * caffeine * case.caffeine, 120, 700).round(1)
    if counted:
        rate = case.level * np.exp(gain + 0.8 * np.log(table["tst_min"] / 420.0) + periods / 100)
        uneven = rng.gamma(3.0, 1 / 3.0, total) if case.model == "negative_binomial" else 1.0
        table[case.outcome] = rng.poisson(rate * uneven).astype(float)
    if case.caffeine:
        table["caffeine_mg"] = np.where(rng.random(total) < 0.1, np.nan, caffeine)
    lost = rng.random(total) < case.missing
    table.loc[lost, list(dict.fromkeys(["tst_min", case.outcome]))] = np.nan
    return table


def fingerprint(table: pd.DataFrame) -> str:
    """Tells whether a posterior is of these nights."""
    return hashlib.sha256(table.to_csv(float_format="%.6g").encode()).hexdigest()
