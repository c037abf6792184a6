"""Tables that other programs make of Apple Health: one row a record, under the names of Apple's attributes.

``applehealthdata`` and ``applehealth2csv`` write ``SleepAnalysis.csv`` out of ``export.xml``, the iPhone app *Simple
Health Export CSV* writes ``HKCategoryTypeIdentifierSleepAnalysis_….csv`` with ``sep=,`` before the header and times in
UTC. Columns come in any order, with or without Apple's prefixes, values also as Apple's numbers.
"""

import re
from collections.abc import Iterator
from zoneinfo import ZoneInfo

from n1trial.data.importers._health_records import HealthRecords
from n1trial.data.importers._records import column_names, named_cells, read_cells
from n1trial.data.importers._source import Member, Source
from n1trial.errors import ExportError, HomeZoneError

_NAMES = re.compile(r".*sleepanalysis.*\.csv")
_LOOSE = re.compile(r".*")
# What Apple calls the columns; programs differ in capitals only.
_COLUMNS = {
    name.casefold(): name
    for name in (
        "type",
        "sourceName",
        "startDate",
        "endDate",
        "value",
        "device",
        "productType",
        "HKTimeZone",
        "HKWasUserEntered",
    )
}
_NEEDED = frozenset({"type", "sourceName", "startDate", "endDate", "value"})
_SLEEP = "SleepAnalysis"
_PREFIX = "HKCategoryTypeIdentifier"


def tables(source: Source) -> Iterator[Member]:
    """Tables whose header has Apple's columns; in a folder only those whose name says that they are of sleep."""
    for member in source.named(_NAMES, given=_LOOSE):
        head = source.head(member).replace(b"\0", b"")
        header, _, rows = head.removeprefix(b"\xef\xbb\xbf").lstrip(b"\xff\xfe").partition(b"\n")
        if header.startswith(b"sep="):
            header, _, rows = rows.partition(b"\n")
        names = {
            name.strip(b' "\r').decode(errors="replace").casefold() for name in re.split(b"[,;]", header)
        }
        if {name.casefold() for name in _NEEDED} <= names:
            yield member


def read_table(source: Source, member: Member, *, home_zone: ZoneInfo | None) -> HealthRecords:
    """Collect the records of sleep of one table.

    Raises
    ------
    HomeZoneError
        Times are in UTC, and neither the table nor `home_zone` says on which clock the night was.
    ExportError
        The file is no table.
    """
    records = HealthRecords(member.where)
    header: list[str] = []
    for where, cells in read_cells(source, member):
        if not header:
            if not cells[0].startswith("sep="):
                header = [_COLUMNS.get(name.casefold(), name) for name in column_names(cells, where)]
            continue
        try:
            row = named_cells(header, cells, where)
        except ExportError as error:
            records.total += 1
            records.refuse(error)
            continue
        if row.get("type", "").removeprefix(_PREFIX) == _SLEEP:
            start = row.get("startDate", "")
            if home_zone is None and "HKTimeZone" not in row and start.endswith(("+0000", "Z")):
                raise HomeZoneError(
                    "times are in UTC, which is the clock of few beds", place=where, remedy="give --home-zone"
                )
            row["device"] = f"{row.get('productType', '')} {row.get('device', '')}"
            records.add(row, where=where)
    return records
