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

from n1trial.adherence import doses_kept
from n1trial.columns import Array
from n1trial.fast import Priors, longer_sds, nights_of
from n1trial.fast.design import Codes
from n1trial.fit import Fit
from n1trial.outcomes import Outcome
from n1trial.show import card
from n1trial.trial import TrialData
from n1trial.verdict import INTERVAL as INTERVAL
from n1trial.verdict import INTERVAL_KIND as INTERVAL_KIND
from n1trial.verdict import (
    SETTLE_AT_MOST_NIGHTS,
    Chances,
    Verdict,
    even_information,
    settle_nights,
    verdict_of,
)

if TYPE_CHECKING:
    import xarray as xr

# With fewer doses as the schedule had them, it is no longer the schedule that is compared.
LEAST_KEPT = 0.5

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
    draws: Array

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

    def _repr_html_(self) -> str:
        facts = {"unit": self.outcome.contrast_unit, "worth having": f"{self.outcome.mid:g}"}
        problems = {"no verdict": "; ".join(self.problems)} if self.problems else {}
        return card(f"Effects on {self.outcome.label}", facts | problems, self.table.drop(columns="outcome"))


def estimate_effects(fit: Fit, data: TrialData) -> Effects:
    """Contrast every arm with its comparator and say what follows.

    A fit with problems gives "no verdict" for every contrast.
    """
    contrasts = tuple(_effect(fit, data, arm, comparator) for arm, comparator in data.contrasts)
    problems = problems_of(fit, data)
    if problems:
        contrasts = tuple(replace(effect, verdict="no verdict") for effect in contrasts)
    else:
        contrasts = _with_settle_nights(contrasts, fit, data)
    return Effects(outcome=fit.outcome, contrasts=contrasts, problems=problems)


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
    verdict = verdict_of(chances, sd_ratio=sd / fit.prior_sd, rule=data.rule)
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


def contrast_draws(
    posterior: xr.Dataset, data: TrialData, outcome: Outcome, arm: str, comparator: str
) -> Array:
    """Draws [draw] of arm minus comparator, in the outcome's contrast unit."""

    def against_reference(name: str) -> Array:
        if name == data.reference:
            return np.zeros(posterior.sizes["chain"] * posterior.sizes["draw"])
        return np.asarray(posterior["effect"].sel(contrast=name).to_numpy(), dtype=float).ravel()

    ours, theirs = against_reference(arm), against_reference(comparator)
    if outcome.scale == "percent":
        return 100.0 * ((1.0 + ours / 100.0) / (1.0 + theirs / 100.0) - 1.0)
    return ours - theirs


def _design_problems(data: TrialData, outcome: Outcome) -> tuple[str, ...]:
    """What forbids a verdict whatever the sampler did."""
    nights = data.analysed(outcome)
    periods = nights.groupby("arm")["period"].nunique()
    sealed = ("the arms are still hidden: open the key with n1trial unblind",) if data.sealed else ()
    too_few = tuple(
        f"{data.labels[arm]}: {periods.get(arm, 0)} analysed period(s), but a verdict needs 2 of every arm"
        for arm in data.arms
        if periods.get(arm, 0) < 2
    )
    not_kept = tuple(
        f"{data.labels[arm]}: as planned on {row.kept:.0f} of {row.answered} evenings in the diary, but a verdict"
        " needs half of them: the schedule was not kept"
        for arm, row in zip(data.arms, doses_kept(data).itertuples(), strict=True)
        if row.kept < LEAST_KEPT * row.answered
    )
    return sealed + too_few + not_kept


def _certainty(
    fit: Fit, data: TrialData, arm: str, comparator: str, chances: Chances, verdict: Verdict
) -> tuple[Certainty, tuple[str, ...]]:
    """Certainty falls one step for every reason."""
    outcome = fit.outcome
    reasons = []
    if data.blinded is None:
        reasons.append("nothing says that the arms were hidden from you")
    elif not data.blinded:
        reasons.append("you knew what you were taking")
    elif data.blind_broken:
        reasons.append("what was hidden from you came out before the end")
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
            reasons.append("a sceptic, starting from smaller effects, would read the nights differently")
    return lowered("high", len(reasons)), tuple(reasons)


def lowered(certainty: Certainty, steps: int) -> Certainty:
    """The certainty so many steps down; "very low" is the floor."""
    return CERTAINTIES[min(CERTAINTIES.index(certainty) + steps, len(CERTAINTIES) - 1)]


def _better_nights(fit: Fit, draws: Array) -> float | None:
    """Chance that one night on the arm is longer than one on the comparator, Student-t nights, 0 to 1."""
    if "sigma" not in fit.posterior or fit.outcome.kind != "continuous":
        return None
    spread = np.sqrt(2.0) * np.ravel(fit.posterior["sigma"].to_numpy())
    nu = np.ravel(fit.posterior["nu"].to_numpy())
    # The difference of two t nights is close to a t of the same ν; its centre is what matters here.
    return float(scipy.special.stdtr(nu, fit.outcome.sign * draws / spread).mean())


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
            prior_sd=fit.prior_sd,
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
        priors=Priors().for_nights(fit.outcome, y[design.analysed]),
        most_nights=SETTLE_AT_MOST_NIGHTS,
    )
    for of_one in sds.T:
        yield lengths, of_one
