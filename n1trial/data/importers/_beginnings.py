"""What a member begins with, JSON or the names of a table's columns: by this it is known, whatever it is called."""

import csv
import re
import unicodedata
from contextlib import suppress
from functools import lru_cache

from n1trial.data.importers._records import decode_text
from n1trial.data.importers._source import Member, Source
from n1trial.errors import ExportError

# For a file that the user named: people rename what they saved.
ANY_NAME = re.compile(r".*", re.DOTALL)


def is_json(source: Source, member: Member) -> bool:
    """Whether a member begins as JSON does."""
    return _first_line(source, member)[:1] in ("[", "{")


def header_names(source: Source, member: Member) -> list[str]:
    """Return the names of a table's columns, folded, or nothing where the first line is no header."""
    line = _first_line(source, member)
    if line[:1] in ("[", "{", "<"):
        return []
    names = _cells(line)
    # A header that was quoted as a whole.
    return [folded(name) for name in (_cells(names[0]) if len(names) == 1 else names)]


@lru_cache(maxsize=1024)
def folded(name: str) -> str:
    """Name of a column for comparison: no case, no accents, single blanks."""
    letters = unicodedata.normalize("NFKD", name)
    return " ".join(
        "".join(letter for letter in letters if not unicodedata.combining(letter)).casefold().split()
    )


def _first_line(source: Source, member: Member) -> str:
    head = source.head(member).lstrip(b" \t\r\n")
    with suppress(ExportError):
        # In UTF-16 a line end is two bytes; in all else what follows it may be cut inside a letter.
        text = decode_text(head if b"\0" in head else head.partition(b"\n")[0], member.where)
        lines = text.lstrip("\ufeff \t\r\n").splitlines()
        return lines[0] if lines else ""
    return ""


def _cells(line: str) -> list[str]:
    delimiter = ";" if line.count(";") > line.count(",") else ","
    with suppress(csv.Error):
        return next(csv.reader([line], delimiter=delimiter), [])
    return []
