"""Nights and diary side by side: what was taken, guessed and felt on every planned evening."""

from datetime import datetime

import numpy as np
import pandas as pd

from n1trial.data.diary import Diary
from n1trial.data.trial_data import TrialData
from n1trial.design.protocol import Protocol

BEFORE_SLEEP = "before_sleep_min"


def evenings(data: TrialData, diary: Diary | None) -> pd.DataFrame:
    """The table of nights with every column of the diary, a row a planned night.

    `before_sleep_min` says how many minutes before sleep the dose was taken, where both are known.
    """
    table = data.table
    if diary is not None:
        written = diary.table.assign(night=pd.to_datetime(diary.table["night"]).dt.as_unit("s"))
        absent = [name for name in written if name not in table or name == "night"]
        table = table.merge(written[absent].dropna(subset="night"), on="night", how="left")
    if BEFORE_SLEEP not in table and {"taken_at", "start"} <= set(table):
        pairs = zip(table["taken_at"], table["start"], strict=True)
        table = table.assign(**{BEFORE_SLEEP: [_minutes_between(taken, start) for taken, start in pairs]})
    return table


def _minutes_between(taken: object, start: object) -> float:
    """From a time of the clock to the start of sleep, at most half a day; NaN if sleep came first."""
    if not (isinstance(taken, str) and taken and isinstance(start, str) and start):
        return np.nan
    hours, minutes = (int(part) for part in taken.split(":"))
    began = datetime.fromisoformat(start)
    apart = (began.hour * 60 + began.minute - 60 * hours - minutes) % 1440
    return float(apart) if apart < 720 else np.nan


def minutes_before_sleep(
    data: TrialData, diary: Diary | None, protocol: Protocol | None
) -> dict[str, list[float]]:
    """Minutes from dose to sleep, by every arm that holds a dose and has an evening of which both are known."""
    table = evenings(data, diary)
    if BEFORE_SLEEP not in table:
        return {}
    known = table.dropna(subset=BEFORE_SLEEP)
    by_arm = {arm: known.loc[known["arm"] == arm, BEFORE_SLEEP].tolist() for arm in data.arms}
    return {arm: taken for arm, taken in by_arm.items() if taken and arm in dosed_arms(data, protocol)}


def dosed_arms(data: TrialData, protocol: Protocol | None) -> set[str]:
    """Arms in which there is something to take: every arm where placebo hides them."""
    if data.blinded:
        return set(data.arms)
    if protocol is None:
        return set(data.treatments)
    return {arm.name for arm in protocol.arms if arm.doses}
