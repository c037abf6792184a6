"""The calibration studies: run, summed up in `calibration/`, drawn.

    uv run python tests/helpers/calibrate.py                         run every study and write its summary
    uv run python tests/helpers/calibrate.py --study sbc-duration    one of them
    uv run python tests/helpers/calibrate.py --plots FOLDER          draw what was written
    uv run python tests/helpers/calibrate.py --processes 8           on eight processes of this machine
    uv run python tests/helpers/calibrate.py --scheduler ADDRESS     on a Dask cluster, whose workers find this folder:

    dask scheduler --host 127.0.0.1
    PYTHONPATH=tests dask worker tcp://127.0.0.1:8786 --nthreads 1 --nworkers 8

Seeds are fixed, so the same compiled code finds the same figures, in one piece or in many (compiled anew it may
differ in a last digit, and the draws with it); pieces are put together, and the summaries written, when all are
done. `test_kept_calibration.py` and `test_other_nights.py` hold what is kept to its gates; `test_calibration.py` and
`test_other_nights.py` run the studies again with fewer trials.
"""

import argparse
import importlib
import itertools
import json
from dataclasses import replace
from functools import cache, lru_cache, partial
from pathlib import Path

import count_studies
import matplotlib.pyplot as plt
import night_studies
import numpy as np
import sbc
from convergence_study import convergence_study
from many_trials import Plan, effects_of_prior, simulate_many
from paths import KEPT
from pretend import pretend_trial
from scipy import stats

from n1trial.data.trial_data import bad_nights_of
from n1trial.design.outcomes import BAD_NIGHTS, OUTCOMES
from n1trial.design.protocol import RULE_TODAY
from n1trial.design.verdict import NightsAlone, verdicts_met
from n1trial.inference.inla import design_of, fit_many
from n1trial.inference.models import models
from n1trial.system.parallel import run_tasks

SLEEP, WAKES = OUTCOMES["tst_min"], OUTCOMES["wake_episodes"]
DOSES = {"none": (0.0, 0.0), "glycine": (3.0, 0.0), "magnesium": (1.235, 200.0)}
HALF_LIVES = {"none": 0.0, "glycine": 0.0, "magnesium": 3.0}
# Of the first arm, unless an arm is named; the log-likelihood is added to every model.
QUANTITIES = {
    "duration": ("effect", "sigma", "phi", "period_sd", "level", "run_in"),
    "awakenings": ("delta", "effect", "omega", "period_sd", "level", "kappa"),
    "typical_night": ("effect", "sigma", "phi", "nu", "period_sd", "level"),
    "substance": ("glycine", "magnesium", "interaction", "effect[magnesium]", "sigma", "phi", "level"),
    "carry_over": (
        *("effect[glycine]", "effect[magnesium]", "half_life[glycine]", "half_life[magnesium]"),
        *("sigma", "phi", "level"),
    ),
    "drifting": ("effect", "drift_sd", "drift_nights", "period_sd", "trend", "sigma", "phi", "level"),
    "poisson": ("delta", "effect", "period_sd", "level"),
    "negative_binomial": ("delta", "effect", "shape", "period_sd", "level"),
    "bad_nights": ("delta", "effect", "period_sd", "level"),
    "joint": (
        *("effect_sleep", "effect_wakes", "period_correlation"),
        *("period_sd", "period_sd_wakes", "sigma", "phi", "omega", "level", "level_wakes"),
    ),
}
# Looked at most closely: the models that are fitted unasked. Three hundred of `joint` left its ω on the band, where
# six hundred have it in the middle.
SBC_TRIALS = {name: 1000 if model.DEFAULT_OF else 300 for name, model in models().items()}
SBC_TRIALS |= {"joint": 600, "bad_nights": 300}
# Trials that one core samples in about a minute; a process prepares a study once, in a third of that.
PIECE = 250
NULL_SCENARIOS = {
    "ordinary": {},
    "correlation .2": {"phi": 0.2},
    "correlation .4": {"phi": 0.4},
    "drift of SD 47": {"drift_sd": 47.0},
    "free nights 90 min longer": {"free_night": 90.0},
    "periods of SD 20": {"period_sd": 20.0},
    "heavy tails, ν = 3": {"nu": 3.0},
    "15 % missing": {"missing": 0.15},
    "all at once": {"phi": 0.3, "period_sd": 20.0, "drift_sd": 30.0, "missing": 0.15},
}
NUISANCE_CELLS = [{"phi": phi, "period_sd": period_sd} for phi in (0.0, 0.3) for period_sd in (0.0, 20.0)]
PRIOR_SD = 25.0
# Correlation none and the two ends, periods that differ by nothing or by SD 15, drift none or of SD 20.
NIGHT_SDS = (40.0, 60.0, 80.0)
TWELVE_CELLS = [
    {"phi": phi, "period_sd": period_sd, "drift_sd": drift_sd}
    for phi, period_sd, drift_sd in itertools.product((-0.15, 0.0, 0.3), (0.0, 15.0), (0.0, 20.0))
]
GAUSSIAN = 1e6
NO_GAIN = ("no worthwhile gain", "no difference that matters")


def sbc_trial():
    """The smallest trial with everything: run-in, gaps, a covariate, both outcomes, doses."""
    data = pretend_trial(
        blocks=3,
        outcomes=(SLEEP, WAKES),
        sleep_time="tst_min",
        covariates=("caffeine_mg",),
        doses=DOSES,
        half_lives=HALF_LIVES,
    )
    rng = np.random.default_rng(3)
    nights = len(data.table)
    data.table["wake_episodes"] = rng.poisson(3.0, nights).astype(float)
    data.table["caffeine_mg"] = 100.0 * rng.integers(0, 3, nights)
    data.table.loc[rng.random(nights) < 0.1, ["tst_min", "wake_episodes"]] = np.nan
    data.table.loc[:6, "left_out"] = "run-in"
    return data


def sbc_study(name, *, trials=None, seed=1):
    """Ranks of a model's quantities: histogram in 20 bins and ECDF at the points of the band."""
    trials = trials or SBC_TRIALS[name]
    return _summed([_counted(name, range(trials), trials=trials, seed=seed)])


def _counted(name, part, *, trials=None, seed=1, **threads):
    quantities = {quantity: partial(_draws_of, quantity) for quantity in QUANTITIES[name]}
    prepared = _prepared(name, trials or SBC_TRIALS[name], seed)
    return sbc.count(prepared, quantities, part=part, **threads), prepared.rng


@lru_cache(maxsize=1)
def _prepared(name, trials, seed):
    model, data = models()[name], sbc_trial()
    outcomes = dict(zip(("y", "y_wakes"), (SLEEP, WAKES), strict=True))
    if "yes-no" in model.KINDS:
        data, outcomes = bad_nights_of(data), {"y": BAD_NIGHTS}
    elif len(model.KINDS) == 1:
        outcomes = {"y": next(each for each in outcomes.values() if each.kind in model.KINDS)}
    if model.KINDS == ("count",):
        data = replace(data, outcomes=(WAKES,))
    return sbc.prepare(model, data, outcomes, trials=trials, seed=seed)


def _summed(counted):
    ranks = sbc.ranks([counts for counts, _ in counted], rng=counted[0][1])
    return {
        "trials": len(next(iter(ranks.values()))),
        "quantities": {each: sbc.summary(found) for each, found in ranks.items()},
    }


def _draws_of(quantity, draws):
    """Draws [draw] of a variable, "half_life[magnesium]" of a named arm, else of the first if it has arms."""
    name, _, arm = quantity.rstrip("]").partition("[")
    values = draws[name]
    if "contrast" in values.dims:
        values = values.sel(contrast=arm) if arm else values.isel(contrast=0)
    return np.ravel(values)


def _met(fits):
    """Which rules of the verdict are met, by verdict [trial, arm]."""
    alone = NightsAlone.of(fits.mean, fits.sd, prior_sd=PRIOR_SD, mid=SLEEP.mid)
    return verdicts_met(fits.chances(sign=1), alone=alone, rule=RULE_TODAY)


def null_study():
    """Share of trials without effect that announce any arm worth it, by scenario; fast engine."""
    found = {}
    for number, (name, truth) in enumerate(NULL_SCENARIOS.items()):
        plan = _plan()
        nights = simulate_many(plan, trials=4000, seed=100 + number, **truth)
        fits = fit_many(plan.design, nights.y, arm=nights.arm)
        met = verdicts_met(
            fits.chances(sign=1),
            alone=NightsAlone.of(fits.mean, fits.sd, prior_sd=PRIOR_SD, mid=SLEEP.mid),
            rule=RULE_TODAY,
        )
        found[name] = float(np.any(met["worth it"], axis=1).mean())
    return {"trials": 4000, "worth it": found}


def coverage_study():
    """Share of 95 % intervals that hold the truth, effects being drawn from the prior; fast engine."""
    plan, found = _plan(), {}
    for number, cell in enumerate(NUISANCE_CELLS):
        effects = effects_of_prior(4000, 2, seed=400 + number, sd=PRIOR_SD)
        nights = simulate_many(plan, trials=4000, seed=500 + number, effects=effects, **cell)
        fits = fit_many(plan.design, nights.y, arm=nights.arm)
        inside = np.abs(effects - fits.mean) <= stats.norm.ppf(0.975) * fits.sd
        found[", ".join(f"{name} {value:g}" for name, value in cell.items())] = float(inside.mean())
    return {"trials": 4000, "inside": found}


def operating_study(trials=200, seed=600):
    """How often the verdict rule says what, by night SD, in 6 × 3 × 7 nights and nightly; fast engine.

    Every figure is a share of the trials of all twelve cells, `trials` of each. The first of two arms has the
    true gain and the other none; without effect, "any" counts trials that announce either arm. Nights are
    Gaussian and none is missing, so that the engine is the model.
    """
    weeks, nightly = _plan(), _plan(blocks=42, period_nights=1)
    found, seeds = {}, itertools.count(seed)
    for sd in NIGHT_SDS:
        none, one, two, every_night = (
            _verdicts(plan, trials, seeds, gains=gains, sd=sd)
            for plan, gains in (
                (weeks, (0.0, 0.0)),
                (weeks, (20.0, 0.0)),
                (weeks, (40.0, 0.0)),
                (nightly, (20.0, 0.0)),
            )
        )
        found[f"{sd:g}"] = {
            "no effect: any arm worth it": float((none == "worth it").any(axis=1).mean()),
            "no effect: no gain, no difference": float(np.isin(none, NO_GAIN).mean()),
            "no effect: can't tell": float((none == "can't tell yet").mean()),
            "+20: worth it": float((one[:, 0] == "worth it").mean()),
            "+20: no gain, no difference": float(np.isin(one[:, 0], NO_GAIN).mean()),
            "+40: worth it": float((two[:, 0] == "worth it").mean()),
            "+20, nightly: worth it": float((every_night[:, 0] == "worth it").mean()),
        }
    return {"trials": trials * len(TWELVE_CELLS), "found": found}


def _verdicts(plan, trials, seeds, *, gains, sd):
    """Verdicts [trial, arm] in all twelve cells; periods of one night differ by nothing but their nights."""
    cells, whole_periods = [], plan.data.table["period"].duplicated().any()
    for cell in TWELVE_CELLS:
        truth = cell if whole_periods else cell | {"period_sd": 0.0}
        effects = np.tile(gains, (trials, 1))
        nights = simulate_many(
            plan, trials=trials, seed=next(seeds), effects=effects, sd=sd, nu=GAUSSIAN, missing=0.0, **truth
        )
        fits = fit_many(plan.design, nights.y, arm=nights.arm)
        met = verdicts_met(
            fits.chances(sign=1),
            alone=NightsAlone.of(fits.mean, fits.sd, prior_sd=PRIOR_SD, mid=SLEEP.mid),
            rule=RULE_TODAY,
        )
        cells.append(np.select(list(met.values()), list(met), "can't tell yet"))
    return np.concatenate(cells)


def decile_study():
    """Stated chance of any gain, and how often it was true, by decile of the stated chance; fast engine."""
    plan, stated, true = _plan(), [], []
    for number, cell in enumerate(NUISANCE_CELLS):
        effects = effects_of_prior(5000, 2, seed=200 + number, sd=PRIOR_SD)
        nights = simulate_many(plan, trials=5000, seed=300 + number, effects=effects, missing=0.05, **cell)
        fits = fit_many(plan.design, nights.y, arm=nights.arm)
        stated.append(fits.above[..., 1].ravel())
        true.append((effects > 0).ravel())
    chance, better = np.concatenate(stated), np.concatenate(true)
    decile = np.minimum((10 * chance).astype(int), 9)
    return {
        "trials": 5000 * len(NUISANCE_CELLS),
        "stated": [float(chance[decile == k].mean()) for k in range(10)],
        "true": [float(better[decile == k].mean()) for k in range(10)],
        "contrasts": [int((decile == k).sum()) for k in range(10)],
    }


def other_study(module, cells, trials=4000):
    """Shares of every kind of night, or family of counts, that other people describe; fast engine."""
    return {"trials": trials, "found": {cell: module.measured(cell, trials) for cell in cells}}


@cache
def _plan(**shape):
    data = pretend_trial(**shape)
    return Plan(
        data=data, design=design_of(data.table, (data.reference, *data.treatments), planned_days=125.0)
    )


STUDIES = {
    **{f"sbc-{name}": partial(sbc_study, name) for name in QUANTITIES},
    "null": null_study,
    "coverage": coverage_study,
    "deciles": decile_study,
    "operating": operating_study,
    "convergence": convergence_study,
    "other-nights": partial(other_study, night_studies, night_studies.CELLS),
    "other-counts": partial(other_study, count_studies, count_studies.FAMILIES),
}


def kept(study):
    """The summary that is kept of a study."""
    return json.loads((KEPT / f"{study}.json").read_text(encoding="utf-8"))


def draw(folder):
    """Draw the kept summaries into a folder: ECDFs of ranks with their bands, deciles."""
    folder.mkdir(parents=True, exist_ok=True)
    for study in STUDIES:
        if study.startswith("sbc-"):
            found = kept(study)
            names = list(found["quantities"])
            figure, axes = plt.subplots(1, len(names), figsize=(2.6 * len(names), 2.8), sharey=True)
            at, low, high = sbc.band(found["trials"], prob=1 - 0.05 / len(names))
            for axis, name in zip(axes, names, strict=True):
                ecdf = np.array(found["quantities"][name]["ecdf"]) / found["trials"]
                axis.fill_between(at, low / found["trials"] - at, high / found["trials"] - at, alpha=0.3)
                axis.plot(at, ecdf - at)
                axis.set_title(name, fontsize=9)
            axes[0].set_ylabel("ECDF of ranks less uniform")
            figure.suptitle(f"{study[4:]}: {found['trials']} trials", fontsize=10)
            figure.savefig(folder / f"{study}.svg", bbox_inches="tight")
            plt.close(figure)
    found = kept("deciles")
    figure, axis = plt.subplots(figsize=(4, 4))
    axis.plot([0, 1], [0, 1], color="grey", linewidth=0.8)
    axis.plot(found["stated"], found["true"], "o")
    axis.set_xlabel("stated chance of any gain")
    axis.set_ylabel("share of trials with a gain")
    figure.savefig(folder / "deciles.svg", bbox_inches="tight")


def pieces(study):
    """Parts of a study that can run in processes of their own: ranges of its trials, or the whole."""
    if not study.startswith("sbc-"):
        return [(study, None)]
    trials = SBC_TRIALS[study[4:]]
    return [(study, range(first, min(first + PIECE, trials))) for first in range(0, trials, PIECE)]


def piece(asked):
    """Do a piece of a study, on one core where it is a part."""
    study, part = asked
    return STUDIES[study]() if part is None else _counted(study[4:], part, threads=1)


def run_apart(studies, **where):
    """Summaries of studies whose pieces are done apart, `where` as `run_tasks` takes it."""
    asked = [each for study in studies for each in pieces(study)]
    done = zip(asked, run_tasks(piece, asked, **where), strict=True)
    for study, found in itertools.groupby(done, key=lambda each: each[0][0]):
        parts = [part for _, part in found]
        yield study, _summed(parts) if study.startswith("sbc-") else parts[0]


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--study", choices=STUDIES, action="append")
    parser.add_argument("--plots", type=Path, metavar="FOLDER")
    where = parser.add_mutually_exclusive_group()
    where.add_argument("--scheduler", metavar="ADDRESS")
    where.add_argument("--processes", type=int, metavar="N", default=1)
    asked = parser.parse_args()
    if asked.plots:
        draw(asked.plots)
        return
    KEPT.mkdir(exist_ok=True)
    studies = asked.study or list(STUDIES)
    if asked.scheduler is None and asked.processes == 1:
        summaries = ((study, STUDIES[study]()) for study in studies)
    else:
        summaries = run_apart(
            studies,
            scheduler=asked.scheduler,
            processes=asked.processes,
            on_done=lambda done, of: print(f"{done} of {of} pieces done", flush=True),
        )
    for study, found in summaries:
        text = json.dumps(found, indent=1, ensure_ascii=False)
        (KEPT / f"{study}.json").write_text(text + "\n", encoding="utf-8")
        print(f"{study}: kept")


if __name__ == "__main__":
    # Under its own name, by which other processes find the pieces.
    importlib.import_module("calibrate").main()
