"""One read-only view over an export, whatever its shape: a file, a folder, a zip, or several of them.

The source lists names and opens only what an importer asks for by name, because the same archive holds
profile, location and messages. It streams, never extracts, and refuses what no vendor would write.
"""

import io
import os
import re
import stat
import zipfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import BinaryIO, cast

from n1trial.data.importers._archive import (
    MEMBERS_LIMIT,
    RATIO_FREE,
    RATIO_LIMIT,
    is_nested,
    open_archive,
    printable,
    refusal,
    refusing,
)
from n1trial.data.importers._notes import OnNote, warn
from n1trial.data.importers._tape import is_tape, read_tape
from n1trial.errors import ExportError

# Ten years of Fitbit JSON are 22 MB; a member is held in memory once.
MEMBER_LIMIT = 64 * 1024**2
# No vendor comes near it; a bomb of many members does.
TOTAL_LIMIT = 1024**3
# Importers first ask whether a member is theirs, then read it: what is small is kept in between.
KEPT_LIMIT = 8 * 1024**2
_CHUNK = 1024**2
# Enough to know a file by: every importer asks for the same beginning.
_HEAD = 8192


@dataclass(frozen=True, kw_only=True)
class Member:
    """A file of the export, wherever it lies.

    Attributes
    ----------
    name
        Its path inside the export, with ``/``.
    where
        How messages name it: ``takeout-001.zip › Takeout/…/sleep-2025-03-01.json``.
    given
        The user named this very file, so its name need not be the vendor's.
    refused
        Why it must not be opened; empty when it may.
    """

    name: str
    where: str
    given: bool = False
    refused: str = ""
    path: Path | None = None
    archive: zipfile.ZipFile | None = None
    info: zipfile.ZipInfo | None = None
    content: bytes | None = None

    @cached_property
    def base_name(self) -> str:
        """Name without folders, folded for comparison."""
        return self.name.rpartition("/")[2].casefold()


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """The members of one export; `label` names the whole in messages, `note` takes what a reader should know."""

    label: str
    members: tuple[Member, ...]
    note: OnNote = warn
    _heads: dict[int, bytes] = field(default_factory=dict, repr=False, compare=False)
    _kept: dict[int, bytes] = field(default_factory=dict, repr=False, compare=False)

    def named(
        self,
        pattern: re.Pattern[str],
        *,
        given: re.Pattern[str] | None = None,
        limit: int = TOTAL_LIMIT,
    ) -> list[Member]:
        """Members whose base name matches in full, at any depth, in order of their path.

        Names are folded to lower case before, so patterns are in lower case. A file that the user named need
        only match `given`: people rename what they saved.
        """
        matching = [
            member
            for member in self.members
            if pattern.fullmatch(member.base_name)
            or (given and member.given and given.fullmatch(member.base_name))
        ]
        total = sum(member.info.file_size for member in matching if member.info)
        if total > limit:
            raise ExportError(
                f"{total / 1024**3:.0f} GiB of sleep files",
                place=self.label,
                remedy="download the export again",
            )
        return matching

    def read(self, member: Member, *, limit: int = MEMBER_LIMIT) -> bytes:
        """Return the bytes of one member; more than `limit` is refused, never cut.

        The last member is kept, and those before it as long as they are small.
        """
        if id(member) not in self._kept:
            head = self._heads.get(id(member), bytes(_HEAD))
            content = head if len(head) < _HEAD else b"".join(self.chunks(member, limit=limit))
            if not content:
                raise ExportError("the file is empty", place=member.where, remedy="download the export again")
            if sum(map(len, self._kept.values())) + len(content) > KEPT_LIMIT:
                self._kept.clear()
            self._kept[id(member)] = content
        return self._kept[id(member)]

    def head(self, member: Member, *, size: int = _HEAD) -> bytes:
        """Return the first bytes of one member, at most 8 KiB, to see what it is; read once, asked by all."""
        if id(member) not in self._heads:
            if id(member) in self._kept:
                self._heads[id(member)] = self._kept[id(member)][:_HEAD]
            else:
                with refusing(member.where), _open(member) as stream:
                    self._heads[id(member)] = stream.read(_HEAD)
        return self._heads[id(member)][:size]

    def mentions(self, member: Member, *words: bytes, within: int | None = None) -> bool:
        """Whether all `words` stand in a member, or in its first bytes; UTF-16 is seen through."""
        content = self.read(member) if within is None else self.head(member, size=within)
        if b"\0" in content:
            content = content.replace(b"\0", b"")
        return all(word in content for word in words)

    def chunks(self, member: Member, *, limit: int) -> Iterator[bytes]:
        """Yield the bytes of one member piece by piece; more than `limit` is refused."""
        with refusing(member.where), _open(member) as stream:
            total = 0
            while chunk := stream.read(_CHUNK):
                total += len(chunk)
                # A directory can lie about sizes, so what really comes out is counted again.
                if member.info and total > max(RATIO_FREE, RATIO_LIMIT * member.info.compress_size):
                    raise ExportError(
                        f"grows more than {RATIO_LIMIT} times", place=member.where, remedy="download it again"
                    )
                if total > limit:
                    raise ExportError(
                        f"larger than {limit // 1024**2} MiB",
                        place=member.where,
                        remedy="export fewer dates at once",
                    )
                yield chunk


@contextmanager
def open_source(paths: Sequence[Path], *, on_note: OnNote = warn) -> Iterator[Source]:
    """Open the files, folders and zips of one export as one source; the notes of importers go to `on_note`."""
    if not paths:
        raise ExportError("no file was given", place="export", remedy="name a file, a folder or a zip")
    with ExitStack() as open_files:
        members: list[Member] = []
        for path in paths:
            with refusing(printable(path.name or str(path)), "check the path"):
                members += _list(path, open_files)
        if len(members) > MEMBERS_LIMIT:
            raise ExportError(
                f"more than {MEMBERS_LIMIT} files",
                place="export",
                remedy="give the folder that holds the sleep files",
            )
        first = printable(paths[0].name or paths[0].resolve().name)
        label = first if len(paths) == 1 else f"{first} and {len(paths) - 1} more"
        yield Source(
            label=label,
            members=tuple(sorted(members, key=lambda member: (member.name, member.where))),
            note=on_note,
        )


def _list(path: Path, open_files: ExitStack) -> Iterator[Member]:
    name = printable(path.name or str(path))
    if not path.exists():
        raise ExportError("does not exist", place=name, remedy="check the path")
    if path.is_dir():
        yield from _list_folder(path, open_files)
    elif not path.is_file():
        raise ExportError("is not a regular file", place=name, remedy="give a file, a folder or a zip")
    elif path.name.casefold().endswith(".zip") or _is_zip(path):
        yield from _list_archive(path, open_files)
    elif is_tape(path):
        for inside, content in read_tape(path):
            yield Member(name=inside, where=f"{name} › {printable(inside)}", content=content)
    elif is_nested(path.name):
        raise ExportError(
            "is an archive that is not a zip", place=name, remedy="unpack it and give the folder"
        )
    else:
        yield Member(name=path.name, where=name, given=True, path=path)


def _list_folder(folder: Path, open_files: ExitStack) -> Iterator[Member]:
    count = 0
    # os.walk does not follow links to folders, so a link to `/` cannot lead out of the export.
    for directory, _, names in os.walk(folder):
        for base_name in names:
            count += 1
            if count > MEMBERS_LIMIT:
                raise ExportError(
                    f"more than {MEMBERS_LIMIT} files",
                    place=printable(folder.name),
                    remedy="give the folder of the sleep",
                )
            path = Path(directory, base_name)
            name = path.relative_to(folder).as_posix()
            where = printable(f"{folder.name}/{name}")
            mode = path.lstat().st_mode
            if base_name.casefold().endswith(".zip") and stat.S_ISREG(mode):
                # Takeout in parts is often downloaded into one folder; they are not nested.
                yield from _list_archive(path, open_files)
            elif stat.S_ISLNK(mode):
                yield Member(
                    name=name, where=where, refused="is a symbolic link: give the file that it points to"
                )
            elif stat.S_ISREG(mode):
                yield Member(name=name, where=where, path=path)


def _list_archive(path: Path, open_files: ExitStack) -> Iterator[Member]:
    archive = open_files.enter_context(open_archive(path))
    for info in archive.infolist():
        if not info.is_dir():
            name = info.filename.replace("\\", "/")
            where = f"{printable(path.name)} › {printable(name)}"
            yield Member(name=name, where=where, refused=refusal(info), archive=archive, info=info)


def _is_zip(path: Path) -> bool:
    with path.open("rb") as stream:
        return stream.read(4) == b"PK\3\4"


def _open(member: Member) -> BinaryIO:
    if member.refused:
        raise ExportError(member.refused, place=member.where)
    if member.archive and member.info:
        return cast("BinaryIO", member.archive.open(member.info))
    if member.content is not None:
        return io.BytesIO(member.content)
    if member.path is None:
        raise ExportError("has no content", place=member.where, remedy="download the export again")
    return member.path.open("rb")
