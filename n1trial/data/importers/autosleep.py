"""AutoSleep: the table of days of the iPhone app that watches sleep with an Apple Watch.

Where to get it: the app AutoSleep, Settings, Export, History, a range of dates; ``AutoSleep-….csv`` comes.

What is odd: a row is a day, not a sleep. ``bedtime`` and ``waketime`` are local, without offset, on the clock of the
phone at the time of the export, so the home zone is needed for nights on which the clocks change. ``toDate`` is the day
of waking, and ``ISO8601`` its end, also seen as 20:59:59; both are labels only. On a day of several sleeps
(``sessions``) the minutes are the sum of all, and the two times are those of one of them, not always the longest: such
a day is missing (``several_sleeps``, at the midnight of its label), because a nap would pass for a part of the night.
Apple Health has each of them, because AutoSleep writes them there. ``fellAsleepIn`` is 0 unless the light was switched
off in the app: 0 is not known.

What cannot be trusted: ``deep`` and ``quality`` of the app's own mode come from movement and pulse and are no stages;
where the row has ``REM`` too, the app shows Apple's stages, and both are kept. There is no list of wakes: no wake
after sleep onset, no wake episodes. ``efficiency`` is computed again. ``hrv`` and ``sleepHRV`` are not said to be RMSSD
(Apple measures SDNN) and are left out.

Vitals of the row: ``sleepBPM``, the mean heart rate asleep, beats a minute; ``respAvg``, mean breaths a minute asleep.

Source: the developer's page (autosleepapp.tantsissa.com/settings/export, read 2026-11-30), and readers of the table.
Verified on one public table of one person, 48 days of 2022, in which time in bed is from bedtime to waketime on every
day of one sleep.
"""

import re
from collections.abc import Iterator
from contextlib import suppress
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import msgspec
from msgspec.structs import replace

from n1trial.data.episodes import Moment, SleepEpisode, clock_change
from n1trial.data.flags import Flag
from n1trial.data.importers._archive import printable
from n1trial.data.importers._clock_text import read_clock
from n1trial.data.importers._damaged import whole_records
from n1trial.data.importers._notes import Note
from n1trial.data.importers._records import (
    Count,
    Label,
    bounded,
    column_names,
    convert_row,
    named_cells,
    read_cells,
)
from n1trial.data.importers._source import Member, Source
from n1trial.data.not_used import NotUsed
from n1trial.errors import ExportError

DEVICE = "AutoSleep"
LOOKS_FOR = "AutoSleep-….csv of AutoSleep"
WORDS: tuple[bytes, ...] = (
    b"fellAsleepIn",
    b"waketime",
    b"asleepAvg7",
    b"sleepBPM",
    b"SpO2Avg",
    b"fromDate",
    b"wakingBPM",
)
FOLDERS: tuple[str, ...] = ()
VERIFIED = True
VERIFIED_ON = "one table of one person, 48 days"

_NAMES = re.compile(r"autosleep.*\.csv")
_LOOSE = re.compile(r".*")
_MARKS = (b"fromDate", b"waketime", b"fellAsleepIn", b"asleep")
_DURATION = re.compile(r"(\d{1,3}):([0-5]\d)(?::([0-5]\d))?")
_LONGEST_MIN = 2_880
_ROUNDING_MIN = 5
_BEATS, _BREATHS = (20, 250), (4, 60)


class _Day(msgspec.Struct):
    bedtime: Label
    waketime: Label
    asleep: Label | None = None
    in_bed: Label | None = msgspec.field(name="inBed", default=None)
    latency: Label | None = msgspec.field(name="fellAsleepIn", default=None)
    sessions: Count | None = None
    rem: Label | None = msgspec.field(name="REM", default=None)
    deep: Label | None = None
    beats: Label | None = msgspec.field(name="sleepBPM", default=None)
    breaths: Label | None = msgspec.field(name="respAvg", default=None)
    label: Label | None = msgspec.field(name="ISO8601", default=None)


def recognises(source: Source) -> bool:
    """Whether the source holds a table of AutoSleep: by its columns."""
    return any(_members(source))


def read(source: Source, *, home_zone: ZoneInfo | None) -> Iterator[SleepEpisode]:
    """Read every day of the source; `home_zone` gives its times their offset."""
    for member in _members(source):
        days = several = 0
        for episode in _days(source, member, home_zone):
            days, several = days + 1, several + (episode.missing == NotUsed.SEVERAL_SLEEPS)
            yield episode
        if several:
            source.note(
                Note(
                    f"{member.where}: {several} of {days} days hold the sum of several sleeps, of which only one has"
                    " its times, and are missing: the export of Apple Health has each sleep of AutoSleep"
                )
            )


def _members(source: Source) -> Iterator[Member]:
    for member in source.named(_NAMES, given=_LOOSE):
        if source.mentions(member, *_MARKS, within=1024):
            yield member


def _days(source: Source, member: Member, home_zone: ZoneInfo | None) -> Iterator[SleepEpisode]:
    lines = bounded(read_cells(source, member), member.where)
    where, cells = next(lines, (member.where, []))
    header = column_names(cells, where)

    def build(where: str, cells: list[str]) -> Iterator[SleepEpisode]:
        day = convert_row(named_cells(header, cells, where), _Day, where)
        yield _episode(day, member, where, home_zone)

    def began(where: str, cells: list[str]) -> Moment | None:
        return _moment(dict(zip(header, cells, strict=False))["bedtime"], where, home_zone)

    yield from whole_records(lines, build, source=source, member=member, began=began)


def _episode(day: _Day, member: Member, where: str, home_zone: ZoneInfo | None) -> SleepEpisode:
    start, end = (_moment(text, where, home_zone) for text in (day.bedtime, day.waketime))
    in_bed, tst_min, latency, rem, deep = (
        _minutes(text, where) for text in (day.in_bed, day.asleep, day.latency, day.rem, day.deep)
    )
    label = _label(day.label, end, where)
    span_min = end.minutes_since(start)
    # Without a home zone, a night on which the clocks change is an hour longer or shorter than they say.
    unsure_min = _ROUNDING_MIN + (60 if start.offset is None else 0)
    several = (day.sessions or 1) > 1 or (in_bed is not None and in_bed > span_min + unsure_min)
    record_id = str(label or start.wall.isoformat())
    if several and label:
        # When the others were, nobody knows; that they were a part of this day, its label says.
        start = end = Moment.in_zone(datetime.combine(label, time.min), home_zone)
    episode = SleepEpisode(
        source="autosleep",
        source_file=member.where,
        record_id=record_id,
        start=start,
        end=end,
        time_basis="naive_local",
        vendor_date=label,
        missing=NotUsed.SEVERAL_SLEEPS if several else NotUsed.NO if tst_min else NotUsed.UNSCORED,
        device=DEVICE,
    )
    if episode.missing:
        return episode
    staged = rem and deep is not None and rem + deep <= (tst_min or 0) + 1
    return replace(
        episode,
        tib_min=span_min if in_bed is None else in_bed,
        tst_min=tst_min,
        sol_min=latency or None,
        lead_min=latency or None,
        deep_min=deep if staged else None,
        rem_min=rem if staged else None,
        heart_rate_mean_bpm=_within(day.beats, _BEATS),
        respiratory_rate_rpm=_within(day.breaths, _BREATHS),
        flags=(
            *(
                [Flag("tib_mismatch", f"{abs(span_min - in_bed):g}")]
                if in_bed is not None and abs(span_min - in_bed) > _ROUNDING_MIN
                else []
            ),
            *clock_change(start, end),
        ),
    )


def _moment(text: str, where: str, home_zone: ZoneInfo | None) -> Moment:
    stamp = read_clock(text, where)
    wall, offset = stamp.replace(tzinfo=None), stamp.utcoffset()
    return Moment.in_zone(wall, home_zone) if offset is None else Moment(wall, offset)


def _label(text: str | None, end: Moment, where: str) -> date | None:
    """The day of waking: that of the end of a day, which may be printed on the clock of another zone."""
    with suppress(ExportError):
        label = (read_clock(text or "", where) - timedelta(hours=12)).date()
        return label if label == end.wall.date() else None
    return None


def _minutes(text: str | None, where: str) -> float | None:
    if text is None:
        return None
    parts = _DURATION.fullmatch(text)
    minutes = 60 * int(parts[1]) + int(parts[2]) + int(parts[3] or 0) / 60 if parts else -1
    if not 0 <= minutes <= _LONGEST_MIN:
        raise ExportError(
            f"the duration {printable(text)} is not understood", place=where, remedy="export it again"
        )
    return minutes


def _within(text: str | None, limits: tuple[int, int]) -> float | None:
    """A mean per minute; what no sleeper has is damage of the sensor and not known."""
    with suppress(ValueError):
        value = float((text or "").replace(",", "."))
        return value if limits[0] <= value <= limits[1] else None
    return None
