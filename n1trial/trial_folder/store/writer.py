"""The one writer of a trial's folder: files written whole, and the lines of the log that name them."""

import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime

from n1trial.design.blinding import Key
from n1trial.system.files import write_whole
from n1trial.trial_folder.store import database
from n1trial.trial_folder.store.folder import OPENED, TrialFolder
from n1trial.trial_folder.store.log import append
from n1trial.trial_folder.store.log_events import Event


@dataclass(frozen=True, slots=True, kw_only=True)
class Changes:
    """What a command makes of a trial and `commit` keeps.

    Attributes
    ----------
    files
        Content of each file, by its name in the folder; they are written in this order.
    log
        An event for each line of the log, kept once the files are there.
    log_before
        Events whose lines are kept before anything is written, whatever happens to the files.
    """

    files: Mapping[str, str | bytes] = field(default_factory=dict)
    log: tuple[Event, ...] = ()
    log_before: tuple[Event, ...] = ()


def commit(folder: TrialFolder, changes: Changes, *, now: datetime) -> None:
    """Write the files of a change whole, and its lines into the log; nothing at all where nothing changes.

    Parameters
    ----------
    now
        Aware; stands in the log.

    Raises
    ------
    FolderError
        Another command is writing, or there is no room.
    """
    if changes.log_before:
        with writing(folder) as writer:
            for event in changes.log_before:
                writer.log(event, now=now)
    if not changes.files and not changes.log:
        return
    with writing(folder) as writer:
        for name, content in changes.files.items():
            write_whole(folder.path / name, content)
        for event in changes.log:
            writer.log(event, now=now)


@dataclass(frozen=True, slots=True)
class Writer:
    """The right to write in a trial folder, which one command has at a time."""

    _database: sqlite3.Connection

    def log(self, event: Event, *, now: datetime) -> None:
        """Add a line to the folder's log; it is kept when the writing ends well."""
        append(self._database, event, now=now)

    def keep_key(self, key: Key) -> None:
        """Keep the opened key in the folder; it is kept when the writing ends well."""
        database.add_meta(self._database, OPENED, key.text)


@contextmanager
def writing(folder: TrialFolder) -> Iterator[Writer]:
    """Be the one writer of the folder: its log lines are kept if the block ends well, else none of them.

    Files that the block writes with `write_whole` are there at once; write them before the block ends, so that
    the log never names a file that is missing.

    Raises
    ------
    FolderError
        Another command has been writing for ten seconds, or there is no room.
    """
    with database.writing(folder.path) as connection:
        yield Writer(connection)


def append_log(folder: TrialFolder, event: Event, *, now: datetime) -> None:
    """Add a line to the folder's log."""
    with writing(folder) as writer:
        writer.log(event, now=now)
