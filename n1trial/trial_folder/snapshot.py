"""A trial as it is at one moment: its folder read once, and all that is worked out from it.

It imports nothing of `n1trial.inference`, so that the daily commands start without the sampler.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import cached_property
from pathlib import Path

import pandas as pd

from n1trial.data.diary import Diary
from n1trial.data.episodes import SleepEpisode
from n1trial.data.ledger import ledger_csv, ledger_table, trace_nights
from n1trial.data.left_out_nights import with_nights_to_come
from n1trial.data.night_assembly import NightRecords
from n1trial.data.nights import Nights, nightly
from n1trial.data.recorders import recorder_line
from n1trial.data.trial_assembly import join_trial
from n1trial.data.trial_data import TrialData
from n1trial.design.protocol import Protocol
from n1trial.design.schedule import Schedule
from n1trial.errors import FolderError
from n1trial.trial_folder.analysis_data import (
    as_conducted,
    device_notes,
    device_of_the_analysis,
    nights_recorded,
    outdated_notes,
    written_diary,
)
from n1trial.trial_folder.events import Course, coming_evening, course_of, last_night
from n1trial.trial_folder.planned_looks import block_to_look_at, nights_to_look_at
from n1trial.trial_folder.store import StoredTrial, TrialFolder, read_stored
from n1trial.trial_folder.store.log import LogLine
from n1trial.trial_folder.store.log_events import Event


@dataclass(frozen=True, kw_only=True, eq=False)
class TrialSnapshot:
    """A trial at one moment: what was planned, recorded and written down, and how far it has come.

    The database was read when the snapshot was made; the diary is read when it is first asked for, so that a line that
    cannot be read does not hide what has nothing to do with it. Whatever is worked out from them is worked out once, at
    its first use. Files that change later do not change a snapshot.

    Attributes
    ----------
    now
        Aware; by it nights are over or to come.
    stored
        What the database held.
    """

    now: datetime
    stored: StoredTrial

    @property
    def folder(self) -> TrialFolder:
        """The folder, to write in, with all that was fixed at the start."""
        return self.stored.folder

    @property
    def protocol(self) -> Protocol:
        """The protocol as it was fixed at the start."""
        return self.folder.protocol

    @property
    def schedule(self) -> Schedule:
        """Which arm on which night; letters while the arms are hidden."""
        return self.folder.schedule

    @cached_property
    def log(self) -> tuple[LogLine[Event], ...]:
        """Lines of the log in order; raises FolderError where one was changed, removed or moved."""
        return self.stored.log()

    @cached_property
    def course(self) -> Course:
        """Amendments, pauses, looks, an early stop and the opened key, from the log."""
        return course_of(self.log)

    @cached_property
    def diary(self) -> Diary:
        """What the person wrote down; raises DiaryError where a line cannot be read."""
        return written_diary(self.folder)

    @cached_property
    def evening(self) -> date:
        """The evening that is next, or that goes on; every night before it is over."""
        return coming_evening(self.folder, now=self.now)

    @cached_property
    def last_night(self) -> date:
        """The last evening, as planned or as stopped."""
        return last_night(self.folder, self.course)

    @cached_property
    def planned(self) -> tuple[date, ...]:
        """Every night of the schedule, in order."""
        return tuple(night.date() for night in self.schedule.table["night"])

    @property
    def imported(self) -> bool:
        """Whether any sleep was imported."""
        return self.stored.imported

    @cached_property
    def episodes(self) -> Mapping[str, Sequence[SleepEpisode]]:
        """Records of each device; raises FolderError where nothing was imported yet."""
        by_device: dict[str, list[SleepEpisode]] = {}
        for episode in self.stored.episodes():
            by_device.setdefault(episode.source, []).append(episode)
        if not by_device:
            raise FolderError(
                f"{self.folder.path}: no sleep was imported yet: run n1trial import with your export"
            )
        return by_device

    @cached_property
    def nights(self) -> Mapping[str, Nights]:
        """Nights of each device, that of the analysis first."""
        nights = {device: nightly(episodes) for device, episodes in self.episodes.items()}
        used = device_of_the_analysis(nights, self.schedule, self.protocol.primary)
        return {used: nights[used]} | nights

    @property
    def device(self) -> str:
        """The device that is analysed."""
        return next(iter(self.nights))

    @cached_property
    def traced(self) -> Sequence[NightRecords]:
        """Which records of the analysed device make which night, and which do not."""
        return trace_nights(self.episodes[self.device])

    @cached_property
    def traced_in_trial(self) -> tuple[NightRecords, ...]:
        """Those of `traced` that are nights of the schedule."""
        planned = set(self.planned)
        return tuple(night for night in self.traced if night.night in planned)

    @cached_property
    def recorded(self) -> TrialData:
        """The trial as it went, without the diary; nights to come count as nights without a record."""
        return self._joined(None)

    @cached_property
    def recorded_so_far(self) -> TrialData:
        """The trial as it went, without the diary; nights to come are marked as such."""
        return with_nights_to_come(self.recorded, pd.Timestamp(self.evening))

    @cached_property
    def _to_now(self) -> TrialData:
        return with_nights_to_come(self._joined(self.diary), pd.Timestamp(self.evening))

    @cached_property
    def is_over(self) -> bool:
        """Whether the last night has passed, or is recorded."""
        if self.evening > self.last_night:
            return True
        if not self.imported:
            return False
        recorded = self._to_now.analysed(self._to_now.outcomes[0])["night"].max()
        return bool(pd.notna(recorded) and recorded.date() >= self.last_night)

    @cached_property
    def look(self) -> int | None:
        """The block of the planned look that is due before the end."""
        if self.is_over:
            return None
        return block_to_look_at(self.protocol.looks, self.schedule, self.evening)

    @cached_property
    def data(self) -> TrialData:
        """The nights to analyse, with the diary: so far, or up to the block of a planned look.

        Before the first import it raises FolderError; `planned_data` is there then.
        """
        if self.look is None:
            return self._to_now
        return nights_to_look_at(self._to_now, self.schedule, self.look)

    @property
    def night_to_wait_for(self) -> date | None:
        """The last night of a trial of which there is no report yet without a reason; None where there may be one."""
        return None if self.is_over or self.look is not None else self.last_night

    def planned_data(self) -> TrialData:
        """The nights of a trial before the first import: every one planned, none recorded."""
        data = join_trial(self.schedule, nightly([]), self.folder.analysis_protocol, self.diary)
        return with_nights_to_come(as_conducted(data, self.folder, self.course), pd.Timestamp(self.evening))

    def ledger(self) -> str:
        """The ledger as CSV text: every night, what became of it, and the file › record it is made of."""
        return ledger_csv(ledger_table(self.recorded, self.traced))

    def _joined(self, diary: Diary | None) -> TrialData:
        """What was planned joined with what the device of the analysis recorded, as the trial went."""
        data = join_trial(self.schedule, self.nights[self.device], self.folder.analysis_protocol, diary)
        recorded = nights_recorded(self.nights, self.schedule.table["night"], self.protocol.primary)
        mixed = recorder_line(self.traced_in_trial, dates=False)
        notes = (
            *device_notes(self.device, recorded),
            *([mixed] if mixed else []),
            *outdated_notes(self.stored.outdated),
        )
        return as_conducted(data, self.folder, self.course, notes)


def read_trial(path: Path, *, now: datetime) -> TrialSnapshot:
    """Read a trial's folder, once.

    Parameters
    ----------
    path
        The folder.
    now
        An aware moment, by which nights are over or to come.

    Raises
    ------
    FolderError
        No trial folder, or its protocol or schedule was changed after the start.
    """
    return TrialSnapshot(now=now, stored=read_stored(path))
