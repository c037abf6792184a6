"""Sample a cohort's model, pass the convergence gate or say why not."""

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
# Steps are best so long that two of three are accepted where parameters are many and alike (Beskos et al. 2013,
# doi:10.3150/12-BEJ414). Of few people, an SD may be nearly nothing, and the way there is narrow.
MANY_PEOPLE, ATTEMPTS_OF_MANY = 30, ((1, 0.65), (1, 0.9), (2, 0.99))
KEPT = ("average", "spread", "correlation", "modified", "effect", "level", "level_of_all", "level_sd")
NOISE = ("sigma", "phi", "omega", "period_sd", "weekday_sd", "week_sd")


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class CohortFit:
    """The posterior of a cohort, and all that is needed to trust it or to make it again.

    `posterior` [chain, draw, ...] holds `average` and `spread` [contrast], `correlation` [contrast, other] of
    two arms or more, `modified` [modifier, contrast], `effect` [person, contrast], `level` [person] with its
    mean `level_of_all` and SD `level_sd` between people, and the parameters of noise. Effects are minutes, or
    the outcome's unit, or log rate ratios of counts. `prior_sd` is of the prior of an average effect, and
    `spread_prior` the scale of that of a spread. With `problems` there is no verdict.
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
    stage: Stage = lambda said: None,
) -> CohortFit:
    """Fit all people of a cohort together.

    Parameters
    ----------
    draws
        Draws of each of four chains.
    prior_width
        How many times as wide as chosen the priors of average effects and of their spread are: the priors are
        for supplements, and a hypnotic does more.
    stage
        Called with a few words whenever a new stage of work begins.
    """
    model = wake_count_model if cohort.outcome.kind == "count" else sleep_time_model
    scales = model.scales_of(cohort)
    started = time.perf_counter()
    stage("compiling")
    built = model.build(cohort)
    compiled = compile_model(built, densities=False)
    compiled_at = time.perf_counter()
    stage(f"sampling {len(cohort.people)} people")
    sampled = sample_compiled(
        built,
        compiled,
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
    """How to sample a cohort of this many people, and how again where the gate is not passed."""
    return ATTEMPTS_OF_MANY if len(cohort.people) >= MANY_PEOPLE else ATTEMPTS
