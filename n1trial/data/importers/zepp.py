"""Zepp, Amazfit, Mi Fit and Zepp Life: the table of nights of the account's export.

Where to get it: the Zepp or Zepp Life app, Profile, Settings, About, Exercising user rights, Export data; a mail
brings an encrypted zip and its password. Unpack it with the password and give the folder: ``SLEEP/SLEEP_….csv``.

What is odd: one row a night, in minutes: ``deepSleepTime``, ``shallowSleepTime`` (light), ``REMTime`` and
``wakeTime``. Together they are the time from ``start`` to ``stop``, so wake is inside and REM is no part of light
sleep; a row where they are more contradicts itself. ``start`` and ``stop`` are UTC, written as ``+0000`` wherever
the clock stood, in older exports as seconds since 1970: the home zone is needed. ``date`` is a label. A date without
sleep has a row of zeros too, whose ``stop`` is its ``start``: that is no record, and never 0. A device that knows no
REM writes 0 there, and older exports have no such column.

What cannot be trusted: when the person was awake. It has a sum but no times, and may lie before the first sleep, so
latency, wake after sleep onset and wake episodes are missing. ``naps`` are times without minutes of sleep, in some
exports those of another year: naps near the row's night are listed without numbers, all others counted in a note.
``SLEEP_MINUTE``, the stages by minute, is not read: its dates are a day late in some exports and not in others.

Source: independent readers of the file (alexshibu1/healthOS, MVFofanov/mifit_analyzer, santos-sanz/zepp-viewer)
and single rows that others print. Never checked on a real file.
"""

import re
from collections.abc import Iterator, Sequence
from contextlib import suppress
from datetime import date, datetime, timedelta
from typing import Annotated
from zoneinfo import ZoneInfo

import msgspec

from n1trial.data.episodes import Moment, SleepEpisode, TimeBasis, clock_change
from n1trial.data.flags import Flag
from n1trial.data.importers._archive import printable, refusing
from n1trial.data.importers._damaged import whole_records
from n1trial.data.importers._intervals import moment_at
from n1trial.data.importers._notes import Note
from n1trial.data.importers._records import (
    Label,
    Minutes,
    bounded,
    column_names,
    convert_row,
    decode_json,
    named_cells,
    plausible_wall,
    read_cells,
)
from n1trial.data.importers._source import Member, Source
from n1trial.data.not_used import NotUsed
from n1trial.errors import ExportError, HomeZoneError

DEVICE = "Zepp"
LOOKS_FOR = "SLEEP_….csv of Zepp, Amazfit or Mi Fit"
WORDS: tuple[bytes, ...] = (b"deepSleepTime", b"shallowSleepTime", b"REMTime", b"wakeTime", b"lastSyncTime")
FOLDERS: tuple[str, ...] = ()
VERIFIED = False
VERIFIED_ON = "independent readers of the file and single rows that they print; no real file was seen"

_NAMES = re.compile(r"sleep[^a-z]*\.csv")
_LOOSE = re.compile(r".*\.csv")
_MARKS = (b"deepSleepTime", b"shallowSleepTime", b"start", b"stop")
_BY_MINUTE = re.compile(r"sleep_minute.*\.csv")
# Each of four sums is rounded to a minute.
_ROUNDING_MIN = 2
_UNMEASURED_FLAG_MIN = 5
_NAPS_LIMIT = 100
_NAP_WITHIN = timedelta(days=1)


class _Night(msgspec.Struct):
    start: Label
    stop: Label
    deep: Minutes | None = msgspec.field(name="deepSleepTime", default=None)
    light: Minutes | None = msgspec.field(name="shallowSleepTime", default=None)
    rem: Minutes | None = msgspec.field(name="REMTime", default=None)
    wake: Minutes | None = msgspec.field(name="wakeTime", default=None)
    date: Label | None = None
    naps: str | None = None


class _Nap(msgspec.Struct):
    start: Label
    end: Label | None = None
    stop: Label | None = None


_READ_NAPS = msgspec.json.Decoder(Annotated[list[_Nap], msgspec.Meta(max_length=_NAPS_LIMIT)])


def recognises(source: Source) -> bool:
    """Whether the source holds a table of nights of Zepp: by its columns."""
    return any(_members(source))


def read(source: Source, *, home_zone: ZoneInfo | None) -> Iterator[SleepEpisode]:
    """Read every night and nap of the source; `home_zone` is needed, because times are UTC."""
    for member in _members(source):
        yield from _nights(source, member, home_zone)
    for member in source.named(_BY_MINUTE):
        source.note(
            Note(
                f"{member.where}: stages by minute are not read, because their dates are a day late in some exports:"
                " nights have sums, and no counts of wakes"
            )
        )


def _members(source: Source) -> Iterator[Member]:
    for member in source.named(_NAMES, given=_LOOSE):
        if source.mentions(member, *_MARKS, within=4096):
            yield member


def _nights(source: Source, member: Member, home_zone: ZoneInfo | None) -> Iterator[SleepEpisode]:
    rem_measured = _measures_rem(source, member)
    lines = read_cells(source, member)
    place, first = next(lines, (member.where, []))
    header = column_names(first, place)
    unread = 0

    def sleeps(where: str, cells: Sequence[str]) -> Iterator[SleepEpisode]:
        nonlocal unread
        night = convert_row(named_cells(header, cells, where), _Night, where)
        main = _episode(night, member, where, home_zone, rem_measured=rem_measured)
        naps, lost = _naps(night, member, where, home_zone)
        unread += lost
        yield from ([main] if main else [])
        yield from naps

    def began(where: str, cells: Sequence[str]) -> Moment:
        return _moment(cells[header.index("start")].strip(), home_zone, where)

    yield from whole_records(bounded(lines, member.where), sleeps, source=source, member=member, began=began)
    if unread:
        source.note(
            Note(
                f"{member.where}: {unread} of its naps cannot be listed (unreadable times, or another date): their"
                " sleep counts for nothing"
            )
        )


def _measures_rem(source: Source, member: Member) -> bool:
    """Whether any night has REM: a device that knows none writes 0."""
    lines = read_cells(source, member)
    _, first = next(lines, (member.where, []))
    header = [name.strip() for name in first]
    if "REMTime" not in header:
        return False
    at = header.index("REMTime")
    return any(len(cells) > at and bool(cells[at].strip(" 0.")) for _, cells in lines)


def _episode(
    night: _Night, member: Member, where: str, home_zone: ZoneInfo | None, *, rem_measured: bool
) -> SleepEpisode | None:
    minutes = (night.deep, night.light, night.rem, night.wake)
    if night.start == night.stop and not any(minutes):
        return None
    start, end = (_moment(text, home_zone, where) for text in (night.start, night.stop))
    span_min = end.minutes_since(start)
    tst_min = None
    if night.deep is not None and night.light is not None:
        tst_min = night.deep + night.light + (night.rem or 0)
    unmeasured_min = span_min - (tst_min or 0) - (night.wake or 0)
    missing = (
        NotUsed.IMPLAUSIBLE
        if unmeasured_min < -_ROUNDING_MIN
        else NotUsed.NO
        if tst_min
        else NotUsed.UNSTAGED
    )
    label = None
    with suppress(ValueError):
        label = date.fromisoformat(night.date or "")
    return SleepEpisode(
        source="zepp",
        source_file=member.where,
        record_id=start.instant.isoformat(),
        start=start,
        end=end,
        time_basis=_basis(night.start),
        tib_min=span_min,
        tst_min=None if missing else tst_min,
        deep_min=None if missing else night.deep,
        light_min=None if missing else night.light,
        rem_min=night.rem if rem_measured and not missing else None,
        vendor_date=label,
        missing=missing,
        device=DEVICE,
        flags=(
            *(() if rem_measured else (Flag("no_rem"),)),
            *(
                (Flag("unmeasured_min", f"{unmeasured_min:.10g}"),)
                if not missing and unmeasured_min >= _UNMEASURED_FLAG_MIN
                else ()
            ),
            *clock_change(start, end),
        ),
    )


def _naps(
    night: _Night, member: Member, where: str, home_zone: ZoneInfo | None
) -> tuple[list[SleepEpisode], int]:
    """Naps of a row, and how many of them cannot be listed."""
    if night.naps is None:
        return [], 0
    try:
        naps = decode_json(night.naps.encode(errors="replace"), _READ_NAPS, where)
    except ExportError:
        return [], 1
    sleep_start, sleep_end = (_moment(text, home_zone, where) for text in (night.start, night.stop))
    listed = []
    for nap in naps:
        try:
            start = _moment(nap.start, home_zone, where)
            end = _moment(nap.end or nap.stop or "", home_zone, where)
        except HomeZoneError:
            raise
        except ExportError:
            continue
        is_outside_the_night = start.instant >= sleep_end.instant or end.instant <= sleep_start.instant
        if is_outside_the_night and abs(start.instant - sleep_end.instant) <= _NAP_WITHIN:
            listed.append(
                SleepEpisode(
                    source="zepp",
                    source_file=member.where,
                    record_id=f"nap {start.instant.isoformat()}",
                    start=start,
                    end=end,
                    time_basis=_basis(nap.start),
                    tib_min=end.minutes_since(start),
                    vendor_nap=True,
                    missing=NotUsed.UNSTAGED,
                    device=DEVICE,
                    flags=clock_change(start, end),
                )
            )
    return listed, len(naps) - len(listed)


def _moment(text: str, home_zone: ZoneInfo | None, where: str) -> Moment:
    """Read ``2025-03-04 22:00:00+0000`` or seconds since 1970, both UTC, on the clock at home."""
    with refusing(where):
        stamp = int(text) * 1000 if text.isdigit() else datetime.fromisoformat(text)
    if isinstance(stamp, datetime):
        offset = stamp.utcoffset()
        if offset is None:
            raise ExportError(
                f"sleep at {printable(text)} has no UTC offset", place=where, remedy="export again"
            )
        if offset:
            return Moment(plausible_wall(stamp.replace(tzinfo=None), where), offset)
    if home_zone is None:
        raise HomeZoneError(
            "times are UTC, not those of a clock at home", place=where, remedy="give --home-zone"
        )
    return moment_at(stamp, home_zone, where)


def _basis(text: str) -> TimeBasis:
    return "utc_no_offset" if text.isdigit() or text.endswith(("+0000", "+00:00", "Z")) else "utc+offset"
