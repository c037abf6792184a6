"""The trial with some nights left out."""

from dataclasses import replace

import numpy as np
import pandas as pd

from n1trial.data.left_out import LeftOut
from n1trial.data.trial_data import TrialData


def without(data: TrialData, leave: pd.Series, reason: LeftOut) -> TrialData:
    """The trial with these nights left out for a reason."""
    left_out = data.table["left_out"].mask(leave & (data.table["left_out"] == LeftOut.NO), reason)
    return replace(data, table=data.table.assign(left_out=left_out))


def without_first(data: TrialData, nights: int) -> TrialData:
    """The trial without the first so many nights of every period, counted on the calendar."""
    first_day = data.table.groupby("period")["day"].transform("min")
    return without(data, data.table["day"] - first_day < nights, LeftOut.FIRST_OF_PERIOD)


def enough(data: TrialData, name: str) -> bool:
    """Whether every arm keeps two nights or more, and the outcome still varies."""
    nights = data.table[(data.table["left_out"] == LeftOut.NO) & data.table[name].notna()]
    counts = nights["arm"].value_counts().reindex(list(data.arms), fill_value=0)
    return bool(counts.min() >= 2) and bool(np.ptp(nights[name].to_numpy(float)) > 0)
