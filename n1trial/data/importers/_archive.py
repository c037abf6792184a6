"""Zip archives from strangers: what is refused before a single member is read.

`zipfile` believes an archive's own directory. The checks here bound it first: size, number of members,
members that lie over each other, and for each member encryption, links, other archives and compression ratio.
"""

import lzma
import stat
import struct
import tarfile
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import pairwise
from pathlib import Path, PurePosixPath

from n1trial.errors import ExportError

ARCHIVE_LIMIT = 2 * 1024**3
MEMBERS_LIMIT = 100_000
RATIO_LIMIT = 200
# Small files compress well without harm: the ratio counts after the first MiB.
RATIO_FREE = 1024**2
_DIRECTORY_LIMIT = 64 * 1024**2
_END_RECORD = struct.Struct("<4s4H2LH")
_END64_RECORD = struct.Struct("<4sQ2H2L4Q")
_LOCAL_HEADER_SIZE = 30
_NESTED = (".zip", ".7z", ".rar", ".tgz", ".gz", ".tar", ".bz2", ".xz")

# Everything that the standard library raises on damaged or hostile archives and text, RecursionError and
# UnicodeError among them as subclasses.
HOSTILE = (
    zipfile.BadZipFile,
    tarfile.TarError,
    zlib.error,
    lzma.LZMAError,
    struct.error,
    NotImplementedError,
    RuntimeError,
    KeyError,
    ValueError,
    OverflowError,
    EOFError,
    OSError,
)


@contextmanager
def refusing(where: str, advice: str = "download the export again") -> Iterator[None]:
    """Turn every error of damaged or hostile input inside the block into one `ExportError`."""
    try:
        yield
    except HOSTILE as error:
        reason = printable(str(error) or type(error).__name__)
        raise ExportError(f"cannot be read ({reason})", place=where, remedy=advice) from error


def printable(text: str, *, longest: int = 160) -> str:
    """Text of a file for one line: control characters escaped, at most `longest` characters."""
    if len(text) <= longest and text.isprintable():
        return text
    escaped = "".join(
        letter if letter.isprintable() else letter.encode("unicode_escape").decode()
        for letter in text[: 3 * longest]
    )
    return escaped if len(escaped) <= longest else f"{escaped[: longest - 3]}…"


def open_archive(path: Path) -> zipfile.ZipFile:
    """Open a zip after its directory has been found small, honest and without overlaps."""
    where = printable(path.name)
    with refusing(where, "check that the download is complete"):
        size = path.stat().st_size
        if size > ARCHIVE_LIMIT:
            raise ExportError(
                f"larger than 2 GiB ({size / 1024**3:.1f} GiB)",
                place=where,
                remedy="export only the sleep data",
            )
        if not zipfile.is_zipfile(path):
            raise ExportError("is not a zip, or its end is missing", place=where, remedy="download it again")
        _check_directory(path, where)
        archive = zipfile.ZipFile(path)
    try:
        _check_overlaps(archive, where)
    except ExportError:
        archive.close()
        raise
    return archive


def refusal(member: zipfile.ZipInfo) -> str:
    """Why a member must not be opened; empty when it may."""
    if member.flag_bits & 0x1:
        return "is encrypted: unpack the archive with its password and give the folder"
    if stat.S_ISLNK(member.external_attr >> 16):
        return "is a symbolic link: download the export again"
    if is_nested(member.filename):
        return "is an archive inside an archive: unpack it first"
    if member.file_size > max(RATIO_FREE, RATIO_LIMIT * member.compress_size):
        return f"would grow more than {RATIO_LIMIT} times when unpacked: download the export again"
    return ""


def is_nested(name: str) -> bool:
    """Whether a member's name is that of another archive."""
    return name.casefold().endswith(_NESTED)


def escapes(name: str) -> bool:
    """Whether a member's name points outside the archive, which no vendor writes."""
    path = PurePosixPath(name.replace("\\", "/"))
    return path.is_absolute() or ".." in path.parts or (len(name) > 1 and name[1] == ":")


def _check_directory(path: Path, where: str) -> None:
    # zipfile makes one object an entry: count the entries before it does.
    with path.open("rb") as stream:
        size = stream.seek(0, 2)
        tail_start = max(0, size - 65_536 - _END_RECORD.size)
        stream.seek(tail_start)
        tail = stream.read()
        at = len(tail) - _END_RECORD.size
        if tail[at : at + 4] != b"PK\5\6":
            at = tail.rfind(b"PK\5\6")
        _, _, _, _, _, directory_size, _, _ = _END_RECORD.unpack_from(tail, at)
        end64 = tail.rfind(b"PK\6\6", 0, at)
        if directory_size == 0xFFFFFFFF and end64 >= 0:
            directory_size = _END64_RECORD.unpack_from(tail, end64)[8]
        if directory_size > _DIRECTORY_LIMIT:
            raise ExportError(
                f"lists more than {MEMBERS_LIMIT} members", place=where, remedy="export only the sleep data"
            )
        stream.seek(max(0, tail_start + at - directory_size - 2 * _END64_RECORD.size))
        entries = stream.read(directory_size + 2 * _END64_RECORD.size).count(b"PK\1\2")
    if entries > MEMBERS_LIMIT:
        raise ExportError(
            f"lists {entries} members (at most {MEMBERS_LIMIT})",
            place=where,
            remedy="export only the sleep data",
        )


def _check_overlaps(archive: zipfile.ZipFile, where: str) -> None:
    for member in archive.infolist():
        if escapes(member.filename):
            raise ExportError(
                "leads out of the archive",
                place=f"{where} › {printable(member.filename)}",
                remedy="download it again",
            )
    placed = sorted(archive.infolist(), key=lambda member: member.header_offset)
    for member, following in pairwise(placed):
        if member.header_offset + _LOCAL_HEADER_SIZE + member.compress_size > following.header_offset:
            raise ExportError(
                "lies over another member",
                place=f"{where} › {printable(following.filename)}",
                remedy="download it again",
            )
