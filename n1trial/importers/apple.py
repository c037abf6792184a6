"""Apple Health: the XML export of the iPhone.

Where to get it: the Health app, your picture, Export All Health Data; give ``export.zip`` as it is, or
``export.xml`` out of it. Folder and file are in the language of the phone.

What is odd: the file is 50 MB to 4 GB and is streamed. Records are fragments; those of one source with gaps
up to an hour are one sleep. Phone, watch and apps each write the same night: the source with the most staged
nights is kept, the others are listed as not used. Times carry the offset of the phone at the time of the
export; the zone of the night is in ``HKTimeZone``, else it is the home zone. Some exports of iOS 16 have a
broken document type or an attribute twice, which is no XML: they are read line by line.

What cannot be trusted: *in bed* is no sleep, and a night of it alone is missing. Latency is not recorded.
A night that ended less than two hours before the export may be incomplete and is not used.

Source: Apple's document type inside the export, and independent readers. The shape was verified on two old
exports of real people, which held no staged sleep of a watch.
"""

import html
import re
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta, tzinfo
from hashlib import sha256
from xml.parsers import expat
from zoneinfo import ZoneInfo

from n1trial.episodes import SleepEpisode, clock_change
from n1trial.errors import ExportError
from n1trial.importers._archive import printable, refusing
from n1trial.importers._intervals import Interval, Stage, moment_at, named_zone, with_stages
from n1trial.importers._one_source import keep_one_source
from n1trial.importers._records import plausible_wall
from n1trial.importers._source import Member, Source

DEVICE = "Apple Health"
LOOKS_FOR = "export.xml of Apple Health"
VERIFIED = False
VERIFIED_ON = "two old exports without staged sleep of a watch"

_NAMES = re.compile(r"(?!prefs)(?!.*_cda).*\.xml")
_MARK = b"HealthData"
_ENTITY_REFUSED = "declares an entity, which Apple never does: export it again"
_SIZE_LIMIT = 4 * 1024**3
_SLEEP = "HKCategoryTypeIdentifierSleepAnalysis"
# Lines that the reader of lines has to understand; all others it skips.
_LINES = (b"<HealthData ", b"<ExportDate", b"HKCategoryTypeIdentifierSleepAnalysis")
_VALUE = "HKCategoryValueSleepAnalysis"
_STAGE_OF: dict[str, Stage] = {
    "AsleepCore": "light",
    "AsleepDeep": "deep",
    "AsleepREM": "rem",
    "Asleep": "asleep",
    "AsleepUnspecified": "asleep",
    "Awake": "awake",
}
_SESSION_GAP = timedelta(minutes=60)
_LONGEST = timedelta(hours=24)
_UNFINISHED = timedelta(hours=2)
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
class _Fragment:
    """One record of the export: a state of one source, from when to when."""

    start: datetime
    end: datetime
    kind: str
    zone: str
    by_hand: bool


@dataclass(slots=True)
class _Collected:
    """What the tags of one export have said so far, whoever reads them."""

    where: str
    fragments: dict[str, list[_Fragment]] = field(default_factory=lambda: defaultdict(list))
    exported: datetime | None = None
    begun: bool = False
    record: dict[str, str] | None = None
    metadata: dict[str, str] = field(default_factory=dict)
    count: int = 0

    def open(self, name: str, attributes: dict[str, str]) -> None:
        """Take a tag that opens."""
        if name == "Record":
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
        fragment = _Fragment(
            _time(record.get("startDate", ""), self.where),
            _time(record.get("endDate", ""), self.where),
            record.get("value", "").removeprefix(_VALUE),
            self.metadata.get("HKTimeZone", ""),
            self.metadata.get("HKWasUserEntered") == "1",
        )
        self.fragments[record.get("sourceName", "")].append(fragment)


def recognises(source: Source) -> bool:
    """Whether the source holds an export of Apple Health: an XML file that begins as one."""
    return any(_members(source))


def read(source: Source, *, home_zone: ZoneInfo | None) -> Iterator[SleepEpisode]:
    """Read every sleep of the source; `home_zone` serves records that do not name their zone."""
    exports = [(_read_tags(source, member), member) for member in _members(source)]
    yield from keep_one_source(
        found for collected, member in exports for found in _episodes(collected, member, home_zone)
    )


def _members(source: Source) -> Iterator[Member]:
    for member in source.named(_NAMES, limit=_SIZE_LIMIT):
        if source.mentions(member, _MARK, within=1024):
            yield member


def _time(text: str, where: str) -> datetime:
    with refusing(where):
        time = datetime.fromisoformat(text.replace(" +", "+").replace(" -", "-"))
        if time.tzinfo is None:
            raise ValueError(f"the time {printable(text)} has no UTC offset")
    plausible_wall(time, where)
    return time


def _read_tags(source: Source, member: Member) -> _Collected:
    """Stream the XML through expat, which keeps nothing: no tree has to be cleared while it grows."""
    collected = _Collected(member.where)
    # Apple writes UTF-8; what the file itself claims could name any codec of Python.
    parser = expat.ParserCreate("UTF-8")

    depth = 0

    def open_tag(name: str, attributes: dict[str, str]) -> None:
        nonlocal depth
        depth += 1
        if depth > _DEPTH_LIMIT:
            raise ExportError(f"{member.where}: XML nested deeper than {_DEPTH_LIMIT}: export it again")
        # Nearly all of the file is other records.
        if name != "Record" or attributes.get("type") == _SLEEP:
            collected.open(name, attributes)

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
        for chunk in source.chunks(member, limit=_SIZE_LIMIT):
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


def _read_lines(source: Source, member: Member) -> _Collected:
    """Read line by line an export that is no XML: every line of sleep must be whole, and the last one there."""
    collected = _Collected(member.where)
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
    for chunk in source.chunks(member, limit=_SIZE_LIMIT):
        *lines, rest = (rest + chunk).split(b"\n")
        yield from lines
        if len(rest) > _TAG_LIMIT:
            raise ExportError(f"{member.where}: one line is larger than 4 MiB: export it again")
    yield rest


def _read_line(collected: _Collected, line: bytes) -> None:
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


def _episodes(
    collected: _Collected, member: Member, home_zone: ZoneInfo | None
) -> Iterator[tuple[str, SleepEpisode]]:
    for name, fragments in collected.fragments.items():
        for session in _sessions(fragments):
            yield name, _episode(name, session, collected, member, home_zone)


def _sessions(fragments: list[_Fragment]) -> Iterator[list[_Fragment]]:
    """Group the fragments of one source: gaps up to an hour belong to one sleep."""
    session: list[_Fragment] = []
    end: datetime | None = None
    for fragment in sorted(fragments, key=lambda one: (one.start, one.end, one.kind)):
        if not timedelta() <= fragment.end - fragment.start <= _LONGEST:
            # It would glue many nights together; alone it is listed as implausible.
            yield [fragment]
            continue
        if end is not None and fragment.start - end > _SESSION_GAP:
            yield session
            session, end = [], None
        session.append(fragment)
        end = fragment.end if end is None else max(end, fragment.end)
    if session:
        yield session


def _episode(
    name: str,
    session: list[_Fragment],
    collected: _Collected,
    member: Member,
    home_zone: ZoneInfo | None,
) -> SleepEpisode:
    first, last = session[0], max(session, key=lambda fragment: fragment.end)
    start, end = (
        moment_at(instant, _zone(fragment, instant, member.where, home_zone), member.where)
        for fragment, instant in ((first, first.start), (last, last.end))
    )
    unfinished = collected.exported is not None and last.end > collected.exported - _UNFINISHED
    intervals: list[Interval] = [
        (fragment.start.timestamp(), fragment.end.timestamp(), _STAGE_OF[fragment.kind])
        for fragment in session
        if fragment.kind in _STAGE_OF
    ]
    asleep = any(stage != "awake" for _, _, stage in intervals)
    possible = timedelta() <= last.end - first.start <= _LONGEST
    episode = SleepEpisode(
        source="apple",
        source_file=member.where,
        # The name of a source is often that of a person.
        record_id=f"{sha256(name.encode()).hexdigest()[:8]}/{start.instant.isoformat()}",
        start=start,
        end=end,
        time_basis="utc+offset",
        not_used="unfinished" if unfinished else "",
        missing="" if asleep and possible else "in_bed_only" if possible else "implausible",
        device="Apple Watch" if "watch" in name.casefold() else DEVICE,
        flags=(
            *(("manual",) if any(fragment.by_hand for fragment in session) else ()),
            *clock_change(start, end),
        ),
    )
    return episode if episode.missing else with_stages(episode, intervals, latency=False)


def _zone(fragment: _Fragment, instant: datetime, where: str, home_zone: ZoneInfo | None) -> tzinfo:
    if fragment.zone:
        return named_zone(fragment.zone, where)
    return home_zone or instant.tzinfo or UTC
