"""Fits that must be stopped, and designs that teach little: a refusal, no verdict, or an honest interval."""

import re
import time
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pymc as pm
import pytensor.tensor as pt
import pytest
from pretend import pretend_trial
from test_effects import made_fit
from test_fit import GOOD, made_tree

from n1trial.analysis.effects import estimate_effects
from n1trial.design.outcomes import OUTCOMES
from n1trial.errors import AnalysisError
from n1trial.inference.convergence import convergence_problems, diagnose
from n1trial.inference.model_matrix import columns_of
from n1trial.inference.models import models
from n1trial.inference.sampling import fit_model

SLEEP, WAKES = OUTCOMES["tst_min"], OUTCOMES["wake_episodes"]


def with_chain(number, draws):
    return np.stack([draws if chain == number else GOOD[chain] for chain in range(4)])


def with_draw(value):
    draws = GOOD.copy()
    draws[2, 500] = value
    return draws


# A v that 9 scales hang on, each scale mixing well in its own place: the neck of the funnel is never entered.
NECK = np.where(np.arange(4)[:, None] == 0, -6.0, 0.0) + GOOD
ODD = np.random.default_rng(1).standard_cauchy((4, 1000)).cumsum(axis=1)


@pytest.mark.parametrize(
    ("tree", "message"),
    [
        pytest.param(made_tree(GOOD[:, :90]), "too few independent draws", id="too few draws"),
        pytest.param(made_tree(NECK), "chains disagree", id="one chain in the neck of a funnel"),
        pytest.param(made_tree(np.sign(GOOD[:, :1]) * 5 + GOOD), "chains disagree", id="two modes"),
        pytest.param(made_tree(with_chain(1, np.full(1000, 0.3))), "chains disagree", id="one chain frozen"),
        pytest.param(made_tree(with_chain(1, 9 * GOOD[1])), "chains disagree", id="one chain wider"),
        pytest.param(made_tree(np.repeat(GOOD[:, :50], 20, axis=1)), "too few", id="every draw 20 times"),
        pytest.param(made_tree(with_draw(np.nan)), "R-hat nan", id="one draw is no number"),
        pytest.param(made_tree(with_draw(np.inf)), "R-hat nan", id="one draw is infinite"),
        pytest.param(made_tree(ODD), "chains disagree", id="a walk without end"),
        pytest.param(made_tree(GOOD, diverging=5), "lost its way 5 times", id="divergences"),
        pytest.param(
            made_tree(GOOD, energy=GOOD[0].cumsum()[None].repeat(4, axis=0)),
            "moved too slowly",
            id="low E-BFMI",
        ),
        pytest.param(made_tree(GOOD, energy=with_draw(np.nan)), "E-BFMI nan", id="energy is no number"),
    ],
)
@pytest.mark.filterwarnings("ignore")
def test_a_pathological_fit_is_stopped_whatever_its_effects_seem_to_say(tree, message):
    problems = convergence_problems(diagnose(tree, ["x"], second_try=True))
    assert any(re.search(message, problem) for problem in problems)
    stopped = estimate_effects(made_fit((40, 2), (40, 2), problems=problems), pretend_trial())
    assert {effect.verdict for effect in stopped.contrasts} == {"no verdict"}
    assert [*map(str, stopped.problems)] == [*problems]


def test_the_same_effects_without_the_pathology_have_a_verdict():
    found = estimate_effects(made_fit((40, 2), (40, 2)), pretend_trial())
    assert {effect.verdict for effect in found.contrasts} == {"worth it"}


def funnel():
    depth = pm.Normal("depth", 0.0, 3.0)
    pm.Normal("width", 0.0, pt.exp(depth / 2), dims="nine")


def two_modes():
    # Four places, so that four chains do not all start on the same side of each.
    place = pm.Normal("place", 0.0, 30.0, dims="four")
    pm.Potential("modes", -0.5 * pt.sum(pt.minimum((place - 20) ** 2, (place + 20) ** 2)))


def cliff():
    edge = pm.Normal("edge", 0.0, 1.0)
    pm.Potential("wall", pt.switch(edge > 0.5, -1e5, 0.0))


def model_with(pathology):
    """Gaussian nights around the arms' means, and beside them something that no sampler gets right."""

    def build(data, outcome):
        nights = data.table[outcome.name].to_numpy()
        arm = np.column_stack([data.table["arm"] == name for name in data.treatments]).astype(float)
        with pm.Model(
            coords={"contrast": list(data.treatments), "four": range(4), "nine": range(9)}
        ) as model:
            effect = pm.Normal("effect", 0.0, 20.0, dims="contrast")
            pathology()
            pm.Normal("nights", 420.0 + pt.dot(arm, effect), 5.0, observed=nights)
        return model

    return SimpleNamespace(
        NAME="pathological",
        ASSUMES="",
        FORMULA="",
        build=build,
        priors=lambda data, outcome: {},
        effect_prior_sd=lambda data, outcome: 20.0,
        variants=lambda data, outcome: {},
    )


@pytest.mark.slow
@pytest.mark.parametrize(
    ("pathology", "draws", "message"),
    [
        (lambda: None, 20, "too few independent draws"),
        (funnel, 1000, "lost its way|too few|disagree|too slowly"),
        (two_modes, 1000, "chains disagree"),
        (cliff, 1000, "lost its way"),
    ],
)
@pytest.mark.filterwarnings("ignore")
def test_what_the_sampler_cannot_do_is_stopped_after_its_last_attempt(pathology, draws, message):
    data = pretend_trial(effects={"glycine": 40}, sd=5)
    fit = fit_model(data, SLEEP, seed=1, model=model_with(pathology), draws=draws)
    found = estimate_effects(fit, data)
    print(f"\n{fit.sample_s:.1f} s, {fit.diagnostics}\n{found.problems}")
    assert any(re.search(message, str(problem)) for problem in found.problems)
    assert {effect.verdict for effect in found.contrasts} == {"no verdict"}


def spoilt(spoil, outcome=SLEEP, **plan):
    """A trial whose table was changed in place."""
    counts = {"level": 3, "counts": True} if outcome is WAKES else {}
    data = pretend_trial(outcome=outcome, **counts | plan)
    spoil(data.table)
    return data


def put(where, value):
    """Give one value to the nights that a condition on the table picks."""

    def spoil(table):
        for name in set(table.columns) & {"tst_min", "wake_episodes"}:
            table.loc[where(table), name] = value

    return spoil


def every(table):
    return table["day"] >= 0


def of_glycine(table):
    return table["arm"] == "glycine"


def one_night(table):
    return table["day"] == 7


def all_but_one(table):
    return table["day"] != 7


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (spoilt(put(of_glycine, np.nan)), "arm 'glycine' has no analysed night: import its nights"),
        (spoilt(put(every, np.nan)), "arm 'none' has no analysed night"),
        (spoilt(put(every, np.nan), WAKES), "arm 'none' has no analysed night"),
        (spoilt(put(every, 420.0)), r"every night is the same \(420\): check the export"),
        (spoilt(put(every, 0.0), WAKES), r"every night is the same \(0\): check the export"),
        (spoilt(put(of_glycine, 300.0), sd=0), "one value an arm"),
        (spoilt(put(one_night, np.inf)), "night of 2026-01-12 has inf, which is no sound number: correct it"),
        (spoilt(put(one_night, 1e308)), r"night of 2026-01-12 has 1e\+308, which is no sound number"),
        (spoilt(put(one_night, np.inf), WAKES), "night of 2026-01-12 has inf, which is no count"),
        (spoilt(put(one_night, -1.0), WAKES), "night of 2026-01-12 has -1, which is no count"),
        (spoilt(put(one_night, 2.5), WAKES), "night of 2026-01-12 has 2.5, which is no count"),
        (spoilt(put(lambda table: table["day"] > 4, np.nan)), "has no analysed night|nights are too few"),
        (spoilt(put(every, 420.0), blocks=1, period_nights=1), "3 nights are too few to compare anything"),
    ],
)
def test_nights_that_no_model_can_read_are_refused_before_anything_is_sampled(data, message):
    with pytest.raises(AnalysisError, match=message):
        fit_model(data, data.outcomes[0], seed=1)


def test_nights_nearly_all_alike_have_no_typical_night_by_a_student_t():
    data = spoilt(put(all_but_one, 420.0))
    with pytest.raises(AnalysisError, match="125 of 126 nights have one and the same value for each arm"):
        fit_model(data, data.outcomes[0], model=models()["typical_night"], seed=1)


def test_a_night_left_out_may_have_any_value():
    data = spoilt(put(one_night, np.inf))
    data.table.loc[7, "left_out"] = "missing: unstaged"
    assert len(columns_of(data, SLEEP).y) == 126


def test_two_thirds_of_the_nights_alike_within_their_arm_is_still_a_measurement():
    data = spoilt(put(lambda table: table["day"] % 10 < 6, 420.0))
    assert columns_of(data, SLEEP).used.sum() == 126


def fitted_and_printed(data, **options):
    """Fit, estimate, and print seconds, problems and effects."""
    outcome = data.outcomes[0]
    started = time.perf_counter()
    fit = fit_model(data, outcome, seed=1, **options)
    found = estimate_effects(fit, data)
    print(f"\n{time.perf_counter() - started:.0f} s in all, {fit.compile_s:.0f} compiling, {fit.problems}")
    print(found.table.drop(columns="outcome").round(3).to_string())
    return fit, found


@pytest.mark.slow
def test_one_period_an_arm_is_fitted_and_gets_no_verdict():
    fit, found = fitted_and_printed(pretend_trial(effects={"glycine": 90}, blocks=1, period_nights=42))
    assert fit.problems == ()
    assert {effect.verdict for effect in found.contrasts} == {"no verdict"}
    assert str(found.problems[1]) == "glycine: 1 analysed period(s), but a verdict needs 2 of every arm"


@pytest.mark.slow
def test_a_block_without_a_night_widens_the_interval_and_lowers_the_certainty():
    whole = spoilt(lambda table: None, arms=("none", "glycine"), seed=3)
    gone = spoilt(put(lambda table: table["block"].isin([2, 5]), np.nan), arms=("none", "glycine"), seed=3)
    (_, full), (fit, found) = fitted_and_printed(whole), fitted_and_printed(gone)
    assert fit.problems == ()
    assert found.contrasts[0].sd > full.contrasts[0].sd
    assert "33% of the nights are missing" in found.contrasts[0].reasons
    assert found.contrasts[0].verdict not in ("worth it", "worse")


@pytest.mark.slow
def test_zero_inflated_counts_get_an_interval_as_wide_as_their_nights_deserve():
    zeros = np.random.default_rng(1).random(84) < 0.7
    data = spoilt(put(lambda table: zeros, 0.0), WAKES, arms=("none", "glycine"))
    counts = data.table["wake_episodes"]
    fit, found = fitted_and_printed(data)
    effect = found.contrasts[0]
    # What nights of this spread and the prior together would leave, were every night Gaussian.
    by_arm = counts.groupby(data.table["arm"])
    nights_alone = np.sqrt((by_arm.var() / by_arm.size()).sum())
    together = (nights_alone**-2 + fit.prior_sd**-2) ** -0.5
    print(f"SD {effect.sd:.3f}, by hand {together:.3f}, nights alone {nights_alone:.3f}")
    assert fit.problems == ()
    assert effect.low < 0 < effect.high
    # Wider, as periods may differ by more than their nights; never narrower.
    assert together <= effect.sd <= 1.6 * together
    assert effect.verdict not in ("worth it", "worse")


@pytest.mark.slow
@pytest.mark.parametrize("outcome", [SLEEP, WAKES], ids=lambda outcome: outcome.name)
def test_twenty_nights_say_that_they_cannot_tell(outcome):
    whole = spoilt(lambda table: None, outcome, arms=("none", "glycine"), blocks=5, period_nights=2)
    data = replace(whole, table=whole.table.iloc[:20])
    fit, found = fitted_and_printed(data)
    assert fit.problems == ()
    assert found.contrasts[0].sd > 0.5 * fit.prior_sd
    assert found.contrasts[0].verdict == "can't tell yet"


@pytest.mark.alone
@pytest.mark.slow
def test_two_thousand_nights_are_fitted_in_bounded_time_and_find_the_truth():
    data = pretend_trial(effects={"glycine": 25}, arms=("none", "glycine"), blocks=24, period_nights=42)
    started = time.perf_counter()
    fit, found = fitted_and_printed(data)
    assert len(data.table) == 2016
    assert fit.problems == ()
    assert found.contrasts[0].low < 25 < found.contrasts[0].high
    assert found.contrasts[0].sd < 5
    assert time.perf_counter() - started < 300
