"""All that a trial's database holds, read once: the folder, its log, and the records of sleep."""

from dataclasses import dataclass
from pathlib import Path

from n1trial.data.episodes import SleepEpisode
from n1trial.trial_folder.store.database import NAME
from n1trial.trial_folder.store.folder import TrialFolder, folder_of, reading_folder
from n1trial.trial_folder.store.log import LogLine, LogRow, checked_lines, log_rows
from n1trial.trial_folder.store.log_events import Event
from n1trial.trial_folder.store.records import RecordRow, episodes_of, outdated_exports, record_rows


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class StoredTrial:
    """What the database held at one moment. Rows of log and records are checked when they are asked for.

    Attributes
    ----------
    folder
        The trial folder, checked against what was fixed at the start.
    outdated
        Names of exports that only an earlier version's importers have read.
    logged, recorded
        Rows of the log and of the records, as they are kept.
    """

    folder: TrialFolder
    outdated: tuple[str, ...]
    logged: tuple[LogRow, ...]
    recorded: tuple[RecordRow, ...]

    def log(self) -> tuple[LogLine[Event], ...]:
        """Lines of the log in order.

        Raises
        ------
        FolderError
            A line was changed, removed or moved, or is of a later version.
        """
        return tuple(checked_lines(self.logged, where=self._where))

    def episodes(self) -> list[SleepEpisode]:
        """Every record by source and identity, copies that differ included, with a file that holds it.

        Raises
        ------
        FolderError
            The content of a record is damaged.
        """
        return episodes_of(self.recorded, where=self._where)

    @property
    def imported(self) -> bool:
        """Whether any record is there."""
        return bool(self.recorded)

    @property
    def _where(self) -> str:
        return f"{self.folder.path / NAME}"


def read_stored(path: Path) -> StoredTrial:
    """Read a trial's database once, in one transaction.

    Raises
    ------
    FolderError
        As `open_folder` raises.
    """
    with reading_folder(path) as connection:
        return StoredTrial(
            folder=folder_of(path, connection),
            outdated=tuple(outdated_exports(connection)),
            logged=tuple(log_rows(connection)),
            recorded=tuple(record_rows(connection)),
        )
