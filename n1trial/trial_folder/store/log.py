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

LOG_SCHEMA = """
CREATE TABLE log (
  seq INTEGER PRIMARY KEY, at TEXT NOT NULL, event TEXT NOT NULL, detail TEXT NOT NULL,
  previous TEXT NOT NULL, sha256 TEXT NOT NULL
) STRICT;
"""
FIRST_LINK = "0" * 64

type LogRow = tuple[int, str, str, str, str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class LogLine:
    """What happened, when, and the fingerprint that chains it to the line before."""

    seq: int
    at: str
    event: str
    detail: str
    sha256: str

    @property
    def day(self) -> str:
        """The date on which it happened, in the zone of whoever wrote the line."""
        return self.at[:10]


def append(database: sqlite3.Connection, event: str, detail: str, *, now: datetime) -> None:
    """Add a line; the caller has begun a transaction.

    Parameters
    ----------
    now
        Aware.
    """
    last = database.execute("SELECT seq, sha256 FROM log ORDER BY seq DESC LIMIT 1").fetchone()
    seq, previous = (last[0] + 1, last[1]) if last else (1, FIRST_LINK)
    at = now.isoformat(timespec="seconds")
    sha256 = link(seq, at, event, detail, previous)
    database.execute("INSERT INTO log VALUES (?, ?, ?, ?, ?, ?)", (seq, at, event, detail, previous, sha256))


def log_rows(database: sqlite3.Connection) -> list[LogRow]:
    """Every line as it is kept, in order, not yet checked."""
    return database.execute(
        "SELECT seq, at, event, detail, previous, sha256 FROM log ORDER BY seq"
    ).fetchall()


def checked_lines(rows: Sequence[LogRow], *, where: str) -> list[LogLine]:
    """The lines that the rows of a log hold.

    Raises
    ------
    FolderError
        A line was changed, removed or moved; names the first.
    """
    before = FIRST_LINK
    for expected, (seq, at, event, detail, previous, sha256) in enumerate(rows, start=1):
        if seq != expected or previous != before or sha256 != link(seq, at, event, detail, previous):
            raise FolderError(
                f"{where}: log line {expected} was changed or removed: restore it from a backup"
            )
        before = sha256
    return [
        LogLine(seq=seq, at=at, event=event, detail=detail, sha256=sha256)
        for seq, at, event, detail, _, sha256 in rows
    ]


def chain_in_words(log: Sequence[LogLine]) -> str:
    """How long a log is whose chain holds, and how it ends."""
    count = "1 line" if len(log) == 1 else f"{len(log)} lines"
    return f"{count}, none changed or removed; the last is {log[-1].sha256}"


def link(seq: int, at: str, event: str, detail: str, previous: str) -> str:
    """Fingerprint of a line; the lengths make "ab" + "c" and "a" + "bc" differ."""
    fields = (str(seq), at, event, detail, previous)
    return hashlib.sha256("".join(f"{len(text)}:{text}" for text in fields).encode()).hexdigest()
