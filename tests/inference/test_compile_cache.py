"""Native code of a model: the same numbers as PyMC's own functions, and kept from one process to the next."""

import hashlib
import os
import shutil
import subprocess
import sys
import textwrap
from concurrent.futures import ThreadPoolExecutor
from ctypes import CFUNCTYPE, c_int64, c_uint64, c_void_p
from pathlib import Path

import arviz_stats
import numba
import numpy as np
import pymc as pm
import pytest
from paths import HELPERS
from pretend import pretend_trial
from uncompiled import UNCOMPILED

from n1trial.design.outcomes import OUTCOMES
from n1trial.inference.compile_cache import LOG_LIKELIHOOD, LOG_PRIOR, compile_model
from n1trial.inference.compile_cache._fingerprint import fingerprint
from n1trial.inference.compile_cache._graphs import DENSITY, DRAW, Layout, functions_of
from n1trial.inference.compile_cache._kept import native_code
from n1trial.inference.sampling import fit_model


def small_model(y, *, scale=2.0):
    with pm.Model(coords={"arm": ["a", "b"]}) as model:
        y = pm.Data("y", np.asarray(y, float))
        code = pm.Data("code", np.arange(len(y.get_value())) % 2)
        effect = pm.Normal("effect", 0.0, scale, dims="arm")
        sigma = pm.HalfNormal("sigma", 3.0)
        pm.Deterministic("twice", 2 * effect, dims="arm")
        pm.Normal("nights", effect[code], sigma, observed=y)
    return model


@pytest.fixture(scope="module")
def kept(tmp_path_factory):
    folder = tmp_path_factory.mktemp("code")
    model = small_model([1.0, 2.0, 3.0, 5.0])
    return folder, model, compile_model(model, folder=folder)


def density(compiled, point, packed):
    """Log density and gradient by the address that the sampler calls."""
    call = CFUNCTYPE(c_int64, c_uint64, c_void_p, c_void_p, c_void_p, c_void_p)(
        compiled.native.density.address
    )
    gradient, value = np.zeros_like(point), np.zeros(1)
    pointers = [array.ctypes.data for array in (point, gradient, value, packed)]
    assert call(len(point), *pointers) == 0
    return value[0], gradient


def test_density_and_gradient_are_pymcs_own(kept):
    _, model, compiled = kept
    logp, dlogp = model.compile_logp(**UNCOMPILED), model.compile_dlogp(**UNCOMPILED)
    for point in np.random.default_rng(1).normal(size=(5, 3)):
        named = {"effect": point[:2], "sigma_log__": point[2]}
        value, gradient = density(compiled, point, compiled.packed({}))
        assert value == pytest.approx(float(logp(named)), rel=1e-12)
        assert gradient == pytest.approx(dlogp(named), rel=1e-10)


def test_a_draw_holds_variables_log_likelihood_and_log_priors(kept):
    _, _, compiled = kept
    draws = compiled.draws(np.array([[[1.0, -1.0, 0.0]]]), {})
    assert draws["twice"][0, 0] == pytest.approx([2.0, -2.0])
    assert draws["sigma"][0, 0] == pytest.approx(1.0)
    # Standard normal densities of 1 - 1, 2 + 1, 3 - 1 and 5 + 1.
    by_hand = -0.5 * np.array([0.0, 9.0, 4.0, 36.0]) - 0.5 * np.log(2 * np.pi)
    assert draws[LOG_LIKELIHOOD][0, 0] == pytest.approx(by_hand)
    assert draws[f"{LOG_PRIOR}effect"][0, 0] == pytest.approx(2 * (-1 / 8 - np.log(2 * np.sqrt(2 * np.pi))))


def test_tomorrows_nights_find_todays_code(kept):
    folder, _, first = kept
    second = compile_model(small_model([4.0, 4.0, 1.0, 0.0]), folder=folder)
    assert (first.known, second.known) == (False, True)
    point = np.array([0.3, 0.1, 0.2])
    updated = density(first, point, first.packed({"y": np.array([4.0, 4.0, 1.0, 0.0])}))
    assert density(second, point, second.packed({}))[0] == updated[0]


@pytest.mark.parametrize("other", [{"y": [1.0, 2.0, 3.0]}, {"y": [1.0, 2.0, 3.0, 5.0], "scale": 2.5}])
def test_another_shape_or_another_prior_is_another_model(kept, other):
    assert fingerprint(small_model(**other)) != fingerprint(kept[1])


def test_a_value_of_another_shape_is_refused(kept):
    with pytest.raises(ValueError, match=r"y has shape \(3,\), the code is for \(4,\)"):
        kept[2].draws(np.zeros((1, 1, 3)), {"y": np.zeros(3)})


def test_code_that_was_removed_is_made_again(kept, tmp_path):
    folder, model, first = kept
    shutil.copytree(folder, tmp_path / "code")
    for cached in (tmp_path / "code").rglob("*.nb[ci]"):
        cached.unlink()
    again = compile_model(model, folder=tmp_path / "code")
    assert not again.known
    point = np.array([0.3, 0.1, 0.2])
    assert density(again, point, again.packed({}))[0] == pytest.approx(
        density(first, point, first.packed({}))[0]
    )


def test_a_density_may_take_more_data_than_numba_lets_a_call_have_arguments_within_a_try():
    names = [f"data {number}" for number in range(31)]
    layout = Layout(
        start=[0.0],
        data=dict.fromkeys(names, (2,)),
        dtypes=dict.fromkeys(names, "float64"),
        takes={DENSITY: names, DRAW: names},
        draw={"level": (1,)},
    )

    @numba.njit
    def density_of(point, *data):
        return np.full((), point[0] * data[30][1]), data[29][:1]

    @numba.njit
    def draw_of(point, *data):
        return (point + data[30][:1],)

    native = native_code(layout, None, {DENSITY: density_of, DRAW: draw_of})
    data, value, gradient = np.arange(62.0), np.zeros(1), np.zeros(1)
    run = CFUNCTYPE(c_int64, c_uint64, *[c_void_p] * 4)(native.density.address)
    assert run(1, *[each.ctypes.data for each in (np.array([3.0]), gradient, value, data)]) == 0
    assert (value[0], gradient[0]) == (3.0 * 61.0, 58.0)
    assert native.draws(np.array([[3.0]]), data)[0] == pytest.approx([3.0 + 60.0])


def test_nothing_is_kept_where_nothing_can_be_written(kept, tmp_path):
    (tmp_path / "code").write_text("a file where a folder should be")
    compiled = compile_model(kept[1], folder=tmp_path / "code")
    assert not compiled.known
    assert density(compiled, np.zeros(3), compiled.packed({}))[0] < 0


def test_of_two_that_compile_a_model_at_once_one_makes_the_code(tmp_path, monkeypatch):
    made = []

    def counted(*asked, **options):
        made.append(asked)
        return functions_of(*asked, **options)

    monkeypatch.setattr("n1trial.inference.compile_cache._kept.functions_of", counted)
    models = [small_model([1.0, 2.0, 3.0, 5.0], scale=3.0) for _ in range(2)]
    with ThreadPoolExecutor(2) as pool:
        one, other = pool.map(lambda model: compile_model(model, folder=tmp_path), models)
    assert len(made) == 1
    point = np.array([0.3, 0.1, 0.2])
    assert density(one, point, one.packed({}))[0] == density(other, point, other.packed({}))[0]


def test_the_process_that_compiled_has_the_numbers_of_later_ones(tmp_path):
    # PyTensor's own folder is empty too: only then is every function of the model compiled in the first process.
    code = f"""
        import pathlib, sys
        sys.path.insert(0, {str(Path(__file__).parent)!r})
        sys.path.insert(0, {str(HELPERS)!r})
        from test_compile_cache import *
        found = compile_model(small_model([1.0, 2.0, 3.0, 5.0]), folder=pathlib.Path({str(tmp_path)!r}))
        print(found.known, sha256_of(found))
    """
    (was_known, first), (known, later) = (
        subprocess.run(
            [sys.executable, "-c", textwrap.dedent(code)],
            env=os.environ | {"PYTENSOR_FLAGS": f"base_compiledir={tmp_path}"},
            capture_output=True,
            text=True,
            check=True,
        ).stdout.split()
        for _ in range(2)
    )
    assert (was_known, known) == ("False", "True")
    assert first == later


def sha256_of(compiled):
    """Of log density, gradient and draws at 500 points, to the last digit."""
    points = np.random.default_rng(0).normal(size=(500, 3))
    digest = hashlib.sha256()
    for point in points:
        value, gradient = density(compiled, point, compiled.packed({}))
        digest.update(value.tobytes() + gradient.tobytes())
    for name, values in compiled.draws(points[None], {}).items():
        digest.update(name.encode() + values.tobytes())
    return digest.hexdigest()


KEPT = "n1trial.inference.compile_cache._kept"


@pytest.fixture(params=["numba", "nutpie"])
def broken(request, monkeypatch):
    """A release in which a private part of numba, or of nutpie, is another."""
    if request.param == "numba":
        monkeypatch.delattr("numba.core.codegen.JITCPUCodegen")
        monkeypatch.delitem(sys.modules, KEPT)
    else:

        def other_class(**fields):
            raise TypeError("unexpected keyword argument 'compiled_logp_func'")

        monkeypatch.setattr(f"{KEPT}.CompiledPyMCModel", other_class)
    return request.param


def test_without_private_parts_a_model_is_compiled_by_public_ones(kept, broken, monkeypatch):
    folder, model, first = kept
    plain = compile_model(model, folder=folder)
    monkeypatch.undo()
    assert (first.why_not_kept, plain.known) == ("", False)
    assert ("JITCPUCodegen" if broken == "numba" else "compiled_logp_func") in plain.why_not_kept
    points = np.random.default_rng(1).normal(size=(1, 5, 3))
    for changed in ({}, {"y": np.array([4.0, 4.0, 1.0, 0.0])}):
        draws = plain.draws(points, changed)
        for name, values in first.draws(points, changed).items():
            np.testing.assert_allclose(draws[name], values, rtol=1e-10)
        how = {"draws": 1000, "tune": 400, "chains": 4, "cores": 2, "seed": 1}
        one, other = (
            compiled.draws(compiled.sample(changed, **how).values, changed)["effect"].reshape(-1, 2)
            for compiled in (first, plain)
        )
        # Some 2,000 effective draws each.
        assert np.abs(one.mean(0) - other.mean(0)).max() < 4 * one.std() * (2 / 2000) ** 0.5


@pytest.mark.slow
@pytest.mark.parametrize("outcome", ["tst_min", "wake_episodes"])
def test_a_fit_without_private_parts_has_the_same_answer(broken, outcome, monkeypatch):
    data = pretend_trial(
        effects={"glycine": 20.0} if outcome == "tst_min" else {"magnesium": -1.0},
        outcome=OUTCOMES[outcome],
        counts=outcome == "wake_episodes",
        level=420.0 if outcome == "tst_min" else 3.0,
    )
    plain = fit_model(data, data.outcomes[0], seed=1)
    monkeypatch.undo()
    kept_code = fit_model(data, data.outcomes[0], seed=1)
    assert not plain.problems
    one, other = (fit.posterior["effect"] for fit in (plain, kept_code))
    for contrast in one["contrast"].to_numpy():
        pair = one.sel(contrast=contrast), other.sel(contrast=contrast)
        errors = [
            float(draws.std()) / float(arviz_stats.ess(draws.to_dataset(name="effect"))["effect"]) ** 0.5
            for draws in pair
        ]
        assert abs(float(pair[0].mean() - pair[1].mean())) < 4 * np.hypot(*errors)
