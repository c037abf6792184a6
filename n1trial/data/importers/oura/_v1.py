"""Oura's Cloud API v1, to 2024: ``{"sleep": […], "activity": […], "readiness": […]}`` with other field names.

``summary_date`` is the date of waking minus one, so usually our night, but only a label. Phases are of 5 minutes.
Vital signs: ``rmssd``, ms; ``hr_lowest`` and ``hr_average``, beats a minute; ``breath_average``, breaths a minute;
``temperature_delta``, degrees Celsius against the person's long-term baseline.

Source: Oura Cloud API v1 reference. Verified on real files of one person, 171 periods.
"""

from collections.abc import Iterator, Sequence
from functools import partial
from zoneinfo import ZoneInfo

import msgspec

from n1trial.data.episodes import SleepEpisode, clock_change
from n1trial.data.importers._clock import check_span
from n1trial.data.importers._records import Count, Label, Seconds, decode_record
from n1trial.data.importers._source import Member, Source
from n1trial.data.importers._vitals import Reading, with_vitals
from n1trial.data.importers.oura._json import json_members, whole_json
from n1trial.data.importers.oura._periods import minutes, read_label, read_moment, with_phases
from n1trial.data.not_used import NotUsed

LAYOUT = "the JSON of Oura's Cloud API v1"

_MARKS = (b"bedtime_start", b"summary_date", b"onset_latency")
_PHASE_S = 300


class _Period(msgspec.Struct):
    bedtime_start: Label
    bedtime_end: Label
    summary_date: Label
    period_id: Count = 0
    total: Seconds | None = None
    duration: Seconds | None = None
    onset_latency: Seconds | None = None
    deep: Seconds | None = None
    light: Seconds | None = None
    rem: Seconds | None = None
    hypnogram_5min: str | None = None
    rmssd: Reading = None
    hr_lowest: Reading = None
    hr_average: Reading = None
    breath_average: Reading = None
    temperature_delta: Reading = None


_READ_PERIOD = msgspec.json.Decoder(_Period)


def members(source: Source) -> list[Member]:
    """Files of this layout: JSON, by the names of its fields."""
    return json_members(source, _MARKS)


def read(source: Source, members: Sequence[Member], *, home_zone: ZoneInfo | None) -> Iterator[SleepEpisode]:
    """Read every period of the members."""
    for member in members:
        build = partial(_episodes, member=member, home_zone=home_zone)
        yield from whole_json(source, member, build, home_zone=home_zone)


def _episodes(
    where: str, record: msgspec.Raw, *, member: Member, home_zone: ZoneInfo | None
) -> Iterator[SleepEpisode]:
    period = decode_record(record, _READ_PERIOD, where)
    start, basis = read_moment(period.bedtime_start, where=where, home_zone=home_zone)
    end, _ = read_moment(period.bedtime_end, where=where, home_zone=home_zone)
    check_span(start, end, where)
    vendor_date, date_flags = read_label(period.summary_date, end)
    tib_min = minutes(period.duration)
    episode = SleepEpisode(
        source="oura",
        source_file=member.where,
        record_id=f"{period.summary_date}/{period.period_id}",
        start=start,
        end=end,
        time_basis=basis,
        tib_min=end.minutes_since(start) if tib_min is None else tib_min,
        tst_min=minutes(period.total),
        sol_min=minutes(period.onset_latency),
        deep_min=minutes(period.deep),
        light_min=minutes(period.light),
        rem_min=minutes(period.rem),
        vendor_date=vendor_date,
        missing=NotUsed.NO if period.total is not None else NotUsed.UNSTAGED,
        device="Oura",
        flags=(*date_flags, *clock_change(start, end)),
    )
    yield with_vitals(
        with_phases(episode, period.hypnogram_5min or "", resolution_s=_PHASE_S),
        hrv_rmssd_ms=period.rmssd,
        heart_rate_min_bpm=period.hr_lowest,
        heart_rate_mean_bpm=period.hr_average,
        respiratory_rate_rpm=period.breath_average,
        skin_temp_deviation_c=period.temperature_delta,
    )
