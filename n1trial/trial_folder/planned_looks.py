"""Looks before the end that the protocol planned: which one is due, and on which nights."""

from datetime import date

import pandas as pd

from n1trial.data.left_out import LeftOut
from n1trial.data.left_out_nights import without_nights_after
from n1trial.data.trial_data import TrialData
from n1trial.design.protocol import Looks
from n1trial.design.schedule import Schedule


def block_to_look_at(planned: Looks | None, schedule: Schedule, evening: date) -> int | None:
    """The planned look that is due on an evening: the last of its blocks that is over; None before the first."""
    ends = block_ends(schedule)
    return max(
        (block for block in (planned.after_blocks if planned else ()) if ends[block].date() < evening),
        default=None,
    )


def nights_to_look_at(data: TrialData, schedule: Schedule, block: int) -> TrialData:
    """The trial up to the end of a block."""
    return without_nights_after(data, block_ends(schedule)[block], LeftOut.AFTER_LOOK)


def block_ends(schedule: Schedule) -> dict[int, pd.Timestamp]:
    """The last night of every block."""
    trial = schedule.table[schedule.table["phase"] == "trial"]
    return {int(block): nights.max() for block, nights in trial.groupby("block")["night"]}
