"""Any other device: a plain CSV, one row a sleep, and a small file that says what its columns mean.

Where to get it: from whatever the device or app exports. Put ``mapping.yaml`` beside the CSV::

    start: Bedtime            # column with date and time; required
    end: Wake time            # required
    tst: Asleep               # column with total sleep; required
    tib: In bed               # optional, else from start to end; also sol, waso, deep, light, rem
    wake_runs: Wakes          # optional: the length of each wake inside the sleep, such as "6 4.5"; "0" is none
    awakenings: Times awake   # optional: a bare count
    nap: Nap                  # optional: true or false
    unit: min                 # of all durations: min (if absent), s or h
    time_format: "%d.%m.%Y %H:%M"   # as in Python's strptime; if absent ISO 8601
    device: My ring           # optional name

What is odd: nothing is guessed. A column that the file names and the CSV lacks is an error.

What cannot be trusted: a bare count of awakenings, because nobody knows what was counted. It is kept as the
vendor's number; wake episodes need ``wake_runs``. Times without an offset need the home zone, else nights when
the clocks change are an hour wrong.

Source: the person who wrote the mapping. There is no vendor's layout to verify.
"""

import re
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime
from functools import lru_cache
from typing import Literal
from zoneinfo import ZoneInfo

import msgspec
from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError

from n1trial.episodes import Moment, SleepEpisode, clock_change
from n1trial.errors import ExportError
from n1trial.importers._archive import printable, refusing
from n1trial.importers._records import (
    Label,
    column_names,
    convert_row,
    decode_text,
    named_cells,
    plausible_wall,
    read_cells,
)
from n1trial.importers._source import Member, Source

DEVICE = "a table of one's own"
LOOKS_FOR = "mapping.yaml beside a CSV"
VERIFIED = True
VERIFIED_ON = "the columns are the ones that its mapping.yaml names"

_MAPPING = re.compile(r"mapping\.ya?ml")
_TABLE = re.compile(r".*\.csv")
_MAPPING_LIMIT = 64 * 1024
_MINUTES = {"s": 1 / 60, "min": 1.0, "h": 60.0}
_LONGEST_MIN = 2_880
_RUNS_LIMIT = 1_000


class _Mapping(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    start: Label
    end: Label
    tst: Label
    tib: Label | None = None
    sol: Label | None = None
    waso: Label | None = None
    deep: Label | None = None
    light: Label | None = None
    rem: Label | None = None
    wake_runs: Label | None = None
    awakenings: Label | None = None
    nap: Label | None = None
    unit: Literal["min", "s", "h"] = "min"
    time_format: Label | None = None
    device: Label = "own table"


class _Row(msgspec.Struct):
    start: Label
    end: Label
    tst: float | None = None
    tib: float | None = None
    sol: float | None = None
    waso: float | None = None
    deep: float | None = None
    light: float | None = None
    rem: float | None = None
    wake_runs: str | None = None
    awakenings: int | None = None
    nap: bool = False


def recognises(source: Source) -> bool:
    """Whether the source holds a mapping and a CSV."""
    return bool(source.named(_MAPPING) and source.named(_TABLE))


def read(source: Source, *, home_zone: ZoneInfo | None) -> Iterator[SleepEpisode]:
    """Read every row of the CSV files; `home_zone` gives times without an offset theirs."""
    mappings = source.named(_MAPPING)
    if len(mappings) > 1:
        raise ExportError(f"{source.label}: holds {len(mappings)} mappings: give one at a time")
    where = mappings[0].where
    mapping = _read_mapping(source.read(mappings[0], limit=_MAPPING_LIMIT), where)
    for member in source.named(_TABLE):
        header: list[str] = []
        for line, cells in read_cells(source, member):
            if not header:
                header = column_names(cells, line)
                _check_columns(header, mapping, line)
                continue
            row = named_cells(header, cells, line)
            named = {
                field: row[column]
                for field in _Row.__struct_fields__
                if (column := getattr(mapping, field)) in row
            }
            yield _episode(convert_row(named, _Row, line), mapping, member, line, home_zone)


@lru_cache(maxsize=8)
def _read_mapping(content: bytes, where: str) -> _Mapping:
    text = decode_text(content, where)
    with refusing(where, "write it as in the documentation"):
        try:
            mapping = msgspec.convert(YAML(typ="safe", pure=True).load(text), _Mapping)
        except MarkedYAMLError as error:
            mark = error.problem_mark or error.context_mark
            line = f"line {mark.line + 1}: " if mark else ""
            raise ExportError(
                f"{where}: {line}not YAML ({printable(str(error.problem))}): correct it"
            ) from error
        except (YAMLError, msgspec.ValidationError) as error:
            reason = printable(str(error))
            raise ExportError(f"{where}: not a mapping of columns ({reason}): correct it") from error
    _check_time_format(mapping.time_format, where)
    return mapping


def _check_time_format(time_format: str | None, where: str) -> None:
    if time_format is None:
        return
    now = datetime(2025, 3, 4, 23, 10, tzinfo=UTC)
    understood = None
    # Python warns of a day without a year, which no sleep has.
    if re.search("%[Yy]", time_format.replace("%%", "")):
        with suppress(ValueError, re.error):
            understood = datetime.strptime(now.strftime(time_format), time_format)  # noqa: DTZ007
    if understood is None or understood.replace(tzinfo=UTC) != now:
        raise ExportError(
            f"{where}: time_format {printable(time_format)} does not say year, day, hour and minute: correct it"
        )


def _check_columns(header: list[str], mapping: _Mapping, where: str) -> None:
    for field in _Row.__struct_fields__:
        column = getattr(mapping, field)
        if column is not None and column not in header:
            raise ExportError(
                f"{where}: has no column {printable(column)}, which mapping.yaml names: correct one of them"
            )


def _episode(
    row: _Row, mapping: _Mapping, member: Member, where: str, home_zone: ZoneInfo | None
) -> SleepEpisode:
    start, end = (_moment(text, mapping, where, home_zone) for text in (row.start, row.end))
    runs = None if row.wake_runs is None else tuple(_runs(row.wake_runs, mapping, where))
    waso_min = _minutes(row.waso, mapping, where)
    tib_min = _minutes(row.tib, mapping, where)
    return SleepEpisode(
        source="generic",
        source_file=member.where,
        record_id=f"{start.isoformat()}/{end.isoformat()}",
        start=start,
        end=end,
        time_basis="naive_local" if start.offset is None else "utc+offset",
        tib_min=end.minutes_since(start) if tib_min is None else tib_min,
        tst_min=_minutes(row.tst, mapping, where),
        sol_min=_minutes(row.sol, mapping, where),
        waso_min=sum(runs) if waso_min is None and runs is not None else waso_min,
        wake_runs_min=runs,
        deep_min=_minutes(row.deep, mapping, where),
        light_min=_minutes(row.light, mapping, where),
        rem_min=_minutes(row.rem, mapping, where),
        resolution_s="event" if runs is not None else None,
        vendor_nap=row.nap,
        vendor_awakenings=row.awakenings,
        missing="" if row.tst is not None else "unscored",
        device=printable(mapping.device),
        flags=clock_change(start, end),
    )


def _moment(text: str, mapping: _Mapping, where: str, home_zone: ZoneInfo | None) -> Moment:
    with refusing(where, "correct it, or time_format in mapping.yaml"):
        if mapping.time_format is None:
            stamp = datetime.fromisoformat(text)
        else:
            stamp = datetime.strptime(text, mapping.time_format)  # noqa: DTZ007
    wall, offset = plausible_wall(stamp.replace(tzinfo=None), where), stamp.utcoffset()
    return Moment.in_zone(wall, home_zone) if offset is None else Moment(wall, offset)


def _runs(text: str, mapping: _Mapping, where: str) -> Iterator[float]:
    numbers = text.split()
    with refusing(where, "write the minutes of each wake with blanks between them"):
        if len(numbers) > _RUNS_LIMIT:
            raise ValueError(f"{len(numbers)} wakes in one sleep")
        for number in numbers:
            if minutes := _minutes(float(number), mapping, where):
                yield minutes


def _minutes(value: float | None, mapping: _Mapping, where: str) -> float | None:
    if value is None:
        return None
    minutes = value * _MINUTES[mapping.unit]
    if not 0 <= minutes <= _LONGEST_MIN:
        raise ExportError(f"{where}: a duration of {value:g} {mapping.unit}: correct it, or the unit")
    return minutes
