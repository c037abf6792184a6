"""Operating characteristics of a design: width of the interval, and chance of each verdict by true effect."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
from scipy import stats

from n1trial.design.outcomes import Outcome
from n1trial.design.protocol import Looks, Protocol
from n1trial.design.verdict import INTERVAL, NightsAlone, Verdict, verdicts_met, within_a_period
from n1trial.inference.inla import ManyFits, Priors, fit_many
from n1trial.planning.carryover import recovered_by_arm
from n1trial.planning.night_variability import NightVariability
from n1trial.planning.simulated_nights import NIGHTS, Draws, draw_nights
from n1trial.system.arrays import Array, Codes
from n1trial.system.random_streams import stream

VERDICTS: tuple[Verdict, ...] = (
    "worth it",
    "worse",
    "no difference that matters",
    "no worthwhile gain",
    "no gain within a period",
    "can't tell yet",
)
CANT_TELL = len(VERDICTS) - 1
FIRST_LOOK_BLOCKS, LAST_LOOK_BLOCKS = 3, 8
NAIVE_LEVEL = 0.05
# Off by .02 posterior SD at most, far below the Monte Carlo error of a few hundred trials.
COARSE_POINTS = (2, 5, 2)


@dataclass(frozen=True, slots=True, kw_only=True)
class Share:
    """A probability estimated from simulated trials, 0 to 1, and its Monte Carlo standard error."""

    chance: float
    error: float

    @classmethod
    def of(cls, by_trial: Array) -> "Share":
        """Mean and standard error of shares [trial]; the error is at least that of half a trial."""
        trials = len(by_trial)
        spread = float(by_trial.std(ddof=1)) if trials > 1 else 0.5
        return cls(chance=float(by_trial.mean()), error=max(spread / trials**0.5, 0.5 / trials))


@dataclass(frozen=True, slots=True, kw_only=True)
class AtEffect:
    """Operating characteristics at one true effect.

    Attributes
    ----------
    gain
        True gain of every arm against the reference, in the outcome's contrast unit.
    verdicts : [verdict]
        Chance of each of `VERDICTS`, for one arm in one trial.
    alarmed
        Chance that a trial calls any arm worth it.
    naive, naive_any
        Chance that Welch's test on single nights finds one arm, or any arm, better at 5 % two-sided.
    stopped, stopped_alarmed
        As `verdicts` and `alarmed` where the trial may stop at an interim look; empty and None where it may not.
    stopped_nights
        Mean number of analysed nights where the trial may stop early; None where it may not.
    """

    gain: float
    verdicts: tuple[Share, ...]
    alarmed: Share
    naive: Share
    naive_any: Share
    stopped: tuple[Share, ...] = ()
    stopped_alarmed: Share | None = None
    stopped_nights: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Precision:
    """Precision of the contrast of an arm with the reference, in the contrast unit, as means over trials.

    Attributes
    ----------
    half_width
        Half the width of the interval.
    error
        Monte Carlo standard error of `half_width`.
    posterior_sd
        Posterior SD of the effect.
    """

    half_width: float
    error: float
    posterior_sd: float


def planned_looks(protocol: Protocol) -> Looks | None:
    """The protocol's interim looks; by default one after every block from the third to the eighth.

    None where the trial is too short for a look.
    """
    if protocol.looks is not None:
        return protocol.looks
    blocks = tuple(range(FIRST_LOOK_BLOCKS, min(protocol.design.blocks, LAST_LOOK_BLOCKS + 1)))
    return Looks(after_blocks=blocks, stop_when="decided") if blocks else None


def simulate_trials(
    variability: NightVariability,
    draws: Draws,
    protocol: Protocol,
    *,
    gains: Sequence[float],
    trials: int,
    seed: int,
    looks: Looks | None,
    threads: int | None = None,
) -> tuple[Precision, tuple[AtEffect, ...]]:
    """Simulate and analyse many trials and give their verdicts, with the same nights at every true effect.

    Parameters
    ----------
    variability
        How the person's nights vary.
    draws
        Draws of the schedule, which the trials use in turn.
    protocol
        Outcome, verdict rule and half-lives.
    gains
        True gains of every arm against the reference, in the outcome's contrast unit.
    trials
        Number of trials at every gain.
    seed
        Of the nights.
    looks
        Interim looks at which the trial may stop; None: none.
    threads
        Threads that fit; None: one a core.

    Returns
    -------
    The precision without an effect, and the operating characteristics at every gain.
    """
    outcome = protocol.primary
    recovered = recovered_by_arm(draws.schedules, protocol)
    nights, taken, arms = draw_nights(variability, draws, trials=trials, rng=stream(seed, NIGHTS))
    priors = Priors().scaled(outcome, mean=variability.level, sd=variability.night_sd)
    ends = [draws.block_ends[block - 1] for block in looks.after_blocks] if looks else []
    ends = [*ends, draws.design.nights]
    by_gain, precisions = [], []
    for gain in gains:
        acted = nights + outcome.sign * gain * taken * (arms > 0)
        fits = [
            fit_many(
                draws.design,
                np.where(np.arange(draws.design.nights) < end, acted, np.nan),
                arm=arms,
                contrasts=_every_pair(len(draws.design.arms) - 1),
                thresholds=(-outcome.mid, 0.0, outcome.mid),
                priors=priors,
                points=COARSE_POINTS,
                threads=threads,
            )
            for end in ends
        ]
        codes = [
            verdict_codes(
                _rules_met(fit, protocol, draws, priors), arms=draws.design.arms[1:], recovered=recovered
            )
            for fit in fits
        ]
        precisions.append(_precision(fits[-1], draws))
        naive = welch_finds_better(acted, arms, len(draws.design.arms), outcome)
        at = AtEffect(
            gain=gain,
            verdicts=shares_of(codes[-1]),
            alarmed=any_worth_it(codes[-1]),
            naive=Share.of(naive.mean(axis=1)),
            naive_any=Share.of(naive.any(axis=1).astype(float)),
        )
        if looks is not None:
            stop = _stop_at(fits, codes, looks)
            stopped = np.take_along_axis(np.stack(codes), stop[np.newaxis, :, np.newaxis], axis=0)[0]
            at = replace(
                at,
                stopped=shares_of(stopped),
                stopped_alarmed=any_worth_it(stopped),
                stopped_nights=float(np.asarray(ends)[stop].mean()),
            )
        by_gain.append(at)
    return precisions[0], tuple(by_gain)


def _every_pair(arms: int) -> Array:
    """Contrasts [contrast, arm]: every arm minus the reference, then every later arm minus an earlier one."""
    own = np.eye(arms)
    return np.stack(
        [*own, *(own[late] - own[early] for early in range(arms) for late in range(early + 1, arms))]
    )


def _contrast_width(arms: int) -> Array:
    """Prior SD [contrast] of every pair of arms, as a multiple of that of an arm against the reference."""
    return np.linalg.norm(_every_pair(arms), axis=1)


def _precision(fit: ManyFits, draws: Draws) -> Precision:
    sd = fit.sd[:, : len(draws.design.arms) - 1].mean(axis=1)
    half_width = stats.norm.ppf((1 + INTERVAL) / 2) * sd
    return Precision(
        half_width=float(np.nanmean(half_width)),
        error=float(np.nanstd(half_width, ddof=1) / len(half_width) ** 0.5),
        posterior_sd=float(np.nanmean(sd)),
    )


def _rules_met(
    fit: ManyFits, protocol: Protocol, draws: Draws, priors: Priors
) -> Mapping[Verdict, npt.NDArray[np.bool_]]:
    """Which rules are met [trial, contrast]."""
    outcome = protocol.primary
    return verdicts_met(
        fit.chances(sign=outcome.sign),
        alone=NightsAlone.of(
            outcome.sign * fit.mean,
            fit.sd,
            prior_sd=float(np.max(priors.effect_sd)) * _contrast_width(len(draws.design.arms) - 1),
            mid=outcome.mid,
        ),
        rule=protocol.verdict,
    )


def verdict_codes(
    met: Mapping[Verdict, npt.NDArray[np.bool_]], *, arms: Sequence[str], recovered: Mapping[str, float]
) -> Codes:
    """Position in `VERDICTS` [trial, arm]: the first rule that is met, else "can't tell yet".

    Parameters
    ----------
    met : [trial, contrast]
        Which rules are met; the contrasts with the reference come first.
    arms
        Names of the arms, without the reference.
    recovered
        By arm, the share of its steady-state effect that the schedule shows, 0 to 1.
    """
    codes = np.full(met["worth it"].shape, CANT_TELL)
    for code in reversed(range(CANT_TELL)):
        if VERDICTS[code] in met:
            codes[met[VERDICTS[code]]] = code
    codes = codes[:, : len(arms)]
    for at, arm in enumerate(arms):
        limited = [VERDICTS.index(within_a_period(verdict, recovered=recovered[arm])) for verdict in VERDICTS]
        codes[:, at] = np.array(limited)[codes[:, at]]
    return codes


def _stop_at(fits: Sequence[ManyFits], codes: Sequence[Codes], looks: Looks) -> Codes:
    """The look at which every trial stops [trial]; the last is the end of the trial."""
    if looks.stop_when == "precise":
        stops = np.stack([(fit.sd <= (looks.sd_at_most or 0.0)).all(axis=1) for fit in fits])
    else:
        stops = np.stack([(code != CANT_TELL).all(axis=1) for code in codes])
    stops[-1] = True
    return stops.argmax(axis=0)


def shares_of(codes: Codes) -> tuple[Share, ...]:
    """Chance of each of `VERDICTS`, for one arm in one trial."""
    return tuple(Share.of((codes == code).mean(axis=1)) for code in range(len(VERDICTS)))


def any_worth_it(codes: Codes) -> Share:
    """Chance that a trial calls any arm worth it."""
    return Share.of((codes == VERDICTS.index("worth it")).any(axis=1).astype(float))


def welch_finds_better(nights: Array, arms: Codes, number: int, outcome: Outcome) -> npt.NDArray[np.bool_]:
    """Whether Welch's test on single nights finds an arm better [trial, arm], as in most apps."""
    with np.errstate(invalid="ignore", divide="ignore"):
        n, mean, variance = (np.empty((len(nights), number)) for _ in range(3))
        for arm in range(number):
            of_arm = np.where(arms == arm, nights, np.nan)
            n[:, arm] = np.isfinite(of_arm).sum(axis=1)
            total = np.nansum(of_arm, axis=1)
            mean[:, arm] = total / n[:, arm]
            variance[:, arm] = np.nansum((of_arm - mean[:, [arm]]) ** 2, axis=1) / (n[:, arm] - 1)
        share = variance / n
        error = share[:, 1:] + share[:, [0]]
        freedom = error**2 / (share[:, 1:] ** 2 / (n[:, 1:] - 1) + share[:, [0]] ** 2 / (n[:, [0]] - 1))
        t = outcome.sign * (mean[:, 1:] - mean[:, [0]]) / np.sqrt(error)
        return np.asarray(t > stats.t.ppf(1 - NAIVE_LEVEL / 2, freedom))
