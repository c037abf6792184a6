"""Our posteriors against ones that another sampler made, of models written again from the formulas.

`references/make.py` is the recipe and `references/posteriors.json` what came of it: NumPyro, 100,000 draws.
"""

import json

import arviz_stats
import numpy as np
import pandas as pd
import pytest
from paths import TESTS
from pretend import built_otherwise
from references.nights import CASES, fingerprint, nights_of

from n1trial.data.trial_data import TrialData
from n1trial.design.outcomes import OUTCOMES
from n1trial.inference.model_matrix import columns_of
from n1trial.inference.models import models
from n1trial.inference.models._counts import night_table
from n1trial.inference.sampling import fit_model

pytestmark = pytest.mark.slow

STORED = json.loads((TESTS / "references" / "posteriors.json").read_text(encoding="utf-8"))
DRAWS = 5000


def trial(case):
    return TrialData(
        table=nights_of(case).assign(flags=""),
        arms=case.arms,
        reference=case.arms[0],
        labels={name: name for name in case.arms},
        outcomes=(OUTCOMES[case.outcome],),
        sleep_time="tst_min",
        covariates=("caffeine_mg",) if case.caffeine else (),
    )


def at_equal_sleep(built, data, outcome):
    """The model with the sleep time that its variant has."""
    columns = columns_of(data, outcome)
    built["nights_table"].set_value(night_table(columns, log_sleep=columns.log_sleep))
    return built


def scalar(draws, parameter):
    """Draws of "level", or of one arm of "effect[glycine]"."""
    name, _, arm = parameter.rstrip("]").partition("[")
    ours = draws[{"caffeine": "covariates"}.get(name, name)]
    return (ours.sel(contrast=arm) if arm else ours).squeeze(drop=True)


@pytest.mark.parametrize("name", CASES)
def test_a_posterior_equals_that_of_another_sampler(name):
    case, stored = CASES[name], STORED[name]
    assert stored["nights_sha256"] == fingerprint(nights_of(case))
    assert stored["draws"] == 100_000
    assert stored["divergences"] <= 0.001 * stored["draws"]
    data = trial(case)
    model = models()[case.model]
    if case.equal_sleep:
        model = built_otherwise(model, at_equal_sleep)
    fit = fit_model(data, data.outcomes[0], model=model, variants=False, seed=1, draws=DRAWS)
    assert fit.problems == ()
    rows = {}
    for parameter, other in stored["parameters"].items():
        ours = scalar(fit.posterior, parameter)
        mean_error = np.hypot(float(arviz_stats.mcse(ours, method="mean")), other["mcse_mean"])
        sd_error = np.hypot(float(arviz_stats.mcse(ours, method="sd")), other["mcse_sd"])
        off = float(ours.mean()) - other["mean"]
        rows[parameter] = {
            "mean": float(ours.mean()),
            "reference": other["mean"],
            "off, MCSE": off / mean_error,
            "off, SD": off / other["sd"],
            "SD off, MCSE": (float(ours.std()) - other["sd"]) / sd_error,
            "R-hat": other["r_hat"],
        }
    table = pd.DataFrame(rows).T
    print(f"\n{name}, {fit.sample_s:.0f} s, reference by {stored['made_by']}\n{table.round(4).to_string()}")
    assert {"level", *(f"effect[{arm}]" for arm in case.arms[1:])} <= set(rows)
    assert (table["off, MCSE"].abs() < 4).all()
    assert (table["off, SD"].abs() < 0.05).all()
    assert (table["SD off, MCSE"].abs() < 4).all()
    assert (table["R-hat"] < 1.01).all()
