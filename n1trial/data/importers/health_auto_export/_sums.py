"""One sleep as Health Auto Export sums it up: its times, and minutes of what may be 0 because it was not recorded."""

from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, date, datetime
from typing import Annotated

import msgspec
from msgspec.structs import replace

from n1trial.data.episodes import Moment, SleepEpisode, clock_change
from n1trial.data.importers._health_sleeps import device_name, source_id
from n1trial.data.importers._intervals import moment_at
from n1trial.data.importers._records import Label
from n1trial.data.importers._source import Member
from n1trial.data.not_used import NotUsed
from n1trial.errors import ExportError

DEVICE = "Health Auto Export"
LAYOUT = "sums"
_DAY_MIN = 24 * 60
_ROUNDING_MIN = 1

_Amount = Annotated[float, msgspec.Meta(ge=0, le=86_400)]
_Window = tuple[Moment, Moment]
_ReadTime = Callable[[str, str], datetime]


class Times(msgspec.Struct, rename="camel"):
    """When a record of either form was."""

    start_date: Label | None = None
    end_date: Label | None = None
    start: Label | None = None
    end: Label | None = None
    sleep_start: Label | None = None
    sleep_end: Label | None = None
    in_bed_start: Label | None = None
    in_bed_end: Label | None = None
    date: Label | None = None


class Entry(Times, rename="camel"):
    """A record of either form: a stage has a `value`, a sum has minutes or hours."""

    value: Label | float | None = None
    source: str | None = None
    sleep_source: str | None = None
    in_bed_source: str | None = None
    total_sleep: _Amount | None = None
    asleep: _Amount | None = None
    core: _Amount | None = None
    deep: _Amount | None = None
    rem: _Amount | None = None
    in_bed: _Amount | None = None


def summed_sleep(
    entry: Entry, scale: float, member: Member, where: str, read_time: _ReadTime
) -> SleepEpisode:
    """Read one sum; `scale` turns its durations into minutes.

    Raises
    ------
    ExportError
        It has no times, or its sums contradict each other.
    """
    asleep, in_bed = (
        _window(first, last, where, read_time)
        for first, last in (
            (entry.sleep_start, entry.sleep_end),
            (entry.in_bed_start, entry.in_bed_end),
        )
    )
    sources = {name for name in (entry.sleep_source, entry.in_bed_source) if name}
    window = asleep if asleep and (len(sources) > 1 or not _holds(in_bed, asleep)) else in_bed
    if window is None:
        raise ExportError(
            "the sleep has no beginning and end", place=where, remedy="export Sleep Analysis again"
        )
    start, end = window
    span_min = end.minutes_since(start)
    tst_min, by_stage = _slept(entry, scale, span_min, where)
    bed_min = scale * (entry.in_bed or 0)
    name = entry.source or entry.sleep_source or ""
    app = source_id(name)
    episode = SleepEpisode(
        source="health_auto_export",
        source_file=member.where,
        record_id=f"{app}/{LAYOUT}/{(asleep or window)[0].instant.isoformat()}",
        start=start,
        end=end,
        time_basis="utc+offset",
        layout=LAYOUT,
        app=app,
        # The time in bed of a phone can be less than the sleep of a watch, and more than the record.
        tib_min=bed_min if tst_min <= bed_min <= span_min + _ROUNDING_MIN else span_min,
        tst_min=tst_min or None,
        vendor_date=_day(entry.date),
        missing=NotUsed.NO if tst_min else NotUsed.IN_BED_ONLY if bed_min or not asleep else NotUsed.UNSCORED,
        device=device_name(name, "", DEVICE),
        flags=clock_change(start, end),
    )
    return replace(episode, **by_stage)


def moment_of(time: datetime, where: str) -> Moment:
    """Read a time on the clock of its own offset."""
    return moment_at(time, time.tzinfo or UTC, where)


def _slept(entry: Entry, scale: float, span_min: float, where: str) -> tuple[float, dict[str, float]]:
    """Total sleep time, 0 where none was recorded, and the stages where they are all of it."""
    total, asleep, deep, light, rem = (
        scale * (amount or 0)
        for amount in (entry.total_sleep, entry.asleep, entry.deep, entry.core, entry.rem)
    )
    staged = deep + light + rem
    if not total:
        total = asleep + staged
        # Older versions have no total: asleep beside stages is what has no stage, or the sum of all.
        if asleep and staged and asleep > staged - _ROUNDING_MIN:
            if total <= span_min + _ROUNDING_MIN:
                raise ExportError(
                    f"asleep {asleep:g} min can be beside the stages or their sum",
                    place=where,
                    remedy="update the app",
                )
            total = asleep
    if total > _DAY_MIN:
        raise ExportError(f"a sleep of {total:g} min", place=where, remedy="export it again")
    complete = staged > 0 and abs(total - staged) <= _ROUNDING_MIN
    return total, {"deep_min": deep, "light_min": light, "rem_min": rem} if complete else {}


def _holds(in_bed: _Window | None, asleep: _Window) -> bool:
    return (
        in_bed is not None
        and asleep[0].minutes_since(in_bed[0]) >= -_ROUNDING_MIN
        and in_bed[1].minutes_since(asleep[1]) >= -_ROUNDING_MIN
    )


def _window(start: str | None, end: str | None, where: str, read_time: _ReadTime) -> _Window | None:
    if not start or not end:
        return None
    return moment_of(read_time(start, where), where), moment_of(read_time(end, where), where)


def _day(text: str | None) -> date | None:
    with suppress(ValueError):
        return date.fromisoformat((text or "")[:10])
    return None
