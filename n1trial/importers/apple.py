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

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta, tzinfo
from hashlib import sha256
from zoneinfo import ZoneInfo

from n1trial.acceptance import UNFINISHED
from n1trial.episodes import SleepEpisode, clock_change
from n1trial.importers._apple_xml import SIZE_LIMIT, AppleExport, Fragment, read_tags
from n1trial.importers._intervals import Interval, Stage, moment_at, named_zone, with_stages
from n1trial.importers._one_source import keep_one_source
from n1trial.importers._source import Member, Source
from n1trial.importers._unfinished import MARGIN

DEVICE = "Apple Health"
LOOKS_FOR = "export.xml of Apple Health"
VERIFIED = False
VERIFIED_ON = "two old exports without staged sleep of a watch"

_NAMES = re.compile(r"(?!prefs)(?!.*_cda).*\.xml")
_MARK = b"HealthData"
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


def recognises(source: Source) -> bool:
    """Whether the source holds an export of Apple Health: an XML file that begins as one."""
    return any(_members(source))


def read(source: Source, *, home_zone: ZoneInfo | None) -> Iterator[SleepEpisode]:
    """Read every sleep of the source; `home_zone` serves records that do not name their zone."""
    found = [
        episode
        for member in _members(source)
        for episode in _episodes(read_tags(source, member), member, home_zone)
    ]
    # An older export beside a newer one: what was unfinished then may be whole now.
    whole = {episode.record_id for _, episode in found if not episode.not_used}
    yield from keep_one_source(
        (name, episode) for name, episode in found if not episode.not_used or episode.record_id not in whole
    )


def _members(source: Source) -> Iterator[Member]:
    for member in source.named(_NAMES, limit=SIZE_LIMIT):
        if source.mentions(member, _MARK, within=1024):
            yield member


def _episodes(
    collected: AppleExport, member: Member, home_zone: ZoneInfo | None
) -> Iterator[tuple[str, SleepEpisode]]:
    for name, fragments in collected.fragments.items():
        for session in _sessions(fragments):
            yield name, _episode(name, session, collected, member, home_zone)


def _sessions(fragments: list[Fragment]) -> Iterator[list[Fragment]]:
    """Group the fragments of one source: gaps up to an hour belong to one sleep."""
    session: list[Fragment] = []
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
    session: list[Fragment],
    collected: AppleExport,
    member: Member,
    home_zone: ZoneInfo | None,
) -> SleepEpisode:
    first, last = session[0], max(session, key=lambda fragment: fragment.end)
    start, end = (
        moment_at(instant, _zone(fragment, instant, member.where, home_zone), member.where)
        for fragment, instant in ((first, first.start), (last, last.end))
    )
    unfinished = collected.exported is not None and last.end > collected.exported - MARGIN
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
        not_used=UNFINISHED if unfinished else "",
        missing="" if asleep and possible else "in_bed_only" if possible else "implausible",
        device="Apple Watch" if "watch" in name.casefold() else DEVICE,
        flags=(
            *(("manual",) if any(fragment.by_hand for fragment in session) else ()),
            *clock_change(start, end),
        ),
    )
    return episode if episode.missing else with_stages(episode, intervals, latency=False)


def _zone(fragment: Fragment, instant: datetime, where: str, home_zone: ZoneInfo | None) -> tzinfo:
    if fragment.zone:
        return named_zone(fragment.zone, where)
    return home_zone or instant.tzinfo or UTC
