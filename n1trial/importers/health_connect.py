"""Health Connect: the database of an Android phone's export.

Where to get it: Android settings, Health Connect, Backup and restore, schedule an export; give the zip as it
is, or ``health_connect_export.db`` out of it.

What is odd: it is a SQLite database, times are milliseconds since 1970 with an offset in seconds of their own
for start and end. Several apps write the same night: the one with the most staged nights is kept, the others
are listed as not used. Stage 1 is awake, 3 out of bed, 7 awake in bed; 2 is sleep without a stage.

What cannot be trusted: the apps behind it. Which one a number is from is in the database only.

Source: several independent readers of the database. Never checked on a real file.
The database is opened read-only; out of a zip it is read in memory, and nothing is written to the disk.
"""

import re
import sqlite3
from collections import defaultdict
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import timedelta, timezone
from typing import Annotated
from zoneinfo import ZoneInfo

import msgspec

from n1trial.episodes import SleepEpisode, clock_change
from n1trial.errors import ExportError
from n1trial.importers._archive import printable, refusing
from n1trial.importers._intervals import Interval, Stage, moment_at, with_stages
from n1trial.importers._one_source import keep_one_source
from n1trial.importers._source import Member, Source

DEVICE = "Health Connect"
LOOKS_FOR = "health_connect_export.db"
VERIFIED = False
VERIFIED_ON = "independent readers of the database; no real file was seen"

_NAMES = re.compile(r"health_connect.*\.db")
_LOOSE = re.compile(r".*\.(db|sqlite)")
_MAGIC = b"SQLite format 3\0"
_SIZE_LIMIT = 512 * 1024**2
_STAGE_OF: dict[int, Stage] = {
    1: "awake",
    2: "asleep",
    3: "awake",
    4: "light",
    5: "deep",
    6: "rem",
    7: "awake",
}
_SESSIONS, _STAGES = "sleep_session_record_table", "sleep_stages_table"
# Ten years of sleep take a twentieth of it; a database made to keep a reader busy takes more.
_STEPS_LIMIT = 50
_STEP = 1_000_000
_TEXT_LIMIT = 1024**2
# Where a header says how the file is read and written: a log beside it, which an export does not have.
_JOURNAL = slice(18, 20)

_Millisecond = Annotated[int, msgspec.Meta(ge=0, le=4_102_444_800_000)]
_Offset = Annotated[int, msgspec.Meta(ge=-64_800, le=64_800)]


class _Session(msgspec.Struct, array_like=True):
    row_id: int
    app_info_id: int | None
    start: _Millisecond
    start_offset: _Offset | None
    end: _Millisecond
    end_offset: _Offset | None
    uuid: str


class _Stage(msgspec.Struct, array_like=True, gc=False):
    session: int
    start: _Millisecond
    end: _Millisecond
    type: int


def recognises(source: Source) -> bool:
    """Whether the source holds the database of Health Connect: by name and by what SQLite begins with."""
    return any(_members(source))


def read(source: Source, *, home_zone: ZoneInfo | None) -> Iterator[SleepEpisode]:
    """Read every session of the source; `home_zone` serves sessions without an offset."""
    yield from keep_one_source(
        found for member in _members(source) for found in _episodes(source, member, home_zone)
    )


def _members(source: Source) -> Iterator[Member]:
    for member in source.named(_NAMES, given=_LOOSE):
        if source.head(member).startswith(_MAGIC):
            yield member


def _episodes(
    source: Source, member: Member, home_zone: ZoneInfo | None
) -> Iterator[tuple[str, SleepEpisode]]:
    stages: dict[int, list[Interval]] = defaultdict(list)
    with _reading(source, member) as database:
        for table in (_SESSIONS, _STAGES):
            _check_table(database, table, member.where)
        columns = {row[1] for row in database.execute(f"PRAGMA table_info({_SESSIONS})")}
        uuid = "lower(hex(substr(uuid, 1, 16)))" if "uuid" in columns else "row_id || ''"
        sessions = database.execute(
            "SELECT row_id, app_info_id, start_time, start_zone_offset, end_time, end_zone_offset, "
            f"{uuid} FROM {_SESSIONS}"
        ).fetchall()
        for row in database.execute(
            f"SELECT parent_key, stage_start_time, stage_end_time, stage_type FROM {_STAGES}"
        ):
            stage = msgspec.convert(row, _Stage)
            if stage.type in _STAGE_OF:
                stages[stage.session].append((stage.start / 1000, stage.end / 1000, _STAGE_OF[stage.type]))
        for row in sessions:
            session = msgspec.convert(row, _Session)
            yield f"{session.app_info_id}", _episode(session, stages[session.row_id], member, home_zone)


@contextmanager
def _reading(source: Source, member: Member) -> Iterator[sqlite3.Connection]:
    """Open a database that a stranger made: read-only, in memory when it is in a zip, and never for long."""
    steps = 0

    def too_long() -> bool:
        nonlocal steps
        steps += 1
        return steps > _STEPS_LIMIT

    try:
        with closing(_connect(source, member)) as database:
            database.execute("PRAGMA trusted_schema = OFF")
            database.execute("PRAGMA query_only = ON")
            database.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, _TEXT_LIMIT)
            database.set_progress_handler(too_long, _STEP)
            yield database
    except (sqlite3.Error, msgspec.ValidationError, UnicodeError, MemoryError) as error:
        # SQLite reports damage of some pages as a lack of memory.
        reason = printable(str(error)) or "damaged"
        raise ExportError(
            f"{member.where}: the database cannot be read ({reason}): export it again"
        ) from error


def _connect(source: Source, member: Member) -> sqlite3.Connection:
    if member.path is not None and not member.refused:
        with refusing(member.where):
            return sqlite3.connect(f"{member.path.resolve().as_uri()}?mode=ro&immutable=1", uri=True)
    content = bytearray(source.read(member, limit=_SIZE_LIMIT))
    content[_JOURNAL] = b"\1\1"
    database = sqlite3.connect(":memory:")
    with refusing(member.where):
        database.deserialize(content)
    return database


def _check_table(database: sqlite3.Connection, table: str, where: str) -> None:
    # A view or a virtual table of this name would run what its maker wrote.
    found = database.execute(
        "SELECT type, sql FROM sqlite_master WHERE name = ? COLLATE NOCASE", (table,)
    ).fetchone()
    if found is None:
        raise ExportError(f"{where}: holds no {table}: export the data of Health Connect with sleep")
    if found[0] != "table" or "virtual" in str(found[1])[:40].casefold():
        raise ExportError(f"{where}: {table} is no plain table: export it again")


def _episode(
    session: _Session, intervals: list[Interval], member: Member, home_zone: ZoneInfo | None
) -> SleepEpisode:
    where = f"{member.where} › session {session.row_id}"

    def zone(offset: int | None) -> ZoneInfo | timezone:
        if offset is not None:
            return timezone(timedelta(seconds=offset))
        if home_zone is None:
            raise ExportError(f"{where}: has no UTC offset: give --home-zone")
        return home_zone

    start = moment_at(session.start, zone(session.start_offset), where)
    end = moment_at(session.end, zone(session.end_offset), where)
    episode = SleepEpisode(
        source="health_connect",
        source_file=member.where,
        record_id=session.uuid or str(session.row_id),
        start=start,
        end=end,
        time_basis="utc+offset",
        device=DEVICE,
        flags=clock_change(start, end),
    )
    return with_stages(episode, intervals, latency=True)
