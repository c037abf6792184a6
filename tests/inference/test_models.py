from dataclasses import replace

import calibrate
import numpy as np
import pymc as pm
import pytest
from pretend import pretend_trial
from scipy import stats
from uncompiled import UNCOMPILED

from n1trial.analysis.checks import Case, run_checks
from n1trial.analysis.effects import estimate_effects
from n1trial.data.trial_data import bad_nights_of
from n1trial.design.outcomes import OUTCOMES
from n1trial.errors import AnalysisError
from n1trial.inference.inla import Priors
from n1trial.inference.model_matrix import columns_of, mean_and_sd_left
from n1trial.inference.models import describe, model_for, model_named, models
from n1trial.inference.models._sleep import ROOM_FOR_DISTANCES
from n1trial.inference.models.awakenings import _logp
from n1trial.inference.night_process import FIRST_NIGHT_GAP
from n1trial.inference.sampling import fit_model

SLEEP, WAKES = OUTCOMES["tst_min"], OUTCOMES["wake_episodes"]


DOSES = {"none": (0.0, 0.0), "glycine": (3.0, 0.0), "magnesium": (1.235, 200.0)}


def sleep_trial(**changes):
    return pretend_trial(effects={"glycine": 10}, **changes)


def wake_trial(**changes):
    return pretend_trial(outcome=WAKES, level=3, counts=True, **changes)


def trial_for(model):
    """A trial that the model can be made for."""
    if "yes-no" in model.KINDS:
        data = sleep_trial(level=350)
        data.table.loc[:6, "left_out"] = "run-in"
        return bad_nights_of(data)
    if "continuous" not in model.KINDS:
        return wake_trial()
    data = sleep_trial(doses=DOSES)
    if "count" in model.KINDS:
        data = replace(data, outcomes=(SLEEP, WAKES))
        data.table["wake_episodes"] = np.random.default_rng(0).poisson(3.0, 126).astype(float)
    return data


@pytest.mark.parametrize("name", models())
def test_a_model_has_effect_by_contrast_and_says_what_it_assumes(name):
    model = models()[name]
    data = trial_for(model)
    built = model.build(data, data.outcomes[0])
    assert built.named_vars_to_dims["effect"] == ("contrast",)
    assert tuple(built.coords["contrast"]) == ("glycine", "magnesium")
    assert model.ASSUMES.endswith(".")
    assert model.priors(data, data.outcomes[0])
    assert len(built.observed_RVs) == len(model.KINDS)
    for variable in built.unobserved_RVs:
        assert len(built.named_vars_to_dims.get(variable.name, ())) == variable.ndim, variable.name


@pytest.mark.slow
@pytest.mark.parametrize("name", models())
def test_a_model_is_fitted_and_checked(name):
    model, data = models()[name], calibrate.sbc_trial()
    if model.KINDS == ("count",):
        data = replace(data, outcomes=(WAKES,))
    if model.KINDS == ("yes-no",):
        data = bad_nights_of(replace(data, bad_night_minutes=360))
    fit = fit_model(data, data.outcomes[0], seed=1, model=model)
    assert fit.problems == ()
    assert set(fit.variants) == set(model.variants(data, data.outcomes[0]))
    assert [each.arm for each in estimate_effects(fit, data).contrasts] == ["glycine", "magnesium"]
    found = run_checks(Case(data=data, outcome=data.outcomes[0], fit=fit))
    assert {"posterior predictive", "leave one night out", "power-scaling"} <= set(found.tables)


@pytest.mark.parametrize("name", models())
def test_the_variants_of_a_model_are_new_values_of_its_data(name):
    model = models()[name]
    data = trial_for(model)
    built = model.build(data, data.outcomes[0])
    for values in model.variants(data, data.outcomes[0]).values():
        for variable, value in values.items():
            assert built[variable].get_value().shape == value.shape


def test_sleep_time_and_counts_have_their_own_model():
    assert model_for(SLEEP).NAME == "duration"
    assert model_for(WAKES).NAME == "awakenings"


def test_a_model_can_be_named_among_those_of_its_kind():
    assert model_named("typical_night", SLEEP).NAME == "typical_night"
    with pytest.raises(AnalysisError, match="no model of a continuous outcome is called 'poisson': choose"):
        model_named("poisson", SLEEP)


@pytest.mark.parametrize("name", models())
def test_a_model_describes_its_formula_its_priors_and_their_reasons(name):
    model = models()[name]
    data = trial_for(model)
    description = describe(model, data, data.outcomes[0])
    assert model.FORMULA in description
    assert model.ASSUMES in description
    assert description.count("\n  ") == len(model.priors(data, data.outcomes[0])) >= 7


def test_tomorrows_nights_have_the_shape_of_todays():
    today = sleep_trial()
    today.table.loc[60:, "tst_min"] = np.nan
    tomorrow = sleep_trial()
    tomorrow.table.loc[61:, "tst_min"] = np.nan
    one, other = (models()["duration"].build(data, SLEEP) for data in (today, tomorrow))
    assert [v.get_value().shape for v in one.data_vars] == [v.get_value().shape for v in other.data_vars]


def test_rows_without_a_record_say_nothing():
    data = sleep_trial(covariates=("caffeine_mg",))
    data.table["caffeine_mg"] = np.where(np.arange(126) % 5 == 0, np.nan, np.arange(126) % 3 * 100.0)
    data.table.loc[[5, 6, 40], "tst_min"] = np.nan
    columns = columns_of(data, SLEEP)
    assert not columns.y[123:].any()
    assert not columns.design[123:].any()
    assert not columns.terms["covariates"][columns.y == 0].any()


def test_a_covariate_counts_per_sd_around_its_mean_and_an_unwritten_one_as_the_mean():
    data = sleep_trial(covariates=("caffeine_mg",))
    data.table["caffeine_mg"] = [np.nan, 100.0, 300.0] * 42
    assert columns_of(data, SLEEP).terms["covariates"][:3, 0] == pytest.approx([0, -1, 1])


def test_what_is_measured_after_the_dose_is_no_covariate():
    data = sleep_trial(covariates=("sol_min",))
    data.table["sol_min"] = np.arange(126.0)
    with pytest.raises(AnalysisError, match="sol_min: is measured after the dose"):
        columns_of(data, SLEEP)


def test_run_in_nights_are_used_and_stand_in_no_contrast():
    data = sleep_trial()
    data.table.loc[:13, "left_out"] = "run-in"
    columns = columns_of(data, SLEEP)
    assert columns.used.sum() == 126
    assert columns.analysed.sum() == 112
    in_contrast = columns.analysed > 0
    assert np.allclose(columns.terms["arm"][in_contrast].sum(axis=0), 0)
    assert np.allclose(columns.terms["arm"][~in_contrast], -columns.arm_share)
    assert columns.terms["run_in"][:14].all()
    assert not columns.terms["period"][:14].any()


def logp_by_hand(data, point, nights):
    """The formula of the docstring, night by night; `nights` is SciPy's distribution of their scaled shocks."""
    columns = columns_of(data, SLEEP)
    terms = columns.terms
    mean = (
        point["level"]
        + terms["arm"] @ point["effect"]
        + point["trend"] * terms["trend"][:, 0]
        + terms["period"] @ (point["period_sd"] * point["period_z"])
        + terms["block"] @ point["block"]
        + terms["weekday"] @ (point["weekday_sd"] * point["weekday_z"])
    )
    phi, sigma = point["phi"], point["sigma"]
    spread = sigma / np.sqrt(1 - phi**2)
    total = nights.logpdf((columns.y[0] - mean[0]) / spread) - np.log(spread)
    for night in range(1, int(columns.used.sum())):
        fade = phi ** columns.gap[night]
        expected = mean[night] + fade * (columns.y[night - 1] - mean[night - 1])
        spread = sigma * np.sqrt((1 - fade**2) / (1 - phi**2))
        total += nights.logpdf((columns.y[night] - expected) / spread) - np.log(spread)
    return total


# Stretches without a record, of one night, two, and so on: more distances than a model has room for at first.
EVER_LONGER = [
    first + night for run, first in enumerate((3, 8, 14, 20, 28, 38, 50, 63, 80), 1) for night in range(run)
]


@pytest.mark.parametrize("missing", [[5, 6, 40], EVER_LONGER], ids=["few", "ever longer"])
@pytest.mark.parametrize("phi", [-0.3, 0.0, 0.4])
@pytest.mark.parametrize(("name", "nights"), [("duration", stats.norm()), ("typical_night", stats.t(11))])
def test_the_likelihood_of_sleep_time_is_the_formula_night_by_night(name, nights, phi, missing):
    data = sleep_trial()
    data.table.loc[missing, "tst_min"] = np.nan
    built = models()[name].build(data, SLEEP)
    assert len(built["distances"].get_value()) == (16 if missing is EVER_LONGER else ROOM_FOR_DISTANCES)
    rng = np.random.default_rng(4)
    point = {
        "level": 430.0,
        "effect": np.array([12.0, -5.0]),
        "trend": 8.0,
        "period_sd": 9.0,
        "period_z": rng.normal(size=18),
        "block": 40 * rng.normal(size=5),
        "weekday_sd": 14.0,
        "weekday_z": np.array([1, -1, 0.5, -0.5, 0, 0.25, -0.25]),
        "sigma": 55.0,
        "nu_minus_2": 9.0,
        "phi": phi,
    }
    with built:
        logp = pm.logp(built["nights"], built["y"])
    free = {variable: point[variable.name] for variable in built.free_RVs}
    assert float(logp.sum().eval(free, **UNCOMPILED)) == pytest.approx(
        logp_by_hand(data, point, nights), rel=1e-9
    )


def test_missing_nights_widen_the_gap():
    data = sleep_trial()
    data.table.loc[[5, 6, 40], "tst_min"] = np.nan
    columns = columns_of(data, SLEEP)
    gaps = columns.gap[columns.used > 0]
    assert len(gaps) == 123
    assert sorted(gaps[gaps > 1]) == [2, 3, FIRST_NIGHT_GAP]


def test_columns_are_centred_over_the_analysed_nights():
    data = sleep_trial()
    data.table.loc[:9, "tst_min"] = np.nan
    columns = columns_of(data, SLEEP)
    for name in ("arm", "weekday", "trend"):
        assert np.allclose(columns.terms[name].sum(axis=0), 0)


@pytest.mark.parametrize(("rate", "omega"), [(3.0, -0.3), (3.0, 0.0), (3.0, 0.4), (0.8, 0.2), (25.0, -0.2)])
def test_counts_have_their_mean_and_variance(rate, omega):
    counts = np.arange(800.0)
    chances = np.exp(_logp(counts, np.full(800, rate), omega, rate).eval(**UNCOMPILED))
    mean = float(chances @ counts)
    assert chances.sum() == pytest.approx(1, abs=4e-3)
    assert mean == pytest.approx(rate, rel=5e-3)
    assert float(chances @ counts**2) - mean**2 == pytest.approx(rate / (1 - omega) ** 2, rel=0.02)


@pytest.mark.parametrize("omega", [0.1, 0.5, 0.8])
def test_counts_that_vary_more_than_chance_are_negative_binomial(omega):
    counts, usual = np.arange(40.0), 2.0
    shape = usual / ((1 - omega) ** -2 - 1)
    for rate in (0.01, 1.3, 2.0, 9.0):
        found = _logp(counts, np.full(40, rate), omega, usual).eval(**UNCOMPILED)
        assert found == pytest.approx(stats.nbinom.logpmf(counts, shape, shape / (shape + rate)))


def test_at_the_usual_count_less_and_more_than_chance_meet_with_one_slope():
    counts = np.arange(9.0)
    by = {
        omega: _logp(counts, np.full(9, 2.0), omega, 2.0).eval(**UNCOMPILED)
        for omega in (-2e-3, -1e-3, 1e-3, 2e-3)
    }
    below, above = by[-1e-3] - by[-2e-3], by[2e-3] - by[1e-3]
    assert above == pytest.approx(below, abs=3e-4)


@pytest.mark.parametrize("omega", [-0.4, -0.1])
def test_a_night_without_a_wake_has_the_chance_of_the_formula_however_rare_wakes_are(omega):
    for rate in (0.001, 0.05, 2.0):
        assert float(_logp(0.0, rate, omega, 2.0).eval(**UNCOMPILED)) == pytest.approx(-rate * (1 - omega))


@pytest.mark.parametrize("omega", [-1e-9, 0.0])
def test_counts_without_dispersion_are_poisson(omega):
    counts = np.arange(12.0)
    found = _logp(counts, np.full(12, 2.5), omega, 2.5).eval(**UNCOMPILED)
    assert found == pytest.approx(stats.poisson.logpmf(counts, 2.5), abs=2e-3)


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (lambda table: table["arm"] == "glycine", "arm 'glycine' has no analysed night"),
        (lambda table: table.index > 4, "has no analysed night|nights are too few"),
    ],
)
def test_nights_that_teach_nothing_are_refused(spoil, message):
    data = sleep_trial()
    data.table.loc[spoil(data.table), "tst_min"] = np.nan
    with pytest.raises(AnalysisError, match=message):
        columns_of(data, SLEEP)


def test_a_constant_outcome_is_refused():
    data = sleep_trial()
    data.table["tst_min"] = 420.0
    with pytest.raises(AnalysisError, match=r"every night is the same \(420\)"):
        columns_of(data, SLEEP)


def test_every_model_assumes_something_else():
    assert len({model.ASSUMES for model in models().values()}) == len(models())


def test_the_unit_of_priors_knows_nothing_of_effects_weekends_and_slow_change():
    wake = OUTCOMES["waso_min"]
    quiet, loud = (pretend_trial(outcome=wake, level=50, sd=30) for _ in range(2))
    loud.table["waso_min"] += (
        200.0 * (loud.table["arm"] == "glycine")
        + 90.0 * loud.table["night"].dt.day_of_week.isin([4, 5])
        + 2.0 * loud.table["day"]
    )
    units = [mean_and_sd_left(columns_of(data, wake))[1] for data in (quiet, loud)]
    assert units[1] == pytest.approx(units[0])
    assert units[0] == pytest.approx(30, rel=0.15)


def test_the_unit_of_few_nights_is_the_spread_within_arms():
    wake = OUTCOMES["waso_min"]
    data = pretend_trial(outcome=wake, arms=("none", "glycine"), blocks=4, period_nights=1)
    data.table["waso_min"] = np.where(data.table["arm"] == "none", 40.0, 90.0)
    data.table["waso_min"] += [3, 3, -3, -3, 3, 3, -3, -3]
    # 8 nights less 2 means: the squares add up to 72.
    assert mean_and_sd_left(columns_of(data, wake)) == pytest.approx((65.0, 12**0.5))


def test_model_and_fast_engine_scale_their_priors_alike():
    wake = OUTCOMES["waso_min"]
    data = pretend_trial(outcome=wake, level=50, sd=30, effects={"glycine": -20})
    priors = Priors().for_trial(data, wake)
    assert priors.effect_sd == pytest.approx(models()["duration"].effect_prior_sd(data, wake))
    assert priors.level_mean == pytest.approx(models()["duration"].build(data, wake)["unit"].get_value()[0])


def test_priors_of_other_outcomes_are_in_units_of_their_own_spread():
    halved = pretend_trial(outcome=OUTCOMES["waso_min"], level=50, sd=30)
    assert models()["duration"].effect_prior_sd(halved, OUTCOMES["waso_min"]) == pytest.approx(12.5, rel=0.2)
    assert models()["duration"].effect_prior_sd(sleep_trial(), SLEEP) == 25
