"""Effects that build up and fade over nights: the exposure they follow, and how much of them a schedule shows.

An effect of half-life h is there in the measure of the exposure

    X_t = ρ X_{t-1} + (1 - ρ) [dose on night t],  ρ = 2^(-1/h)

which is 1 after the same dose every night for long enough, and tonight's dose alone where h is 0.
"""

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from n1trial.data.trial_data import TrialData
from n1trial.design.outcomes import Outcome
from n1trial.design.verdict import LEAST_RECOVERED, SETTLE_AT_MOST_NIGHTS

type Array = npt.NDArray[np.float64]

WEEK, LONGEST_PERIOD_WEEKS, LEAST_BLOCKS = 7, 8, 4
# Of trials that hardly differ in length, the one with the shorter periods: weeks differ, and the more the longer.
NEARLY_AS_SHORT = 1.25
# So many smallest worthwhile effects is the standard error with which, by a flat prior, every second trial without an
# effect leaves a worthwhile gain a chance of .05: 1 / 1.645.
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
    """The trial that would tell whether a slow effect is worth having."""
    if telling is None:
        return f"No trial of up to {SETTLE_AT_MOST_NIGHTS // 365} years could tell what steady use does."
    left_out = (
        f", with the first {telling.washout_nights} nights of each left out" if telling.washout_nights else ""
    )
    return f"{telling.periods} periods of {telling.period_nights} nights could tell what steady use does{left_out}."


def exposure(given: Array, half_life_nights: float) -> Array:
    """What has built up [day] of doses given or not [day], 0 to 1, nothing being there before the first day."""
    if half_life_nights <= 0:
        return given
    kept = 2.0 ** (-1.0 / half_life_nights)
    return np.convolve(given, (1.0 - kept) * kept ** np.arange(len(given)))[: len(given)]


def exposure_to(data: TrialData, arm: str, half_life_nights: float) -> Array:
    """What has built up of an arm on each night of the trial's table [row]; nothing is taken in the run-in."""
    table = data.table
    planned = table[table["left_out"] != "run-in"].drop_duplicates("day", keep="last")
    given = np.zeros(int(table["day"].max()) + 1)
    given[planned.loc[planned["arm"] == arm, "day"].to_numpy(int)] = 1.0
    return exposure(given, half_life_nights)[table["day"].to_numpy(int)]


def recovered_share(data: TrialData, outcome: Outcome, arm: str, comparator: str) -> float:
    """Share of a steady effect that the means over the analysed nights of two arms show, at most 1.

    What is compared is the exposure to an arm on its own nights and on the other's. Each of the two may build up,
    and the lesser share counts. An arm of unknown half-life is taken to act and fade within a day.
    """
    analysed = (data.table["left_out"] == "") & data.table[outcome.name].notna()
    on = {name: (analysed & (data.table["arm"] == name)).to_numpy() for name in (arm, comparator)}
    if not all(nights.any() for nights in on.values()):
        return 1.0
    shares = [1.0]
    for own, other in ((arm, comparator), (comparator, arm)):
        half_life = data.half_lives.get(own) or 0.0
        if half_life > 0:
            built_up = exposure_to(data, own, half_life)
            shares.append(float(built_up[on[own]].mean() - built_up[on[other]].mean()))
    return min(shares)


def periods_that_tell(
    half_life_nights: float, *, night_sd: float, period_sd: float, mid: float
) -> LongerPeriods | None:
    """A short trial of one arm against the reference that could tell whether a slow effect is worth having.

    It shows `LEAST_RECOVERED` of the effect or more, and where there is none it says "no" every second time. None:
    no trial of up to two years would.

    Parameters
    ----------
    night_sd, period_sd
        SD from night to night within a period and between periods, in the unit of `mid`.
    """
    trials = []
    for washout_nights in range(0, WEEK * LONGEST_PERIOD_WEEKS, WEEK):
        for period_nights in range(washout_nights + WEEK, WEEK * LONGEST_PERIOD_WEEKS + 1, WEEK):
            share = _expected_share(half_life_nights, period_nights, washout_nights)
            if share >= LEAST_RECOVERED:
                a_block = 2 * (period_sd**2 + night_sd**2 / (period_nights - washout_nights))
                blocks = max(LEAST_BLOCKS, math.ceil(a_block / (share * mid * EVERY_SECOND_SE_IN_MIDS) ** 2))
                trials.append(
                    LongerPeriods(
                        period_nights=period_nights, washout_nights=washout_nights, periods=2 * blocks
                    )
                )
    feasible = [each for each in trials if each.nights <= SETTLE_AT_MOST_NIGHTS]
    if not feasible:
        return None
    fewest = min(each.nights for each in feasible)
    return min(
        (each for each in feasible if each.nights <= NEARLY_AS_SHORT * fewest),
        key=lambda each: (each.period_nights, each.nights),
    )


def _expected_share(half_life_nights: float, period_nights: int, washout_nights: int) -> float:
    """Share of a steady effect that blocks of two such periods show, in the long run.

    At the start of a block the exposure is ½ on average, and ½ (1 - ρ^L) lower at the start of a period of L nights
    with the dose than of one without; so on its t-th night the two are 1 - ½ ρ^t (3 - ρ^L) apart.
    """
    if half_life_nights <= 0:
        return 1.0
    kept = 2.0 ** (-1.0 / half_life_nights)
    left = kept ** np.arange(washout_nights + 1, period_nights + 1)
    return float(1.0 - (3.0 - kept**period_nights) / 2.0 * left.mean())
