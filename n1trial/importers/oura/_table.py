"""The CSV of Oura on the Web, ``oura_sleep_….csv``, and tables of the API v2 that pandas wrote.

No ``id``, only the 5-minute phases, and a third to a half of the rows without ``type``. Tables of pandas have a space
for the ``T`` of times and Python text in the cells of heart rate, which are not read.

Source: the files themselves. Verified on real files of three people, the tables of pandas on two.
"""

import re
from codecs import BOM_UTF8
from collections.abc import Iterator, Sequence
from zoneinfo import ZoneInfo

from n1trial.episodes import SleepEpisode
from n1trial.importers._records import convert_row, read_rows
from n1trial.importers._source import Member, Source
from n1trial.importers.oura._periods import Period, period_episode

LAYOUT = "the CSV of Oura on the Web"

_NAMES = re.compile(r"(oura[^/]*|sleep_?(model)?)\.csv")
_CSV = re.compile(r".*\.csv")
_MARKS = (b"bedtime_start", b"bedtime_end", b"total_sleep_duration")
_HEADER_SIZE = 8192


def members(source: Source) -> list[Member]:
    """Files of this layout: by name and by the names of their columns."""
    return [member for member in period_tables(source) if not is_hub(source, member)]


def period_tables(source: Source) -> Iterator[Member]:
    """Tables of periods, of this layout and of the Membership Hub."""
    for member in source.named(_NAMES, given=_CSV):
        if source.mentions(member, *_MARKS, within=_HEADER_SIZE):
            yield member


def is_hub(source: Source, member: Member) -> bool:
    """Whether the Membership Hub wrote it: semicolons, and ``id`` first."""
    return source.head(member).removeprefix(BOM_UTF8).lstrip(b'"').startswith((b"id;", b'id";'))


def read(source: Source, members: Sequence[Member], *, home_zone: ZoneInfo | None) -> Iterator[SleepEpisode]:
    """Read every row of the members."""
    for member in members:
        for where, row in read_rows(source, member):
            period = convert_row(row, Period, where)
            yield period_episode(period, member=member, where=where, home_zone=home_zone)
