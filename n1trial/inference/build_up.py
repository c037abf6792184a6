"""Effects that build up and fade over nights: the exposure they follow, and the share of them that a schedule shows.

An effect of half-life h is proportional to the exposure

    X_t = ρ X_{t-1} + (1 - ρ) [dose on night t],  ρ = 2^(-1/h)

which is 1 after the same dose every night for long enough, and tonight's dose alone where h is 0.
"""

import math
from dataclasses import dataclass

import numpy as np

from n1trial.data.left_out import LeftOut
from n1trial.data.trial_data import TrialData
from n1trial.design.contrast import Contrast
from n1trial.design.outcomes import Outcome
from n1trial.design.verdict import LEAST_RECOVERED, SETTLE_AT_MOST_NIGHTS
from n1trial.system.arrays import Array

WEEK, LONGEST_PERIOD_WEEKS, LEAST_BLOCKS = 7, 8, 4
# Of trials up to so many times as long as the shortest, the one with the shortest periods: longer periods differ more.
NEARLY_AS_SHORT = 1.25
# Standard error, in smallest worthwhile effects, at which half of the trials without an effect leave a worthwhile
# gain a probability of .05 or less under a flat prior: 1 / 1.645.
EVERY_SECOND_SE_IN_MIDS = 0.608


@dataclass(frozen=True, slots=True, kw_only=True)
class LongerPeriods:
    """A trial of one arm against the reference: `periods` of so many nights, the first `washout_nights` left out."""

    period_nights: int
    washout_nights: int
    periods: int

    @property
    def nights(self) -> int:
        """Nights in all."""
        return self.period_nights * self.periods


def what_would_tell(telling: LongerPeriods | None) -> str:
    """A sentence for the report: the trial that could show whether a slow effect is worthwhile."""
    if telling is None:
        return f"No trial of up to {SETTLE_AT_MOST_NIGHTS // 365} years could tell what steady use does."
    left_out = (
        f", with the first {telling.washout_nights} nights of each left out" if telling.washout_nights else ""
    )
    return f"{telling.periods} periods of {telling.period_nights} nights could tell what steady use does{left_out}."


def exposure(given: Array, half_life_nights: float) -> Array:
    """Exposure [day], 0 to 1, to doses given (1) or not (0) [day], starting from none."""
    if half_life_nights <= 0:
        return given
    kept = 2.0 ** (-1.0 / half_life_nights)
    return np.convolve(given, (1.0 - kept) * kept ** np.arange(len(given)))[: len(given)]


def exposure_to(data: TrialData, arm: str, half_life_nights: float) -> Array:
    """Exposure to an arm on each night of the trial's table [row], 0 to 1; no dose is taken in the run-in."""
    table = data.table
    planned = table[table["left_out"] != LeftOut.RUN_IN].drop_duplicates("day", keep="last")
    given = np.zeros(int(table["day"].max()) + 1)
    given[planned.loc[planned["arm"] == arm, "day"].to_numpy(int)] = 1.0
    return exposure(given, half_life_nights)[table["day"].to_numpy(int)]


def recovered_share(data: TrialData, outcome: Outcome, contrast: Contrast) -> float:
    """Share of a steady effect that the difference of two arms' means over the analysed nights shows, at most 1.

    It is the exposure to an arm on its own nights less that on the other's nights. Where both arms build up, the
    smaller share counts. An arm of unknown half-life is taken to act and fade within a day.
    """
    analysed = (data.table["left_out"] == LeftOut.NO) & data.table[outcome.name].notna()
    on = {name: (analysed & (data.table["arm"] == name)).to_numpy() for name in contrast.arms}
    if not all(nights.any() for nights in on.values()):
        return 1.0
    shares = [1.0]
    for own, other in (contrast.arms, contrast.arms[::-1]):
        half_life = data.half_lives.get(own) or 0.0
        if half_life > 0:
            built_up = exposure_to(data, own, half_life)
            shares.append(float(built_up[on[own]].mean() - built_up[on[other]].mean()))
    return min(shares)


def periods_that_tell(
    half_life_nights: float, *, night_sd: float, period_sd: float, mid: float
) -> LongerPeriods | None:
    """A short trial of one arm against the reference that could show whether a slow effect is worthwhile.

    It shows `LEAST_RECOVERED` of the effect or more, and says "no" in half of the trials where there is no effect.

    Parameters
    ----------
    half_life_nights
        Half-life of build-up and decay, in nights.
    night_sd, period_sd
        SD from night to night within a period and between periods, in the unit of `mid`.
    mid
        Smallest worthwhile effect, in the outcome's unit.

    Returns
    -------
    The trial; None where none of up to two years is enough.
    """
    trials = []
    for washout_nights in range(0, WEEK * LONGEST_PERIOD_WEEKS, WEEK):
        for period_nights in range(washout_nights + WEEK, WEEK * LONGEST_PERIOD_WEEKS + 1, WEEK):
            share = _expected_share(half_life_nights, period_nights, washout_nights)
            if share >= LEAST_RECOVERED:
                variance_of_block = 2 * (period_sd**2 + night_sd**2 / (period_nights - washout_nights))
                blocks = max(
                    LEAST_BLOCKS, math.ceil(variance_of_block / (share * mid * EVERY_SECOND_SE_IN_MIDS) ** 2)
                )
                trials.append(
                    LongerPeriods(
                        period_nights=period_nights, washout_nights=washout_nights, periods=2 * blocks
                    )
                )
    feasible = [trial for trial in trials if trial.nights <= SETTLE_AT_MOST_NIGHTS]
    if not feasible:
        return None
    fewest = min(trial.nights for trial in feasible)
    return min(
        (trial for trial in feasible if trial.nights <= NEARLY_AS_SHORT * fewest),
        key=lambda trial: (trial.period_nights, trial.nights),
    )


def _expected_share(half_life_nights: float, period_nights: int, washout_nights: int) -> float:
    """Share of a steady effect that blocks of two such periods show, in the long run.

    At the start of a block the exposure is ½ on average, and ½ (1 - ρ^L) lower at the start of a period of L nights
    with the dose than of one without; so on its t-th night the two differ by 1 - ½ ρ^t (3 - ρ^L).
    """
    if half_life_nights <= 0:
        return 1.0
    kept = 2.0 ** (-1.0 / half_life_nights)
    left = kept ** np.arange(washout_nights + 1, period_nights + 1)
    return float(1.0 - (3.0 - kept**period_nights) / 2.0 * left.mean())
