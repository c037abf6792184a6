"""Plans: operating characteristics of designs before night 1, and errors of unusable baselines in one line."""

import json
import re
from dataclasses import replace
from datetime import date

import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner
from ruamel.yaml import YAML
from test_calibration import posteriors, trials

from n1trial.cli import cli
from n1trial.data.nights import COLUMNS, Nights, is_table_of_nights
from n1trial.design.outcomes import OUTCOMES
from n1trial.design.protocol import Protocol, protocol_path, read_protocol, template_names
from n1trial.design.schedule import randomise
from n1trial.design.verdict import Chances, NightsAlone, verdict_of
from n1trial.errors import AnalysisError, FolderError, ProtocolError
from n1trial.inference.inla import Priors
from n1trial.planning import (
    LITERATURE,
    estimate_night_variability,
    plan_lines,
    plan_sentences,
    plan_trial,
    read_plan,
    save_plan,
)
from n1trial.planning.alternative_designs import alternatives_to, yaml_of
from n1trial.planning.carryover import recovered_share
from n1trial.planning.operating_characteristics import Share, planned_looks, simulate_trials
from n1trial.planning.simulate import Truth, simulate_nights, write_fitbit_takeout
from n1trial.planning.simulated_nights import draw_nights, draw_schedules
from n1trial.planning.tables import twenty_trials
from n1trial.report.render.plan_report import plan_page

PROTOCOL = read_protocol("glycine-vs-magnesium-glycinate")
SLEEP = OUTCOMES["tst_min"]


def with_design(**design):
    document = PROTOCOL.model_dump()
    document["design"] |= design
    return Protocol.model_validate(document)


def nights_with(minutes, *, first="2025-09-01"):
    """Nights of an export that holds nothing but sleep time."""
    table = pd.DataFrame(dict.fromkeys(COLUMNS, np.nan), index=range(len(minutes)))
    evenings = pd.date_range(first, periods=len(minutes), unit="s")
    return Nights(table.assign(night=evenings, tst_min=np.asarray(minutes, dtype=float), flags=""))


@pytest.fixture(scope="module")
def plan():
    return plan_trial(PROTOCOL, trials=100)


# Computed independently of this code, for 126 nights and half-lives of 1, 3, 7 and 14 nights
@pytest.mark.parametrize(
    ("period_nights", "recovered"),
    [(7, (0.81, 0.43, 0.17, 0.07)), (14, (0.90, 0.64, 0.34, 0.14)), (21, (0.94, 0.76, 0.46, 0.24))],
)
def test_averages_recover_the_expected_share_of_a_slow_effect(period_nights, recovered):
    protocol = with_design(blocks=42 // period_nights, period_nights=period_nights)
    schedules = draw_schedules(protocol, draws=300, seed=2).schedules
    for half_life, share in zip((1, 3, 7, 14), recovered, strict=True):
        simulated = recovered_share(schedules, protocol, half_life_nights=half_life)
        print(f"{period_nights}-night periods, half-life {half_life}: {simulated:.3f} (expected {share})")
        assert simulated == pytest.approx(share, abs=0.03)


def test_no_repeat_recovers_a_little_less():
    free = draw_schedules(PROTOCOL, draws=200, seed=2).schedules
    bound_protocol = with_design(order="no-repeat")
    bound = draw_schedules(bound_protocol, draws=200, seed=2).schedules
    shares = [recovered_share(schedules, PROTOCOL, half_life_nights=3.0) for schedules in (free, bound)]
    assert 0.02 < shares[0] - shares[1] < 0.08


def test_an_immediate_effect_is_recovered_whole_and_washout_helps_a_slow_one():
    schedules = draw_schedules(PROTOCOL, draws=20, seed=1).schedules
    assert recovered_share(schedules, PROTOCOL, half_life_nights=0.01) == pytest.approx(1.0)
    washed = with_design(washout_nights=3)
    later = draw_schedules(washed, draws=20, seed=1).schedules
    without, having = (recovered_share(each, PROTOCOL, half_life_nights=3.0) for each in (schedules, later))
    assert having > without


def test_a_plan_says_the_essential_first(plan):
    first = plan_sentences(plan)[0]
    # At about a quarter of the trials, either of the two is said.
    assert first.startswith(
        ("With 126 nights you would see a gain of 30 min in about ", "126 nights cannot answer this question")
    )
    assert "of 20 such trials" in first


def test_the_verdicts_of_a_plan_add_up_and_a_larger_gain_is_seen_more_often(plan):
    for design in plan.designs:
        for at in design.by_gain:
            assert sum(share.chance for share in at.verdicts) == pytest.approx(1)
        nothing, one, two = (at.verdicts[0].chance for at in design.by_gain)
        assert nothing <= one <= two


def test_longer_is_more_precise_and_nightly_is_most_precise_of_its_length(plan):
    width = {design.name: design.precision.half_width for design in plan.designs}
    assert width["a short trial"] > width["half as long"] > width["as planned"]
    assert width["as planned"] > width["twice as long"] > width["three times as long"]
    assert width["two weeks a period"] > width["as planned"] > width["another arm every night"]


def test_no_design_is_listed_twice_and_every_one_can_be_drawn(plan):
    shapes = [(design.arms, design.blocks, design.period_nights) for design in plan.designs]
    assert len(set(shapes)) == len(shapes)
    for _, other in alternatives_to(PROTOCOL):
        table = randomise(other, start=date(2026, 1, 5), seed="00" * 32).table
        assert len(table) == other.planned_nights


def test_six_weeks_cannot_answer_and_a_better_design_is_named():
    sentences = plan_sentences(plan_trial(with_design(blocks=2), trials=60))
    assert sentences[0].startswith("42 nights cannot answer this question")
    assert any(
        "three times as long" in sentence or "another arm every night" in sentence for sentence in sentences
    )


def test_quiet_nights_and_many_of_them_would_see_it():
    first = plan_sentences(plan_trial(PROTOCOL, night_sd=15.0, trials=60))[0]
    assert "nearly all such trials" in first or "about 19 of 20" in first or "about 18 of 20" in first


def test_every_probability_has_its_monte_carlo_error(plan):
    lines = "\n".join(plan_lines(plan))
    assert f"{100 * plan.planned.by_gain[0].verdicts[0].chance:.1f} ± " in lines
    assert "standard errors are at most" in lines


def test_a_share_of_zero_trials_has_an_error_above_zero():
    assert Share.of(np.zeros(100)).error == pytest.approx(0.005)
    assert Share.of(np.array([0.0, 1.0] * 50)).error == pytest.approx(0.05, rel=0.01)


def test_twenty_trials_are_twenty(plan):
    for _, _, counts in twenty_trials(plan):
        assert sum(count for _, count in counts) == 20


def test_the_same_plan_twice_is_the_same_and_another_seed_is_not(plan):
    again = plan_trial(PROTOCOL, trials=100)
    assert again.planned.precision.half_width == pytest.approx(plan.planned.precision.half_width, rel=1e-6)
    assert again.planned.by_gain[1].verdicts == plan.planned.by_gain[1].verdicts
    other = plan_trial(PROTOCOL, trials=100, seed=2)
    assert other.planned.precision.half_width != plan.planned.precision.half_width


def test_a_plan_reads_back_as_it_was_written(plan, tmp_path):
    save_plan(tmp_path / "plan.json", plan)
    assert read_plan(tmp_path / "plan.json") == plan
    (tmp_path / "plan.json").write_text("{}")
    with pytest.raises(FolderError, match=r"plan\.json: no plan can be read .*run n1trial plan again"):
        read_plan(tmp_path / "plan.json")


def test_a_plan_has_tables(plan):
    assert len(plan.table) == 3 * len(plan.designs)
    assert plan.recovered_table["recovered_share"].is_monotonic_decreasing
    assert plan.looks_table["nights"].between(63, 126).all()


def test_an_interim_look_stops_no_later_than_the_end_and_the_protocols_own_looks_are_kept(plan):
    assert planned_looks(PROTOCOL).after_blocks == (3, 4, 5)
    assert planned_looks(with_design(blocks=3)) is None
    document = PROTOCOL.model_dump() | {"looks": {"after_blocks": [4], "sd_at_most": 30.0}}
    own = plan_trial(Protocol.model_validate(document), trials=50)
    assert (own.looks_after, own.stop_sd) == ((4,), 30.0)
    assert own.planned.by_gain[0].stopped_nights == 84


def test_what_it_takes_is_counted_by_hand(plan):
    glycine = next(cost for cost in plan.costs if cost.arm == "glycine")
    # 42 evenings of 3 g; 3,000 mg are five capsules of 700 mg
    assert (glycine.evenings, glycine.grams, glycine.capsules) == (42, {"glycine": 126.0}, 210)


@pytest.mark.parametrize("name", template_names())
def test_every_template_can_be_planned_or_says_why_not(name):
    protocol = read_protocol(name)
    if protocol.primary.name == "tst_min":
        assert plan_sentences(plan_trial(protocol, trials=50))
    else:
        with pytest.raises(AnalysisError, match=protocol.primary.name):
            plan_trial(protocol, trials=50)


def test_simulated_nights_have_the_spread_the_gaps_and_the_doses_that_were_asked_for():
    draws = draw_schedules(PROTOCOL, draws=20, seed=4)
    quiet = replace(LITERATURE, drift_sd=0.0, free_night=0.0, bursts=0.0, missing_share=0.1, phi=0.3)
    nights, taken, arms = draw_nights(quiet, draws, trials=400, rng=np.random.default_rng(0))
    assert np.nanmean(nights) == pytest.approx(420, abs=2)
    assert np.nanstd(nights) == pytest.approx(quiet.night_sd, rel=0.02)
    assert np.isnan(nights).mean() == pytest.approx(0.1, abs=0.01)
    assert taken.mean() == pytest.approx(0.97, abs=0.005)
    together = ~np.isnan(nights[:, 1:]) & ~np.isnan(nights[:, :-1])
    pairs = np.stack([nights[:, 1:][together], nights[:, :-1][together]])
    assert np.corrcoef(pairs)[0, 1] == pytest.approx(0.3, abs=0.02)
    assert {tuple(row) for row in arms} == {tuple(row) for row in draws.arms}


def test_variability_is_estimated_from_a_year_of_nights_and_typical_from_three():
    rng = np.random.default_rng(8)
    year = 450 + 80 * rng.standard_normal(365)
    known, hardly = (
        estimate_night_variability(nights_with(year), SLEEP),
        estimate_night_variability(nights_with(year[:3]), SLEEP),
    )
    assert known.night_sd == pytest.approx(80, rel=0.08)
    assert known.level == pytest.approx(450, abs=20)
    assert hardly.night_sd == pytest.approx(LITERATURE.night_sd, rel=0.2)
    assert hardly.baseline_nights == 3


def test_estimates_are_near_the_simulated_truth():
    truth = Truth(
        residual_sd=50, phi=0.0, drift_sd=25, free_night_min=40, free_night_sd=0, caffeine_share=0,
        partial_share=0, missing_share=0.1, missing_bursts=0, missed_share=0,
    )  # fmt: skip
    estimates = []
    for seed in range(12):
        schedule = randomise(PROTOCOL, start=date(2025, 1, 6), seed=f"{seed:064x}")
        simulated = simulate_nights(schedule, truth, seed=seed).table
        nights = nights_with(simulated["tst_min"].where(simulated["present"]).to_numpy(), first="2025-01-06")
        estimates.append(estimate_night_variability(nights, SLEEP))
    assert np.mean([estimate.night_sd for estimate in estimates]) == pytest.approx(50, rel=0.08)
    assert np.mean([estimate.free_night for estimate in estimates]) == pytest.approx(40, abs=8)
    assert np.mean([estimate.phi for estimate in estimates]) == pytest.approx(0, abs=0.06)
    assert np.mean([estimate.drift_sd for estimate in estimates]) == pytest.approx(25, rel=0.25)
    assert np.mean([estimate.missing_share for estimate in estimates]) == pytest.approx(0.1, abs=0.02)


def test_a_partial_record_of_half_an_hour_does_not_raise_the_nightly_sd():
    rng = np.random.default_rng(9)
    nights = 430 + 45 * rng.standard_normal(60)
    clean = estimate_night_variability(nights_with(nights), SLEEP)
    spoiled = estimate_night_variability(nights_with(np.where(np.arange(60) % 25 == 3, 30.0, nights)), SLEEP)
    assert spoiled.far_nights == 3
    assert spoiled.night_sd < 1.4 * clean.night_sd


def test_a_long_pause_of_the_device_is_not_missing_nights():
    rng = np.random.default_rng(10)
    minutes = 430 + 45 * rng.standard_normal(120)
    minutes[40:80] = np.nan
    assert estimate_night_variability(nights_with(minutes), SLEEP).missing_share < 0.05


@pytest.mark.parametrize(
    ("minutes", "said"),
    [
        ([], r"baseline: no night with sleep time: give an export with some, or leave --baseline out"),
        ([np.nan] * 5, r"baseline: no night with sleep time"),
        ([420.0] * 40, r"baseline: all 40 nights have the same sleep time \(420\): check the export"),
    ],
)
def test_a_baseline_that_says_nothing_is_refused_in_one_line(minutes, said):
    with pytest.raises(AnalysisError, match=said):
        estimate_night_variability(nights_with(minutes), SLEEP)


@pytest.mark.parametrize("night_sd", [0.0, -5.0, float("nan"), 5000.0])
def test_an_impossible_sd_is_refused(night_sd):
    with pytest.raises(
        AnalysisError, match=r"--sd: .* is no SD from night to night: give minutes, such as 60"
    ):
        estimate_night_variability(None, SLEEP, night_sd=night_sd)


def test_an_outcome_without_typical_nights_asks_for_some():
    with pytest.raises(AnalysisError, match=r"waso_min: .* give --baseline with some nights, or --sd"):
        estimate_night_variability(None, OUTCOMES["waso_min"])
    given = estimate_night_variability(None, OUTCOMES["waso_min"], night_sd=20.0)
    assert given.night_sd == 20.0
    # Slow drift is in the same measure to the nightly SD as a typical person's.
    assert given.drift_sd / given.night_sd == pytest.approx(LITERATURE.drift_sd / LITERATURE.night_sd)


def test_a_single_block_is_refused_in_one_line():
    with pytest.raises(ProtocolError, match=r"design\.blocks is 1, .*: take 2 blocks or more"):
        plan_trial(with_design(blocks=1))


def test_the_shortest_design_of_all_is_planned_without_a_word_of_arithmetic():
    assert "cannot answer" in plan_sentences(plan_trial(with_design(blocks=2, period_nights=1), trials=50))[0]


def test_the_page_holds_every_sentence_and_no_markup_of_the_protocol(plan):
    page = plan_page(replace(plan, title="<b>mine</b>"))
    for said in plan_sentences(plan):
        assert said.replace("'", "&#39;") in page
    assert "<b>" not in page
    assert "&lt;b&gt;mine" in page


def test_the_command_plans_an_export_and_writes_page_and_json(tmp_path):
    schedule = randomise(PROTOCOL, start=date(2025, 6, 2), seed="ab" * 32)
    export = tmp_path / "nights.zip"
    write_fitbit_takeout(simulate_nights(schedule, Truth(), seed=7), export, zone="Europe/Berlin")
    page = tmp_path / "plan.html"
    arguments = ["plan", PROTOCOL.name, "--baseline", str(export), "--home-zone", "Europe/Berlin"]
    ran = CliRunner().invoke(cli, [*arguments, "--json", "--out", str(page)], catch_exceptions=False)
    assert ran.exit_code == 0
    written = json.loads(ran.stdout)
    assert written["person"]["baseline_nights"] > 100
    assert "Your own " in page.read_text()


@pytest.mark.slow
def test_a_plan_agrees_with_two_hundred_trials_that_were_simulated_and_sampled():
    truth = Truth(
        effects_min={"glycine": 30.0, "magnesium-glycinate": 30.0},
        residual_sd=LITERATURE.night_sd,
        free_night_sd=0.0,
        partial_share=0.0,
        caffeine_share=0.0,
    )
    draws = draw_schedules(PROTOCOL, draws=200, seed=1)
    # The interval is a little wider where an arm acts: a part of what it does may be its weeks.
    width, (planned,) = simulate_trials(
        LITERATURE, draws, PROTOCOL, gains=[30.0], trials=1500, seed=1, looks=None
    )
    half_widths, worth_it = [], []
    for data, effects in posteriors(trials(truth, 200, seed=57), SLEEP):
        low, high = np.quantile(effects, [0.025, 0.975], axis=0)
        half_widths.append((high - low).mean() / 2)
        worth_it.append(
            [
                verdict_of(
                    Chances.of(draws, SLEEP.mid),
                    alone=NightsAlone.of(
                        draws.mean(), draws.std(), prior_sd=Priors().effect_sd, mid=SLEEP.mid
                    ),
                    rule=data.rule,
                )
                == "worth it"
                for draws in effects.T
            ]
        )
    sampled, seen = np.array(half_widths), Share.of(np.mean(worth_it, axis=1))
    error = sampled.std(ddof=1) / len(sampled) ** 0.5
    print(
        f"\nplanned give or take {width.half_width:.2f} ± {width.error:.2f} min, sampled {sampled.mean():.2f} ±"
        f" {error:.2f}; sees 30 min: planned {planned.verdicts[0].chance:.3f} ± {planned.verdicts[0].error:.3f},"
        f" sampled {seen.chance:.3f} ± {seen.error:.3f}"
    )
    assert abs(planned.verdicts[0].chance - seen.chance) < 3 * np.hypot(planned.verdicts[0].error, seen.error)
    assert abs(width.half_width - sampled.mean()) < 3 * np.hypot(width.error, error)


@pytest.mark.parametrize("name", template_names())
def test_designs_beside_the_plan_keep_washout_order_and_restrictions(name):
    planned = read_protocol(name)
    beside = [design for _, design in alternatives_to(planned)]
    assert len(beside) >= 3
    for other in beside:
        for key in ("run_in_nights", "washout_nights", "order", "never"):
            assert getattr(other.design, key) == getattr(planned.design, key)


def test_a_restriction_that_names_an_arm_left_out_goes_with_it():
    pair = {"arm": "magnesium-glycinate", "after": "glycine"}
    others = dict(alternatives_to(with_design(never=(pair,))))
    alone = others.pop("glycine alone against nothing")
    assert alone.design.never == ()
    assert {other.design.never for other in others.values()} == {with_design(never=(pair,)).design.never}


@pytest.mark.parametrize(
    "planned",
    [
        read_protocol("glycine-vs-magnesium-glycinate"),
        read_protocol("slow-magnesium"),
        with_design(never=({"arm": "none", "after": "glycine"},), washout_nights=1),
    ],
)
def test_every_design_beside_the_plan_can_be_had_by_the_line_that_stands_beside_it(planned):
    for _, other in alternatives_to(planned):
        line = yaml_of(other, planned=planned)
        written, _, only = line.partition("; of arms only ")
        design = YAML(typ="safe", pure=True).load(written)["design"]
        document = planned.model_dump() | {"design": design, "looks": None}
        kept = planned.arm_names
        if only:
            kept = only.removesuffix("; no further_contrasts").split(" and ")
            document["further_contrasts"] = ()
        document["arms"] = [arm for arm in document["arms"] if arm["name"] in kept]
        assert Protocol.model_validate(document) == other


def test_what_cannot_be_planned_is_said_before_any_trial_is_simulated(tmp_path):
    text = protocol_path("slow-magnesium").read_text(encoding="utf-8")
    changed = tmp_path / "mine.yaml"
    changed.write_text(re.sub(r"blocks: \d+", "blocks: 1", text), encoding="utf-8")
    refused = CliRunner().invoke(cli, ["plan", str(changed)])
    assert refused.exit_code != 0
    assert "simulating trials" not in refused.output


def test_a_table_that_nights_wrote_is_distinguished_from_an_export(tmp_path):
    row = dict.fromkeys(COLUMNS) | {"night": pd.Timestamp("2026-01-05"), "tst_min": 412.0}
    Nights(pd.DataFrame([row])).to_csv(tmp_path / "nights.csv")
    (tmp_path / "other.csv").write_text("night,tst_min\n2026-01-05,412\n")
    assert is_table_of_nights(tmp_path / "nights.csv")
    assert not is_table_of_nights(tmp_path / "other.csv")
    assert not is_table_of_nights(tmp_path)
