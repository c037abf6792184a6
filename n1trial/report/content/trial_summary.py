"""Summary of the trial: nights, doses, guesses, side effects and confounders by arm."""

from collections.abc import Mapping

import numpy as np
import pandas as pd
from scipy.special import bdtrc

from n1trial.data.diary import Diary
from n1trial.data.diary.amounts import unit_of
from n1trial.data.episodes import CLOCK_CHANGES
from n1trial.data.flags import parse_flags
from n1trial.data.left_out import PLANNED_OUT, LeftOut
from n1trial.data.trial_data import TrialData
from n1trial.design.calendar_columns import roster_columns
from n1trial.design.outcomes import Outcome
from n1trial.design.protocol import Protocol
from n1trial.report import sentences
from n1trial.report.content.dose_timing import dosed_arms, minutes_before_sleep, nights_with_diary

# A week without records at the end means that the trial ended early.
ENDED_EARLY_NIGHTS = 7
SIDE_EFFECTS = {"grogginess": "Grogginess", "stomach": "Stomach trouble"}


def nights_by_arm(data: TrialData, outcome: Outcome) -> pd.DataFrame:
    """Nights planned for the comparison, analysed and missing, one row per arm."""
    planned = data.table.loc[~data.table["left_out"].isin(PLANNED_OUT), "arm"].value_counts()
    kept = data.analysed(outcome)["arm"].value_counts()
    table = (
        pd.DataFrame({"planned": planned, "analysed": kept}).reindex(list(data.arms)).fillna(0).astype(int)
    )
    return table.assign(missing=table["planned"] - table["analysed"])


def what_was_done(data: TrialData, diary: Diary | None, protocol: Protocol | None) -> list[str]:
    """Sentences about nights, doses, their timing, and guesses."""
    table = nights_with_diary(data, diary)
    return [
        sentences.nights_in_words(data),
        *_ended_early(data),
        *_recorded(data),
        *_doses(table[table["left_out"] != LeftOut.RUN_IN], data, protocol),
        *_habits(table[table["left_out"] != LeftOut.RUN_IN], data),
        *_timing(table, data, diary, protocol),
        *_guessed_arms(table, data),
    ]


def _ended_early(data: TrialData) -> list[str]:
    """That nothing was recorded on the last planned nights."""
    planned = data.table[~data.table["left_out"].isin(PLANNED_OUT)]
    kept = np.flatnonzero(planned.index.isin(data.analysed(data.outcomes[0]).index))
    silent = len(planned) - 1 - int(kept.max(initial=-1))
    return [sentences.ended_early_in_words(silent)] if silent >= ENDED_EARLY_NIGHTS else []


def _recorded(data: TrialData) -> list[str]:
    """Which devices recorded, and on which nights the clocks changed."""
    if "device" not in data.table:
        return []
    devices = data.table["device"].dropna().value_counts()
    changed = data.table.loc[data.table["flags"].map(_clock_changed), "night"]
    named = [sentences.devices_in_words(devices.to_dict())] if len(devices) else []
    return named + ([sentences.clock_changes_in_words(list(changed.dt.date))] if len(changed) else [])


def _clock_changed(flags: str) -> bool:
    return any(flag.word in CLOCK_CHANGES for flag in parse_flags(flags))


def _doses(table: pd.DataFrame, data: TrialData, protocol: Protocol | None) -> list[str]:
    if "taken" not in table:
        return []
    answered = table[table["taken"].notna()]
    with_dose = answered["arm"].isin(dosed_arms(data, protocol))
    taken, habit = answered["taken"].astype(bool), answered["arm"].isin(data.habits)
    if not with_dose.any():
        return []
    answered, taken = answered[~habit], taken[~habit]
    with_dose = with_dose[~habit]
    return [
        sentences.doses_in_words(
            int(taken[with_dose].sum()), int(with_dose.sum()), int(taken[~with_dose].sum())
        )
    ]


def _habits(table: pd.DataFrame, data: TrialData) -> list[str]:
    if "taken" not in table:
        return []
    kept = table.loc[table["arm"].isin(data.habits), "taken"].dropna()
    return [sentences.habits_in_words(int(kept.sum()), len(kept))] if len(kept) else []


def _timing(
    table: pd.DataFrame, data: TrialData, diary: Diary | None, protocol: Protocol | None
) -> list[str]:
    by_arm = minutes_before_sleep(data, diary, protocol)
    if by_arm and protocol is not None:
        every = [minute for taken in by_arm.values() for minute in taken]
        return [sentences.timing_in_words(every, protocol.dosing.minutes_before_bed)]
    if "taken_at" not in table:
        return []
    times = table.loc[table["arm"].isin(dosed_arms(data, protocol)), "taken_at"].dropna()
    return [sentences.clock_in_words([time for time in times if time])] if times.any() else []


def _guessed_arms(table: pd.DataFrame, data: TrialData) -> list[str]:
    if "guess" not in table or data.blinded is False:
        return []
    guessed = table[table["guess"].isin([*data.arms, *data.labels.values()])]
    if guessed.empty:
        return []
    named = guessed["arm"].map(dict(data.labels))
    right = int(((guessed["guess"] == guessed["arm"]) | (guessed["guess"] == named)).sum())
    # Whether so many right guesses have a probability below .05 by chance.
    beyond = float(bdtrc(right - 1, len(guessed), 1 / len(data.arms))) < 0.05
    return [sentences.guesses_in_words(right, len(guessed), len(data.arms), beyond_luck=beyond)]


def never_recorded(data: TrialData) -> list[str]:
    """Outcomes that were planned and of which there is no night."""
    return [
        sentences.not_recorded_in_words(outcome)
        for outcome in data.outcomes
        if not len(data.analysed(outcome))
    ]


def side_effects(data: TrialData, diary: Diary | None) -> list[str]:
    """What the diary has about side effects, a sentence each."""
    table = nights_with_diary(data, diary)
    by_column = {column: means_by_arm(table, data, column) for column in SIDE_EFFECTS}
    return [
        sentences.side_effect_in_words(SIDE_EFFECTS[column], means, data.labels)
        for column, means in by_column.items()
        if means
    ]


def means_by_arm(table: pd.DataFrame, data: TrialData, column: str) -> Mapping[str, float]:
    """By arm, mean of a diary column over the trial's evenings; without the run-in."""
    if column not in table:
        return {}
    trial = table[table["left_out"] != LeftOut.RUN_IN]
    means = trial[column].astype(float).groupby(trial["arm"]).mean().dropna()
    return {arm: float(means[arm]) for arm in data.arms if arm in means.index}


def confounders_by_arm(data: TrialData, diary: Diary | None, protocol: Protocol | None) -> pd.DataFrame:
    """Mean of every confounder, or the number of evenings of a yes-or-no one or a shift; one column per arm."""
    if protocol is None:
        return pd.DataFrame()
    table = nights_with_diary(data, diary)
    shifts = roster_columns(protocol.roster).values() if protocol.roster else ()
    rows: dict[str, Mapping[str, float] | Mapping[str, str]] = {}
    for name in (*protocol.confounders, *shifts):
        amount = unit_of(name) or name.endswith("_0_to_10")
        yes_or_no = name in table and not amount and table[name].dropna().isin((0, 1)).all()
        if yes_or_no and (counts := counts_by_arm(table, data, name)):
            rows[name.replace("_", " ")] = counts
        elif not yes_or_no and (means := means_by_arm(table, data, name)):
            rows[f"{name.replace('_', ' ')}, mean"] = means
    return pd.DataFrame.from_dict(rows, orient="index", columns=list(data.arms)) if rows else pd.DataFrame()


def counts_by_arm(table: pd.DataFrame, data: TrialData, column: str) -> Mapping[str, str]:
    """By arm, evenings with a yes in a yes-or-no column, of those with an entry; without the run-in."""
    trial = table[(table["left_out"] != LeftOut.RUN_IN) & table[column].notna()]
    by_arm = trial[column].astype(float).groupby(trial["arm"])
    yes, of = by_arm.sum().astype(int), by_arm.size()
    return {
        arm: f"{yes[arm]} of {of[arm]} {'evening' if of[arm] == 1 else 'evenings'}"
        for arm in data.arms
        if arm in of.index
    }
