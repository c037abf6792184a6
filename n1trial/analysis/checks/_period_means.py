"""Means of periods, on which the analysis of variance and the randomisation test rest."""

import numpy as np
import numpy.typing as npt
import pandas as pd

from n1trial.data.trial_data import TrialData
from n1trial.design.outcomes import Outcome


def period_means(data: TrialData, outcome: Outcome) -> pd.DataFrame:
    """Mean outcome of every arm in every block: `block`, `arm`, `mean`; as a rule that is one period."""
    nights = data.analysed(outcome)
    nights = nights[nights["block"] > 0]
    means = nights.groupby(["block", "arm"], as_index=False)[outcome.name].mean()
    return means.rename(columns={outcome.name: "mean"})


def complete_blocks(data: TrialData, outcome: Outcome) -> npt.NDArray[np.float64]:
    """Period means [block, arm] of the blocks in which every arm has a night, arms in the trial's order."""
    wide = period_means(data, outcome).pivot_table(index="block", columns="arm", values="mean")
    return wide.reindex(columns=list(data.arms)).dropna().to_numpy(dtype=float)


def left_out_note(data: TrialData, blocks_used: int) -> str:
    """Say how many blocks had to be left out; empty when none."""
    incomplete = data.blocks - blocks_used
    return (
        f"{blocks_used} complete blocks; {incomplete} without every arm left out"
        if incomplete
        else (f"{blocks_used} blocks")
    )
