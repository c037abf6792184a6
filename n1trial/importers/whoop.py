"""Whoop: the table of sleeps of the data export.

Where to get it: the Whoop app, More, App Settings, Data Export; a mail brings a zip with ``sleeps.csv``.

What is odd: rows run from the newest to the oldest, times are local and their offset stands in a column of
its own (``UTC-05:00``, ``UTCZ``), and a row that Whoop could not score has no numbers. From falling asleep to
waking is up to 21 min more than the time in bed, because gaps in the data are left out of the latter.

What cannot be trusted: there is no wake count, no latency and no list of stages, so wake episodes and wake
after sleep onset are missing. ``physiological_cycles.csv`` leaves out naps and is not read.

Source: the files themselves. Verified on real files of two people.
"""

import re
from collections.abc import Iterator
from datetime import datetime
from zoneinfo import ZoneInfo

import msgspec

from n1trial.episodes import Moment, SleepEpisode
from n1trial.errors import ExportError
from n1trial.importers._archive import refusing
from n1trial.importers._intervals import utc_offset
from n1trial.importers._records import Label, Minutes, convert_row, plausible_wall, read_rows
from n1trial.importers._source import Member, Source

DEVICE = "Whoop"
LOOKS_FOR = "sleeps.csv of Whoop"
VERIFIED = True
VERIFIED_ON = "sleeps.csv of two people"

_NAMES = re.compile(r"(sleeps|physiological_cycles)\.csv")
_LOOSE = re.compile(r".*\.csv")
_CYCLES = b"Recovery score %"
_MARKS = (b"Cycle timezone", b"Sleep onset", b"Asleep duration (min)")


class _Sleep(msgspec.Struct):
    onset: Label = msgspec.field(name="Sleep onset")
    wake: Label = msgspec.field(name="Wake onset")
    zone: Label = msgspec.field(name="Cycle timezone")
    asleep: Minutes | None = msgspec.field(name="Asleep duration (min)", default=None)
    in_bed: Minutes | None = msgspec.field(name="In bed duration (min)", default=None)
    light: Minutes | None = msgspec.field(name="Light sleep duration (min)", default=None)
    deep: Minutes | None = msgspec.field(name="Deep (SWS) duration (min)", default=None)
    rem: Minutes | None = msgspec.field(name="REM duration (min)", default=None)
    nap: bool = msgspec.field(name="Nap", default=False)


def recognises(source: Source) -> bool:
    """Whether the source holds a table of Whoop: by name and by its columns."""
    return any(_members(source))


def read(source: Source, *, home_zone: ZoneInfo | None) -> Iterator[SleepEpisode]:
    """Read every sleep of the source; `home_zone` is not needed, each row has its offset."""
    members = [member for member in _members(source) if not source.mentions(member, _CYCLES, within=4096)]
    if not members:
        raise ExportError(
            f"{source.label}: cycles, which leave out naps and parts of nights: give sleeps.csv"
        )
    for member in members:
        for where, row in read_rows(source, member):
            # A cycle without sleep has no time of falling asleep.
            if "Sleep onset" in row:
                yield _episode(convert_row(row, _Sleep, where), member=member, where=where)


def _members(source: Source) -> Iterator[Member]:
    for member in source.named(_NAMES, given=_LOOSE):
        if source.mentions(member, *_MARKS, within=4096):
            yield member


def _episode(sleep: _Sleep, *, member: Member, where: str) -> SleepEpisode:
    offset = utc_offset(sleep.zone, where)
    with refusing(where):
        start, end = (
            Moment(plausible_wall(datetime.fromisoformat(text).replace(tzinfo=None), where), offset)
            for text in (sleep.onset, sleep.wake)
        )
    return SleepEpisode(
        source="whoop",
        source_file=member.where,
        record_id=start.isoformat(),
        start=start,
        end=end,
        time_basis="utc+offset",
        tib_min=sleep.in_bed,
        tst_min=sleep.asleep,
        deep_min=sleep.deep,
        light_min=sleep.light,
        rem_min=sleep.rem,
        vendor_nap=sleep.nap,
        missing="" if sleep.asleep is not None else "unscored",
        device=DEVICE,
    )
