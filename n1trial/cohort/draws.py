"""Draws of a cohort's average, spread and people, from nights or from summaries, and of somebody new."""

from dataclasses import dataclass

import numpy as np

from n1trial.cohort.one_stage.fit import CohortFit
from n1trial.cohort.people import Cohort
from n1trial.system.arrays import Array
from n1trial.system.random_streams import stream

NEW_PEOPLE_SEED = 1


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class PooledDraws:
    """Draws from which a cohort's answers are made; of counts they are log rate ratios.

    Attributes
    ----------
    average, spread : [draw, contrast]
        Average effect, and SD of effects between people.
    correlation : [draw, contrast, contrast]
        Of effects between people.
    effect : [draw, person, contrast]
        Effect on each person.
    level : [draw, person]
        Log rate on the reference; None where the outcome is no count.
    level_of_all, level_sd : [draw]
        Its mean and SD between people; None where the outcome is no count.
    """

    average: Array
    spread: Array
    correlation: Array
    effect: Array
    level: Array | None = None
    level_of_all: Array | None = None
    level_sd: Array | None = None


def draws_of(fit: CohortFit) -> PooledDraws:
    """The draws of a cohort's fit."""
    posterior = fit.posterior

    def of(name: str, *dims: str) -> Array:
        values = posterior[name].transpose("chain", "draw", *dims).to_numpy()
        return np.asarray(values.reshape(-1, *values.shape[2:]), dtype=float)

    count = len(fit.cohort.treatments)
    correlation = (
        of("correlation", "contrast", "other")
        if "correlation" in posterior
        else np.broadcast_to(
            np.eye(count), (posterior.sizes["chain"] * posterior.sizes["draw"], count, count)
        )
    )
    pooled = PooledDraws(
        average=of("average", "contrast"),
        spread=of("spread", "contrast"),
        correlation=correlation,
        effect=of("effect", "person", "contrast"),
    )
    if fit.cohort.outcome.kind == "continuous":
        return pooled
    shares = np.array([_arm_shares(fit.cohort, position) for position in range(len(fit.cohort.people))])
    # The level is that of a person's mean night; on the reference nothing of what the arms add is in it.
    on_reference = of("level", "person") - np.einsum("spc,pc->sp", pooled.effect, shares)
    return PooledDraws(
        average=pooled.average,
        spread=pooled.spread,
        correlation=pooled.correlation,
        effect=pooled.effect,
        level=on_reference,
        level_of_all=of("level_of_all") - pooled.average @ shares.mean(axis=0),
        level_sd=of("level_sd"),
    )


def _arm_shares(cohort: Cohort, position: int) -> list[float]:
    nights = cohort.people[position].data.analysed(cohort.outcome)
    return [float((nights["arm"] == arm).mean()) for arm in cohort.treatments]


def next_person(draws: PooledDraws) -> PooledDraws:
    """Somebody new [draw, 1, contrast], drawn from the people that each draw describes."""
    rng = stream(NEW_PEOPLE_SEED)
    root = np.linalg.cholesky(draws.correlation + 1e-12 * np.eye(draws.correlation.shape[-1]))
    z = np.einsum("sij,sj->si", root, rng.standard_normal(draws.average.shape))
    effect = (draws.average + draws.spread * z)[:, None]
    level = None
    if draws.level_of_all is not None and draws.level_sd is not None:
        level = (draws.level_of_all + draws.level_sd * rng.standard_normal(len(draws.average)))[:, None]
    return PooledDraws(
        average=draws.average, spread=draws.spread, correlation=draws.correlation, effect=effect, level=level
    )
