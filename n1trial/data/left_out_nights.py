"""A trial with other nights left out: those to come, those of a pause, those after a look or a stop."""

from dataclasses import replace

import pandas as pd

from n1trial.data.left_out import PLANNED_OUT, LeftOut
from n1trial.data.trial_data import TrialData


def interim_nights(data: TrialData) -> int:
    """How many nights of the plan are still to come, or came after the look that this is; 0 where it is the end."""
    return int(data.table["left_out"].isin((LeftOut.TO_COME, LeftOut.AFTER_LOOK)).sum())


def with_nights_to_come(data: TrialData, evening: pd.Timestamp) -> TrialData:
    """The trial on this evening: it and later nights without a record are to come, not lost."""
    to_come = (data.table["night"] >= evening) & (data.table["left_out"] == LeftOut.NO_RECORD)
    return replace(
        data, table=data.table.assign(left_out=data.table["left_out"].mask(to_come, LeftOut.TO_COME))
    )


def without_paused_nights(data: TrialData, first: pd.Timestamp, last: pd.Timestamp) -> TrialData:
    """The trial with the nights of a pause left out, recorded or not."""
    paused = data.table["night"].between(first, last) & (data.table["left_out"] != LeftOut.RUN_IN)
    return replace(
        data, table=data.table.assign(left_out=data.table["left_out"].mask(paused, LeftOut.PAUSED))
    )


def without_nights_after(data: TrialData, last: pd.Timestamp, reason: LeftOut) -> TrialData:
    """The trial with every night after this one left out for a reason."""
    later = (data.table["night"] > last) & (data.table["left_out"] != LeftOut.RUN_IN)
    return replace(data, table=data.table.assign(left_out=data.table["left_out"].mask(later, reason)))


def left_out_like(data: TrialData, other: TrialData) -> TrialData:
    """The trial with the nights left out that another reading of the same nights is planned to leave out."""
    planned = other.table["left_out"]
    return replace(
        data,
        table=data.table.assign(left_out=data.table["left_out"].mask(planned.isin(PLANNED_OUT), planned)),
    )
