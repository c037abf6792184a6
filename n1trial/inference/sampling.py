"""Sample a model, pass the convergence gate or say why not, and remember how it was done."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from importlib.metadata import version

import numpy as np
import numpy.typing as npt
import pymc as pm
import xarray as xr

from n1trial.data.trial_data import TrialData
from n1trial.design.outcomes import Outcome
from n1trial.inference.compile_cache import LOG_LIKELIHOOD, LOG_PRIOR, Compiled, compile_model
from n1trial.inference.convergence import MIN_ESS, convergence_problems, diagnose, worst_of
from n1trial.inference.fit import Diagnostics, Fit, Stage
from n1trial.inference.importance_sampling import MAX_K, effective_draws, smoothed_weights
from n1trial.inference.models import Model, model_for
from n1trial.inference.weighted_draws import drawn_again

CHAINS, DRAWS, TUNE = 4, 2000, 700
type Attempts = Sequence[tuple[int, float]]
# (draws multiplied by, target acceptance) of each attempt: smaller steps at the second, more draws at the third.
ATTEMPTS: Attempts = ((1, 0.93), (1, 0.99), (3, 0.99))


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
    stage: Stage = lambda words: None,
) -> Fit:
    """Fit one outcome of a trial by NUTS: the default model, its variants, and the convergence gate.

    Parameters
    ----------
    data : TrialData
        One row a planned night, with arm, block, period and outcomes.
    outcome : Outcome
        The outcome to compare; one of `data.outcomes`.
    seed : int
        Seed of the sampler.
    model : Model, optional
        A module such as those of `n1trial.inference.models`; by default the one of the outcome's kind.
    variants : bool, optional
        Whether the model's variants are estimated too, which checks and reports need.
    draws : int, optional
        Draws of each of the four chains, at the first attempt.
    cores : int, optional
        Chains that are sampled at the same time.
    attempts : sequence of (int, float), optional
        What `draws` is multiplied by and the target acceptance, one pair for each attempt to pass the gate.
    stage : callable, optional
        Called with a few words whenever a new stage of work begins, such as "compiling".

    Returns
    -------
    Fit
        The posterior with its diagnostics. A fit that fails the convergence gate is returned too, with `problems`.

    Raises
    ------
    AnalysisError
        The nights cannot inform the model: an empty arm, a constant outcome, or too few nights.

    Notes
    -----
    The gate wants R-hat below 1.01, 400 effective draws or more in bulk and tails (Vehtari et al. 2021,
    doi:10.1214/20-BA1221), no divergence, and an E-BFMI of .3 or more (Betancourt 2016, arXiv:1604.00695).

    The same seed gives draws that are equal to six significant digits, not to the bit, as long as the model's compiled
    code is kept. Code that is compiled anew may differ in the last digit of the density, and its draws then differ
    within their Monte Carlo error.

    Examples
    --------
    `data` is a trial of 42 nights with the arms none and glycine; sampling it takes some seconds, and longer where the
    model is compiled first.

    >>> from n1trial import fit_model
    >>> fit = fit_model(data, data.outcomes[0], seed=1)
    >>> fit.posterior["effect"].dims
    ('chain', 'draw', 'contrast')

    Nights that cannot inform the model are refused before anything is compiled:

    >>> from dataclasses import replace
    >>> from n1trial.errors import AnalysisError
    >>> try:
    ...     fit_model(replace(data, table=data.table.head(3)), data.outcomes[0], seed=1)
    ... except AnalysisError:
    ...     print("refused")
    refused
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
    sampled, of_variants = {"default": default}, {}
    for name, values in (model.variants(data, outcome) if variants else {}).items():
        posterior = reweighted_variant(built, compiled, default, values, seed=seed)
        if posterior is None:
            stage(f"sampling, {name}")
            sampled[name] = sample(values)
            posterior = sampled[name].posterior
        of_variants[name] = posterior[_variables_of_contrasts(posterior)]
    return Fit(
        outcome=outcome,
        model=model.NAME,
        assumes=model.ASSUMES,
        formula=model.FORMULA,
        priors=model.priors(data, outcome),
        prior_sd=model.effect_prior_sd(data, outcome),
        posterior=default.posterior,
        variants=of_variants,
        densities=default.densities,
        diagnostics=worst_of([sampling.diagnostics for sampling in sampled.values()]),
        problems=tuple(
            problem if name == "default" else f"{name} variant: {problem}"
            for name, sampling in sampled.items()
            for problem in sampling.problems
        ),
        nights=len(data.analysed(outcome)),
        data_sha256=data.sha256,
        seed=seed,
        versions=versions(),
        compile_s=compiled_at - started,
        sample_s=time.perf_counter() - compiled_at,
        why_not_kept=compiled.why_not_kept,
    )


def versions() -> dict[str, str]:
    """Versions of the packages that make the draws, by name."""
    return {name: version(name) for name in ("n1trial", "pymc", "nutpie", "arviz", "numpy")}


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Sampled:
    """Draws of one model under one set of its data, and how the sampling went.

    Attributes
    ----------
    points : ndarray [chain, draw, size]
        The unconstrained parameters, as the compiled functions take them.
    posterior : Dataset [chain, draw, ...]
        Free variables and deterministics.
    densities : Dataset [chain, draw, ...]
        Log likelihood and log prior densities; empty where they were not compiled.
    diagnostics : Diagnostics
        Convergence figures.
    problems : tuple of str
        Why the sampling cannot be trusted, a sentence each.
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
    """Sample a compiled model until the convergence gate is passed, or the attempts are used up.

    Parameters
    ----------
    built
        The model that was compiled.
    compiled
        Its native code.
    values
        New values of the model's `pm.Data`, by name; empty for the values it was built with.
    seed
        Seed of the sampler.
    draws, tune
        Draws and tuning steps of each chain.
    cores
        Chains that are sampled at the same time.
    attempts
        What draws and tuning steps are multiplied by, and the target acceptance, one pair for each attempt.
    """
    names = [variable.name for variable in built.free_RVs]
    for attempt, (factor, target_accept) in enumerate(attempts):
        points = compiled.sample(
            values,
            draws=draws * factor,
            tune=tune * factor,
            chains=CHAINS,
            cores=cores,
            seed=seed,
            target_accept=target_accept,
        )
        drawn = named_draws(built, compiled.draws(points.values, values))
        densities = [name for name in drawn if str(name).startswith((LOG_LIKELIHOOD, LOG_PRIOR))]
        posterior = drawn.drop_vars(densities)
        stats = {name: (("chain", "draw"), getattr(points, name)) for name in ("energy", "diverging")}
        tree = xr.DataTree.from_dict({"posterior": posterior, "sample_stats": xr.Dataset(stats)})
        diagnostics = diagnose(tree, names, second_try=attempt > 0)
        problems = convergence_problems(diagnostics)
        if not problems:
            break
    return Sampled(
        points=points.values,
        posterior=posterior,
        densities=drawn[densities],
        diagnostics=diagnostics,
        problems=problems,
    )


def reweighted_variant(
    built: pm.Model,
    compiled: Compiled,
    sampled: Sampled,
    values: Mapping[str, npt.NDArray[np.float64]],
    *,
    seed: int,
) -> xr.Dataset | None:
    """Draws of a variant that differs in its priors alone, by importance resampling of the default's draws.

    Draws are weighted by the ratio of the prior densities, and resampled by weight. A sceptic's prior is narrower than
    the default one, so that no weight can be much larger than the others.

    Parameters
    ----------
    sampled
        Draws of the default.
    values
        The variant's values of `pm.Data`, by name.

    Returns
    -------
    As many draws [chain, draw, ...]; None where the likelihood differs too, Pareto's k is `MAX_K` or more, or fewer
    than `MIN_ESS` draws would remain effective. The variant must then be sampled.
    """
    drawn = named_draws(built, compiled.draws(sampled.points, values))
    if not drawn[LOG_LIKELIHOOD].equals(sampled.densities[LOG_LIKELIHOOD]):
        return None
    priors = [name for name in drawn if str(name).startswith(LOG_PRIOR)]
    ratios = sum(drawn[name].to_numpy() - sampled.densities[name].to_numpy() for name in priors)
    weights, k = smoothed_weights(np.ravel(ratios))
    if not k < MAX_K:
        return None
    by_chain = weights.reshape(sampled.points.shape[:2])
    ess = [
        effective_draws(by_chain, effect)
        for name in _variables_of_contrasts(drawn)
        for effect in np.moveaxis(drawn[name].to_numpy(), -1, 0)
    ]
    if min(ess) < MIN_ESS:
        return None
    chain, draw = np.unravel_index(drawn_again(weights, seed=seed), by_chain.shape)
    return drawn.drop_vars([LOG_LIKELIHOOD, *priors]).map(
        lambda variable: variable.copy(data=variable.to_numpy()[chain, draw].reshape(variable.shape))
    )


def named_draws(built: pm.Model, draws: Mapping[str, npt.NDArray[np.float64]]) -> xr.Dataset:
    """Draws [chain, draw, ...] by name, as a dataset with the model's dims and coords."""
    dims = {name: ("chain", "draw", *built.named_vars_to_dims.get(name, ())) for name in draws}
    if LOG_LIKELIHOOD in draws:
        dims[LOG_LIKELIHOOD] = ("chain", "draw", "night")
    used = {dim for names in dims.values() for dim in names}
    coords = {name: list(labels) for name, labels in built.coords.items() if name in used and labels}
    return xr.Dataset({name: (dims[name], value) for name, value in draws.items()}, coords=coords)


def _variables_of_contrasts(posterior: xr.Dataset) -> list[str]:
    return [str(name) for name in posterior.data_vars if "contrast" in posterior[name].dims]
