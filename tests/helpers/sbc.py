"""Simulation-based calibration: parameters from the prior, nights from the parameters, and their rank.

Where model and sampler are right, the rank of each true value among its posterior draws is uniform. The
bands hold for the whole ECDF at once.

Talts, Betancourt, Simpson, Vehtari & Gelman (2018), arXiv:1804.06788; Säilynoja, Bürkner & Vehtari (2022),
doi:10.1007/s11222-022-10090-6; Modrák et al. (2023), doi:10.1214/23-BA1404, for the log-likelihood as a
further quantity.
"""

import warnings
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from copy import deepcopy
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
import pymc as pm
from pytensor.graph.replace import graph_replace
from scipy import stats

from n1trial.inference.compile_cache import Compiled, compile_model
from n1trial.inference.sampling import named_draws

# One chain a trial: a chain that fails shows in the ranks, which is what they are for.
DRAWS, TUNE = 500, 400
# Neighbouring draws are alike, which would put too many ranks at the ends: every fifth is used.
THIN = 5
RANKS = DRAWS // THIN


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Prepared:
    """A model with the trials it is to find again: their true parameters, and the nights simulated from them."""

    built: pm.Model
    compiled: Compiled
    truths: Any
    simulated: list[dict[str, Any]]
    log_lik: Callable[..., Any]
    rng: np.random.Generator
    seed: int


def prepare(model, data, outcomes, *, trials, seed):
    """Draw true parameters from the prior, and simulate nights from each.

    `outcomes` maps the model's observed data, such as "y", to the outcome that they hold; the first is the
    one that the model is built for. Given its parameters a model draws each outcome by itself, so the
    outcomes of one trial come from one and the same truth.
    """
    built = model.build(data, next(iter(outcomes.values())))
    if len(outcomes) != len(built.observed_RVs):
        raise ValueError(
            f"{model.NAME}: {len(built.observed_RVs)} outcomes are observed, not {len(outcomes)}"
        )
    truths = truths_of(built, trials=trials, seed=seed)
    rng = np.random.default_rng(seed)
    simulated = [
        {
            name: model.replicate(data, outcome, truths.isel(draw=[trial]), rng)[0]
            for name, outcome in outcomes.items()
        }
        for trial in range(trials)
    ]
    return Prepared(
        built=built,
        compiled=compile_model(built),
        truths=truths,
        simulated=simulated,
        log_lik=_log_likelihood(built),
        rng=rng,
        seed=seed,
    )


def count(prepared, quantities, *, part, threads=2):
    """Draws below the true value and as large as it [trial, 2], by quantity, of a `part` of the trials.

    `quantities` maps a name to a function of an xarray Dataset of draws that returns [draw]; "log-lik", of
    all outcomes together, is added to them.
    """
    found = {name: np.zeros((len(part), 2), dtype=int) for name in (*quantities, "log-lik")}

    def sampled(trial):
        return sample(
            prepared.built,
            prepared.compiled,
            prepared.simulated[trial],
            draws=DRAWS,
            tune=TUNE,
            seed=prepared.seed + trial,
            target_accept=0.85,
        )

    with ThreadPoolExecutor(threads) as pool:
        for row, (trial, posterior) in enumerate(zip(part, pool.map(sampled, part), strict=True)):
            truth, draws = prepared.truths.isel(draw=[trial]), posterior.isel(draw=slice(None, None, THIN))
            nights = prepared.simulated[trial]
            for name, quantity in quantities.items():
                found[name][row] = _below_and_same(quantity(truth), quantity(draws))
            log_liks = prepared.log_lik(truth, nights), prepared.log_lik(draws, nights)
            found["log-lik"][row] = _below_and_same(*log_liks)
    return found


def sample(built, compiled, values, *, chains=1, cores=1, **how):
    """Draws [chain, draw, ...] of a model under these values of its data: the program's code, unjudged."""
    points = compiled.sample(values, chains=chains, cores=cores, **how)
    return named_draws(built, compiled.draws(points.values, values))


def ranks(counts, *, rng):
    """Rank [trial] of each quantity's true value among its draws, 0 to `RANKS`, ties broken by chance.

    `counts` are those of all trials, in one part or in several one after another; `rng` is that with which
    the nights were simulated, so that parts have the ranks of the whole.
    """
    whole = {name: np.concatenate([part[name] for part in counts]) for name in counts[0]}
    rng, trials = deepcopy(rng), len(next(iter(whole.values())))
    found = {name: np.zeros(trials, dtype=int) for name in whole}
    for trial in range(trials):
        for name, (below, same) in ((name, each[trial]) for name, each in whole.items()):
            found[name][trial] = below + rng.integers(0, same + 1)
    return found


def truths_of(built, *, trials, seed):
    """Parameters of as many trials, from the prior of a model: a Dataset [chain, draw], a draw a trial."""
    names = [variable.name for variable in (*built.free_RVs, *built.deterministics)]
    with warnings.catch_warnings(), built:
        # Some distributions are drawn by NumPy: slower, and right.
        warnings.simplefilter("ignore")
        return pm.sample_prior_predictive(trials, var_names=names, random_seed=seed)["prior"].to_dataset()


def _below_and_same(true, drawn):
    return (drawn < true[0]).sum(), (drawn == true[0]).sum()


def _log_likelihood(built):
    """Log-likelihood [draw] of nights under draws."""
    free = {rv: rv.type() for rv in built.free_RVs}
    total = sum(pm.logp(rv, built.rvs_to_values[rv]).sum() for rv in built.observed_RVs)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        function = pm.compile(list(free.values()), graph_replace(total, free))

    def log_lik(draws, nights):
        for name, values in nights.items():
            built[name].set_value(values)
        flat = draws.stack(sample=("chain", "draw"))
        columns = [flat[rv.name].transpose("sample", ...).to_numpy() for rv in free]
        return np.array([float(function(*values)) for values in zip(*columns, strict=True)])

    return log_lik


def summary(found):
    """What is kept of ranks: counts in 20 bins, the ECDF's counts at the points of the band."""
    counts = np.histogram(found, bins=_edges())[0]
    return {"bins": counts.tolist(), "ecdf": (found < POINTS[:, None]).sum(axis=1).tolist()}


BINS = 20
# The ECDF is looked at after every second of the possible ranks.
POINTS = np.arange(2, RANKS + 1, 2)


def _edges():
    return np.round(np.linspace(0, RANKS + 1, BINS + 1)) - 0.5


def p_uniform(kept):
    """χ² p-value of the counts in 20 bins."""
    expected = np.diff(_edges()) / (RANKS + 1) * sum(kept["bins"])
    return float(stats.chisquare(kept["bins"], expected).pvalue)


def excursion(kept, *, prob):
    """How far the ECDF leaves uniformity, in half-widths of its simultaneous band: 1 or less is inside."""
    _, low, high = band(sum(kept["bins"]), prob=prob)
    middle = (low + high) / 2
    return float(np.max(np.abs(np.array(kept["ecdf"]) - middle) / np.maximum((high - low) / 2, 0.5)))


@cache
def band(trials, *, prob, simulations=20_000, seed=0):
    """Points [point] from 0 to 1, and limits [point] of the ECDF's counts that uniform ranks keep all at once.

    The pointwise coverage of binomial limits is widened until `prob` of simulated rank sets stay inside.
    """
    at = POINTS / (RANKS + 1)
    rng = np.random.default_rng(seed)
    counts = rng.multinomial(trials, np.diff(np.concatenate([[0], at, [1]])), size=simulations)
    ecdf = counts.cumsum(axis=1)[:, :-1]
    tails = np.minimum(stats.binom.cdf(ecdf, trials, at), stats.binom.sf(ecdf - 1, trials, at))
    gamma = 2 * np.quantile(tails.min(axis=1), 1 - prob)
    return at, stats.binom.ppf(gamma / 2, trials, at), stats.binom.isf(gamma / 2, trials, at)
