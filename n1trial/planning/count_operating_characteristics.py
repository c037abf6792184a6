"""Operating characteristics of a design whose outcome is a count.

    log λ_t = log usual + d_free + w_week + taken_t log(1 - gain / usual),   w ~ N(-s²/2, s)

Every calendar week has a level of its own. The variance of a night is `NightVariability.dispersion` times λ: a
negative binomial where that is above 1, Poisson at 1, a binomial below. Nights are independent given the week.
"""

from collections.abc import Sequence

import numpy as np
from scipy import stats

from n1trial.design.outcomes import Outcome
from n1trial.design.protocol import Protocol
from n1trial.design.verdict import verdicts_met
from n1trial.errors import AnalysisError
from n1trial.inference.inla import ManyCountFits, fit_many_counts
from n1trial.planning.carryover import recovered_by_arm
from n1trial.planning.night_variability import FREE_EVENINGS, NightVariability
from n1trial.planning.operating_characteristics import (
    AtEffect,
    Precision,
    Share,
    any_worth_it,
    shares_of,
    verdict_codes,
    welch_finds_better,
)
from n1trial.planning.simulated_nights import NIGHTS, Draws, not_recorded
from n1trial.system.arrays import Array, Codes
from n1trial.system.random_streams import stream

# Off by .003 posterior SD in means and .2 % in SDs from `MANY_COUNT_POINTS`.
COARSE_COUNT_POINTS = (2, 3, 2)
NEARLY_POISSON = 1e-3
LEAST_SHARE = 0.05
WEEK = 7


def simulate_count_trials(
    variability: NightVariability,
    draws: Draws,
    protocol: Protocol,
    *,
    gains: Sequence[float],
    trials: int,
    seed: int,
    threads: int | None = None,
) -> tuple[Precision, tuple[AtEffect, ...]]:
    """Simulate and analyse many trials of a count, with the same nights at every true effect.

    Trials run to the last night: there are no interim looks.

    Parameters
    ----------
    variability
        How the person's nights vary.
    draws
        Draws of the schedule, which the trials use in turn.
    protocol
        Outcome, verdict rule and half-lives.
    gains
        True gains of every arm against the reference, in the outcome's contrast unit; only those of
        `possible_gains`.
    trials
        Number of trials at every gain.
    seed
        Of the nights.
    threads
        Threads that fit; None: one a core.

    Returns
    -------
    The precision without an effect, and the operating characteristics at every gain.

    Raises
    ------
    AnalysisError
        Fewer than two trials have a count to analyse.
    """
    outcome = protocol.primary
    recovered = recovered_by_arm(draws.schedules, protocol)
    usual = _usual_count(variability, outcome)
    rates, ranks, taken, arms = _draw_rates(variability, draws, trials=trials, rng=stream(seed, NIGHTS))
    by_gain, precisions = [], []
    for gain in gains:
        ratio = 1.0 + outcome.sign * gain / usual
        counts = counts_at(
            rates * np.where(arms > 0, ratio**taken, 1.0), ranks, dispersion=variability.dispersion
        )
        fits = fit_many_counts(
            draws.design, counts, outcome=outcome, arm=arms, points=COARSE_COUNT_POINTS, threads=threads
        )
        met = verdicts_met(
            fits.chances(sign=outcome.sign), alone=fits.nights_alone(outcome), rule=protocol.verdict
        )
        codes = verdict_codes(met, arms=draws.design.arms[1:], recovered=recovered)
        naive = welch_finds_better(counts, arms, len(draws.design.arms), outcome)
        precisions.append(_precision(fits, outcome))
        by_gain.append(
            AtEffect(
                gain=gain,
                verdicts=shares_of(codes),
                alarmed=any_worth_it(codes),
                naive=Share.of(naive.mean(axis=1)),
                naive_any=Share.of(naive.any(axis=1).astype(float)),
            )
        )
    return precisions[0], tuple(by_gain)


def possible_gains(
    variability: NightVariability, outcome: Outcome, gains: Sequence[float]
) -> tuple[float, ...]:
    """The gains, in the contrast unit, that are smaller than the usual count of the variability, in the same order."""
    return tuple(gain for gain in gains if gain < _usual_count(variability, outcome))


def _usual_count(variability: NightVariability, outcome: Outcome) -> float:
    """The usual count where no arm acts, in the contrast unit."""
    return 100.0 if outcome.scale == "percent" else variability.usual


def _draw_rates(
    variability: NightVariability, draws: Draws, *, trials: int, rng: np.random.Generator
) -> tuple[Array, Array, Array, Codes]:
    """Rates without any effect, ranks of the counts, doses taken, and codes of the arms, all [trial, night].

    A rank is the quantile, 0 to 1, of a night's count; NaN where it was not recorded.
    """
    design = draws.design
    days = int(design.day[-1]) + 1
    free = np.isin(design.weekday, FREE_EVENINGS)
    by_weekday = np.maximum(
        variability.level + variability.free_night * free, LEAST_SHARE * variability.usual
    )
    sd = variability.drift_sd / variability.usual
    weeks = np.exp(sd * rng.standard_normal((trials, days // WEEK + 1)) - sd**2 / 2)
    ranks = rng.random((trials, design.nights))
    missing = not_recorded(variability, days, trials=trials, rng=rng)[:, design.day]
    taken = (rng.random(ranks.shape) >= variability.missed_share).astype(float)
    arms = draws.arms[np.arange(trials) % len(draws.arms)]
    return by_weekday * weeks[:, design.day // WEEK], np.where(missing, np.nan, ranks), taken, arms


def counts_at(rates: Array, ranks: Array, *, dispersion: float) -> Array:
    """Counts with these means at these quantiles; NaN stays NaN.

    Parameters
    ----------
    rates : [trial, night]
        Means of the counts.
    ranks : [trial, night], 0 to 1
        Quantiles at which the distributions are read.
    dispersion
        Variance divided by mean; below 1 as nearly as a binomial of usual trials allows.
    """
    if abs(dispersion - 1.0) < NEARLY_POISSON:
        return stats.poisson.ppf(ranks, rates)
    if dispersion > 1.0:
        return stats.nbinom.ppf(ranks, rates / (dispersion - 1.0), 1.0 / dispersion)
    occasions = np.ceil(rates / (1.0 - dispersion))
    return stats.binom.ppf(ranks, occasions, rates / occasions)


def _precision(fits: ManyCountFits, outcome: Outcome) -> Precision:
    half_width = (fits.high - fits.low).mean(axis=1) / 2
    recorded = np.isfinite(half_width)
    if recorded.sum() < 2:
        raise AnalysisError(
            f"baseline: hardly a night has any {outcome.label}, too few to plan with: make another outcome primary"
        )
    return Precision(
        half_width=float(half_width[recorded].mean()),
        error=float(half_width[recorded].std(ddof=1) / recorded.sum() ** 0.5),
        posterior_sd=float(fits.sd[recorded].mean()),
    )
