"""The data of a trial's folder: exports and diary lines taken in, and which nights and notes an analysis has.

It imports nothing of `n1trial.inference`, so that the daily commands start without the sampler.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime
from pathlib import Path

import pandas as pd

from n1trial.data.diary import Diary, answer_doubt, diary_csv, read_diary, with_answers
from n1trial.data.importers import OnNote, device_name, read_exports, warn
from n1trial.data.left_out import LeftOut
from n1trial.data.left_out_nights import without_nights_after, without_paused_nights
from n1trial.data.nights import Nights
from n1trial.data.trial_data import TrialData
from n1trial.design.outcomes import Outcome
from n1trial.design.protocol import Protocol
from n1trial.design.schedule import Schedule
from n1trial.system.files import write_whole
from n1trial.trial_folder.events import Course, blind_broken, conduct_notes
from n1trial.trial_folder.import_doubts import OnDoubts, doubts_of_files, doubts_of_records
from n1trial.trial_folder.store import (
    Imported,
    TrialFolder,
    add_episodes,
    fingerprint,
    imported_before,
    stored_episodes,
    writing,
)
from n1trial.trial_folder.store.log_events import DiaryWritten

__all__ = [
    "answer_doubts",
    "as_conducted",
    "device_notes",
    "device_of_the_analysis",
    "import_exports",
    "night_doubts",
    "nights_recorded",
    "outdated_notes",
    "write_down",
    "written_diary",
]


def import_exports(
    folder: TrialFolder,
    exports: Sequence[Path],
    *,
    now: datetime,
    on_note: OnNote = warn,
    on_doubts: OnDoubts = lambda doubts: None,
) -> Imported:
    """Read one export, in one or several files, into the folder; the very same export is not read again.

    Parameters
    ----------
    exports
        Files or folders of one export.
    now
        Aware; stands in the log.
    on_note
        Called with what a reader should know of the export beside its nights.
    on_doubts
        Called before anything is kept, with what looks odd about it; it may ask, and refuse by raising.
    """
    sha256 = fingerprint(exports)
    before = imported_before(folder, sha256) if sha256 else None
    if before is not None:
        return before
    episodes = read_exports(exports, home_zone=folder.home_zone, on_note=on_note)
    today = now.astimezone(folder.home_zone).date()
    on_doubts([*doubts_of_files(exports), *doubts_of_records(stored_episodes(folder), episodes, today=today)])
    name = exports[0].name if len(exports) == 1 else f"{exports[0].name} and {len(exports) - 1} more"
    return add_episodes(folder, episodes, now=now, export=name, sha256=sha256)


def written_diary(folder: TrialFolder) -> Diary:
    """The diary of a trial; where the order of day and month is unclear, the trial's nights may settle it.

    Raises
    ------
    DiaryError
        A line of it cannot be read.
    """
    nights = {night.date() for night in folder.schedule.table["night"]}
    return read_diary(folder.diary, folder.protocol, nights=nights)


def write_down(folder: TrialFolder, night: date, answers: Mapping[str, str], *, now: datetime) -> Diary:
    """Write answers into one evening's line of the diary, and into the log; other lines keep their meaning.

    Parameters
    ----------
    answers
        Cells by column, as a person writes them; an empty cell takes an answer back.

    Raises
    ------
    DiaryError
        The diary has a line that cannot be read, or an answer is none. Nothing is written then.
    FolderError
        Another command is writing, or there is no room.
    """
    with writing(folder) as writer:
        diary = with_answers(written_diary(folder), folder.protocol, night, answers)
        write_whole(folder.diary, diary_csv(diary, folder.protocol))
        writer.log(DiaryWritten(night=night, answers=dict(answers)), now=now)
    return diary


def night_doubts(folder: TrialFolder, night: date, *, now: datetime) -> list[str]:
    """What looks odd about writing down this night: it is not of the trial, or it is still to come."""
    first, last = (each.date() for each in folder.schedule.table["night"].iloc[[0, -1]])
    if not first <= night <= last:
        return [f"{night} is no night of this trial, which runs {first} to {last}"]
    return [f"{night} is still to come"] if night > now.astimezone(folder.home_zone).date() else []


def answer_doubts(diary: Diary, protocol: Protocol, night: date, answers: Mapping[str, str]) -> list[str]:
    """What looks odd about answers that can all be read.

    Raises
    ------
    DiaryError
        An answer is none.
    """
    with_answers(diary, protocol, night, answers)
    doubts = (answer_doubt(protocol, column, cell) for column, cell in answers.items())
    return [doubt for doubt in doubts if doubt]


def device_of_the_analysis(nights: Mapping[str, Nights], schedule: Schedule, primary: Outcome) -> str:
    """The device with the most nights of the comparison, of equals the first; devices are never mixed.

    Parameters
    ----------
    nights
        By device; one or more.
    primary
        The outcome whose nights count.
    """
    planned = schedule.table
    compared = planned.loc[(planned["phase"] != "run-in") & ~planned["washout"], "night"]
    counts = nights_recorded(nights, compared, primary)
    return max(counts, key=lambda device: counts[device])


def nights_recorded(nights: Mapping[str, Nights], dates: pd.Series, outcome: Outcome) -> Mapping[str, int]:
    """On how many of these dates each device recorded an outcome.

    Parameters
    ----------
    nights
        By device.
    dates
        Evenings.
    """
    tables = {device: recorded.table for device, recorded in nights.items()}
    return {
        device: int(pd.to_datetime(table.loc[table[outcome.name].notna(), "night"]).isin(dates).sum())
        for device, table in tables.items()
    }


def device_notes(used: str, recorded: Mapping[str, int]) -> tuple[str, ...]:
    """What a reader must know of the devices that are not analysed: how many nights of the trial each recorded."""
    return tuple(
        f"{device_name(device)} recorded {nights} of the trial's nights too; only {device_name(used)}, which recorded"
        f" {recorded[used]}, is analysed, because devices are never mixed"
        for device, nights in recorded.items()
        if device != used and nights
    )


def outdated_notes(exports: Iterable[str]) -> tuple[str, ...]:
    """What a reader must know of exports that were read by earlier importers only."""
    return tuple(
        f"{export} was read by an earlier version of n1trial only: import it again, or its nights may differ from the"
        " others for that alone"
        for export in exports
    )


def as_conducted(
    data: TrialData, folder: TrialFolder, course: Course, notes: tuple[str, ...] = ()
) -> TrialData:
    """The trial as it went: hidden or not, peeked at or not, stopped early or not.

    Parameters
    ----------
    notes
        What else a reader must know; it stands before what is to be known of the course.
    """
    for first, last in course.pauses:
        data = without_paused_nights(data, pd.Timestamp(first), pd.Timestamp(last))
    if course.last_night:
        data = without_nights_after(data, pd.Timestamp(course.last_night), LeftOut.AFTER_STOP)
    return replace(
        data,
        notes=(*data.notes, *notes, *conduct_notes(course)),
        blinded=bool(folder.hidden),
        sealed=folder.sealed,
        blind_broken=blind_broken(folder, course),
        peeked=bool(course.early_looks),
    )
