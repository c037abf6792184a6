"""The verdict on an effect from its posterior probabilities, by the thresholds of the protocol.

A gain is an effect with its sign turned so that positive is better.
"""

from dataclasses import dataclass
from typing import Literal, Self

import numpy as np
import numpy.typing as npt
import scipy

from n1trial.design.outcomes import Outcome
from n1trial.design.protocol import VerdictRule

INTERVAL = 0.95
INTERVAL_KIND = "equal-tailed"
SETTLE_AT_MOST_NIGHTS = 730
SETTLED = 0.7
# Where a schedule shows a lesser share of an effect that builds up slowly, "no" holds for the period alone.
LEAST_RECOVERED = 0.8

type Verdict = Literal[
    "worth it",
    "worse",
    "no difference that matters",
    "no worthwhile gain",
    "no gain within a period",
    "can't tell yet",
    "no verdict",
]
SAYS_NO: tuple[Verdict, ...] = ("no difference that matters", "no worthwhile gain")

type ProblemKind = Literal[
    "sampler", "arms hidden", "too few nights", "not kept", "confounded", "too few people"
]


@dataclass(frozen=True, slots=True)
class Problem:
    """What forbids a verdict; `str` of it is the sentence, without its end.

    Attributes
    ----------
    kind
        What is wrong: no reader has to guess it from the sentence.
    words
        The sentence; with `names`, a `{}` stands in it for each of them.
    names
        What arms and columns of the trial are called in it, in order. They are kept apart from the program's own
        words, so that a copy to share can call them otherwise and leaves every other word as it is.
    """

    kind: ProblemKind
    words: str
    names: tuple[str, ...] = ()

    def __str__(self) -> str:
        """The sentence."""
        return self.words.format(*self.names) if self.names else self.words


class Reason(str):
    """Why an answer is less certain, in the program's own words: none of them a name or another word of a person's."""

    __slots__ = ()


type Numbers = float | npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Chances:
    """Posterior probabilities of a gain, 0 to 1, against the smallest worthwhile effect: one each, or an array.

    Attributes
    ----------
    better
        Of any gain.
    worthwhile
        Of a gain of the smallest worthwhile effect or more.
    equivalent
        Of a change, either way, of less than that.
    much_worse
        Of a loss as large as that, or larger.
    """

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


@dataclass(frozen=True, slots=True, kw_only=True)
class NightsAlone:
    """The evidence of the nights without the prior, which both verdicts of "no" need.

    A prior that expects small effects makes a worthwhile one unlikely before the first night, and few nights leave
    it so.

    Attributes
    ----------
    worthwhile, much_worse : 0 to 1
        Probabilities of a gain, and of a loss, of `mid` or more under a flat prior.
    sd_ratio : 0 to 1
        Posterior SD over the prior's.
    """

    worthwhile: Numbers
    much_worse: Numbers
    sd_ratio: Numbers

    @classmethod
    def of(
        cls, mean: Numbers, sd: Numbers, *, prior_sd: Numbers, mid: Numbers, loss: Numbers | None = None
    ) -> Self:
        """Remove a Gaussian prior around 0 from a posterior that is nearly Gaussian.

        Parameters
        ----------
        mean, sd
            Posterior mean and SD of the gain, on the scale on which the prior is Gaussian.
        prior_sd
            SD of its prior.
        mid, loss
            Smallest worthwhile gain, and the loss that is as large, on that scale; by default the same.
        """
        ndtr = scipy.special.ndtr
        ratio = np.asarray(sd, dtype=float) / np.asarray(prior_sd, dtype=float)
        # Share of the posterior's precision that comes from the nights; at 0 everything is open.
        taught = np.clip(1 - ratio**2, 1e-9, None)
        centre, spread = np.asarray(mean) / taught, np.asarray(sd) / np.sqrt(taught)
        return cls(
            worthwhile=ndtr((centre - mid) / spread),
            much_worse=ndtr((-(mid if loss is None else loss) - centre) / spread),
            sd_ratio=ratio,
        )

    @classmethod
    def of_counts(
        cls, log_ratio: Numbers, sd: Numbers, *, prior_sd: Numbers, outcome: Outcome, usual: float
    ) -> Self:
        """The same of counts, on the log scale, where their prior is Gaussian.

        Parameters
        ----------
        log_ratio, sd, prior_sd
            Posterior mean and SD of the log rate ratio, and SD of its prior.
        usual
            Mean count of a night on the comparator, from which a change is counted.
        """
        fall, rise = outcome.log_mid(usual)
        gain, loss = (fall, rise) if outcome.better == "lower" else (rise, fall)
        return cls.of(outcome.sign * np.asarray(log_ratio), sd, prior_sd=prior_sd, mid=gain, loss=loss)


def contrast_prior_sd(prior_sd: float, *, against_reference: bool) -> float:
    """Prior SD of a contrast: two arms, each with a prior of its own, differ by √2 of it a priori."""
    return prior_sd if against_reference else prior_sd * 2**0.5


def verdicts_met(
    chances: Chances, *, alone: NightsAlone, rule: VerdictRule
) -> dict[Verdict, npt.NDArray[np.bool]]:
    """Which rules are met, in the order in which they count.

    Both verdicts of "no" need nights that rule out a worthwhile gain without the prior's help, "no difference" a
    loss of the same size too.
    """
    better, worthwhile = np.asarray(chances.better), np.asarray(chances.worthwhile)
    taught = np.asarray(alone.sd_ratio) <= rule.no_gain_sd_ratio
    no_gain = taught & (np.asarray(alone.worthwhile) <= rule.no_p_nights_alone)
    no_loss = np.asarray(alone.much_worse) <= rule.no_p_nights_alone
    return {
        "worth it": (better >= rule.worth_it_p_better) & (worthwhile >= rule.worth_it_p_worthwhile),
        "worse": (1 - better >= rule.worse_p_worse)
        & (np.asarray(chances.much_worse) >= rule.worse_p_much_worse),
        "no difference that matters": (np.asarray(chances.equivalent) >= rule.no_difference_p_equivalent)
        & no_gain
        & no_loss,
        "no worthwhile gain": (worthwhile <= rule.no_gain_p_worthwhile) & no_gain,
    }


def verdict_of(chances: Chances, *, alone: NightsAlone, rule: VerdictRule) -> Verdict:
    """The verdict by the thresholds of the protocol; first match wins."""
    met = verdicts_met(chances, alone=alone, rule=rule)
    return next((verdict for verdict, holds in met.items() if holds), "can't tell yet")


def within_a_period(verdict: Verdict, *, recovered: float) -> Verdict:
    """The verdict where the schedule shows only this share of a steady effect: a "no" then is of the period alone."""
    return "no gain within a period" if verdict in SAYS_NO and recovered < LEAST_RECOVERED else verdict


def decided(chances: Chances, *, alone: NightsAlone, rule: VerdictRule) -> npt.NDArray[np.bool]:
    """Whether any rule is met, for arrays of chances."""
    return np.any(list(verdicts_met(chances, alone=alone, rule=rule).values()), axis=0)


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
        alone = NightsAlone.of(then_means, float(then_sd), prior_sd=prior_sd, mid=mid)
        if float(np.mean(decided(then, alone=alone, rule=rule))) >= SETTLED:
            return int(longer)
    return None


def even_information(
    sd: float, *, nights: int, prior_sd: float
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.float64]]:
    """Lengths and SDs for `settle_nights` where every night is as informative as those so far.

    Their information is by how much they narrowed the prior. Too optimistic where periods differ: only for where
    nothing better is known.
    """
    lengths = np.arange(nights, 2 * SETTLE_AT_MOST_NIGHTS, 7, dtype=np.int64)
    per_night = max(sd**-2 - prior_sd**-2, 0.0) / nights
    return lengths, np.asarray((per_night * lengths + prior_sd**-2) ** -0.5, dtype=np.float64)
