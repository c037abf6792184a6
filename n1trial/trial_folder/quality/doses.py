"""When the dose was taken, against the start of sleep that the device recorded."""

from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from statistics import median

import pandas as pd

from n1trial.data.episodes import NOON_HOUR
from n1trial.trial_folder.quality.evidence import Evidence, Finding, counted, wall_clock


def timing(evidence: Evidence) -> Iterator[Finding]:
    """Minutes from dose to the first sleep: the middle, the range, and nights outside the plan."""
    minutes = minutes_before_sleep(evidence)
    if not minutes and evidence.habit:
        return
    if not minutes:
        yield Finding(check="dose timing", said="no night has both a dose's time and a recorded sleep")
        return
    first, last = evidence.minutes_before_bed
    values = list(minutes.values())
    yield Finding(
        check="dose timing",
        said=(
            f"{counted(len(values), 'dose')}, {median(values):.0f} min before sleep (median),"
            f" from {min(values):.0f} to {max(values):.0f} (planned {first} to {last} before bed)"
        ),
    )
    after = tuple(night for night, value in minutes.items() if value < 0)
    if after:
        yield Finding(
            check="dose timing",
            said=f"{counted(len(after), 'dose')} written down for after sleep had begun: see the times",
            nights=after,
        )
    early = tuple(night for night, value in minutes.items() if value > 2 * last + 60)
    if early:
        yield Finding(
            check="dose timing", said=f"{counted(len(early), 'dose')} hours before sleep", nights=early
        )


def minutes_before_sleep(evidence: Evidence) -> dict[date, float]:
    """Minutes by the wall clock from the dose to the first sleep of the night; negative if sleep came first."""
    nights = evidence.recorded.set_index("date")
    minutes = {}
    for night, taken_at in zip(evidence.diary["night"].dt.date, evidence.diary["taken_at"], strict=True):
        start = nights["start"].get(night)
        if pd.isna(taken_at) or start is None or pd.isna(start):
            continue
        clock = time.fromisoformat(taken_at)
        # A time before noon belongs to the day after the evening.
        taken = datetime.combine(night + timedelta(days=clock.hour < NOON_HOUR), clock)
        latency = nights["sol_min"].get(night)
        asleep = wall_clock(start) + timedelta(minutes=0 if pd.isna(latency) else float(latency))
        minutes[night] = (asleep - taken).total_seconds() / 60
    return minutes
