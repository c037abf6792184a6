"""What an export that nobody recognises resembles, by its content and never by its name."""

import csv
import re
from collections.abc import Mapping, Sequence
from contextlib import suppress
from datetime import datetime
from typing import Protocol

from n1trial.data.importers._archive import printable
from n1trial.data.importers._records import decode_text
from n1trial.data.importers._source import Member, Source
from n1trial.errors import ExportError
from n1trial.system.files import TRIAL_DATABASE

# As many files are looked into: the first ones of an archive are enough to know whose it is.
_LOOKED_INTO = 20
_NEEDED = 2
_NAMES = re.compile(r".*\.(csv|txt|json|xml|db|sqlite)|[^.]*")
_TABLE = re.compile(r".*\.(csv|txt)")
_HEAD = 8192
_CLOCK = re.compile(r"\d{1,2}:\d{2}(:\d{2})?( ?[AaPp][Mm])?")
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}|\d{1,2}([./])\d{1,2}\1\d{2,4}")
COLUMNS_SHOWN = 5
# How a table begins that n1trial nights wrote.
_OF_NIGHTS = b"night,tst_min,wake_episodes,"
# Where a person finds the list of devices, which is too long for a message.
HELP = "n1trial nights --help"

# Words in the names of columns that people give what the mapping of a table needs, the surest first.
_COLUMNS = {
    "start": (
        "bedtime",
        "went to bed",
        "sleep start",
        "fell asleep",
        "onset",
        "start",
        "from",
        "begin",
        "von",
    ),
    "end": ("wake time", "wake-up", "woke", "got up", "sleep end", "end", "wake", "until", "stop", "bis"),
    "tst": (
        "total sleep",
        "time asleep",
        "sleep time",
        "asleep",
        "slept",
        "tst",
        "sleep duration",
        "sleep",
        "schlaf",
    ),
}
_TIME_FORMATS = (
    "%d.%m.%Y %H:%M", "%d/%m/%Y %H:%M", "%m/%d/%Y %H:%M", "%m/%d/%Y %I:%M %p", "%d.%m.%y %H:%M",
    "%d.%m.%Y %H:%M:%S", "%Y/%m/%d %H:%M",
)  # fmt: skip
# The longest night in hours, and in minutes: longer numbers are of the next smaller unit.
_MOST_HOURS, _MOST_MINUTES = 20, 1_200


class Described(Protocol):
    """What is known of a device without reading anything."""

    DEVICE: str
    LOOKS_FOR: str
    WORDS: tuple[bytes, ...]
    FOLDERS: tuple[str, ...]


def unrecognised(source: Source, importers: Mapping[str, Described]) -> str:
    """What to say of an export that no importer recognises: whose it resembles, or where the list of devices is."""
    heads = [head for member in _readable(source) if (head := _head(source, member))]
    hits_of = {name: _hits(heads, importer.WORDS) for name, importer in importers.items()}
    most = max(hits_of.values(), default=0)
    alike = [importers[name] for name, hits in hits_of.items() if hits == most >= _NEEDED]
    if not alike:
        folders = "\n".join(member.name.rpartition("/")[0] for member in source.members).casefold()
        alike = [
            importer for importer in importers.values() if any(name in folders for name in importer.FOLDERS)
        ]
    if len(alike) == 1:
        return (
            f"{source.label}: no importer recognises it, though it resembles a file of {alike[0].DEVICE}: give the"
            f" folder or zip as it was downloaded, with {alike[0].LOOKS_FOR}{_or_a_table(source)}"
        )
    if any(head.startswith(_OF_NIGHTS) for head in heads):
        return (
            f"{source.label}: no importer recognises it: n1trial nights wrote it, and it lacks what is kept of each"
            " record: give the export itself"
        )
    for member in source.members:
        if _TABLE.fullmatch(member.base_name) and (mapping := _mapping(source, member)):
            return (
                f"{source.label}: no importer recognises it: for a table of your own write this line into a file"
                f" mapping.yaml, correct it, and give both files: {mapping}"
            )
    of_a_table = " and how a mapping.yaml describes a table of your own" if _holds_a_table(source) else ""
    return (
        f"{source.label}: no importer recognises it ({_described(source)}): give the folder or zip as it was downloaded"
        f" from your device's maker; {HELP} lists what is read{of_a_table}"
    )


def _or_a_table(source: Source) -> str:
    """The way of a table of one's own, where there is one."""
    return f"; {HELP} says how a mapping.yaml describes a table of your own" if _holds_a_table(source) else ""


def _holds_a_table(source: Source) -> bool:
    """Whether a file may be a table of one's own; those of a trial folder are not."""
    names = {member.base_name for member in source.members}
    return TRIAL_DATABASE not in names and any(_TABLE.fullmatch(name) for name in names)


def _described(source: Source) -> str:
    """What was given, in a few words."""
    if any(member.base_name == TRIAL_DATABASE for member in source.members):
        return "a trial folder, no export"
    if len(source.members) != 1:
        return f"{len(source.members)} files, none of sleep" if source.members else "it holds no files"
    head = _head(source, source.members[0])
    is_table = bool(head.strip()) and _TABLE.fullmatch(source.members[0].base_name)
    first = decode_text(head.splitlines()[0], source.label) if is_table else ""
    delimiter = max(",;\t", key=first.count)
    columns = [printable(name.strip()) for name in first.split(delimiter)]
    if len(columns) < 2:
        return "one file"
    more = ", …" if len(columns) > COLUMNS_SHOWN else ""
    return f"a table with the columns {', '.join(columns[:COLUMNS_SHOWN])}{more}"


def _readable(source: Source) -> list[Member]:
    named = [member for member in source.members if _NAMES.fullmatch(member.base_name) and not member.refused]
    return named[:_LOOKED_INTO]


def _head(source: Source, member: Member) -> bytes:
    with suppress(ExportError):
        return source.head(member).replace(b"\0", b"")
    return b""


def _hits(heads: Sequence[bytes], words: Sequence[bytes]) -> int:
    return max((sum(word in head for word in words) for head in heads), default=0)


def _mapping(source: Source, member: Member) -> str:
    """A mapping of a table's columns, as one line of YAML; empty where its header does not suggest one."""
    head = _head(source, member)
    with suppress(ExportError, csv.Error, UnicodeError):
        lines = decode_text(head.rpartition(b"\n")[0] or head, member.where).splitlines()
        delimiter = max(",;\t", key=lines[0].count) if lines else ","
        header, *rows = list(csv.reader(lines[:4], delimiter=delimiter, strict=True)) or [[]]
        columns = _columns(header)
        if len(columns) == len(_COLUMNS) and rows and len(rows[0]) == len(header):
            cells = {field: rows[0][header.index(column)].strip() for field, column in columns.items()}
            entries: dict[str, str | list[str]] = {**columns, "unit": _unit(columns["tst"], cells["tst"])}
            start = cells["start"]
            if _CLOCK.fullmatch(start) and (date := _date_column(header, rows[0])):
                entries["start"] = [date, columns["start"]]
                start = f"{rows[0][header.index(date)].strip()} {start}"
            if time_format := _time_format(start):
                entries["time_format"] = time_format
            quoted = ", ".join(f"{field}: {_quoted(named)}" for field, named in entries.items())
            return f"{{{quoted}}}"
    return ""


def _quoted(named: str | list[str]) -> str:
    if isinstance(named, list):
        return f"[{', '.join(map(_quoted, named))}]"
    return f'"{printable(named)}"'


def _date_column(header: Sequence[str], cells: Sequence[str]) -> str:
    """The first column with a date alone; empty where there is none."""
    dated = (name for name, cell in zip(header, cells, strict=True) if _DATE.fullmatch(cell.strip()))
    return next((name for name in dated if '"' not in name and "\\" not in name), "")


def _columns(header: Sequence[str]) -> dict[str, str]:
    chosen: dict[str, str] = {}
    for field, words in _COLUMNS.items():
        left = [
            name for name in header if name not in chosen.values() and '"' not in name and "\\" not in name
        ]
        fitting = [
            name
            for word in words
            for name in left
            if re.search(rf"\b{word}\b", name.casefold().replace("_", " "))
        ]
        if fitting:
            chosen[field] = fitting[0]
    return chosen


def _unit(name: str, cell: str) -> str:
    with suppress(ValueError):
        value = float(cell.replace(",", "."))
        return "h" if value <= _MOST_HOURS else "min" if value <= _MOST_MINUTES else "s"
    return "h" if re.search(r"\bh(ours?)?\b", name.casefold()) else "min"


def _time_format(cell: str) -> str:
    """Empty for ISO 8601; of several formats that fit the first, since one time cannot tell day and month apart."""
    with suppress(ValueError):
        datetime.fromisoformat(cell)
        return ""
    for time_format in _TIME_FORMATS:
        with suppress(ValueError):
            datetime.strptime(cell, time_format)  # noqa: DTZ007
            return time_format
    return ""
