"""The fingerprint of an export, so that one that was imported before is recognised without reading it."""

import hashlib
import os
from collections.abc import Iterator, Sequence
from pathlib import Path

# Above this size a zip is identified by its end, which has the names, sizes and checksums of all its members.
WHOLE_LIMIT = 64 * 1024**2
ZIP_END = 32 * 1024**2
# Larger than any export of sleep: a whole disk, say, which the importer will refuse.
FOLDER_LIMIT = 2 * 1024**3


def fingerprint(paths: Sequence[Path]) -> str | None:
    """SHA-256 of the files of one export in any order, or ``None`` where they cannot be read or are too many.

    A folder's files are taken with their names in it; the name of a single file does not matter, because
    the same download is often saved again under another.
    """
    digests: list[str] = []
    total = 0
    try:
        for path in paths:
            for name, file in _files(path):
                total += file.stat().st_size
                if total > FOLDER_LIMIT and name:
                    return None
                digests.append(f"{_digest(file)} {name}")
    except OSError:
        return None
    # A lone surrogate in a name is a byte that is no text; it is hashed as that byte.
    return hashlib.sha256("\n".join(sorted(digests)).encode("utf-8", "surrogateescape")).hexdigest()


def _files(path: Path) -> Iterator[tuple[str, Path]]:
    if not path.is_dir():
        yield "", path
        return
    for directory, _, names in os.walk(path):
        for base_name in names:
            file = Path(directory, base_name)
            if not file.is_symlink():
                yield file.relative_to(path).as_posix(), file


def _digest(file: Path) -> str:
    size = file.stat().st_size
    with file.open("rb") as stream:
        if size <= WHOLE_LIMIT or stream.read(4) != b"PK\3\4":
            stream.seek(0)
            return hashlib.file_digest(stream, "sha256").hexdigest()
        stream.seek(-ZIP_END, os.SEEK_END)
        return hashlib.sha256(f"{size}:".encode() + stream.read()).hexdigest()
