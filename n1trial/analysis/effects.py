"""From posterior draws to contrasts, intervals, chances and a verdict, all as data.

Every effect is kept in the outcome's contrast unit, arm minus comparator; chances and the verdict are
about the gain, which is the effect with its sign turned so that positive is better.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

import numpy as np
import pandas as pd
import scipy

from n1trial.data.adherence import doses_kept
from n1trial.data.trial_data import TrialData
from n1trial.design.outcomes import Outcome
from n1trial.design.verdict import INTERVAL as INTERVAL
from n1trial.design.verdict import INTERVAL_KIND as INTERVAL_KIND
from n1trial.design.verdict import (
    SETTLE_AT_MOST_NIGHTS,
    Chances,
    NightsAlone,
    Verdict,
    contrast_prior_sd,
    even_information,
    settle_nights,
    verdict_of,
    within_a_period,
)
from n1trial.inference.aliasing import CALENDAR, aliases
from n1trial.inference.fit import Fit
from n1trial.inference.inla import (
    Priors,
    SleepDistribution,
    Steady,
    longer_sds,
    nights_of,
    sleep_distribution,
    steady_effects,
)
from n1trial.inference.inla.design import Codes
from n1trial.inference.model_matrix import Array, count_unit
from n1trial.markup.html_repr import card, line
from n1trial.markup.text import as_written

if TYPE_CHECKING:
    import xarray as xr

# With fewer doses as the schedule had them, it is no longer the schedule that is compared.
LEAST_KEPT = 0.5

type Certainty = Literal["high", "moderate", "low", "very low"]
CERTAINTIES: tuple[Certainty, ...] = ("high", "moderate", "low", "very low")


type Reason = Literal["prior", "weekday", "trend", "weeks", "odd nights", "together"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Conflict:
    """Another answer of the same nights: whose, its estimate in `outcome.contrast_unit`, and why the two differ.

    The reason is a part of the model, or the odd nights, without which they come closest; "together": no single one.
    """

    whose: Literal["plain means", "period means"]
    estimate: float
    reason: Reason


@dataclass(frozen=True, slots=True, kw_only=True)
class Effect:
    """One contrast of one outcome: arm minus comparator.

    `mean`, `sd`, `low`, `high` are in `outcome.contrast_unit`; the chances are 0 to 1: `p_better` of any
    gain, `p_worthwhile` of a gain of `outcome.mid` or more, `p_equivalent` of less than `mid` either way,
    `p_worse` of a loss of `mid` or more. `better_nights` is the chance that one night on the arm beats one
    night on the comparator. `settle_nights` is the length of a trial that would decide, None if none of up
    to two years would. `steady` is what the dose does once its effect has built up, where the schedule shows too
    little of that; None elsewhere. `conflict` is what plain means say where they say something else. `draws` [draw] is
    the posterior.
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
            self.contrast, {"mean": f"{self.mean:.3g}", "interval": interval, "verdict": self.verdict}
        )

    @property
    def contrast(self) -> str:
        """The contrast in words of the protocol, such as "glycine vs none"."""
        return f"{self.arm} vs {self.comparator}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Effects:
    """All contrasts of one outcome, and the problems that forbid a verdict.

    `distribution` is what the mean does not tell of sleep time; None for other outcomes, and where there is no verdict.
    """

    outcome: Outcome
    contrasts: tuple[Effect, ...]
    problems: tuple[str, ...] = ()
    distribution: SleepDistribution | None = None

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

    def __repr__(self) -> str:
        verdicts = {effect.contrast: effect.verdict for effect in self.contrasts}
        return line(f"Effects on {self.outcome.label}", verdicts)

    def _repr_html_(self) -> str:
        facts = {"unit": self.outcome.contrast_unit, "worth having": as_written(self.outcome.mid)}
        problems = {"no verdict": "; ".join(self.problems)} if self.problems else {}
        return card(f"Effects on {self.outcome.label}", facts | problems, self.table.drop(columns="outcome"))


def estimate_effects(fit: Fit, data: TrialData) -> Effects:
    """Contrast every arm with its comparator and say what follows.

    A fit with problems gives "no verdict" for every contrast.
    """
    contrasts = tuple(_effect(fit, data, arm, comparator) for arm, comparator in data.contrasts)
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
    steady = steady_effects(data, effects[0].outcome)
    return tuple(
        replace(
            each,
            steady=known,
            verdict=within_a_period(each.verdict, recovered=known.recovered),
        )
        if (known := steady.get((each.arm, each.comparator)))
        else each
        for each in effects
    )


def problems_of(fit: Fit, data: TrialData) -> tuple[str, ...]:
    """What forbids a verdict, one sentence each: of the sampler, and of the design as it was lived."""
    return fit.problems + _design_problems(data, fit.outcome)


def _effect(fit: Fit, data: TrialData, arm: str, comparator: str) -> Effect:
    outcome = fit.outcome
    draws = contrast_draws(fit.posterior, data, outcome, arm, comparator)
    gain = outcome.sign * draws
    low, high = np.quantile(draws, [(1 - INTERVAL) / 2, (1 + INTERVAL) / 2])
    chances = Chances.of(gain, outcome.mid)
    mean, sd = float(draws.mean()), float(draws.std())
    alone = _nights_alone(fit, data, arm, comparator, mean=mean, sd=sd)
    verdict = verdict_of(chances, alone=alone, rule=data.rule)
    certainty, reasons = _certainty(fit, data, arm, comparator, chances, verdict)
    return Effect(
        outcome=outcome,
        arm=arm,
        comparator=comparator,
        mean=mean,
        sd=sd,
        low=float(low),
        high=float(high),
        p_better=float(chances.better),
        p_worthwhile=float(chances.worthwhile),
        p_equivalent=float(chances.equivalent),
        p_worse=float(chances.much_worse),
        better_nights=_better_nights(fit, draws),
        verdict=verdict,
        certainty=certainty,
        reasons=reasons,
        settle_nights=None,
        draws=draws,
    )


def _nights_alone(
    fit: Fit, data: TrialData, arm: str, comparator: str, *, mean: float, sd: float
) -> NightsAlone:
    """What the nights say of a contrast without the prior; of counts on the log scale, where theirs is Gaussian."""
    outcome = fit.outcome
    to_reference = data.reference in (arm, comparator)
    prior_sd = contrast_prior_sd(fit.prior_sd, against_reference=to_reference)
    if outcome.kind != "count" or "delta" not in fit.posterior:
        return NightsAlone.of(outcome.sign * mean, sd, prior_sd=prior_sd, mid=outcome.mid)
    log_ratio = _against_reference(fit.posterior, data, "delta", arm) - _against_reference(
        fit.posterior, data, "delta", comparator
    )
    return NightsAlone.of_counts(
        float(log_ratio.mean()),
        float(log_ratio.std()),
        prior_sd=prior_sd / count_unit(data, outcome),
        outcome=outcome,
        usual=_rate_on(fit, data, comparator),
    )


def _rate_on(fit: Fit, data: TrialData, arm: str) -> float:
    """About how many wakes a night there are on an arm."""
    of_arm = data.analysed(fit.outcome)["arm"]
    averaged = sum(
        float((of_arm == each).mean()) * _against_reference(fit.posterior, data, "delta", each).mean()
        for each in data.treatments
    )
    level = float(fit.posterior["level_wakes" if "level_wakes" in fit.posterior else "level"].mean())
    on_arm = _against_reference(fit.posterior, data, "delta", arm).mean()
    return float(np.exp(level - averaged + on_arm))


def _against_reference(posterior: xr.Dataset, data: TrialData, variable: str, name: str) -> Array:
    """Draws [draw] of a variable of each arm against the reference; 0 for the reference itself."""
    if name == data.reference:
        return np.zeros(posterior.sizes["chain"] * posterior.sizes["draw"])
    return np.asarray(posterior[variable].sel(contrast=name).to_numpy(), dtype=float).ravel()


def contrast_draws(
    posterior: xr.Dataset, data: TrialData, outcome: Outcome, arm: str, comparator: str
) -> Array:
    """Draws [draw] of arm minus comparator, in the outcome's contrast unit."""
    ours, theirs = (_against_reference(posterior, data, "effect", name) for name in (arm, comparator))
    if outcome.scale == "percent":
        return 100.0 * ((1.0 + ours / 100.0) / (1.0 + theirs / 100.0) - 1.0)
    return ours - theirs


def _design_problems(data: TrialData, outcome: Outcome) -> tuple[str, ...]:
    """What forbids a verdict whatever the sampler did."""
    nights = data.analysed(outcome)
    periods = nights.groupby("arm")["period"].nunique()
    sealed = ("the arms are still hidden: open the key with n1trial unblind",) if data.sealed else ()
    # Where a coin was tossed for every night, each night is a period.
    counted = "night(s)" if data.drawn == "coin" else "period(s)"
    too_few = tuple(
        f"{data.labels[arm]}: {periods.get(arm, 0)} analysed {counted}, but a verdict needs 2 of every arm"
        for arm in data.arms
        if periods.get(arm, 0) < 2
    )
    confounded = tuple(
        alias.in_words(data.labels, reference=data.reference)
        for alias in aliases(data, outcome)
        # One period an arm is one after the other.
        if not (too_few and alias.other == CALENDAR)
    )
    not_kept = tuple(
        f"{data.labels[arm]}: as planned on {row.kept:.0f} of {row.answered} evenings in the diary, but a verdict"
        " needs half of them: the schedule was not kept, or the diary says so by mistake (look at its column taken)"
        for arm, row in zip(data.arms, doses_kept(data).itertuples(), strict=True)
        if row.kept < LEAST_KEPT * row.answered
    )
    return sealed + too_few + not_kept + confounded


def _certainty(
    fit: Fit, data: TrialData, arm: str, comparator: str, chances: Chances, verdict: Verdict
) -> tuple[Certainty, tuple[str, ...]]:
    """Certainty falls one step for every reason."""
    outcome = fit.outcome
    reasons = []
    if data.blinded is None:
        reasons.append("nothing says that the arms were hidden from you")
    elif not data.blinded:
        known = "what each evening asked of you" if data.habits else "what you were taking"
        reasons.append(f"you knew {known}")
    elif data.blind_broken:
        reasons.append("what was hidden from you came out before the end")
    if data.drawn == "none":
        reasons.append("the order was not drawn by lot")
    if data.peeked:
        reasons.append("you looked before the end")
    if data.blocks < 4:
        reasons.append(
            f"there were only {data.blocks} blocks" if data.blocks else "the arms were not in blocks"
        )
    missing = data.missing_share(outcome)
    if missing > 0.10:
        reasons.append(f"{missing:.0%} of the nights are missing")
    if "sceptical" in fit.variants:
        draws = contrast_draws(fit.variants["sceptical"], data, outcome, arm, comparator)
        sceptic = Chances.of(outcome.sign * draws, outcome.mid)
        # Near nothing the sign is a toss of the sampler's coin, so it counts where a direction is announced.
        announced = verdict in ("worth it", "worse")
        turned = announced and (sceptic.better > 0.5) != (chances.better > 0.5)
        if turned or (sceptic.worthwhile >= 0.5) != (chances.worthwhile >= 0.5):
            reasons.append("somebody who expected smaller effects would read these nights differently")
    return lowered("high", len(reasons)), tuple(reasons)


def lowered(certainty: Certainty, steps: int) -> Certainty:
    """The certainty so many steps down; "very low" is the floor."""
    return CERTAINTIES[min(CERTAINTIES.index(certainty) + steps, len(CERTAINTIES) - 1)]


def _better_nights(fit: Fit, draws: Array) -> float | None:
    """Chance that one night on the arm is better than one on the comparator, 0 to 1."""
    if "sigma" not in fit.posterior or fit.outcome.kind != "continuous":
        return None
    away = fit.outcome.sign * draws / (np.sqrt(2.0) * np.ravel(fit.posterior["sigma"].to_numpy()))
    if "nu" not in fit.posterior:
        return float(scipy.special.ndtr(away).mean())
    # The difference of two t nights is close to a t of the same ν; its centre is what matters here.
    return float(scipy.special.stdtr(np.ravel(fit.posterior["nu"].to_numpy()), away).mean())


def _with_settle_nights(effects: tuple[Effect, ...], fit: Fit, data: TrialData) -> tuple[Effect, ...]:
    """The same effects, with the length of a trial that would decide where these nights cannot tell yet."""
    undecided = [each for each in effects if each.verdict == "can't tell yet" and each.sd < fit.prior_sd]
    if not undecided:
        return effects
    nights = {
        each.contrast: settle_nights(
            fit.outcome.sign * each.mean,
            each.sd,
            lengths=lengths,
            sds=sds,
            prior_sd=contrast_prior_sd(
                fit.prior_sd, against_reference=data.reference in (each.arm, each.comparator)
            ),
            mid=fit.outcome.mid,
            rule=data.rule,
        )
        for each, (lengths, sds) in zip(undecided, _longer(undecided, fit, data), strict=True)
    }
    return tuple(replace(each, settle_nights=nights.get(each.contrast)) for each in effects)


def _longer(effects: Sequence[Effect], fit: Fit, data: TrialData) -> Iterator[tuple[Codes, Array]]:
    """Nights [length] of longer trials and the posterior SDs [length] of each effect after them."""
    if fit.outcome.kind == "count":
        for each in effects:
            yield even_information(each.sd, nights=fit.nights, prior_sd=fit.prior_sd)
        return
    design, y = nights_of(data, fit.outcome)
    # All at once: the further nights are the same ones for every contrast.
    lengths, sds = longer_sds(
        design,
        y,
        along=np.array(
            [
                [float(arm == each.arm) - float(arm == each.comparator) for arm in data.treatments]
                for each in effects
            ]
        ),
        priors=Priors().for_trial(data, fit.outcome).widened(data.prior_width),
        most_nights=SETTLE_AT_MOST_NIGHTS,
    )
    for of_one in sds.T:
        yield lengths, of_one
