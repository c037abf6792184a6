"""The trial folder: what is in it, how it is written, who may read it.

People edit `diary.csv`, and `protocol.yaml` until the folder is made; everything else is written by the
program, whole or not at all, by one command at a time. Recorded sleep and the log live in `trial.db`.
"""

import hashlib
import shutil
import sqlite3
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from datetime import date, datetime, time
from importlib.metadata import version
from pathlib import Path
from typing import cast
from zoneinfo import ZoneInfo

from n1trial.data.episodes import SleepEpisode
from n1trial.design.blinding import (
    LETTERS,
    Hidden,
    Key,
    coded_protocol,
    commitment,
    decoded_schedule,
    letters_of,
    read_key,
    with_kits,
    with_letters,
)
from n1trial.design.protocol import Arm, Protocol, protocol_path, read_protocol, template_names
from n1trial.design.schedule import Schedule, read_schedule, schedule_csv
from n1trial.errors import BlindingError, FolderError, ProtocolError
from n1trial.system.files import flush_folder, write_whole
from n1trial.trial_folder.store import database
from n1trial.trial_folder.store.fingerprint import fingerprint
from n1trial.trial_folder.store.log import LogLine, append, lines
from n1trial.trial_folder.store.records import (
    Imported,
    KeptImport,
    add_records,
    exports_read_before,
    forget_import,
    kept_imports,
    known_import,
    read_records,
)

__all__ = [
    "BEDTIME",
    "BEDTIME_CHANGED",
    "Imported",
    "KeptImport",
    "TrialFolder",
    "Writer",
    "add_episodes",
    "append_log",
    "create_folder",
    "fingerprint",
    "forget_export",
    "imported_before",
    "imports_of",
    "open_folder",
    "original_text",
    "outdated_exports",
    "read_log",
    "stored_episodes",
    "with_key",
    "writing",
]

BEDTIME = time(23)
OPENED = "opened_key"
LETTERS_OF_PERIODS = "letters"
BEDTIME_CHANGED = "bedtime"
SHORTEST_FINGERPRINT = 6


@dataclass(frozen=True, slots=True, kw_only=True)
class TrialFolder:
    """A trial on disk: its protocol and schedule as they were fixed at the start.

    `hidden` says how the arms were hidden from the person, `commitment` what was promised of the key before
    night 1, `person` whose trial it is, by name or number. Until `key` is there, the schedule holds letters.
    """

    path: Path
    protocol: Protocol
    schedule: Schedule
    home_zone: ZoneInfo | None
    bedtime: time = BEDTIME
    hidden: Hidden = ""
    commitment: str = ""
    person: str = ""
    key: Key | None = None

    @property
    def sealed(self) -> bool:
        """Whether the arms are still hidden."""
        return bool(self.hidden) and self.key is None

    @property
    def analysis_protocol(self) -> Protocol:
        """The protocol in the arms of the schedule: its own, or letters while the arms are hidden."""
        return coded_protocol(self.protocol) if self.sealed else self.protocol

    def arm_on(self, night: date) -> Arm | None:
        """The arm of a night; None where it is hidden, in the run-in, or outside the trial."""
        table = self.schedule.table
        planned = table[(table["night"].dt.date == night) & (table["phase"] == "trial")]
        return None if self.sealed or planned.empty else self.protocol.arm_named(str(planned["arm"].iloc[0]))

    def in_run_in(self, night: date) -> bool:
        """Whether a night is of the run-in."""
        table = self.schedule.table
        return bool(((table["night"].dt.date == night) & (table["phase"] == "run-in")).any())

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


@dataclass(frozen=True, slots=True)
class Writer:
    """The right to write in a trial folder, which one command has at a time."""

    _database: sqlite3.Connection

    def log(self, event: str, detail: str, *, now: datetime) -> None:
        """Add a line to the folder's log; it is kept when the writing ends well."""
        append(self._database, event, detail, now=now)

    def keep_key(self, key: Key) -> None:
        """Keep the opened key in the folder; it is kept when the writing ends well."""
        database.add_meta(self._database, OPENED, key.text)


def create_folder(
    path: Path,
    *,
    protocol_source: str,
    protocol: Protocol,
    schedule: Schedule,
    diary: str,
    home_zone: ZoneInfo | None,
    now: datetime,
    files: Mapping[str, str | bytes] = {},
    bedtime: time = BEDTIME,
    hidden: Hidden = "",
    commitment: str = "",
    person: str = "",
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
    files
        Contents by name of what else lies in the folder: calendar, sheet, sealed key.
    bedtime, hidden, commitment, person
        As in `TrialFolder`.

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
    folder = TrialFolder(
        path=draft,
        protocol=protocol,
        schedule=schedule,
        home_zone=home_zone,
        bedtime=bedtime,
        hidden=hidden,
        commitment=commitment,
        person=person,
    )
    try:
        write_whole(draft / "protocol.yaml", protocol_source)
        shown = with_kits(schedule) if hidden == "helper" else schedule
        write_whole(draft / "schedule.csv", schedule_csv(shown))
        write_whole(folder.diary, diary)
        for name, content in files.items():
            write_whole(draft / name, content)
        meta = {
            "made_by": version("n1trial"),
            "protocol_sha256": protocol.sha256,
            "schedule_sha256": _schedule_sha256(schedule),
            "seed": schedule.seed,
            "home_zone": home_zone.key if home_zone else "",
            "bedtime": f"{bedtime:%H:%M}",
            "hidden": hidden,
            "commitment": commitment,
            "person": person,
            **({LETTERS_OF_PERIODS: letters_of(schedule)} if hidden == "helper" else {}),
            "protocol.yaml": protocol_source,
            "schedule.csv": schedule_csv(shown),
        }
        database.make_database(draft, meta)
        append_log(folder, "trial made", f"protocol {protocol.sha256}, first night {schedule.start}", now=now)
        if path.exists():
            path.rmdir()
        draft.rename(path)
        flush_folder(path.parent)
    except OSError as error:
        raise FolderError(f"{path}: cannot be made ({error.strerror}): make room and try again") from error
    except FolderError as error:
        raise FolderError(str(error).replace(str(draft), str(path))) from error
    finally:
        shutil.rmtree(draft, ignore_errors=True)
    return replace(folder, path=path)


def open_folder(path: Path) -> TrialFolder:
    """Open a trial folder and see that nothing fixed at the start has changed since.

    Raises
    ------
    FolderError
        No trial folder, of another form than this n1trial reads, or its protocol or schedule was changed after
        the start.
    """
    if not (path / database.NAME).is_file():
        raise FolderError(f"{path}: no trial folder: make one with n1trial new")
    meta = database.read_meta(path)
    protocol = _protocol_of(path)
    if protocol.sha256 != meta["protocol_sha256"]:
        raise FolderError(
            f"{path}/protocol.yaml: changed after the trial began ({protocol.sha256[:12]}, was"
            f" {meta['protocol_sha256'][:12]}): put the old file back, which n1trial history {path} --protocol"
            " prints, and say what changed with n1trial amend, or begin a new trial"
        )
    if not (path / "schedule.csv").is_file():
        raise FolderError(
            f"{path}/schedule.csv: is missing: put it back, as n1trial history {path} --schedule prints it"
        )
    shown = read_schedule(path / "schedule.csv", protocol_sha256=protocol.sha256, seed=meta["seed"])
    schedule = _lettered(shown, meta)
    if schedule is None or _schedule_sha256(schedule) != meta["schedule_sha256"]:
        raise FolderError(
            f"{path}/schedule.csv: changed after the trial began: put the old file back, which n1trial history {path}"
            " --schedule prints, or begin a new trial"
        )
    zone = ZoneInfo(meta["home_zone"]) if meta["home_zone"] else None
    folder = TrialFolder(
        path=path,
        protocol=protocol,
        schedule=schedule,
        home_zone=zone,
        bedtime=time.fromisoformat(_last_bedtime(path) or meta.get("bedtime") or f"{BEDTIME:%H:%M}"),
        hidden=cast(Hidden, meta.get("hidden", "")),
        commitment=meta.get("commitment", ""),
        person=meta.get("person", ""),
    )
    if OPENED not in meta:
        return folder
    return with_key(folder, read_key(meta[OPENED], where=f"{path / database.NAME}"))


def _protocol_of(path: Path) -> Protocol:
    """The protocol of a trial folder; of a file that is missing or cannot be read, the way back is told."""
    file = path / "protocol.yaml"
    if not file.is_file():
        raise FolderError(f"{file}: is missing: put it back, as n1trial history {path} --protocol prints it")
    try:
        return read_protocol(file)
    except ProtocolError as error:
        raise ProtocolError(
            f"{error}, or put the old file back, which n1trial history {path} --protocol prints"
        ) from error


def _last_bedtime(path: Path) -> str:
    """The bedtime that was said last since the start; empty where none was."""
    with database.reading(path) as connection:
        row = connection.execute(
            "SELECT detail FROM log WHERE event = ? ORDER BY seq DESC LIMIT 1", (BEDTIME_CHANGED,)
        ).fetchone()
    return str(row[0])[:5] if row else ""


def with_key(folder: TrialFolder, key: Key) -> TrialFolder:
    """The folder with its arms told by the key.

    Raises
    ------
    BlindingError
        The key is of another trial, or not the one that was sealed before night 1.
    """
    where = f"{folder.path}: the key"
    if key.protocol_sha256 != folder.protocol.sha256 or sorted(key.arms.values()) != sorted(
        folder.protocol.arm_names
    ):
        raise BlindingError(f"{where} is of another trial ({key.protocol_sha256[:12]}): give this trial's")
    if folder.commitment and commitment(key) != folder.commitment:
        raise BlindingError(
            f"{where} is not the one that was sealed (commitment {commitment(key)[:12]}, promised"
            f" {folder.commitment[:12]}): give the file as it was written, or ask who changed it"
        )
    schedule = decoded_schedule(folder.schedule, key, folder.protocol)
    return replace(folder, schedule=schedule, key=key)


def _lettered(shown: Schedule, meta: Mapping[str, str]) -> Schedule | None:
    """The schedule with letters where its file has kits; None where those are not the trial's kits.

    Folders of the first release have letters in the file.
    """
    if LETTERS_OF_PERIODS not in meta:
        return shown
    coded = with_letters(shown, meta[LETTERS_OF_PERIODS], run_in=LETTERS[0])
    return coded if schedule_csv(with_kits(coded)) == schedule_csv(shown) else None


def _schedule_sha256(schedule: Schedule) -> str:
    return hashlib.sha256(schedule_csv(schedule).encode()).hexdigest()


@contextmanager
def writing(folder: TrialFolder) -> Iterator[Writer]:
    """Be the one writer of the folder: its log lines are kept if the block ends well, else none of them.

    Files that the block writes with `write_whole` stand at once; write them before the block ends, so that
    the log never tells of a file that is not there.

    Raises
    ------
    FolderError
        Another command has been writing for ten seconds, or there is no room.
    """
    with database.writing(folder.path) as connection:
        yield Writer(connection)


def imported_before(folder: TrialFolder, sha256: str) -> Imported | None:
    """The earlier import of the export with this `fingerprint`, if this n1trial has read it."""
    return known_import(folder.path, sha256)


def add_episodes(
    folder: TrialFolder,
    episodes: Sequence[SleepEpisode],
    *,
    now: datetime,
    export: str = "records",
    sha256: str | None = None,
) -> Imported:
    """Keep every record that the folder does not have, in one transaction, and log it.

    Parameters
    ----------
    export
        How the export is called.
    sha256
        Its `fingerprint`, by which it is known again.
    """
    return add_records(folder.path, episodes, export=export, sha256=sha256, now=now)


def stored_episodes(folder: TrialFolder) -> list[SleepEpisode]:
    """Every record by source and identity, copies that differ included, with a file that holds it."""
    return read_records(folder.path)


def imports_of(folder: TrialFolder) -> list[KeptImport]:
    """Every import that was not taken out again, in order."""
    return kept_imports(folder.path)


def forget_export(folder: TrialFolder, export: str, *, now: datetime) -> tuple[KeptImport, int]:
    """Take an import out and log it; which one it was, and how many records went with it.

    Parameters
    ----------
    export
        The file or folder that was imported, the name it had, or the beginning of its fingerprint.

    Raises
    ------
    FolderError
        No import, or more than one, is called so.
    """
    kept = imports_of(folder)
    path = Path(export)
    sha256 = fingerprint([path]) if path.exists() else None
    found = [each for each in kept if each.sha256 == sha256]
    found = found or [each for each in kept if each.export == export.rstrip("/")]
    if not found and len(export) >= SHORTEST_FINGERPRINT:
        found = [each for each in kept if each.sha256.startswith(export)]
    if len(found) != 1:
        known = ", ".join(f"{each.export} ({each.at[:10]}, {each.sha256[:12]})" for each in found or kept)
        problem = "was not imported" if not found else "names several imports"
        remedy = f"give one of {known}" if known else "nothing was imported"
        raise FolderError(f"{export}: {problem}: {remedy}")
    return found[0], forget_import(folder.path, found[0].sha256, now=now)


def original_text(path: Path, name: str) -> str:
    """The protocol.yaml or schedule.csv of a trial folder as it was at the start, whatever became of the file.

    Raises
    ------
    FolderError
        The folder is of before a copy was kept, and the file is not as it was.
    """
    meta = database.read_meta(path)
    if name in meta:
        return meta[name]
    if name == "protocol.yaml":
        for file in (path / name, *map(protocol_path, template_names())):
            with suppress(ProtocolError):
                if read_protocol(file).sha256 == meta["protocol_sha256"]:
                    return file.read_text(encoding="utf-8")
    elif hashlib.sha256((path / name).read_bytes()).hexdigest() == meta["schedule_sha256"]:
        return (path / name).read_text(encoding="utf-8")
    raise FolderError(
        f"{path}/{name}: changed since the start, and this folder is of before n1trial kept a copy: restore a backup"
    )


def append_log(folder: TrialFolder, event: str, detail: str, *, now: datetime) -> None:
    """Add a line to the folder's log."""
    with writing(folder) as writer:
        writer.log(event, detail, now=now)


def read_log(folder: TrialFolder) -> list[LogLine]:
    """Lines of the log in order.

    Raises
    ------
    FolderError
        A line was changed, removed or moved.
    """
    with database.reading(folder.path) as connection:
        return lines(connection, where=f"{folder.path / database.NAME}")


def outdated_exports(folder: TrialFolder) -> list[str]:
    """Names of exports with records that only an earlier version's importers have read: import them again."""
    return exports_read_before(folder.path)
