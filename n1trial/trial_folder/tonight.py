"""What to take this evening and when, how far the trial is, and what was recorded so far."""

from collections.abc import Iterator

import pandas as pd

from n1trial.markup.text import visible
from n1trial.trial_folder.printouts.evening import Evening, clock_span, planned_evenings
from n1trial.trial_folder.printouts.page import day
from n1trial.trial_folder.snapshot import TrialSnapshot
from n1trial.trial_folder.store import TrialFolder


def tonight_lines(trial: TrialSnapshot) -> Iterator[str]:
    """Tonight's arm, or kit while the arms are hidden; when to take it; nights and evenings kept so far.

    Diary and records are read after the lines about tonight, so that these are there whatever is wrong with those.
    """
    folder, night, end, first = trial.folder, trial.evening, trial.last_night, trial.schedule.start
    if night < first:
        yield f"The trial begins in the evening of {day(first)}; tonight sleep as usual."
        return
    paused = trial.course.pause_at(night)
    if paused and night <= end:
        yield f"The trial is paused until the evening of {day(paused[1])}; tonight sleep as usual."
    elif night > end:
        yield f"The trial ended with the night of {day(end)}. Import the last nights, then run n1trial fit."
        if folder.sealed:
            yield f'The arms are still hidden: n1trial unblind {folder.path} --reason "it is over" opens the key.'
    else:
        hidden = folder.hidden if folder.sealed else ""
        planned = list(planned_evenings(folder.schedule, folder.protocol, hidden=hidden))
        number = (night - first).days
        yield from _evening_lines(planned[number], number, folder)
    yield from _kept(trial)


def _evening_lines(evening: Evening, number: int, folder: TrialFolder) -> Iterator[str]:
    design = folder.protocol.design
    yield visible(f"{day(evening.night)}, night {number + 1} of {len(folder.schedule.table)}: {evening.name}")
    yield visible(f"  {evening.what}")
    if evening.servings:
        spans = " and ".join(clock_span(folder.bedtime, minutes) for _, minutes in evening.servings)
        yield f"  for a bedtime of {folder.bedtime:%H:%M}: {spans}"
    if evening.asks and folder.protocol.dosing.note:
        yield visible(f"  {folder.protocol.dosing.note}")
    if evening.phase == "trial":
        inside = (number - design.run_in_nights) % design.period_nights + 1
        yield (
            f"  block {evening.block} of {design.blocks}, period {evening.period}, night {inside} of"
            f" {design.period_nights}"
        )


def _kept(trial: TrialSnapshot) -> Iterator[str]:
    """Evenings written down and nights recorded, of those that are over."""
    past = {night for night in trial.planned if night < trial.evening}
    diary = trial.diary.table
    written = diary.loc[diary.drop(columns="night").notna().any(axis=1), "night"].dt.date
    yield f"Evenings written down: {len(set(written) & past)} of {len(past)}."
    if not trial.imported:
        yield "No sleep was imported yet."
        return
    nights = trial.nights[trial.device].table
    recorded = set(pd.to_datetime(nights.loc[nights["tst_min"].notna(), "night"]).dt.date)
    yield f"Nights recorded: {len(recorded & past)} of {len(past)}."
