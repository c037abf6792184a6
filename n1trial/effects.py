"""From posterior draws to contrasts, intervals, chances and a verdict, all as data.

Every effect is kept in the outcome's contrast unit, arm minus comparator; chances and the verdict are
about the gain, which is the effect with its sign turned so that positive is better.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy import optimize, stats

from n1trial.fit import Fit
from n1trial.outcomes import Outcome
from n1trial.protocol import VerdictRule
from n1trial.trial import TrialData

INTERVAL = 0.95
INTERVAL_KIND = "equal-tailed"
SETTLE_AT_MOST_NIGHTS = 730

type Verdict = Literal[
    "worth it", "worse", "no difference that matters", "no worthwhile gain", "can't tell yet", "no verdict"
]
type Certainty = Literal["high", "moderate", "low", "very low"]
CERTAINTIES: tuple[Certainty, ...] = ("high", "moderate", "low", "very low")


@dataclass(frozen=True, slots=True, kw_only=True)
class Effect:
    """One contrast of one outcome: arm minus comparator.

    `mean`, `sd`, `low`, `high` are in `outcome.contrast_unit`; the chances are 0 to 1: `p_better` of any
    gain, `p_worthwhile` of a gain of `outcome.mid` or more, `p_equivalent` of less than `mid` either way,
    `p_worse` of a loss of `mid` or more. `better_nights` is the chance that one night on the arm beats one
    night on the comparator. `settle_nights` is the length of a trial that would decide, None if none of up
    to two years would. `draws` [draw] is the posterior.
    """

    outcome: Outcome
    arm: str
    comparator: str
    mean: float
    sd: float
    low: float
    high: float
    p_better: float
    p_worthwhile: float
    p_equivalent: float
    p_worse: float
    better_nights: float | None
    verdict: Verdict
    certainty: Certainty
    reasons: tuple[str, ...]
    settle_nights: int | None
    draws: npt.NDArray[np.float64]

    @property
    def contrast(self) -> str:
        """The contrast in words of the protocol, such as "glycine vs none"."""
        return f"{self.arm} vs {self.comparator}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Effects:
    """All contrasts of one outcome, and the problems that forbid a verdict."""

    outcome: Outcome
    contrasts: tuple[Effect, ...]
    problems: tuple[str, ...] = ()

    @property
    def table(self) -> pd.DataFrame:
        """One row a contrast, with the columns of `effects.csv`."""
        columns = ("mean", "sd", "low", "high")
        chances = ("p_better", "p_worthwhile", "p_equivalent", "p_worse")
        return pd.DataFrame(
            [
                {"outcome": self.outcome.name, "contrast": effect.contrast}
                | {name: getattr(effect, name) for name in columns}
                | {"ci_prob": INTERVAL}
                | {name: getattr(effect, name) for name in chances}
                | {"verdict": effect.verdict, "certainty": effect.certainty}
                for effect in self.contrasts
            ]
        )


def estimate_effects(fit: Fit, data: TrialData) -> Effects:
    """Contrast every arm with its comparator and say what follows.

    A fit with problems gives "no verdict" for every contrast.
    """
    contrasts = tuple(_effect(fit, data, arm, comparator) for arm, comparator in data.contrasts)
    problems = fit.problems + _design_problems(data, fit.outcome)
    if problems:
        contrasts = tuple(_without_verdict(effect) for effect in contrasts)
    return Effects(outcome=fit.outcome, contrasts=contrasts, problems=problems)
