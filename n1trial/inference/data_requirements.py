"""What nights must have before a model is fitted to them; what they lack is refused with a reason."""

import numpy as np
import pandas as pd

from n1trial.data.left_out import LeftOut
from n1trial.data.trial_data import RESTS_ON, TrialData
from n1trial.design.outcomes import Outcome
from n1trial.errors import AnalysisError

# Most nights with their arm's commonest value, as a multiple of the other nights. With more, the likelihood of a
# Student t of ν = 2 has no maximum: each night of that value adds log 1/σ to it, each other one subtracts ν log 1/σ.
MOST_ALIKE = 2
# Beyond it, squares and exponentials lose precision.
LARGEST = 1e9


def require_every_arm(data: TrialData, outcome: Outcome) -> None:
    """Check that every arm has an analysed night, and that values are numbers of the outcome's kind.

    Raises
    ------
    AnalysisError
        An arm has no analysed night, or a value is no count, or infinite.
    """
    nights = data.analysed(outcome)
    for name in data.arms:
        if not (nights["arm"] == name).any():
            raise AnalysisError(
                f"arm {name!r} has no analysed night",
                place=outcome.name,
                remedy="import its nights, or leave the arm out",
            )
    _numbers_of_its_kind(data, outcome)


def require_variation(data: TrialData, outcome: Outcome) -> None:
    """Check that the nights of one person vary, within arms and within periods.

    Raises
    ------
    AnalysisError
        There are fewer than two nights an arm, or nothing varies that chance could be estimated from.
    """
    nights = data.analysed(outcome)
    recorded = nights[RESTS_ON].sum() if RESTS_ON in nights else len(nights)
    if recorded < 2 * len(data.arms):
        raise AnalysisError(
            f"{recorded:g} nights are too few to compare anything", place=outcome.name, remedy="record more"
        )
    values = nights[outcome.name]
    if len(values.unique()) == 1:
        same = values.iloc[0]
        raise AnalysisError(
            f"every night is the same ({same:g})", place=outcome.name, remedy="check the export or column"
        )
    if outcome.kind != "continuous":
        return
    by_arm = values.groupby(nights["arm"])
    if (by_arm.min() == by_arm.max()).all():
        each = ", ".join(f"{data.labels[arm]} {by_arm.min()[arm]:g}" for arm in data.arms)
        raise AnalysisError(
            f"one value an arm ({each}) leaves nothing to tell chance by",
            place=outcome.name,
            remedy="give every night, or the mean of every period, a row",
        )
    by_period = values.groupby(nights["period"])
    if (by_period.min() == by_period.max()).all() and by_period.size().min() > 1:
        raise AnalysisError(
            f"all nights of a period have one value ({len(by_period)} periods), so they are its mean",
            place=outcome.name,
            remedy="give each period one row, or every night its own value",
        )


def refuse_too_many_alike(data: TrialData, outcome: Outcome) -> None:
    """Check that the likelihood of Student-t nights has a maximum; for Gaussian nights a few that differ are enough.

    Raises
    ------
    AnalysisError
        So many nights are equal that the likelihood is unbounded.
    """
    nights = data.analysed(outcome)
    values = nights[outcome.name]
    alike = sum(values[nights["arm"] == name].value_counts().iloc[0] for name in data.arms)
    if alike - len(data.arms) > MOST_ALIKE * (len(values) - alike):
        raise AnalysisError(
            f"{alike} of {len(values)} nights have one and the same value for each arm, so nothing tells how heavy"
            " the tails are",
            place=outcome.name,
            remedy="use a model of Gaussian nights",
        )


def _numbers_of_its_kind(data: TrialData, outcome: Outcome) -> None:
    table = data.table[
        data.table["left_out"].isin((LeftOut.NO, LeftOut.RUN_IN)) & data.table[outcome.name].notna()
    ]
    values = table[outcome.name].to_numpy(float)
    counts = outcome.kind == "count"
    wrong = ~(np.abs(values) < LARGEST) | (counts & ((values < 0) | (np.floor(values) != values)))
    if wrong.any():
        row = table.iloc[int(np.flatnonzero(wrong)[0])]
        when = f"day {row['day']}" if pd.isna(row["night"]) else f"{row['night']:%Y-%m-%d}"
        raise AnalysisError(
            f"the night of {when} has {row[outcome.name]:g}, which is no {'count' if counts else 'sound number'}",
            place=outcome.name,
            remedy="correct it, or leave it empty",
        )
