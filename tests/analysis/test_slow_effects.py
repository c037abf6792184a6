"""Effects that build up over nights: what a schedule shows of them, what is said, and what would tell."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from pretend import pretend_trial
from test_effects import made_fit

from n1trial.analysis.checks import Case, steady_effect
from n1trial.analysis.effects import estimate_effects
from n1trial.cohort import effects_of
from n1trial.cohort.draws import PooledDraws
from n1trial.cohort.two_stage.summary import summary_of
from n1trial.cohort.two_stage.two_stage import SummaryCohort
from n1trial.design.contrast import Contrast
from n1trial.design.outcomes import OUTCOMES
from n1trial.design.protocol import RULE_TODAY, Protocol, read_protocol
from n1trial.design.substances import SUBSTANCES
from n1trial.design.verdict import SAYS_NO, NightsAlone, verdict_of, within_a_period
from n1trial.errors import ProtocolError
from n1trial.inference.build_up import exposure, exposure_to, periods_that_tell, recovered_share
from n1trial.inference.inla import (
    Priors,
    fast_fit,
    fit_counts,
    fit_design,
    nights_of,
    steady_effects,
    steady_fit,
)
from n1trial.inference.models import carry_over
from n1trial.inference.priors import HALF_LIFE_STATED
from n1trial.planning.night_variability import LITERATURE
from n1trial.planning.operating_characteristics import VERDICTS, simulate_trials
from n1trial.planning.plan import plan_trial
from n1trial.planning.sentences import plan_sentences
from n1trial.planning.simulated_nights import draw_schedules

SLEEP, WAKES = OUTCOMES["tst_min"], OUTCOMES["wake_episodes"]
HOURS = {"none": 0.0, "glycine": 0.0, "magnesium": 0.0}
DAYS = HOURS | {"magnesium": 3.0}
TEMPLATE = read_protocol("glycine-vs-magnesium-glycinate")


def slow_trial(steady, *, half_life, stated=3.0, seed=0, sd=60.0, **shape):
    """Nights on which magnesium does what it does in the measure in which it has built up."""
    data = pretend_trial(sd=sd, seed=seed, half_lives=DAYS | {"magnesium": stated}, **shape)
    data.table["tst_min"] += steady * exposure_to(data, "magnesium", half_life)
    return data


def protocol_with(change):
    document = TEMPLATE.model_dump()
    change(document)
    return Protocol.model_validate(document)


def test_half_of_it_is_there_after_the_half_life_and_half_of_the_rest_after_another():
    given = np.repeat([1.0, 0.0], [6, 6])
    exposed = exposure(given, 3.0)
    assert exposed[[2, 5]] == pytest.approx([0.5, 0.75])
    assert exposed[[8, 11]] == pytest.approx([0.375, 0.1875])
    assert exposure(given, 0.0) == pytest.approx(given)


def test_what_acts_within_a_day_is_shown_whole_and_of_three_nights_two_fifths():
    shares = [
        recovered_share(pretend_trial(half_lives=DAYS, seed=seed), SLEEP, Contrast("magnesium", "none"))
        for seed in range(40)
    ]
    # The published .43 of 7-night periods
    assert np.mean(shares) == pytest.approx(0.43, abs=0.03)
    data = pretend_trial(half_lives=DAYS)
    assert recovered_share(data, SLEEP, Contrast("glycine", "none")) == 1
    assert recovered_share(data, SLEEP, Contrast("magnesium", "glycine")) < 0.6


def test_washed_in_nights_show_more():
    data = pretend_trial(half_lives=DAYS, period_nights=14)
    first = data.table.groupby("period").cumcount() < 7
    washed = replace(data, table=data.table.assign(left_out=np.where(first, "washout", "")))
    shares = [recovered_share(each, SLEEP, Contrast("magnesium", "none")) for each in (data, washed)]
    assert shares[0] < 0.7 < 0.8 < shares[1]


@pytest.mark.parametrize("half_life", [1.0, 3.0, 7.0])
def test_the_trial_that_is_named_shows_enough_of_it(half_life):
    telling = periods_that_tell(half_life, night_sd=30.0, period_sd=0.0, mid=15.0)
    assert telling is not None
    shares = []
    for seed in range(30):
        data = pretend_trial(
            arms=("none", "magnesium"), half_lives={"magnesium": half_life}, seed=seed, blocks=10,
            period_nights=telling.period_nights,
        )  # fmt: skip
        first = data.table.groupby("period").cumcount() < telling.washout_nights
        data = replace(data, table=data.table.assign(left_out=np.where(first, "washout", "")))
        shares.append(recovered_share(data, SLEEP, Contrast("magnesium", "none")))
    assert np.mean(shares) >= 0.8 - 0.02


def test_either_no_becomes_one_within_a_period_and_nothing_else_changes():
    for verdict in (*VERDICTS, "no verdict"):
        adjusted = within_a_period(verdict, recovered=0.43)
        assert adjusted == ("no gain within a period" if verdict in SAYS_NO else verdict)
        assert within_a_period(verdict, recovered=0.8) == verdict


@pytest.mark.parametrize(
    ("mean", "plain"), [(0.0, "no difference that matters"), (-10.0, "no worthwhile gain")]
)
def test_of_a_slow_arm_no_is_said_of_the_period_alone(mean, plain):
    fit = made_fit((mean, 5), (mean, 5))
    for half_lives, said in ((DAYS, "no gain within a period"), (HOURS, plain)):
        effects = estimate_effects(fit, pretend_trial(half_lives=half_lives))
        assert list(effects.table["verdict"]) == [plain, said]
        assert [each.steady is None for each in effects.contrasts] == [True, said == plain]


def test_a_gain_within_a_period_stays_a_gain():
    contrasts = estimate_effects(made_fit((30, 5), (30, 5)), pretend_trial(half_lives=DAYS)).contrasts
    assert {each.verdict for each in contrasts} == {"worth it"}


def test_without_build_up_the_exposures_are_the_arms():
    data = pretend_trial(effects={"magnesium": 30.0}, half_lives=HOURS)
    plain, steady = fast_fit(data, SLEEP), steady_fit(data, SLEEP)
    assert steady.mean == pytest.approx(plain.mean, abs=1e-6)
    assert steady.sd == pytest.approx(plain.sd, abs=1e-6)
    counts = pretend_trial(outcome=WAKES, level=3.0, counts=True, half_lives=HOURS)
    assert steady_fit(counts, WAKES).mean == pytest.approx(fit_counts(counts, WAKES).mean, abs=1e-6)


def test_half_the_exposure_is_twice_the_effect_under_twice_the_prior():
    data = pretend_trial(effects={"glycine": 20.0})
    design, y = nights_of(data, SLEEP)
    on = (design.arm[:, None] == [1, 2]).astype(float)
    whole = fit_design(design, y, exposures=on)
    half = fit_design(design, y, exposures=on / 2, priors=Priors(effect_sd=2 * Priors().effect_sd))
    assert half.mean == pytest.approx(2 * whole.mean, rel=1e-9)
    # The evidence lacks the priors' own constant, here a factor of 2 an arm.
    assert half.log_evidence - whole.log_evidence == pytest.approx(2 * np.log(2), abs=1e-9)


def test_in_quiet_nights_the_steady_effect_is_found_whole():
    data = slow_trial(40.0, half_life=3.0, sd=3.0)
    assert steady_fit(data, SLEEP).contrast("magnesium").mean == pytest.approx(40.0, abs=5.0)
    assert fast_fit(data, SLEEP).contrast("magnesium").mean < 30.0


def test_the_answer_beside_it_stands_among_the_checks_and_in_the_effect():
    data = slow_trial(40.0, half_life=3.0)
    (line,) = steady_effect.run(Case(data=data, outcome=SLEEP)).results
    steady = steady_effects(data, SLEEP)[Contrast("magnesium", "none")]
    assert (str(line.contrast), line.estimate, line.low) == ("magnesium vs none", steady.mean, steady.low)
    assert not steady_effect.applies(Case(data=replace(data, half_lives=HOURS), outcome=SLEEP))


def test_the_models_prior_is_around_what_is_stated():
    data = pretend_trial(half_lives=DAYS | {"magnesium": 5.0})
    log_medians, log_sds = carry_over.half_life_prior(data)
    assert np.exp(log_medians) == pytest.approx([0.25, 5.0])
    assert log_sds[1] == HALF_LIFE_STATED.scale


def test_magnesium_takes_days_glycine_hours_and_what_is_stated_counts():
    by_arm = {arm.name: arm.build_up_nights for arm in TEMPLATE.arms}
    assert by_arm == {"none": 0.0, "glycine": 0.0, "magnesium-glycinate": 3.0}
    assert SUBSTANCES["other"].half_life_nights is None
    own = protocol_with(lambda d: d["arms"][1].update(half_life_nights=2.5))
    assert own.arm_named("glycine").build_up_nights == 2.5
    of_dose = protocol_with(lambda d: d["arms"][2]["doses"][0].update(half_life_nights=7))
    assert of_dose.arm_named("magnesium-glycinate").build_up_nights == 7
    assert len({TEMPLATE.sha256, own.sha256, of_dose.sha256}) == 3


def test_a_half_life_beyond_two_months_or_below_nothing_is_refused(tmp_path):
    text = (tmp_path / "p.yaml", "any-supplement")
    source = read_protocol(text[1]).model_dump_json()
    for wrong in ("61", "-1"):
        text[0].write_text(
            source.replace('"supplement","label"', f'"supplement","half_life_nights":{wrong},"label"')
        )
        with pytest.raises(ProtocolError, match=r"arms\.1\.half_life_nights does not fit"):
            read_protocol(text[0])


def test_of_an_unknown_substance_it_is_said_that_it_counts_as_gone_within_a_day():
    protocol = read_protocol("any-supplement")
    assert protocol.arm_named("supplement").build_up_nights is None
    plan = plan_trial(protocol, trials=50)
    assert plan.unknown == ("supplement",)
    assert any("the supplement acts is not known" in said for said in plan_sentences(plan))
    assert not plan.slow


def test_a_plan_counts_no_plain_no_of_a_slow_arm_and_names_what_would_tell():
    plan = plan_trial(TEMPLATE, trials=100, night_sd=25.0)
    (slow,) = plan.slow
    assert (slow.arm, slow.half_life_nights) == ("magnesium-glycinate", 3.0)
    assert slow.recovered == pytest.approx(0.43, abs=0.03)
    said = next(each for each in plan_sentences(plan) if "half of its effect" in each)
    assert f"{slow.telling.periods} periods of {slow.telling.period_nights} nights could tell" in said
    nothing = dict(zip(VERDICTS, plan.planned.by_gain[0].verdicts, strict=True))
    # Two arms, and one of them is fast
    plain = sum(nothing[verdict].chance for verdict in SAYS_NO)
    assert 0.2 < nothing["no gain within a period"].chance <= 0.5
    assert plain == pytest.approx(nothing["no gain within a period"].chance, abs=0.15)


@pytest.mark.parametrize("half_life", [3.0, 7.0])
def test_the_trial_that_is_named_does_tell(half_life):
    """With nothing acting it ends in a plain "no" every second time, or more often."""
    person = replace(LITERATURE, night_sd=40.0, drift_sd=10.0)
    telling = periods_that_tell(half_life, night_sd=40.0, period_sd=10.0, mid=15.0)

    def longer(document):
        document["arms"] = [document["arms"][0], document["arms"][2] | {"half_life_nights": half_life}]
        document |= {"further_contrasts": ()}
        document["design"] |= {
            "period_nights": telling.period_nights,
            "washout_nights": telling.washout_nights,
            "blocks": telling.periods // 2,
        }

    protocol = protocol_with(longer)
    draws = draw_schedules(protocol, draws=20, seed=1)
    _, (at,) = simulate_trials(person, draws, protocol, gains=(0.0,), trials=200, seed=1, looks=None)
    shares = dict(zip(VERDICTS, at.verdicts, strict=True))
    assert shares["no gain within a period"].chance == 0
    assert sum(shares[verdict].chance for verdict in SAYS_NO) > 0.45


def test_a_cohort_says_no_of_the_period_alone_too():
    rng = np.random.default_rng(0)
    people = tuple("abcdef")
    draws = PooledDraws(
        average=rng.normal(0.0, 3.0, (2000, 1)),
        spread=np.full((2000, 1), 2.0),
        correlation=np.ones((2000, 1, 1)),
        effect=rng.normal(0.0, 3.0, (2000, 6, 1)),
        level=None,
        level_of_all=None,
        level_sd=None,
    )
    cohort = SummaryCohort(
        names=people,
        outcome=SLEEP,
        reference="none",
        treatments=("magnesium",),
        labels={},
        arms_tried=(("none", "magnesium"),) * 6,
        nights=pd.DataFrame(),
    )
    said = [
        effects_of(draws, cohort, rule=RULE_TODAY, prior_sd=20.0, recovered=recovered).contrasts[0].verdict
        for recovered in ({}, {Contrast("magnesium", "none"): 0.43})
    ]
    assert said == ["no difference that matters", "no gain within a period"]


def test_a_summary_says_how_much_its_schedule_shows():
    data = pretend_trial(half_lives=DAYS)
    summary = summary_of(made_fit((0, 5), (0, 5)), data)
    assert summary.recovered.keys() == {"magnesium"}
    assert summary.recovered["magnesium"] == pytest.approx(
        recovered_share(data, SLEEP, Contrast("magnesium", "none")), rel=1e-3
    )


@pytest.mark.slow
@pytest.mark.parametrize("half_life", [5.0, 10.0])
def test_a_steady_gain_is_hardly_ever_told_plainly_not_to_be_there(half_life):
    """Of +40 min, 23 and 39 % of trials said "no worthwhile gain" before; the protocol states days."""
    plain, covered, trials = 0, 0, 150
    for seed in range(trials):
        data = slow_trial(40.0, half_life=half_life, stated=half_life, seed=seed)
        fit = fast_fit(data, SLEEP)
        alone = NightsAlone.of(fit.mean, fit.sd, prior_sd=Priors().effect_sd, mid=SLEEP.mid)
        chances = [fit.contrast(arm).chances(sign=1, mid=SLEEP.mid) for arm in data.treatments]
        verdict = verdict_of(
            chances[1],
            alone=NightsAlone(
                worthwhile=alone.worthwhile[1], much_worse=alone.much_worse[1], sd_ratio=alone.sd_ratio[1]
            ),
            rule=RULE_TODAY,
        )
        steady = steady_effects(data, SLEEP)[Contrast("magnesium", "none")]
        plain += within_a_period(verdict, recovered=steady.recovered) in SAYS_NO
        covered += steady.low <= 40.0 <= steady.high
    print(
        f"half-life {half_life:g}: plain no {plain / trials:.3f}, the steady interval covers {covered / trials:.3f}"
    )
    assert plain / trials <= 0.07
    # A prior of half the size pulls at it, and the periods show little.
    assert covered / trials >= 0.8


@pytest.mark.slow
@pytest.mark.parametrize("stated", [3.0, 7.0])
def test_the_steady_interval_covers_effects_from_its_prior(stated):
    rng, covered, trials = np.random.default_rng(4), 0, 150
    for seed in range(trials):
        steady = Priors().effect_sd * rng.standard_normal()
        half_life = stated * np.exp(HALF_LIFE_STATED.scale * rng.standard_normal())
        data = slow_trial(steady, half_life=half_life, stated=stated, seed=seed)
        estimate = steady_effects(data, SLEEP)[Contrast("magnesium", "none")]
        covered += estimate.low <= steady <= estimate.high
    print(f"stated {stated:g} nights: covers {covered / trials:.3f}")
    assert covered / trials >= 0.93
