"""Oura: sleep periods of the Membership Hub, of Oura on the Web, of the API v2 and v1, and the trends table.

Where to get it: membership.ouraring.com, Export data, give the zip or its folder. Without waiting: cloud.ouraring.com,
Trends, choose the columns of sleep, download as CSV; or, before 2025, "Sleep" as CSV or everything as JSON. Or an
answer of ``/v2/usercollection/sleep`` saved as it came.

What is odd: a third to a half of the rows have no ``type``. They are short, unconfirmed periods and no sleep. The same
nights look different in each layout, with phases of 30 s, of 5 min, or none: two layouts in one call are refused,
because they come as files of their own and the choice is the reader's.

What cannot be trusted: ``restless_periods`` counts movements, hundreds a night. The 5-minute phases hide nine of ten
short wakes that the 30-second phases show. ``day`` is the date of waking, and the day after for a period that ends
after 18:00: a label, not the night. Vital signs are Oura's own summaries of a period, defined in the module of each
layout; its 5-minute values are not read.

Source: stands in the module of each layout. Verified on real files: all but the Membership Hub, which says so when it
is read.
"""

import re
from collections.abc import Iterator
from zoneinfo import ZoneInfo

from msgspec.structs import replace

from n1trial.data.episodes import SleepEpisode
from n1trial.data.importers._beginnings import ANY_NAME, header_names
from n1trial.data.importers._source import Source
from n1trial.data.importers.oura import _hub, _json, _table, _trends, _v1
from n1trial.errors import ExportError

DEVICE = "Oura"
LOOKS_FOR = "sleepmodel.csv, oura_sleep_….csv, oura_…_trends.csv, oura_….json or sleep.json of Oura"
WORDS: tuple[bytes, ...] = (
    b"bedtime_start",
    b"bedtime_end",
    b"total_sleep_duration",
    b"sleep_phase_5_min",
    b"hypnogram_5min",
    b"onset_latency",
    b"contributors",
    b"optimal_bedtime",
    b"bedtime_window_start",
    b"Bedtime Start",
    b"Restfulness",
    b"Total Bedtime",
    b"Readiness Score",
    b"lowest_heart_rate",
    b"summary_date",
    b"next_token",
)
FOLDERS: tuple[str, ...] = ("oura-export", "oura_export")
VERIFIED = True
VERIFIED_ON = "the web CSV, web JSON and API of eight people; other layouts say so themselves"

_LAYOUTS = (_json, _v1, _hub, _table, _trends)
_SCORES = re.compile(r"(dailysleep|sleeptime|oura[^/]*)\.csv")
# Siblings of the sleep tables that hold no minutes, by their columns, and the file that is needed.
_WITHOUT_MINUTES = (
    ({"contributors", "day", "score"}, "sleepmodel.csv of the same export"),
    ({"optimal_bedtime"}, "sleepmodel.csv of the same export"),
    ({"score", "day", "contributors_timing"}, "oura_sleep_….csv"),
    ({"bedtime_window_start"}, "oura_sleep_….csv"),
)


def recognises(source: Source) -> bool:
    """Whether the source holds Oura sleep, in any layout, or its scores."""
    return any(layout.members(source) for layout in _LAYOUTS) or bool(_not_enough(source))


def read(source: Source, *, home_zone: ZoneInfo | None) -> Iterator[SleepEpisode]:
    """Read every sleep period of the source; `home_zone` serves only times that lost their offset."""
    present = [(layout, members) for layout in _LAYOUTS if (members := layout.members(source))]
    if not present:
        raise ExportError(_not_enough(source))
    (layout, members), *others = present
    for other, [first, *_] in others:
        raise ExportError(
            f"{layout.LAYOUT} and {other.LAYOUT} differ on the same night",
            place=f"{members[0].where} and {first.where}",
            remedy="give only one of them",
        )
    for episode in layout.read(source, members, home_zone=home_zone):
        yield replace(episode, layout=layout.LAYOUT)


def _not_enough(source: Source) -> str:
    """Say what is needed where files of Oura hold no nights; empty where no file is Oura's."""
    if lacking := _trends.incomplete(source):
        return lacking
    for member in source.named(_SCORES, given=ANY_NAME):
        names = set() if member.refused else set(header_names(source, member))
        for columns, needed in _WITHOUT_MINUTES:
            if names >= columns:
                return (
                    f"{source.label}: holds Oura's scores and bedtimes, which are no minutes: give {needed}"
                )
    return ""
