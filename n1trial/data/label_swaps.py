"""Whether a schedule with labels swapped within its blocks could have been drawn as well.

Labels may change places within a block only where every arm has as many nights in it, or as many periods of about the
same length: two nights of one arm and five of another, every week anew, were never drawn that way.
"""

from collections.abc import Iterator

import pandas as pd

from n1trial.data.trial_data import TrialData
from n1trial.design.outcomes import Outcome

# Periods of which one lasts this many times as long as the other are not of the same length.
MOST_TIMES_LONGER = 2


def blocks_with_every_arm(data: TrialData, outcome: Outcome) -> list[int]:
    """Blocks in which every arm has an analysed night of the outcome."""
    nights = data.analysed(outcome)
    arms = nights[nights["block"] > 0].groupby("block")["arm"].nunique()
    return [int(block) for block in arms.index[arms == len(data.arms)]]


def may_swap(data: TrialData, outcome: Outcome) -> bool:
    """Whether two blocks or more hold every arm, and in each of them labels may change places."""
    blocks = blocks_with_every_arm(data, outcome)
    return len(blocks) >= 2 and all(_even(rows) for rows in _planned(data, blocks))


def always_in_one_order(data: TrialData, outcome: Outcome) -> bool:
    """Whether every block has its arms in the same order, and so many blocks that luck would hardly do it.

    By luck alone all orders are the same in (1 / K!)^(blocks - 1); under .05 counts.
    """
    orders = [
        tuple(rows["arm"].drop_duplicates()) for rows in _planned(data, blocks_with_every_arm(data, outcome))
    ]
    by_luck = 1.0
    for place in range(2, len(data.arms) + 1):
        by_luck /= place
    return len(set(orders)) == 1 and by_luck ** (len(orders) - 1) < 0.05


def _planned(data: TrialData, blocks: list[int]) -> Iterator[pd.DataFrame]:
    """The nights of each block whose arm is known, in order."""
    known = data.table[data.table["arm"].isin(data.arms)]
    return (known[known["block"] == block] for block in blocks)


def _even(rows: pd.DataFrame) -> bool:
    by_arm = rows.groupby("arm")["period"]
    periods, nights = by_arm.nunique(), by_arm.size()
    about_alike = nights.max() < MOST_TIMES_LONGER * nights.min()
    return bool(nights.max() == nights.min() or (periods.max() == periods.min() and about_alike))
