"""A cohort's answers as data: the average, the spread, each person, and the next one (`estimate` makes them).

Effects are in the outcome's contrast unit, arm minus comparator.
"""

from dataclasses import dataclass
from typing import Protocol

import numpy as np
import pandas as pd

from n1trial.design.contrast import Contrast
from n1trial.design.outcomes import Outcome
from n1trial.design.verdict import INTERVAL, Problem, Verdict
from n1trial.system.arrays import Array


class People(Protocol):
    """What the answers need of a cohort, whether of nights or of summaries."""

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
    def contrasts(self) -> tuple[Contrast, ...]:
        """What is compared."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Summed:
    """Mean, SD and ends of the equal-tailed 95 % interval of draws."""

    mean: float
    sd: float
    low: float
    high: float

    @classmethod
    def of(cls, draws: Array) -> "Summed":
        """Summarise draws [draw]."""
        low, high = np.quantile(draws, [(1 - INTERVAL) / 2, (1 + INTERVAL) / 2])
        return cls(mean=float(draws.mean()), sd=float(draws.std()), low=float(low), high=float(high))


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class CohortEffect:
    """One contrast of a cohort, arm minus comparator.

    Attributes
    ----------
    outcome
        The outcome that was compared.
    arm, comparator
        Names of the two arms.
    average : in `outcome.contrast_unit`
        Effect on the person in the middle.
    spread : in `outcome.contrast_unit`
        SD of effects between people.
    gainers : 0 to 1
        Share of these people who gain the smallest worthwhile effect or more.
    next : in `outcome.contrast_unit`
        Effect on somebody new.
    next_better, next_worthwhile : 0 to 1
        Probability that somebody new has any gain, and a worthwhile one.
    people : [person]
        `mean`, `sd`, `low`, `high` and `p_worthwhile` of each person, informed by all the others; and `tried`,
        whether the person tried both arms.
    p_better, p_worthwhile, p_equivalent, p_worse : 0 to 1
        Probabilities of the average gain, as in `Effect`.
    verdict
        On the average.
    average_draws, spread_draws : [draw], in `outcome.contrast_unit`
        Posterior draws.
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
    def contrast(self) -> Contrast:
        """The two arms that are compared."""
        return Contrast(self.arm, self.comparator)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class CohortEffects:
    """All contrasts of a cohort, and the problems that forbid a verdict.

    Attributes
    ----------
    outcome : Outcome
        The outcome that was compared.
    contrasts : tuple of CohortEffect
        Every arm against the reference, then the further contrasts.
    problems : tuple of Problem
        What forbids a verdict, one sentence each; empty where nothing does.
    sound : bool
        False where the draws themselves cannot be trusted, so that no number of them may be shown.

    Examples
    --------
    `cohort_fit` is that of `fit_cohort`'s example, of three people.

    >>> import n1trial
    >>> cohort_effects = n1trial.estimate_cohort(cohort_fit)
    >>> [str(effect.contrast) for effect in cohort_effects.contrasts]
    ['glycine vs none']
    >>> len(cohort_effects.people)
    3
    """

    outcome: Outcome
    contrasts: tuple[CohortEffect, ...]
    problems: tuple[Problem, ...] = ()
    sound: bool = True

    @property
    def table(self) -> pd.DataFrame:
        """One row a contrast, with the columns of `cohort.csv`."""
        return pd.DataFrame(
            [
                {"outcome": self.outcome.name, "contrast": str(effect.contrast)}
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
                effect.people.rename_axis("person").reset_index().assign(contrast=str(effect.contrast))
                for effect in self.contrasts
            ],
            ignore_index=True,
        )
