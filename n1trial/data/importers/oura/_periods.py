"""Sleep periods of Oura under the names of API v2, in JSON or as rows of a table.

``sleep`` does not mean nap: it is also the short half of a broken night, while ``late_nap`` is a nap. A period without
``type`` is short, unconfirmed and no sleep, like ``rest`` and ``deleted``. ``awake_time`` includes falling asleep and
lying awake at the end, so wake after sleep onset comes from the phases. Periods are cut at exactly 15 h. A spreadsheet
turns phases into ``4.2E+40`` and ``day`` into M/D/YYYY.

Vital signs of the period: ``average_hrv`` is the mean of 5-minute RMSSDs, ms; ``lowest_heart_rate`` and
``average_heart_rate``, beats a minute; ``average_breath``, breaths a minute (the API's own document says *a second*,
its numbers are 12 to 20); ``temperature_deviation`` of ``readiness``, degrees Celsius against the person's long-term
baseline, which is of the whole night and therefore the same in each period of it. 0 is not measured, but for the last.

Source: Oura API v2 OpenAPI document. Verified on real files: web CSV of three people, API v2 of two, web JSON of one.
"""

import re
from collections.abc import Iterable
from contextlib import suppress
from datetime import date, timedelta
from zoneinfo import ZoneInfo

import msgspec
from msgspec.structs import replace

from n1trial.data.episodes import ASLEEP, AWAKE, Moment, SleepEpisode, TimeBasis, clock_change
from n1trial.data.flags import Flag
from n1trial.data.importers._archive import printable
from n1trial.data.importers._clock import check_span, read_time
from n1trial.data.importers._hypnogram import with_hypnogram
from n1trial.data.importers._records import Count, Label, Seconds, plausible_wall
from n1trial.data.importers._source import Member
from n1trial.data.importers._tables import is_time
from n1trial.data.importers._vitals import Reading, with_vitals
from n1trial.data.not_used import NotUsed
from n1trial.errors import ExportError, HomeZoneError

_LETTERS = str.maketrans({"1": ASLEEP, "2": ASLEEP, "3": ASLEEP, "4": AWAKE})
_PHASES = re.compile("[1-4]+")
_SLEEP_TYPES = frozenset({"long_sleep", "sleep", "late_nap"})
_NO_SLEEP = {"rest": NotUsed.REST, "deleted": NotUsed.DELETED}
_PERIOD_CAP_FLAG_MIN = 14 * 60
# In a cell ``readiness`` is JSON, or what Python prints; both name a number in the same way.
_TEMPERATURE = re.compile(r"""["']temperature_deviation["']+\s*:\s*([^\s,}]+)\s*[,}]""")
_RESAVED_DATE = re.compile(r"(\d{1,2})[/.](\d{1,2})[/.](\d{4}|\d\d)")


class Readiness(msgspec.Struct):
    """What is read of the readiness that Oura writes into a period."""

    temperature_deviation: Reading = None


class Period(msgspec.Struct):
    """What is read of a sleep period; durations in seconds."""

    bedtime_start: Label
    bedtime_end: Label
    id: Label | int | None = None
    day: Label | None = None
    type: Label | None = None
    total_sleep_duration: Seconds | None = None
    awake_time: Seconds | None = None
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
    average_hrv: Reading = None
    lowest_heart_rate: Reading = None
    average_heart_rate: Reading = None
    average_breath: Reading = None
    readiness: Readiness | str | None = None
    readiness_temperature_deviation: Reading = None


def period_episode(period: Period, *, member: Member, where: str, home_zone: ZoneInfo | None) -> SleepEpisode:
    """Turn a period into a sleep episode; `home_zone` serves only times that lost their offset."""
    start, basis = read_moment(period.bedtime_start, where=where, home_zone=home_zone)
    end, _ = read_moment(period.bedtime_end, where=where, home_zone=home_zone)
    check_span(start, end, where)
    phases, resolution_s = (
        (period.sleep_phase_30_sec, 30)
        if period.sleep_phase_30_sec
        else (period.sleep_phase_5_min or "", 300)
    )
    tib_min = minutes(period.time_in_bed)
    if tib_min is None:
        tib_min = end.minutes_since(start)
    vendor_date, date_flags = read_label(period.day, end)
    episode = SleepEpisode(
        source="oura",
        source_file=member.where,
        record_id=str(period.id or f"{start.isoformat()}/{end.isoformat()}"),
        start=start,
        end=end,
        time_basis=basis,
        tib_min=tib_min,
        tst_min=minutes(period.total_sleep_duration),
        sol_min=minutes(period.latency),
        deep_min=minutes(period.deep_sleep_duration),
        light_min=minutes(period.light_sleep_duration),
        rem_min=minutes(period.rem_sleep_duration),
        vendor_date=vendor_date,
        vendor_nap=period.type == "late_nap",
        vendor_awakenings=period.wake_ups,
        not_used=_rejection(period.type, where),
        missing=NotUsed.NO if period.total_sleep_duration is not None else NotUsed.UNSTAGED,
        algorithm=printable(period.sleep_algorithm_version or ""),
        device=f"Oura {printable(period.ring_id)}" if period.ring_id else "Oura",
        flags=(
            *((Flag("period_cap"),) if tib_min >= _PERIOD_CAP_FLAG_MIN else ()),
            *((Flag("low_battery"),) if period.low_battery_alert else ()),
            *date_flags,
            *clock_change(start, end),
        ),
    )
    return with_vitals(
        with_phases(episode, phases, resolution_s=resolution_s),
        hrv_rmssd_ms=period.average_hrv,
        heart_rate_min_bpm=period.lowest_heart_rate,
        heart_rate_mean_bpm=period.average_heart_rate,
        respiratory_rate_rpm=period.average_breath,
        skin_temp_deviation_c=_temperature(period),
    )


def began_at(texts: Iterable[str], *, home_zone: ZoneInfo | None) -> Moment | None:
    """When a damaged period began: the first of the texts that is a time."""
    text = next((text for text in texts if is_time(text)), None)
    return None if text is None else read_moment(text, where="", home_zone=home_zone)[0]


def with_phases(episode: SleepEpisode, phases: str, *, resolution_s: int) -> SleepEpisode:
    """Return an episode with the wake of its phases: 1 deep, 2 light, 3 REM, 4 awake.

    Phases that a spreadsheet rounded give no counts, and a flag; those of a period without sleep time none.
    """
    if not phases:
        return episode
    if not _PHASES.fullmatch(phases):
        return replace(episode, flags=(Flag("hypnogram_corrupt"), *episode.flags))
    if episode.tst_min is None:
        return episode
    return with_hypnogram(episode, phases.translate(_LETTERS), resolution_s=resolution_s, latency=False)


def read_moment(text: str, *, where: str, home_zone: ZoneInfo | None) -> tuple[Moment, TimeBasis]:
    """Read a time with its offset, or on the clock of the home zone when the offset was lost."""
    stamp = read_time(text, where)
    wall = plausible_wall(stamp.replace(tzinfo=None, microsecond=0), where)
    offset = stamp.utcoffset()
    if offset is not None:
        return Moment(wall, offset), "utc+offset"
    if home_zone is None:
        raise HomeZoneError(
            f"sleep at {printable(text)} has no UTC offset",
            place=where,
            remedy="export again, or give --home-zone",
        )
    return Moment.in_zone(wall, home_zone), "naive_local"


def read_label(text: str | None, end: Moment) -> tuple[date | None, tuple[Flag, ...]]:
    """Oura's label; where a spreadsheet rewrote it, the end of sleep tells day and month apart."""
    if text is None:
        return None, ()
    try:
        return date.fromisoformat(text), ()
    except ValueError:
        numbers = _RESAVED_DATE.fullmatch(text)
    if numbers:
        first, second, year = map(int, numbers.groups())
        for month, day in ((first, second), (second, first)):
            with suppress(ValueError):
                label = date(year if year > 99 else 2000 + year, month, day)
                if timedelta(0) <= label - end.wall.date() <= timedelta(days=1):
                    return label, (Flag("excel_date"),)
    return None, (Flag("day_unreadable"),)


def _temperature(period: Period) -> Reading:
    match period.readiness:
        case Readiness(temperature_deviation=deviation):
            return deviation
        case str(text):
            written = _TEMPERATURE.findall(text)
            return written[0] if len(written) == 1 and written[0] not in ("null", "None") else None
    return period.readiness_temperature_deviation


def _rejection(kind: str | None, where: str) -> NotUsed:
    if kind in _SLEEP_TYPES:
        return NotUsed.NO
    if kind is None:
        return NotUsed.UNCONFIRMED
    if kind not in _NO_SLEEP:
        raise ExportError(
            f"a period of an unknown type ({printable(kind)})",
            place=where,
            remedy="download the export again",
        )
    return _NO_SLEEP[kind]


def minutes(seconds: float | None) -> float | None:
    """Minutes of seconds, where they are known."""
    return None if seconds is None else seconds / 60
