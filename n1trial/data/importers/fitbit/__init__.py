"""Fitbit: sleep of Google Takeout (JSON, and the CSV that follows it), of fitbit.com, and of three APIs.

Where to get it: takeout.google.com, choose Fitbit (Google Health since 2026), give the zip, all its parts, or
the folder. Or fitbit.com, Settings, Data export, as CSV; or a saved answer of the Web API or the Google Health
API.

What is odd: a Takeout holds the same nights twice, as ``sleep-YYYY-MM-DD.json`` and as ``UserSleeps_….csv``,
analysed by two algorithms that differ by half an hour of deep sleep. All are read, each record with the name of its
layout; on a night of both only the layout with more nights counts. A night broken by more than an hour of wake is
two records. Restless is neither sleep nor wake.

What cannot be trusted: efficiency; everything about wake in a record that was typed in; minutes and clock of the CSV
before 2026, which are put right. ``sleep_score.csv`` writes local times with a false ``Z`` and holds no minutes: it
only tells which sleeps should be there. Its resting heart rate is of the day; no layout has heart rate, HRV, breaths
or skin temperature in the sleep's own record.

Source: stands in the module of each layout. Verified on real files: Takeout JSON and Web API v1.2, and the table of
fitbit.com; the others say so when they are read.
"""

import re
from collections import Counter, defaultdict
from collections.abc import Iterator
from contextlib import suppress
from datetime import date
from zoneinfo import ZoneInfo

from msgspec.structs import replace

from n1trial.data.episodes import SleepEpisode, night_of
from n1trial.data.importers._notes import Note
from n1trial.data.importers._records import bounded, read_rows
from n1trial.data.importers._source import Member, Source
from n1trial.data.importers.fitbit import _content, _google_api, _google_csv, _logs, _minute_logs, _website
from n1trial.data.record_selection import layout_by_night
from n1trial.errors import ExportError

DEVICE = "Fitbit"
LOOKS_FOR = "sleep-YYYY-MM-DD.json, UserSleeps_….csv or fitbit_export_….csv of Fitbit"
WORDS: tuple[bytes, ...] = (
    b"minutesAsleep",
    b"dateOfSleep",
    b"minuteData",
    b"logId",
    b"Minutes Asleep",
    b"Minutes Awake",
    b"minutes_asleep",
    b"sleep_stage_type",
    b"sleep_stage_id",
    b"sleep_log_entry_id",
    b"restlessness",
    b"minutesInSleepPeriod",
    b"dataPoints",
    b"sleep_last_updated",
    b"stagesSummary",
    b"overall_score",
    b"minutesToFallAsleep",
)
FOLDERS: tuple[str, ...] = ("takeout/fitbit", "takeout/google health", "user-site-export")
VERIFIED = True
VERIFIED_ON = (
    "the Takeout JSON and Web API of six people, and files of fitbit.com; other layouts say so themselves"
)

# Sleep logs first: their clock is certain, and Google's table is compared with it.
_LAYOUTS = (_logs, _google_csv, _google_api, _minute_logs, _website)
_SCORES = re.compile(r"sleep_score\.csv|usersleepscores_[^/]*\.csv")
_CSV = re.compile(r".*\.csv")
_SCORE_ID = "sleep_log_entry_id"
_SCORE_MARKS = ((_SCORE_ID.encode(),), (b"sleep_id", b"overall_score"))


def recognises(source: Source) -> bool:
    """Whether the source holds Fitbit sleep, in any layout, or its scores."""
    return any(layout.members(source) for layout in _LAYOUTS) or bool(_scores(source))


def read(source: Source, *, home_zone: ZoneInfo | None) -> Iterator[SleepEpisode]:
    """Read every sleep record of every layout that the source has, also of nights that are in two layouts."""
    present = [(layout, members) for layout in _LAYOUTS if (members := layout.members(source))]
    if not present:
        raise ExportError(
            "holds Fitbit's sleep scores, which are no minutes",
            place=source.label,
            remedy="give sleep-YYYY-MM-DD.json or UserSleeps_….csv of the same Takeout",
        )
    _note_named_alike(source)
    logs: list[SleepEpisode] = []
    others: list[SleepEpisode] = []
    for layout, members in present:
        beside = {"logs": logs} if layout is _google_csv else {}
        for episode in bounded(layout.read(source, members, home_zone=home_zone, **beside), source.label):
            (logs if layout is _logs else others).append(replace(episode, layout=layout.LAYOUT))
    _note_layouts(source, [*logs, *others])
    if logs:
        _say_what_scores_miss(source, {log.record_id for log in logs})
    yield from logs
    yield from others


def _note_named_alike(source: Source) -> None:
    alike = [*_content.named_alike(source), *_google_csv.named_alike(source), *_website.named_alike(source)]
    if alike:
        source.note(
            Note(
                f"{alike[0].where}: has the name of a file of Fitbit's sleep but holds something else"
                f" ({len(alike)} such {'files' if len(alike) > 1 else 'file'}): nothing of it is read"
            )
        )


def _note_layouts(source: Source, episodes: list[SleepEpisode]) -> None:
    nights: dict[str, set[date]] = defaultdict(set)
    for episode in episodes:
        nights[episode.layout].add(night_of(episode.start.wall))
    if len(nights) < 2:
        return
    taken = Counter(layout_by_night(episodes).values())
    by_layout = " and ".join(
        f"{taken[layout]} from {layout} (of {len(nights[layout])} there)"
        for layout in sorted(nights, key=lambda layout: (-taken[layout], layout))
    )
    source.note(
        Note(
            f"{source.label}: nights are told in two ways, by analyses that differ: {by_layout}, on a night of both the"
            " one with more nights counts: to use one alone give its files alone"
        )
    )


def _say_what_scores_miss(source: Source, read_ids: set[str]) -> None:
    scored: set[str] = set()
    for member in _scores(source):
        # Scores are no nights: what is damaged in them takes no night away.
        with suppress(ExportError):
            scored.update(row[_SCORE_ID] for _, row in read_rows(source, member) if _SCORE_ID in row)
    if absent := scored - read_ids:
        source.note(
            Note(
                f"{source.label}: sleep_score.csv names {len(scored)} sleeps, {len(absent)} of them are in no "
                "sleep file: give every part of the Takeout"
            )
        )


def _scores(source: Source) -> list[Member]:
    return [
        member
        for member in source.named(_SCORES, given=_CSV)
        if not member.refused and any(source.mentions(member, *marks, within=2000) for marks in _SCORE_MARKS)
    ]
