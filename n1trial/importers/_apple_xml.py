"""The tags of an Apple Health export: streamed out of gigabytes, also when the file is no XML.

Nothing is kept but the records of sleep. Expat reads tag by tag without a tree that would have to be cleared
while it grows; entities, deep nesting and endless tags are refused. What iOS 16 spoiled is read line by line.
"""

import html
import re
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from xml.parsers import expat

from n1trial.errors import ExportError
from n1trial.importers._archive import printable, refusing
from n1trial.importers._records import plausible_wall
from n1trial.importers._source import Member, Source

SIZE_LIMIT = 4 * 1024**3
_ENTITY_REFUSED = "declares an entity, which Apple never does: export it again"
_SLEEP = "HKCategoryTypeIdentifierSleepAnalysis"
# Lines that the reader of lines has to understand; all others it skips.
_LINES = (b"<ExportDate", _SLEEP.encode())
_VALUE = "HKCategoryValueSleepAnalysis"
_RECORDS_LIMIT = 1_000_000
# One tag, or one line, of a file that can be gigabytes; longer ones would be held in memory.
_TAG_LIMIT = 4 * 1024**2
_DEPTH_LIMIT = 64
_ATTRIBUTE = r'\s+([A-Za-z][\w.:-]*)="([^"<]*)"'
_ATTRIBUTES = re.compile(_ATTRIBUTE)
_TAG = re.compile(rf"\s*<(/?)(\w+)((?:{_ATTRIBUTE})*)\s*(/?)>\s*")
# What expat says of an attribute that iOS 16 wrote twice.
_TWICE = expat.errors.codes[expat.errors.XML_ERROR_DUPLICATE_ATTRIBUTE]


@dataclass(frozen=True, slots=True)
class Fragment:
    """One record of the export: a state of one source, from when to when."""

    start: datetime
    end: datetime
    kind: str
    zone: str
    by_hand: bool


@dataclass(slots=True)
class AppleExport:
    """What the tags of one export have said so far, whoever reads them."""

    where: str
    fragments: dict[str, list[Fragment]] = field(default_factory=lambda: defaultdict(list))
    exported: datetime | None = None
    begun: bool = False
    record: dict[str, str] | None = None
    metadata: dict[str, str] = field(default_factory=dict)
    count: int = 0

    def open(self, name: str, attributes: dict[str, str]) -> None:
        """Take a tag that opens."""
        if name == "Record":
            if self.record is not None:
                raise ExportError(f"{self.where}: a record of sleep has no end: export it again")
            if attributes.get("type") == _SLEEP:
                self.record, self.metadata = attributes, {}
        elif name == "MetadataEntry":
            if self.record is not None:
                self.metadata[attributes.get("key", "")] = attributes.get("value", "")
        elif name == "HealthData":
            self.begun = True
        elif name == "ExportDate":
            self.exported = _time(attributes.get("value", ""), self.where)

    def close(self, name: str) -> None:
        """Take a tag that closes: the metadata of a record stand inside it."""
        if name != "Record" or self.record is None:
            return
        record, self.record = self.record, None
        self.count += 1
        if self.count > _RECORDS_LIMIT:
            raise ExportError(f"{self.where}: more than {_RECORDS_LIMIT} records of sleep: export it again")
        fragment = Fragment(
            _time(record.get("startDate", ""), self.where),
            _time(record.get("endDate", ""), self.where),
            record.get("value", "").removeprefix(_VALUE),
            self.metadata.get("HKTimeZone", ""),
            self.metadata.get("HKWasUserEntered") == "1",
        )
        self.fragments[record.get("sourceName", "")].append(fragment)


def read_tags(source: Source, member: Member) -> AppleExport:
    """Collect the records of sleep of one export.

    Raises
    ------
    ExportError
        The export is cut short, damaged or hostile; nothing of it is used then.
    """
    collected = AppleExport(member.where)
    # Apple writes UTF-8; what the file itself claims could name any codec of Python.
    parser = expat.ParserCreate("UTF-8")

    # Names and values in turn, so that only the tags that are wanted become a dictionary.
    parser.ordered_attributes = True
    depth = 0

    def open_tag(name: str, attributes: list[str]) -> None:
        nonlocal depth
        depth += 1
        if depth > _DEPTH_LIMIT:
            raise ExportError(f"{member.where}: XML nested deeper than {_DEPTH_LIMIT}: export it again")
        # Nearly all of the file is other records and what stands in them.
        if name == "MetadataEntry" and collected.record is None:
            return
        if name != "Record" or _SLEEP in attributes:
            collected.open(name, dict(zip(attributes[::2], attributes[1::2], strict=True)))

    def close_tag(name: str) -> None:
        nonlocal depth
        depth -= 1
        if name == "Record":
            collected.close(name)

    def refuse_entity(*_: object) -> None:
        raise ExportError(f"{member.where}: {_ENTITY_REFUSED}")

    parser.StartElementHandler = open_tag
    parser.EndElementHandler = close_tag
    parser.EntityDeclHandler = refuse_entity
    fed = 0
    try:
        for chunk in source.chunks(member, limit=SIZE_LIMIT):
            parser.Parse(chunk, False)
            fed += len(chunk)
            if fed - parser.CurrentByteIndex > _TAG_LIMIT:
                raise ExportError(f"{member.where}: one tag is larger than 4 MiB: export it again")
        parser.Parse(b"", True)
    except expat.ExpatError as error:
        if collected.begun and error.code != _TWICE:
            raise ExportError(
                f"{member.where}: the XML is cut short or damaged ({printable(str(error))}): export it again"
            ) from error
        return _read_lines(source, member)
    return collected


def _read_lines(source: Source, member: Member) -> AppleExport:
    """Read line by line an export that is no XML: every line of sleep must be whole, and the last one there."""
    collected = AppleExport(member.where)
    finished = False
    for line in _lines(source, member):
        if b"<!ENTITY" in line:
            raise ExportError(f"{member.where}: {_ENTITY_REFUSED}")
        finished = finished or line.strip() == b"</HealthData>"
        if collected.record is not None or any(mark in line for mark in _LINES):
            _read_line(collected, line)
    if not finished:
        raise ExportError(f"{member.where}: the XML is cut short or damaged: export it again")
    return collected


def _lines(source: Source, member: Member) -> Iterator[bytes]:
    rest = b""
    for chunk in source.chunks(member, limit=SIZE_LIMIT):
        *lines, rest = (rest + chunk).split(b"\n")
        yield from lines
        if len(rest) > _TAG_LIMIT:
            raise ExportError(f"{member.where}: one line is larger than 4 MiB: export it again")
    yield rest


def _read_line(collected: AppleExport, line: bytes) -> None:
    with refusing(collected.where):
        tag = _TAG.fullmatch(line.decode())
    if tag is None:
        raise ExportError(
            f"{collected.where}: a line of sleep is damaged "
            f"({printable(line.decode(errors='replace').strip()[:60])}): export it again"
        )
    attributes: dict[str, str] = {}
    for name, value in _ATTRIBUTES.findall(tag[3]):
        if attributes.setdefault(name, html.unescape(value)) != html.unescape(value):
            raise ExportError(f"{collected.where}: {name} stands twice and differs: export it again")
    closes, name, empty = tag[1], tag[2], tag[6]
    if not closes:
        collected.open(name, attributes)
    if closes or empty:
        collected.close(name)


def _time(text: str, where: str) -> datetime:
    with refusing(where):
        time = datetime.fromisoformat(text.replace(" +", "+").replace(" -", "-"))
        if time.tzinfo is None:
            raise ValueError(f"the time {printable(text)} has no UTC offset")
    plausible_wall(time, where)
    return time
