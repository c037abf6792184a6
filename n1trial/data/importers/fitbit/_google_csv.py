"""The Google-style CSV of Takeout: ``UserSleeps_….csv`` and ``UserSleepStages_….csv``, 2024 and later.

Times are marked as UTC and are so since about 2026; before, they are the local clock (`_google_clock`). Beside them
stands the local offset. In one export most offsets were the placeholder ``+00:00``: when most are, and the home zone
is known, its clock is used for these. A night that was analysed again comes back under a new ``sleep_id``: of
sessions that overlap the one updated last counts. Tables have 14, 16 or 17 columns, and files with a header alone are
normal. Typed-in sessions have no stages, so no wake counts.

Not to be trusted: equality with the JSON of the same nights, which another algorithm analysed; ``minutes_asleep`` of
staged sessions until about mid-2025 (`_google`). ``UserSleepScores`` has a resting heart rate, of the day and not of
the night; HRV, heart rate and breaths of a night stand in other tables than the sleep's own record and are not read.

Source: README texts inside the Takeout, independent parsers, and what was reported of three real exports of 2025 and
2026. This reader itself is not verified on a real file.
"""

import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple
from zoneinfo import ZoneInfo

from n1trial.data.episodes import SleepEpisode
from n1trial.data.importers._archive import printable
from n1trial.data.importers._notes import Note, unverified
from n1trial.data.importers._source import Member, Source
from n1trial.data.importers.fitbit._google_clock import clock_of, same_nights
from n1trial.data.importers.fitbit._google_sleeps import Line, Reading, Row, sleep_lines, sleeps
from n1trial.data.importers.fitbit._google_stages import StageTables, place
from n1trial.errors import ExportError

LAYOUT = "the Google-style CSV of Fitbit"

_SLEEPS = re.compile(r"usersleeps_[^/]*\.csv")
_STAGES = re.compile(r"usersleepstages_[^/]*\.csv")
_CSV = re.compile(r".*\.csv")
_SLEEP_MARKS = (b"sleep_id", b"sleep_start")
_STAGE_MARKS = (b"sleep_id", b"sleep_stage_type")


def members(source: Source) -> list[Member]:
    """Files of this layout, both tables: by their columns, and by their names where they are empty."""
    return [*_tables(source, _SLEEPS, _SLEEP_MARKS), *_tables(source, _STAGES, _STAGE_MARKS)]


def _tables(source: Source, names: re.Pattern[str], marks: tuple[bytes, ...]) -> list[Member]:
    return [
        member
        for member in source.named(names, given=_CSV)
        if (names.fullmatch(member.base_name) and (member.refused or not source.head(member)))
        or source.mentions(member, *marks, within=2000)
    ]


def named_alike(source: Source) -> list[Member]:
    """Files with the name of one of the tables that hold something else."""
    own = {id(member) for member in members(source)}
    named = [*source.named(_SLEEPS), *source.named(_STAGES)]
    return [member for member in named if id(member) not in own]


def read(
    source: Source,
    members: Sequence[Member],
    *,
    home_zone: ZoneInfo | None,
    logs: Sequence[SleepEpisode] = (),
) -> Iterator[SleepEpisode]:
    """Read every session of the members, also those that a later analysis supersedes.

    Parameters
    ----------
    logs
        Sleep logs of the same export, whose times are on the local clock.
    """
    tables = [
        _Table(member, sleep_lines(source, member))
        for member in members
        if source.mentions(member, *_SLEEP_MARKS, within=2000)
    ]
    of_sleeps = {id(table.member) for table in tables}
    stages = StageTables(source, [member for member in members if id(member) not in of_sleeps])
    if not tables and not logs:
        raise ExportError(
            "holds stages without their sleeps",
            place=members[0].where,
            remedy="give UserSleeps_….csv of the same Takeout",
        )
    filled = [table for table in tables if table.lines]
    if filled:
        header = source.head(filled[0].member).partition(b"\n")[0].decode(errors="replace")
        source.note(unverified(filled[0].member.where, LAYOUT, printable(header, longest=2000).strip()))
    more_min: list[float] = []
    for table, reading in _with_clocks(source, filled, home_zone, logs):
        yield from sleeps(source, table.member, table.lines, stages, reading, more_min)
    _say_what_stages_tell(source, [row for table in filled for row in table.rows], stages, more_min)


class _Table(NamedTuple):
    member: Member
    lines: list[tuple[str, Line]]

    @property
    def rows(self) -> list[Row]:
        return [line for _, line in self.lines if isinstance(line, Row)]


def _with_clocks(
    source: Source, tables: Sequence[_Table], home_zone: ZoneInfo | None, logs: Sequence[SleepEpisode]
) -> list[tuple[_Table, Reading]]:
    """How the times of each table are read, said where they are not what they seem to be."""
    if not tables:
        return []
    rows = [row for table in tables for row in table.rows]
    unknown = sum(row.placeholder for row in rows)
    plain = Reading("utc", 2 * unknown > len(rows), home_zone)
    written = [[plain.written(row) for row in table.rows] for table in tables]
    clocks = [clock_of(sleeps, logs) for sleeps in written]
    clocks_read = []
    for table, sleeps_of_table, clock in zip(tables, written, clocks, strict=True):
        folder = place(table.member)
        beside = {
            other_clock
            for other, other_clock in zip(tables, clocks, strict=True)
            if other_clock and place(other.member) == folder
        }
        # A table with few sleeps is as those beside it are.
        decided = clock or (beside.pop() if len(beside) == 1 else None)
        if decided is None and not same_nights(sleeps_of_table):
            raise ExportError(
                "its times can be UTC or the local clock, and the nights would differ",
                place=table.member.where,
                remedy="give sleep-YYYY-MM-DD.json of the same Takeout with it, or a Takeout whose table has"
                " sleep_created",
            )
        if decided is None and any(sleep.offset for sleep in sleeps_of_table):
            source.note(
                Note(
                    f"{table.member.where}: its times can be UTC or the local clock, which leaves every sleep in its"
                    " night: UTC is taken, so bedtimes may be hours off"
                )
            )
        clocks_read.append((table, plain._replace(clock=decided or "utc")))
    _say_clock(source, clocks_read)
    if plain.placeholders:
        _say_placeholders(source, clocks_read, unknown=unknown, total=len(rows))
    return clocks_read


def _say_clock(source: Source, clocks_read: Sequence[tuple[_Table, Reading]]) -> None:
    local = [table.member.where for table, reading in clocks_read if reading.clock == "local"]
    if local:
        source.note(
            Note(
                f"{local[0]}: its times are marked as UTC but are the local clock, as its other columns or the sleep"
                f" logs beside it show: they are read so ({len(local)} of {len(clocks_read)} tables): compare a night"
                " with the app"
            )
        )


def _say_placeholders(
    source: Source, clocks_read: Sequence[tuple[_Table, Reading]], *, unknown: int, total: int
) -> None:
    home_zone, what_to_do = clocks_read[0][1].home_zone, ""
    if home_zone:
        used = f"the clock of {home_zone} is used"
    elif all(reading.clock == "local" for _, reading in clocks_read):
        used, what_to_do = "it stays unknown", ": give --home-zone, or clock changes cannot be flagged"
    else:
        used, what_to_do = "UTC is used", ": unless you live by it give --home-zone"
    source.note(
        Note(
            f"{source.label}: {unknown} of {total} sleeps have the offset +00:00, which Fitbit writes when it does not"
            f" know: {used}{what_to_do}"
        )
    )


def _say_what_stages_tell(
    source: Source, rows: Sequence[Row], stages: StageTables, more_min: Sequence[float]
) -> None:
    staged = [row for row in rows if row.staged]
    unstaged = sum(row.sleep.sleep_id not in stages.ids for row in staged)
    without_sleep = len(stages.ids - {row.sleep.sleep_id for row in rows})
    if without_sleep:
        source.note(
            Note(
                f"{source.label}: UserSleepStages_….csv holds stages of {without_sleep} sleeps that no readable line of"
                " UserSleeps_….csv names, so they are not used: give every part of the Takeout"
            )
        )
    if unstaged:
        source.note(
            Note(
                f"{source.label}: {unstaged} of {len(staged)} staged sleeps have no row in UserSleepStages_….csv, "
                "so no wake counts, and their minutes may hold short wakes: give every part of the Takeout"
            )
        )
    if more_min:
        source.note(
            Note(
                f"{source.label}: minutes_asleep of {len(more_min)} of {len(staged)} staged sleeps counts short wakes"
                f" as sleep ({sum(more_min) / len(more_min):.0f} min a sleep): the sum of the stages is used instead"
            )
        )
