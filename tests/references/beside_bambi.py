"""n1trial beside bambi and `pm.sample`'s defaults: the same nights, one run, a fresh process each.

    uv run --with bambi python tests/references/beside_bambi.py

bambi fits what both can express: Student-t nights that do not resemble the night before, weekdays as any
other group. n1trial and `pm.sample` fit the richer `duration`. At the end n1trial fits bambi's model too,
with φ at 0, and the posteriors of both are compared.
"""

import json
import subprocess
import sys
import time
from pathlib import Path

import arviz_stats
import numpy as np
import pymc as pm
import xarray as xr

sys.path.insert(0, str(Path(__file__).parents[1] / "helpers"))
sys.path.insert(0, str(Path(__file__).parents[1] / "inference"))

from pretend import built_otherwise
from test_references import CASES, trial

from n1trial.inference.model_matrix import columns_of
from n1trial.inference.models import duration
from n1trial.inference.sampling import fit_model

DATA = trial(CASES["duration_gaps"])
SLEEP = DATA.outcomes[0]
# Weekday SDs are not compared: ours are tied to add up to nothing.
BOTH = {
    "effect[glycine]": "glycine",
    "effect[magnesium]": "magnesium",
    "trend": "trend",
    "sigma": "sigma",
    "period_sd": "1|period_sigma",
}


def n1trial_fit(*, draws=1000, phi=None):
    """`duration` without its variants, and with a fixed φ where one is given."""
    model = (
        duration
        if phi is None
        else built_otherwise(duration, lambda built, data, outcome: pm.do(built, {"phi": phi}))
    )
    return fit_model(DATA, SLEEP, seed=1, model=model, variants=False, draws=draws)


def bambi_model():
    import bambi  # noqa: PLC0415

    columns = columns_of(DATA, SLEEP)
    used = columns.used > 0
    nights = DATA.analysed(SLEEP)
    arm = columns.terms["arm"][used]
    table = nights[["period", "block"]].astype(str)
    table = table.assign(
        y=columns.y[used],
        glycine=arm[:, 0],
        magnesium=arm[:, 1],
        trend=columns.terms["trend"][used, 0],
        weekday=nights["night"].dt.day_name(),
    )

    def between(scale):
        return bambi.Prior("Normal", mu=0, sigma=bambi.Prior("HalfNormal", sigma=scale))

    priors = {
        "Intercept": bambi.Prior("Normal", mu=420, sigma=75),
        **{name: bambi.Prior("Normal", mu=0, sigma=25) for name in ("glycine", "magnesium")},
        "trend": bambi.Prior("Normal", mu=0, sigma=20),
        **{f"1|{name}": between(scale) for name, scale in {"period": 60, "weekday": 30}.items()},
        "1|block": bambi.Prior("Normal", mu=0, sigma=75),
        "sigma": bambi.Prior("LogNormal", mu=np.log(60), sigma=0.4),
    }
    formula = "y ~ glycine + magnesium + trend + (1|period) + (1|block) + (1|weekday)"
    return bambi.Model(formula, table, center_predictors=False, priors=priors)


def run_n1trial():
    fit = n1trial_fit()
    return figures(fit.compile_s, fit.sample_s, fit.posterior["effect"])


def run_pymc():
    started = time.perf_counter()
    with duration.build(DATA, SLEEP):
        tree = pm.sample(cores=2, random_seed=1, progressbar=False)
    return split(time.perf_counter() - started, tree, tree["posterior"]["effect"])


def run_bambi():
    started = time.perf_counter()
    tree = bambi_model().fit(cores=2, random_seed=1, progressbar=False)
    took = time.perf_counter() - started
    effects = xr.concat([tree["posterior"][arm] for arm in DATA.treatments], "contrast")
    return split(took, tree, effects)


def run_agreement():
    theirs = bambi_model().fit(draws=5000, cores=2, target_accept=0.9, random_seed=1, progressbar=False)
    ours = n1trial_fit(draws=5000, phi=0.0).posterior
    found = {}
    for name, other in BOTH.items():
        variable, _, arm = name.rstrip("]").partition("[")
        mine = ours[variable].sel(contrast=arm) if arm else ours[variable].squeeze(drop=True)
        draws = theirs["posterior"][other]
        error = np.hypot(*(float(arviz_stats.mcse(each, method="mean")) for each in (mine, draws)))
        off = float(mine.mean() - draws.mean())
        found[name] = {"MCSE": off / error, "SD": off / float(draws.std())}
    return found


def split(took, tree, effects):
    sampling = float(tree["posterior"].attrs["sampling_time"])
    return figures(took - sampling, sampling, effects)


def figures(compiling, sampling, effects):
    ess = float(arviz_stats.ess(effects.to_dataset(name="x"))["x"].min())
    return {"compile s": compiling, "sample s": sampling, "least ESS": ess, "ESS a second": ess / sampling}


RUNS = {
    "n1trial": run_n1trial,
    "pm.sample, its defaults": run_pymc,
    "bambi, its defaults": run_bambi,
    "agreement": run_agreement,
}


def main():
    if len(sys.argv) > 1:
        print(json.dumps(RUNS[sys.argv[1]]()))
        return
    for name in RUNS:
        ran = subprocess.run([sys.executable, __file__, name], capture_output=True, text=True, check=False)
        print(name, ran.stdout.splitlines()[-1] if ran.returncode == 0 else ran.stderr[-2000:], flush=True)


if __name__ == "__main__":
    main()
