"""The data of a trial's folder: exports and diary lines taken in, and the table of nights for the analysis.

It imports nothing of `n1trial.inference`, so that the daily commands start without the sampler.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from pathlib import Path

import pandas as pd

from n1trial.data.diary import Diary, answer_doubt, diary_csv, read_diary, with_answers
from n1trial.data.episodes import SleepEpisode
from n1trial.data.importers import OnNote, device_name, read_exports, warn
from n1trial.data.ledger import ledger_csv, ledger_table, trace_nights
from n1trial.data.left_out import LeftOut
from n1trial.data.left_out_nights import with_nights_to_come, without_nights_after, without_paused_nights
from n1trial.data.nights import Nights, nightly
from n1trial.data.recorders import recorder_line
from n1trial.data.trial_assembly import join_trial
from n1trial.data.trial_data import TrialData
from n1trial.errors import FolderError
from n1trial.system.files import write_whole
from n1trial.trial_folder.events import Course, blind_broken, conduct_notes, read_course
from n1trial.trial_folder.import_doubts import OnDoubts, doubts_of_files, doubts_of_records
from n1trial.trial_folder.store import (
    Imported,
    TrialFolder,
    add_episodes,
    fingerprint,
    imported_before,
    outdated_exports,
    stored_episodes,
    writing,
)
from n1trial.trial_folder.store.log_events import DiaryWritten

__all__ = [
    "Recorded",
    "answer_doubts",
    "import_exports",
    "night_doubts",
    "nights_by_device",
    "recorded_nights",
    "trial_data",
    "trial_ledger",
    "write_down",
    "written_diary",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Recorded:
    """What the devices recorded: the trial joined with one of them, and the records of each."""

    data: TrialData
    used: str
    by_device: Mapping[str, Sequence[SleepEpisode]]


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


def answer_doubts(folder: TrialFolder, night: date, answers: Mapping[str, str]) -> list[str]:
    """What looks odd about answers that can all be read.

    Raises
    ------
    DiaryError
        The diary has a line that cannot be read, or an answer is none.
    """
    with_answers(written_diary(folder), folder.protocol, night, answers)
    doubts = (answer_doubt(folder.protocol, column, cell) for column, cell in answers.items())
    return [doubt for doubt in doubts if doubt]


def recorded_nights(
    folder: TrialFolder, diary: Diary | None = None, *, evening: date | None = None
) -> Recorded:
    """Join what was planned with what was recorded and, if given, written down.

    When several devices recorded, the one with the most nights of the trial is used and the others are
    named in `data.notes`; they are never mixed.

    Parameters
    ----------
    evening
        The next one: from it on, nights without a record are to come. None: every night is over.

    Raises
    ------
    FolderError
        Nothing was imported yet.
    """
    by_device: dict[str, list[SleepEpisode]] = {}
    for episode in stored_episodes(folder):
        by_device.setdefault(episode.source, []).append(episode)
    if not by_device:
        raise FolderError(f"{folder.path}: no sleep was imported yet: run n1trial import with your export")
    primary = folder.protocol.primary
    joined = {
        device: join_trial(folder.schedule, nightly(episodes), folder.analysis_protocol, diary)
        for device, episodes in by_device.items()
    }
    counts = {device: len(data.analysed(primary)) for device, data in joined.items()}
    used = max(counts, key=lambda device: counts[device])
    recorded = {device: int(data.table[primary.name].notna().sum()) for device, data in joined.items()}
    aside = tuple(
        f"{device_name(device)} recorded {nights} of the trial's nights too; only {device_name(used)}, which recorded"
        f" {recorded[used]}, is analysed, because devices are never mixed"
        for device, nights in recorded.items()
        if device != used and nights
    )
    planned = {night.date() for night in folder.schedule.table["night"]}
    in_trial = [night for night in trace_nights(by_device[used]) if night.night in planned]
    mixed = recorder_line(in_trial, dates=False)
    outdated = (
        f"{export} was read by an earlier version of n1trial only: import it again, or its nights may differ from the"
        " others for that alone"
        for export in outdated_exports(folder)
    )
    notes = (*aside, *([mixed] if mixed else []), *outdated)
    data = _as_conducted(joined[used], folder, read_course(folder), notes)
    if evening is not None:
        data = with_nights_to_come(data, pd.Timestamp(evening))
    return Recorded(data=data, used=used, by_device=by_device)


def planned_nights(folder: TrialFolder, diary: Diary, *, evening: date) -> TrialData:
    """The nights of a trial before the first import: every one planned, none recorded."""
    joined = join_trial(folder.schedule, nightly([]), folder.analysis_protocol, diary)
    return with_nights_to_come(_as_conducted(joined, folder, read_course(folder), ()), pd.Timestamp(evening))


def _as_conducted(data: TrialData, folder: TrialFolder, course: Course, notes: tuple[str, ...]) -> TrialData:
    """The trial as it went: hidden or not, peeked at or not, stopped early or not."""
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


def nights_by_device(recorded: Recorded) -> dict[str, Nights]:
    """The nights of every device, that of the analysis first."""
    others = [device for device in recorded.by_device if device != recorded.used]
    return {device: nightly(recorded.by_device[device]) for device in (recorded.used, *others)}


def trial_ledger(folder: TrialFolder) -> str:
    """The ledger as CSV text: every night, what became of it, and the file › record it is made of.

    Raises
    ------
    FolderError
        Nothing was imported yet.
    """
    recorded = recorded_nights(folder)
    return ledger_csv(ledger_table(recorded.data, trace_nights(recorded.by_device[recorded.used])))


def trial_data(folder: TrialFolder) -> tuple[TrialData, Diary]:
    """Join what was planned, recorded and written down.

    Raises
    ------
    FolderError
        Nothing was imported yet.
    DiaryError
        A line of the diary cannot be read.
    """
    diary = written_diary(folder)
    return recorded_nights(folder, diary).data, diary
