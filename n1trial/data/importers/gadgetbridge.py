"""Gadgetbridge: the database that the app exports.

Where to get it: Gadgetbridge, Data management, Export data (or the automatic export); the file ``Gadgetbridge`` or
``Gadgetbridge.db``, also out of a zip.

What is odd: it is a SQLite database with tables for each maker. Read are those that hold sleeps with stages: Xiaomi
(stages from one change to the next), Garmin (a stage's time is its end), Huawei (a stage a minute), Colmi rings and
CMF watches (stages with a duration), and the watches of Zepp (594 bytes a sleep). Times are instants of UTC without
a zone: the home zone is needed. Several watches can be in one database; `app` is the type of the watch, never its name
or address, and which one counts is chosen night by night. A stage without a meaning is a hole, never sleep.

What cannot be trusted: where a watch sends no stages but a minute of activity each (Mi Band, Pebble and other older
ones, and those of Zepp before Gadgetbridge knew their sleeps), Gadgetbridge guesses sleep by thresholds that it calls
arbitrary: those tables are not read, and a note names and counts them. Sleep of Garmin without stages is what
Gadgetbridge made up around raw data. CMF has no stage of wake, so wakes are not counted. Only Huawei says when
the person lay down, so other makers have no latency.

Vitals: mean heart rate (Huawei, Zepp), lowest heart rate and breaths a minute (Huawei), as the watch sums the sleep up,
in beats and breaths a minute. Huawei's HRV does not say which measure it is and is not kept.

Source: Gadgetbridge's own sources (tables, units, codes of stages), and others who compared its tables with the
watch (Huawei's minutes and time of lying down, the last minute of Zepp's stages). Never checked on a real file.
The database is opened read-only; out of a zip it is read in memory, and nothing is written to the disk.
"""

import re
import sqlite3
from collections import Counter
from collections.abc import Callable, Iterator
from zoneinfo import ZoneInfo

from msgspec.structs import replace

from n1trial.data.episodes import Moment, SleepEpisode, clock_change
from n1trial.data.flags import Flag
from n1trial.data.importers import _gadgetbridge_huami as huami
from n1trial.data.importers._damaged import whole_records
from n1trial.data.importers._gadgetbridge_tables import LAYOUTS, NAPS, Sleep, naps_of, sleeps_of
from n1trial.data.importers._gadgetbridge_unread import note_unread
from n1trial.data.importers._intervals import moment_at, with_stages
from n1trial.data.importers._records import bounded
from n1trial.data.importers._source import Member, Source
from n1trial.data.importers._sqlite import has_table, is_database, reading
from n1trial.data.not_used import NotUsed
from n1trial.errors import ExportError, HomeZoneError

DEVICE = "Gadgetbridge"
LOOKS_FOR = "the database Gadgetbridge or Gadgetbridge.db"
WORDS: tuple[bytes, ...] = (
    b"DEVICE_ATTRIBUTES",
    b"USER_ATTRIBUTES",
    b"_ACTIVITY_SAMPLE",
    b"BATTERY_LEVEL",
    b"_SLEEP_STAGE_SAMPLE",
    b"_SLEEP_TIME_SAMPLE",
    b"_SLEEP_SESSION_SAMPLE",
)
FOLDERS: tuple[str, ...] = ()
VERIFIED = False
VERIFIED_ON = "Gadgetbridge's own sources; no real file was seen"

_NAMES = re.compile(r"gadgetbridge.*")
_LOOSE = re.compile(r".*")
_MARKS = ("DEVICE", "DEVICE_ATTRIBUTES", "USER_ATTRIBUTES")
_TYPE_NAME = re.compile(r"[A-Za-z0-9_ -]{1,60}")
_DEVICES_LIMIT = 1_000
_HEART_RATE, _BREATHS = (20.0, 250.0), (3.0, 60.0)
_ROUNDING_MIN = 1


def recognises(source: Source) -> bool:
    """Whether the source holds a database of Gadgetbridge: by its tables."""
    return any(_members(source))


def read(source: Source, *, home_zone: ZoneInfo | None) -> Iterator[SleepEpisode]:
    """Read every sleep of the source; `home_zone` is needed, because times are UTC."""
    for member in _members(source):
        with reading(source, member) as database:
            yield from _sleeps(database, source, member, home_zone)


def _members(source: Source) -> Iterator[Member]:
    for member in source.named(_NAMES, given=_LOOSE):
        if is_database(source, member, *_MARKS, names=_NAMES):
            yield member


def _sleeps(
    database: sqlite3.Connection, source: Source, member: Member, home_zone: ZoneInfo | None
) -> Iterator[SleepEpisode]:
    apps = _apps(database, member.where)
    first_ms: dict[int, int] = {}

    def moment(milliseconds: int, where: str) -> Moment:
        if home_zone is None:
            raise HomeZoneError(
                "times are UTC, not those of a clock at home", place=where, remedy="give --home-zone"
            )
        return moment_at(milliseconds, home_zone, where)

    def began(milliseconds: object) -> Moment | None:
        return moment(milliseconds, member.where) if isinstance(milliseconds, int) else None

    def episode(sleep: Sleep, where: str) -> SleepEpisode:
        first_ms[sleep.device] = min(sleep.start, first_ms.get(sleep.device, sleep.start))
        start, end = moment(sleep.start, where), moment(sleep.end or 0, where)
        return _episode(
            sleep, start, end, app=apps.get(sleep.device, f"device {sleep.device}"), member=member
        )

    for layout in LAYOUTS:
        if has_table(database, layout.sleeps, member.where):
            yield from sleeps_of(database, layout, episode, source=source, member=member, began=began)
    if has_table(database, NAPS, member.where):
        yield from naps_of(database, episode, source=source, member=member, began=began)
    if has_table(database, huami.TABLE, member.where):
        yield from _sent(database, episode, source=source, member=member, began=began)
    note_unread(database, apps, first_ms, source=source, member=member)


def _apps(database: sqlite3.Connection, where: str) -> dict[int, str]:
    """The type of every watch; a second one of a type is numbered. Names and addresses stay unread."""
    if not has_table(database, "DEVICE", where):
        raise ExportError("holds no table of watches", place=where, remedy="export it again")
    columns = {row[1] for row in database.execute("PRAGMA table_info(DEVICE)")}
    kind = "TYPE_NAME" if "TYPE_NAME" in columns else "'type ' || TYPE"
    apps: dict[int, str] = {}
    seen: Counter[str] = Counter()
    rows = database.execute(f"SELECT _id, {kind} FROM DEVICE ORDER BY _id LIMIT {_DEVICES_LIMIT}")
    for device, name in rows:
        if isinstance(device, int) and isinstance(name, str) and _TYPE_NAME.fullmatch(name):
            seen[name] += 1
            apps[device] = name if seen[name] == 1 else f"{name} {seen[name]}"
    return apps


def _episode(sleep: Sleep, start: Moment, end: Moment, *, app: str, member: Member) -> SleepEpisode:
    episode = with_stages(
        SleepEpisode(
            source="gadgetbridge",
            source_file=member.where,
            record_id=f"{app} {start.instant.isoformat()}",
            start=start,
            end=end,
            time_basis="utc_no_offset",
            app=app,
            heart_rate_min_bpm=_within(sleep.heart_rate_min, _HEART_RATE),
            heart_rate_mean_bpm=_within(sleep.heart_rate_mean, _HEART_RATE),
            respiratory_rate_rpm=_within(sleep.breaths, _BREATHS),
            vendor_nap=sleep.nap,
            device=DEVICE,
            flags=clock_change(start, end),
        ),
        sleep.intervals,
        latency=bool(sleep.from_bed),
    )
    if sleep.asleep_min is not None and episode.missing in (NotUsed.NO, NotUsed.UNSTAGED):
        differs = episode.tst_min is not None and abs(episode.tst_min - sleep.asleep_min) > _ROUNDING_MIN
        flags = (*episode.flags, Flag("tst_mismatch")) if differs else episode.flags
        episode = replace(episode, tst_min=sleep.asleep_min, missing=NotUsed.NO, flags=flags)
    if sleep.wakes:
        return episode
    return replace(episode, waso_min=None, wake_runs_min=None, longest_sleep_min=None, resolution_s=None)


def _within(value: float | None, limits: tuple[float, float]) -> float | None:
    """The value unless nobody can have it: what was not measured is 0, -1 or 255."""
    return value if value is not None and limits[0] <= value <= limits[1] else None


def _sent(
    database: sqlite3.Connection,
    build: Callable[[Sleep, str], SleepEpisode],
    *,
    source: Source,
    member: Member,
    began: Callable[[object], Moment | None],
) -> Iterator[SleepEpisode]:
    """Sleeps as the watches of Zepp send them."""

    def episodes(where: str, row: object) -> Iterator[SleepEpisode]:
        device, content = huami.device_and_bytes(row, where)
        sent = huami.unpacked(content, where)
        if sent is not None:
            sleep = Sleep(
                device,
                round(1000 * sent.start),
                round(1000 * sent.end),
                heart_rate_mean=sent.heart_rate_mean,
                intervals=sent.intervals,
                asleep_min=sent.asleep_min,
            )
            yield build(sleep, where)

    rows = bounded(database.execute(huami.QUERY), member.where)
    numbered = ((f"{member.where} › {huami.TABLE} {number}", row) for number, row in enumerate(rows, start=1))
    yield from whole_records(
        numbered,
        episodes,
        source=source,
        member=member,
        began=lambda where, row: began(round(1000 * huami.began_at(huami.device_and_bytes(row, where)[1]))),
    )
