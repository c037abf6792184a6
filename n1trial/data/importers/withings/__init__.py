"""Withings: the table of nights of the data export.

Where to get it: the Withings app, Profile, Settings, Download your data; the zip holds ``sleep.csv``.

What is odd: the header is in the language of the account, with the unit behind it: ``leicht (s)``; ``_languages`` says
how a language is read that is not known here. Devices without REM write 0 there. The stages add up to the time in bed
without the time out of bed. Newer tables have ``Night events``: lists of differences in seconds for 1 in bed, 2
asleep, 3 woke, 4 out of bed; from each 3 to the next 2 is one wake, from each 2 to the next 3 unbroken sleep. A night
broken in two is two rows.

What cannot be trusted: without ``Night events`` wake has a sum but no count. ``wake up`` leaves out the last
awakening and is kept as the vendor's number. ``raw_tracker_sleep-state.csv`` holds phantom rows and is not
read.

Vital signs: ``Average heart rate`` and ``Heart rate (min)``, beats a minute between going to bed and getting up; 0 is
not measured. The table has no other.

Source: the files themselves. Verified on real files of two people, one German and one English.
"""

import re
from collections.abc import Iterator
from functools import partial
from typing import NamedTuple
from zoneinfo import ZoneInfo

import msgspec

from n1trial.data.episodes import Moment, SleepEpisode, clock_change
from n1trial.data.flags import Flag
from n1trial.data.importers._archive import printable
from n1trial.data.importers._beginnings import ANY_NAME, header_names
from n1trial.data.importers._clock import check_span, read_time
from n1trial.data.importers._damaged import whole_records
from n1trial.data.importers._notes import Note
from n1trial.data.importers._records import column_names, convert_row, plausible_wall
from n1trial.data.importers._source import Member, Source
from n1trial.data.importers._tables import cells_under, choose_columns, chosen_cells, open_table
from n1trial.data.importers._vitals import with_vitals
from n1trial.data.importers.withings._languages import Header, check_order, read_header
from n1trial.data.importers.withings._nights import ROUNDING_S, Events, Night, read_events
from n1trial.data.not_used import NotUsed
from n1trial.errors import ExportError

DEVICE = "Withings"
LOOKS_FOR = "sleep.csv of Withings"
WORDS: tuple[bytes, ...] = (
    b"Duration to sleep (s)",
    b"Duration to wake up (s)",
    b"Snoring (s)",
    b"Snoring episodes",
    b"Night events",
    b'(s)"',
)
FOLDERS: tuple[str, ...] = ()
VERIFIED = True
VERIFIED_ON = "sleep.csv of two people, one German and one English"

_NAMES = re.compile(r"sleep\.csv")
_MARKS = {"duration to sleep (s)", "duration to wake up (s)"}
_FIELDS = {field.encode_name: field.encode_name for field in msgspec.structs.fields(Night)}
_RAW_NAMES = re.compile(r"raw_tracker_sleep-state\.csv")
_RAW = ["start", "duration", "value"]
_RAW_ROW = re.compile(rb'\n"?[-\dT:+Z]+"?[,;]"?\[')
_OUT_OF_BED_FLAG_S = 1


class _Line(NamedTuple):
    """A row of the table."""

    night: Night
    start: Moment
    end: Moment

    @property
    def bed_s(self) -> float:
        """Seconds from going to bed to getting up."""
        return 60 * self.end.minutes_since(self.start)


class _Damaged(NamedTuple):
    """A row that cannot be read, and why."""

    cells: list[str]
    error: ExportError


def recognises(source: Source) -> bool:
    """Whether the source holds a table of Withings: by the columns that no language changes."""
    return bool(_members(source)) or _is_raw(source)


def read(source: Source, *, home_zone: ZoneInfo | None) -> Iterator[SleepEpisode]:
    """Read every row of the source; `home_zone` is not needed, times have their offset."""
    members = _members(source)
    if not members:
        raise ExportError(
            "raw states of Withings, among them sleep that nobody slept",
            place=source.label,
            remedy="give sleep.csv of the same export",
        )
    for member in members:
        where, names, rows = open_table(source, member, times=2)
        header = read_header(column_names(names, where), where)
        lines = list(_read_lines(rows, header))
        nights = [line for _, line in lines if isinstance(line, _Line)]
        if nights and not header.known:
            check_order(header, ((line.night, line.bed_s) for line in nights))
            source.note(_by_position(header))
        rem_measured = any(line.night.rem for line in nights)
        yield from whole_records(
            lines,
            partial(_episodes, header=header, member=member, rem_measured=rem_measured),
            source=source,
            member=member,
            began=partial(_began, header=header),
        )


def _members(source: Source) -> list[Member]:
    return [
        member
        for member in source.named(_NAMES, given=ANY_NAME)
        if set(header_names(source, member)) >= _MARKS
    ]


def _is_raw(source: Source) -> bool:
    return any(
        header_names(source, member) == _RAW
        and _RAW_ROW.search(source.head(member).replace(b"\0", b"")) is not None
        for member in source.named(_RAW_NAMES, given=ANY_NAME)
    )


def _by_position(header: Header) -> Note:
    unknown = [] if header.named >= {"light", "deep", "rem"} else ["light, deep and REM are not told apart"]
    return Note(
        f"{header.where}: columns in an unknown language ({header.written}) are read by their position, which the"
        f" numbers bear out: {'; '.join([*unknown, 'compare some nights with the app'])}"
    )


def _read_lines(
    rows: Iterator[tuple[str, list[str]]], header: Header
) -> Iterator[tuple[str, _Line | _Damaged]]:
    chosen = choose_columns(header.names, _FIELDS)
    for where, cells in rows:
        try:
            night = convert_row(chosen_cells(chosen, cells, where), Night, where)
            start, end = _moment(night.start, where), _moment(night.end, where)
            check_span(start, end, where)
        except ExportError as error:
            yield where, _Damaged(cells, error)
        else:
            yield where, _Line(night, start, end)


def _began(where: str, line: _Line | _Damaged, *, header: Header) -> Moment | None:
    if isinstance(line, _Line):
        return line.start
    for text in cells_under(header.names, line.cells, "start"):
        try:
            return _moment(text, where)
        except ExportError:
            continue
    return None


def _moment(text: str, where: str) -> Moment:
    stamp = read_time(text, where)
    if stamp.tzinfo is None:
        raise ExportError(f"sleep at {printable(text)} has no UTC offset", place=where, remedy="export again")
    return Moment(plausible_wall(stamp.replace(tzinfo=None), where), stamp.utcoffset())


def _episodes(
    where: str, line: _Line | _Damaged, *, header: Header, member: Member, rem_measured: bool
) -> Iterator[SleepEpisode]:
    if isinstance(line, _Damaged):
        raise line.error
    night, start, end = line
    bed_s = line.bed_s
    rem_s = (night.rem or 0) if rem_measured else 0
    asleep_s = None if night.light is None or night.deep is None else night.light + night.deep + rem_s
    lead_s, tail_s = night.to_sleep, night.to_wake_up
    waso_s = None
    if asleep_s is not None and lead_s is not None and tail_s is not None:
        waso_s = bed_s - asleep_s - lead_s - tail_s
    # Stages of more than the interval: the totals contradict each other.
    broken = waso_s is not None and waso_s < -ROUNDING_S
    events = read_events(night, bed_s=bed_s)
    counted = events is not None and waso_s is not None and not broken
    runs = tuple([wake_s / 60 for wake_s in events.wakes]) if events and counted else None
    unbroken_s = max(events.asleep, default=None) if events and counted else None
    stages_min = {
        word: None if word not in header.named else _minutes(getattr(night, word))
        for word in ("light", "deep", "rem")
    }
    yield with_vitals(
        SleepEpisode(
            source="withings",
            source_file=member.where,
            record_id=f"{start.isoformat()}/{end.isoformat()}",
            start=start,
            end=end,
            time_basis="utc+offset",
            tib_min=bed_s / 60,
            tst_min=_minutes(asleep_s),
            sol_min=_minutes(lead_s),
            lead_min=_minutes(lead_s),
            tail_min=_minutes(tail_s),
            waso_min=None if waso_s is None or broken else max(0.0, waso_s) / 60,
            wake_runs_min=runs,
            longest_sleep_min=_minutes(unbroken_s),
            deep_min=stages_min["deep"],
            light_min=stages_min["light"],
            rem_min=stages_min["rem"] if rem_measured else None,
            resolution_s="event" if runs is not None else None,
            vendor_awakenings=night.wake_up,
            missing=NotUsed.IMPLAUSIBLE
            if broken
            else NotUsed.NO
            if asleep_s is not None
            else NotUsed.UNSTAGED,
            device=DEVICE,
            flags=(
                *_out_of_bed(bed_s, asleep_s, night.awake),
                *((Flag("no_rem"),) if "rem" in header.named and not rem_measured else ()),
                *(() if header.named >= stages_min.keys() else (Flag("stages_unnamed"),)),
                *_events_flags(night, events, waso_s=waso_s if counted else None),
                *clock_change(start, end),
            ),
        ),
        heart_rate_min_bpm=night.lowest_heart_rate,
        heart_rate_mean_bpm=night.mean_heart_rate,
    )


def _out_of_bed(bed_s: float, asleep_s: float | None, awake_s: float | None) -> Iterator[Flag]:
    if asleep_s is not None and awake_s is not None:
        out_s = bed_s - asleep_s - awake_s
        if out_s >= _OUT_OF_BED_FLAG_S:
            yield Flag("out_of_bed_min", f"{out_s / 60:g}")


def _events_flags(night: Night, events: Events | None, *, waso_s: float | None) -> Iterator[Flag]:
    if events is None:
        if night.events is not None:
            yield Flag("hypnogram_corrupt")
    elif waso_s is not None and abs(sum(events.wakes) - waso_s) > ROUNDING_S:
        yield Flag("events_mismatch")


def _minutes(seconds: float | None) -> float | None:
    return None if seconds is None else seconds / 60
