"""Sentences on the conduct of the trial: nights, devices, doses, guesses, side effects."""

from collections.abc import Mapping, Sequence
from datetime import date

from n1trial.data.left_out import PLANNED_OUT, LeftOut
from n1trial.data.left_out_nights import interim_nights
from n1trial.data.trial_data import TrialData
from n1trial.design.outcomes import Outcome
from n1trial.markup.text import capitalised, ended, visible
from n1trial.report.sentences.numbers import in_a_row
from n1trial.report.sentences.outcome_words import NBSP


def title_of(outcome: Outcome) -> str:
    """The title of a report without a protocol."""
    return f"What changed your {visible(outcome.label)}?"


def when_in_words(nights: int, dates: tuple[str, str] | None) -> str:
    """How many nights, and from when to when where they have dates."""
    return f"{nights} nights" + (f", {dates[0]} to {dates[1]}" if dates else "")


def interim_in_words(data: TrialData) -> str:
    """How many nights an interim report is based on; empty at the end."""
    later = interim_nights(data)
    if not later:
        return ""
    kept = len(data.analysed(data.outcomes[0]))
    planned = later + int((~data.table["left_out"].isin(PLANNED_OUT)).sum())
    return f"{kept} of {planned} nights are in it, {later} are to come or not looked at yet: the answer may change."


def nights_in_words(data: TrialData) -> str:
    """Nights planned for the comparison, kept, missing and still to come."""
    outcome = data.outcomes[0]
    kept, over = len(data.analysed(outcome)), int((~data.table["left_out"].isin(PLANNED_OUT)).sum())
    missing, to_come = over - kept, int((data.table["left_out"] == LeftOut.TO_COME).sum())
    planned = over + to_come
    aside = len(data.table) - planned
    why = [
        reason
        for reason in PLANNED_OUT
        if reason != LeftOut.TO_COME and (data.table["left_out"] == reason).any()
    ]
    return (
        f"{planned} nights were planned for the comparison: {kept} are in it,"
        f" {missing if missing else 'none'} {'is' if missing == 1 else 'are'} missing"
        + (f" and {to_come} {'is' if to_come == 1 else 'are'} still to come." if to_come else ".")
        + (f" {aside} more were set aside ({in_a_row(why)})." if aside else "")
    )


def devices_in_words(nights: Mapping[str, int]) -> str:
    """Which device recorded how many nights; more than one is a reason for care."""
    named = [f"{visible(device)} ({count} nights)" for device, count in nights.items()]
    care = " The device changed, so a difference may be the device." if len(named) > 1 else ""
    return f"Recorded by {in_a_row(named)}.{care}"


def clock_changes_in_words(nights: Sequence[date]) -> str:
    """Nights on which the local clock changed, by season or by travel."""
    dates = in_a_row([f"{night.day} {night:%b %Y}" for night in nights])
    return f"The clock changed during {'one night' if len(nights) == 1 else 'some nights'}: {dates}."


def doses_in_words(taken: int, answered: int, unplanned: int) -> str:
    """Planned doses taken, of those with an entry in the diary, and doses on nights without one."""
    sentence = f"Of {answered} dose evenings in the diary, the dose was taken on {taken}."
    if unplanned:
        sentence += (
            f" On {unplanned} evening{'s' if unplanned > 1 else ''} without a dose something was taken."
        )
    return sentence


def habits_in_words(kept: int, answered: int) -> str:
    """Evenings on which the habit was kept, of those with an entry in the diary."""
    return f"You kept to what was planned on {kept} of the {answered} evenings of which the diary tells."


def timing_in_words(minutes: Sequence[float], planned: tuple[int, int]) -> str:
    """How long before falling asleep the doses were taken."""
    ordered = sorted(minutes)
    within = sum(planned[0] <= minute <= planned[1] for minute in ordered)
    return (
        f"The dose was taken about {ordered[len(ordered) // 2]:.0f}{NBSP}min before sleep began, and on {within} of"
        f" {len(ordered)} evenings {planned[0]} to {planned[1]}{NBSP}min before it. The plan says {planned[0]} to"
        f" {planned[1]}{NBSP}min before bedtime, which is earlier than sleep."
    )


def clock_in_words(times: Sequence[str]) -> str:
    """When the doses were taken, by the clock."""
    ordered = sorted(times, key=lambda time: (time < "12:00", time))
    return f"The dose was taken between {visible(ordered[0])} and {visible(ordered[-1])}, as written in the diary."


def guesses_in_words(right: int, guessed: int, arms: int, *, beyond_luck: bool) -> str:
    """Right guesses of the arm, against those expected by chance."""
    text = f"You guessed right on {right} of {guessed} mornings. Chance alone would give about {guessed / arms:.0f}."
    return text + (
        f" {right} is more than chance: you could often tell what you took." if beyond_luck else ""
    )


def ended_early_in_words(nights: int) -> str:
    """The last planned nights, on which nothing was recorded."""
    return f"Nothing was recorded on the last {nights} planned nights: the trial ended early."


def not_recorded_in_words(outcome: Outcome) -> str:
    """An outcome of which there is no night."""
    return f"{capitalised(visible(outcome.label))}: not recorded by your device, so nothing is said about it."


def side_effect_in_words(thing: str, means: Mapping[str, float], labels: Mapping[str, str]) -> str:
    """The mean of one side effect in the diary, by arm."""
    by_arm = [f"{value:.1f} on {visible(labels[arm])}" for arm, value in means.items()]
    return ended(f"{thing}, as you wrote it down, on average: {in_a_row(by_arm)}")
