"""What the checks make of fits and diaries whose answer can be worked out on paper; nothing is sampled."""

from dataclasses import replace

import by_hand
import numpy as np
import pytest
import xarray as xr
from pretend import pretend_trial
from scipy.signal import lfilter

from n1trial.analysis.certainty import lowered
from n1trial.analysis.checks import ALL_ARMS, Case, CheckResult, checks, weigh_effects
from n1trial.analysis.checks.adherence import as_taken
from n1trial.analysis.checks.blinding_index import bang, last_guesses
from n1trial.analysis.checks.posterior_predictive import statistics
from n1trial.analysis.effects import estimate_effects
from n1trial.data.adherence import as_planned, doses_kept
from n1trial.data.trial_data import AlternativeNights
from n1trial.design.outcomes import OUTCOMES
from n1trial.inference.compile_cache import LOG_LIKELIHOOD, LOG_PRIOR
from n1trial.inference.importance_sampling import effective_draws, smoothed_weights
from n1trial.inference.weighted_draws import drawn_again, weighted_quantiles

SLEEP = OUTCOMES["tst_min"]
SHAPE = (4, 500)


def fitted(data, means, sd, **densities):
    """A fit with this posterior, and densities [chain, draw, ...] by name."""
    fit = by_hand.fit(data, SLEEP, means, sd)
    dims = ("chain", "draw", "night")
    held = {name: (dims[: np.ndim(value)], value) for name, value in densities.items()}
    return replace(fit, densities=xr.Dataset(held))


def lines(case, name):
    return {(each.check, each.subject): each for each in checks()[name].run(case).results}


def test_draws_weighed_anew_are_those_of_the_other_prior():
    # N(12, 8) under a prior N(0, 20) is a likelihood of precision 1/64 - 1/400; under N(0, 10) it gives this.
    draws = np.random.default_rng(0).normal(12, 8, 40_000)
    weights, k = smoothed_weights(-0.5 * draws**2 * (1 / 100 - 1 / 400))
    precision = 1 / 64 - 1 / 400 + 1 / 100
    assert k < 0.7
    assert weights @ draws == pytest.approx(12 / 64 / precision, abs=0.2)
    assert np.sqrt(weights @ (draws - weights @ draws) ** 2) == pytest.approx(precision**-0.5, abs=0.15)


def test_a_prior_too_far_from_the_draws_gives_no_number():
    data = pretend_trial(arms=("none", "glycine"))
    case = Case(
        data=data, outcome=SLEEP, fit=fitted(data, [300.0], 19.0, **{LOG_LIKELIHOOD: np.zeros(SHAPE)})
    )
    results = lines(case, "prior")
    far = results[("prior, what others found", "glycine vs none")]
    assert (far.estimate, far.low, far.high) == (None, None, None)
    assert "too far from the draws" in far.note
    # The model itself was fitted under the other two.
    assert results[("prior, default", "glycine vs none")].estimate == pytest.approx(300, abs=3)
    sceptical = case.fit.variants["sceptical"]["effect"].mean().item()
    assert results[("prior, sceptical", "glycine vs none")].estimate == pytest.approx(sceptical)


def test_quantiles_of_equal_weights_are_quantiles():
    draws = np.random.default_rng(1).normal(size=10_001)
    quantiles = weighted_quantiles(draws, np.full(10_001, 1 / 10_001), (0.025, 0.5, 0.975))
    assert quantiles == pytest.approx(np.quantile(draws, [0.025, 0.5, 0.975]), abs=0.01)


def test_draws_come_again_as_often_as_they_weigh():
    weights = np.random.default_rng(3).dirichlet(np.full(1000, 0.3))
    counts = np.bincount(drawn_again(weights, seed=4), minlength=1000)
    assert counts.sum() == 1000
    assert np.abs(counts - 1000 * weights).max() < 1


def test_weighted_draws_are_worth_as_many_as_their_error_says():
    rng = np.random.default_rng(5)
    drawn = rng.normal(size=(4, 10_000))
    alike = np.full(drawn.shape, 1 / drawn.size)
    assert effective_draws(alike, drawn) == pytest.approx(40_000, rel=0.05)
    # Half the draws weigh nothing, and which ones has nothing to do with the value.
    halved = 2 * alike * (rng.random(drawn.shape) < 0.5)
    assert effective_draws(halved, drawn) == pytest.approx(20_000, rel=0.05)
    # Each resembles the one before, correlation .8: worth (1 - .8) / (1 + .8) as many.
    walked = lfilter([0.6], [1, -0.8], drawn)
    assert effective_draws(alike, walked) == pytest.approx(40_000 / 9, rel=0.1)


def test_an_answer_that_the_priors_alone_give_is_called_so():
    data = pretend_trial(arms=("none", "glycine"))
    fit = fitted(data, [0.0], 20.0)
    effect = fit.posterior["effect"].isel(contrast=0)
    nights = np.random.default_rng(2).normal(-4, 1e-6, (*SHAPE, 30))
    densities = xr.Dataset(
        {
            f"{LOG_PRIOR}effect": -0.5 * (effect.drop_vars("contrast") / 20) ** 2,
            LOG_LIKELIHOOD: (("chain", "draw", "night"), nights),
        }
    )
    case = Case(data=data, outcome=SLEEP, fit=replace(fit, densities=densities))
    assert (
        "the answer comes from the priors, hardly from the nights"
        in lines(case, "power-scaling")[("power-scaling", "glycine vs none")].note
    )


@pytest.mark.parametrize(("spread", "passed"), [(0.1, True), (4.0, False)])
def test_a_night_that_moves_the_whole_posterior_is_found(spread, passed):
    data = pretend_trial(arms=("none", "glycine"))
    rng = np.random.default_rng(3)
    densities = rng.normal(-4, 0.1, (*SHAPE, 20))
    # Its log likelihood swings with heavy tails from draw to draw.
    densities[..., 7] = -4 - spread * rng.exponential(size=SHAPE)
    densities[..., 12] = 0.0
    case = Case(data=data, outcome=SLEEP, fit=fitted(data, [0.0], 9.0, **{LOG_LIKELIHOOD: densities}))
    findings = checks()["leave one night out"].run(case)
    assert findings.results[0].passed is passed
    # The row without a record is no night.
    assert len(findings.tables["leave one night out"]) == 19


def test_statistics_of_made_up_nights_by_hand():
    data = pretend_trial(arms=("none", "glycine"), blocks=1, period_nights=2)
    nights = data.table.assign(tst_min=[1.0, 3.0, 7.0, 9.0])
    case = Case(data=data, outcome=SLEEP)
    results = statistics(nights[["tst_min"]].to_numpy().T, nights, case)
    # Period means 2 and 8; every night lies 1 from its own.
    assert results["SD between periods"][0] == pytest.approx(np.sqrt(18))
    assert results["SD within periods"][0] == pytest.approx(1.0)
    assert (results["smallest"][0], results["largest"][0]) == (1.0, 9.0)
    # Around the mean of 5: (-4, -2, 2) against (-2, 2, 4), (8 - 4 + 8) / 24.
    assert results["resemblance to the night before"][0] == pytest.approx(0.5)


def test_the_tipping_point_is_the_effect_over_the_missing_share():
    data = pretend_trial(arms=("none", "glycine"))
    lost = np.flatnonzero(data.table["arm"] == "glycine")[:6]
    data.table.loc[lost, "tst_min"] = np.nan
    fit = by_hand.fit(data, SLEEP, [10.0], 8.0)
    mean = float(fit.posterior["effect"].mean())
    results = lines(Case(data=data, outcome=SLEEP, fit=fit), "missing nights")
    assert results[("missing nights", "glycine")].estimate == pytest.approx(-mean * 42 / 6)
    assert results[("missing nights", "glycine")].note.startswith("6 of 42 nights missing")
    assert results[("missing nights", "none")].estimate is None


def taking(taken, *, arms=("none", "glycine")):
    """A trial in which these evenings of each arm, by its name, were answered with yes, the others with no."""
    data = pretend_trial(arms=arms, effects={"glycine": 20})
    answers = {arm: iter([1.0] * yes + [0.0] * (42 - yes)) for arm, yes in taken.items()}
    return replace(data, table=data.table.assign(taken=[next(answers[arm]) for arm in data.table["arm"]]))


def test_nothing_and_a_placebo_are_told_apart_by_what_was_swallowed():
    for of_reference, kept in ((2, 40), (41, 41)):
        data = taking({"none": of_reference, "glycine": 36})
        assert doses_kept(data)["kept"].to_dict() == {"none": kept, "glycine": 36}
        assert doses_kept(data)["answered"].to_dict() == {"none": 42, "glycine": 42}


def test_without_a_diary_no_dose_is_known():
    data = pretend_trial()
    assert as_planned(data).isna().all()
    assert not checks()["doses"].applies(Case(data=data, outcome=SLEEP))


def test_a_missed_dose_counts_to_the_reference_as_taken():
    data = taking({"none": 0, "glycine": 36})
    assert (as_taken(data).table["arm"] == "none").sum() == 42 + 6
    results = lines(Case(data=data, outcome=SLEEP), "doses")
    assert results[("doses", "")].estimate == pytest.approx(78 / 84)
    assert results[("doses", "")].passed
    assert "observational" in results[("as taken", "glycine vs none")].note
    assert "78 nights" in results[("per protocol", "glycine vs none")].note


def test_a_schedule_that_was_not_kept_has_no_verdict():
    for taken, refused in ((36, False), (12, True)):
        data = taking({"none": 0, "glycine": taken})
        effects = estimate_effects(by_hand.fit(data, SLEEP, [30.0], 6.0), data)
        assert (effects.contrasts[0].verdict == "no verdict") is refused
        assert any("the schedule was not kept" in str(problem) for problem in effects.problems) is refused


def test_bangs_index_is_one_for_all_right_and_nothing_for_luck():
    assert bang(np.array([[1.0, 0.0, 0.0]]), 3)[0] == 1.0
    assert bang(np.array([[0.0, 0.0, 1.0]]), 3)[0] == 0.0
    # With three arms luck is right once in three; with two, half the time.
    assert bang(np.array([[0.2, 0.4, 0.4]]), 3)[0] == pytest.approx(0.0)
    assert bang(np.array([[0.3, 0.3, 0.4]]), 2)[0] == pytest.approx(0.0)
    # Bang's own form for two arms: (2 r - 1) times the share that guessed, r = 3/4.
    assert bang(np.array([[0.6, 0.2, 0.2]]), 2)[0] == pytest.approx(0.5 * 0.8)


def guessing(guess, **changes):
    data = pretend_trial(effects={"glycine": 20}, blinded=True)
    return replace(data, table=data.table.assign(guess=guess(data.table)), **changes)


def test_a_guess_repeated_every_morning_counts_once_a_period():
    data = guessing(lambda table: table["arm"])
    assert len(last_guesses(data)) == 18
    line = lines(Case(data=data, outcome=SLEEP), "blinding")[("blinding", "every arm")]
    assert (line.estimate, line.passed) == (1.0, False)


def test_guesses_mean_nothing_where_the_arms_were_known():
    data = guessing(lambda table: table["arm"], blinded=False)
    assert not checks()["blinding"].applies(Case(data=data, outcome=SLEEP))


def test_other_choices_have_a_line_each_and_say_how_many_nights_they_leave():
    data = pretend_trial(effects={"glycine": 20})
    data.table.loc[[3, 30], "tst_min"] = 100.0
    other = replace(data, table=data.table.assign(tst_min=data.table["tst_min"] + 7))
    case = Case(
        data=data,
        outcome=SLEEP,
        alternatives=(AlternativeNights(name="naps too", data=other, outcome=SLEEP),),
    )
    results = lines(case, "analysed differently")
    assert "108 nights" in results[("without the first 1 night of a period", "glycine vs none")].note
    assert "2 nights fewer" in results[("without nights under 180 min", "glycine vs none")].note
    plain, shifted = (results[(name, "glycine vs none")].estimate for name in ("Gaussian nights", "naps too"))
    # The same minutes on every night change no difference.
    assert shifted == pytest.approx(plain, abs=0.1)


def test_one_night_periods_have_no_first_nights_to_leave_out():
    data = pretend_trial(effects={"glycine": 20}, blocks=20, period_nights=1)
    assert not any(
        "first" in check for check, _ in lines(Case(data=data, outcome=SLEEP), "analysed differently")
    )


@pytest.mark.parametrize(
    ("failed", "reason"),
    [
        (CheckResult(check="blinding", arm=ALL_ARMS, passed=False), "you guessed right more often"),
        (CheckResult(check="doses", passed=False), "more than one dose in ten"),
        (CheckResult(check="device", passed=False), "the device, or how it scores sleep, changed"),
    ],
)
def test_a_check_that_fails_takes_one_step_of_certainty(failed, reason):
    data = pretend_trial(arms=("none", "glycine"), blinded=True)
    effects = estimate_effects(by_hand.fit(data, SLEEP, [30.0], 6.0), data)
    (effect,) = weigh_effects(effects, [failed]).contrasts
    (before,) = effects.contrasts
    assert effect.certainty == lowered(before.certainty, 1)
    assert effect.reasons[:-1] == before.reasons
    assert effect.reasons[-1].startswith(reason)
    (same,) = weigh_effects(effects, [replace(failed, passed=True)]).contrasts
    assert (same.certainty, same.reasons) == (before.certainty, before.reasons)


def test_one_arm_guessed_by_luck_takes_nothing():
    data = pretend_trial(arms=("none", "glycine"), blinded=True)
    effects = estimate_effects(by_hand.fit(data, SLEEP, [30.0], 6.0), data)
    lucky = CheckResult(check="blinding", arm="glycine", passed=False)
    assert weigh_effects(effects, [lucky]).contrasts[0].reasons == effects.contrasts[0].reasons


def test_a_changed_device_is_named_in_order():
    data = pretend_trial()
    case = Case(data=data, outcome=SLEEP, recorders=("ring, algorithm v1", "ring, algorithm v2"))
    (line,) = checks()["device"].run(case).results
    assert (line.passed, line.note) == (False, "recorded by ring, algorithm v1, then ring, algorithm v2")
    (same,) = checks()["device"].run(replace(case, recorders=("ring",))).results
    assert same.passed
