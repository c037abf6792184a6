"""Many simulated trials through the real model: slow, printed with their figures."""

import itertools
from concurrent.futures import ThreadPoolExecutor
from datetime import date

import calibrate
import numpy as np
import pandas as pd
import pytest
import sbc

from n1trial.columns import columns_of
from n1trial.compiled import compile_model
from n1trial.models import model_for, models
from n1trial.nights import COLUMNS, Nights
from n1trial.outcomes import OUTCOMES
from n1trial.protocol import read_protocol
from n1trial.schedule import randomise
from n1trial.simulate import Truth, simulate_nights
from n1trial.trial import join_trial
from n1trial.verdict import Chances, verdict_of

pytestmark = pytest.mark.slow

PROTOCOL = read_protocol("glycine-vs-magnesium-glycinate")
SLEEP = OUTCOMES["tst_min"]
TRIALS = 200
# The operating characteristics of the verdict rule by `calibrate.operating_study`, of 6,000 trials a figure, at
# nights of SD 40, 60 and 80; and the ends of the ranges that the statistical specification prints, whose cells it
# does not name. With `calibrate.TWELVE_CELLS` and a gain in one of the two arms every end is met within 5 points,
# with cells near them as well. It is not with a gain in both arms, where each is announced more rarely (errors go
# together, priors do not), nor with nights of SD 100; with SD 43 the upper ends are 2 to 7 points lower.
OPERATING = {
    "no effect: any arm worth it": ((0.036, 0.027, 0.017), (0.010, 0.047)),
    "no effect: no gain, no difference": ((0.631, 0.492, 0.393), None),
    "no effect: can't tell": ((0.328, 0.476, 0.588), None),
    "+20: worth it": ((0.435, 0.197, 0.092), (0.09, 0.46)),
    "+20: no gain, no difference": ((0.060, 0.078, 0.081), (0.05, 0.12)),
    "+40: worth it": ((0.928, 0.691, 0.414), (0.37, 0.97)),
    "+20, nightly: worth it": ((0.612, 0.325, 0.164), (0.19, 0.62)),
}
OPERATING_TRIALS = 6000


def trials(truth, count, *, seed):
    """Simulated trials joined as real ones are."""
    for number in range(count):
        schedule = randomise(PROTOCOL, start=date(2026, 1, 5), seed=f"{seed * 1000 + number:064x}")
        lived = simulate_nights(schedule, truth, seed=seed * 1000 + number).table
        nights = pd.DataFrame(dict.fromkeys(COLUMNS, np.nan), index=range(len(lived)))
        nights = nights.assign(
            night=lived["night"],
            tst_min=lived["tst_min"].where(lived["present"]),
            wake_episodes=lived["wake_episodes"].where(lived["present"]),
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


@pytest.mark.parametrize(
    ("name", "truth"),
    [
        ("default", Truth()),
        ("correlated nights, periods that differ", Truth(phi=0.3, period_sd=15.0)),
    ],
)
def test_no_effect_is_announced_worth_it_in_at_most_one_trial_of_twenty(name, truth):
    verdicts = []
    for data, effects in posteriors(trials(truth, TRIALS, seed=7), SLEEP):
        sd_ratios = effects.std(axis=0) / 20.0
        verdicts.append(
            [
                verdict_of(Chances.of(draws, SLEEP.mid), sd_ratio=ratio, rule=data.rule)
                for draws, ratio in zip(effects.T, sd_ratios, strict=True)
            ]
        )
    false_alarms = sum("worth it" in pair for pair in verdicts)
    share = pd.Series(list(itertools.chain.from_iterable(verdicts))).value_counts(normalize=True).round(3)
    print(
        f"\n{name}: worth it in {false_alarms} of {TRIALS} trials without effect; contrasts: {share.to_dict()}"
    )
    assert false_alarms <= 0.05 * TRIALS


def test_effects_drawn_from_the_prior_lie_in_nineteen_of_twenty_intervals():
    rng = np.random.default_rng(5)
    inside, total = 0, 0
    truths = [
        dict(zip(("glycine", "magnesium-glycinate"), rng.normal(0, 20, 2), strict=True))
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
    for seed in (1, 2):
        found = calibrate.sbc_study(name, seed=seed)
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
    still = ("block_sd", "weekday_sd", "trend", "covariates", "run_in")
    none = dict.fromkeys((*still, *(f"{name}_wakes" for name in still), "effect_sleep", "delta"), 0.0)
    period = columns_of(data, SLEEP).terms["period"]
    for tie, sign in ((0.999, 1), (0.001, -1)):
        values = {**loud, **none, "period_tie": tie}
        lived = truth.assign({name: truth[name] * 0 + value for name, value in values.items()})
        rng = np.random.default_rng(1)
        sleep, wakes = (model.replicate(data, each, lived, rng)[0] for each in (SLEEP, calibrate.WAKES))
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


def test_the_fast_engine_announces_nothing_without_effect_whatever_the_nuisance():
    found = calibrate.null_study()
    for scenario, share in found["worth it"].items():
        print(f"\nno effect, {scenario}: worth it in {share:.2%} of {found['trials']} trials")
        assert share <= 0.05


@pytest.fixture(scope="module")
def operating():
    return calibrate.operating_study()


@pytest.mark.parametrize("figure", OPERATING)
def test_the_verdict_rule_says_what_it_said(operating, figure):
    trials, (known, printed) = operating["trials"], OPERATING[figure]
    found = [each[figure] for each in operating["found"].values()]
    error = [(p * (1 - p) * (1 / trials + 1 / OPERATING_TRIALS)) ** 0.5 for p in known]
    print(f"\n{figure}, by night SD: {', '.join(f'{each:.1%}' for each in found)} of {trials} trials")
    print(f"  of {OPERATING_TRIALS}: {known}; the specification prints {printed or 'about half'}")
    assert np.all(np.abs(np.subtract(found, known)) <= 4 * np.array(error))
    low, high = printed or (0.5, 0.5)
    within = 0.05 if printed else 0.15
    assert abs(min(found) - low) <= within + 3 * max(error)
    assert abs(max(found) - high) <= within + 3 * max(error)


def test_quiet_nights_and_nightly_orders_show_more_and_no_effect_is_rarely_announced(operating):
    by_sd = list(operating["found"].values())
    for figure in ("+20: worth it", "+40: worth it", "+20, nightly: worth it"):
        assert by_sd[0][figure] > by_sd[1][figure] > by_sd[2][figure]
    for each in by_sd:
        assert each["no effect: any arm worth it"] <= 0.05
        assert each["+20: worth it"] < each["+20, nightly: worth it"] < each["+40: worth it"]


def test_intervals_of_the_fast_engine_hold_the_truth_in_every_cell():
    found = calibrate.coverage_study()
    for cell, share in found["inside"].items():
        print(
            f"\neffects of the prior, {cell}: {share:.2%} of {2 * found['trials']} intervals hold the truth"
        )
        assert 0.93 <= share <= 0.97


def test_nine_in_ten_is_true_nine_times_of_ten():
    found = calibrate.decile_study()
    for stated, true, contrasts in zip(found["stated"], found["true"], found["contrasts"], strict=True):
        print(f"\nstated {stated:.3f}, true {true:.3f} of {contrasts} contrasts")
        assert abs(stated - true) <= 0.04
