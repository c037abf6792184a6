"""Recorded sleep in the trial folder: which export holds which record, and what an import changed.

The nights are a function of the set of exports that were imported, in whatever order, so importing the same
or an overlapping export again changes nothing. A record with two contents is kept twice and listed. An export
that is imported again after the importers have changed is read anew, and replaces what they had read from it.
"""

import hashlib
import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from importlib.metadata import version
from pathlib import Path

import msgspec
from msgspec.structs import replace

from n1trial.data.episodes import SleepEpisode
from n1trial.data.importers import reader_revision
from n1trial.errors import FolderError
from n1trial.trial_folder.store.database import reading, writing
from n1trial.trial_folder.store.log import append
from n1trial.trial_folder.store.log_events import SHORT, ExportForgotten, ExportImported

# Content, first file, source, record id, and whether the importers of the last import have read it.
type RecordRow = tuple[str, str, str, str, int]

# A flag is its text in the database.
_WRITE_EPISODE = msgspec.json.Encoder(enc_hook=str)
_READ_EPISODES = msgspec.json.Decoder(list[SleepEpisode], dec_hook=lambda flag, text: flag(text))


@dataclass(frozen=True, slots=True, kw_only=True)
class Imported:
    """What an import did.

    Attributes
    ----------
    read
        Records in the export; one that stands in two of its files counts twice.
    new, known
        Records that the folder did not have, and those it had.
    copies
        Records that stand in the export a second time, with the same content.
    conflicts
        A line for each record that the folder or the export had with other content.
    unchanged
        The very same export was imported before, so it was not read again.
    """

    read: int
    new: int
    known: int
    copies: int = 0
    conflicts: tuple[str, ...] = ()
    unchanged: bool = False


def known_import(folder: Path, sha256: str) -> Imported | None:
    """The import of the export with this fingerprint, if these importers have read it before."""
    with reading(folder) as database:
        row = database.execute(
            "SELECT records FROM import WHERE sha256 = ? AND reader = ?", (sha256, _reader())
        ).fetchone()
    return None if row is None else Imported(read=row[0], new=0, known=row[0], unchanged=True)


def add_records(
    folder: Path, episodes: Sequence[SleepEpisode], *, export: str, sha256: str | None, now: datetime
) -> Imported:
    """Keep every record of an export that the folder does not have, in one transaction, and log it.

    A record that the folder has with other content is kept beside it and listed; the nights are made from
    the later and longer of the two and say so, in whatever order they were imported.

    Parameters
    ----------
    export
        How messages name the export.
    sha256
        Its `fingerprint`; without one the records themselves stand for it.
    now
        Aware; stands in the log.
    """
    contents = [_WRITE_EPISODE.encode(replace(episode, source_file="")).decode() for episode in episodes]
    digests = [hashlib.sha256(content.encode()).hexdigest() for content in contents]
    if sha256 is None:
        described = sorted(
            f"{digest} {episode.source_file}" for digest, episode in zip(digests, episodes, strict=True)
        )
        sha256 = hashlib.sha256("\n".join(described).encode("utf-8", "surrogateescape")).hexdigest()
    with writing(folder) as database:
        _forget(database, sha256)
        stored = {
            (source, record_id, digest): row
            for row, source, record_id, digest in database.execute(
                "SELECT id, source, record_id, sha256 FROM episode"
            )
        }
        # What earlier importers read otherwise is no conflict: they have changed since.
        identities = set(
            database.execute(
                "SELECT DISTINCT source, record_id FROM episode JOIN found_in ON found_in.episode = episode.id"
                " JOIN import ON import.id = found_in.import WHERE reader = ?",
                (_reader(),),
            )
        )
        next_row = max(stored.values(), default=0) + 1
        new, known, copies, conflicts = 0, 0, 0, []
        rows, places = [], set()
        in_export: dict[tuple[str, str], set[str]] = {}
        for episode, content, digest in zip(episodes, contents, digests, strict=True):
            key = (episode.source, episode.record_id, digest)
            seen = in_export.setdefault(key[:2], set())
            if digest in seen:
                copies += 1
            elif key in stored:
                known += 1
            else:
                if seen or key[:2] in identities:
                    conflicts.append(_conflict(episode, inside=bool(seen)))
                else:
                    new += 1
                stored[key] = next_row
                rows.append((next_row, *key, content))
                next_row += 1
            seen.add(digest)
            places.add((stored[key], episode.source_file))
        import_id = database.execute(
            "INSERT INTO import (at, export, sha256, reader, records, new, conflicts)"
            " VALUES (?, ?, ?, ?, ?, ?, ?)",
            (
                now.isoformat(timespec="seconds"),
                export,
                sha256,
                _reader(),
                len(episodes),
                new,
                len(conflicts),
            ),
        ).lastrowid
        database.executemany("INSERT INTO episode VALUES (?, ?, ?, ?, ?)", rows)
        database.executemany(
            "INSERT INTO found_in VALUES (?, ?, ?)", [(row, import_id, file) for row, file in sorted(places)]
        )
        done = ExportImported(
            new=new, known=known, conflicts=len(conflicts), copies=copies, export_sha256=sha256[:SHORT]
        )
        append(database, done, now=now)
    return Imported(read=len(episodes), new=new, known=known, copies=copies, conflicts=tuple(conflicts))


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptImport:
    """An import that the folder holds: what the export is called, when it came, its records and `fingerprint`."""

    export: str
    at: str
    records: int
    sha256: str


def kept_imports(folder: Path) -> list[KeptImport]:
    """Every import that was not taken out again, in order."""
    with reading(folder) as database:
        rows = database.execute("SELECT export, at, records, sha256 FROM import ORDER BY id").fetchall()
    return [KeptImport(export=row[0], at=row[1], records=row[2], sha256=row[3]) for row in rows]


def forget_import(folder: Path, sha256: str, *, now: datetime) -> int:
    """Take an import out, with every record that no other import holds, and log it; how many records went.

    The same export may be imported again.
    """
    with writing(folder) as database:
        export = database.execute("SELECT export FROM import WHERE sha256 = ?", (sha256,)).fetchone()[0]
        before = database.execute("SELECT count(*) FROM episode").fetchone()[0]
        _forget(database, sha256)
        gone = int(before - database.execute("SELECT count(*) FROM episode").fetchone()[0])
        taken_out = ExportForgotten(export=export, records=gone, export_sha256=sha256[:SHORT])
        append(database, taken_out, now=now)
    return gone


def record_rows(database: sqlite3.Connection) -> list[RecordRow]:
    """Every record as it is kept, copies that differ included; `episodes_of` makes episodes of them."""
    return database.execute(
        "SELECT content, min(file), source, record_id, max(reader = (SELECT reader FROM import ORDER BY id DESC"
        " LIMIT 1)) FROM episode JOIN found_in ON found_in.episode = episode.id"
        " JOIN import ON import.id = found_in.import"
        " GROUP BY episode.id ORDER BY source, record_id, episode.sha256"
    ).fetchall()


def episodes_of(rows: Sequence[RecordRow], *, where: str) -> list[SleepEpisode]:
    """The records by source and identity, copies that differ included, each with the first file that holds it.

    Of a record that was read by the importers of the last import, what earlier importers made of it does not count:
    their copy may be the longer one because it was wrong.

    Raises
    ------
    FolderError
        The content of a record is damaged.
    """
    read_anew = {(source, record_id) for _, _, source, record_id, is_last in rows if is_last}
    rows = [row for row in rows if row[4] or (row[2], row[3]) not in read_anew]
    try:
        episodes = _READ_EPISODES.decode(f"[{','.join(row[0] for row in rows)}]")
    except msgspec.MsgspecError as error:
        raise FolderError(f"{where}: a record cannot be read: restore a backup") from error
    return [replace(episode, source_file=row[1]) for episode, row in zip(episodes, rows, strict=True)]


def outdated_exports(database: sqlite3.Connection) -> list[str]:
    """Names of exports with records that only an earlier version's importers have read: import them again."""
    last = "(SELECT reader FROM import ORDER BY id DESC LIMIT 1)"
    rows = database.execute(
        "SELECT DISTINCT export FROM import JOIN found_in ON found_in.import = import.id"
        f" JOIN episode ON episode.id = found_in.episode WHERE reader != {last}"
        " AND NOT EXISTS (SELECT 1 FROM episode AS again JOIN found_in AS held ON held.episode = again.id"
        f" JOIN import AS made ON made.id = held.import WHERE made.reader = {last}"
        " AND again.source = episode.source AND again.record_id = episode.record_id) ORDER BY export"
    )
    return [export for (export,) in rows]


def _forget(database: sqlite3.Connection, sha256: str) -> None:
    """Take back what earlier importers read from the same export, unless another export holds it too."""
    row = database.execute("SELECT id FROM import WHERE sha256 = ?", (sha256,)).fetchone()
    if row is not None:
        database.execute("DELETE FROM found_in WHERE import = ?", row)
        database.execute("DELETE FROM import WHERE id = ?", row)
        database.execute("DELETE FROM episode WHERE id NOT IN (SELECT episode FROM found_in)")


def _conflict(episode: SleepEpisode, *, inside: bool) -> str:
    other = "another copy in the same export" if inside else "the copy imported before"
    return (
        f"{episode.source_file}: record {episode.record_id} ({episode.start.isoformat()}) differs from {other}: the"
        " later and longer one is used"
    )


def _reader() -> str:
    return f"{version('n1trial')} {reader_revision()}"
