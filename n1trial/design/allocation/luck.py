"""What a draw leaves to luck: how small a p its randomisation tests can reach. Look before you restrict."""

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

    `least_p` is of the test over all schedules, 0 to 1. `swaps` is how many schedules the swaps of two
    labels reach, in the middle over schedules and pairs of arms, and `least_swap_p` the least p there;
    `reach_05` is the share of schedules and pairs whose swap test can reach p ≤ .05.
    """

    size: int
    least_p: float
    swaps: int
    least_swap_p: float
    reach_05: float


def luck_of(admissible: Admissible) -> Luck:
    """Look at all schedules when there are few, else at 300 of them."""
    if admissible.size <= LOOKED_AT:
        schedules = admissible.every()
    else:
        # Without links between cycles every schedule has as many swaps as any other.
        alike = not admissible.forbidden and admissible.order != "williams"
        schedules = admissible.sample(1 if alike else LOOKED_AT, SEED)
    pairs = list(itertools.combinations(admissible.arms, 2))
    found = [
        (admissible.swaps(each, *pair).size, swap_p(admissible, each, *pair))
        for each in schedules
        for pair in pairs
    ]
    return Luck(
        size=admissible.size,
        least_p=max(admissible.least_p(*pair) for pair in pairs),
        swaps=round(median(size for size, _ in found)),
        least_swap_p=median(p for _, p in found),
        reach_05=sum(p <= 0.05 for _, p in found) / len(found),
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
