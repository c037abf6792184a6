"""Where plain means say something else than the answer, one sentence says so and why."""

from dataclasses import replace

import fixture_reports
import numpy as np
import pytest
import readability
from pretend import pretend_trial
from test_sentences import effect

from n1trial.analysis.checks import (
    Case,
    _conflict,
    checks,
    multiverse,
    ols_nights,
    one_at_a_time,
    period_means,
    weigh_effects,
)
from n1trial.analysis.effects import Conflict, Effects
from n1trial.design.contrast import Contrast
from n1trial.design.outcomes import OUTCOMES
from n1trial.inference.inla import fast_fit, fit_counts
from n1trial.report import render, sentences
from n1trial.report.render.text_report import plain_text
from n1trial.report.sentences.conflict import WHY

SLEEP, WAKES = OUTCOMES["tst_min"], OUTCOMES["wake_episodes"]


def conflict(data, outcome=SLEEP, arm="glycine", mean=None):
    """What disagrees with the fast engine's answer of one arm, or with another `mean`."""
    case = Case(data=data, outcome=outcome)
    lines = [
        line
        for check in (ols_nights, period_means, one_at_a_time, multiverse)
        if check.applies(case)
        for line in check.run(case).results
    ]
    found = (
        fit_counts(data, outcome).contrast(arm, scale=outcome.scale)
        if outcome.kind == "count"
        else fast_fit(data, outcome).contrast(arm)
    )
    said = effect(found.mean if mean is None else mean, found.sd, arm=arm, outcome=outcome)
    return weigh_effects(Effects(outcome=outcome, contrasts=(said,)), lines).contrasts[0].conflict


def two_arms(arms, *, sd=12.0, seed=0):
    """Nights in the order that is given, a period each week."""
    data = pretend_trial(arms=("none", "glycine"), blocks=len(arms) // 14, sd=sd, seed=seed)
    return replace(data, table=data.table.assign(arm=np.array(["none", "glycine"])[arms]))


def test_the_names_of_the_lines_are_those_of_the_checks():
    assert (_conflict.PLAIN_MEANS, _conflict.PERIOD_MEANS) == (ols_nights.NAME, period_means.NAME)
    assert one_at_a_time.NAME in checks()


def test_where_all_agree_there_is_no_conflict():
    assert conflict(pretend_trial(effects={"glycine": 20.0}, sd=15.0, blocks=12)) is None
    counts = pretend_trial(outcome=WAKES, level=3.0, counts=True, blocks=12)
    assert conflict(counts, WAKES) is None


def test_few_nights_and_a_large_difference_are_drawn_in_by_the_prior():
    found = conflict(pretend_trial(effects={"glycine": 60.0}, sd=60.0, blocks=2))
    assert found.reason == "prior"
    assert found.estimate > 45


def test_an_arm_that_had_more_weekends_than_the_other():
    data = two_arms(np.tile([0, 1], 42))
    weekend = data.table["night"].dt.day_of_week >= 5
    # Glycine on four weekend nights of five, and on two other nights of five
    rng = np.random.default_rng(1)
    arm = np.where(rng.random(84) < np.where(weekend, 0.8, 0.4), "glycine", "none")
    table = data.table.assign(arm=arm, period=np.arange(84), tst_min=data.table["tst_min"] + 60 * weekend)
    assert conflict(replace(data, table=table)).reason == "weekday"


def test_an_arm_that_came_early_while_sleep_grew_longer():
    data = two_arms(np.repeat([0, 0, 1, 0, 1, 1], 14), sd=6.0)
    table = data.table.assign(
        period=np.arange(84), block=0, tst_min=data.table["tst_min"] + np.linspace(-15, 15, 84)
    )
    assert conflict(replace(data, table=table)).reason == "trend"


def test_a_few_nights_that_stand_out_on_one_arm():
    data = pretend_trial(sd=25.0, blocks=6)
    on = data.table.index[data.table["arm"] == "none"][::6]
    data.table.loc[on, "tst_min"] = 120.0
    # A model of heavy tails lets them go.
    found = conflict(data, mean=3.0)
    assert found.reason == "odd nights"
    assert found.estimate > 40


def test_counts_are_compared_too():
    rng = np.random.default_rng(0)
    data = pretend_trial(outcome=WAKES, level=3.0, counts=True, blocks=2)
    data.table["wake_episodes"] = rng.poisson(np.where(data.table["arm"] == "glycine", 1.0, 4.0)).astype(
        float
    )
    found = conflict(data, WAKES)
    assert found.reason == "prior"
    assert found.estimate < -2


def test_a_percentage_is_not_compared_with_means_in_another_unit():
    percent = OUTCOMES["wake_episodes_all"]
    lines = ols_nights.run(Case(data=pretend_trial(), outcome=SLEEP)).results
    assert _conflict.conflict_of(effect(-20, 5, outcome=percent, arm="glycine"), lines) is None


def test_an_interval_that_leaves_the_other_answer_out_is_a_conflict_though_both_are_close():
    data = pretend_trial(sd=3.0)
    lines = period_means.run(Case(data=data, outcome=SLEEP)).results
    near = next(line.estimate for line in lines if line.contrast == Contrast("glycine", "none")) + 5.0
    said = effect(near, 30.0, arm="glycine")
    assert _conflict.conflict_of(said, lines).whose == "period means"


def test_the_sentence_says_both_answers_and_why():
    said = replace(effect(21, 9), conflict=Conflict(whose="plain means", estimate=44.0, reason="prior"))
    assert sentences.in_conflict(said).replace("\u00a0", " ") == (
        "The plain means say 44 min longer."
        " The answer is 21 min longer, because it starts out expecting small effects."
    )
    assert sentences.in_conflict(effect(21, 9)) == ""


@pytest.mark.parametrize("reason", WHY)
@pytest.mark.parametrize("outcome", OUTCOMES.values(), ids=OUTCOMES)
def test_every_reason_is_a_short_sentence(reason, outcome):
    conflict = Conflict(whose="period means", estimate=-2 * outcome.mid, reason=reason)
    said = sentences.in_conflict(
        replace(effect(outcome.mid, outcome.mid, outcome=outcome), conflict=conflict)
    )
    _, sentence = readability.sentences_of(said)
    assert len(readability.words_of(sentence)) <= 25


def test_page_text_and_terminal_say_it_beside_the_answer():
    material = fixture_reports.REPORTS["means-apart-and-slow"]()
    page, text = render(material), " ".join(plain_text(material).split())
    for said in ("The plain means say 44 min longer", "could tell", "not excluded"):
        assert said in page.replace("\u00a0", " ")
        assert said in text.replace("\u00a0", " ")
    assert page.index("The plain means say") < page.index("How big might the difference be?")


def test_a_rule_is_fixed_before_the_first_night_only_where_there_was_a_protocol():
    clear = fixture_reports.REPORTS["clear-gain"]()
    assert "by the rule fixed before the first night" not in plain_text(
        replace(clear, data=replace(clear.data, planned=False))
    )
    text = " ".join(plain_text(replace(clear, data=replace(clear.data, planned=True))).split())
    assert "Yes, it is worth it by the rule fixed before the first night: better" in text
