"""`trial.db`: SQLite with a write-ahead log, every commit flushed to disk, one writer at a time.

Every command that writes in a trial folder, be it the diary or the report, first begins a transaction, which is the
folder's lock: the operating system releases it with the process, however it ends.
"""

import os
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from n1trial.errors import FolderError
from n1trial.system.files import TRIAL_DATABASE, remove_drafts
from n1trial.trial_folder.store.log import LOG_SCHEMA

NAME = TRIAL_DATABASE
FORM = "2"
PATIENCE_S = 10.0
SCHEMA = """
CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT;
CREATE TABLE import (
  id INTEGER PRIMARY KEY, at TEXT NOT NULL, export TEXT NOT NULL, sha256 TEXT NOT NULL UNIQUE,
  reader TEXT NOT NULL, records INTEGER NOT NULL, new INTEGER NOT NULL, conflicts INTEGER NOT NULL
) STRICT;
CREATE TABLE episode (
  id INTEGER PRIMARY KEY, source TEXT NOT NULL, record_id TEXT NOT NULL, sha256 TEXT NOT NULL,
  content TEXT NOT NULL, UNIQUE (source, record_id, sha256)
) STRICT;
CREATE TABLE found_in (
  episode INTEGER NOT NULL REFERENCES episode, import INTEGER NOT NULL REFERENCES import,
  file TEXT NOT NULL, PRIMARY KEY (episode, import, file)
) STRICT, WITHOUT ROWID;
CREATE INDEX found_by_import ON found_in (import);
"""

_BUSY = {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED}
_NO_ROOM = {sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR}
_FORBIDDEN = {sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_PERM, sqlite3.SQLITE_AUTH}


def make_database(folder: Path, meta: dict[str, str]) -> None:
    """Make the empty database of a new trial folder, readable by its owner alone."""
    path = folder / NAME
    path.touch(mode=0o600)
    with _naming(path), closing(sqlite3.connect(path, autocommit=True)) as database:
        database.execute("PRAGMA journal_mode=WAL")
        database.execute("PRAGMA synchronous=FULL")
        database.executescript(f"BEGIN;{SCHEMA}{LOG_SCHEMA}COMMIT;")
        database.executemany("INSERT INTO meta VALUES (?, ?)", (meta | {"form": FORM}).items())


def read_meta(database: sqlite3.Connection, folder: Path) -> dict[str, str]:
    """What was fixed when the folder was made.

    Raises
    ------
    FolderError
        The database is of another form than this n1trial reads.
    """
    meta: dict[str, str] = dict(database.execute("SELECT key, value FROM meta").fetchall())
    # The form before the first release stood under another key.
    form = meta.get("form") or meta.get("schema_version", "?")
    if form != FORM:
        later = form.isdecimal() and int(form) > int(FORM)
        remedy = (
            "upgrade n1trial"
            if later
            else f"open it with n1trial {meta.get('made_by', 'of before 0.1')}, or begin a new folder"
        )
        raise FolderError(f"{folder}: a trial folder of form {form}, this n1trial reads {FORM}: {remedy}")
    return meta


def add_meta(database: sqlite3.Connection, key: str, value: str) -> None:
    """Add a value to the folder's; the caller has begun a transaction, and no value is replaced."""
    database.execute("INSERT INTO meta VALUES (?, ?)", (key, value))


@contextmanager
def reading(folder: Path) -> Iterator[sqlite3.Connection]:
    """Open the database of a trial folder; readers never wait for the writer."""
    path = folder / NAME
    with (
        _naming(path),
        _readable(folder) as readable,
        closing(sqlite3.connect(readable, timeout=PATIENCE_S, autocommit=True)) as database,
    ):
        database.execute("PRAGMA synchronous=FULL")
        yield database


@contextmanager
def _readable(folder: Path) -> Iterator[Path]:
    """The database, or a copy of it where the folder may not be written: SQLite writes beside what it reads."""
    if may_write(folder) or not (folder / NAME).is_file():
        yield folder / NAME
        return
    with TemporaryDirectory() as scratch:
        for file in folder.glob(f"{NAME}*"):
            if not file.name.endswith("-shm"):
                shutil.copyfile(file, Path(scratch, file.name))
        yield Path(scratch, NAME)


def may_write(folder: Path) -> bool:
    """Whether files may be written in a folder: not on a read-only disk, nor in somebody else's."""
    return os.access(folder, os.W_OK)


@contextmanager
def writing(folder: Path) -> Iterator[sqlite3.Connection]:
    """Be the one writer of a trial folder; what is done is kept at the end, or nothing of it.

    Raises
    ------
    FolderError
        Another command has been writing for ten seconds, there is no room, or the folder is read-only; what was
        there is untouched.
    """
    if not may_write(folder):
        raise FolderError(
            "is read-only, a disk that cannot be written or a folder of somebody else's",
            place=str(folder),
            remedy="copy it to a place where you may write, and work there",
        )
    with reading(folder) as database:
        database.execute("BEGIN IMMEDIATE")
        try:
            # A command that was killed leaves its unfinished files; only the writer knows that they are stale.
            remove_drafts(folder)
            yield database
            database.execute("COMMIT")
        finally:
            if database.in_transaction:
                database.execute("ROLLBACK")


@contextmanager
def _naming(path: Path) -> Iterator[None]:
    try:
        yield
    except sqlite3.DatabaseError as error:
        code = getattr(error, "sqlite_errorcode", 0) & 0xFF
        if code in _BUSY:
            problem = "another n1trial command is writing to this trial"
            remedy = "wait for it, then run this again"
        elif code in _NO_ROOM:
            problem = f"cannot be written ({error})"
            remedy = "make room and try again, what was there is untouched"
        elif code in _FORBIDDEN:
            problem = f"may not be read or written ({error})"
            remedy = "see whether the disk is read-only, and whose file it is"
        else:
            problem, remedy = f"damaged ({error})", "restore a backup"
        raise FolderError(problem, place=str(path), remedy=remedy) from error
