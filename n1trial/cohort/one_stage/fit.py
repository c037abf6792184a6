"""Sample the model of a cohort, and check its convergence."""

import time
from collections.abc import Mapping
from dataclasses import dataclass, field

import xarray as xr

from n1trial.cohort.one_stage import sleep_time_model, wake_count_model
from n1trial.cohort.one_stage._terms import EFFECT_PRIORS
from n1trial.cohort.people import Cohort
from n1trial.inference.compile_cache import compile_model
from n1trial.inference.fit import Diagnostics, Stage
from n1trial.inference.priors import in_words
from n1trial.inference.sampling import ATTEMPTS, Attempts, sample_compiled, versions

DRAWS, TUNE = 1500, 500
# With many similar parameters a target acceptance of .65 is best (Beskos et al. 2013, doi:10.3150/12-BEJ414). With
# few people an SD may be near 0, where the posterior narrows and steps must be small.
MANY_PEOPLE, ATTEMPTS_OF_MANY = 30, ((1, 0.65), (1, 0.9), (2, 0.99))
KEPT = ("average", "spread", "correlation", "modified", "effect", "level", "level_of_all", "level_sd")
NOISE = ("sigma", "phi", "omega", "period_sd", "weekday_sd", "week_sd")


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class CohortFit:
    """The posterior of a cohort, and all that is needed to trust it or to make it again.

    Attributes
    ----------
    cohort : Cohort
        The people that were fitted.
    model, assumes, formula : str
        Name of the model, its assumptions in plain words, and its formula.
    priors : mapping of str to str
        Every prior in words, by the name of its parameter.
    prior_sd : float, in the unit of effects
        SD of the prior of an average effect.
    spread_prior : float, in the unit of effects
        Scale of the half-normal prior of a spread.
    posterior : Dataset [chain, draw, ...]
        `average` and `spread` [contrast]; `correlation` [contrast, other] of two treatments or more; `modified`
        [modifier, contrast]; `effect` [person, contrast]; `level` [person] with its mean `level_of_all` and SD
        `level_sd` between people; and the parameters of noise. Effects are minutes, or the outcome's unit, or log
        rate ratios of counts.
    diagnostics : Diagnostics
        Worst convergence figures over all parameters.
    problems : tuple of str
        Why the draws cannot be trusted; with any there is no verdict.
    seed : int
        Seed of the sampler.
    versions : mapping of str to str
        Versions of the libraries, by name.
    compile_s, sample_s : float, in seconds
        What compiling and sampling took.

    Examples
    --------
    `cohort_fit` is that of `fit_cohort`'s example, of three people.

    >>> cohort_fit.posterior["effect"].dims
    ('chain', 'draw', 'person', 'contrast')
    >>> cohort_fit.posterior.sizes["person"]
    3
    """

    cohort: Cohort
    model: str
    assumes: str
    formula: str
    priors: Mapping[str, str]
    prior_sd: float
    spread_prior: float
    posterior: xr.Dataset
    diagnostics: Diagnostics
    problems: tuple[str, ...] = ()
    seed: int
    versions: Mapping[str, str] = field(default_factory=dict)
    compile_s: float = 0.0
    sample_s: float = 0.0


def fit_cohort(
    cohort: Cohort,
    *,
    seed: int,
    draws: int = DRAWS,
    cores: int = 2,
    prior_width: float = 1.0,
    stage: Stage = lambda stage: None,
) -> CohortFit:
    """Fit the nights of all people of a cohort in one model.

    Parameters
    ----------
    cohort : Cohort
        People of two or more, as `gather` puts them together.
    seed : int
        Seed of the sampler.
    draws : int
        Draws of each of four chains.
    cores : int
        Chains that are sampled at the same time.
    prior_width : float
        How many times as wide as chosen the priors of average effects and of their spread are. The priors are
        for supplements, and a hypnotic does more.
    stage : callable
        Called with a few words whenever a new stage of work begins.

    Returns
    -------
    CohortFit
        The posterior; its `problems` say where the sampler did not converge.

    References
    ----------
    Zucker, Schmid, McIntosh, D'Agostino, Selker & Lau (1997), doi:10.1016/S0895-4356(96)00429-5, for N-of-1 trials
    as a cohort.

    Examples
    --------
    `cohort` is that of `gather`'s example; sampling it takes half a minute, and longer where the model is compiled
    first.

    >>> import n1trial
    >>> cohort_fit = n1trial.fit_cohort(cohort, seed=1)
    >>> cohort_fit.posterior["average"].dims
    ('chain', 'draw', 'contrast')
    """
    model = wake_count_model if cohort.outcome.kind == "count" else sleep_time_model
    scales = model.scales_of(cohort)
    started = time.perf_counter()
    stage("compiling")
    built = model.build(cohort)
    compiled_model = compile_model(built, densities=False)
    compiled_at = time.perf_counter()
    stage(f"sampling {len(cohort.people)} people")
    sampled = sample_compiled(
        built,
        compiled_model,
        {EFFECT_PRIORS: scales.of_effects(width=prior_width)},
        seed=seed,
        draws=draws,
        tune=TUNE,
        cores=cores,
        attempts=attempts_for(cohort),
    )
    unit, scale = model.unit_of(cohort)
    return CohortFit(
        cohort=cohort,
        model=model.NAME,
        assumes=model.ASSUMES,
        formula=model.FORMULA,
        priors={
            **in_words(model.PRIORS, scale=scale, unit=unit),
            **in_words(
                (scales.average, scales.spread, scales.modifier),
                scale=scale,
                unit=unit,
                width=prior_width,
            ),
        },
        prior_sd=prior_width * scales.average.scale * scale,
        spread_prior=prior_width * scales.spread.scale * scale,
        posterior=sampled.posterior[[name for name in (*KEPT, *NOISE) if name in sampled.posterior]],
        diagnostics=sampled.diagnostics,
        problems=sampled.problems,
        seed=seed,
        versions=versions(),
        compile_s=compiled_at - started,
        sample_s=time.perf_counter() - compiled_at,
    )


def attempts_for(cohort: Cohort) -> Attempts:
    """How to sample a cohort of this many people, and how again where it did not converge."""
    return ATTEMPTS_OF_MANY if len(cohort.people) >= MANY_PEOPLE else ATTEMPTS
