"""The trial's log: lines are only ever added, each chained to the one before by its SHA-256.

Every line that is changed, removed or moved afterwards shows. A cut tail does not, unless the last
fingerprint was kept elsewhere: print it.
"""

import hashlib
import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from n1trial.errors import FolderError
from n1trial.trial_folder.store.log_events import Event, kind_of, stored_text
from n1trial.trial_folder.store.log_reading import read_event

LOG_SCHEMA = """
CREATE TABLE log (
  seq INTEGER PRIMARY KEY, at TEXT NOT NULL, event TEXT NOT NULL, detail TEXT NOT NULL,
  previous TEXT NOT NULL, sha256 TEXT NOT NULL
) STRICT;
"""
FIRST_LINK = "0" * 64

type LogRow = tuple[int, str, str, str, str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class LogLine[E: Event]:
    """What happened, when, and the fingerprint that chains it to the line before.

    Attributes
    ----------
    seq
        Number of the line, from 1.
    at
        When it was written, ISO 8601 with the offset of whoever wrote it.
    event
        What happened.
    sha256
        Fingerprint of this line and the one before.
    """

    seq: int
    at: str
    event: E
    sha256: str

    @property
    def kind(self) -> str:
        """What kind of event it is."""
        return kind_of(self.event)

    @property
    def day(self) -> str:
        """The date on which it happened, in the zone of whoever wrote the line."""
        return self.at[:10]


def append(database: sqlite3.Connection, event: Event, *, now: datetime) -> None:
    """Add a line; the caller has begun a transaction.

    Parameters
    ----------
    now
        Aware.
    """
    last = database.execute("SELECT seq, sha256 FROM log ORDER BY seq DESC LIMIT 1").fetchone()
    seq, previous = (last[0] + 1, last[1]) if last else (1, FIRST_LINK)
    at = now.isoformat(timespec="seconds")
    kind, stored = kind_of(event), stored_text(event)
    sha256 = link(seq, at, kind, stored, previous)
    database.execute("INSERT INTO log VALUES (?, ?, ?, ?, ?, ?)", (seq, at, kind, stored, previous, sha256))


def log_rows(database: sqlite3.Connection) -> list[LogRow]:
    """Every line as it is kept, in order, not yet checked."""
    return database.execute(
        "SELECT seq, at, event, detail, previous, sha256 FROM log ORDER BY seq"
    ).fetchall()


def checked_lines(rows: Sequence[LogRow], *, where: str) -> list[LogLine[Event]]:
    """The lines that the rows of a log hold.

    Raises
    ------
    FolderError
        A line was changed, removed or moved, or is of a later version; names the first.
    """
    before = FIRST_LINK
    for expected, (seq, at, kind, stored, previous, sha256) in enumerate(rows, start=1):
        if seq != expected or previous != before or sha256 != link(seq, at, kind, stored, previous):
            raise FolderError(
                f"{where}: log line {expected} was changed or removed: restore it from a backup"
            )
        before = sha256
    return [
        LogLine(seq=seq, at=at, event=event_of(kind, stored, where=f"{where}: log line {seq}"), sha256=sha256)
        for seq, at, kind, stored, _, sha256 in rows
    ]


def event_of(kind: str, stored: str, *, where: str) -> Event:
    """An event as the log keeps it.

    Raises
    ------
    FolderError
        No version wrote it so; `where` begins the message.
    """
    try:
        return read_event(kind, stored)
    except ValueError as error:
        raise FolderError(f"{where}: {error}: upgrade n1trial, or restore a backup") from error


def chain_in_words(log: Sequence[LogLine[Event]]) -> str:
    """How long a log is whose chain holds, and how it ends."""
    count = "1 line" if len(log) == 1 else f"{len(log)} lines"
    return f"{count}, none changed or removed; the last is {log[-1].sha256}"


def link(seq: int, at: str, kind: str, stored: str, previous: str) -> str:
    """Fingerprint of a line; the lengths make "ab" + "c" and "a" + "bc" differ."""
    fields = (str(seq), at, kind, stored, previous)
    return hashlib.sha256("".join(f"{len(text)}:{text}" for text in fields).encode()).hexdigest()
