"""Write files whole or not at all, readable by their owner alone."""

import json
import os
import tempfile
from collections.abc import Collection
from contextlib import suppress
from pathlib import Path

from n1trial.errors import FolderError

# `.diary.csv.draft-x7_q`: a name by which files of a killed command are distinguished from a person's.
DRAFT = ".draft-"
# By which the folder of a trial is known.
TRIAL_DATABASE = "trial.db"
_HEAD_BYTES = 4096


def write_whole(path: Path, content: str | bytes) -> None:
    """Write a file so that after a crash either the old content or the new is there, never a part.

    Temporary file beside it (mode 0600), flush to disk, rename, flush the folder.

    Raises
    ------
    FolderError
        The folder is missing or may not be written, or the disk is full; what was there is untouched.
    """
    data = content.encode() if isinstance(content, str) else content
    try:
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}{DRAFT}")
    except OSError as error:
        raise FolderError(
            f"cannot be written ({error.strerror})", place=str(path), remedy="choose another place"
        ) from error
    temporary = Path(name)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
        flush_folder(path.parent)
    except OSError as error:
        raise FolderError(
            f"cannot be written ({error.strerror})", place=str(path), remedy="make room and try again"
        ) from error
    finally:
        temporary.unlink(missing_ok=True)


def is_own_output(path: Path, *, kind: str = "", header: str = "", keys: Collection[str] = ()) -> bool:
    """Whether the file that is there is an earlier result, which a command may replace.

    Parameters
    ----------
    kind
        Of page: what its generator is called in its head, such as "n1trial plan".
    header
        First line of a table.
    keys
        Some of the keys of a JSON file.
    """
    if not path.is_file():
        return False
    with suppress(OSError, ValueError):
        if path.suffix.lower() == ".json":
            content = json.loads(path.read_bytes())
            return bool(keys) and isinstance(content, dict) and {*keys} <= {*content}
        with path.open("rb") as file:
            head = file.read(_HEAD_BYTES).decode("utf-8-sig", errors="replace")
        if path.suffix.lower() == ".csv":
            return bool(header) and head.splitlines()[:1] == [header]
        return bool(kind) and f'<meta name="generator" content="{kind}">' in head
    return False


def results_folder(path: Path) -> None:
    """Make a folder for results, which is never the folder of a trial.

    Raises
    ------
    FolderError
        It is a trial's, or it cannot be made.
    """
    if (path / TRIAL_DATABASE).exists():
        raise FolderError(f"{path}: is a trial's folder: name another, so that its own report stays")
    make_folder(path)


def make_folder(path: Path) -> None:
    """Make a folder that its owner alone can read, and those above it, where there are none.

    Raises
    ------
    FolderError
        It cannot be made.
    """
    try:
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise FolderError(f"{path}: cannot be made ({error.strerror}): choose another place") from error


def flush_folder(folder: Path) -> None:
    """Flush a folder to disk, so that a rename in it outlives a power cut."""
    if os.name != "posix":
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def remove_drafts(folder: Path) -> None:
    """Remove what killed commands left unfinished; the caller is the only writer of the folder."""
    for draft in folder.glob(f".*{DRAFT}*"):
        draft.unlink(missing_ok=True)
