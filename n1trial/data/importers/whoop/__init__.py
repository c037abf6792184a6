"""Whoop: the table of sleeps of the data export.

Where to get it: the Whoop app, More, App Settings, Data Export; a mail brings a zip with ``sleeps.csv``.

What is odd: rows run from the newest to the oldest, times are local and their offset stands in a column of
its own (``UTC-05:00``, ``UTCZ``), and a row that Whoop could not score has no numbers. From falling asleep to
waking is up to 21 min more than the time in bed, because gaps in the data are left out of the latter. Names of files
and columns are in the language of the account: ``Schlaf.csv``, ``sueño.csv``, ``sommeil.csv``, ``sonos.csv``.

What cannot be trusted: there is no wake count, no latency and no list of stages, so wake episodes and wake
after sleep onset are missing. ``physiological_cycles.csv`` leaves out naps; of it only the heart-rate variability is
read.

Vital signs: ``Respiratory rate (rpm)``, mean breaths a minute of the sleep; ``Heart rate variability (ms)``, which is
Whoop's RMSSD of the sleep, from the cycle that begins with it. Its resting heart rate is neither the lowest nor the
mean of the night, and its skin temperature no deviation: neither is read.

Source: the files themselves, and for other languages than English the headers in ``_columns``. Verified on real files
of two people, in English; other languages say that they are not.
"""

import re
from collections.abc import Iterator, Sequence
from datetime import timedelta
from functools import partial
from zoneinfo import ZoneInfo

import msgspec

from n1trial.data.episodes import Moment, SleepEpisode
from n1trial.data.importers._archive import printable
from n1trial.data.importers._beginnings import ANY_NAME, folded, header_names
from n1trial.data.importers._clock import check_span, read_time
from n1trial.data.importers._damaged import whole_records
from n1trial.data.importers._intervals import utc_offset
from n1trial.data.importers._notes import Note, unverified
from n1trial.data.importers._records import Label, Minutes, column_names, convert_row, plausible_wall
from n1trial.data.importers._source import Member, Source
from n1trial.data.importers._tables import Columns, cells_under, choose_columns, chosen_cells, open_table
from n1trial.data.importers._vitals import Reading, with_vitals
from n1trial.data.importers.whoop._columns import COLUMNS, ENGLISH, IS_NAP
from n1trial.data.not_used import NotUsed
from n1trial.errors import ExportError

DEVICE = "Whoop"
LOOKS_FOR = "sleeps.csv of Whoop"
WORDS: tuple[bytes, ...] = (
    b"Cycle start time",
    b"Cycle timezone",
    b"Sleep onset",
    b"Wake onset",
    b"Recovery score %",
    b"In bed duration (min)",
    b"Day Strain",
)
FOLDERS: tuple[str, ...] = ()
VERIFIED = True
VERIFIED_ON = "sleeps.csv of two people, in English"

_SLEEPS = r"sleeps|schlaf|sue[^/]{1,3}o|sommeil|sonos"
_CYCLES = r"physiological_cycles|physiologische_zyklen|ciclos_fisiol[^/]{1,3}gicos"
_NAMES = re.compile(rf"({_SLEEPS}|{_CYCLES})\.csv")
_MARKS = {"onset", "wake", "zone", "asleep"}
# Of the cycle and of the sleep.
_TIMES = 4

# Falling asleep and the offset, as both tables write them.
_Began = tuple[str, str]


class _Sleep(msgspec.Struct):
    onset: Label
    wake: Label
    zone: Label
    asleep: Minutes | None = None
    in_bed: Minutes | None = None
    light: Minutes | None = None
    deep: Minutes | None = None
    rem: Minutes | None = None
    nap: Label = "false"
    breaths: Reading = None


def recognises(source: Source) -> bool:
    """Whether the source holds a table of Whoop: by its columns."""
    return any(_members(source))


def read(source: Source, *, home_zone: ZoneInfo | None) -> Iterator[SleepEpisode]:
    """Read every sleep of the source; `home_zone` is not needed, each row has its offset."""
    tables = list(_members(source))
    cycles = [member for member in tables if "recovery" in _fields(source, member)]
    if len(cycles) == len(tables):
        raise ExportError(
            "cycles, which leave out naps and parts of nights", place=source.label, remedy="give sleeps.csv"
        )
    variability = _variability(source, cycles)
    for member in tables:
        if member not in cycles:
            yield from _sleeps(source, member, variability)


def _members(source: Source) -> Iterator[Member]:
    for member in source.named(_NAMES, given=ANY_NAME):
        if _fields(source, member) >= _MARKS:
            yield member


def _fields(source: Source, member: Member) -> set[str]:
    return {COLUMNS[name] for name in header_names(source, member) if name in COLUMNS}


def _sleeps(source: Source, member: Member, variability: dict[_Began, str]) -> Iterator[SleepEpisode]:
    where, names, rows = open_table(source, member, times=_TIMES)
    columns = _columns(names, where)
    if set(columns.header) & set(COLUMNS) - set(ENGLISH):
        written = printable(",".join(names), longest=2000)
        source.note(unverified(member.where, "sleeps of Whoop in a language other than English", written))
    yield from whole_records(
        rows,
        partial(_episodes, columns=columns, member=member, variability=variability),
        source=source,
        member=member,
        began=partial(_began, columns=columns),
    )


def _variability(source: Source, cycles: Sequence[Member]) -> dict[_Began, str]:
    """Heart-rate variability by the start of the sleep that a cycle begins with.

    The nights are right without it: what cannot be read is said, and never refuses them.
    """
    values: dict[_Began, str] = {}
    for member in cycles:
        unread = 0
        try:
            where, names, rows = open_table(source, member, times=_TIMES)
            columns = _columns(names, where)
            for _, cells in rows:
                if len(cells) != len(columns.header):
                    unread += 1
                    continue
                row = chosen_cells(columns, cells, where)
                if "onset" in row and "hrv" in row:
                    began = row["onset"], row.get("zone", "")
                    # Two exports that differ: which of them is meant is not known.
                    values[began] = row["hrv"] if values.get(began, row["hrv"]) == row["hrv"] else "0"
        except ExportError as error:
            source.note(Note(f"{error}; its heart-rate variability is not read"))
        if unread:
            source.note(
                Note(
                    f"{member.where}: {unread} cycles cannot be read: their nights have no heart-rate variability,"
                    " download the export again"
                )
            )
    return values


def _columns(names: Sequence[str], where: str) -> Columns:
    return choose_columns(column_names([folded(name) for name in names], where), COLUMNS)


def _began(where: str, cells: list[str], *, columns: Columns) -> Moment | None:
    fields = [COLUMNS.get(name, "") for name in columns.header]
    # Cells are shifted for both in the same way.
    shifted = zip(cells_under(fields, cells, "onset"), cells_under(fields, cells, "zone"), strict=False)
    for text, zone in shifted:
        try:
            return _moment(text, utc_offset(zone, where), where)
        except ExportError:
            continue
    return None


def _moment(text: str, offset: timedelta, where: str) -> Moment:
    return Moment(plausible_wall(read_time(text, where).replace(tzinfo=None), where), offset)


def _episodes(
    where: str,
    cells: list[str],
    *,
    columns: Columns,
    member: Member,
    variability: dict[_Began, str],
) -> Iterator[SleepEpisode]:
    row = chosen_cells(columns, cells, where)
    # A cycle without sleep has no time of falling asleep, and nothing else of it.
    if not row.keys() & {"onset", "wake", "asleep", "in_bed"}:
        return
    sleep = convert_row(row, _Sleep, where)
    nap = IS_NAP.get(sleep.nap.casefold())
    if nap is None:
        raise ExportError(
            f"a nap or not ({printable(sleep.nap)})", place=where, remedy="download the export again"
        )
    offset = utc_offset(sleep.zone, where)
    start, end = _moment(sleep.onset, offset, where), _moment(sleep.wake, offset, where)
    check_span(start, end, where)
    yield with_vitals(
        SleepEpisode(
            source="whoop",
            source_file=member.where,
            record_id=start.isoformat(),
            start=start,
            end=end,
            time_basis="utc+offset",
            tib_min=sleep.in_bed,
            tst_min=sleep.asleep,
            deep_min=sleep.deep,
            light_min=sleep.light,
            rem_min=sleep.rem,
            vendor_nap=nap,
            missing=NotUsed.NO if sleep.asleep is not None else NotUsed.UNSCORED,
            device=DEVICE,
        ),
        hrv_rmssd_ms=variability.get((sleep.onset, sleep.zone)),
        respiratory_rate_rpm=sleep.breaths,
    )
