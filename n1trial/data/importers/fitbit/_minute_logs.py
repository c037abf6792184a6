"""Sleep logs of the first Web API: a JSON answer with one value a minute.

``minuteData`` holds ``HH:MM:SS`` and ``1`` asleep, ``2`` restless, ``3`` awake. As in classic logs of the later
API restless is neither sleep nor wake, and the minutes before and after sleep stand beside ``minutesAwake``.
``awakeCount`` counts wakes; ``awakeningsCount`` counts restless minutes with them.

Source: Fitbit Web API "Get Sleep Logs by Date", version 1. Not verified on a real file.
"""

import re
from collections.abc import Iterator, Sequence
from datetime import date, datetime, timedelta
from typing import Annotated
from zoneinfo import ZoneInfo

import msgspec

from n1trial.data.episodes import ASLEEP, AWAKE, RESTLESS, UNPAINTED, Moment, SleepEpisode, clock_change
from n1trial.data.flags import Flag
from n1trial.data.importers._hypnogram import hole_flags, with_hypnogram
from n1trial.data.importers._notes import unverified
from n1trial.data.importers._records import Count, Label, Minutes, decode_record, plausible_wall
from n1trial.data.importers._source import Member, Source
from n1trial.data.importers.fitbit._content import json_members
from n1trial.data.importers.fitbit._logs import one_by_one
from n1trial.data.not_used import NotUsed
from n1trial.errors import ExportError

LAYOUT = "the JSON of the Fitbit Web API v1"

_RESOLUTION_S = 60
_HOUR_MIN, _DAY_MIN = 60, 1440
_LETTERS = {"1": ASLEEP, "2": RESTLESS, "3": AWAKE}
_CLOCK = re.compile(r"([01]\d|2[0-3]):([0-5]\d):[0-5]\d")
_LOCAL = msgspec.Meta(tz=False)


class _Minute(msgspec.Struct, rename="camel", gc=False):
    date_time: Label
    value: Label | int


class _MinuteLog(msgspec.Struct, rename="camel"):
    log_id: int | Label
    start_time: Annotated[datetime, _LOCAL]
    minute_data: Annotated[list[_Minute], msgspec.Meta(max_length=2 * _DAY_MIN)] = []
    end_time: Annotated[datetime, _LOCAL] | None = None
    date_of_sleep: date | None = None
    minutes_asleep: Minutes | None = None
    minutes_awake: Minutes | None = None
    minutes_to_fall_asleep: Minutes = 0
    minutes_after_wakeup: Minutes = 0
    time_in_bed: Minutes | None = None
    awake_count: Count | None = None
    is_main_sleep: bool | None = None


_READ_LOG = msgspec.json.Decoder(_MinuteLog)


def members(source: Source) -> list[Member]:
    """Files of this layout."""
    return json_members(source, "minutes")


def read(source: Source, members: Sequence[Member], *, home_zone: ZoneInfo | None) -> Iterator[SleepEpisode]:
    """Read every log of the members; `home_zone` gives the local times their offset."""
    source.note(unverified(members[0].where, LAYOUT, ",".join(_MinuteLog.__struct_encode_fields__)))
    for member in members:

        def build(where: str, record: msgspec.Raw, member: Member = member) -> list[SleepEpisode]:
            log = decode_record(record, _READ_LOG, where)
            return [_episode(log, member=member, where=where, home_zone=home_zone)]

        yield from one_by_one(source, member, build, home_zone=home_zone)


def _episode(log: _MinuteLog, *, member: Member, where: str, home_zone: ZoneInfo | None) -> SleepEpisode:
    in_bed_min = len(log.minute_data) if log.time_in_bed is None else log.time_in_bed
    start_wall = plausible_wall(log.start_time, where)
    end_wall = plausible_wall(log.end_time or start_wall + timedelta(minutes=in_bed_min), where)
    start, end = (Moment.in_zone(wall, home_zone) for wall in (start_wall, end_wall))
    tib_min = None
    if log.minutes_asleep is not None and log.minutes_awake is not None:
        tib_min = (
            log.minutes_asleep + log.minutes_awake + log.minutes_to_fall_asleep + log.minutes_after_wakeup
        )
    epochs = _paint(log.minute_data, where)
    episode = SleepEpisode(
        source="fitbit",
        source_file=member.where,
        record_id=str(log.log_id),
        start=start,
        end=end,
        time_basis="naive_local",
        tib_min=tib_min,
        tst_min=log.minutes_asleep,
        vendor_date=log.date_of_sleep,
        vendor_main=log.is_main_sleep,
        vendor_awakenings=log.awake_count,
        missing=NotUsed.NO if log.minutes_asleep is not None else NotUsed.UNSCORED,
        device="Fitbit",
        flags=(Flag("classic"), *hole_flags(epochs, resolution_s=_RESOLUTION_S), *clock_change(start, end)),
    )
    return with_hypnogram(episode, epochs, resolution_s=_RESOLUTION_S) if epochs else episode


def _paint(minutes: Sequence[_Minute], where: str) -> str:
    """One letter a minute from the first on; the clock starts again at midnight, and repeats an hour in autumn."""
    grid: list[str] = []
    first = repeated = 0
    for minute in minutes:
        clock = _CLOCK.fullmatch(minute.date_time)
        if clock is None:
            raise ExportError(
                "minuteData without a clock time", place=where, remedy="download the export again"
            )
        since_midnight = 60 * int(clock[1]) + int(clock[2])
        if not grid:
            first = since_midnight
        at = (since_midnight - first) % _DAY_MIN + repeated
        if at == len(grid) - _HOUR_MIN:
            repeated = _HOUR_MIN
            at += repeated
        if at < len(grid):
            raise ExportError("minuteData out of order", place=where, remedy="download the export again")
        grid += [UNPAINTED] * (at - len(grid)) + [_LETTERS.get(str(minute.value), UNPAINTED)]
    return "".join(grid)
