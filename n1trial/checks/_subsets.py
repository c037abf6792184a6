"""The trial with some nights left out, or counted to another arm."""

from dataclasses import replace

import numpy as np
import pandas as pd

from n1trial.trial import TrialData


def without(data: TrialData, leave: pd.Series, reason: str) -> TrialData:
    """The trial with these nights left out for a reason."""
    left_out = data.table["left_out"].mask(leave & (data.table["left_out"] == ""), reason)
    return replace(data, table=data.table.assign(left_out=left_out))


def without_first(data: TrialData, nights: int) -> TrialData:
    """The trial without the first so many nights of every period, counted on the calendar."""
    first_day = data.table.groupby("period")["day"].transform("min")
    return without(data, data.table["day"] - first_day < nights, "first nights of a period")


def as_planned(data: TrialData) -> pd.Series:
    """Whether each night's dose was as its arm has it: True, False, or None where nothing was written.

    On an arm whose nights mostly have something swallowed that is the plan, on another swallowing nothing is;
    so a placebo and plain nothing are told apart by what was done.
    """
    taken = data.table["taken"]
    usual = taken.groupby(data.table["arm"]).transform("mean") > 0.5
    return ((taken > 0.5) == usual).where(taken.notna(), None)


def as_taken(data: TrialData) -> TrialData:
    """The trial with every night of a treatment on which nothing was swallowed counted to the reference."""
    missed = (as_planned(data) == False) & (data.table["arm"] != data.reference)  # noqa: E712 - None is neither
    arm = data.table["arm"].mask(missed, data.reference)
    return replace(data, table=data.table.assign(arm=arm))


def enough(data: TrialData, name: str) -> bool:
    """Whether every arm keeps two nights or more, and the outcome still varies."""
    nights = data.table[(data.table["left_out"] == "") & data.table[name].notna()]
    counts = nights["arm"].value_counts().reindex(list(data.arms), fill_value=0)
    return bool(counts.min() >= 2) and bool(np.ptp(nights[name].to_numpy(float)) > 0)
