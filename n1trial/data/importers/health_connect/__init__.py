"""Health Connect: the database of an Android phone's export.

Where to get it: Android settings, Health Connect, Backup and restore, schedule an export; give the zip as it
is, or ``health_connect_export.db`` out of it.

What is odd: it is a SQLite database, times are milliseconds since 1970 with an offset in seconds of their own
for start and end. Several apps write the same night: each record keeps the name of its app's package, and which one
counts is chosen night by night. Some apps write every stage as a session of its own: of one app, a session with
stages that begins within a minute of the end of another with stages is the same sleep going on, and they are joined.
Stage 1 is awake, 3 out of bed, 7 awake in bed; 2 is sleep without a stage.

What cannot be trusted: the apps behind it. Heart rate, its variability and breathing are in tables of other records,
without a word of the night that they belong to, and are not read.

Source: independent readers of the database, and Android's own ``SleepSessionRecordHelper``. Never checked on a real
file. The database is opened read-only; out of a zip it is read in memory, and nothing is written to the disk.
"""

from collections.abc import Iterator, Sequence
from datetime import timedelta, timezone
from zoneinfo import ZoneInfo

from n1trial.data.episodes import Moment, SleepEpisode, clock_change
from n1trial.data.importers._damaged import whole_records
from n1trial.data.importers._intervals import moment_at, with_stages
from n1trial.data.importers._notes import Note
from n1trial.data.importers._source import Member, Source
from n1trial.data.importers.health_connect._database import (
    Database,
    Session,
    databases,
    read_database,
    start_of,
)
from n1trial.errors import ExportError, HomeZoneError

DEVICE = "Health Connect"
LOOKS_FOR = "health_connect_export.db of Health Connect"
WORDS: tuple[bytes, ...] = (
    b"sleep_session_record_table",
    b"sleep_stages_table",
    b"application_info_table",
    b"_record_table",
)
FOLDERS: tuple[str, ...] = ()
VERIFIED = False
VERIFIED_ON = "independent readers of the database; no real file was seen"

_TOUCHING_MS = 60_000
_DAY_MS = 86_400_000


def recognises(source: Source) -> bool:
    """Whether the source holds the database of Health Connect: by the names of its tables."""
    return any(databases(source))


def read(source: Source, *, home_zone: ZoneInfo | None) -> Iterator[SleepEpisode]:
    """Read every session of the source; `home_zone` serves sessions without an offset."""
    for member in databases(source):
        yield from _episodes(source, member, home_zone)


def _episodes(source: Source, member: Member, home_zone: ZoneInfo | None) -> Iterator[SleepEpisode]:
    database = read_database(source, member)
    whole = [session for _, (_, session) in database.sessions if isinstance(session, Session)]
    joined = {id(group[0]): group for group in _joined(whole, database)}
    _say_what_was_done(source, member, database, sessions=len(whole), sleeps=len(joined))

    def build(where: str, record: tuple[Sequence[object], Session | ExportError]) -> list[SleepEpisode]:
        _, session = record
        if isinstance(session, ExportError):
            raise session
        # What is joined to an earlier session came with that one.
        group = joined.get(id(session))
        return [_episode(group, database, member, where, home_zone)] if group else []

    def began(where: str, record: tuple[Sequence[object], Session | ExportError]) -> Moment:
        start, offset = start_of(record[0], where)
        return moment_at(start, _zone(offset, home_zone, where), where)

    yield from whole_records(database.sessions, build, source=source, member=member, began=began)


def _joined(sessions: Sequence[Session], database: Database) -> list[list[Session]]:
    """Sessions that are one sleep: with stages, of the same app, each beginning where the one before it ends."""
    groups: list[list[Session]] = []
    for session in sorted(
        sessions, key=lambda session: (str(session.app_info_id), session.start, session.end)
    ):
        last = groups[-1][-1] if groups else None
        if (
            last is not None
            and session.app_info_id == last.app_info_id
            and abs(session.start - last.end) <= _TOUCHING_MS
            and session.end - groups[-1][0].start <= _DAY_MS
            and session.row_id in database.stages
            and last.row_id in database.stages
        ):
            groups[-1].append(session)
        else:
            groups.append([session])
    return groups


def _say_what_was_done(
    source: Source, member: Member, database: Database, *, sessions: int, sleeps: int
) -> None:
    if sleeps < sessions:
        source.note(
            Note(
                f"{member.where}: {sessions - sleeps} of {sessions} sessions begin where another of the same app ends"
                " and were joined to it: some apps write every stage as a session"
            )
        )
    if database.orphans:
        source.note(
            Note(
                f"{member.where}: stages of no session ({database.orphans}) are left out: export it again when nights"
                " are absent"
            )
        )


def _episode(
    group: Sequence[Session], database: Database, member: Member, where: str, home_zone: ZoneInfo | None
) -> SleepEpisode:
    first, last = group[0], group[-1]
    start = moment_at(first.start, _zone(first.start_offset, home_zone, where), where)
    end = moment_at(last.end, _zone(last.end_offset, home_zone, where), where)
    app = first.app_info_id
    episode = SleepEpisode(
        source="health_connect",
        source_file=member.where,
        record_id=first.uuid or str(first.row_id),
        app="" if app is None else database.apps.get(app, str(app)),
        start=start,
        end=end,
        time_basis="utc+offset",
        device=DEVICE,
        flags=clock_change(start, end),
    )
    intervals = [stage for session in group for stage in database.stages.get(session.row_id, ())]
    return with_stages(episode, intervals, latency=True)


def _zone(offset: int | None, home_zone: ZoneInfo | None, where: str) -> ZoneInfo | timezone:
    if offset is not None:
        return timezone(timedelta(seconds=offset))
    if home_zone is None:
        raise HomeZoneError("has no UTC offset", place=where, remedy="give --home-zone")
    return home_zone
