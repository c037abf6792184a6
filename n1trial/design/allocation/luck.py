"""The smallest p that the randomisation tests of a design can reach: what a restricted order costs."""

import itertools
from dataclasses import dataclass
from statistics import median

from n1trial.design.allocation.admissible import Admissible
from n1trial.design.allocation.chain import Codes

LOOKED_AT = 300
SEED = 7


@dataclass(frozen=True, slots=True, kw_only=True)
class Luck:
    """The sizes of an admissible set and of its swap sets, and the least p of the two tests.

    Attributes
    ----------
    size
        Schedules that may be drawn.
    least_p : 0 to 1
        Smallest p of the test over all schedules.
    swaps
        Schedules that swaps of two labels reach: the median over schedules and pairs of arms.
    least_swap_p : 0 to 1
        Smallest p among those swaps, the median likewise.
    reach_05 : 0 to 1
        Share of schedules and pairs whose swap test can reach p ≤ .05.
    """

    size: int
    least_p: float
    swaps: int
    least_swap_p: float
    reach_05: float


def luck_of(admissible: Admissible) -> Luck:
    """Measure over all schedules when there are few, else over 300 of them."""
    if admissible.size <= LOOKED_AT:
        schedules = admissible.every()
    else:
        # Without links between cycles every schedule has as many swaps as any other.
        alike = not admissible.forbidden and admissible.order != "williams"
        schedules = admissible.sample(1 if alike else LOOKED_AT, SEED)
    pairs = list(itertools.combinations(admissible.arms, 2))
    swap_sets = [
        (admissible.swaps(schedule, *pair).size, swap_p(admissible, schedule, *pair))
        for schedule in schedules
        for pair in pairs
    ]
    return Luck(
        size=admissible.size,
        least_p=max(admissible.least_p(*pair) for pair in pairs),
        swaps=round(median(size for size, _ in swap_sets)),
        least_swap_p=median(p for _, p in swap_sets),
        reach_05=sum(p <= 0.05 for _, p in swap_sets) / len(swap_sets),
    )


def swap_p(admissible: Admissible, schedule: Codes, one: str, other: str) -> float:
    """The least p, two-sided, over the swaps of two labels in one schedule [block, position].

    The mean difference of a schedule and of its mirror, in which every label is swapped, are the same but
    for the sign, so both count where both may be drawn.
    """
    place = {admissible.arms.index(one): admissible.arms.index(other)}
    place |= {after: before for before, after in place.items()}
    mirrored = {(place.get(a, a), place.get(b, b)) for a, b in admissible.forbidden} == admissible.forbidden
    size = admissible.swaps(schedule, one, other).size
    return min(1.0, (2 if mirrored else 1) / size)
