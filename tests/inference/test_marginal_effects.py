"""Effects of wake episodes against nights drawn one by one under each arm, from hand-made draws."""

from dataclasses import replace

import numpy as np
import pytensor
import pytest
import xarray as xr
from pretend import pretend_trial
from scipy.special import gammaln
from uncompiled import UNCOMPILED

from n1trial.design.outcomes import OUTCOMES
from n1trial.inference.model_matrix import columns_of
from n1trial.inference.models import models
from n1trial.inference.models._counts import night_table, per_hour, rates, usual_count
from n1trial.inference.models.awakenings import drawn_counts
from n1trial.inference.night_process import zero_sum_basis

REPLICATES = 10_000
OMEGAS = (0.3, 0.0, -0.1)


def waking_trial(name):
    """Run-in, a week without records and sleep times that differ, so that every weight matters."""
    data = pretend_trial(outcome=OUTCOMES[name], level=6, counts=True, seed=4)
    data.table["tst_min"] = 420 + 60 * np.random.default_rng(5).standard_normal(126)
    data.table.loc[:6, ["left_out", "block", "period"]] = ["run-in", 0, 0]
    data.table.loc[50:56, name] = np.nan
    return replace(data, sleep_time="tst_min")


def made_draws(data, columns):
    """Three draws of every parameter, far enough from nothing to tell one formula from another."""
    rng = np.random.default_rng(6)
    sizes = {name: columns.terms[name].shape[1] for name in ("period", "weekday")}
    zero_sum = rng.normal(size=(1, 3, 7))
    values = {
        "level": np.log([[6.0, 5.0, 8.0]]),
        "kappa": np.array([[0.9, 0.5, 1.1]]),
        "trend": np.array([[0.3, -0.2, 0.1]]),
        "run_in": np.array([[0.8, -0.8, 0.4]]),
        "omega": np.array([OMEGAS]),
        "delta": np.array([[[-0.4, 0.2], [0.3, -0.1], [-0.2, -0.5]]]),
        "weekday_z": zero_sum - zero_sum.mean(axis=-1, keepdims=True),
        "period_z": rng.normal(size=(1, 3, sizes["period"])),
        "block": 0.2 * rng.normal(size=(1, 3, columns.terms["block"].shape[1])),
    } | {f"{name}_sd": np.array([[0.1, 0.2, 0.15]]) for name in sizes}
    last = {"delta": "contrast", "block": "block_contrast"} | {f"{name}_z": name for name in sizes}
    dims = {name: ("chain", "draw", *([last[name]] if name in last else [])) for name in values}
    return xr.Dataset(
        {name: (dims[name], value) for name, value in values.items()}, {"contrast": list(data.treatments)}
    )


def rate_by_hand(data, outcome, draws, draw, arm, *, equal_sleep):
    """Expected wake episodes of the analysed nights, were all of them on one arm."""
    table, one = data.table, draws.isel(chain=0, draw=draw)
    nights = table[(table["left_out"] == "") & table[outcome.name].notna()]
    trial = table[table["left_out"] == ""]
    log_rate = np.full(len(nights), float(one["level"]))
    for treatment in data.treatments:
        share = float((nights["arm"] == treatment).mean())
        log_rate += float(one["delta"].sel(contrast=treatment)) * ((treatment == arm) - share)
    day = nights["day"] / table["day"].iloc[-1]
    log_rate += float(one["trend"]) * (day - day.mean()).to_numpy()
    weekday = float(one["weekday_sd"]) * one["weekday_z"].to_numpy()[nights["night"].dt.day_of_week]
    log_rate += weekday - weekday.mean()
    period = np.searchsorted(np.unique(trial["period"]), nights["period"])
    log_rate += float(one["period_sd"]) * one["period_z"].to_numpy()[period]
    blocks = zero_sum_basis(trial["block"].nunique()) @ one["block"].to_numpy()
    block = blocks[np.searchsorted(np.unique(trial["block"]), nights["block"])]
    log_rate += block - block.mean()
    if equal_sleep:
        log_sleep = np.log(nights["tst_min"].to_numpy())
        log_rate += float(one["kappa"]) * (log_sleep - log_sleep.mean())
    return np.exp(log_rate), nights["tst_min"].to_numpy() / 60


def simulated_counts(rate, omega, usual, rng):
    """Counts [replicate, night] around `rate`: negative binomial for ω of 0 or more, elsewhere generalised Poisson."""
    theta = rate * (1 - omega)
    if omega > 0:
        shape = usual / (1 / (1 - omega) ** 2 - 1)
        return rng.negative_binomial(shape, shape / (shape + rate), (REPLICATES, len(rate)))
    if omega == 0:
        return rng.poisson(rate, (REPLICATES, len(rate)))
    counts = np.arange(60)[:, None]
    inner = theta + omega * counts
    possible = inner > 0
    log_chance = np.log(theta) + (counts - 1) * np.log(np.where(possible, inner, 1)) - inner
    chance = np.where(possible, np.exp(log_chance - gammaln(counts + 1)), 0)
    upto = np.cumsum(chance / chance.sum(axis=0), axis=0)
    return np.stack([np.searchsorted(upto[:, k], rng.random(REPLICATES)) for k in range(len(rate))], axis=1)


def effects_of_the_model(data, outcome, draws, *, equal_sleep):
    """`effect` [draw, contrast] as the model itself makes it from the draws."""
    columns = columns_of(data, outcome)
    built = models()["awakenings"].build(data, outcome)
    if equal_sleep:
        built["nights_table"].set_value(night_table(columns, log_sleep=columns.log_sleep))
    used = [variable for variable in built.free_RVs if variable.name in draws]
    find = pytensor.function(used, built["effect"], on_unused_input="ignore", **UNCOMPILED)
    return np.stack(
        [
            find(*(draws[variable.name].isel(chain=0, draw=draw).to_numpy() for variable in used))
            for draw in range(3)
        ]
    )


@pytest.mark.parametrize("equal_sleep", [False, True], ids=["all told", "equal sleep"])
@pytest.mark.parametrize("name", ["wake_episodes", "wake_episodes_all"])
def test_effects_on_counts_are_those_of_nights_drawn_one_by_one(name, equal_sleep):
    data, rng = waking_trial(name), np.random.default_rng(7)
    outcome = data.outcomes[0]
    columns = columns_of(data, outcome)
    draws = made_draws(data, columns)
    effects = effects_of_the_model(data, outcome, draws, equal_sleep=equal_sleep)
    scores = []
    for draw, omega in enumerate(OMEGAS):
        drawn = {}
        for arm in data.arms:
            rate, hours = rate_by_hand(data, outcome, draws, draw, arm, equal_sleep=equal_sleep)
            drawn[arm] = simulated_counts(rate, omega, usual_count(data, outcome), rng)
        none = drawn["none"].mean(axis=1)
        for place, arm in enumerate(data.treatments):
            gain = drawn[arm].mean(axis=1) - none
            if outcome.scale == "percent":
                ratio = 1 + effects[draw, place] / 100
                off = drawn[arm].mean(axis=1) - ratio * none
            else:
                off = gain - effects[draw, place]
            # A rate ratio of exp(δ) leaves nothing of the arm's nights beyond that many of the reference's.
            beyond = drawn[arm].mean(axis=1) - np.exp(draws["delta"].to_numpy()[0, draw, place]) * none
            found = {"per night": off, "rate ratio": beyond}
            if equal_sleep:
                hourly = ((drawn[arm] - drawn["none"]) / hours).mean(axis=1)
                found["per hour"] = hourly - per_hour(columns, draws, arm)[draw]
            scores += [
                (omega, arm, what, values.mean() / (values.std() / np.sqrt(REPLICATES)))
                for what, values in found.items()
            ]
    print(
        "\n" + "\n".join(f"ω {omega:4.1f} {arm:9s} {what:10s} z {z:5.2f}" for omega, arm, what, z in scores)
    )
    assert max(abs(z) for *_, z in scores) < 4


@pytest.mark.parametrize("equal_sleep", [False, True], ids=["all told", "equal sleep"])
def test_rates_on_an_arm_are_those_by_hand(equal_sleep):
    data = waking_trial("wake_episodes")
    outcome = data.outcomes[0]
    columns = columns_of(data, outcome)
    draws = made_draws(data, columns)
    for arm in data.arms:
        on = "" if arm == data.reference else arm
        found = rates(columns, draws, equal_sleep=equal_sleep, on=on)
        for draw in range(3):
            rate, _ = rate_by_hand(data, outcome, draws, draw, arm, equal_sleep=equal_sleep)
            assert np.sort(found[draw, columns.analysed > 0]) == pytest.approx(np.sort(rate), rel=1e-9)


@pytest.mark.parametrize("omega", OMEGAS)
def test_replicated_counts_have_mean_and_spread_of_nights_drawn_one_by_one(omega):
    rng, rate = np.random.default_rng(8), np.array([2.0, 6.0, 12.0])
    ours = drawn_counts(np.tile(rate, (REPLICATES, 1)), np.full((REPLICATES, 1), omega), 3.0, rng)
    theirs = simulated_counts(rate, omega, 3.0, rng)
    error = np.sqrt((ours.var(axis=0) + theirs.var(axis=0)) / REPLICATES)
    z = (ours.mean(axis=0) - theirs.mean(axis=0)) / error
    print(
        f"\nω {omega}: z of the means {z.round(2)}, variance × {(ours.var(axis=0) / theirs.var(axis=0)).round(3)}"
    )
    assert np.abs(z).max() < 4
    assert ours.var(axis=0) == pytest.approx(theirs.var(axis=0), rel=0.1 if omega > 0 else 0.06)
