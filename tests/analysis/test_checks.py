import itertools
import re
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from paths import SHARED
from pretend import pretend_trial, shaped_as_the_template
from scipy import stats

from n1trial.analysis.checks import Case, checks, run_checks
from n1trial.analysis.checks._period_means import complete_blocks
from n1trial.analysis.checks.randomisation import (
    block_t,
    drawn_from,
    free_draw,
    least_swap_p,
    relabellings,
    signs,
    swap_interval,
    swap_p,
)
from n1trial.data.read_table import read_table
from n1trial.data.trial_data import AlternativeNights
from n1trial.design.allocation import Admissible, words
from n1trial.design.contrast import Contrast
from n1trial.design.outcomes import OUTCOMES
from n1trial.inference.sampling import fit_model

SLEEP = OUTCOMES["tst_min"]
PUBLISHED = SHARED / "data" / "published"
MAGNESIUM = PUBLISHED / "gwern_mg_citrate_blocks_2013_2014.csv"
needs_published = pytest.mark.skipif(
    not MAGNESIUM.is_file(), reason="published data lie beside the repository"
)


def result(data, check, contrast, outcome=None):
    case = Case(data=data, outcome=outcome or data.outcomes[0])
    alone = checks().get(check)
    findings = alone.run(case) if alone else run_checks(case)
    return next(each for each in findings.results if (each.check, each.subject) == (check, contrast))


@pytest.fixture(scope="module")
def full():
    """A trial with everything that a check may look at: a fit, a diary, guesses, another reading, two devices."""
    data = shaped_as_the_template(
        pretend_trial(
            effects={"glycine": 20, "magnesium": 35}, blinded=True, seed=1, half_lives={"magnesium": 3.0}
        )
    )
    rng, table = np.random.default_rng(5), data.table
    table["taken"] = np.where(rng.random(len(table)) < 0.04, 0.0, (table["arm"] != "none").astype(float))
    table["guess"] = np.where(rng.random(len(table)) < 0.6, rng.choice([*data.arms, "?"], len(table)), "")
    table.loc[[5, 40, 77], "tst_min"] = [np.nan, 150.0, np.nan]
    other = replace(data, table=table.assign(tst_min=table["tst_min"] + 5))
    return Case(
        data=data,
        outcome=SLEEP,
        fit=fit_model(data, SLEEP, seed=1),
        alternatives=(AlternativeNights(name="naps too", data=other, outcome=SLEEP),),
        recorders=("ring, algorithm v1", "ring, algorithm v2"),
    )


@pytest.mark.parametrize("name", checks())
def test_a_check_finds_something_and_changes_nothing(name, full):
    counts = pretend_trial(effects={"glycine": 30}, outcome=OUTCOMES["wake_episodes"], level=5, counts=True)
    case = Case(data=counts, outcome=counts.outcomes[0]) if name == "quasi-Poisson rate" else full
    before = case.data.table.copy()
    check = checks()[name]
    assert check.applies(case)
    findings = check.run(case)
    assert findings.results
    assert all(each.p is None or 0 <= each.p <= 1 for each in findings.results)
    known = {"", *case.data.arms, "every arm", "glycine vs none", "magnesium vs none"}
    assert {each.subject for each in findings.results} <= known
    assert case.data.table.equals(before)


@pytest.mark.parametrize("name", checks())
def test_a_check_says_itself_that_it_does_not_apply(name):
    data = pretend_trial(blocks=1, period_nights=1)
    assert not checks()[name].applies(Case(data=data, outcome=SLEEP))


def test_swapped_arms_turn_the_sign():
    data = pretend_trial(effects={"glycine": 25}, arms=("none", "glycine"), seed=3)
    swapped = pretend_trial(effects={"none": 25}, arms=("none", "glycine"), seed=3)
    one, other = (result(each, "period means", "glycine vs none") for each in (data, swapped))
    noise = result(
        pretend_trial(arms=("none", "glycine"), seed=3), "period means", "glycine vs none"
    ).estimate
    assert one.estimate - noise == pytest.approx(25)
    assert other.estimate - noise == pytest.approx(-25)


def test_blocks_without_every_arm_are_left_out_and_counted():
    data = pretend_trial()
    lost = (data.table["block"] == 2) & (data.table["arm"] == "glycine")
    data.table.loc[lost, "tst_min"] = np.nan
    assert len(complete_blocks(data, SLEEP)) == 5
    assert (
        "5 complete blocks; 1 without every arm left out"
        in result(data, "period means", "glycine vs none").note
    )


def test_all_labellings_of_six_blocks_of_three_arms_are_there_once():
    means = np.arange(18.0).reshape(6, 3)
    every, exact = relabellings(means, free_draw(("a", "b", "c"), 6))
    assert exact
    assert len(np.unique(every.reshape(len(every), -1), axis=0)) == len(every) == 46_656


def test_t_of_the_block_analysis_of_variance_agrees_with_statsmodels():
    data = pretend_trial(seed=5)
    means = complete_blocks(data, SLEEP)
    means_line = result(data, "period means", "magnesium vs none")
    error = (means_line.high - means_line.low) / 2 / 2.2281388519649385  # t(.975) on 10 degrees of freedom
    assert block_t(means[np.newaxis], 2, 0)[0] == pytest.approx(abs(means_line.estimate) / error)


def test_swaps_by_hand():
    # Differences 1, 2, 3: of eight sign patterns only +++ and --- reach a sum of 6.
    swaps, exact = signs(free_draw(("a", "b"), 3), Contrast("a", "b"))
    assert exact
    assert swap_p(np.array([1.0, 2.0, 3.0]), swaps) == pytest.approx(2 / 8)
    assert swap_interval(np.array([1.0, 2.0, 3.0]), swaps) == (None, None)


def test_the_swap_interval_holds_exactly_the_shifts_that_are_not_rejected():
    difference = np.array([12.0, 30.0, 18.0, 25.0, 9.0, 40.0, 22.0])
    swaps, _ = signs(free_draw(("a", "b"), 7), Contrast("a", "b"))
    low, high = swap_interval(difference, swaps)
    assert swap_p(difference - (low + 1e-6), swaps) > 0.05 >= swap_p(difference - (low - 1e-6), swaps)
    assert swap_p(difference - (high - 1e-6), swaps) > 0.05 >= swap_p(difference - (high + 1e-6), swaps)


def test_the_randomisation_test_keeps_its_level_exactly():
    means = np.random.default_rng(0).normal(size=(3, 3))
    every, _ = relabellings(means, free_draw(("a", "b", "c"), 3))
    statistics = block_t(every, 1, 0)
    p = np.array([(statistics >= each - 1e-9).mean() for each in statistics])
    for level in (0.05, 0.1, 0.2, 0.5):
        assert (p <= level).mean() <= level


def restricted(order, blocks, seed=1):
    """A trial whose schedule was drawn under a restriction, with nights of pure noise."""
    design = Admissible(arms=("glycine", "none", "magnesium"), blocks=blocks, order=order)
    drawn = design.draw(words(protocol_sha256="ab" * 32, seed=f"{seed:064x}"))
    data = pretend_trial(blocks=blocks, seed=seed, design=design)
    data.table["arm"] = np.repeat([arm for block in drawn for arm in block], 7)
    return data


@pytest.mark.parametrize(
    ("order", "blocks", "schedules"), [("no-repeat", 4, 384), ("abba", 4, 36), ("williams", 6, 72)]
)
def test_a_restricted_schedule_is_tested_over_its_own_admissible_set(order, blocks, schedules):
    """The labels are drawn again as they were drawn, and the observed nights stand under the observed ones."""
    data = restricted(order, blocks)
    means, drawn = complete_blocks(data, SLEEP), drawn_from(data, SLEEP)
    every, exact = relabellings(means, drawn)
    assert (len(every), exact) == (schedules, True)
    assert (np.abs(every - means).max(axis=(1, 2)) < 1e-9).sum() == 1
    assert f"all {schedules} labellings" in result(data, "randomisation", "glycine vs none").note


@pytest.mark.parametrize("order", ["no-repeat", "abba", "williams"])
def test_under_a_restriction_too_p_is_uniform_when_nothing_acts(order):
    """Over the whole set that could have been drawn, at most a share of p of the tests is below p."""
    data = restricted(order, 6)
    means, drawn = complete_blocks(data, SLEEP), drawn_from(data, SLEEP)
    every, _ = relabellings(means, drawn)
    statistics = block_t(every, 1, 0)
    p = np.array([(statistics >= each - 1e-9).mean() for each in statistics])
    for level in (0.05, 0.1, 0.2, 0.5):
        assert (p <= level).mean() <= level


def test_swaps_under_a_restriction_keep_it_and_say_how_small_p_can_get():
    data = restricted("no-repeat", 6)
    drawn = drawn_from(data, SLEEP)
    swaps, exact = signs(drawn, Contrast("glycine", "none"))
    assert exact
    kept = drawn.admissible.swaps(drawn.schedule, "glycine", "none")
    assert len(swaps) == kept.size < 64
    assert least_swap_p(swaps) == pytest.approx(2 / kept.size)


def test_a_block_without_every_arm_is_left_out_of_a_restricted_test_and_the_others_stay_in_place():
    data = restricted("no-repeat", 6)
    third = (data.table["block"] == 3) & (data.table["arm"] == "none")
    data.table.loc[third, "tst_min"] = np.nan
    drawn = drawn_from(data, SLEEP)
    assert list(drawn.used) == [0, 1, 3, 4, 5]
    every, _ = relabellings(complete_blocks(data, SLEEP), drawn)
    assert every.shape == (6144, 5, 3)


def test_correlated_nights_fool_the_naive_analysis_and_not_the_period_means():
    naive, honest, trials = 0, 0, 200
    for seed in range(trials):
        data = pretend_trial(blocks=3, sd=1.0, seed=seed)
        rng = np.random.default_rng(seed + 10_000)
        night = data.table["tst_min"].to_numpy(copy=True)
        for before, after in itertools.pairwise(range(len(night))):
            night[after] = 420 + 0.6 * (night[before] - 420) + 48 * rng.standard_normal()
        data.table["tst_min"] = night
        naive += result(data, "nights as if independent", "glycine vs none").p < 0.05
        honest += result(data, "period means", "glycine vs none").p < 0.05
    assert naive / trials > 0.12
    assert honest / trials < 0.10


@needs_published
@pytest.mark.parametrize(
    ("arm", "outcome", "level", "first", "second"),
    [
        ("mg_citrate", "total_z_min", "536.35644 (6.59166)", (-27.37398, 10.97453), (15.86805, 11.53300)),
        ("mg_citrate", "awakenings", "6.03960 (0.23867)", (-0.548376, 0.397372), (-0.427359, 0.417594)),
    ],
)
def test_regression_on_dose_equals_the_published_one(arm, outcome, level, first, second):
    # gwern.net/Zeo: published coefficients and standard errors.
    data = read_table(
        MAGNESIUM, arm=arm, reference="0.0", outcome=outcome, night="date", block="pair", period="period"
    )
    for contrast, (estimate, error) in (("136.0 vs 0.0", first), ("800.0 vs 0.0", second)):
        line = result(data, "nights as if independent", contrast)
        assert round(line.estimate, 5) == round(estimate, 5)
        noted = re.search(r"standard error ([\d.]+)", line.note)
        assert float(noted[1]) == pytest.approx(error, abs=6e-6)
        assert level in line.note


@needs_published
@pytest.mark.parametrize(
    ("outcome", "phase", "blocks", "estimate", "error", "p"),
    [
        ("total_z_min", None, 15, "-5.866", "9.422", "0.54535"),
        ("total_z_min", "0", 8, "-19.553", "10.722", "0.08594"),
        ("total_z_min", "1", 7, "9.776", "14.632", "0.57812"),
        ("awakenings", None, 15, "-0.617", "0.399", "0.14484"),
    ],
)
def test_pair_differences_of_the_magnesium_trial_equal_the_computed_ones(
    tmp_path, outcome, phase, blocks, estimate, error, p
):
    lines = MAGNESIUM.read_text().splitlines()
    column = lines[0].split(",").index("phase")
    kept = [line for line in lines[1:] if phase is None or line.split(",")[column] == phase]
    table = tmp_path / "phase.csv"
    table.write_text("\n".join([lines[0], *kept]) + "\n")
    data = read_table(
        table, arm="mg", reference="0", outcome=outcome, night="date", block="pair", period="period"
    )
    means, test = (result(data, check, "1 vs 0") for check in ("period means", "randomisation"))
    assert f"{means.estimate:.3f}" == estimate
    assert f"standard error {error}" in means.note
    assert f"{test.p:.5f}" == p
    assert f"all {2**blocks:,} swaps" in test.note


@needs_published
@pytest.mark.parametrize(
    ("phase", "estimate", "error", "p"),
    [("0", "-29.93", 10.45, "0.0156"), (None, "-11.40", 10.00, "0.2734")],
)
def test_the_two_records_of_one_date_as_one_night_equal_the_computed_ones(
    tmp_path, phase, estimate, error, p
):
    nights = pd.read_csv(MAGNESIUM, dtype={"phase": str})
    whole = nights.groupby("date").agg(dict.fromkeys(nights.columns, "first") | {"total_z_min": "sum"})
    assert whole.loc["2013-10-08", "total_z_min"] == 739
    kept = whole if phase is None else whole[whole["phase"] == phase]
    kept.to_csv(tmp_path / "merged.csv", index=False)
    data = read_table(
        tmp_path / "merged.csv",
        arm="mg",
        reference="0",
        outcome="total_z_min",
        night="date",
        block="pair",
        period="period",
    )
    means, test = (result(data, check, "1 vs 0") for check in ("period means", "randomisation"))
    assert f"{means.estimate:.2f}" == estimate
    assert float(re.search(r"standard error ([\d.]+)", means.note)[1]) == pytest.approx(error, abs=0.005)
    assert f"{test.p:.4f}" == p


@needs_published
def test_the_rate_per_hour_asleep_of_the_magnesium_trial_equals_the_computed_one():
    data = read_table(
        MAGNESIUM,
        arm="mg",
        reference="0",
        outcome="awakenings",
        kind="count",
        night="date",
        block="pair",
        period="period",
        asleep="total_z_min",
    )
    line = result(data, "quasi-Poisson rate", "1 vs 0")
    assert f"{line.estimate:.4f}" == "-0.0669"
    assert "standard error 0.0612" in line.note


@needs_published
def test_a_date_that_stands_twice_in_the_magnesium_trial_is_named():
    data = read_table(MAGNESIUM, arm="mg", reference="0", outcome="total_z_min", night="date", block="pair")
    assert "2013-10-08 stands 2 times (75 and 664)" in data.notes[0]


@needs_published
def test_students_sleep_equals_the_published_and_the_exact_flip():
    # Student (1908): paired t(9) -4.0621, p .002833; difference 1.58 (.7001, 2.4599). Exact p over 1,024 flips.
    data = read_table(
        PUBLISHED / "student_sleep.csv", arm="group", reference="1", outcome="extra", block="ID"
    )
    paired, flipped = (result(data, check, "2 vs 1") for check in ("period means", "randomisation"))
    assert f"{paired.estimate:.2f} {paired.low:.4f} {paired.high:.4f} {paired.p:.6f}" == (
        "1.58 0.7001 2.4599 0.002833"
    )
    error = float(re.search(r"standard error ([\d.]+)", paired.note)[1])
    assert paired.estimate / error == pytest.approx(4.0621, abs=0.006)
    assert flipped.p == 0.00390625
    # Welch's t is -1.8608 with 17.776 degrees of freedom; with as many patients on each drug so is the pooled.
    naive = result(data, "nights as if independent", "2 vs 1")
    error = float(re.search(r"standard error ([\d.]+)", naive.note)[1])
    assert f"{naive.estimate / error:.4f}" == "1.8608"
    # The test itself is SciPy's; the values are those that were read.
    hours = [data.table.loc[data.table["arm"] == arm, "extra"] for arm in ("1", "2")]
    welch = stats.ttest_ind(*hours, equal_var=False)
    assert f"{welch.statistic:.4f} {welch.df:.3f} {welch.pvalue:.5f}" == "-1.8608 17.776 0.07939"


@needs_published
@pytest.mark.parametrize(("drug", "gain"), [("L_hyoscyamine", 0.75), ("L_hyoscine", 2.33)])
def test_mean_gains_of_cushny_and_peebles_are_theirs(tmp_path, drug, gain):
    means = pd.read_csv(PUBLISHED / "cushny_peebles_means.csv")
    long = means.melt(id_vars="rownames", value_vars=["Control", drug], var_name="drug", value_name="hours")
    # The eleventh patient has no control nights, so the block is left out.
    long.sort_values(["rownames", "drug"]).to_csv(tmp_path / "hours.csv", index=False)
    data = read_table(
        tmp_path / "hours.csv", arm="drug", reference="Control", outcome="hours", block="rownames"
    )
    assert round(result(data, "period means", f"{drug} vs Control").estimate, 2) == gain
