"""A cohort's posterior becomes its answers: the average, the spread, each person, and the next one.

Effects are in the outcome's contrast unit, arm minus comparator. For counts they are made from log rate ratios: per
cent of the comparator's rate, or wakes a night at the person's own rate, and for the average at the rate of the
person in the middle.
"""

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import pandas as pd

from n1trial.cohort.draws import PooledDraws, draws_of, next_person
from n1trial.cohort.effects import CohortEffect, CohortEffects, People, Summed
from n1trial.cohort.one_stage.fit import CohortFit
from n1trial.cohort.people import Cohort
from n1trial.design.contrast import Contrast
from n1trial.design.outcomes import Outcome
from n1trial.design.protocol import VerdictRule
from n1trial.design.verdict import INTERVAL, Chances, NightsAlone, Problem, verdict_of, within_a_period
from n1trial.inference.build_up import recovered_share
from n1trial.system.arrays import Array

LEAST_FOR_A_VERDICT = 5


def estimate_cohort(fit: CohortFit, *, rule: VerdictRule | None = None) -> CohortEffects:
    """Contrast every arm with its comparator: on average, for each person, and for the next one.

    Parameters
    ----------
    fit : CohortFit
        The posterior of a cohort.
    rule : VerdictRule, optional
        When a verdict is given; by default the rule of the first person's protocol.

    Returns
    -------
    CohortEffects
        One contrast for each of `fit.cohort.contrasts`. Fewer than five people have no verdict on the average.

    Examples
    --------
    `cohort_fit` is that of `fit_cohort`'s example, of three people.

    >>> import n1trial
    >>> cohort_effects = n1trial.estimate_cohort(cohort_fit)
    >>> effect = cohort_effects.contrasts[0]
    >>> str(effect.contrast), effect.verdict
    ('glycine vs none', 'no verdict')
    """
    return effects_of(
        draws_of(fit),
        fit.cohort,
        rule=rule or fit.cohort.people[0].data.rule,
        prior_sd=fit.prior_sd,
        recovered=_recovered(fit.cohort),
        problems=(*(Problem("sampler", words) for words in fit.problems), *fit.cohort.problems),
    )


def _recovered(cohort: Cohort) -> dict[Contrast, float]:
    """Share of a steady effect that people's schedules show on average, by contrast."""
    return {
        contrast: float(
            np.mean(
                [
                    recovered_share(person.data, cohort.outcome, contrast)
                    for person in cohort.people
                    if {*contrast.arms} <= {*person.data.arms}
                ]
                or [1.0]
            )
        )
        for contrast in cohort.contrasts
    }


def effects_of(
    draws: PooledDraws,
    cohort: People,
    *,
    rule: VerdictRule,
    prior_sd: float,
    recovered: Mapping[Contrast, float] = {},
    problems: tuple[Problem, ...] = (),
) -> CohortEffects:
    """The answers of a cohort from draws of its average, spread and people.

    Parameters
    ----------
    draws, cohort
        The posterior, and whose it is.
    rule
        When a verdict is given.
    prior_sd : in the outcome's contrast unit, or a log rate ratio of counts
        SD of the prior of an average effect.
    recovered
        Share of a steady effect that people's schedules show, 0 to 1, by contrast; all of it where none is given.
    problems
        Why the draws cannot be trusted.
    """
    sound, few = not problems, len(cohort.names) < LEAST_FOR_A_VERDICT
    if few:
        problems = (
            *problems,
            Problem(
                "too few people",
                f"{len(cohort.names)} people are too few to say how people differ: a verdict on the average needs"
                f" {LEAST_FOR_A_VERDICT}",
            ),
        )
    new = next_person(draws)
    contrasts = tuple(
        _effect(draws, new, cohort, contrast, rule=rule, prior_sd=prior_sd, verdict=not problems)
        for contrast in cohort.contrasts
    )
    contrasts = tuple(
        replace(
            effect, verdict=within_a_period(effect.verdict, recovered=recovered.get(effect.contrast, 1.0))
        )
        for effect in contrasts
    )
    return CohortEffects(outcome=cohort.outcome, contrasts=contrasts, problems=problems, sound=sound)


def _effect(
    draws: PooledDraws,
    new: PooledDraws,
    cohort: People,
    contrast: Contrast,
    *,
    rule: VerdictRule,
    prior_sd: float,
    verdict: bool,
) -> CohortEffect:
    outcome, (arm, comparator) = cohort.outcome, contrast.arms
    along = np.array([float(arm == name) - float(comparator == name) for name in cohort.treatments])
    base = None if comparator == cohort.reference else cohort.treatments.index(comparator)
    effects = in_unit(draws.effect @ along, _rate(draws.effect, draws.level, base), outcome)
    average = in_unit(
        (draws.average @ along)[:, None],
        _rate(
            draws.average[:, None], None if draws.level_of_all is None else draws.level_of_all[:, None], base
        ),
        outcome,
    )[:, 0]
    next_effect = in_unit(new.effect @ along, _rate(new.effect, new.level, base), outcome)[:, 0]
    spread = np.sqrt(
        np.einsum("i,si,sij,sj,j->s", along, draws.spread, draws.correlation, draws.spread, along)
    )
    if outcome.kind == "count":
        spread = effects.std(axis=1)
    gains, next_gain = outcome.sign * effects, outcome.sign * next_effect
    probabilities = Chances.of(outcome.sign * average, outcome.mid)
    low, high = np.quantile(effects, [(1 - INTERVAL) / 2, (1 + INTERVAL) / 2], axis=0)
    return CohortEffect(
        outcome=outcome,
        arm=arm,
        comparator=comparator,
        average=Summed.of(average),
        spread=Summed.of(spread),
        gainers=Summed.of((gains >= outcome.mid).mean(axis=1)),
        next=Summed.of(next_effect),
        next_better=float((next_gain > 0).mean()),
        next_worthwhile=float((next_gain >= outcome.mid).mean()),
        people=pd.DataFrame(
            {
                "mean": effects.mean(axis=0),
                "sd": effects.std(axis=0),
                "low": low,
                "high": high,
                "p_worthwhile": (gains >= outcome.mid).mean(axis=0),
                "tried": [{arm, comparator} <= {*arms} for arms in cohort.arms_tried],
            },
            index=list(cohort.names),
        ),
        p_better=float(probabilities.better),
        p_worthwhile=float(probabilities.worthwhile),
        p_equivalent=float(probabilities.equivalent),
        p_worse=float(probabilities.much_worse),
        verdict=verdict_of(
            probabilities,
            alone=_nights_alone(draws, outcome, along, base, prior_sd=prior_sd),
            rule=rule,
        )
        if verdict
        else "no verdict",
        average_draws=average,
        spread_draws=spread,
    )


def _nights_alone(
    draws: PooledDraws, outcome: Outcome, along: Array, base: int | None, *, prior_sd: float
) -> NightsAlone:
    """What the nights say of an average without its prior; of counts on the log scale."""
    average = draws.average @ along
    mean, sd = float(average.mean()), float(average.std())
    if outcome.kind == "continuous" or draws.level_of_all is None:
        return NightsAlone.of(outcome.sign * mean, sd, prior_sd=prior_sd, mid=outcome.mid)
    usual = float(np.mean(_rate(draws.average, draws.level_of_all, base)))
    return NightsAlone.of_counts(mean, sd, prior_sd=prior_sd, outcome=outcome, usual=usual)


def _rate(effect: Array, level: Array | None, base: int | None) -> Array | float:
    """The comparator's rate [draw, person] of counts; 1 of anything else."""
    if level is None:
        return 1.0
    return np.exp(level + (0.0 if base is None else effect[..., base]))


def in_unit(effect: Array, rate: Array | float, outcome: Outcome) -> Array:
    """Effects in the contrast unit: as they are, or from log rate ratios per cent, or at the comparator's rate."""
    if outcome.kind == "continuous":
        return effect
    gain = np.expm1(effect)
    return 100.0 * gain if outcome.scale == "percent" else rate * gain
