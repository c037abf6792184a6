import json
import re
import subprocess
import sys
from dataclasses import replace
from multiprocessing import active_children

import numpy as np
import pandas as pd
import pytest
import xarray as xr
from pretend import pretend_trial, shaped_as_the_template

from n1trial.analysis.checks import Case, CheckResult, Findings
from n1trial.analysis.effects import estimate_effects
from n1trial.analysis.fit_file import load_fits, save_fits
from n1trial.analysis.parallel_fit import CheckedFit, fit_outcomes
from n1trial.design.outcomes import OUTCOMES
from n1trial.errors import FolderError, TaskError
from n1trial.inference.compile_cache import compile_model
from n1trial.inference.convergence import (
    Diagnostics,
    convergence_problems,
    diagnose,
    divergences_allowed,
    worst_of,
)
from n1trial.inference.models import model_for
from n1trial.inference.sampling import fit_model, reweighted_variant, sample_compiled

SLEEP, WAKES = OUTCOMES["tst_min"], OUTCOMES["wake_episodes"]


@pytest.fixture(scope="module")
def quiet():
    """Nights of SD 10 with true effects of +20 and +35."""
    data = shaped_as_the_template(pretend_trial(effects={"glycine": 20, "magnesium": 35}, sd=10, seed=1))
    return data, fit_model(data, SLEEP, seed=1)


@pytest.fixture(scope="module")
def waking():
    data = shaped_as_the_template(
        pretend_trial(effects={"glycine": -1.5}, outcome=WAKES, level=4, counts=True)
    )
    data.table["tst_min"] = 420 + 30 * np.random.default_rng(2).standard_normal(len(data.table))
    data = replace(data, sleep_time="tst_min")
    return data, fit_model(data, WAKES, seed=1)


def test_quiet_nights_show_the_truth_within_twelve_minutes(quiet):
    glycine, magnesium = estimate_effects(quiet[1], quiet[0]).contrasts
    assert glycine.low < 20 < glycine.high
    assert magnesium.low < 35 < magnesium.high
    assert max(glycine.high - glycine.low, magnesium.high - magnesium.low) < 12


def test_a_good_fit_passes_the_gate_and_says_how(quiet):
    fit = quiet[1]
    assert fit.problems == ()
    assert fit.diagnostics.max_r_hat < 1.01
    assert min(fit.diagnostics.min_ess_bulk, fit.diagnostics.min_ess_tail) >= 400
    assert fit.diagnostics.divergences <= 0.001 * fit.diagnostics.chains * fit.diagnostics.draws
    assert {"n1trial", "pymc", "nutpie"} <= set(fit.versions)


def test_swapped_arms_turn_the_sign():
    data = shaped_as_the_template(pretend_trial(effects={"glycine": 30}, sd=10))
    swapped = replace(data, arms=("glycine", "none", "magnesium"), reference="glycine")
    one, other = (
        estimate_effects(fit_model(each, SLEEP, seed=1), each).contrasts[0] for each in (data, swapped)
    )
    assert one.mean == pytest.approx(30, abs=6)
    assert other.mean == pytest.approx(-one.mean, abs=0.5)
    assert other.sd == pytest.approx(one.sd, rel=0.1)


def test_the_sceptical_prior_draws_effects_towards_nothing(quiet, waking):
    for data, fit in (quiet, waking):
        default, sceptical = (
            np.abs(posterior["effect"].mean(("chain", "draw")).to_numpy())
            for posterior in (fit.posterior, fit.variants["sceptical"])
        )
        assert sceptical.max() < default.max()
        assert data.treatments == tuple(fit.posterior["contrast"].to_numpy())


def test_another_prior_weighs_the_draws_as_sampling_would_and_says_when_they_cannot_tell(quiet, waking):
    for (data, _), outcome in ((quiet, SLEEP), (waking, WAKES)):
        model = model_for(outcome)
        built = model.build(data, outcome)
        compiled = compile_model(built)
        default = sample_compiled(built, compiled, {}, seed=1)
        narrower = {"effect_prior": compiled.data["effect_prior"] * [[1.0], [0.6]]}
        weighed, sampled = (
            reweighted_variant(built, compiled, default, narrower, seed=1)["effect"],
            sample_compiled(built, compiled, narrower, seed=2).posterior["effect"],
        )
        # Not sampled, but drawn again: some draws several times, others never.
        assert set(np.ravel(weighed)) < set(np.ravel(default.posterior["effect"]))
        sd = sampled.std(("chain", "draw"))
        off = np.abs(weighed.mean(("chain", "draw")) - sampled.mean(("chain", "draw"))) / sd
        assert off.max() < 0.15
        assert (np.abs(weighed.std(("chain", "draw")) / sd - 1) < 0.1).all()
        # A prior far from every draw, and other nights.
        elsewhere = {"effect_prior": compiled.data["effect_prior"] * [[0], [0.04]] + [[300], [0]]}
        assert reweighted_variant(built, compiled, default, elsewhere, seed=1) is None
        other_nights = {"nights_table": compiled.data["nights_table"] * 0.9}
        assert reweighted_variant(built, compiled, default, other_nights, seed=1) is None


def test_fewer_wake_episodes_are_found_per_night_and_at_equal_sleep(waking):
    data, fit = waking
    assert fit.problems == ()
    truth = -1.5
    for posterior in (fit.posterior, fit.variants["equal sleep"]):
        glycine = posterior["effect"].sel(contrast="glycine").to_numpy().ravel()
        low, high = np.quantile(glycine, [0.005, 0.995])
        assert low < truth < high
    # Rate ratio and difference tell the same story.
    ratio = np.exp(fit.posterior["delta"].sel(contrast="glycine").mean().item())
    assert ratio == pytest.approx(2.5 / 4, abs=0.15)
    assert data.sleep_time == "tst_min"


def test_the_same_seed_gives_the_same_draws_to_six_digits(quiet):
    data, fit = quiet
    again = fit_model(data, SLEEP, seed=1)
    assert again.posterior["effect"].to_numpy() == pytest.approx(fit.posterior["effect"].to_numpy(), rel=1e-6)


def test_fits_read_back_as_they_were_saved(quiet, waking, tmp_path):
    path = tmp_path / "fit.nc"
    found = Findings(
        results=(CheckResult(check="a", estimate=0.1, passed=True),),
        tables={"a": pd.DataFrame({"x": [0.1, np.nan], "name": ["one", "two"]})},
    )
    save_fits(path, [CheckedFit(fit=each, findings=found) for each in (quiet[1], waking[1])])
    loaded = load_fits(path)
    sleep, wakes = (each.fit for each in loaded)
    assert loaded[0].findings.results == found.results
    pd.testing.assert_frame_equal(loaded[1].findings.tables["a"], found.tables["a"])
    assert sleep.posterior["effect"].equals(quiet[1].posterior["effect"])
    assert set(wakes.variants) == {"sceptical", "equal sleep"}
    for before, after in ((quiet[1], sleep), (waking[1], wakes)):
        assert (after.outcome, after.diagnostics, after.priors) == (
            before.outcome,
            before.diagnostics,
            before.priors,
        )
    assert path.stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("content", [b"", b"not netCDF", b"\x89HDF\r\n\x1a\n" + b"\0" * 99])
def test_a_damaged_fit_is_refused(tmp_path, content):
    (tmp_path / "fit.nc").write_bytes(content)
    with pytest.raises(FolderError, match="run n1trial fit again"):
        load_fits(tmp_path / "fit.nc")


def test_a_missing_fit_says_what_to_run(tmp_path):
    with pytest.raises(FolderError, match="nothing was fitted yet"):
        load_fits(tmp_path / "fit.nc")


def test_two_outcomes_are_fitted_side_by_side_and_tell_their_stages():
    data = shaped_as_the_template(pretend_trial(sd=30))
    data.table["wake_episodes"] = np.random.default_rng(0).poisson(3, len(data.table)).astype(float)
    data = replace(data, outcomes=(SLEEP, WAKES), sleep_time="tst_min")
    stages = []
    cases = [Case(data=data, outcome=outcome) for outcome in data.outcomes]
    checked = fit_outcomes(cases, seed=1, on_stage=lambda name, stage: stages.append((name, stage)))
    assert [each.fit.outcome.name for each in checked] == ["tst_min", "wake_episodes"]
    assert all("period means" in {line.check for line in each.findings.results} for each in checked)
    assert {("tst_min", "compiling"), ("wake_episodes", "compiling")} <= set(stages)


def test_a_process_that_is_killed_is_no_bug_of_ours():
    data = shaped_as_the_template(pretend_trial(sd=30))

    def kill(name, stage):
        for child in active_children():
            child.kill()

    with pytest.raises(TaskError, match="one died while fitting"):
        fit_outcomes([Case(data=data, outcome=SLEEP)], seed=1, on_stage=kill)


def made_tree(draws, *, diverging=0, energy=None):
    chains, count = draws.shape
    energy = np.random.default_rng(0).normal(size=(chains, count)) if energy is None else energy
    lost = np.zeros((chains, count), dtype=bool)
    lost.flat[:diverging] = True
    stats = xr.Dataset({"energy": (("chain", "draw"), energy), "diverging": (("chain", "draw"), lost)})
    return xr.DataTree.from_dict(
        {"posterior": xr.Dataset({"x": (("chain", "draw"), draws)}), "sample_stats": stats}
    )


GOOD = np.random.default_rng(0).normal(size=(4, 1000))


@pytest.mark.parametrize(
    ("tree", "message"),
    [
        (made_tree(GOOD + np.arange(4)[:, None]), "chains disagree"),
        (made_tree(np.cumsum(GOOD, axis=1)), "chains disagree"),
        (made_tree(GOOD[:, :60]), "too few independent draws"),
        (made_tree(np.zeros((4, 1000))), "chains disagree|too few"),
        (made_tree(np.full((4, 1000), np.nan)), "chains disagree"),
        (made_tree(GOOD, diverging=1), "lost its way 1 times"),
        (made_tree(GOOD, energy=np.cumsum(GOOD, axis=1)), "moved too slowly"),
        (made_tree(GOOD, energy=np.zeros((4, 1000))), "moved too slowly"),
    ],
)
@pytest.mark.filterwarnings("ignore")
def test_a_pathological_sampling_is_stopped(tree, message):
    problems = convergence_problems(diagnose(tree, ["x"]))
    assert any(re.search(message, problem) for problem in problems)


def test_a_good_sampling_is_not_stopped():
    assert convergence_problems(diagnose(made_tree(GOOD), ["x"])) == ()


def test_a_few_divergences_are_allowed_at_the_second_try_only():
    found = Diagnostics(
        chains=4, draws=1000, max_r_hat=1.0, min_ess_bulk=900, min_ess_tail=900, divergences=4, min_bfmi=1
    )
    second = replace(found, divergences_allowed=divergences_allowed(4000))
    assert convergence_problems(found)
    assert convergence_problems(second) == ()
    assert convergence_problems(replace(second, divergences=5))


def test_variants_together_have_too_many_divergences_where_one_has_them():
    first = Diagnostics(
        chains=4, draws=1000, max_r_hat=1.0, min_ess_bulk=900, min_ess_tail=900, divergences=1, min_bfmi=1
    )
    second = replace(first, divergences=0, divergences_allowed=4)
    for variants, passed in (((first, second), False), ((second, second), True)):
        both = worst_of(variants)
        assert (both.divergences <= both.divergences_allowed) is passed


def test_the_command_line_loads_nothing_heavy():
    heavy = ["pymc", "arviz", "pandas", "xarray", "matplotlib", "statsmodels", "nutpie", "numpy", "rich"]
    code = (
        f"import json, sys, n1trial.cli; print(json.dumps([name for name in {heavy} if name in sys.modules]))"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert json.loads(ran.stdout) == []


@pytest.mark.parametrize("module", ["fit_trial", "report_trial", "trial"])
def test_fit_and_report_start_without_the_sampler(module):
    code = f"import sys, n1trial.workflows.{module}; print([*{{'pymc', 'pytensor', 'nutpie'}} & {{*sys.modules}}])"
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ran.stdout == "[]\n"
