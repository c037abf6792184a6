"""The trial folder: what is in it, how it is written, who may read it.

People edit `diary.csv`, and `protocol.yaml` until the folder is made; everything else is written by the
program, whole or not at all. Recorded sleep lives in `trial.db` (SQLite, write-ahead log, every commit
flushed to disk), each record with its file, its identity and a fingerprint of its content, so that importing
the same or an overlapping export again changes nothing.
"""

import hashlib
import shutil
import sqlite3
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from pydantic import TypeAdapter, ValidationError

from n1trial.episodes import SleepEpisode
from n1trial.errors import FolderError
from n1trial.files import write_whole
from n1trial.protocol import Protocol, read_protocol
from n1trial.schedule import Schedule, read_schedule, schedule_csv, schedule_ics
from n1trial.trial_log import LOG_SCHEMA, LogLine, append, lines

SCHEMA_VERSION = "1"
SCHEMA = """
CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT;
CREATE TABLE episode (
  id INTEGER PRIMARY KEY, source TEXT NOT NULL, record_id TEXT NOT NULL, sha256 TEXT NOT NULL,
  file TEXT NOT NULL, content TEXT NOT NULL, UNIQUE (source, record_id, sha256)
) STRICT;
"""

_EPISODE = TypeAdapter(SleepEpisode)


@dataclass(frozen=True, slots=True, kw_only=True)
class TrialFolder:
    """A trial on disk: its protocol and schedule as they were fixed at the start."""

    path: Path
    protocol: Protocol
    schedule: Schedule
    home_zone: ZoneInfo | None

    @property
    def diary(self) -> Path:
        """What the person writes."""
        return self.path / "diary.csv"

    @property
    def fit(self) -> Path:
        """Posterior draws of the last fit."""
        return self.path / "fit.nc"

    @property
    def report(self) -> Path:
        """The effect report."""
        return self.path / "report.html"


@dataclass(frozen=True, slots=True, kw_only=True)
class Imported:
    """What an import did: records new to the folder, known already, and known with other content."""

    new: int
    known: int
    conflicts: tuple[str, ...]


def create_folder(
    path: Path,
    *,
    protocol_source: str,
    protocol: Protocol,
    schedule: Schedule,
    diary: str,
    home_zone: ZoneInfo | None,
    now: datetime,
) -> TrialFolder:
    """Make a trial folder, all of it or nothing.

    Parameters
    ----------
    protocol_source
        Text of the protocol file, kept as it was written.
    diary
        Text of the empty diary.
    now
        Aware; stands in the log.

    Raises
    ------
    FolderError
        Something is there already, or the place may not be written.
    """
    if path.exists() and (not path.is_dir() or any(path.iterdir())):
        raise FolderError(f"{path}: is there already: choose a new folder, a trial is never overwritten")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        draft = Path(tempfile.mkdtemp(dir=path.parent, prefix=f".{path.name}-"))
    except OSError as error:
        raise FolderError(f"{path}: cannot be made ({error.strerror}): choose another place") from error
    try:
        write_whole(draft / "protocol.yaml", protocol_source)
        write_whole(draft / "schedule.csv", schedule_csv(schedule))
        write_whole(draft / "schedule.ics", schedule_ics(schedule, protocol))
        write_whole(draft / "diary.csv", diary)
        with closing(sqlite3.connect(draft / "trial.db", autocommit=True)) as database:
            database.execute("PRAGMA journal_mode=WAL")
            database.executescript(SCHEMA + LOG_SCHEMA)
            meta = {
                "schema_version": SCHEMA_VERSION,
                "protocol_sha256": protocol.sha256,
                "seed": schedule.seed,
                "home_zone": home_zone.key if home_zone else "",
            }
            database.executemany("INSERT INTO meta VALUES (?, ?)", meta.items())
        (draft / "trial.db").chmod(0o600)
        if path.exists():
            path.rmdir()
        draft.rename(path)
    except OSError as error:
        raise FolderError(f"{path}: cannot be made ({error.strerror}): make room and try again") from error
    finally:
        shutil.rmtree(draft, ignore_errors=True)
    folder = TrialFolder(path=path, protocol=protocol, schedule=schedule, home_zone=home_zone)
    append_log(folder, "trial made", f"protocol {protocol.sha256}, first night {schedule.start}", now=now)
    return folder


def open_folder(path: Path) -> TrialFolder:
    """Open a trial folder and see that nothing fixed at the start has changed since.

    Raises
    ------
    FolderError
        No trial folder, made by a later version, or the protocol was changed after the start.
    """
    if not (path / "trial.db").is_file():
        raise FolderError(f"{path}: no trial folder: make one with n1trial new")
    with _database(path) as database:
        meta = dict(database.execute("SELECT key, value FROM meta").fetchall())
    if meta.get("schema_version") != SCHEMA_VERSION:
        raise FolderError(
            f"{path}: made by another version of n1trial ({meta.get('schema_version')}): upgrade it"
        )
    protocol = read_protocol(path / "protocol.yaml")
    if protocol.sha256 != meta["protocol_sha256"]:
        raise FolderError(
            f"{path}/protocol.yaml: changed after the trial began ({protocol.sha256[:12]}, was"
            f" {meta['protocol_sha256'][:12]}): put the old file back, or begin a new trial"
        )
    schedule = read_schedule(path / "schedule.csv", protocol_sha256=protocol.sha256, seed=meta["seed"])
    zone = ZoneInfo(meta["home_zone"]) if meta["home_zone"] else None
    return TrialFolder(path=path, protocol=protocol, schedule=schedule, home_zone=zone)


def add_episodes(folder: TrialFolder, episodes: Sequence[SleepEpisode], *, now: datetime) -> Imported:
    """Keep every record that the folder does not have, in one transaction, and log it.

    A record that the folder has with other content is kept beside it and listed; the nights are made from
    the later and longer of the two and say so, in whatever order they were imported.
    """
    new, known, conflicts = 0, 0, []
    with _database(folder.path) as database:
        database.execute("BEGIN IMMEDIATE")
        for episode in episodes:
            content = _EPISODE.dump_json(replace(episode, source_file="")).decode()
            sha256 = hashlib.sha256(content.encode()).hexdigest()
            identity = (episode.source, episode.record_id)
            same = database.execute(
                "SELECT sha256 FROM episode WHERE source = ? AND record_id = ?", identity
            ).fetchall()
            if (sha256,) in same:
                known += 1
                continue
            new += not same
            if same:
                conflicts.append(
                    f"{episode.source_file}: record {episode.record_id} ({episode.start.isoformat()}) differs"
                    " from the copy imported before: the later and longer one is used"
                )
            database.execute(
                "INSERT INTO episode (source, record_id, sha256, file, content) VALUES (?, ?, ?, ?, ?)",
                (*identity, sha256, episode.source_file, content),
            )
        append(database, "import", f"{new} new, {known} known, {len(conflicts)} in conflict", now=now)
        database.execute("COMMIT")
    return Imported(new=new, known=known, conflicts=tuple(conflicts))


def stored_episodes(folder: TrialFolder) -> list[SleepEpisode]:
    """Every record by source and identity, copies that differ included, with the file it came from."""
    with _database(folder.path) as database:
        rows = database.execute(
            "SELECT file, content FROM episode ORDER BY source, record_id, sha256"
        ).fetchall()
    try:
        return [replace(_EPISODE.validate_json(content), source_file=file) for file, content in rows]
    except ValidationError as error:
        raise FolderError(
            f"{folder.path}/trial.db: a record cannot be read: restore it from a backup"
        ) from error


def append_log(folder: TrialFolder, event: str, detail: str, *, now: datetime) -> None:
    """Add a line to the folder's log."""
    with _database(folder.path) as database:
        database.execute("BEGIN IMMEDIATE")
        append(database, event, detail, now=now)
        database.execute("COMMIT")


def read_log(folder: TrialFolder) -> list[LogLine]:
    """Lines of the log in order.

    Raises
    ------
    FolderError
        A line was changed, removed or moved.
    """
    with _database(folder.path) as database:
        return lines(database, where=f"{folder.path}/trial.db")


@contextmanager
def _database(path: Path) -> Iterator[sqlite3.Connection]:
    try:
        with closing(sqlite3.connect(path / "trial.db", timeout=10, autocommit=True)) as database:
            database.execute("PRAGMA synchronous=FULL")
            yield database
    except sqlite3.DatabaseError as error:
        raise FolderError(f"{path}/trial.db: {error}: close what uses it, or restore a backup") from error
