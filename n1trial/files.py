"""Files are written whole or not at all, and are for their owner's eyes."""

import os
import tempfile
from pathlib import Path

from n1trial.errors import FolderError


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
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}-")
    except OSError as error:
        raise FolderError(f"{path}: cannot be written ({error.strerror}): choose another place") from error
    temporary = Path(name)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    except OSError as error:
        raise FolderError(f"{path}: cannot be written ({error.strerror}): make room and try again") from error
    finally:
        temporary.unlink(missing_ok=True)
    if os.name == "posix":
        folder = os.open(path.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
