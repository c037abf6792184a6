"""From a cohort's posterior to its answers: the average, the spread, each person, and the next one.

Effects are in the outcome's contrast unit, arm minus comparator. For counts they are made from log rate ratios: per
cent of the comparator's rate, or wakes a night at the person's own rate, and for the average at the rate of the
person in the middle.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Protocol

import numpy as np
import pandas as pd

from n1trial.cohort.draws import PooledDraws, draws_of, next_person
from n1trial.cohort.one_stage.fit import CohortFit
from n1trial.cohort.people import Cohort
from n1trial.design.outcomes import Outcome
from n1trial.design.protocol import VerdictRule
from n1trial.design.verdict import INTERVAL, Chances, NightsAlone, Verdict, verdict_of, within_a_period
from n1trial.inference.build_up import recovered_share
from n1trial.inference.model_matrix import Array

LEAST_FOR_A_VERDICT = 5


class People(Protocol):
    """What the answers need of a cohort, known by its nights or by summaries."""

    @property
    def names(self) -> tuple[str, ...]:
        """The people in order."""
        ...

    @property
    def outcome(self) -> Outcome:
        """What was measured."""
        ...

    @property
    def reference(self) -> str:
        """The arm that others are compared with."""
        ...

    @property
    def treatments(self) -> tuple[str, ...]:
        """The other arms."""
        ...

    @property
    def arms_tried(self) -> tuple[tuple[str, ...], ...]:
        """The arms of each person."""
        ...

    @property
    def contrasts(self) -> tuple[tuple[str, str], ...]:
        """Arm and comparator."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Summed:
    """Draws summed up: mean, SD, the ends of the 95 % interval."""

    mean: float
    sd: float
    low: float
    high: float

    @classmethod
    def of(cls, draws: Array) -> "Summed":
        """Sum up draws [draw]."""
        low, high = np.quantile(draws, [(1 - INTERVAL) / 2, (1 + INTERVAL) / 2])
        return cls(mean=float(draws.mean()), sd=float(draws.std()), low=float(low), high=float(high))


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class CohortEffect:
    """One contrast of a cohort, arm minus comparator, in `outcome.contrast_unit`.

    `average` is the effect on the person in the middle and `spread` the SD of effects between people;
    `gainers` is the share of these people who gain the smallest worthwhile effect or more, 0 to 1; `next` is
    the effect on somebody new, with its chance of any gain `next_better` and of a worthwhile one
    `next_worthwhile`. `people` has a row a person: `mean`, `sd`, `low`, `high` and `p_worthwhile`, each
    informed by all the others, and `tried`, whether the person tried both arms. `chances` are those of the
    average gain, as for one person.
    """

    outcome: Outcome
    arm: str
    comparator: str
    average: Summed
    spread: Summed
    gainers: Summed
    next: Summed
    next_better: float
    next_worthwhile: float
    people: pd.DataFrame
    p_better: float
    p_worthwhile: float
    p_equivalent: float
    p_worse: float
    verdict: Verdict
    average_draws: Array
    spread_draws: Array

    @property
    def contrast(self) -> str:
        """The contrast in words of the protocol, such as "glycine vs none"."""
        return f"{self.arm} vs {self.comparator}"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class CohortEffects:
    """All contrasts of a cohort, and the problems that forbid a verdict.

    `sound` is False where the draws themselves are not to be trusted, so that no number of them may be shown.
    """

    outcome: Outcome
    contrasts: tuple[CohortEffect, ...]
    problems: tuple[str, ...] = ()
    sound: bool = True

    @property
    def table(self) -> pd.DataFrame:
        """One row a contrast, with the columns of `cohort.csv`."""
        return pd.DataFrame(
            [
                {"outcome": self.outcome.name, "contrast": effect.contrast}
                | {
                    f"{what}_{name}": getattr(getattr(effect, what), name)
                    for what in ("average", "spread", "gainers", "next")
                    for name in ("mean", "sd", "low", "high")
                }
                | {"ci_prob": INTERVAL}
                | {
                    name: getattr(effect, name)
                    for name in (
                        *("p_better", "p_worthwhile", "p_equivalent", "p_worse"),
                        *("next_better", "next_worthwhile", "verdict"),
                    )
                }
                for effect in self.contrasts
            ]
        )

    @property
    def people(self) -> pd.DataFrame:
        """One row a contrast and person, with the columns of `people.csv`."""
        return pd.concat(
            [
                effect.people.rename_axis("person").reset_index().assign(contrast=effect.contrast)
                for effect in self.contrasts
            ],
            ignore_index=True,
        )


def estimate_cohort(fit: CohortFit, *, rule: VerdictRule | None = None) -> CohortEffects:
    """Contrast every arm with its comparator: on average, for each person, and for the next one."""
    return effects_of(
        draws_of(fit),
        fit.cohort,
        rule=rule or fit.cohort.people[0].data.rule,
        prior_sd=fit.prior_sd,
        recovered=_recovered(fit.cohort),
        problems=(*fit.problems, *fit.cohort.problems),
    )


def _recovered(cohort: Cohort) -> dict[str, float]:
    """Share of a steady effect that people's schedules show on average, by contrast."""
    return {
        f"{arm} vs {comparator}": float(
            np.mean(
                [
                    recovered_share(person.data, cohort.outcome, arm, comparator)
                    for person in cohort.people
                    if {arm, comparator} <= {*person.data.arms}
                ]
                or [1.0]
            )
        )
        for arm, comparator in cohort.contrasts
    }


def effects_of(
    draws: PooledDraws,
    cohort: People,
    *,
    rule: VerdictRule,
    prior_sd: float,
    recovered: Mapping[str, float] = {},
    problems: tuple[str, ...] = (),
) -> CohortEffects:
    """The answers of a cohort from draws of its average, spread and people.

    Parameters
    ----------
    recovered
        Share of a steady effect that people's schedules show, 0 to 1, by contrast; all of it where none is given.
    problems
        Why the draws are not to be trusted.
    """
    sound, few = not problems, len(cohort.names) < LEAST_FOR_A_VERDICT
    if few:
        problems = (
            *problems,
            f"{len(cohort.names)} people are too few to say how people differ: a verdict on the average needs"
            f" {LEAST_FOR_A_VERDICT}",
        )
    new = next_person(draws)
    contrasts = tuple(
        _effect(draws, new, cohort, arm, comparator, rule=rule, prior_sd=prior_sd, verdict=not problems)
        for arm, comparator in cohort.contrasts
    )
    contrasts = tuple(
        replace(each, verdict=within_a_period(each.verdict, recovered=recovered.get(each.contrast, 1.0)))
        for each in contrasts
    )
    return CohortEffects(outcome=cohort.outcome, contrasts=contrasts, problems=problems, sound=sound)


def _effect(
    draws: PooledDraws,
    new: PooledDraws,
    cohort: People,
    arm: str,
    comparator: str,
    *,
    rule: VerdictRule,
    prior_sd: float,
    verdict: bool,
) -> CohortEffect:
    outcome = cohort.outcome
    along = np.array([float(arm == each) - float(comparator == each) for each in cohort.treatments])
    base = None if comparator == cohort.reference else cohort.treatments.index(comparator)
    effects = in_unit(draws.effect @ along, _rate(draws.effect, draws.level, base), outcome)
    average = in_unit(
        (draws.average @ along)[:, None],
        _rate(
            draws.average[:, None], None if draws.level_of_all is None else draws.level_of_all[:, None], base
        ),
        outcome,
    )[:, 0]
    coming = in_unit(new.effect @ along, _rate(new.effect, new.level, base), outcome)[:, 0]
    apart = np.sqrt(
        np.einsum("i,si,sij,sj,j->s", along, draws.spread, draws.correlation, draws.spread, along)
    )
    if outcome.kind == "count":
        apart = effects.std(axis=1)
    gains, next_gain = outcome.sign * effects, outcome.sign * coming
    chances = Chances.of(outcome.sign * average, outcome.mid)
    low, high = np.quantile(effects, [(1 - INTERVAL) / 2, (1 + INTERVAL) / 2], axis=0)
    return CohortEffect(
        outcome=outcome,
        arm=arm,
        comparator=comparator,
        average=Summed.of(average),
        spread=Summed.of(apart),
        gainers=Summed.of((gains >= outcome.mid).mean(axis=1)),
        next=Summed.of(coming),
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
        p_better=float(chances.better),
        p_worthwhile=float(chances.worthwhile),
        p_equivalent=float(chances.equivalent),
        p_worse=float(chances.much_worse),
        verdict=verdict_of(
            chances,
            alone=_nights_alone(draws, outcome, along, base, prior_sd=prior_sd),
            rule=rule,
        )
        if verdict
        else "no verdict",
        average_draws=average,
        spread_draws=apart,
    )


def _nights_alone(
    draws: PooledDraws, outcome: Outcome, along: Array, base: int | None, *, prior_sd: float
) -> NightsAlone:
    """What the nights say of an average without its prior; of counts on the log scale, where theirs is Gaussian."""
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
    """Effects as the contrast unit has them: as they are, per cent, or at the comparator's rate."""
    if outcome.kind == "continuous":
        return effect
    gain = np.expm1(effect)
    return 100.0 * gain if outcome.scale == "percent" else rate * gain
