"""Whether every dose was taken as the schedule had it.

Something is swallowed on every arm but perhaps the reference: where it was taken on most evenings of the reference it
is a placebo, else nothing. On an arm that is a habit "yes" says that it was kept to.
"""

import pandas as pd

from n1trial.data.trial_data import TrialData


def as_planned(data: TrialData) -> pd.Series:
    """Whether each night's dose was as its arm has it: 1, 0, or NaN where the diary says nothing."""
    if "taken" not in data.table:
        return pd.Series(float("nan"), index=data.table.index)
    taken = data.table["taken"]
    reference = data.table["arm"] == data.reference
    on_trial = data.table["block"] > 0
    placebo = taken[reference & on_trial].mean() > 0.5
    planned = (~reference | placebo | data.table["arm"].isin(data.habits)).astype(float)
    return (taken == planned).astype(float).where(taken.notna() & on_trial)


def doses_kept(data: TrialData) -> pd.DataFrame:
    """By arm, evenings that the diary answers for and those as planned: `answered`, `kept`."""
    kept = as_planned(data)
    by_arm = kept.groupby(data.table["arm"]).agg(answered="count", kept="sum")
    return by_arm.reindex(list(data.arms), fill_value=0)
