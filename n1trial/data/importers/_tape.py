"""A Takeout as ``.tgz``: a tape that is read once, from front to back.

Nothing in it can be reached without unpacking all that lies before, so its sleep files are kept in one
reading and everything else is skipped. Bounded like the zips: size, members, growth, member size.
"""

import gzip
import tarfile
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any, cast

from n1trial.data.importers._archive import (
    ARCHIVE_LIMIT,
    MEMBERS_LIMIT,
    RATIO_FREE,
    RATIO_LIMIT,
    escapes,
    printable,
    refusing,
)
from n1trial.errors import ExportError

# The most that is kept of one file: ten years of Fitbit sleep are 22 MB.
KEPT_LIMIT = 256 * 1024**2
_READ_LIMIT = 64 * 1024**2
_TAKEN_ALONG = "sleep"


class _Tape:
    """An unpacking stream that goes forward only, by at most `limit` bytes, in bites of at most 64 MiB."""

    def __init__(self, stream: gzip.GzipFile, limit: int) -> None:
        self._stream, self._limit = stream, limit
        self._last, self._one_back = b"", False

    def read(self, size: int = -1) -> bytes:
        if not 0 <= size <= _READ_LIMIT:
            raise ValueError(f"a part of {size} bytes")
        if self._one_back and size:
            self._one_back = False
            return self._last + self.read(size - 1)
        content = self._stream.read(size)
        self._last = content[-1:] or self._last
        return content

    def seek(self, to: int) -> int:
        if to > self._limit:
            raise ValueError(f"would grow more than {RATIO_LIMIT} times when unpacked")
        position = self._stream.tell()
        if to < position - 1:
            raise ValueError("members that lie over each other")
        # tarfile steps back one byte to see that a member was whole; gzip would begin anew for it.
        self._one_back = to == position - 1
        if to > position:
            self._stream.seek(to - 1)
            self._last = self._stream.read(1)
        return to

    def run_out(self) -> None:
        """Unpack to the end, where the checksum is: only it shows that a tape was cut there."""
        while self._stream.read(_READ_LIMIT // 64):
            self.seek(self._stream.tell())

    def tell(self) -> int:
        return self._stream.tell() - self._one_back


def is_tape(path: Path) -> bool:
    """Whether a file is named as a compressed tape."""
    return path.name.casefold().endswith((".tgz", ".tar.gz"))


def read_tape(path: Path) -> Iterator[tuple[str, bytes]]:
    """Names and contents of the sleep files of a tape, in its order.

    Raises
    ------
    ExportError
        The tape is damaged, too large, grows too much, holds too many members, or a sleep file is a link or
        leads out of the archive.
    """
    where, kept, count = printable(path.name), 0, 0
    with refusing(where, "check that the download is complete"):
        size = path.stat().st_size
        if size > ARCHIVE_LIMIT:
            raise ExportError("larger than 2 GiB", place=where, remedy="export only the sleep data")
        with gzip.open(path) as unpacked:
            tape = _Tape(unpacked, max(RATIO_FREE, RATIO_LIMIT * size))
            with tarfile.open(fileobj=cast("IO[bytes]", tape), mode="r:") as members:
                met = cast("Any", members).members
                for member in members:
                    # tarfile keeps every member it has read, and there is no going back to them.
                    met.clear()
                    count += 1
                    if count > MEMBERS_LIMIT:
                        raise ExportError(
                            f"more than {MEMBERS_LIMIT} members",
                            place=where,
                            remedy="export only the sleep data",
                        )
                    if escapes(member.name):
                        member_name = printable(member.name)
                        raise ExportError(
                            "leads out of the archive",
                            place=f"{where} › {member_name}",
                            remedy="download it again",
                        )
                    if _TAKEN_ALONG not in member.name.rpartition("/")[2].casefold() or member.isdir():
                        continue
                    content = members.extractfile(member) if member.isreg() else None
                    kept += member.size
                    if content is None or kept > KEPT_LIMIT:
                        why = "is a link" if content is None else "is too much sleep for one export"
                        raise ExportError(
                            str(why),
                            place=f"{where} › {printable(member.name)}",
                            remedy="download the export again",
                        )
                    yield member.name, content.read()
            tape.run_out()
