"""What the mean of sleep time does not show: bad nights on every arm, and the typical night.

Two arms with the same mean may differ in how often nights are very short and in how long ordinary nights are.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from n1trial.data.trial_data import RESTS_ON, TrialData, bad_nights_of
from n1trial.design.contrast import Contrast
from n1trial.design.outcomes import BAD_NIGHTS, Outcome
from n1trial.design.verdict import INTERVAL, Verdict
from n1trial.errors import AnalysisError
from n1trial.inference.inla.bad_nights import fit_bad_nights
from n1trial.inference.inla.bad_nights_posterior import BadNightsFit
from n1trial.inference.inla.typical import fit_typical_night


@dataclass(frozen=True, slots=True, kw_only=True)
class ArmNights:
    """Analysed nights of an arm: how many, how many of them bad, and their median in minutes."""

    nights: int
    bad: int
    middle_min: float


@dataclass(frozen=True, slots=True, kw_only=True)
class BadNightsChange:
    """Bad nights on an arm minus those on its comparator, of 100 nights, with a 95 % interval.

    `odds_ratio` is the posterior median of the odds ratio and its interval, `p_fewer` the posterior probability of
    fewer.
    """

    mean: float
    low: float
    high: float
    odds_ratio: tuple[float, float, float]
    p_fewer: float
    verdict: Verdict


@dataclass(frozen=True, slots=True, kw_only=True)
class TypicalChange:
    """The typical night on an arm minus that on its comparator, in minutes, with a 95 % interval."""

    mean: float
    low: float
    high: float


@dataclass(frozen=True, slots=True, kw_only=True)
class SleepDistribution:
    """Sleep time beyond its mean.

    Attributes
    ----------
    limit_min : int
        Minutes under which a night is bad.
    arms : Mapping of str to ArmNights
        Counts of every arm, by name.
    bad : Mapping of Contrast to BadNightsChange
        Without pairs of arms neither of which had a bad night.
    typical : Mapping of Contrast to TypicalChange
        Empty where so many nights are equal that Student-t nights have no scale.
    """

    limit_min: int
    arms: Mapping[str, ArmNights]
    bad: Mapping[Contrast, BadNightsChange]
    typical: Mapping[Contrast, TypicalChange]


def sleep_distribution(data: TrialData, outcome: Outcome) -> SleepDistribution | None:
    """Bad nights and the typical night, where the outcome is the sleep time of single nights; None elsewhere."""
    if not outcome.measure.whole_sleep or RESTS_ON in data.table:
        return None
    nights = data.analysed(outcome)
    bad = bad_nights_of(data).analysed(BAD_NIGHTS).groupby("arm")[BAD_NIGHTS.name].sum()
    middle = nights.groupby("arm")[outcome.name].median()
    return SleepDistribution(
        limit_min=data.bad_night_minutes,
        arms={
            arm: ArmNights(
                nights=int((nights["arm"] == arm).sum()), bad=int(bad[arm]), middle_min=float(middle[arm])
            )
            for arm in data.arms
        },
        bad=_bad_nights(data),
        typical=_typical(data, outcome),
    )


def _bad_nights(data: TrialData) -> dict[Contrast, BadNightsChange]:
    try:
        fit = fit_bad_nights(data)
    except AnalysisError:
        # No night is bad, or all are.
        return {}
    bad = dict(zip(fit.arms, fit.bad, strict=True))
    return {
        contrast: _change(fit, contrast, data)
        for contrast in data.contrasts
        if any(bad[arm] for arm in contrast.arms)
    }


def _change(fit: BadNightsFit, contrast: Contrast, data: TrialData) -> BadNightsChange:
    change = fit.contrast(*contrast.arms)
    low, high = change.interval
    return BadNightsChange(
        mean=change.mean,
        low=low,
        high=high,
        odds_ratio=change.odds_ratio,
        p_fewer=change.p_fewer,
        verdict=change.verdict(data.rule),
    )


def _typical(data: TrialData, outcome: Outcome) -> dict[Contrast, TypicalChange]:
    try:
        fit = fit_typical_night(data, outcome)
    except AnalysisError:
        return {}
    changes = {}
    for contrast in data.contrasts:
        change = fit.contrast(*contrast.arms)
        low, high = change.interval(INTERVAL)
        changes[contrast] = TypicalChange(mean=change.mean, low=low, high=high)
    return changes
