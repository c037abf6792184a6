"""A trial's folder: opened and checked against what was fixed at the start, and its log.

People edit `diary.csv`, and `protocol.yaml` until the folder is made; everything else is written by the program, whole
or not at all. Recorded sleep and the log are in `trial.db`.
"""

import hashlib
import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from datetime import date, time
from pathlib import Path
from typing import cast
from zoneinfo import ZoneInfo

from n1trial.design.blinding import (
    LETTERS,
    Hidden,
    Key,
    coded_protocol,
    commitment,
    decoded_schedule,
    read_key,
    with_kits,
    with_letters,
)
from n1trial.design.protocol import Arm, Protocol, protocol_path, read_protocol, template_names
from n1trial.design.schedule import Schedule, read_schedule, schedule_csv
from n1trial.errors import BlindingError, FolderError, ProtocolError
from n1trial.trial_folder.store import database
from n1trial.trial_folder.store.log import LogLine, checked_lines, event_of, log_rows
from n1trial.trial_folder.store.log_events import BedtimeChanged, Event

BEDTIME = time(23)
OPENED = "opened_key"
LETTERS_OF_PERIODS = "letters"


@dataclass(frozen=True, slots=True, kw_only=True)
class TrialFolder:
    """A trial on disk: its protocol and schedule as they were fixed at the start.

    Attributes
    ----------
    path
        The folder.
    protocol, schedule
        As fixed at the start; the schedule holds letters until `key` is there.
    home_zone
        Time zone of the bed.
    bedtime
        Usual bedtime, as last changed.
    hidden
        How the arms were hidden from the person.
    commitment
        Hash of the key, printed before night 1; 64 hexadecimal digits, or empty.
    person
        Name or number of the person.
    key
        Which arm each letter stands for, once it was opened.
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


def open_folder(path: Path) -> TrialFolder:
    """Open a trial folder and check that nothing fixed at the start has changed since.

    Raises
    ------
    FolderError
        No trial folder, of another form than this n1trial reads, or its protocol or schedule was changed after
        the start.
    """
    with reading_folder(path) as connection:
        return folder_of(path, connection)


@contextmanager
def reading_folder(path: Path) -> Iterator[sqlite3.Connection]:
    """Open the database of a trial folder, and see it as it is at this moment whatever another command writes.

    Raises
    ------
    FolderError
        No trial folder.
    """
    if not (path / database.NAME).is_file():
        raise FolderError(f"{path}: no trial folder: make one with n1trial new")
    with database.reading(path) as connection:
        connection.execute("BEGIN")
        yield connection


def folder_of(path: Path, connection: sqlite3.Connection) -> TrialFolder:
    """The trial folder of an open database, checked as `open_folder` says."""
    meta = database.read_meta(connection, path)
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
    if schedule is None or schedule_sha256(schedule) != meta["schedule_sha256"]:
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
        bedtime=_last_bedtime(path, connection)
        or time.fromisoformat(meta.get("bedtime") or f"{BEDTIME:%H:%M}"),
        hidden=cast(Hidden, meta.get("hidden", "")),
        commitment=meta.get("commitment", ""),
        person=meta.get("person", ""),
    )
    if OPENED not in meta:
        return folder
    return with_key(folder, read_key(meta[OPENED], where=f"{path / database.NAME}"))


def _protocol_of(path: Path) -> Protocol:
    """The protocol of a trial folder; errors name the command that prints the original."""
    file = path / "protocol.yaml"
    if not file.is_file():
        raise FolderError(f"{file}: is missing: put it back, as n1trial history {path} --protocol prints it")
    try:
        return read_protocol(file)
    except ProtocolError as error:
        raise ProtocolError(
            f"{error}, or put the old file back, which n1trial history {path} --protocol prints"
        ) from error


def _last_bedtime(path: Path, connection: sqlite3.Connection) -> time | None:
    """The bedtime that was given last since the start; None where none was."""
    row = connection.execute(
        "SELECT detail FROM log WHERE event = ? ORDER BY seq DESC LIMIT 1", (BedtimeChanged.KIND,)
    ).fetchone()
    event = event_of(BedtimeChanged.KIND, row[0], where=f"{path / database.NAME}: bedtime") if row else None
    return event.bedtime if isinstance(event, BedtimeChanged) else None


def _lettered(shown: Schedule, meta: Mapping[str, str]) -> Schedule | None:
    """The schedule with letters where its file has kits; None where those are not the trial's kits.

    Folders of the first release have letters in the file.
    """
    if LETTERS_OF_PERIODS not in meta:
        return shown
    coded = with_letters(shown, meta[LETTERS_OF_PERIODS], run_in=LETTERS[0])
    return coded if schedule_csv(with_kits(coded)) == schedule_csv(shown) else None


def with_key(folder: TrialFolder, key: Key) -> TrialFolder:
    """The folder with the arms in place of letters.

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


def schedule_sha256(schedule: Schedule) -> str:
    """SHA-256 of a schedule as CSV text, letters in place of kits, by which a change after the start is noticed."""
    return hashlib.sha256(schedule_csv(schedule).encode()).hexdigest()


def original_text(path: Path, name: str) -> str:
    """The protocol.yaml or schedule.csv of a trial folder as it was at the start, whatever became of the file.

    Raises
    ------
    FolderError
        The folder is of before a copy was kept, and the file is not as it was.
    """
    with database.reading(path) as connection:
        meta = database.read_meta(connection, path)
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


def read_log(folder: TrialFolder) -> list[LogLine[Event]]:
    """Lines of the log in order.

    Raises
    ------
    FolderError
        A line was changed, removed or moved.
    """
    with database.reading(folder.path) as connection:
        rows = log_rows(connection)
    return checked_lines(rows, where=f"{folder.path / database.NAME}")
