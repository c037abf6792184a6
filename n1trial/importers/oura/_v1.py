"""Oura's Cloud API v1, to 2024: ``{"sleep": […], "activity": […], "readiness": […]}`` with other field names.

``summary_date`` is the date of waking minus one, so usually our night, but only a label. Phases are of 5 minutes.

Source: Oura Cloud API v1 reference. Verified on real files of one person, 171 periods.
"""

import re
from collections.abc import Iterator, Sequence
from zoneinfo import ZoneInfo

import msgspec

from n1trial.episodes import SleepEpisode, clock_change
from n1trial.importers._records import Count, Label, Seconds, decode_records
from n1trial.importers._source import Member, Source
from n1trial.importers.oura._json import json_records
from n1trial.importers.oura._periods import minutes, read_label, read_moment, with_phases

LAYOUT = "the JSON of Oura's Cloud API v1"

_NAMES = re.compile(r"oura[^/]*\.json|sleep\.json")
_JSON = re.compile(r".*\.json")
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


_READ_PERIOD = msgspec.json.Decoder(_Period)


def members(source: Source) -> list[Member]:
    """Files of this layout: by name and by the names of their fields."""
    return [member for member in source.named(_NAMES, given=_JSON) if source.mentions(member, *_MARKS)]


def read(source: Source, members: Sequence[Member], *, home_zone: ZoneInfo | None) -> Iterator[SleepEpisode]:
    """Read every period of the members."""
    for member in members:
        for where, period in decode_records(json_records(source, member), _READ_PERIOD, member):
            yield _episode(period, member=member, where=where, home_zone=home_zone)


def _episode(period: _Period, *, member: Member, where: str, home_zone: ZoneInfo | None) -> SleepEpisode:
    start, basis = read_moment(period.bedtime_start, where=where, home_zone=home_zone)
    end, _ = read_moment(period.bedtime_end, where=where, home_zone=home_zone)
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
        missing="" if period.total is not None else "unstaged",
        device="Oura",
        flags=(*date_flags, *clock_change(start, end)),
    )
    return with_phases(episode, period.hypnogram_5min or "", resolution_s=_PHASE_S)
