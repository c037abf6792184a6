"""Fitbit: sleep of Google Takeout (JSON, and the CSV that follows it), of fitbit.com, and of three APIs.

Where to get it: takeout.google.com, choose Fitbit (Google Health since 2026), give the zip, all its parts, or
the folder. Or fitbit.com, Settings, Data export, as CSV; or a saved answer of the Web API or the Google Health
API.

What is odd: a Takeout holds the same nights twice, as ``sleep-YYYY-MM-DD.json`` and as ``UserSleeps_….csv``,
analysed by two algorithms that differ by half an hour of deep sleep. One of them is read and the other named,
never both: `_LAYOUTS` is in the order of what tells most and is known best. A night broken by more than an
hour of wake is two records. Restless is neither sleep nor wake.

What cannot be trusted: efficiency; and everything about wake in a record that was typed in. ``sleep_score.csv``
writes local times with a false ``Z`` and holds no minutes: it only tells which sleeps should be there.

Source: stands in the module of each layout. Verified on real files: Takeout JSON and Web API v1.2, and
the sleep table of fitbit.com; the others say so when they are read.
"""

import re
from collections.abc import Iterator
from zoneinfo import ZoneInfo

from msgspec.structs import replace

from n1trial.episodes import SleepEpisode
from n1trial.errors import ExportError
from n1trial.importers._notes import Note
from n1trial.importers._records import read_rows
from n1trial.importers._source import Source
from n1trial.importers.fitbit import _google_api, _google_csv, _logs, _minute_logs, _website

DEVICE = "Fitbit"
LOOKS_FOR = "sleep-YYYY-MM-DD.json, UserSleeps_….csv or fitbit_export_….csv of Fitbit"
VERIFIED = True
VERIFIED_ON = "the Takeout JSON and Web API of six people; other layouts say so themselves"

_LAYOUTS = (_logs, _google_csv, _google_api, _minute_logs, _website)
_SCORES = re.compile(r"sleep_score\.csv")
_SCORE_ID = "sleep_log_entry_id"


def recognises(source: Source) -> bool:
    """Whether the source holds Fitbit sleep, in any layout, or its scores."""
    return any(layout.members(source) for layout in _LAYOUTS) or any(_score_ids(source))


def read(source: Source, *, home_zone: ZoneInfo | None) -> Iterator[SleepEpisode]:
    """Read every sleep record of the first layout that the source has."""
    present = [(layout, members) for layout in _LAYOUTS if (members := layout.members(source))]
    if not present:
        raise ExportError(
            f"{source.label}: holds Fitbit's sleep scores, which are no minutes: give sleep-YYYY-MM-DD.json "
            "or UserSleeps_….csv of the same Takeout"
        )
    (layout, members), *others = present
    for other, [first, *_] in others:
        source.note(
            Note(
                f"{first.where}: {other.LAYOUT}, left out because {layout.LAYOUT} is there too and the two "
                f"differ: to use it give its files alone"
            )
        )
    read_ids = set()
    for episode in layout.read(source, members, home_zone=home_zone):
        read_ids.add(episode.record_id)
        yield replace(episode, layout=layout.LAYOUT)
    if layout is _logs:
        _say_what_scores_miss(source, read_ids)


def _say_what_scores_miss(source: Source, read_ids: set[str]) -> None:
    scored = set(_score_ids(source))
    if absent := scored - read_ids:
        source.note(
            Note(
                f"{source.label}: sleep_score.csv names {len(scored)} sleeps, {len(absent)} of them are in no "
                "sleep file: give every part of the Takeout"
            )
        )


def _score_ids(source: Source) -> Iterator[str]:
    for member in source.named(_SCORES):
        if not member.refused and source.mentions(member, _SCORE_ID.encode(), within=200):
            for _, row in read_rows(source, member):
                yield row.get(_SCORE_ID, "")
