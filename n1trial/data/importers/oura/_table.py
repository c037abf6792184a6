"""The CSV of Oura on the Web, ``oura_sleep_….csv``, and tables of the API v2 that pandas wrote.

No ``id``, only the 5-minute phases, and a third to a half of the rows without ``type``. Tables of pandas have a space
for the ``T`` of times and Python text in their cells.

Source: the files themselves. Verified on real files of three people, the tables of pandas on two.
"""

import re
from collections.abc import Iterator, Sequence
from functools import partial
from zoneinfo import ZoneInfo

from n1trial.data.episodes import Moment, SleepEpisode
from n1trial.data.importers._beginnings import ANY_NAME, header_names
from n1trial.data.importers._damaged import whole_records
from n1trial.data.importers._records import column_names, convert_row
from n1trial.data.importers._source import Member, Source
from n1trial.data.importers._tables import Columns, cells_under, choose_columns, chosen_cells, open_table
from n1trial.data.importers.oura._periods import Period, began_at, period_episode
from n1trial.errors import ExportError

LAYOUT = "the CSV of Oura on the Web"

_NAMES = re.compile(r"(oura[^/]*|sleep_?(model)?)\.csv")
_FIELDS = {field: field for field in Period.__struct_fields__}
_COLUMNS = {"bedtime_start", "bedtime_end", "total_sleep_duration"}


def members(source: Source) -> list[Member]:
    """Files of this layout: by the names of their columns."""
    return [member for member in period_tables(source) if not is_hub(source, member)]


def period_tables(source: Source) -> Iterator[Member]:
    """Tables of periods, of this layout and of the Membership Hub."""
    for member in source.named(_NAMES, given=ANY_NAME):
        if set(header_names(source, member)) >= _COLUMNS:
            yield member


def is_hub(source: Source, member: Member) -> bool:
    """Whether the Membership Hub wrote it: ``id`` first, and semicolons."""
    beginning = source.head(member).replace(b"\0", b"").partition(b"\n")[0]
    return header_names(source, member)[:1] == ["id"] and beginning.count(b";") > beginning.count(b",")


def read(source: Source, members: Sequence[Member], *, home_zone: ZoneInfo | None) -> Iterator[SleepEpisode]:
    """Read every row of the members."""
    for member in members:
        where, names, rows = open_table(source, member, times=2)
        columns = period_columns(column_names(names, where), where)
        yield from whole_records(
            rows,
            partial(_episodes, columns=columns, member=member, home_zone=home_zone),
            source=source,
            member=member,
            began=partial(_began, columns=columns, home_zone=home_zone),
        )


def period_columns(header: list[str], where: str) -> Columns:
    """Choose the columns of a period; without ``type`` every period would look unconfirmed."""
    if "type" not in header:
        raise ExportError("has no column type", place=where, remedy="download the export again")
    return choose_columns(header, _FIELDS)


def _episodes(
    where: str, cells: list[str], *, columns: Columns, member: Member, home_zone: ZoneInfo | None
) -> list[SleepEpisode]:
    period = convert_row(chosen_cells(columns, cells, where), Period, where)
    return [period_episode(period, member=member, where=where, home_zone=home_zone)]


def _began(where: str, cells: list[str], *, columns: Columns, home_zone: ZoneInfo | None) -> Moment | None:
    return began_at(cells_under(columns.header, cells, "bedtime_start"), home_zone=home_zone)
