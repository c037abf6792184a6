"""The trends table of Oura on the Web, ``oura_…_trends.csv``: one row a date, display names, seconds.

Rows of dates without sleep are empty, one column stands there twice, and re-saved files write dates as M/D/YY. There
are no phases, so no wake after sleep onset and no wake counts; and a night in two parts shows only the longer one.

Source: the files themselves. Verified on real files of one person.
"""

import re
from collections.abc import Iterator, Sequence
from zoneinfo import ZoneInfo

import msgspec

from n1trial.episodes import SleepEpisode, clock_change
from n1trial.errors import ExportError
from n1trial.importers._records import Label, Seconds, convert_row, named_cells, read_cells
from n1trial.importers._source import Member, Source
from n1trial.importers.oura._periods import minutes, read_label, read_moment

LAYOUT = "the trends CSV of Oura"

_NAMES = re.compile(r"oura[^/]*\.csv|[^/]*trends[^/]*\.csv")
_CSV = re.compile(r".*\.csv")
_MARKS = (b"Total Sleep Time", b"Bedtime Start", b"Bedtime End")


_COLUMNS = {
    "bedtime_start": "Bedtime Start",
    "bedtime_end": "Bedtime End",
    "total_sleep_time": "Total Sleep Time",
    "total_bedtime": "Total Bedtime",
    "sleep_latency": "Sleep Latency",
    "deep_sleep_time": "Deep Sleep Time",
    "light_sleep_time": "Light Sleep Time",
    "rem_sleep_time": "REM Sleep Time",
}


class _Row(msgspec.Struct, rename=_COLUMNS):
    bedtime_start: Label
    bedtime_end: Label
    total_sleep_time: Seconds | None = None
    total_bedtime: Seconds | None = None
    sleep_latency: Seconds | None = None
    deep_sleep_time: Seconds | None = None
    light_sleep_time: Seconds | None = None
    rem_sleep_time: Seconds | None = None


def members(source: Source) -> list[Member]:
    """Files of this layout: by name and by the names of their columns."""
    return [
        member for member in source.named(_NAMES, given=_CSV) if source.mentions(member, *_MARKS, within=8192)
    ]


def read(source: Source, members: Sequence[Member], *, home_zone: ZoneInfo | None) -> Iterator[SleepEpisode]:
    """Read every date with sleep."""
    for member in members:
        header: list[str] = []
        for where, cells in read_cells(source, member):
            if not header:
                header = _names(cells, where)
                continue
            row = named_cells(header, cells, where)
            if "Bedtime Start" in row or "Total Sleep Time" in row:
                yield _episode(row, member=member, where=where, home_zone=home_zone)


def _names(cells: Sequence[str], where: str) -> list[str]:
    """Names of the columns; one that is not read may occur twice."""
    header = [name.strip() for name in cells]
    twice = sorted({name for name in header if header.count(name) > 1} & {"date", *_COLUMNS.values()})
    if twice:
        raise ExportError(f"{where}: column {twice[0]} occurs twice: download the export again")
    return header


def _episode(
    cells: dict[str, str], *, member: Member, where: str, home_zone: ZoneInfo | None
) -> SleepEpisode:
    row = convert_row(cells, _Row, where)
    start, basis = read_moment(row.bedtime_start, where=where, home_zone=home_zone)
    end, _ = read_moment(row.bedtime_end, where=where, home_zone=home_zone)
    vendor_date, date_flags = read_label(cells.get("date"), end)
    return SleepEpisode(
        source="oura",
        source_file=member.where,
        record_id=f"{start.isoformat()}/{end.isoformat()}",
        start=start,
        end=end,
        time_basis=basis,
        tib_min=minutes(row.total_bedtime),
        tst_min=minutes(row.total_sleep_time),
        sol_min=minutes(row.sleep_latency),
        deep_min=minutes(row.deep_sleep_time),
        light_min=minutes(row.light_sleep_time),
        rem_min=minutes(row.rem_sleep_time),
        vendor_date=vendor_date,
        missing="" if row.total_sleep_time is not None else "unstaged",
        device="Oura",
        flags=(*date_flags, *clock_change(start, end)),
    )
