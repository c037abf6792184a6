"""The trends table of Oura on the Web, ``oura_…_trends.csv``: one row a date, display names, seconds.

Whoever downloads it chooses the columns, in any order; ``Bedtime Start``, ``Bedtime End`` and ``Total Sleep Duration``
are needed, every other one that is absent is not known. Since about 2022 durations have other names (``Total Sleep
Duration`` for ``Total Sleep Time``, the same for the stages), one name ends in a blank, and an empty cell says
``None``. Rows of dates without sleep are empty, one column stands there twice, and re-saved files write dates as
M/D/YY. There are no phases, so no wake after sleep onset and no wake counts; and a night in two parts shows only the
longer one.

Vital signs of the night: ``Average HRV``, RMSSD in ms; ``Lowest`` and ``Average Resting Heart Rate``, beats a minute;
``Respiratory Rate``, breaths a minute; ``Temperature Deviation (°C)``, against the person's long-term baseline.

Source: the files themselves; names of columns of 2020 and 2022 also in public scripts that read such files. Verified on
real files of one person before 2022 and of three people since.
"""

import re
from collections.abc import Iterator, Sequence
from functools import partial
from zoneinfo import ZoneInfo

import msgspec

from n1trial.data.episodes import Moment, SleepEpisode, clock_change
from n1trial.data.importers._archive import printable
from n1trial.data.importers._beginnings import ANY_NAME, folded, header_names
from n1trial.data.importers._clock import check_span
from n1trial.data.importers._damaged import whole_records
from n1trial.data.importers._records import Label, Seconds, convert_row, named_cells
from n1trial.data.importers._source import Member, Source
from n1trial.data.importers._tables import Columns, cells_under, choose_columns, chosen_cells, open_table
from n1trial.data.importers._vitals import Reading, with_vitals
from n1trial.data.importers.oura._periods import began_at, minutes, read_label, read_moment
from n1trial.data.not_used import NotUsed
from n1trial.errors import ExportError

LAYOUT = "the trends CSV of Oura"

_NAMES = re.compile(r"oura[^/]*\.csv|[^/]*trends[^/]*\.csv")
_COLUMNS = {
    "bedtime start": "start",
    "bedtime end": "end",
    "total sleep duration": "asleep",
    "total sleep time": "asleep",
    "total bedtime": "in_bed",
    "sleep latency": "latency",
    "deep sleep duration": "deep",
    "deep sleep time": "deep",
    "light sleep duration": "light",
    "light sleep time": "light",
    "rem sleep duration": "rem",
    "rem sleep time": "rem",
    "date": "date",
    "average hrv": "hrv",
    "lowest resting heart rate": "lowest",
    "average resting heart rate": "mean",
    "respiratory rate": "breaths",
    "temperature deviation": "temperature",
    "temperature deviation (°c)": "temperature",
    # The same as a Western spreadsheet saves it, whose one letter of two bytes is Chinese as well.
    f"temperature deviation ({b'\xb0C'.decode('gb18030')})": "temperature",
}
_NEEDED = {"start": "Bedtime Start", "end": "Bedtime End", "asleep": "Total Sleep Duration"}
_ASLEEP = {"start", "end", "asleep", "in_bed", "deep", "light", "rem"}
# Other devices have a sleep score or a temperature too; two of these columns are Oura's.
_OURAS_ALONE = {
    "bedtime start",
    "bedtime end",
    "total bedtime",
    "average resting heart rate",
    "lowest resting heart rate",
    "temperature deviation (°c)",
    "restless sleep",
    "sleep timing",
    "total sleep score",
    "readiness score",
    "recovery index score",
    "non-wear time",
    "average met",
}


class _Row(msgspec.Struct):
    start: Label
    end: Label
    asleep: Seconds | None = None
    in_bed: Seconds | None = None
    latency: Seconds | None = None
    deep: Seconds | None = None
    light: Seconds | None = None
    rem: Seconds | None = None
    date: Label | None = None
    hrv: Reading = None
    lowest: Reading = None
    mean: Reading = None
    breaths: Reading = None
    temperature: Reading = None


def members(source: Source) -> list[Member]:
    """Files of this layout with the columns that a night needs, by the names of their columns."""
    return [member for member, lacking in _tables(source) if not lacking]


def incomplete(source: Source) -> str:
    """Say what the first file of this layout lacks, where the user did not choose every column that is needed."""
    return next(
        (
            f"{member.where}: has no column {' and no '.join(lacking)}: choose {' and '.join(lacking)}"
            " in Oura's trends and export again"
            for member, lacking in _tables(source)
            if lacking
        ),
        "",
    )


def read(source: Source, members: Sequence[Member], *, home_zone: ZoneInfo | None) -> Iterator[SleepEpisode]:
    """Read every date with sleep."""
    for member in members:
        where, names, rows = open_table(source, member, times=2)
        columns = choose_columns(_header(names, where), _COLUMNS)
        yield from whole_records(
            rows,
            partial(_episodes, columns=columns, member=member, home_zone=home_zone),
            source=source,
            member=member,
            began=partial(_began, columns=columns, home_zone=home_zone),
        )


def _tables(source: Source) -> Iterator[tuple[Member, list[str]]]:
    """Files of this layout, each with the columns that it should have and has not."""
    for member in source.named(_NAMES, given=ANY_NAME):
        names = set(header_names(source, member))
        fields = {_COLUMNS.get(name) for name in names}
        lacking = [column for field, column in _NEEDED.items() if field not in fields]
        by_name = member.base_name.startswith("oura") and "date" in names
        if not lacking or len(names & _OURAS_ALONE) > 1 or (by_name and fields - {None, "date"}):
            yield member, lacking


def _header(names: Sequence[str], where: str) -> list[str]:
    """Names of the columns as they are compared; one that is not read may occur twice."""
    header = [folded(name) for name in names]
    for name, written in zip(header, names, strict=True):
        if name in _COLUMNS and header.count(name) > 1:
            raise ExportError(
                f"column {printable(written.strip())} occurs twice",
                place=where,
                remedy="download the export again",
            )
    return header


def _episodes(
    where: str, cells: list[str], *, columns: Columns, member: Member, home_zone: ZoneInfo | None
) -> Iterator[SleepEpisode]:
    written = chosen_cells(columns, cells, where)
    if len(set(columns.fields)) < len(columns.fields):
        _check_agree(columns, cells, written, where)
    if any(cell.strip("0.") for field, cell in written.items() if field in _ASLEEP):
        row = convert_row(written, _Row, where)
        yield _episode(row, member=member, where=where, home_zone=home_zone)


def _check_agree(columns: Columns, cells: Sequence[str], written: dict[str, str], where: str) -> None:
    """Where files of both kinds were put together, a row has one name or the other, or the same under both."""
    for place, field in zip(columns.places, columns.fields, strict=True):
        both = named_cells([field], [cells[place]], where)
        if field in both and both[field] != written[field]:
            raise ExportError(
                f"two values of {_NEEDED.get(field, columns.header[place])}",
                place=where,
                remedy="download the export again",
            )


def _began(where: str, cells: list[str], *, columns: Columns, home_zone: ZoneInfo | None) -> Moment | None:
    return began_at(cells_under(columns.header, cells, "bedtime start"), home_zone=home_zone)


def _episode(row: _Row, *, member: Member, where: str, home_zone: ZoneInfo | None) -> SleepEpisode:
    start, basis = read_moment(row.start, where=where, home_zone=home_zone)
    end, _ = read_moment(row.end, where=where, home_zone=home_zone)
    check_span(start, end, where)
    vendor_date, date_flags = read_label(row.date, end)
    tib_min = minutes(row.in_bed)
    return with_vitals(
        SleepEpisode(
            source="oura",
            source_file=member.where,
            record_id=f"{start.isoformat()}/{end.isoformat()}",
            start=start,
            end=end,
            time_basis=basis,
            tib_min=end.minutes_since(start) if tib_min is None else tib_min,
            tst_min=minutes(row.asleep),
            sol_min=minutes(row.latency),
            deep_min=minutes(row.deep),
            light_min=minutes(row.light),
            rem_min=minutes(row.rem),
            vendor_date=vendor_date,
            missing=NotUsed.NO if row.asleep is not None else NotUsed.UNSTAGED,
            device="Oura",
            flags=(*date_flags, *clock_change(start, end)),
        ),
        hrv_rmssd_ms=row.hrv,
        heart_rate_min_bpm=row.lowest,
        heart_rate_mean_bpm=row.mean,
        respiratory_rate_rpm=row.breaths,
        skin_temp_deviation_c=row.temperature,
    )
