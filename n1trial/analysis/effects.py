"""Posterior draws become contrasts, intervals, probabilities and a verdict, all as data.

Every effect is kept in the outcome's contrast unit, arm minus comparator. Probabilities and the verdict are
about the gain, which is the effect with its sign turned so that positive is better.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
import pandas as pd

from n1trial.analysis.certainty import Certainty, certainty_of
from n1trial.analysis.contrasts import better_nights, contrast_draws, nights_alone
from n1trial.analysis.problems import problems_of
from n1trial.analysis.required_nights import longer_trials
from n1trial.data.trial_data import TrialData
from n1trial.design.contrast import Contrast
from n1trial.design.outcomes import Outcome
from n1trial.design.verdict import INTERVAL as INTERVAL
from n1trial.design.verdict import (
    Chances,
    Problem,
    Verdict,
    contrast_prior_sd,
    settle_nights,
    verdict_of,
    within_a_period,
)
from n1trial.inference.fit import Fit
from n1trial.inference.inla import SleepDistribution, Steady, sleep_distribution, steady_effects
from n1trial.markup.html_repr import card, line
from n1trial.markup.text import as_written
from n1trial.system.arrays import Array

type Reason = Literal["prior", "weekday", "trend", "weeks", "odd nights", "together"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Conflict:
    """A simpler analysis of the same nights that gives another answer, and why the two differ.

    Attributes
    ----------
    whose
        The other analysis.
    estimate : float, in `outcome.contrast_unit`
        Its estimate of the effect.
    reason
        The part of the model, or the odd nights, without which the two come closest; "together": no single one.
    """

    whose: Literal["plain means", "period means"]
    estimate: float
    reason: Reason


@dataclass(frozen=True, slots=True, kw_only=True)
class Effect:
    """One contrast of one outcome: arm minus comparator.

    Attributes
    ----------
    outcome : Outcome
        The outcome that was compared.
    arm, comparator : str
        Names of the two arms.
    mean, sd : float, in `outcome.contrast_unit`
        Posterior mean and SD of the effect.
    low, high : float, in `outcome.contrast_unit`
        Ends of the equal-tailed 95 % interval.
    p_better : float, 0 to 1
        Probability of any gain.
    p_worthwhile : float, 0 to 1
        Probability of a gain of `outcome.mid`, the smallest worthwhile effect, or more.
    p_equivalent : float, 0 to 1
        Probability of less than `outcome.mid` either way.
    p_worse : float, 0 to 1
        Probability of a loss of `outcome.mid` or more.
    better_nights : float, 0 to 1, or None
        Probability that one night on the arm beats one night on the comparator; None for counts.
    verdict : str
        The verdict in words, such as "can't tell yet".
    certainty : str
        "high", "moderate", "low" or "very low".
    reasons : tuple of str
        Why the certainty is not high, a step down for each.
    settle_nights : int or None, in nights
        Length of a trial that would decide; None where these nights decide, or none of up to two years would.
    draws : ndarray [draw], in `outcome.contrast_unit`
        The posterior.
    steady : Steady or None
        What the dose does once its effect has built up, where the schedule shows too little of that.
    conflict : Conflict or None
        What plain or period means say, where they say something else.

    Examples
    --------
    `effects` are those of `estimate_effects`'s example.

    >>> effect = effects.contrasts[0]
    >>> str(effect.contrast)
    'glycine vs none'
    >>> effect.low < effect.mean < effect.high
    True
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
    draws: Array
    steady: Steady | None = None
    conflict: Conflict | None = None

    def __repr__(self) -> str:
        interval = f"{self.low:.3g} to {self.high:.3g}"
        return line(
            str(self.contrast), {"mean": f"{self.mean:.3g}", "interval": interval, "verdict": self.verdict}
        )

    @property
    def contrast(self) -> Contrast:
        """The two arms that are compared."""
        return Contrast(self.arm, self.comparator)


@dataclass(frozen=True, slots=True, kw_only=True)
class Effects:
    """All contrasts of one outcome, and the problems that forbid a verdict.

    Attributes
    ----------
    outcome : Outcome
        The outcome that was compared.
    contrasts : tuple of Effect
        Every arm against the reference, then the further contrasts that the trial names.
    problems : tuple of Problem
        What forbids a verdict, one sentence each; empty where nothing does.
    distribution : SleepDistribution or None
        What the mean does not show of sleep time; None for other outcomes, and where there is no verdict.

    Examples
    --------
    `effects` are those of `estimate_effects`'s example.

    >>> [str(effect.contrast) for effect in effects.contrasts]
    ['glycine vs none']
    >>> list(effects.table.columns[:4])
    ['outcome', 'contrast', 'mean', 'sd']
    """

    outcome: Outcome
    contrasts: tuple[Effect, ...]
    problems: tuple[Problem, ...] = ()
    distribution: SleepDistribution | None = None

    @property
    def table(self) -> pd.DataFrame:
        """One row a contrast, with the columns of `effects.csv`."""
        summary = ("mean", "sd", "low", "high")
        probabilities = ("p_better", "p_worthwhile", "p_equivalent", "p_worse")
        return pd.DataFrame(
            [
                {"outcome": self.outcome.name, "contrast": str(effect.contrast)}
                | {name: getattr(effect, name) for name in summary}
                | {"ci_prob": INTERVAL}
                | {name: getattr(effect, name) for name in probabilities}
                | {"verdict": effect.verdict, "certainty": effect.certainty}
                for effect in self.contrasts
            ]
        )

    def __repr__(self) -> str:
        verdicts = {str(effect.contrast): effect.verdict for effect in self.contrasts}
        return line(f"Effects on {self.outcome.label}", verdicts)

    def _repr_html_(self) -> str:
        facts = {"unit": self.outcome.contrast_unit, "worth having": as_written(self.outcome.mid)}
        problems = {"no verdict": "; ".join(map(str, self.problems))} if self.problems else {}
        return card(f"Effects on {self.outcome.label}", facts | problems, self.table.drop(columns="outcome"))


def estimate_effects(fit: Fit, data: TrialData) -> Effects:
    """Contrast every arm with its comparator, and give a verdict on each.

    A fit with problems gives "no verdict" for every contrast.

    Parameters
    ----------
    fit : Fit
        Posterior of one outcome.
    data : TrialData
        The trial that was fitted. Its `rule` says when a verdict is given.

    Returns
    -------
    Effects
        One contrast for each of `data.contrasts`, in that order.

    Examples
    --------
    `data` and `fit` are those of `fit_model`'s example.

    >>> import n1trial
    >>> effects = n1trial.estimate_effects(fit, data)
    >>> str(effects.contrasts[0].contrast)
    'glycine vs none'
    """
    contrasts = tuple(_effect(fit, data, contrast) for contrast in data.contrasts)
    problems = problems_of(fit, data)
    if problems:
        refused = tuple(replace(effect, verdict="no verdict") for effect in contrasts)
        return Effects(outcome=fit.outcome, contrasts=refused, problems=problems)
    return Effects(
        outcome=fit.outcome,
        contrasts=_with_settle_nights(_with_steady(contrasts, data), fit, data),
        distribution=sleep_distribution(data, fit.outcome),
    )


def _with_steady(effects: tuple[Effect, ...], data: TrialData) -> tuple[Effect, ...]:
    """The same effects; where the schedule shows too little of what builds up, a "no" is one of the period alone."""
    by_contrast = steady_effects(data, effects[0].outcome)
    return tuple(
        replace(effect, steady=steady, verdict=within_a_period(effect.verdict, recovered=steady.recovered))
        if (steady := by_contrast.get(effect.contrast))
        else effect
        for effect in effects
    )


def _effect(fit: Fit, data: TrialData, contrast: Contrast) -> Effect:
    outcome = fit.outcome
    draws = contrast_draws(fit.posterior, data, outcome, contrast)
    gain = outcome.sign * draws
    low, high = np.quantile(draws, [(1 - INTERVAL) / 2, (1 + INTERVAL) / 2])
    probabilities = Chances.of(gain, outcome.mid)
    mean, sd = float(draws.mean()), float(draws.std())
    alone = nights_alone(fit, data, contrast, mean=mean, sd=sd)
    verdict = verdict_of(probabilities, alone=alone, rule=data.rule)
    certainty, reasons = certainty_of(fit, data, contrast, probabilities, verdict)
    return Effect(
        outcome=outcome,
        arm=contrast.arm,
        comparator=contrast.comparator,
        mean=mean,
        sd=sd,
        low=float(low),
        high=float(high),
        p_better=float(probabilities.better),
        p_worthwhile=float(probabilities.worthwhile),
        p_equivalent=float(probabilities.equivalent),
        p_worse=float(probabilities.much_worse),
        better_nights=better_nights(fit, draws),
        verdict=verdict,
        certainty=certainty,
        reasons=reasons,
        settle_nights=None,
        draws=draws,
    )


def _with_settle_nights(effects: tuple[Effect, ...], fit: Fit, data: TrialData) -> tuple[Effect, ...]:
    """The same effects, with the length of a trial that would decide where these nights cannot tell yet."""
    undecided = [each for each in effects if each.verdict == "can't tell yet" and each.sd < fit.prior_sd]
    if not undecided:
        return effects
    longer = longer_trials(
        [effect.contrast for effect in undecided], [effect.sd for effect in undecided], fit, data
    )
    nights = {
        effect.contrast: settle_nights(
            fit.outcome.sign * effect.mean,
            effect.sd,
            lengths=lengths,
            sds=sds,
            prior_sd=contrast_prior_sd(
                fit.prior_sd, against_reference=data.reference in effect.contrast.arms
            ),
            mid=fit.outcome.mid,
            rule=data.rule,
        )
        for effect, (lengths, sds) in zip(undecided, longer, strict=True)
    }
    return tuple(replace(effect, settle_nights=nights.get(effect.contrast)) for effect in effects)
