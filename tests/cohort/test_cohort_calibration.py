"""Cohorts drawn from the prior and found again: ranks, and intervals of average, spread and the next person."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import numpy as np
import pytest
import sbc
from people import SLEEP, WAKES, pretend_people

from n1trial.cohort import gather
from n1trial.cohort.one_stage import sleep_time_model, wake_count_model
from n1trial.cohort.one_stage.replicate import replicated_nights
from n1trial.cohort.one_stage.stacked_data import stack
from n1trial.inference.compile_cache import compile_model

COHORTS, PEOPLE = 24, 12
USUAL_MOST = 64
INTERVAL = (0.025, 0.975)
QUANTITIES = {
    "average": ("average", 0),
    "spread": ("spread", 0),
    "other spread": ("spread", 1),
    "correlation": ("correlation", (0, 1)),
    "somebody's effect": ("effect", (0, 0)),
    "somebody's level": ("level", 0),
    "mean level": ("level_of_all", ()),
    "SD of levels": ("level_sd", ()),
    "period SD": ("period_sd", ()),
}
OF_SLEEP = {
    "somebody's σ": ("sigma", 0),
    "somebody's φ": ("phi", 0),
    "weekday SD": ("weekday_sd", ()),
}
OF_WAKES = {"somebody's ω": ("omega", 0)}


def of(draws, name, at):
    values = draws[name].to_numpy()
    values = values.reshape(-1, *values.shape[2:])
    return values[(slice(None), *np.atleast_1d(at).astype(int))] if at != () else values


def next_person(draws, rng):
    """First effect of somebody new, a draw each."""
    return of(draws, "average", 0) + of(draws, "spread", 0) * rng.standard_normal(
        draws.sizes["chain"] * draws.sizes["draw"]
    )


def study(outcome, model, asked, *, seed):
    """Ranks of every quantity, summed up, and how many 95 % intervals hold the truth."""
    cohort = gather(pretend_people(PEOPLE, outcome=outcome, blocks=2), outcome.name)
    stacked = stack(cohort)
    truths, rng = (
        sbc.truths_of(model.build(cohort), trials=COHORTS, seed=seed),
        np.random.default_rng(1 + seed),
    )
    replicates = [
        replicated_nights(cohort, truths.isel(chain=0, draw=number), rng) for number in range(COHORTS)
    ]
    # A model of counts is built up to a largest one, which takes time where most cohorts have small ones.
    limits = sorted({USUAL_MOST, int(np.max(replicates))}) if outcome.kind == "count" else [None]
    models = {most: model.build(cohort, **({"most": most} if most else {})) for most in limits}
    compiled = {most: compile_model(built, densities=False) for most, built in models.items()}

    def sampled(number):
        most = next((limit for limit in limits if limit and replicates[number].max() <= limit), None)
        return sbc.sample(
            models[most],
            compiled[most],
            model.data_of(cohort, replace(stacked, y=replicates[number])),
            draws=sbc.DRAWS,
            tune=sbc.TUNE,
            seed=number,
            target_accept=0.9,
        )

    ranks = {name: np.zeros(COHORTS, dtype=int) for name in asked}
    inside = {"average": 0, "spread": 0, "next person": 0}
    with ThreadPoolExecutor(2) as pool:
        for number, draws in enumerate(pool.map(sampled, range(COHORTS))):
            truth, thinned = truths.isel(draw=[number]), draws.isel(draw=slice(None, None, sbc.THIN))
            for name, (variable, at) in asked.items():
                ranks[name][number] = (of(thinned, variable, at) < of(truth, variable, at)[0]).sum()
            for name in ("average", "spread"):
                low, high = np.quantile(of(draws, name, 0), INTERVAL)
                inside[name] += int(low <= of(truth, name, 0)[0] <= high)
            low, high = np.quantile(next_person(draws, rng), INTERVAL)
            inside["next person"] += int(low <= next_person(truth, rng)[0] <= high)
    return {name: sbc.summary(kept_ranks) for name, kept_ranks in ranks.items()}, inside


@pytest.mark.slow
@pytest.mark.parametrize(
    ("outcome", "model", "further"),
    [(SLEEP, sleep_time_model, OF_SLEEP), (WAKES, wake_count_model, OF_WAKES)],
    ids=["sleep", "wakes"],
)
def test_true_values_have_uniform_ranks_and_lie_in_their_intervals(outcome, model, further, capsys):
    # Chance takes one right model in a hundred out of its bands, and hardly any twice with cohorts of its own.
    for seed in (1, 2):
        kept, inside = study(outcome, model, QUANTITIES | further, seed=seed)
        # Bands that hold for all quantities of the model at once.
        prob = 1 - 0.01 / len(kept)
        with capsys.disabled():
            print(f"\n{model.NAME}, {COHORTS} cohorts of {PEOPLE}; in their 95 % intervals: {inside}")
            for name, kept_ranks in kept.items():
                print(
                    f"  {name}: χ² p {sbc.p_uniform(kept_ranks):.3f},"
                    f" ECDF at {sbc.excursion(kept_ranks, prob=prob):.2f} of its band"
                )
        outside = [
            name
            for name, kept_ranks in kept.items()
            if sbc.p_uniform(kept_ranks) <= 0.001 or sbc.excursion(kept_ranks, prob=prob) > 1
        ]
        # Four standard errors of so many cohorts.
        outside += [
            name
            for name, count in inside.items()
            if abs(count / COHORTS - 0.95) > 4 * (0.95 * 0.05 / COHORTS) ** 0.5
        ]
        if not outside:
            break
    assert outside == []
