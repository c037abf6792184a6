"""Oura: the sleep periods of Oura on the Web (CSV, JSON) and of the API v2 (JSON).

Where to get it: cloud.ouraring.com, Trends, export "Sleep" as CSV or everything as JSON; or an answer of
``/v2/usercollection/sleep`` saved as it came. A table of the API that pandas wrote is read as well.

What is odd: a third to a half of the rows of a web CSV have no ``type``. They are short, unconfirmed periods
and no sleep, like ``rest`` and ``deleted``. ``sleep`` does not mean nap: it is also the short half of a
broken night, while ``late_nap`` is a nap. ``awake_time`` includes falling asleep and lying awake at the end,
so wake after sleep onset comes from the phases. Periods are cut at exactly 15 h. A spreadsheet turns phases
into ``4.2E+40`` and ``day`` into M/D/YYYY.

What cannot be trusted: ``restless_periods`` counts movements, hundreds a night. The 5-minute phases hide nine
of ten short wakes that the 30-second phases show, so counts of the two must not be mixed. ``day`` is the date
of waking, and the day after for a period that ends after 18:00: a label, not the night.

Source: Oura API v2 OpenAPI document. Verified on real files: web CSV of three people, API v2 of two,
web JSON of one.
"""

import re
from codecs import BOM_UTF8
from collections.abc import Iterator, Sequence
from contextlib import suppress
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import msgspec

from n1trial.episodes import ASLEEP, AWAKE, Moment, SleepEpisode, TimeBasis, clock_change, wake_structure
from n1trial.errors import ExportError
from n1trial.importers._archive import printable, refusing
from n1trial.importers._records import (
    Count,
    Label,
    Seconds,
    convert_row,
    decode_json,
    decode_records,
    plausible_wall,
    read_json,
    read_rows,
)
from n1trial.importers._source import Member, Source

DEVICE = "Oura"
LOOKS_FOR = "oura_sleep_….csv, oura_….json or sleep.json of Oura"

_NAMES = re.compile(r"oura[^/]*\.(json|csv)|sleep\.json")
_LOOSE = re.compile(r".*\.(json|csv)")
_COLUMNS = (b"bedtime_start", b"bedtime_end", b"total_sleep_duration")
_HEADER_SIZE = 8192
_LETTERS = str.maketrans({"1": ASLEEP, "2": ASLEEP, "3": ASLEEP, "4": AWAKE})
_PHASES = re.compile("[1-4]+")
_SLEEP_TYPES = frozenset({"long_sleep", "sleep", "late_nap"})
_PERIOD_CAP_FLAG_MIN = 14 * 60


class _Period(msgspec.Struct):
    bedtime_start: Label
    bedtime_end: Label
    id: Label | int | None = None
    day: Label | None = None
    type: Label | None = None
    total_sleep_duration: Seconds | None = None
    time_in_bed: Seconds | None = None
    latency: Seconds | None = None
    deep_sleep_duration: Seconds | None = None
    light_sleep_duration: Seconds | None = None
    rem_sleep_duration: Seconds | None = None
    sleep_phase_30_sec: str | None = None
    sleep_phase_5_min: str | None = None
    wake_ups: Count | None = None
    ring_id: Label | None = None
    sleep_algorithm_version: Label | None = None
    low_battery_alert: bool | None = None


class _Data(msgspec.Struct):
    data: list[msgspec.Raw]


class _Page(msgspec.Struct):
    data: list[msgspec.Raw] | None = None
    sleep: list[msgspec.Raw] | _Data | None = None


_READ_PERIOD = msgspec.json.Decoder(_Period)
_READ_LIST: msgspec.json.Decoder[Sequence[msgspec.Raw]] = msgspec.json.Decoder(list[msgspec.Raw])
_READ_PAGE = msgspec.json.Decoder(_Page)


def recognises(source: Source) -> bool:
    """Whether the source holds Oura sleep periods: by name and by the names of its fields."""
    return any(_members(source))


def read(source: Source, *, home_zone: ZoneInfo | None) -> Iterator[SleepEpisode]:
    """Read every sleep period of the source; `home_zone` serves only times that lost their offset."""
    members = list(_members(source))
    tables = [member for member in members if member.base_name.endswith(".csv")]
    if tables and len(tables) < len(members):
        other = next(member for member in members if member not in tables)
        raise ExportError(
            f"{tables[0].where} and {other.where}: phases of the web CSV are coarser than those of the JSON: "
            "give only one of them"
        )
    for member in members:
        for where, period in _periods(source, member):
            yield _episode(period, member=member, where=where, home_zone=home_zone)


def _members(source: Source) -> Iterator[Member]:
    for member in source.named(_NAMES, given=_LOOSE):
        size = _HEADER_SIZE if member.base_name.endswith(".csv") else None
        if source.mentions(member, *_COLUMNS, within=size) and not _is_hub(source, member):
            yield member


def _is_hub(source: Source, member: Member) -> bool:
    # The Membership Hub writes the same columns with semicolons, and damaged rows: a layout of its own.
    return source.head(member).removeprefix(BOM_UTF8).startswith(b"id;")


def _periods(source: Source, member: Member) -> Iterator[tuple[str, _Period]]:
    if member.base_name.endswith(".csv"):
        for where, row in read_rows(source, member):
            yield where, convert_row(row, _Period, where)
        return
    content = read_json(source, member)
    if content.lstrip()[:1] == b"[":
        yield from decode_records(decode_json(content, _READ_LIST, member.where), _READ_PERIOD, member)
        return
    page = decode_json(content, _READ_PAGE, member.where)
    records = page.sleep.data if isinstance(page.sleep, _Data) else page.sleep
    if page.data is None and records is None:
        raise ExportError(f"{member.where}: has neither `data` nor `sleep`: give the file as it was exported")
    yield from decode_records(page.data or records or [], _READ_PERIOD, member)


def _episode(period: _Period, *, member: Member, where: str, home_zone: ZoneInfo | None) -> SleepEpisode:
    start, basis = _moment(period.bedtime_start, where=where, home_zone=home_zone)
    end, _ = _moment(period.bedtime_end, where=where, home_zone=home_zone)
    phases, resolution_s = (
        (period.sleep_phase_30_sec, 30)
        if period.sleep_phase_30_sec
        else (period.sleep_phase_5_min or "", 300)
    )
    corrupt = bool(phases) and not _PHASES.fullmatch(phases)
    usable = bool(phases) and not corrupt and period.total_sleep_duration is not None
    wake = wake_structure(phases.translate(_LETTERS), resolution_s=resolution_s) if usable else None
    tib_min = _minutes(period.time_in_bed)
    if tib_min is None:
        tib_min = end.minutes_since(start)
    vendor_date, date_flags = _day(period.day, end)
    return SleepEpisode(
        source="oura",
        source_file=member.where,
        record_id=str(period.id or f"{start.isoformat()}/{end.isoformat()}"),
        start=start,
        end=end,
        time_basis=basis,
        tib_min=tib_min,
        tst_min=_minutes(period.total_sleep_duration),
        sol_min=_minutes(period.latency),
        lead_min=wake.lead_min if wake else None,
        tail_min=wake.tail_min if wake else None,
        waso_min=wake.waso_min if wake else None,
        wake_runs_min=wake.wake_runs_min if wake else None,
        deep_min=_minutes(period.deep_sleep_duration),
        light_min=_minutes(period.light_sleep_duration),
        rem_min=_minutes(period.rem_sleep_duration),
        resolution_s=resolution_s if usable else None,
        vendor_date=vendor_date,
        vendor_nap=period.type == "late_nap",
        vendor_awakenings=period.wake_ups,
        not_used=_rejection(period.type),
        missing="" if period.total_sleep_duration is not None else "unstaged",
        algorithm=printable(period.sleep_algorithm_version or ""),
        device=f"{DEVICE} {printable(period.ring_id)}" if period.ring_id else DEVICE,
        flags=(
            *(("hypnogram_corrupt",) if corrupt else ()),
            *(("period_cap",) if tib_min >= _PERIOD_CAP_FLAG_MIN else ()),
            *(("low_battery",) if period.low_battery_alert else ()),
            *date_flags,
            *clock_change(start, end),
        ),
    )


def _moment(text: str, *, where: str, home_zone: ZoneInfo | None) -> tuple[Moment, TimeBasis]:
    with refusing(where):
        stamp = datetime.fromisoformat(text)
    wall = plausible_wall(stamp.replace(tzinfo=None, microsecond=0), where)
    offset = stamp.utcoffset()
    if offset is not None:
        return Moment(wall, offset), "utc+offset"
    if home_zone is None:
        raise ExportError(
            f"{where}: sleep at {printable(text)} has no UTC offset: export again, or give --home-zone"
        )
    return Moment.in_zone(wall, home_zone), "naive_local"


def _day(text: str | None, end: Moment) -> tuple[date | None, tuple[str, ...]]:
    """Oura's label; where a spreadsheet rewrote it, the end of sleep tells day and month apart."""
    if text is None:
        return None, ()
    with suppress(ValueError):
        return date.fromisoformat(text), ()
    numbers = re.fullmatch(r"(\d{1,2})[/.](\d{1,2})[/.](\d{4})", text)
    for order in ((3, 1, 2), (3, 2, 1)) if numbers else ():
        with suppress(ValueError):
            day = date(*(int(numbers[part]) for part in order)) if numbers else end.wall.date()
            if timedelta(0) <= day - end.wall.date() <= timedelta(days=1):
                return day, ("excel_date",)
    return None, ("day_unreadable",)


def _rejection(kind: str | None) -> str:
    if kind in _SLEEP_TYPES:
        return ""
    return "unconfirmed" if kind is None else printable(kind)


def _minutes(seconds: float | None) -> float | None:
    return None if seconds is None else seconds / 60
