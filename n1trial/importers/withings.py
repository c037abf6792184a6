"""Withings: the table of nights of the data export.

Where to get it: the Withings app, Profile, Settings, Download your data; the zip holds ``sleep.csv``.

What is odd: the header is in the language of the account, with the unit behind it: ``leicht (s)``. A header
in a language that is not known here is read by position only when every row adds up. Devices without REM
write 0 there. The stages add up to the time in bed without the time out of bed. Newer tables have ``Night
events``: lists of differences in seconds for 1 in bed, 2 asleep, 3 woke, 4 out of bed; from each 3 to the
next 2 is one wake. A night broken in two is two rows.

What cannot be trusted: without ``Night events`` wake has a sum but no count. ``wake up`` leaves out the last
awakening and is kept as the vendor's number. ``raw_tracker_sleep-state.csv`` holds phantom rows and is not
read.

Source: the files themselves. Verified on real files of two people, one German and one English.
"""

import re
from collections.abc import Iterator, Sequence
from datetime import datetime
from itertools import accumulate
from typing import Annotated
from zoneinfo import ZoneInfo

import msgspec

from n1trial.episodes import Moment, SleepEpisode, clock_change
from n1trial.errors import ExportError
from n1trial.importers._archive import printable, refusing
from n1trial.importers._records import (
    Count,
    Label,
    Seconds,
    column_names,
    convert_row,
    decode_json,
    named_cells,
    plausible_wall,
    read_cells,
)
from n1trial.importers._source import Member, Source

DEVICE = "Withings"
LOOKS_FOR = "sleep.csv of Withings"
VERIFIED = True
VERIFIED_ON = "sleep.csv of two people, one German and one English"

_NAMES = re.compile(r"sleep\.csv")
_LOOSE = re.compile(r".*\.csv")
_MARKS = (b"Duration to sleep (s)", b"Duration to wake up (s)")
_WORDS = ("from", "to", "light", "deep", "rem", "awake", "wake_up")
_LANGUAGES = (
    ("from", "to", "light (s)", "deep (s)", "rem (s)", "awake (s)", "wake up"),
    ("von", "bis", "leicht (s)", "tief (s)", "rem (s)", "wach (s)", "Aufwachen"),
)
_UNITS = [False, False, True, True, True, True, False]
_WITH_UNIT = re.compile(r".+ \(s\)")
_ROUNDING_S = 60
_OUT_OF_BED_FLAG_S = 1
_EVENTS_LIMIT = 10_000


class _Night(msgspec.Struct):
    start: Label = msgspec.field(name="from")
    end: Label = msgspec.field(name="to")
    light: Seconds | None = None
    deep: Seconds | None = None
    rem: Seconds | None = None
    awake: Seconds | None = None
    wake_up: Count | None = None
    to_sleep: Seconds | None = msgspec.field(name="Duration to sleep (s)", default=None)
    to_wake_up: Seconds | None = msgspec.field(name="Duration to wake up (s)", default=None)
    events: str | None = msgspec.field(name="Night events", default=None)


_Differences = Annotated[list[Seconds], msgspec.Meta(max_length=_EVENTS_LIMIT)]
_READ_EVENTS = msgspec.json.Decoder(dict[str, _Differences])


def recognises(source: Source) -> bool:
    """Whether the source holds a table of Withings: by name and by the columns that no language changes."""
    return any(_members(source))


def read(source: Source, *, home_zone: ZoneInfo | None) -> Iterator[SleepEpisode]:
    """Read every row of the source; `home_zone` is not needed, times have their offset."""
    for member in _members(source):
        nights = list(_nights(source, member))
        rem_measured = any(night.rem for _, night in nights)
        for where, night in nights:
            yield _episode(night, member=member, where=where, rem_measured=rem_measured)


def _members(source: Source) -> Iterator[Member]:
    for member in source.named(_NAMES, given=_LOOSE):
        if source.mentions(member, *_MARKS, within=4096):
            yield member


def _nights(source: Source, member: Member) -> Iterator[tuple[str, _Night]]:
    header: list[str] = []
    known = True
    for where, cells in read_cells(source, member):
        if not header:
            written = column_names(cells, where)
            header, known = _translated(written, where)
            continue
        night = convert_row(named_cells(header, cells, where), _Night, where)
        if not known and not _adds_up(night, where):
            raise ExportError(
                f"{where}: header in an unknown language whose stages do not add up "
                f"({printable(','.join(written[:7]))}): set the app to English and export again"
            )
        yield where, night


def _translated(header: Sequence[str], where: str) -> tuple[list[str], bool]:
    """Return the header in our words, and whether it is in a language that is known."""
    for language in _LANGUAGES:
        if set(language) <= set(header):
            words = dict(zip(language, _WORDS, strict=True))
            return [words.get(name, name) for name in header], True
    first = header[: len(_WORDS)]
    if [bool(_WITH_UNIT.fullmatch(name)) for name in first] != _UNITS:
        raise ExportError(
            f"{where}: header in an unknown language ({printable(','.join(first))}): "
            "set the app to English and export again"
        )
    return [*_WORDS, *header[len(_WORDS) :]], False


def _adds_up(night: _Night, where: str) -> bool:
    start, end = _moments(night, where)
    stages = (night.light, night.deep, night.rem, night.awake)
    around = (night.to_sleep or 0) + (night.to_wake_up or 0)
    in_bed_s = 60 * end.minutes_since(start)
    known = [seconds for seconds in stages if seconds is not None]
    return (
        len(known) == len(stages)
        and abs(sum(known) - in_bed_s) <= _ROUNDING_S
        and known[-1] >= around - _ROUNDING_S
    )


def _moments(night: _Night, where: str) -> tuple[Moment, Moment]:
    with refusing(where):
        stamps = [datetime.fromisoformat(text) for text in (night.start, night.end)]
    if any(stamp.tzinfo is None for stamp in stamps):
        raise ExportError(f"{where}: sleep at {printable(night.start)} has no UTC offset: export again")
    start, end = (
        Moment(plausible_wall(stamp.replace(tzinfo=None), where), stamp.utcoffset()) for stamp in stamps
    )
    return start, end


def _episode(night: _Night, *, member: Member, where: str, rem_measured: bool) -> SleepEpisode:
    start, end = _moments(night, where)
    in_bed_s = 60 * end.minutes_since(start)
    rem_s = (night.rem or 0) if rem_measured else 0
    asleep_s = None if night.light is None or night.deep is None else night.light + night.deep + rem_s
    lead_s, tail_s = night.to_sleep, night.to_wake_up
    waso_s = None
    if asleep_s is not None and lead_s is not None and tail_s is not None:
        waso_s = in_bed_s - asleep_s - lead_s - tail_s
    # Stages of more than the interval: the totals contradict each other.
    broken = waso_s is not None and waso_s < -_ROUNDING_S
    runs = None if waso_s is None or broken else _wake_runs_min(night.events, where)
    return SleepEpisode(
        source="withings",
        source_file=member.where,
        record_id=f"{start.isoformat()}/{end.isoformat()}",
        start=start,
        end=end,
        time_basis="utc+offset",
        tib_min=in_bed_s / 60,
        tst_min=_minutes(asleep_s),
        sol_min=_minutes(lead_s),
        lead_min=_minutes(lead_s),
        tail_min=_minutes(tail_s),
        waso_min=None if waso_s is None or broken else max(0.0, waso_s) / 60,
        wake_runs_min=runs,
        deep_min=_minutes(night.deep),
        light_min=_minutes(night.light),
        rem_min=_minutes(night.rem) if rem_measured else None,
        resolution_s="event" if runs is not None else None,
        vendor_awakenings=night.wake_up,
        missing="implausible" if broken else "" if asleep_s is not None else "unstaged",
        device=DEVICE,
        flags=(
            *_out_of_bed(in_bed_s, asleep_s, night.awake),
            *(() if rem_measured else ("no_rem",)),
            *(("events_mismatch",) if runs and waso_s and abs(60 * sum(runs) - waso_s) > _ROUNDING_S else ()),
            *clock_change(start, end),
        ),
    )


def _out_of_bed(in_bed_s: float, asleep_s: float | None, awake_s: float | None) -> Iterator[str]:
    if asleep_s is not None and awake_s is not None:
        out_s = in_bed_s - asleep_s - awake_s
        if out_s >= _OUT_OF_BED_FLAG_S:
            yield f"out_of_bed_min={out_s / 60:g}"


def _wake_runs_min(events: str | None, where: str) -> tuple[float, ...] | None:
    """Wake runs: from each time of waking to the next time of falling asleep."""
    if events is None:
        return None
    differences = decode_json(events.encode(errors="replace"), _READ_EVENTS, where)
    timeline = sorted(
        (second, kind) for kind, steps in differences.items() for second in accumulate(steps) if kind in "23"
    )
    runs, woke = [], None
    for second, kind in timeline:
        if kind == "3":
            woke = second if woke is None else woke
        elif woke is not None:
            runs.append((second - woke) / 60)
            woke = None
    return tuple(runs)


def _minutes(seconds: float | None) -> float | None:
    return None if seconds is None else seconds / 60
