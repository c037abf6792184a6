"""The Google-style CSV of Takeout: ``UserSleeps_….csv`` and ``UserSleepStages_….csv``, 2024 and later.

Times are UTC with the local offset beside them. In one export most offsets were the placeholder ``+00:00``:
when most are, and the home zone is known, its clock is used for these. A night that was analysed again comes
back under a new ``sleep_id``: of sessions that overlap the one updated last counts. Tables have 14, 16 or 17
columns, and files with a header alone are normal. Typed-in sessions have no stages, so no wake counts.

Not to be trusted: equality with the JSON of the same nights, which another algorithm analysed.

Source: README texts inside the Takeout and seven independent parsers. Not verified on a real file.
"""

import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta, timezone
from zoneinfo import ZoneInfo

import msgspec

from n1trial.episodes import SleepEpisode, TimeBasis
from n1trial.errors import ExportError
from n1trial.importers._archive import printable, refusing
from n1trial.importers._hypnogram import Piece
from n1trial.importers._notes import Note, unverified
from n1trial.importers._records import Label, Minutes, bounded, convert_row, read_rows
from n1trial.importers._source import Member, Source
from n1trial.importers.fitbit._google import Session, google_episode, on_the_clock, utc_time

LAYOUT = "the Google-style CSV of Fitbit"

_SLEEPS = re.compile(r"usersleeps_[^/]*\.csv")
_STAGES = re.compile(r"usersleepstages_[^/]*\.csv")
_CSV = re.compile(r".*\.csv")
_SLEEP_MARKS = (b"sleep_id", b"sleep_start", b"minutes_asleep")
_STAGE_MARKS = (b"sleep_id", b"sleep_stage_type")
_REQUIRED = ("sleep_id", "sleep_start", "sleep_end", "minutes_asleep")
_OFFSET = re.compile(r"([+-])(\d\d):?(\d\d)")
_PLACEHOLDER = "+00:00"
# Ten years in one file have 200,000.
_STAGES_LIMIT = 500_000


class _Sleep(msgspec.Struct):
    sleep_id: Label
    sleep_start: Label
    sleep_end: Label
    sleep_type: Label = "STAGES"
    minutes_asleep: Minutes | None = None
    minutes_in_sleep_period: Minutes | None = None
    minutes_to_fall_asleep: Minutes | None = None
    start_utc_offset: Label = _PLACEHOLDER
    end_utc_offset: Label = _PLACEHOLDER
    data_source: Label = ""
    algorithm_version: Label = ""
    sleep_last_updated: Label | None = None

    @property
    def placeholder(self) -> bool:
        return self.start_utc_offset == self.end_utc_offset == _PLACEHOLDER


class _Stage(msgspec.Struct, gc=False):
    sleep_id: Label
    sleep_stage_type: Label
    sleep_stage_start: Label
    sleep_stage_end: Label


def members(source: Source) -> list[Member]:
    """Files of this layout, both tables: by their names, or by their columns when they were renamed."""
    return [*_tables(source, _SLEEPS, _SLEEP_MARKS), *_tables(source, _STAGES, _STAGE_MARKS)]


def _tables(source: Source, names: re.Pattern[str], marks: tuple[bytes, ...]) -> list[Member]:
    return [
        member
        for member in source.named(names, given=_CSV)
        if names.fullmatch(member.base_name) or source.mentions(member, *marks, within=2000)
    ]


def read(source: Source, members: Sequence[Member], *, home_zone: ZoneInfo | None) -> Iterator[SleepEpisode]:
    """Read every session of the members, also those that a later analysis supersedes."""
    sleep_tables = [member for member in members if source.mentions(member, b"sleep_start", within=2000)]
    if not sleep_tables:
        raise ExportError(
            f"{members[0].where}: holds stages without their sleeps: give UserSleeps_….csv of the same Takeout"
        )
    header = source.head(sleep_tables[0]).partition(b"\n")[0].decode(errors="replace")
    source.note(unverified(sleep_tables[0].where, LAYOUT, printable(header, longest=2000).strip()))
    sleeps = [row for member in sleep_tables for row in bounded(_sleeps(source, member), member.where)]
    stages: dict[str, list[Piece]] = defaultdict(list)
    for member in members:
        if member not in sleep_tables:
            _add_stages(stages, source, member)
    clock = _clock(source, [sleep for _, _, sleep in sleeps], home_zone)
    for member, where, sleep in sleeps:
        yield _episode(sleep, member=member, where=where, stages=stages.get(sleep.sleep_id, ()), clock=clock)
    staged = [sleep for _, _, sleep in sleeps if sleep.sleep_type == "STAGES"]
    unstaged = sum(sleep.sleep_id not in stages for sleep in staged)
    if unstaged:
        source.note(
            Note(
                f"{source.label}: {unstaged} of {len(staged)} staged sleeps have no row in UserSleepStages_….csv, "
                "so no wake counts: give every part of the Takeout"
            )
        )


def _sleeps(source: Source, member: Member) -> Iterator[tuple[Member, str, _Sleep]]:
    for column in _REQUIRED:
        if not source.mentions(member, column.encode(), within=2000):
            raise ExportError(f"{member.where}: column {column} is absent: download the export again")
    for where, row in read_rows(source, member):
        yield member, where, convert_row(row, _Sleep, where)


def _add_stages(stages: dict[str, list[Piece]], source: Source, member: Member) -> None:
    for where, row in bounded(read_rows(source, member), member.where, limit=_STAGES_LIMIT):
        stage = convert_row(row, _Stage, where)
        start, end = utc_time(stage.sleep_stage_start, where), utc_time(stage.sleep_stage_end, where)
        seconds = int((end - start).total_seconds())
        if seconds < 0:
            raise ExportError(f"{where}: a stage that ends before it starts: download the export again")
        stages[stage.sleep_id].append(Piece(start, stage.sleep_stage_type, seconds))


def _clock(source: Source, sleeps: Sequence[_Sleep], home_zone: ZoneInfo | None) -> ZoneInfo | None:
    """Return the home zone when it must stand in for placeholder offsets."""
    placeholders = sum(sleep.placeholder for sleep in sleeps)
    if 2 * placeholders <= len(sleeps):
        return None
    used = f"the clock of {home_zone} is used" if home_zone else "UTC is used"
    what_to_do = "" if home_zone else ": unless you live by it give --home-zone"
    source.note(
        Note(
            f"{source.label}: {placeholders} of {len(sleeps)} sleeps have the offset {_PLACEHOLDER}, which "
            f"Fitbit writes when it does not know: {used}{what_to_do}"
        )
    )
    return home_zone


def _episode(
    sleep: _Sleep, *, member: Member, where: str, stages: Sequence[Piece], clock: ZoneInfo | None
) -> SleepEpisode:
    at_home = clock if sleep.placeholder else None
    basis: TimeBasis = "utc_no_offset" if at_home else "utc+offset"
    with refusing(where):
        start, end = (
            on_the_clock(utc_time(text, where), at_home or _offset(offset))
            for text, offset in (
                (sleep.sleep_start, sleep.start_utc_offset),
                (sleep.sleep_end, sleep.end_utc_offset),
            )
        )
    updated: datetime | None = None
    if sleep.sleep_last_updated:
        updated = utc_time(sleep.sleep_last_updated, where)
    return google_episode(
        Session(
            source_file=member.where,
            where=where,
            session_id=sleep.sleep_id,
            start=start,
            end=end,
            time_basis=basis,
            classic=sleep.sleep_type == "CLASSIC",
            manual=sleep.data_source == "MANUAL",
            asleep_min=sleep.minutes_asleep,
            in_period_min=sleep.minutes_in_sleep_period,
            to_fall_asleep_min=sleep.minutes_to_fall_asleep,
            stages=stages,
            updated=updated,
            algorithm=sleep.algorithm_version,
        )
    )


def _offset(text: str) -> timezone:
    parts = _OFFSET.fullmatch(text)
    if parts is None:
        raise ValueError(f"no UTC offset is {printable(text)}")
    size = timedelta(hours=int(parts[2]), minutes=int(parts[3]))
    return timezone(-size if parts[1] == "-" else size)
