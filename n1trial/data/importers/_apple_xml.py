"""The tags of an Apple Health export: streamed out of gigabytes, also when the file is no XML.

Nothing is kept but the records of sleep. Expat reads tag by tag without a tree that would have to be cleared
while it grows; entities, deep nesting and endless tags are refused. What iOS 16 spoiled is read line by line.
"""

import html
import re
from collections.abc import Iterator
from dataclasses import dataclass
from xml.parsers import expat

from n1trial.data.importers._archive import printable, refusing
from n1trial.data.importers._clock_text import clock_time
from n1trial.data.importers._health_records import HealthRecords
from n1trial.data.importers._source import Member, Source
from n1trial.errors import ExportError

SIZE_LIMIT = 4 * 1024**3
_ENTITY_REFUSED = "declares an entity, which Apple never does: export it again"
_SLEEP = "HKCategoryTypeIdentifierSleepAnalysis"
_METADATA = ("HKTimeZone", "HKWasUserEntered")
# Lines that the reader of lines has to understand; all others it skips.
_LINES = (b"<ExportDate", _SLEEP.encode())
# One tag, or one line, of a file that can be gigabytes; longer ones would be held in memory.
_TAG_LIMIT = 4 * 1024**2
_DEPTH_LIMIT = 64
_ATTRIBUTE = r'\s+([A-Za-z][\w.:-]*)="([^"<]*)"'
_ATTRIBUTES = re.compile(_ATTRIBUTE)
_TAG = re.compile(rf"\s*<(/?)(\w+)((?:{_ATTRIBUTE})*)\s*(/?)>\s*")
# expat's error code of an attribute that iOS 16 wrote twice.
_TWICE = expat.errors.codes[expat.errors.XML_ERROR_DUPLICATE_ATTRIBUTE]


@dataclass(slots=True)
class _Tags:
    """What was read from the tags of one export so far, by either parser."""

    records: HealthRecords
    begun: bool = False
    record: dict[str, str] | None = None

    def open(self, name: str, attributes: dict[str, str]) -> None:
        """Take a tag that opens."""
        if name == "Record":
            if self.record is not None:
                raise ExportError(
                    "a record of sleep has no end", place=self.records.where, remedy="export it again"
                )
            if attributes.get("type") == _SLEEP:
                self.record = attributes
        elif name == "MetadataEntry":
            key = attributes.get("key", "")
            if self.record is not None and key in _METADATA:
                self.record[key] = attributes.get("value", "")
        elif name == "HealthData":
            self.begun = True
        elif name == "ExportDate":
            self.records.exported = clock_time(attributes.get("value", ""), self.records.where)

    def close(self, name: str) -> None:
        """Take a tag that closes: the metadata of a record stand inside it."""
        if name == "Record" and self.record is not None:
            record, self.record = self.record, None
            self.records.add(record)


def read_tags(source: Source, member: Member) -> HealthRecords:
    """Collect the records of sleep of one export.

    Raises
    ------
    ExportError
        The export is cut short, damaged or hostile; nothing of it is used then.
    """
    tags = _Tags(HealthRecords(member.where))
    # Apple writes UTF-8; what the file itself claims could name any codec of Python.
    parser = expat.ParserCreate("UTF-8")

    # Names and values in turn, so that only the tags that are wanted become a dictionary.
    parser.ordered_attributes = True
    depth = 0

    def open_tag(name: str, attributes: list[str]) -> None:
        nonlocal depth
        depth += 1
        if depth > _DEPTH_LIMIT:
            raise ExportError(
                f"XML nested deeper than {_DEPTH_LIMIT}", place=member.where, remedy="export it again"
            )
        # Nearly all of the file is other records and their content.
        if name == "MetadataEntry" and tags.record is None:
            return
        if name != "Record" or _SLEEP in attributes:
            tags.open(name, dict(zip(attributes[::2], attributes[1::2], strict=True)))

    def close_tag(name: str) -> None:
        nonlocal depth
        depth -= 1
        if name == "Record":
            tags.close(name)

    def refuse_entity(*_: object) -> None:
        raise ExportError(str(_ENTITY_REFUSED), place=member.where)

    parser.StartElementHandler = open_tag
    parser.EndElementHandler = close_tag
    parser.EntityDeclHandler = refuse_entity
    fed = 0
    try:
        for chunk in source.chunks(member, limit=SIZE_LIMIT):
            parser.Parse(chunk, False)
            fed += len(chunk)
            if fed - parser.CurrentByteIndex > _TAG_LIMIT:
                raise ExportError(
                    "one tag is larger than 4 MiB", place=member.where, remedy="export it again"
                )
        parser.Parse(b"", True)
    except expat.ExpatError as error:
        if tags.begun and error.code != _TWICE:
            raise ExportError(
                f"the XML is cut short or damaged ({printable(str(error))})",
                place=member.where,
                remedy="export it again",
            ) from error
        return _read_lines(source, member)
    return tags.records


def _read_lines(source: Source, member: Member) -> HealthRecords:
    """Read line by line an export that is no XML: every line of sleep must be whole, and the last one there."""
    tags = _Tags(HealthRecords(member.where))
    finished = False
    for line in _lines(source, member):
        if b"<!ENTITY" in line:
            raise ExportError(str(_ENTITY_REFUSED), place=member.where)
        finished = finished or line.strip() == b"</HealthData>"
        if tags.record is not None or any(mark in line for mark in _LINES):
            _read_line(tags, line, member.where)
    if not finished:
        raise ExportError("the XML is cut short or damaged", place=member.where, remedy="export it again")
    return tags.records


def _lines(source: Source, member: Member) -> Iterator[bytes]:
    rest = b""
    for chunk in source.chunks(member, limit=SIZE_LIMIT):
        *lines, rest = (rest + chunk).split(b"\n")
        yield from lines
        if len(rest) > _TAG_LIMIT:
            raise ExportError("one line is larger than 4 MiB", place=member.where, remedy="export it again")
    yield rest


def _read_line(tags: _Tags, line: bytes, where: str) -> None:
    with refusing(where):
        tag = _TAG.fullmatch(line.decode())
    if tag is None:
        raise ExportError(
            f"a line of sleep is damaged ({printable(line.decode(errors='replace').strip()[:60])})",
            place=where,
            remedy="export it again",
        )
    attributes: dict[str, str] = {}
    for name, value in _ATTRIBUTES.findall(tag[3]):
        if attributes.setdefault(name, html.unescape(value)) != html.unescape(value):
            raise ExportError(f"{name} stands twice and differs", place=where, remedy="export it again")
    closes, name, empty = tag[1], tag[2], tag[6]
    if not closes:
        tags.open(name, attributes)
    if closes or empty:
        tags.close(name)
