"""The CSV of fitbit.com: sections under bare lines, one of them ``Sleep``; also re-saved as that table alone.

Cells are quoted, thousands have separators, ``N/A`` stands for no stages. Times have whole minutes, no offset, and the
order of day and month of the account: a year first, or a day above 12 anywhere in the file, tells it; else the file
is refused. The site offers the same as XLS, which is not read.

Not to be trusted: ``Number of Awakenings``, which counts every wake of 30 s: a vendor's count, not ours. When a wake
was, the file does not say, so there are no wake counts.

Source: several parsers, sleepdiary/core among them. The sections, and the table alone, were right on real files.
"""

import csv
import re
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from datetime import date, datetime, time, timedelta
from typing import Literal, NamedTuple
from zoneinfo import ZoneInfo

from n1trial.data.episodes import Moment, SleepEpisode, clock_change
from n1trial.data.flags import Flag
from n1trial.data.importers._archive import printable, refusing
from n1trial.data.importers._damaged import whole_records
from n1trial.data.importers._records import (
    bounded,
    column_names,
    named_cells,
    plausible_wall,
    text_lines,
)
from n1trial.data.importers._source import Member, Source
from n1trial.data.not_used import NotUsed
from n1trial.errors import ExportError

LAYOUT = "the CSV of fitbit.com"

Order = Literal["ymd", "dmy", "mdy"]

_EXPORTED = re.compile(r"fitbit_export[^/]*\.(csv|xls)")
_TABLE = re.compile(r"sleep[^/]*\.csv")
_CSV = re.compile(r".*\.csv")
_MARKS = (b"Start Time", b"End Time", b"Minutes Asleep")
_SECTION = re.compile(rb'^"?(?:Body|Foods|Activities|Sleep|Food Log \d{8})[",; \t]{0,99}\r?$', re.MULTILINE)
_SPREADSHEET = b"\xd0\xcf\x11\xe0"
_STAMP = re.compile(
    r"(\d{1,4})[-/.](\d{1,2})[-/.](\d{1,4}),?\s+(\d{1,2}):(\d\d)(?::\d\d)?\s*([ap])?\.?(?:m\.?)?",
    re.IGNORECASE,
)
_THOUSANDS = re.compile(r"\d{1,3}(?:[,.’'\u00a0\u202f ]\d{3})+")
_NUMBER = re.compile(r"\d{1,5}(?:\.\d{1,2})?")
_ORDERS: dict[Order, tuple[int, int, int]] = {"ymd": (1, 2, 3), "dmy": (3, 2, 1), "mdy": (3, 1, 2)}
_TIMES = ("Start Time", "End Time")
_COLUMNS = (*_TIMES, "Minutes Asleep")
_REM = "Minutes REM Sleep"
_DAY = timedelta(days=1)
_MINUTES_LIMIT = 2_880
# One damaged date must not make a file of another order.
_DAMAGED_SHARE = 0.1


class _Table(NamedTuple):
    """The sleep table of a file: the cells of its header, and its lines, none read yet."""

    header: list[str]
    delimiter: str
    lines: list[tuple[str, str]]

    def row(self, where: str, line: str) -> dict[str, str]:
        return named_cells(self.header, _cells(line, self.delimiter, where), where)


def members(source: Source) -> list[Member]:
    """Files of this layout: by the columns of the sleep table, or by the name and sections that fitbit.com gives."""
    exported = source.named(_EXPORTED, given=_CSV)
    tables = [member for member in source.named(_TABLE) if not member.given and not member.refused]
    return [
        *(member for member in exported if _of_the_site(source, member)),
        *(member for member in tables if source.mentions(member, *_MARKS, within=2000)),
    ]


def named_alike(source: Source) -> list[Member]:
    """Files with the name of an export of fitbit.com that hold something else."""
    return [member for member in source.named(_EXPORTED) if not _of_the_site(source, member)]


def _of_the_site(source: Source, member: Member) -> bool:
    named = bool(_EXPORTED.fullmatch(member.base_name))
    if named and member.refused:
        return True
    head = source.head(member)
    if named and (not head or head.startswith(_SPREADSHEET) or _SECTION.search(head.replace(b"\0", b""))):
        return True
    return bool(head) and source.mentions(member, *_MARKS)


def read(source: Source, members: Sequence[Member], *, home_zone: ZoneInfo | None) -> Iterator[SleepEpisode]:
    """Read every row of the sleep tables; `home_zone` gives the local times their offset."""
    tables = [member for member in members if not source.head(member).startswith(_SPREADSHEET)]
    if not tables:
        raise ExportError(
            "is a spreadsheet", place=members[0].where, remedy="export as CSV, or save its sheet Sleep as CSV"
        )
    for member in tables:
        yield from _nights(source, member, home_zone)


def _nights(source: Source, member: Member, home_zone: ZoneInfo | None) -> Iterator[SleepEpisode]:
    table = _table(source, member)
    order = _day_order(list(_stamps(table)), member.where)

    def moment(text: str, where: str) -> Moment:
        return Moment.in_zone(plausible_wall(_wall(text, order, where), where), home_zone)

    def build(where: str, line: str) -> list[SleepEpisode]:
        row = table.row(where, line)
        start, end = (moment(row.get(column, ""), where) for column in _TIMES)
        return [_episode(row, start, end, member=member, where=where)]

    def began(where: str, line: str) -> Moment | None:
        # The first time of a row is its start, or at least its end, which is of the same night.
        stamp = _STAMP.search(line)
        return moment(stamp[0], where) if stamp else None

    return whole_records(table.lines, build, source=source, member=member, began=began)


def _table(source: Source, member: Member) -> _Table:
    """The sleep table, from its header to the blank line or title that ends it, and sleeps that stand after that."""
    lines = text_lines(source, member)
    header = next(
        ((where, line) for where, line in lines if all(column in line for column in _COLUMNS)), None
    )
    if header is None:
        raise ExportError("has no table of sleep", place=member.where, remedy="choose Sleep when you export")
    where, line = header
    delimiter = max(",;\t", key=line.count)
    header_cells = column_names(_cells(line, delimiter, where), where)
    return _Table(header_cells, delimiter, list(bounded(_lines(lines, delimiter), member.where)))


def _lines(lines: Iterable[tuple[str, str]], delimiter: str) -> Iterator[tuple[str, str]]:
    ended = False
    for where, line in lines:
        ended = ended or sum(bool(cell.strip(' "')) for cell in line.split(delimiter)) < 2
        # No other section has a start and an end; a line that was emptied must not take the others with it.
        if not ended or len(_STAMP.findall(line)) > 1:
            yield where, line


def _stamps(table: _Table) -> Iterator[str]:
    for where, line in table.lines:
        with suppress(ExportError):
            row = table.row(where, line)
            yield from (row.get(column, "") for column in _TIMES)


def _cells(line: str, delimiter: str, where: str) -> list[str]:
    try:
        return next(csv.reader([line], delimiter=delimiter, strict=True), [])
    except csv.Error as error:
        raise ExportError(
            f"not CSV ({printable(str(error))})", place=where, remedy="export it again"
        ) from error


def _day_order(stamps: Sequence[str], where: str) -> Order:
    """Tell the order of day, month and year from all dates of a file; two that fit are refused."""
    parsed = [stamp for text in stamps if (stamp := _STAMP.fullmatch(text))]
    unfit = {order: sum(_date(stamp, order) is None for stamp in parsed) for order in _ORDERS}
    fewest = min(unfit.values())
    fitting = [order for order in _ORDERS if unfit[order] == fewest]
    if len(fitting) > 1 and stamps and not fewest:
        raise ExportError(
            "every day number is 12 or less, so day-first and month-first both fit",
            place=where,
            remedy="export also a date after the 12th, or set the account's dates to YYYY-MM-DD and export again",
        )
    clear = fewest <= _DAMAGED_SHARE * len(parsed) and sorted(unfit.values())[1] > 3 * fewest
    if fewest and not clear:
        raise ExportError(
            "dates of two orders in one file", place=where, remedy="export it again, do not re-save it"
        )
    return fitting[0]


def _date(stamp: re.Match[str], order: Order) -> date | None:
    numbers = [stamp[part] for part in _ORDERS[order]]
    if any(len(number) == 3 or (len(number) > 2) != (part == 0) for part, number in enumerate(numbers)):
        return None
    with suppress(ValueError):
        return date(*map(int, numbers))
    return None


def _episode(row: dict[str, str], start: Moment, end: Moment, *, member: Member, where: str) -> SleepEpisode:
    if not timedelta(0) <= end.wall - start.wall <= _DAY:
        raise ExportError(f"sleep from {start.wall} to {end.wall}", place=where, remedy="export it again")
    awakenings = _number(row, "Number of Awakenings", where)
    asleep_min = _number(row, "Minutes Asleep", where)
    return SleepEpisode(
        source="fitbit",
        source_file=member.where,
        record_id=f"{start.wall.isoformat()}/{end.wall.isoformat()}",
        start=start,
        end=end,
        time_basis="naive_local",
        tib_min=_number(row, "Time in Bed", where),
        tst_min=asleep_min,
        deep_min=_number(row, "Minutes Deep Sleep", where),
        light_min=_number(row, "Minutes Light Sleep", where),
        rem_min=_number(row, _REM, where),
        vendor_awakenings=None if awakenings is None else int(awakenings),
        missing=NotUsed.NO if asleep_min is not None else NotUsed.UNSCORED,
        device="Fitbit",
        flags=(*(() if _REM in row else (Flag("classic"),)), *clock_change(start, end)),
    )


def _wall(text: str, order: Order, where: str) -> datetime:
    stamp = _STAMP.fullmatch(text)
    day = _date(stamp, order) if stamp else None
    if stamp is None or day is None:
        raise ExportError(
            f"no time is {printable(text)!r}", place=where, remedy="export it again, do not re-save it"
        )
    hour, minute, half = int(stamp[4]), int(stamp[5]), (stamp[6] or "").casefold()
    with refusing(where):
        if half and not 1 <= hour <= 12:
            raise ValueError(f"no hour of the {half}m kind is {hour}")
        return datetime.combine(day, time(hour % 12 + 12 * (half == "p") if half else hour, minute))


def _number(row: dict[str, str], column: str, where: str) -> float | None:
    text = row.get(column)
    if text is None:
        return None
    digits = re.sub(r"\D", "", text) if _THOUSANDS.fullmatch(text) else text
    with refusing(where):
        number = float(digits) if _NUMBER.fullmatch(digits) else -1.0
        if not 0 <= number <= _MINUTES_LIMIT:
            raise ValueError(f"{column} is {printable(text)}")
        return number
