"""What happened in the trial, counted: nights, doses, guesses, side effects and confounders by arm."""

from collections.abc import Mapping
from datetime import datetime

import pandas as pd

from n1trial.diary import Diary
from n1trial.outcomes import Outcome
from n1trial.protocol import Protocol
from n1trial.report import sentences
from n1trial.trial import PLANNED_OUT, TrialData

SIDE_EFFECTS = {"grogginess": "Grogginess", "stomach": "Stomach trouble"}


def nights_by_arm(data: TrialData, outcome: Outcome) -> pd.DataFrame:
    """Nights planned for the comparison, analysed and missing, a row an arm."""
    planned = data.table.loc[~data.table["left_out"].isin(PLANNED_OUT), "arm"].value_counts()
    kept = data.analysed(outcome)["arm"].value_counts()
    table = (
        pd.DataFrame({"planned": planned, "analysed": kept}).reindex(list(data.arms)).fillna(0).astype(int)
    )
    return table.assign(missing=table["planned"] - table["analysed"])


def what_was_done(data: TrialData, diary: Diary | None, protocol: Protocol | None) -> list[str]:
    """Sentences about nights, doses, their timing, and guesses."""
    said = [sentences.nights_in_words(data), *_recorded(data)]
    if diary is None or diary.table.empty:
        return said
    evenings = _with_arm(data, diary)
    answered = evenings[(evenings["phase_left_out"] != "run-in") & evenings["taken"].notna()]
    dosed = _dosed_arms(data, protocol)
    planned = answered.loc[answered["arm"].isin(dosed), "taken"].astype(bool)
    unplanned = answered.loc[~answered["arm"].isin(dosed), "taken"].astype(bool)
    if len(planned):
        said.append(sentences.doses_in_words(int(planned.sum()), len(planned), int(unplanned.sum())))
    evenings_with_dose = evenings[evenings["arm"].isin(dosed)]
    minutes = _minutes_before_sleep(evenings_with_dose)
    times = list(evenings_with_dose["taken_at"].dropna())
    if minutes and protocol is not None:
        said.append(sentences.timing_in_words(minutes, protocol.dosing.minutes_before_bed))
    elif times:
        said.append(sentences.clock_in_words(times))
    guesses = evenings.dropna(subset="guess")
    guesses = guesses[guesses["guess"].isin([*data.arms, *data.labels.values()])]
    if len(guesses):
        right = (guesses["guess"] == guesses["arm"]) | (guesses["guess"] == guesses["arm"].map(data.labels))
        said.append(sentences.guesses_in_words(int(right.sum()), len(guesses), len(data.arms)))
    return said


def _recorded(data: TrialData) -> list[str]:
    """Which devices recorded, and on which nights the clocks changed."""
    if "device" not in data.table:
        return []
    devices = data.table["device"].dropna().value_counts()
    changed = data.table.loc[data.table["flags"].str.contains("dst_|offset_change"), "night"]
    said = [sentences.devices_in_words(devices.to_dict())] if len(devices) else []
    return said + ([sentences.clock_changes_in_words(list(changed.dt.date))] if len(changed) else [])


def _dosed_arms(data: TrialData, protocol: Protocol | None) -> set[str]:
    """Arms in which there is something to take: every arm where placebo hides them."""
    if data.blinded:
        return set(data.arms)
    if protocol is None:
        return set(data.treatments)
    return {arm.name for arm in protocol.arms if arm.doses}


def _with_arm(data: TrialData, diary: Diary) -> pd.DataFrame:
    columns = [column for column in ("night", "arm", "left_out", "start") if column in data.table]
    planned = data.table[columns].rename(columns={"left_out": "phase_left_out"})
    written = diary.table.assign(night=pd.to_datetime(diary.table["night"]).dt.as_unit("s"))
    return written.merge(planned.dropna(subset="night"), on="night", how="inner")


def _minutes_before_sleep(evenings: pd.DataFrame) -> list[float]:
    """Minutes from dose to sleep, where the table of nights says when sleep began."""
    if "start" not in evenings:
        return []
    pairs = evenings[["taken_at", "start"]].dropna()
    return [
        minutes
        for taken, start in pairs.itertuples(index=False)
        if start and (minutes := _minutes_between(str(taken), str(start))) is not None
    ]


def _minutes_between(taken: str, start: str) -> float | None:
    """From a time of the clock to the start of sleep, at most half a day; None if sleep came first."""
    hours, minutes = (int(part) for part in taken.split(":"))
    began = datetime.fromisoformat(start)
    apart = (began.hour * 60 + began.minute - 60 * hours - minutes) % 1440
    return float(apart) if apart < 720 else None


def side_effects(data: TrialData, diary: Diary | None) -> list[str]:
    """What was written about side effects, in the same words for each."""
    if diary is None:
        return []
    said = []
    for column, thing in SIDE_EFFECTS.items():
        means = means_by_arm(data, diary, column)
        if means:
            said.append(sentences.side_effect_in_words(thing, means, data.labels))
    return said


def means_by_arm(data: TrialData, diary: Diary, column: str) -> Mapping[str, float]:
    """Mean of a diary column over the trial's evenings of each arm."""
    evenings = _with_arm(data, diary)
    if column not in evenings:
        return {}
    evenings = evenings[evenings["phase_left_out"] != "run-in"]
    means = evenings[column].astype(float).groupby(evenings["arm"]).mean().dropna()
    return {arm: float(means[arm]) for arm in data.arms if arm in means.index}


def confounders_by_arm(data: TrialData, diary: Diary | None, protocol: Protocol | None) -> pd.DataFrame:
    """Mean of every confounder by arm: a row a confounder, a column an arm."""
    if diary is None or protocol is None:
        return pd.DataFrame()
    rows = {name: means_by_arm(data, diary, name) for name in protocol.confounders}
    known = {name: means for name, means in rows.items() if means}
    return pd.DataFrame.from_dict(known, orient="index", columns=list(data.arms)) if known else pd.DataFrame()
