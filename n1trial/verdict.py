"""What the chances of an effect amount to, by the thresholds that the protocol fixed before the data.

A gain is an effect with its sign turned so that positive is better.
"""

from dataclasses import dataclass
from typing import Literal, Self

import numpy as np
import numpy.typing as npt
from scipy.special import ndtr

from n1trial.protocol import VerdictRule

SETTLE_AT_MOST_NIGHTS = 730

type Verdict = Literal[
    "worth it", "worse", "no difference that matters", "no worthwhile gain", "can't tell yet", "no verdict"
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Chances:
    """Posterior chances of a gain, 0 to 1, against the smallest worthwhile effect."""

    better: float
    worthwhile: float
    equivalent: float
    much_worse: float

    @classmethod
    def of(cls, gain: npt.NDArray[np.float64], mid: float) -> Self:
        """Count draws [draw] of the gain."""
        return cls(
            better=float((gain > 0).mean()),
            worthwhile=float((gain >= mid).mean()),
            equivalent=float((np.abs(gain) < mid).mean()),
            much_worse=float((gain <= -mid).mean()),
        )

    @classmethod
    def gaussian(cls, mean: float, sd: float, mid: float) -> Self:
        """The same for a Gaussian posterior of the gain."""
        worthwhile, much_worse = float(ndtr((mean - mid) / sd)), float(ndtr((-mid - mean) / sd))
        return cls(
            better=float(ndtr(mean / sd)),
            worthwhile=worthwhile,
            equivalent=1 - worthwhile - much_worse,
            much_worse=much_worse,
        )


def verdict_of(chances: Chances, *, sd_ratio: float, rule: VerdictRule) -> Verdict:
    """What the chances amount to, by the thresholds of the protocol; first match wins.

    Parameters
    ----------
    sd_ratio
        Posterior SD over prior SD: "no worthwhile gain" needs data that taught something.
    """
    if chances.better >= rule.worth_it_p_better and chances.worthwhile >= rule.worth_it_p_worthwhile:
        return "worth it"
    if 1 - chances.better >= rule.worse_p_worse and chances.much_worse >= rule.worse_p_much_worse:
        return "worse"
    if chances.equivalent >= rule.no_difference_p_equivalent:
        return "no difference that matters"
    if chances.worthwhile <= rule.no_gain_p_worthwhile and sd_ratio <= rule.no_gain_sd_ratio:
        return "no worthwhile gain"
    return "can't tell yet"


def settle_nights(
    mean: float, sd: float, *, nights: int, prior_sd: float, mid: float, rule: VerdictRule
) -> int | None:
    """Length in analysed nights of a trial like this one, going on as it went, that would reach a verdict.

    The information in a night is taken from how much this trial narrowed the prior, and the estimate is
    taken to stay where the nights alone put it. None: no trial of up to two years would decide.

    Parameters
    ----------
    mean, sd, prior_sd
        Posterior mean and SD of the gain, and SD of its prior (mean 0), in the contrast unit.
    nights
        Analysed nights so far.
    """
    if sd >= prior_sd:
        return None
    per_night = (sd**-2 - prior_sd**-2) / nights
    nights_alone = mean * sd**-2 / (per_night * nights)
    for longer in range(7 * (nights // 7 + 1), SETTLE_AT_MOST_NIGHTS + 1, 7):
        precision = per_night * longer + prior_sd**-2
        then_mean, then_sd = nights_alone * per_night * longer / precision, precision**-0.5
        then = Chances.gaussian(then_mean, then_sd, mid)
        if verdict_of(then, sd_ratio=then_sd / prior_sd, rule=rule) != "can't tell yet":
            return longer
    return None
