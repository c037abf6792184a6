"""The exports that were imported into a trial's folder: added, listed, taken out again."""

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

from n1trial.data.episodes import SleepEpisode
from n1trial.errors import FolderError
from n1trial.trial_folder.store import database
from n1trial.trial_folder.store.fingerprint import fingerprint
from n1trial.trial_folder.store.folder import TrialFolder
from n1trial.trial_folder.store.records import (
    Imported,
    KeptImport,
    add_records,
    episodes_of,
    forget_import,
    kept_imports,
    known_import,
    record_rows,
)

SHORTEST_FINGERPRINT = 6


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
        Its `fingerprint`, by which it is recognised when it is imported again.
    """
    return add_records(folder.path, episodes, export=export, sha256=sha256, now=now)


def stored_episodes(folder: TrialFolder) -> list[SleepEpisode]:
    """Every record by source and identity, copies that differ included, with a file that holds it."""
    with database.reading(folder.path) as connection:
        rows = record_rows(connection)
    return episodes_of(rows, where=f"{folder.path / database.NAME}")


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
    matching = [one for one in kept if one.sha256 == sha256]
    matching = matching or [one for one in kept if one.export == export.rstrip("/")]
    if not matching and len(export) >= SHORTEST_FINGERPRINT:
        matching = [one for one in kept if one.sha256.startswith(export)]
    if len(matching) != 1:
        known = ", ".join(f"{one.export} ({one.at[:10]}, {one.sha256[:12]})" for one in matching or kept)
        problem = "was not imported" if not matching else "names several imports"
        remedy = f"give one of {known}" if known else "nothing was imported"
        raise FolderError(f"{export}: {problem}: {remedy}")
    return matching[0], forget_import(folder.path, matching[0].sha256, now=now)
