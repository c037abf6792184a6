"""What the database of Health Connect says of sleep.

A row that cannot be refuses itself, or the session that it belongs to; what SQLite itself cannot read refuses the
database.
"""

import re
import sqlite3
from collections import defaultdict
from collections.abc import Iterator, Sequence
from typing import Annotated, Any

import msgspec

from n1trial.data.importers._archive import printable
from n1trial.data.importers._damaged import MANY
from n1trial.data.importers._intervals import Interval, Stage
from n1trial.data.importers._records import LINES_LIMIT, SLEEPS_LIMIT, bounded
from n1trial.data.importers._source import Member, Source
from n1trial.data.importers._sqlite import has_table, is_database, reading
from n1trial.errors import ExportError

_NAMES = re.compile(r"health_connect.*\.db")
_ANY = re.compile(r".*", re.DOTALL)
_STAGE_OF: dict[int, Stage] = {
    1: "awake",
    2: "asleep",
    3: "awake",
    4: "light",
    5: "deep",
    6: "rem",
    7: "awake",
}
_SESSIONS, _STAGES, _APPS = "sleep_session_record_table", "sleep_stages_table", "application_info_table"

_Millisecond = Annotated[int, msgspec.Meta(ge=0, le=4_102_444_800_000)]
_Offset = Annotated[int, msgspec.Meta(ge=-64_800, le=64_800)]


class Session(msgspec.Struct, array_like=True):
    """A row of the table of sessions; times in milliseconds since 1970, offsets in seconds."""

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


class Database(msgspec.Struct, frozen=True, kw_only=True):
    """What the database says of sleep.

    Attributes
    ----------
    sessions
        Every row with its place, and the session that it is or why it cannot be read.
    stages
        By session; a session without any is not in it.
    orphans
        How many stages belong to no session.
    apps
        Names of packages by their number.
    """

    sessions: list[tuple[str, tuple[Sequence[object], Session | ExportError]]]
    stages: dict[int, list[Interval]]
    orphans: int
    apps: dict[int, str]


def databases(source: Source) -> Iterator[Member]:
    """Files that are databases of Health Connect: by their table of sessions."""
    for member in source.named(_NAMES, given=_ANY):
        if is_database(source, member, _SESSIONS, names=_NAMES):
            yield member


def read_database(source: Source, member: Member) -> Database:
    """Read the tables of sleep.

    Raises
    ------
    ExportError
        A table is absent or no plain table, SQLite cannot read it, or a stage does not say whose it is.
    """
    with reading(source, member) as database:
        # A number that became text that is no text refuses its row, not the database.
        database.text_factory = lambda content: content.decode(errors="replace")
        for table in (_SESSIONS, _STAGES):
            if not has_table(database, table, member.where):
                raise ExportError(
                    f"holds no {table}",
                    place=member.where,
                    remedy="export the data of Health Connect with sleep",
                )
        columns = {row[1] for row in database.execute(f"PRAGMA table_info({_SESSIONS})")}
        uuid = "lower(hex(substr(uuid, 1, 16)))" if "uuid" in columns else "row_id || ''"
        sessions = database.execute(
            "SELECT row_id, app_info_id, start_time, start_zone_offset, end_time, end_zone_offset, "
            f"{uuid} FROM {_SESSIONS}"
        )
        rows = list(bounded(sessions, member.where, limit=SLEEPS_LIMIT))
        by_session, damaged, orphans = _stages(database, member, {row[0] for row in rows})
        apps = _apps(database) if has_table(database, _APPS, member.where) else {}
    read = [_session(row, damaged, member) for row in rows]
    return Database(sessions=read, stages=by_session, orphans=orphans, apps=apps)


def start_of(row: Sequence[object], where: str) -> tuple[int, int | None]:
    """Start and offset of a damaged session, as far as they can be read."""
    try:
        return msgspec.convert(row[2:4], tuple[_Millisecond, _Offset | None])
    except msgspec.ValidationError as error:
        raise ExportError("does not say when it began", place=where, remedy="export it again") from error


def _session(
    row: Sequence[Any], damaged: dict[int, ExportError], member: Member
) -> tuple[str, tuple[Sequence[object], Session | ExportError]]:
    where = f"{member.where} › session {printable(str(row[0]))}"
    try:
        session = msgspec.convert(row, Session)
    except msgspec.ValidationError as error:
        return where, (
            row,
            ExportError(f"cannot be read ({_reason(error)})", place=where, remedy="export it again"),
        )
    return where, (row, damaged.get(session.row_id, session))


def _stages(
    database: sqlite3.Connection, member: Member, sessions: set[object]
) -> tuple[dict[int, list[Interval]], dict[int, ExportError], int]:
    """Stages by session, why those of some sessions are damaged, and how many stages belong to none."""
    by_session: dict[int, list[Interval]] = defaultdict(list)
    damaged: dict[int, ExportError] = {}
    orphans = refused = 0
    stages = database.execute(
        f"SELECT parent_key, stage_start_time, stage_end_time, stage_type FROM {_STAGES}"
    )
    for row in bounded(stages, member.where, limit=LINES_LIMIT):
        try:
            stage = msgspec.convert(row, _Stage)
        except msgspec.ValidationError as error:
            where = f"{member.where} › stage of session {printable(str(row[0]))}"
            refusal = ExportError(f"cannot be read ({_reason(error)})", place=where, remedy="export it again")
            refused += 1
            if not isinstance(row[0], int) or refused > MANY:
                raise refusal from error
            if row[0] in sessions:
                damaged.setdefault(row[0], refusal)
            continue
        if stage.session not in sessions:
            orphans += 1
        elif stage.type in _STAGE_OF:
            by_session[stage.session].append((stage.start / 1000, stage.end / 1000, _STAGE_OF[stage.type]))
    return dict(by_session), damaged, orphans


def _apps(database: sqlite3.Connection) -> dict[int, str]:
    columns = {row[1] for row in database.execute(f"PRAGMA table_info({_APPS})")}
    if not {"row_id", "package_name"} <= columns:
        return {}
    names = bounded(database.execute(f"SELECT row_id, package_name FROM {_APPS}"), _APPS, limit=10_000)
    return {key: printable(name) for key, name in names if isinstance(key, int) and isinstance(name, str)}


def _reason(error: Exception) -> str:
    return printable(str(error)) or "damaged"
