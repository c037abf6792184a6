"""Tables of Gadgetbridge that hold sleep, or may hold it, and are not read: a note names and counts them."""

import re
import sqlite3
from collections.abc import Mapping

from n1trial.data.importers._gadgetbridge_huami import TABLE
from n1trial.data.importers._gadgetbridge_tables import LAYOUTS, NAPS
from n1trial.data.importers._notes import Note
from n1trial.data.importers._source import Member, Source
from n1trial.data.importers._sqlite import has_table, table_names
from n1trial.errors import ExportError

_MAY_HOLD_SLEEP = re.compile(
    r"[A-Z0-9_]*(SLEEP[A-Z0-9_]*_SAMPLE|_ACTIVITY_SAMPLE|_ACTIVITY_OVERLAY)"
    r"|SONY_SWR12_SAMPLE|WENA3_BEHAVIOR_SAMPLE|PEBBLE_(MISFIT|MORPHEUZ)_SAMPLE"
)
# What a watch measured in sleep, or what Gadgetbridge passed on to another app.
_AROUND_SLEEP = re.compile(
    r"HEALTH_CONNECT_.*|.*_(RESPIRATORY_RATE|APNEA|STATS|SCORE|RESTLESS_MOMENTS)_SAMPLE"
)
_READ = {TABLE, NAPS, *(table for layout in LAYOUTS for table in (layout.sleeps, layout.stages))}
# Steps and heart rate only: the sleep of these watches is in the tables that are read.
_NO_SLEEP = {f"{maker}_ACTIVITY_SAMPLE" for maker in ("XIAOMI", "GARMIN", "COLMI", "CMF")}
# Which rows are sleep, where the makers use one code for it.
_SLEEPING = {
    "HUAMI_EXTENDED_ACTIVITY_SAMPLE": "RAW_KIND = 120",
    "HUAWEI_ACTIVITY_SAMPLE": "SOURCE IN (10, 13) AND TIMESTAMP < OTHER_TIMESTAMP",
}
# Some tables hold seconds since 1970, others milliseconds.
_SECONDS_UNTIL = 100_000_000_000
_DEVICES_LIMIT = 1_000


def note_unread(
    database: sqlite3.Connection,
    apps: Mapping[int, str],
    first_ms: Mapping[int, int],
    *,
    source: Source,
    member: Member,
) -> None:
    """Say which rows that may be sleep were not read: those of a watch before its first sleep that was.

    Parameters
    ----------
    first_ms
        When the first sleep of each watch began, milliseconds of UTC; a watch without any is not in it.

    Raises
    ------
    ExportError
        There are only such tables.
    """
    unread = [
        text
        for table in sorted({name.upper() for name in table_names(database)})
        if _MAY_HOLD_SLEEP.fullmatch(table)
        and not _AROUND_SLEEP.fullmatch(table)
        and table not in _READ | _NO_SLEEP
        and has_table(database, table, member.where)
        for text in _counted(database, table, apps, first_ms)
    ]
    advice = "Gadgetbridge guesses sleep from them: export these nights from the watch's own app"
    if unread and not first_ms:
        raise ExportError(
            f"holds no sleep that is read, only {', '.join(unread)}", place=member.where, remedy=advice
        )
    if unread:
        source.note(Note(f"{member.where}: not read, and may hold sleep: {', '.join(unread)}: {advice}"))


def _counted(
    database: sqlite3.Connection, table: str, apps: Mapping[int, str], first_ms: Mapping[int, int]
) -> list[str]:
    columns = {str(row[1]) for row in database.execute(f"PRAGMA table_info({table})")}
    time = next((name for name in ("TIMESTAMP", "TIMESTAMP_FROM") if name in columns), "")
    if not time or "DEVICE_ID" not in columns:
        return []
    latest = database.execute(f"SELECT MAX({time}) FROM {table}").fetchone()[0]
    in_seconds = isinstance(latest, int) and latest < _SECONDS_UNTIL
    sleeping = _SLEEPING.get(table, "1")
    counts = {
        device: database.execute(
            f"SELECT COUNT(*) FROM {table} WHERE {time} < ? AND DEVICE_ID = ? AND {sleeping}",
            (milliseconds // 1000 if in_seconds else milliseconds, device),
        ).fetchone()[0]
        for device, milliseconds in first_ms.items()
    }
    known = ", ".join(map(str, first_ms)) or "NULL"
    others = database.execute(
        f"SELECT DEVICE_ID, COUNT(*) FROM {table} WHERE {sleeping} AND DEVICE_ID IN ({known}) IS NOT 1 GROUP BY 1"
    )
    counts |= dict(others.fetchmany(_DEVICES_LIMIT))
    return [
        f"{count} rows of {table} ({apps.get(device, 'an unknown watch')})"
        for device, count in counts.items()
        if count
    ]
