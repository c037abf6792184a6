"""Half of the nights without a wake: a halved rate is not "no difference that matters"."""

import numpy as np
import pandas as pd
import pytest
from paths import SHARED
from pretend import pretend_trial

from n1trial.analysis.effects import estimate_effects
from n1trial.design.outcomes import OUTCOMES
from n1trial.inference.inla import fit_counts
from n1trial.inference.sampling import fit_model

WAKES = OUTCOMES["wake_episodes"]
FAULT = SHARED / "data" / "faults_analysis" / "05-counts-no-difference-zip05" / "nights.csv"


def quiet_trial(seed=0):
    """On nothing half of the nights have no wake and the others four; magnesium halves that."""
    data, rng = pretend_trial(outcome=WAKES, level=2.0, counts=True, seed=seed), np.random.default_rng(seed)
    rate = np.where(data.table["arm"] == "magnesium", 2.0, 4.0)
    data.table[WAKES.name] = rng.poisson(rate) * (rng.random(len(rate)) < 0.5).astype(float)
    return data


def test_nights_that_are_all_or_nothing_are_seen_as_such():
    fit = fit_counts(quiet_trial(), WAKES)
    assert 0.3 < float(fit.weights @ fit.spread[:, 0]) < 0.7


def test_a_halved_rate_is_within_the_interval_of_most_such_trials():
    inside = [
        low <= -1.0 <= high
        for seed in range(20)
        for low, high in [
            fit_counts(quiet_trial(seed), WAKES).contrast("magnesium", scale="difference").interval(0.95)
        ]
    ]
    assert sum(inside) >= 16


@pytest.mark.slow
def test_such_nights_are_no_proof_of_no_difference():
    data = quiet_trial()
    fit = fit_model(data, WAKES, variants=False, seed=1, cores=1)
    assert fit.problems == ()
    verdicts = {each.arm: each.verdict for each in estimate_effects(fit, data).contrasts}
    print(f"\n{verdicts}")
    assert verdicts["magnesium"] not in ("no difference that matters", "no worthwhile gain")


@pytest.mark.slow
@pytest.mark.skipif(not FAULT.exists(), reason="the shared faults are not beside the project")
def test_the_trial_that_was_once_called_no_difference_is_not():
    table = pd.read_csv(FAULT)
    names = sorted(table["arm"].unique(), key=lambda name: name != "none")
    data = pretend_trial(outcome=WAKES, level=2.0, counts=True, arms=tuple(names))
    data.table["arm"] = table["arm"].to_numpy()
    data.table[WAKES.name] = table[WAKES.name].to_numpy(float)
    fit = fit_model(data, WAKES, variants=False, seed=1, cores=1)
    for effect in estimate_effects(fit, data).contrasts:
        print(
            f"\n{effect.contrast}: {effect.mean:.2f} ({effect.low:.2f} to {effect.high:.2f}), {effect.verdict}"
        )
        assert effect.verdict not in ("no difference that matters", "no worthwhile gain")
    assert fit.problems == ()
