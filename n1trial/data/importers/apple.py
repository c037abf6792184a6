"""Apple Health: the XML export of the iPhone, and tables that other programs make of it.

Where to get it: the Health app, your picture, Export All Health Data; give ``export.zip`` as it is, or
``export.xml`` out of it. Folder and file are in the language of the phone. Or the table of sleep that
``applehealthdata``, ``applehealth2csv`` or the app Simple Health Export CSV made.

What is odd: the file is 50 MB to 4 GB and is streamed. Records are fragments; those of one source with gaps
up to an hour are one sleep. Phone, watch and apps each write the same night: all are read, `app` tells them
apart, and one is chosen night by night, so that a new watch keeps its nights. A source is called as its owner called
it, so `app` is a hash and `device` the model (``Apple Watch6,2``) where Apple gives it. Times carry the offset of the
phone at the time of the export; the zone of the night is in ``HKTimeZone``, else it is the home zone. Some exports
of iOS 16 have a broken document type or an attribute twice, which is no XML: they are read line by line.

What cannot be trusted: *in bed* is no sleep, and a night of it alone is missing. Latency is not recorded. A sleep of
which a record is damaged is flagged ``damaged``: some of its minutes may be gone. A night that ended less than two
hours before the export may be incomplete and is not used; tables do not say when they were made. Heart rate and
breathing are records of their own and are not read; Apple's heart-rate variability is SDNN.

Source: Apple's document type inside the export, and independent readers. Verified on exports of real people, old ones
in bed only and newer ones staged by a watch; the tables on four public files of real people, which held no stages.
"""

import re
from collections.abc import Iterator
from zoneinfo import ZoneInfo

from n1trial.data.episodes import SleepEpisode
from n1trial.data.importers import _apple_csv
from n1trial.data.importers._apple_xml import SIZE_LIMIT, read_tags
from n1trial.data.importers._health_records import HealthRecords
from n1trial.data.importers._health_sleeps import sleeps
from n1trial.data.importers._notes import Note
from n1trial.data.importers._source import Member, Source

DEVICE = "Apple Health"
LOOKS_FOR = "export.xml of Apple Health"
WORDS: tuple[bytes, ...] = (
    b"HealthData",
    b"HKCategory",
    b"SleepAnalysis",
    b"sourceName",
    b"sourceVersion",
    b"ExportDate",
    b"creationDate",
)
FOLDERS: tuple[str, ...] = ("apple_health_export",)
VERIFIED = True
VERIFIED_ON = "exports of real people, in bed only and staged by a watch"

_NAMES = re.compile(r"(?!prefs)(?!.*_cda).*\.xml")
_LOOSE = re.compile(r".*")
_MARK = b"HealthData"


def recognises(source: Source) -> bool:
    """Whether the source holds an export of Apple Health, or a table with its columns."""
    return any(_exports(source)) or any(_apple_csv.tables(source))


def read(source: Source, *, home_zone: ZoneInfo | None) -> Iterator[SleepEpisode]:
    """Read every sleep of the source; `home_zone` serves records that do not name their zone."""
    episodes = [
        episode
        for records in _collected(source, home_zone)
        for episode in sleeps(
            records.fragments,
            source="apple",
            device=DEVICE,
            home_zone=home_zone,
            exported=records.exported,
        )
    ]
    # An older export beside a newer one: what was unfinished then may be whole now.
    whole = {episode.record_id for episode in episodes if not episode.not_used}
    yield from (episode for episode in episodes if not episode.not_used or episode.record_id not in whole)


def _collected(source: Source, home_zone: ZoneInfo | None) -> Iterator[HealthRecords]:
    exports, tables = list(_exports(source)), list(_apple_csv.tables(source))
    for member in exports:
        records = read_tags(source, member)
        records.report_damaged(source, member)
        yield records
    for member in tables:
        if exports:
            source.note(
                Note(
                    f"{member.where}: left out because {exports[0].where} is there too, of which such tables are"
                    " made: give it alone to use it"
                )
            )
        else:
            records = _apple_csv.read_table(source, member, home_zone=home_zone)
            records.report_damaged(source, member)
            yield records


def _exports(source: Source) -> Iterator[Member]:
    for member in source.named(_NAMES, given=_LOOSE, limit=SIZE_LIMIT):
        if source.mentions(member, _MARK, within=1024):
            yield member
