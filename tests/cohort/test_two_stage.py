"""Sharing without sharing nights: what a summary holds, and what summaries say together."""

import json
import time
import tracemalloc
from dataclasses import replace

import numpy as np
import pytest
import xarray as xr
from people import ORDINARY, SLEEP, WAKES, pretend_people, simulated_cohort
from pretend import pretend_trial, shaped_as_the_template
from scipy import integrate, stats
from yardstick import slowness

from n1trial.cohort import fit_cohort
from n1trial.cohort.one_stage import sleep_time_model
from n1trial.cohort.two_stage.first_stage import summaries_of
from n1trial.cohort.two_stage.gaussian_people import Gaussians, correlation_of
from n1trial.cohort.two_stage.marginalised import WIDER, _given_sds, integrated
from n1trial.cohort.two_stage.noise import PERIOD, Drawn, kinds, under_both, under_noise
from n1trial.cohort.two_stage.sentences import summary_lines
from n1trial.cohort.two_stage.shared_noise import Likelihoods, shared_noise
from n1trial.cohort.two_stage.summary import FORM, PersonSummary, read_summary, save_summary, summary_of
from n1trial.cohort.two_stage.two_stage import estimate_pooled, pool
from n1trial.errors import CohortError
from n1trial.inference import priors as prior
from n1trial.inference.fit import Diagnostics, Fit
from n1trial.inference.sampling import fit_model

FINE = Diagnostics(
    chains=4, draws=1000, max_r_hat=1.0, min_ess_bulk=2000, min_ess_tail=2000, divergences=0, min_bfmi=0.9
)


def person(mean, sd, *, arms=("glycine", "magnesium"), outcome=SLEEP, prior_sd=20.0, **changes):
    """Somebody whose nights alone say `mean` with SD `sd`, under the prior of one person's model."""
    precision = 1 / sd**2 + 1 / prior_sd**2
    fields = {
        "form": FORM,
        "outcome": outcome,
        "reference": "none",
        "arms": arms,
        "labels": {arm: arm for arm in ("none", *arms)},
        "doses": {},
        "nights": (21,) * (1 + len(arms)),
        "periods": 9,
        "mean": tuple(float(value) / sd**2 / precision for value in mean),
        "covariance": tuple(tuple(row) for row in (np.eye(len(arms)) / precision).tolist()),
        "prior_sd": prior_sd,
        "prior_scale": 1.0,
        "log_rate": 1.0 if outcome.kind == "count" else None,
    }
    return PersonSummary(**fields | changes)


def people_of(count, *, average, spread, sd, seed=0):
    rng = np.random.default_rng(seed)
    truth = average + spread * rng.standard_normal((count, len(average)))
    return {
        f"person {number}": person(tuple(own + sd * rng.standard_normal(len(average))), sd)
        for number, own in enumerate(truth)
    }


def test_pooled_average_and_spread_are_those_of_the_integral():
    rng = np.random.default_rng(1)
    seen = 8.0 + 18.0 * rng.standard_normal(12)
    summaries = {f"{number}": person((value,), 15.0, arms=("glycine",)) for number, value in enumerate(seen)}
    pooled = pool(summaries, seed=1)

    def weight(tau):
        marginal = stats.multivariate_normal(np.zeros(12), (tau**2 + 15.0**2) * np.eye(12) + 20.0**2)
        return marginal.pdf(seen) * np.exp(-0.5 * (tau / 15.0) ** 2)

    whole, _ = integrate.quad(weight, 0, 100, epsabs=0)
    mean, _ = integrate.quad(lambda tau: tau * weight(tau) / whole, 0, 100)
    assert pooled.draws.spread.mean() == pytest.approx(mean, abs=0.06 * mean)
    assert pooled.pareto_k < 0.7


def test_many_people_give_back_average_spread_and_themselves():
    average, spread = np.array([5.0, 15.0]), np.array([8.0, 12.0])
    pooled = pool(people_of(400, average=average, spread=spread, sd=12.0), seed=1)
    for drawn, truth in ((pooled.draws.average, average), (pooled.draws.spread, spread)):
        assert np.abs(drawn.mean(axis=0) - truth) == pytest.approx(0.0, abs=4 * drawn.std(axis=0).max())
    assert pooled.draws.correlation[:, 0, 1].mean() == pytest.approx(0.0, abs=0.3)
    effects = estimate_pooled(pooled)
    assert effects.contrasts[1].gainers.mean == pytest.approx(0.5, abs=0.12)


def test_who_did_not_try_an_arm_borrows_its_effect_from_the_others():
    summaries = people_of(50, average=np.array([5.0, 20.0]), spread=np.array([3.0, 3.0]), sd=8.0)
    summaries["only glycine"] = person((5.0,), 8.0, arms=("glycine",))
    effect = estimate_pooled(pool(summaries, seed=1)).contrasts[1]
    assert not effect.people.loc["only glycine", "tried"]
    assert effect.people.loc["only glycine", "mean"] == pytest.approx(effect.average.mean, abs=2.0)


def test_few_people_get_numbers_and_no_verdict():
    effects = estimate_pooled(
        pool(people_of(3, average=np.array([5.0, 30.0]), spread=np.zeros(2), sd=8.0, seed=4), seed=1)
    )
    assert "3 people are too few" in str(effects.problems[0])
    assert {effect.verdict for effect in effects.contrasts} == {"no verdict"}
    assert effects.table["average_sd"].gt(0).all()


def test_partial_correlations_make_correlations():
    correlations = correlation_of(np.array([0.5, -0.3, 0.8]), 3)
    assert np.diag(correlations) == pytest.approx(1.0)
    assert np.linalg.eigvalsh(correlations).min() > 0


@pytest.mark.parametrize(
    ("other", "message"),
    [
        (person((1.0, 2.0), 9.0, outcome=replace(SLEEP, mid=20.0)), "ann and ben: their outcomes differ"),
        (person((1.0, 2.0), 9.0, doses={"glycine": (1.5, 0.0)}), "glycine: ann and ben took other doses"),
        (person((1.0, 3.0), 9.0, doses={"glycine": (3.0, 0.0)}), "ben: is there under another name"),
    ],
)
def test_people_who_cannot_be_pooled_are_named(other, message):
    ann = person((1.0, 3.0), 9.0, doses={"glycine": (3.0, 0.0)})
    with pytest.raises(CohortError, match=message):
        pool({"ann": ann, "ben": other}, seed=1)


def test_one_summary_is_no_cohort():
    with pytest.raises(CohortError, match="needs 2"):
        pool({"ann": person((1.0, 2.0), 9.0)}, seed=1)


def fitted(data, outcome, **changes):
    """A fit made by hand."""
    rng = np.random.default_rng(3)
    name = "delta" if outcome.kind == "count" else "effect"
    drawn = 3.0 + 10.0 * rng.standard_normal((4, 500, 2))
    posterior = xr.Dataset(
        {name: (("chain", "draw", "contrast"), drawn), "level": (("chain", "draw"), np.ones((4, 500)))}
    )
    fields = {
        **{"outcome": outcome, "model": "m", "assumes": "", "formula": "", "priors": {}, "prior_sd": 20.0},
        **{"posterior": posterior, "diagnostics": FINE, "nights": 126, "data_sha256": "", "seed": 1},
    }
    return Fit(**fields | changes)


def test_a_summary_holds_no_night_and_no_date_and_comes_back(tmp_path):
    data = pretend_trial(seed=4)
    summary = summary_of(fitted(data, SLEEP), data)
    save_summary(tmp_path / "ann.json", summary)
    text = (tmp_path / "ann.json").read_text()
    assert read_summary(tmp_path / "ann.json") == summary
    assert "2026" not in text
    numbers = [*_numbers(json.loads(text))]
    assert not {round(value, 3) for value in data.table["tst_min"]} & {round(each, 3) for each in numbers}
    # Of 126 nights: effects under each kind of noise, and how probable it is.
    assert len(numbers) < 100
    assert summary.nights == (42, 42, 42)


def _numbers(value):
    if isinstance(value, dict | list):
        for each in value.values() if isinstance(value, dict) else value:
            yield from _numbers(each)
    elif isinstance(value, int | float):
        yield value


def noisy(rng, *, effect, seen, size=4000):
    """Somebody whose nights say `seen` of the SD between periods, and of effects the more the smaller it is."""
    sd = np.abs(prior.PERIOD_SD.scale * rng.standard_normal(20 * size))
    nearness = np.exp(-0.5 * ((np.log(sd) - np.log(seen)) / 0.5) ** 2)
    sd = rng.choice(sd, size, p=nearness / nearness.sum())
    phi = prior.PHI.scale * rng.standard_normal(size)
    precision = 20.0**-2 + 1.0 / (50.0 + sd[:, None] ** 2)
    effects = effect + rng.standard_normal((size, 2)) / np.sqrt(precision)
    known = kinds(counts=False)
    drawn = Drawn.points({PERIOD: sd, "phi": phi}, effects)
    return replace(
        person((0.0, 0.0), 10.0),
        mean=tuple(effects.mean(axis=0)),
        covariance=tuple(map(tuple, np.cov(effects, rowvar=False))),
        noise={name: under_noise(drawn, name, known[name]) for name in (PERIOD, "phi")},
        noise_in_pairs={f"{PERIOD}, phi": under_both(drawn, (PERIOD, "phi"), known)},
    )


def people_with_common_noise(common):
    """People whose SD between periods is about the same."""
    rng = np.random.default_rng(2)
    return [noisy(rng, effect=5.0, seen=common * np.exp(0.6 * rng.standard_normal())) for _ in range(40)]


@pytest.mark.parametrize("common", [6.0, 14.0])
def test_what_people_share_of_the_noise_is_found_and_narrows_or_widens_their_effects(common):
    people = people_with_common_noise(common)
    shared = shared_noise(people, ("glycine", "magnesium"), counts=False)
    scale = prior.PERIOD_SD.scale
    grid = np.log(np.linspace(0.03, 0.6, 60))
    density = [shared.log_density({PERIOD: value, "phi": 0.05}) for value in grid]
    assert scale * np.exp(grid[np.argmax(density)]) == pytest.approx(common, rel=0.25)
    small, large = (shared.likelihoods({PERIOD: np.log(value / scale)}) for value in (4.0, 20.0))
    ratio = small.precision[:, 0, 0] / large.precision[:, 0, 0]
    # Somebody whose own weeks say ten times as much has hardly a draw there.
    assert (ratio > 1.0).mean() >= 0.95
    assert ratio.mean() > 1.3


@pytest.mark.parametrize("common", [6.0, pytest.param(14.0, marks=pytest.mark.slow)])
def test_people_who_share_noise_are_pooled(common):
    people = people_with_common_noise(common)
    pooled = pool({f"{number}": each for number, each in enumerate(people)}, seed=1)
    assert pooled.pareto_k < 0.7
    assert pooled.draws.average.mean(axis=0) == pytest.approx([5.0, 5.0], abs=4 * pooled.draws.average.std())


def test_a_count_is_summed_up_as_log_ratios_with_the_rate_on_the_reference():
    data = pretend_trial(outcome=WAKES, counts=True, level=3.0)
    summary = summary_of(fitted(data, WAKES), data)
    assert summary.prior_sd == prior.LOG_RATIO.scale
    assert summary.log_rate == pytest.approx(1.0 - sum(summary.mean) / 3, abs=1e-3)


def test_nights_without_what_is_linear_are_those_of_the_whole_gaussian():
    rng = np.random.default_rng(6)
    rows = rng.normal(size=(1, 40, 3 + 5 + 2 + 1))
    fixed, random, arms, nights = np.split(rows[0], [3, 8, 10], axis=1)
    sds = np.array([4.0, 1.0, 0.2])
    (narrow, log_density), mean, covariance = _given_sds(rows, 5, sds, 2, (5.0, 20.0))
    whole = [np.eye(40) + fixed @ fixed.T + sd**2 * random @ random.T + 400.0 * arms @ arms.T for sd in sds]
    direct = [stats.multivariate_normal(np.zeros(40), each).logpdf(nights[:, 0]) for each in whole]
    assert np.diff(log_density[0]) == pytest.approx(np.diff(direct))
    closer = whole[1] - (400.0 - 25.0) * arms @ arms.T
    less = stats.multivariate_normal(np.zeros(40), closer).logpdf(nights[:, 0]) - direct[1]
    assert narrow[0, 1] - log_density[0, 1] == pytest.approx(less)
    for node, each in enumerate(whole):
        seen = 400.0 * np.linalg.solve(each, arms).T
        assert mean[0, node] == pytest.approx(seen @ nights[:, 0])
        assert covariance[0, node] == pytest.approx(400.0 * np.eye(2) - 400.0 * seen @ arms)


def test_draws_without_periods_say_what_all_draws_say():
    data = shaped_as_the_template(pretend_trial(effects={"glycine": 20, "magnesium": 35}, sd=40, seed=3))
    fit = fit_model(data, SLEEP, seed=1, variants=False)
    known = kinds(counts=False)
    drawn = integrated(fit, data, known)
    mean, covariance = drawn.moments()
    effects = fit.posterior["effect"].to_numpy().reshape(-1, 2)
    sd = effects.std(axis=0)
    # The wider prior taken off, and the model's put on.
    precision = np.linalg.inv(covariance)
    under = np.linalg.inv(precision + (1 - WIDER**-2) / fit.prior_sd**2 * np.eye(2))
    assert (under @ precision @ mean - effects.mean(axis=0)) / sd == pytest.approx(0.0, abs=0.15)
    assert np.sqrt(np.diag(under)) / sd == pytest.approx(1.0, abs=0.1)
    logs = np.log(fit.posterior[PERIOD].to_numpy())
    weights = np.exp(drawn.log_weight)
    at = np.log(drawn.values[PERIOD])
    middle = (weights * at).sum() / weights.sum()
    # Nodes end where an SD is next to nothing.
    assert middle == pytest.approx(np.maximum(logs, at.min()).mean(), abs=0.25 * logs.std())
    one, other = (
        under_noise(each, PERIOD, known[PERIOD])
        for each in (drawn, Drawn.points({PERIOD: np.exp(logs).ravel()}, effects))
    )
    evidence = np.array(one.log_evidence) - np.array(other.log_evidence)
    assert np.ptp(evidence[:5]) < 0.35
    # The fewer draws lie near a node, the less sure its mean: .15 on one machine and .153 on another.
    assert np.array(one.mean)[:5] / sd == pytest.approx(np.array(other.mean)[:5] / sd, abs=0.2)


def test_a_year_of_nights_is_summed_up_within_memory_that_people_have():
    data, rng, size = pretend_trial(blocks=17, seed=4), np.random.default_rng(5), (4, 1000)
    # As many draws as the sampler makes: what they say is no matter.
    noise = {
        name: (("chain", "draw"), middle * np.exp(0.1 * rng.standard_normal(size)))
        for name, middle in {"sigma": 60.0, "phi": 0.1, "weekday_sd": 5.0, PERIOD: 10.0}.items()
    }
    fit = fitted(data, SLEEP, posterior=xr.Dataset(noise))
    tracemalloc.start()
    drawn = integrated(fit, data, kinds(counts=False))
    drawn.moments()
    most = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert most < 300e6


def test_how_much_a_variance_varies_is_measured_among_draws_that_common_noise_leaves():
    covariance = np.array([1.0, 3.0])[:, None, None] * np.array([[2.0, 0.5], [0.5, 1.0]])
    drawn = Drawn(
        values={PERIOD: np.array([[5.0, 5.0]])},
        mean=np.zeros((1, 2, 2)),
        covariance=covariance[None],
        log_weight=np.log([[0.5, 0.5]]),
    )
    known = kinds(counts=False)
    assert drawn.varying(known) == pytest.approx(0.25)
    # Values that hardly anybody could have in common.
    far = replace(drawn, values={PERIOD: np.array([[0.5, 50.0]])})
    assert far.varying(known) < 0.25


def test_people_whose_variance_varies_are_mixtures_of_two_gaussians():
    own = np.array([[[30.0, 10.0], [10.0, 50.0]], [[20.0, 0.0], [0.0, 40.0]]])
    means, average = np.array([[12.0, 30.0], [-8.0, 5.0]]), np.array([4.0, 9.0])
    between = np.array([[60.0, 20.0], [20.0, 90.0]])
    precision = np.linalg.inv(own)
    # The second did not try the second arm.
    precision[1] = np.diag([1 / 20.0, 0.0])
    towards = np.einsum("pij,pj->pi", precision, means)
    likelihoods = Likelihoods(
        precision=precision,
        towards=towards,
        log_height=np.zeros(2),
        rank=np.array([2, 1]),
        away=np.einsum("pi,pi->p", towards, means),
    )
    varying = np.array([0.09, 0.25])
    people = Gaussians(likelihoods=likelihoods, varying=varying, average_sd=20.0, spread_scale=15.0)
    expected = 0.0
    for number, tried in enumerate((slice(2), slice(1))):
        seen = [
            stats.multivariate_normal(
                average[tried], times * own[number][tried, tried] + between[tried, tried]
            ).pdf(means[number][tried])
            for times in (1.0, 1 - varying[number] ** 0.5, 1 + varying[number] ** 0.5)
        ]
        expected += np.log((seen[1] + seen[2]) / 2 / seen[0])
    assert people.beyond_gaussian(between, average) == pytest.approx(expected)


def test_what_must_not_be_shared_is_not(tmp_path):
    data = pretend_trial()
    with pytest.raises(CohortError, match="nothing to share"):
        summary_of(fitted(data, SLEEP, problems=("the chains disagree",)), data)
    with pytest.raises(CohortError, match="still hidden"):
        summary_of(fitted(data, SLEEP), replace(data, sealed=True))


def test_one_who_cannot_be_fitted_does_not_stop_the_others(tmp_path):
    ann, ben, eva = (replace(each, data=shaped_as_the_template(each.data)) for each in pretend_people(3))
    nights = ben.data.table.assign(tst_min=420.0)
    summaries, left_out = summaries_of(
        [ann, replace(ben, data=replace(ben.data, table=nights)), eva], outcome="tst_min", seed=1, processes=1
    )
    assert list(summaries) == ["person 1", "person 3"]
    assert list(left_out) == ["person 2"]
    assert "all alike" in left_out["person 2"] or "420" in left_out["person 2"]
    assert summaries["person 1"].nights == (42, 42, 42)
    # A real fit's summary speaks of the noise too, comes back whole, and still holds no night.
    summary = summaries["person 1"]
    assert set(summary.noise) == {PERIOD, "phi", "sigma"}
    assert set(summary.noise_in_pairs) == {"period_sd, sigma", "period_sd, phi", "sigma, phi"}
    assert 0.0 < summary.varying < 0.3
    save_summary(tmp_path / "ann.json", summary)
    assert read_summary(tmp_path / "ann.json") == summary
    numbers = {round(each, 3) for each in _numbers(json.loads((tmp_path / "ann.json").read_text()))}
    assert not numbers & {round(value, 3) for value in ann.data.table["tst_min"]}
    assert summaries_of([ann], outcome="steps", seed=1)[1] == {
        "person 1": "no outcome 'steps': choose from tst_min"
    }


@pytest.mark.parametrize("text", ["", "{}", "[1]", '{"form": 1}', "\x00"])
def test_a_damaged_summary_is_refused_in_one_line(tmp_path, text):
    (tmp_path / "ann.json").write_text(text)
    with pytest.raises(CohortError, match=r"ann\.json: no summary can be read") as error:
        read_summary(tmp_path / "ann.json")
    assert "\n" not in str(error.value)


def test_a_summary_that_does_not_fit_together_is_refused(tmp_path):
    save_summary(tmp_path / "ann.json", replace(person((1.0, 2.0), 9.0), mean=(1.0,)))
    with pytest.raises(CohortError, match="does not fit together"):
        read_summary(tmp_path / "ann.json")


@pytest.mark.slow
def test_ten_thousand_summaries_are_pooled_within_a_minute(capsys):
    summaries = people_of(10_000, average=np.array([5.0, 15.0]), spread=np.array([8.0, 12.0]), sd=15.0)
    slower, started = slowness(), time.process_time()
    pooled = pool(summaries, seed=1)
    seconds = time.process_time() - started
    with capsys.disabled():
        print(f"\n10,000 summaries pooled in {seconds:.1f} s of a core, Pareto k {pooled.pareto_k:.2f}")
    assert seconds <= 60 * slower
    assert pooled.draws.spread.mean(axis=0) == pytest.approx([8.0, 12.0], abs=0.6)


@pytest.mark.slow
def test_summaries_agree_with_the_model_of_all_nights(capsys):
    cohort, _ = simulated_cohort(pretend_people(16, blocks=3), sleep_time_model, SLEEP, held=ORDINARY, seed=3)
    whole = fit_cohort(cohort, seed=1, draws=3000)
    assert whole.problems == ()
    alone, left_out = summaries_of(cohort.people, seed=1)
    assert left_out == {}
    pooled = pool(alone, seed=1).draws
    differences = {}
    for name, two in (("average", pooled.average), ("spread", pooled.spread)):
        one = whole.posterior[name].to_numpy().reshape(-1, 2)
        differences[name] = (two.mean(axis=0) - one.mean(axis=0)) / one.std(axis=0)
        with capsys.disabled():
            print(
                f"\n{name}: all nights {one.mean(axis=0).round(2)} ± {one.std(axis=0).round(2)}, two stages"
                f" {two.mean(axis=0).round(2)} ± {two.std(axis=0).round(2)}, apart {differences[name].round(2)} SD"
            )
    assert max(np.abs(each).max() for each in differences.values()) <= 0.15


def test_a_summary_says_in_lines_what_is_in_it():
    text = "\n".join(summary_lines(person((-3.0, 12.0), 1e-3)))
    assert "glycine against none: −3 min, SD 0.001, from 21 nights" in text
    assert "magnesium against none: +12 min" in text
    assert "No night, no date, no place and no name is in it" in text
