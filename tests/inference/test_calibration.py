"""Many simulated trials through the real model: slow, printed with their figures."""

import itertools
from concurrent.futures import ThreadPoolExecutor
from datetime import date

import calibrate
import convergence_study
import numpy as np
import pandas as pd
import pytest
import sbc

from n1trial.data.nights import COLUMNS, Nights
from n1trial.data.trial_assembly import join_trial
from n1trial.design.outcomes import OUTCOMES
from n1trial.design.protocol import read_protocol
from n1trial.design.schedule import randomise
from n1trial.design.verdict import Chances, NightsAlone, verdict_of
from n1trial.inference.compile_cache import compile_model
from n1trial.inference.model_matrix import columns_of
from n1trial.inference.models import model_for, models
from n1trial.planning.simulate import Truth, simulate_nights

pytestmark = pytest.mark.slow

PROTOCOL = read_protocol("glycine-vs-magnesium-glycinate")
SLEEP = OUTCOMES["tst_min"]
TRIALS, SBC_TRIALS = 200, 60
# The operating characteristics of the verdict rule by `calibrate.operating_study`, of 6,000 trials a figure with other
# seeds, at nights of SD 40, 60 and 80.
OPERATING = {
    "no effect: any arm worth it": (0.031, 0.017, 0.010),
    "no effect: no gain, no difference": (0.352, 0.229, 0.159),
    "no effect: can't tell": (0.621, 0.756, 0.833),
    "+20: worth it": (0.392, 0.170, 0.072),
    "+20: no gain, no difference": (0.015, 0.016, 0.020),
    "+40: worth it": (0.897, 0.632, 0.344),
    "+20, nightly: worth it": (0.675, 0.484, 0.291),
}
OPERATING_TRIALS = 6000


def trials(truth, count, *, seed):
    """Simulated trials joined as real ones are."""
    for number in range(count):
        schedule = randomise(PROTOCOL, start=date(2026, 1, 5), seed=f"{seed * 1000 + number:064x}")
        simulated = simulate_nights(schedule, truth, seed=seed * 1000 + number).table
        nights = pd.DataFrame(dict.fromkeys(COLUMNS, np.nan), index=range(len(simulated)))
        nights = nights.assign(
            night=simulated["night"],
            tst_min=simulated["tst_min"].where(simulated["present"]),
            wake_episodes=simulated["wake_episodes"].where(simulated["present"]),
            flags="",
        )
        yield join_trial(schedule, Nights(nights), PROTOCOL)


def posteriors(data_sets, outcome):
    """Effect draws [draw, contrast] of every trial: one compilation, new data each time."""
    model, data_sets = model_for(outcome), iter(data_sets)
    first = next(data_sets)
    compiled = compile_model(model.build(first, outcome))

    def sampled(data):
        built = model.build(data, outcome)
        values = {variable.name: variable.get_value() for variable in built.data_vars}
        drawn = sbc.sample(built, compiled, values, draws=1000, tune=400, seed=1, target_accept=0.9)
        return data, drawn["effect"].to_numpy().reshape(-1, len(data.treatments))

    with ThreadPoolExecutor(2) as pool:
        yield from pool.map(sampled, itertools.chain([first], data_sets))


def test_no_effect_is_announced_worth_it_in_at_most_one_trial_of_twenty():
    verdicts, correlated = [], Truth(phi=0.3, period_sd=15.0)
    for data, effects in posteriors(trials(correlated, TRIALS, seed=7), SLEEP):
        verdicts.append(
            [
                verdict_of(
                    Chances.of(draws, SLEEP.mid),
                    alone=NightsAlone.of(
                        draws.mean(), draws.std(), prior_sd=calibrate.PRIOR_SD, mid=SLEEP.mid
                    ),
                    rule=data.rule,
                )
                for draws in effects.T
            ]
        )
    false_alarms = sum("worth it" in pair for pair in verdicts)
    share = pd.Series(list(itertools.chain.from_iterable(verdicts))).value_counts(normalize=True).round(3)
    print(f"\nworth it in {false_alarms} of {TRIALS} trials without effect; contrasts: {share.to_dict()}")
    assert false_alarms <= 0.05 * TRIALS


def test_effects_drawn_from_the_prior_lie_in_nineteen_of_twenty_intervals():
    rng = np.random.default_rng(5)
    inside, total = 0, 0
    truths = [
        dict(zip(("glycine", "magnesium-glycinate"), rng.normal(0, calibrate.PRIOR_SD, 2), strict=True))
        for _ in range(TRIALS)
    ]
    cells = itertools.cycle(calibrate.NUISANCE_CELLS)
    data_sets = (
        next(
            trials(
                Truth(effects_min=truth, missed_share=0.0, partial_share=0.0, **cell), 1, seed=100 + number
            )
        )
        for number, (truth, cell) in enumerate(zip(truths, cells, strict=False))
    )
    for truth, (data, effects) in zip(truths, posteriors(data_sets, SLEEP), strict=True):
        low, high = np.quantile(effects, [0.025, 0.975], axis=0)
        true = np.array([truth[arm] for arm in data.treatments])
        inside, total = inside + ((low <= true) & (true <= high)).sum(), total + len(true)
    print(f"\n95 % intervals held the truth in {inside} of {total} contrasts ({inside / total:.3f})")
    assert 0.92 <= inside / total <= 0.98


@pytest.mark.parametrize("name", calibrate.QUANTITIES)
def test_true_values_have_uniform_ranks_among_their_draws(name):
    # Chance takes one right model in twenty out of its bands, and hardly any twice with trials of its own.
    # The kept ranks are of more trials; these are a sample of them with seeds of their own.
    for seed in (2, 3):
        found = calibrate.sbc_study(name, trials=SBC_TRIALS, seed=seed)
        # Bands that hold for all quantities of the model at once.
        prob = 1 - 0.05 / len(found["quantities"])
        outside = []
        for quantity, ranks in found["quantities"].items():
            p, out = sbc.p_uniform(ranks), sbc.excursion(ranks, prob=prob)
            print(
                f"\n{name} {quantity}: {found['trials']} trials, χ² p {p:.3f}, ECDF at {out:.2f} of its band"
            )
            if p <= 0.001 or out > 1:
                outside.append(quantity)
        if not outside:
            break
    assert outside == []


def test_a_joint_trial_has_good_weeks_of_sleep_and_of_wakes_together_or_against_each_other():
    model, data = models()["joint"], calibrate.sbc_trial()
    truth = sbc.truths_of(model.build(data, SLEEP), trials=1, seed=1)
    loud = {
        "sigma": 5.0,
        "level_wakes": np.log(30.0),
        "omega": 0.0,
        "period_sd": 60.0,
        "period_sd_wakes": 0.5,
    }
    still = ("block", "weekday_sd", "trend", "covariates", "run_in")
    none = dict.fromkeys((*still, *(f"{name}_wakes" for name in still), "effect_sleep", "delta"), 0.0)
    period = columns_of(data, SLEEP).terms["period"]
    for tie, sign in ((0.999, 1), (0.001, -1)):
        values = {**loud, **none, "period_tie": tie}
        simulated = truth.assign({name: truth[name] * 0 + value for name, value in values.items()})
        rng = np.random.default_rng(1)
        sleep, wakes = (model.replicate(data, each, simulated, rng)[0] for each in (SLEEP, calibrate.WAKES))
        by_period = [nights @ period / period.sum(axis=0) for nights in (sleep, np.log(wakes + 1))]
        assert sign * np.corrcoef(*by_period)[0, 1] > 0.95


def test_bands_hold_uniform_ranks_nineteen_times_of_twenty_and_catch_a_shift():
    rng = np.random.default_rng(1)
    sets = [sbc.summary(rng.integers(0, sbc.RANKS + 1, 300)) for _ in range(400)]
    inside = np.mean([sbc.excursion(each, prob=0.95) <= 1 for each in sets])
    assert inside == pytest.approx(0.95, abs=0.035)
    shifted = sbc.summary(np.minimum(rng.integers(0, sbc.RANKS + 1, 300) + 12, sbc.RANKS))
    assert sbc.excursion(shifted, prob=0.95) > 1
    assert sbc.p_uniform(shifted) < 0.001


@pytest.fixture(scope="module")
def operating():
    return calibrate.operating_study()


@pytest.mark.parametrize("figure", OPERATING)
def test_the_verdict_rule_says_what_it_said(operating, figure):
    trials, known = operating["trials"], OPERATING[figure]
    found = [each[figure] for each in operating["found"].values()]
    error = [(p * (1 - p) * (1 / trials + 1 / OPERATING_TRIALS)) ** 0.5 for p in known]
    print(f"\n{figure}, by night SD: {', '.join(f'{each:.1%}' for each in found)} of {trials} trials")
    print(f"  of {OPERATING_TRIALS}: {known}")
    assert np.all(np.abs(np.subtract(found, known)) <= 4 * np.array(error))


def test_quiet_nights_and_nightly_orders_show_more_and_no_effect_is_rarely_announced(operating):
    by_sd = list(operating["found"].values())
    for figure in ("+20: worth it", "+40: worth it", "+20, nightly: worth it"):
        assert by_sd[0][figure] > by_sd[1][figure] > by_sd[2][figure]
    for each in by_sd:
        assert each["no effect: any arm worth it"] <= 0.05
        assert each["+20: worth it"] < each["+20, nightly: worth it"] < each["+40: worth it"]


def test_the_demos_nights_converge_at_the_first_try():
    for diagnostics in convergence_study.converged("demo", range(4)).values():
        for each in diagnostics:
            assert each.divergences == 0
            assert each.max_r_hat <= convergence_study.MOST_R_HAT
            assert min(each.min_ess_bulk, each.min_ess_tail) >= convergence_study.LEAST_ESS
