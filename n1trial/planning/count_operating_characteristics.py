"""What a design can show of a count: as `chances`, with counts drawn around a rate and the model of counts.

    log λ_t = log usual + d_free + w_week + taken_t log(1 - gain / usual),   w ~ N(-s²/2, s)

Every calendar week has a level of its own. The variance of a night is `Person.dispersion` times λ: a negative
binomial where that is above 1, Poisson at 1, a binomial below. Nights do not depend on the night before.
"""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from scipy import stats

from n1trial.design.outcomes import Outcome
from n1trial.design.protocol import Protocol
from n1trial.design.verdict import verdicts_met
from n1trial.errors import AnalysisError
from n1trial.inference.inla import ManyCountFits, fit_many_counts
from n1trial.planning.carryover import recovered_by_arm
from n1trial.planning.night_variability import FREE_EVENINGS, Person
from n1trial.planning.operating_characteristics import (
    AtEffect,
    Precision,
    Share,
    any_worth_it,
    shares_of,
    verdict_codes,
    welch_finds_better,
)
from n1trial.planning.simulated_nights import Draws, not_recorded

type Array = npt.NDArray[np.float64]
type Codes = npt.NDArray[np.int64]

# Off by .003 posterior SD in means and .2 % in SDs from `MANY_COUNT_POINTS`.
COARSE_COUNT_POINTS = (2, 3, 2)
NEARLY_POISSON = 1e-3
LEAST_SHARE = 0.05
WEEK = 7


def simulate_count_trials(
    person: Person,
    draws: Draws,
    protocol: Protocol,
    *,
    gains: Sequence[float],
    trials: int,
    seed: int,
    threads: int | None = None,
) -> tuple[Precision, tuple[AtEffect, ...]]:
    """Live, analyse and judge many trials of a count, the same lives at every true effect, to the last night.

    Parameters
    ----------
    gains
        True gains of every arm against the reference, in the outcome's contrast unit, all possible ones
        (`possible_gains`).
    threads
        Threads that fit; None: one a core.

    Raises
    ------
    AnalysisError
        Hardly a night has anything to count.
    """
    outcome = protocol.primary
    recovered = recovered_by_arm(draws.schedules, protocol)
    whole = _all_of_it(person, outcome)
    rates, ranks, taken, arms = _lives(person, draws, trials=trials, rng=np.random.default_rng([seed, 1]))
    found, precisions = [], []
    for gain in gains:
        ratio = 1.0 + outcome.sign * gain / whole
        counts = counts_at(rates * np.where(arms > 0, ratio**taken, 1.0), ranks, dispersion=person.dispersion)
        fits = fit_many_counts(
            draws.design, counts, outcome=outcome, arm=arms, points=COARSE_COUNT_POINTS, threads=threads
        )
        met = verdicts_met(
            fits.chances(sign=outcome.sign), alone=fits.nights_alone(outcome), rule=protocol.verdict
        )
        codes = verdict_codes(met, arms=draws.design.arms[1:], recovered=recovered)
        naive = welch_finds_better(counts, arms, len(draws.design.arms), outcome)
        precisions.append(_precision(fits, outcome))
        found.append(
            AtEffect(
                gain=gain,
                verdicts=shares_of(codes),
                alarmed=any_worth_it(codes),
                naive=Share.of(naive.mean(axis=1)),
                naive_any=Share.of(naive.any(axis=1).astype(float)),
            )
        )
    return precisions[0], tuple(found)


def possible_gains(person: Person, outcome: Outcome, gains: Sequence[float]) -> tuple[float, ...]:
    """Those of the gains (in the contrast unit) that leave something of what the person has, in the same order."""
    return tuple(gain for gain in gains if gain < _all_of_it(person, outcome))


def _all_of_it(person: Person, outcome: Outcome) -> float:
    """How much a person has of a count where no arm acts, in the contrast unit."""
    return 100.0 if outcome.scale == "percent" else person.usual


def _lives(
    person: Person, draws: Draws, *, trials: int, rng: np.random.Generator
) -> tuple[Array, Array, Array, Codes]:
    """Rates without any effect, ranks of the counts, doses taken, and the arms, all [trial, night].

    A rank, 0 to 1, says where in its distribution a night's count is; NaN where it was not recorded.
    """
    design = draws.design
    days = int(design.day[-1]) + 1
    free = np.isin(design.weekday, FREE_EVENINGS)
    by_weekday = np.maximum(person.level + person.free_night * free, LEAST_SHARE * person.usual)
    sd = person.drift_sd / person.usual
    weeks = np.exp(sd * rng.standard_normal((trials, days // WEEK + 1)) - sd**2 / 2)
    ranks = rng.random((trials, design.nights))
    missing = not_recorded(person, days, trials=trials, rng=rng)[:, design.day]
    taken = (rng.random(ranks.shape) >= person.missed_share).astype(float)
    arms = draws.arms[np.arange(trials) % len(draws.arms)]
    return by_weekday * weeks[:, design.day // WEEK], np.where(missing, np.nan, ranks), taken, arms


def counts_at(rates: Array, ranks: Array, *, dispersion: float) -> Array:
    """Counts of these ranks (0 to 1) among counts of these means; NaN stays NaN.

    Their variance is `dispersion` times their mean, as nearly as whole occasions allow where it is below 1.
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
