"""Nights joined with the diary, and the time from dose to sleep."""

from datetime import datetime

import numpy as np
import pandas as pd

from n1trial.data.diary import Diary
from n1trial.data.trial_data import TrialData
from n1trial.design.protocol import Protocol

BEFORE_SLEEP = "before_sleep_min"


def nights_with_diary(data: TrialData, diary: Diary | None) -> pd.DataFrame:
    """The table of nights with every column of the diary, one row per planned night.

    `before_sleep_min` is the minutes from the dose to the start of sleep, where both are known.
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
    """Minutes from a time of day to the start of sleep, less than half a day; NaN if sleep came first."""
    if not (isinstance(taken, str) and taken and isinstance(start, str) and start):
        return np.nan
    hours, minutes = (int(part) for part in taken.split(":"))
    began = datetime.fromisoformat(start)
    elapsed = (began.hour * 60 + began.minute - 60 * hours - minutes) % 1440
    return float(elapsed) if elapsed < 720 else np.nan


def minutes_before_sleep(
    data: TrialData, diary: Diary | None, protocol: Protocol | None
) -> dict[str, list[float]]:
    """By arm with a dose, the minutes from dose to sleep of every evening on which both are known."""
    table = nights_with_diary(data, diary)
    if BEFORE_SLEEP not in table:
        return {}
    known = table.dropna(subset=BEFORE_SLEEP)
    by_arm = {arm: known.loc[known["arm"] == arm, BEFORE_SLEEP].tolist() for arm in data.arms}
    return {arm: taken for arm, taken in by_arm.items() if taken and arm in dosed_arms(data, protocol)}


def dosed_arms(data: TrialData, protocol: Protocol | None) -> set[str]:
    """Arms with a dose; in a blinded trial every arm, since the others hold placebo."""
    if data.blinded:
        return set(data.arms)
    if protocol is None:
        return set(data.treatments)
    return {arm.name for arm in protocol.arms if arm.doses}
