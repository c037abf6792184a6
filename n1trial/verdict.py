"""What the chances of an effect amount to, by the thresholds that the protocol fixed before the data.

A gain is an effect with its sign turned so that positive is better.
"""

from dataclasses import dataclass
from typing import Literal, Self

import numpy as np
import numpy.typing as npt
import scipy

from n1trial.protocol import VerdictRule

INTERVAL = 0.95
INTERVAL_KIND = "equal-tailed"
SETTLE_AT_MOST_NIGHTS = 730
SETTLED = 0.7

type Verdict = Literal[
    "worth it", "worse", "no difference that matters", "no worthwhile gain", "can't tell yet", "no verdict"
]


type Numbers = float | npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Chances:
    """Posterior chances of a gain, 0 to 1, against the smallest worthwhile effect: one, or an array of them."""

    better: Numbers
    worthwhile: Numbers
    equivalent: Numbers
    much_worse: Numbers

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
    def gaussian(cls, mean: Numbers, sd: Numbers, mid: float) -> Self:
        """The same for Gaussian posteriors of the gain."""
        # Called by its full name, a part of SciPy is loaded when it is first used.
        ndtr = scipy.special.ndtr
        worthwhile, much_worse = ndtr((mean - mid) / sd), ndtr((-mid - mean) / sd)
        return cls(
            better=ndtr(mean / sd),
            worthwhile=worthwhile,
            equivalent=1 - worthwhile - much_worse,
            much_worse=much_worse,
        )


def verdicts_met(
    chances: Chances, *, sd_ratio: Numbers, rule: VerdictRule
) -> dict[Verdict, npt.NDArray[np.bool]]:
    """Which rules are met, in the order in which they count.

    Parameters
    ----------
    sd_ratio
        Posterior SD over prior SD: both verdicts of "no" need nights that taught something. With one wake
        episode a night, the prior alone holds a difference that matters for almost impossible.
    """
    better, worthwhile = np.asarray(chances.better), np.asarray(chances.worthwhile)
    taught = np.asarray(sd_ratio) <= rule.no_gain_sd_ratio
    return {
        "worth it": (better >= rule.worth_it_p_better) & (worthwhile >= rule.worth_it_p_worthwhile),
        "worse": (1 - better >= rule.worse_p_worse)
        & (np.asarray(chances.much_worse) >= rule.worse_p_much_worse),
        "no difference that matters": (np.asarray(chances.equivalent) >= rule.no_difference_p_equivalent)
        & taught,
        "no worthwhile gain": (worthwhile <= rule.no_gain_p_worthwhile) & taught,
    }


def verdict_of(chances: Chances, *, sd_ratio: float, rule: VerdictRule) -> Verdict:
    """What the chances amount to, by the thresholds of the protocol; first match wins."""
    met = verdicts_met(chances, sd_ratio=sd_ratio, rule=rule)
    return next((verdict for verdict, holds in met.items() if holds), "can't tell yet")


def decided(chances: Chances, *, sd_ratio: float, rule: VerdictRule) -> npt.NDArray[np.bool]:
    """Whether any rule is met, for arrays of chances."""
    return np.any(list(verdicts_met(chances, sd_ratio=sd_ratio, rule=rule).values()), axis=0)


def settle_nights(
    mean: float,
    sd: float,
    *,
    lengths: npt.NDArray[np.int64],
    sds: npt.NDArray[np.float64],
    prior_sd: float,
    mid: float,
    rule: VerdictRule,
) -> int | None:
    """Length in analysed nights of a trial like this one that would probably reach a verdict.

    The shortest trial, in whole weeks, whose chance of any verdict but "can't tell yet" is `SETTLED` or more,
    given what is known now. Where the mean will lie after n nights is Gaussian around the mean of today,
    with the variance that those nights remove (the preposterior distribution, Raiffa & Schlaifer 1961).
    None: no trial of up to two years would do.

    Parameters
    ----------
    mean, sd, prior_sd
        Posterior mean and SD of the gain, and SD of its prior, in the contrast unit.
    lengths, sds : [length]
        Nights of longer and longer trials, the present one first, and the posterior SDs that they leave;
        between them information (1/SD²) is taken as even in the nights.
    """
    standard_normal = scipy.special.ndtri((np.arange(400) + 0.5) / 400)
    weeks = np.arange(7 * (int(lengths[0]) // 7 + 1), SETTLE_AT_MOST_NIGHTS + 1, 7)
    # The present SD is the sampler's, so what longer trials leave is taken relative to it
    then_sds = sd * np.interp(weeks, lengths, (sds[0] / sds) ** 2) ** -0.5
    for longer, then_sd in zip(weeks[weeks <= lengths[-1]], then_sds, strict=False):
        then_means = mean + float(np.sqrt(max(sd**2 - then_sd**2, 0.0))) * standard_normal
        then = Chances.gaussian(then_means, float(then_sd), mid)
        if float(np.mean(decided(then, sd_ratio=float(then_sd) / prior_sd, rule=rule))) >= SETTLED:
            return int(longer)
    return None


def even_information(
    sd: float, *, nights: int, prior_sd: float
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.float64]]:
    """Lengths and SDs for `settle_nights` where every night tells as much as those so far did.

    What the nights so far have told is what narrowed the prior. It is too hopeful where periods differ, and
    serves where nothing better is known.
    """
    lengths = np.arange(nights, 2 * SETTLE_AT_MOST_NIGHTS, 7, dtype=np.int64)
    per_night = max(sd**-2 - prior_sd**-2, 0.0) / nights
    return lengths, np.asarray((per_night * lengths + prior_sd**-2) ** -0.5, dtype=np.float64)
