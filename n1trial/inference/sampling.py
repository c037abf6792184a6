"""Sample a model, pass the convergence gate or say why not, and remember how it was done."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from importlib.metadata import version

import numpy as np
import numpy.typing as npt
import nutpie
import pymc as pm
import xarray as xr

from n1trial.data.trial_data import TrialData
from n1trial.design.outcomes import Outcome
from n1trial.inference.compile_cache import LOG_LIKELIHOOD, LOG_PRIOR, POINT, Compiled, compile_model
from n1trial.inference.convergence import MIN_ESS, convergence_problems, diagnose, worst_of
from n1trial.inference.fit import Diagnostics, Fit, Stage
from n1trial.inference.importance_sampling import MAX_K, drawn_again, effective_draws, smoothed_weights
from n1trial.inference.models import Model, model_for

CHAINS, DRAWS, TUNE = 4, 1000, 700
type Attempts = Sequence[tuple[int, float]]
# A second try takes smaller steps and a third more of them too, before the gate speaks.
ATTEMPTS: Attempts = ((1, 0.9), (1, 0.99), (3, 0.99))


def fit_model(
    data: TrialData,
    outcome: Outcome,
    *,
    seed: int,
    model: Model | None = None,
    variants: bool = True,
    draws: int = DRAWS,
    cores: int = 2,
    attempts: Attempts = ATTEMPTS,
    stage: Stage = lambda said: None,
) -> Fit:
    """Fit one outcome: compile once, sample the default and every variant, and judge the sampling.

    Parameters
    ----------
    seed
        The same seed gives draws equal to six significant digits, not to the bit, as long as the model's code is
        kept. Code that is compiled anew may differ in the last digit of the density, and its draws then differ
        within their Monte Carlo error.
    variants
        Whether the model's variants are estimated too, which checks and reports need.
    draws
        Draws of each of four chains.
    attempts
        As `sample_compiled` takes them.
    stage
        Called with a few words whenever a new stage of work begins.

    Raises
    ------
    AnalysisError
        The nights cannot teach the model anything: an empty arm, a constant outcome, too few nights.
    """
    model = model or model_for(outcome)
    started = time.perf_counter()
    stage("compiling")
    built = model.build(data, outcome)
    compiled = compile_model(built)
    compiled_at = time.perf_counter()
    sample = partial(sample_compiled, built, compiled, seed=seed, draws=draws, cores=cores, attempts=attempts)
    stage("sampling")
    default = sample({})
    sampled, found = {"default": default}, {}
    for name, values in (model.variants(data, outcome) if variants else {}).items():
        posterior = weighed_anew(built, compiled, default, values, seed=seed)
        if posterior is None:
            stage(f"sampling, {name}")
            sampled[name] = sample(values)
            posterior = sampled[name].posterior
        found[name] = posterior[_kept_of_a_variant(posterior)]
    return Fit(
        outcome=outcome,
        model=model.NAME,
        assumes=model.ASSUMES,
        formula=model.FORMULA,
        priors=model.priors(data, outcome),
        prior_sd=model.effect_prior_sd(data, outcome),
        posterior=default.posterior,
        variants=found,
        densities=default.densities,
        diagnostics=worst_of([each.diagnostics for each in sampled.values()]),
        problems=tuple(
            problem if name == "default" else f"{name} variant: {problem}"
            for name, each in sampled.items()
            for problem in each.problems
        ),
        nights=len(data.analysed(outcome)),
        data_sha256=data.sha256,
        seed=seed,
        versions=versions(),
        compile_s=compiled_at - started,
        sample_s=time.perf_counter() - compiled_at,
    )


def versions() -> dict[str, str]:
    """Versions of what makes the draws."""
    return {name: version(name) for name in ("n1trial", "pymc", "nutpie", "arviz", "numpy")}


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Sampled:
    """Draws of one model under one set of its data: variables, densities where compiled, and how it went.

    `points` [chain, draw, size] are what the compiled functions take.
    """

    points: npt.NDArray[np.float64]
    posterior: xr.Dataset
    densities: xr.Dataset
    diagnostics: Diagnostics
    problems: tuple[str, ...]


def sample_compiled(
    built: pm.Model,
    compiled: Compiled,
    values: Mapping[str, npt.NDArray[np.float64]],
    *,
    seed: int,
    draws: int = DRAWS,
    tune: int = TUNE,
    cores: int = 2,
    attempts: Attempts = ATTEMPTS,
) -> Sampled:
    """Sample a compiled model until the gate is passed, or the attempts are used up.

    Parameters
    ----------
    values
        New values of the model's `pm.Data`.
    attempts
        How many times the draws, and which acceptance to aim at, one pair an attempt.
    """
    packed = compiled.packed(**values)
    names = [variable.name for variable in built.free_RVs]
    for attempt, (factor, target_accept) in enumerate(attempts):
        tree = nutpie.sample(
            compiled.for_nutpie(packed),
            draws=draws * factor,
            tune=tune * factor,
            chains=CHAINS,
            cores=cores,
            seed=seed,
            target_accept=target_accept,
            save_warmup=False,
            progress_bar=False,
        )
        points = tree["posterior"][POINT].to_numpy()
        drawn = named_draws(built, compiled.draws(points, packed))
        densities = [name for name in drawn if str(name).startswith((LOG_LIKELIHOOD, LOG_PRIOR))]
        posterior = drawn.drop_vars(densities)
        judged = xr.DataTree.from_dict(
            {"posterior": posterior, "sample_stats": tree["sample_stats"].to_dataset()}
        )
        diagnostics = diagnose(judged, names)
        problems = convergence_problems(diagnostics, second_try=attempt > 0)
        if not problems:
            break
    return Sampled(
        points=points,
        posterior=posterior,
        densities=drawn[densities],
        diagnostics=diagnostics,
        problems=problems,
    )


def weighed_anew(
    built: pm.Model,
    compiled: Compiled,
    sampled: Sampled,
    values: Mapping[str, npt.NDArray[np.float64]],
    *,
    seed: int,
) -> xr.Dataset | None:
    """Draws of a variant whose priors alone differ, made of those that are there; None where they cannot be.

    Draws are weighed by what the variant's priors make of them, and drawn again by weight. A sceptic's prior
    lies within the default one, so that none can weigh much more than the others.
    """
    drawn = named_draws(built, compiled.draws(sampled.points, compiled.packed(**values)))
    if not drawn[LOG_LIKELIHOOD].equals(sampled.densities[LOG_LIKELIHOOD]):
        return None
    priors = [name for name in drawn if str(name).startswith(LOG_PRIOR)]
    ratios = sum(drawn[name].to_numpy() - sampled.densities[name].to_numpy() for name in priors)
    weights, k = smoothed_weights(np.ravel(ratios))
    if not k < MAX_K:
        return None
    placed = weights.reshape(sampled.points.shape[:2])
    worth = [
        effective_draws(placed, effect)
        for name in _kept_of_a_variant(drawn)
        for effect in np.moveaxis(drawn[name].to_numpy(), -1, 0)
    ]
    if min(worth) < MIN_ESS:
        return None
    chain, draw = np.unravel_index(drawn_again(weights, seed=seed), placed.shape)
    return drawn.drop_vars([LOG_LIKELIHOOD, *priors]).map(
        lambda each: each.copy(data=each.to_numpy()[chain, draw].reshape(each.shape))
    )


def named_draws(built: pm.Model, draws: Mapping[str, npt.NDArray[np.float64]]) -> xr.Dataset:
    """Draws [chain, draw, ...] with the model's dims and coords."""
    dims = {name: ("chain", "draw", *built.named_vars_to_dims.get(name, ())) for name in draws}
    if LOG_LIKELIHOOD in draws:
        dims[LOG_LIKELIHOOD] = ("chain", "draw", "night")
    used = {dim for each in dims.values() for dim in each}
    coords = {name: list(labels) for name, labels in built.coords.items() if name in used and labels}
    return xr.Dataset({name: (dims[name], value) for name, value in draws.items()}, coords=coords)


def _kept_of_a_variant(posterior: xr.Dataset) -> list[str]:
    return [str(name) for name in posterior.data_vars if "contrast" in posterior[name].dims]
