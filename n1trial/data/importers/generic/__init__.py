"""Any other device: a plain CSV, one row a sleep, and a small file that says what its columns mean.

Where to get it: from whatever the device or app exports. Put ``mapping.yaml`` beside the CSV::

    start: Bedtime            # column with date and time, or two columns: [Date, Bedtime]; required
    end: Wake time            # the same, or the time of day alone: the first such time after the start; required
    tst: Asleep               # column with total sleep; required
    tib: In bed               # optional, else from start to end; also sol, waso, deep, light, rem
    wake_runs: Wakes          # optional: the length of each wake inside the sleep, such as "6 4.5"; "0" is none
    awakenings: Times awake   # optional: a bare count
    longest_sleep: Unbroken   # optional: the longest stretch of sleep without any wake
    hrv: HRV                  # optional: RMSSD in ms, and no other measure; also the vital signs below
    heart_rate_min: Lowest    # beats a minute; also heart_rate_mean
    respiratory_rate: Breaths # breaths a minute
    skin_temp_deviation: Temp # degrees Celsius above or below the person's usual
    nap: Nap                  # optional: true or false
    unit: min                 # of all durations: min (if absent), s or h
    time_format: "%d.%m.%Y %H:%M"   # as in Python's strptime; if absent ISO 8601
    device: My ring           # optional name

What is odd: nothing is guessed. A column that the file names and the CSV lacks is an error. A vital sign that no
sleeper has, and 0, is not known.

What cannot be trusted: a bare count of awakenings, because nobody knows what was counted. It is kept as the
vendor's number; wake episodes need ``wake_runs``. Times without an offset need the home zone, else nights when
the clocks change are an hour wrong.

Source: the person who wrote the mapping. There is no vendor's layout to verify.
"""

import re
from collections.abc import Iterator
from datetime import datetime, timedelta
from functools import partial
from zoneinfo import ZoneInfo

from n1trial.data.episodes import Moment, SleepEpisode, clock_change
from n1trial.data.flags import Flag
from n1trial.data.importers._archive import printable, refusing
from n1trial.data.importers._clock import check_span, read_time
from n1trial.data.importers._damaged import whole_records
from n1trial.data.importers._records import column_names, convert_row, named_cells, plausible_wall
from n1trial.data.importers._source import Member, Source
from n1trial.data.importers._tables import cells_under, open_table
from n1trial.data.importers._vitals import with_vitals
from n1trial.data.importers.generic._mapping import Mapping, Row, check_columns, columns_of, read_mapping
from n1trial.data.not_used import NotUsed
from n1trial.errors import ExportError

DEVICE = "a table of one's own"
LOOKS_FOR = "mapping.yaml beside a CSV"
WORDS: tuple[bytes, ...] = ()
FOLDERS: tuple[str, ...] = ()
VERIFIED = True
VERIFIED_ON = "the columns are the ones that its mapping.yaml names"

_MAPPING = re.compile(r"mapping\.ya?ml")
_TABLE = re.compile(r".*\.csv")
_MAPPING_LIMIT = 64 * 1024
# In a cell of its own it can only be a decimal point; a list of wakes has blanks between.
_DECIMAL_COMMA = re.compile(r"(?<![\d,])(\d+),(\d+)(?![\d,])")
_NUMBER = re.compile(r"[+-]?\d+([.,]\d+)?")
_CLOCK = re.compile(r"(\d{1,2})[:.](\d{2})(?:[:.]\d{2})?")
_NUMBERS = ("tst", "tib", "sol", "waso", "deep", "light", "rem", "awakenings", "longest_sleep")
_MINUTES = {"s": 1 / 60, "min": 1.0, "h": 60.0}
_LONGEST_MIN = 2_880
_RUNS_LIMIT = 1_000
_ROUNDING_MIN = 1


def recognises(source: Source) -> bool:
    """Whether the source holds a mapping and a CSV."""
    return bool(source.named(_MAPPING) and source.named(_TABLE))


def read(source: Source, *, home_zone: ZoneInfo | None) -> Iterator[SleepEpisode]:
    """Read every row of the CSV files; `home_zone` gives times without an offset theirs."""
    mappings = source.named(_MAPPING)
    if len(mappings) > 1:
        raise ExportError(f"holds {len(mappings)} mappings", place=source.label, remedy="give one at a time")
    where = mappings[0].where
    mapping = read_mapping(source.read(mappings[0], limit=_MAPPING_LIMIT), where)
    for member in source.named(_TABLE):
        line, names, rows = open_table(source, member)
        header = column_names(names, line)
        check_columns(header, mapping, line)
        yield from whole_records(
            rows,
            partial(_episodes, header=header, mapping=mapping, member=member, home_zone=home_zone),
            source=source,
            member=member,
            began=partial(_began, header=header, mapping=mapping, home_zone=home_zone),
            advice="correct them",
        )


def _episodes(
    where: str,
    cells: list[str],
    *,
    header: list[str],
    mapping: Mapping,
    member: Member,
    home_zone: ZoneInfo | None,
) -> Iterator[SleepEpisode]:
    row = named_cells(header, cells, where)
    cells_of = {
        field: " ".join(row[column] for column in columns)
        for field in Row.__struct_fields__
        if (columns := columns_of(mapping, field)) and all(column in row for column in columns)
    }
    named = {
        field: _DECIMAL_COMMA.sub(r"\1.\2", cell) if "," in cell else cell for field, cell in cells_of.items()
    }
    try:
        converted = convert_row(named, Row, where)
    except ExportError as error:
        raise _what_is_wrong(cells_of, mapping, where) from error
    yield _episode(converted, mapping, member, where, home_zone)


def _what_is_wrong(named: dict[str, str], mapping: Mapping, where: str) -> ExportError:
    """Which cell cannot be read and what to do, in the table's own words."""
    missing = [field for field in ("start", "end") if field not in named]
    if missing:
        columns = " and ".join(map(printable, columns_of(mapping, missing[0])))
        return ExportError(
            f"nothing stands under {columns}",
            place=where,
            remedy=f"write the {missing[0]} of the sleep there, or remove the line",
        )
    for field in _NUMBERS:
        cell = named.get(field, "0")
        if not _NUMBER.fullmatch(cell.strip()):
            column = printable(columns_of(mapping, field)[0])
            return ExportError(
                f"{column} is no number ({printable(cell)})",
                place=where,
                remedy="write it as 415 or 415.5, or name another column in mapping.yaml",
            )
    return ExportError(
        "a cell is not what mapping.yaml says that its column holds",
        place=where,
        remedy="correct one of them",
    )


def _began(
    where: str, cells: list[str], *, header: list[str], mapping: Mapping, home_zone: ZoneInfo | None
) -> Moment | None:
    under = [list(cells_under(header, cells, column)) for column in columns_of(mapping, "start")]
    for text in map(" ".join, zip(*under, strict=False)):
        try:
            return _moment(text, mapping, where, home_zone)
        except ExportError:
            continue
    return None


def _episode(
    row: Row, mapping: Mapping, member: Member, where: str, home_zone: ZoneInfo | None
) -> SleepEpisode:
    start = _moment(row.start, mapping, where, home_zone)
    end = _end(row.end, start, mapping, where, home_zone)
    check_span(start, end, where)
    runs = None if row.wake_runs is None else tuple(_runs(row.wake_runs, mapping, where))
    waso_min = _minutes(row.waso, mapping, where)
    tib_min = _minutes(row.tib, mapping, where)
    tst_min = _minutes(row.tst, mapping, where)
    longest_min = _minutes(row.longest_sleep, mapping, where)
    # More than the whole sleep.
    impossible = longest_min is not None and tst_min is not None and longest_min > tst_min + _ROUNDING_MIN
    episode = SleepEpisode(
        source="generic",
        source_file=member.where,
        record_id=f"{start.isoformat()}/{end.isoformat()}",
        start=start,
        end=end,
        time_basis="naive_local" if start.offset is None else "utc+offset",
        tib_min=end.minutes_since(start) if tib_min is None else tib_min,
        tst_min=tst_min,
        sol_min=_minutes(row.sol, mapping, where),
        waso_min=sum(runs) if waso_min is None and runs is not None else waso_min,
        wake_runs_min=runs,
        deep_min=_minutes(row.deep, mapping, where),
        light_min=_minutes(row.light, mapping, where),
        rem_min=_minutes(row.rem, mapping, where),
        longest_sleep_min=None if impossible else longest_min,
        resolution_s="event" if runs is not None else None,
        vendor_nap=row.nap,
        vendor_awakenings=row.awakenings,
        missing=NotUsed.NO if row.tst is not None else NotUsed.UNSCORED,
        device=printable(mapping.device),
        flags=(
            *((Flag("longest_sleep_min_implausible"),) if impossible else ()),
            *clock_change(start, end),
        ),
    )
    return with_vitals(
        episode,
        hrv_rmssd_ms=row.hrv,
        heart_rate_min_bpm=row.heart_rate_min,
        heart_rate_mean_bpm=row.heart_rate_mean,
        respiratory_rate_rpm=row.respiratory_rate,
        skin_temp_deviation_c=row.skin_temp_deviation,
    )


def _end(text: str, start: Moment, mapping: Mapping, where: str, home_zone: ZoneInfo | None) -> Moment:
    """The end of a sleep; of a time of day alone, the first such time after the start."""
    clock = _CLOCK.fullmatch(text)
    if clock is None:
        return _moment(text, mapping, where, home_zone)
    with refusing(where, "write a time of day as 07:15"):
        wall = start.wall.replace(hour=int(clock[1]), minute=int(clock[2]), second=0, microsecond=0)
    if wall <= start.wall:
        wall += timedelta(days=1)
    return (
        Moment.in_zone(wall, home_zone) if home_zone or start.offset is None else Moment(wall, start.offset)
    )


def _moment(text: str, mapping: Mapping, where: str, home_zone: ZoneInfo | None) -> Moment:
    if mapping.time_format is None:
        stamp = read_time(text, where)
    else:
        with refusing(where, "correct it, or time_format in mapping.yaml"):
            stamp = datetime.strptime(text, mapping.time_format)  # noqa: DTZ007
    wall, offset = plausible_wall(stamp.replace(tzinfo=None), where), stamp.utcoffset()
    return Moment.in_zone(wall, home_zone) if offset is None else Moment(wall, offset)


def _runs(text: str, mapping: Mapping, where: str) -> Iterator[float]:
    numbers = text.split()
    with refusing(where, "write the minutes of each wake with blanks between them"):
        if len(numbers) > _RUNS_LIMIT:
            raise ValueError(f"{len(numbers)} wakes in one sleep")
        for number in numbers:
            if minutes := _minutes(float(number), mapping, where):
                yield minutes


def _minutes(value: float | None, mapping: Mapping, where: str) -> float | None:
    if value is None:
        return None
    minutes = value * _MINUTES[mapping.unit]
    if not 0 <= minutes <= _LONGEST_MIN:
        raise ExportError(
            f"a duration of {value:g} {mapping.unit}", place=where, remedy="correct it, or the unit"
        )
    return minutes
