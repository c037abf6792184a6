"""Partial non-centring makes the sampler quick, and never changes a model."""

import numpy as np
import pymc as pm
import pytest
from people import SLEEP, WAKES, pretend_people
from scipy import stats
from uncompiled import UNCOMPILED

from n1trial.cohort import gather
from n1trial.cohort.one_stage import sleep_time_model, wake_count_model
from n1trial.cohort.one_stage.partial_centring import WEEKDAY_BASIS, likelihoods_of_terms, shares_matrix
from n1trial.cohort.one_stage.stacked_data import stack

BOTH = pytest.mark.parametrize(
    ("outcome", "model"), [(SLEEP, sleep_time_model), (WAKES, wake_count_model)], ids=["sleep", "wakes"]
)
EFFECT = "effect_moved: "


def people(outcome, count=3):
    return gather(pretend_people(count, outcome=outcome, blocks=2), outcome.name)


@pytest.fixture(
    scope="module", params=[(SLEEP, sleep_time_model), (WAKES, wake_count_model)], ids=["sleep", "wakes"]
)
def written(request):
    """A model, the log density of its point, and all it names at a point."""
    outcome, model = request.param
    built = model.build(people(outcome))
    named = [*built.free_RVs, *built.deterministics]
    values = built.replace_rvs_by_values(named)
    density = built.compile_fn(
        [built.logp(), *values], inputs=built.value_vars, on_unused_input="ignore", **UNCOMPILED
    )
    point = built.initial_point()
    rng = np.random.default_rng(5)
    return (
        built,
        named,
        density,
        {name: value + 0.3 * rng.standard_normal(value.shape) for name, value in point.items()},
    )


def at(written, point):
    _, named, density, _ = written
    densities = density(point)
    return float(densities[0]), {
        variable.name: value for variable, value in zip(named, densities[1:], strict=True)
    }


def z_of(name, values):
    if name.startswith(EFFECT):
        return values["effect_z"]
    return values[name.removesuffix("_moved") + "_z"]


def test_the_density_is_that_of_the_non_centred_model(written):
    built, _, _, point = written
    moved = [name for name in point if "moved" in name and "of_all" not in name]
    assert len(moved) >= 6
    shifted, values = at(written, point)
    # z is linear in its own distance: what one step changes is the derivative.
    log_steps, naive = 0.0, dict(point)
    for position, name in enumerate(moved):
        _, after = at(written, point | {name: point[name] + 1.0})
        step = z_of(name, after) - z_of(name, values)
        z = z_of(name, values)
        if name.startswith(EFFECT):
            arm = [each for each in moved if each.startswith(EFFECT)].index(name)
            arm = built.coords["contrast"].index(name.removeprefix(EFFECT))
            step, z = step[:, arm], z[:, arm]
        assert (step < 1.0).any(), position
        log_steps += float(np.log(step).sum())
        naive[name] = z
    before = {
        variable.name: variable.get_value()
        for variable in built.data_vars
        if variable.name.endswith("_likelihood")
    }
    try:
        with built:
            pm.set_data({name: np.zeros_like(value) for name, value in before.items()})
        plain, same = at(written, naive)
    finally:
        with built:
            pm.set_data(before)
    for name in ("effect", "level", "block_level", "period_z", "weekday_own_z"):
        assert same[name] == pytest.approx(values[name], rel=1e-9, abs=1e-9)
    assert shifted == pytest.approx(plain + log_steps, rel=1e-10)
    assert plain != pytest.approx(shifted, abs=1.0)


@BOTH
def test_what_is_drawn_from_the_prior_is_standard_normal_whatever_the_likelihood(outcome, model):
    built = model.build(people(outcome))
    names = [each.name for each in built.deterministics if each.name.endswith("_z")]
    with built:
        drawn = pm.sample_prior_predictive(2000, var_names=names, random_seed=1, compile_kwargs=UNCOMPILED)[
            "prior"
        ].to_dataset()
    for name in names:
        # One number of each draw: those of one draw share an SD, never what they are.
        values = drawn[name].to_numpy().reshape(2000, -1)[:, 0]
        assert stats.kstest(values, "norm").pvalue > 0.001, name
    effects = drawn["effect_z"].to_numpy().reshape(2000, -1)
    assert np.abs(np.corrcoef(effects, rowvar=False) - np.eye(effects.shape[1])).max() < 0.1


@BOTH
def test_levels_and_blocks_are_independent_and_blocks_of_a_person_add_up_to_nothing(outcome, model):
    names = [
        "level",
        "level_of_all",
        "level_sd",
        "block_level",
        *(["sigma"] if model is sleep_time_model else []),
    ]
    with model.build(people(outcome)):
        drawn = pm.sample_prior_predictive(2000, var_names=names, random_seed=2, compile_kwargs=UNCOMPILED)[
            "prior"
        ].to_dataset()
    level = (drawn["level"] - drawn["level_of_all"]) / drawn["level_sd"]
    blocks = drawn["block_level"].to_numpy()[0].reshape(2000, 3, 2)
    assert np.allclose(blocks.sum(axis=2), 0.0)
    sd = model.SCALES.block.scale * (drawn["sigma"].to_numpy()[0] if model is sleep_time_model else 1.0)
    both = np.hstack([level.to_numpy()[0], np.sqrt(2.0) * blocks[..., 0] / sd])
    assert np.abs(np.cov(both, rowvar=False) - np.eye(6)).max() < 0.13
    for values in both.T:
        assert stats.kstest(values, "norm").pvalue > 0.001


def test_the_likelihood_of_effects_is_that_of_least_squares():
    cohort = people(SLEEP)
    stacked = stack(cohort)
    precision = np.full(len(stacked.y), 60.0**-2)
    likelihoods, residual = likelihoods_of_terms(
        stacked, sleep_time_model.SCALES, response=stacked.y - 420.0, precision=precision, block_unit=60.0
    )
    for number in range(len(cohort.people)):
        nights = stacked.person == number
        weight, towards = likelihoods["effect"][number][:, :-1], likelihoods["effect"][number][:, -1]
        seen = np.linalg.solve(weight, towards)
        arms = stacked.arm[stacked.cell[nights]]
        plain = np.linalg.lstsq(
            np.column_stack([np.ones(nights.sum()), arms]), stacked.y[nights], rcond=None
        )[0]
        assert seen == pytest.approx(plain[1:], abs=12.0)
        # Least squares of 14 nights an arm, and the periods beside.
        assert 10.0 < np.linalg.inv(weight)[0, 0] ** 0.5 < 60.0
        assert residual[nights].std() < stacked.y[nights].std()


@pytest.mark.parametrize("count", [2, 3, 7])
def test_blocks_around_their_mean_are_free_numbers_too(count):
    basis = shares_matrix(count)
    assert basis.shape == (count, count - 1)
    assert np.allclose(basis.T @ basis, np.eye(count - 1))
    assert np.allclose(basis.sum(axis=0), 0.0)


def test_weekdays_are_free_numbers_of_what_adds_up_to_zero():
    assert np.allclose(WEEKDAY_BASIS @ WEEKDAY_BASIS.T, np.eye(6))
    assert np.allclose(WEEKDAY_BASIS.sum(axis=1), 0.0)
