"""Samsung Health: the sleep and stage tables of the data download.

Where to get it: the Samsung Health app, Settings, Download personal data; give the folder with
``com.samsung.shealth.sleep.….csv`` and ``com.samsung.health.sleep_stage.….csv``.

What is odd: the first line names the table and the second the columns, with a prefix that varies; every row
ends with a comma, and stages lie in a file of their own. Documents say that times are UTC, one says local:
both readings are tried on the data. Under the right one the clock time of going to bed does not jump when the
clocks change, and falls in the evening. Where neither shows, the night is the same either way, or the export
is refused. A record has one offset, also on a night when the clocks change.

What cannot be trusted: ``efficiency`` 0 and an empty ``sleep_duration`` mean *not measured*.
``sleep_latency`` and ``sleep_combined`` are not read.

Source: several independent readers of the files. Never checked on a real file.
"""

import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from statistics import mean, pvariance
from zoneinfo import ZoneInfo

import msgspec

from n1trial.episodes import Moment, SleepEpisode, night_of
from n1trial.errors import ExportError
from n1trial.importers._archive import refusing
from n1trial.importers._intervals import Interval, Stage, utc_offset, with_stages
from n1trial.importers._records import (
    Label,
    column_names,
    convert_row,
    named_cells,
    plausible_wall,
    read_cells,
)
from n1trial.importers._source import Member, Source

DEVICE = "Samsung Health"
LOOKS_FOR = "com.samsung.….sleep.….csv"
VERIFIED = False
VERIFIED_ON = "independent readers of the files; no real file was seen"

_SLEEPS = re.compile(r"com\.samsung\.s?health\.sleep\.\d*\.?csv")
_STAGES = re.compile(r"com\.samsung\.s?health\.sleep_stage\.\d*\.?csv")
_STAGE_OF: dict[int, Stage] = {40001: "awake", 40002: "light", 40003: "deep", 40004: "rem"}
_HOUR, _HALF_DAY, _DAY = timedelta(hours=1), timedelta(hours=12), timedelta(days=1)
_LONG = timedelta(hours=3)
_EVENING_FROM, _EVENING_TO = 19, 3
# Nights on either side of a clock change that are compared.
_NIGHTS_AROUND, _NIGHTS_NEEDED = 28, 5


class _Sleep(msgspec.Struct):
    start_time: Label
    end_time: Label
    time_offset: Label
    datauuid: Label


class _Stage(msgspec.Struct):
    start_time: Label
    end_time: Label
    stage: int
    sleep_id: Label


class _Written(msgspec.Struct):
    """A sleep as it stands in the file, in a clock that is not known yet."""

    id: str
    start: datetime
    end: datetime
    offset: timedelta
    member: Member


def recognises(source: Source) -> bool:
    """Whether the source holds the sleep table of Samsung Health: by name."""
    return bool(source.named(_SLEEPS) or source.named(_STAGES))


def read(source: Source, *, home_zone: ZoneInfo | None) -> Iterator[SleepEpisode]:
    """Read every sleep of the source; `home_zone` is not needed, records have their offset."""
    for pattern, name in ((_SLEEPS, "shealth.sleep"), (_STAGES, "health.sleep_stage")):
        if not source.named(pattern):
            raise ExportError(
                f"{source.label}: com.samsung.{name}.….csv of Samsung Health is absent: give the whole folder"
            )
    stages: dict[str, list[tuple[datetime, datetime, Stage]]] = defaultdict(list)
    for member in source.named(_STAGES):
        for where, row in _rows(source, member):
            stage = convert_row(row, _Stage, where)
            if stage.stage in _STAGE_OF:
                stages[stage.sleep_id].append(
                    (_time(stage.start_time, where), _time(stage.end_time, where), _STAGE_OF[stage.stage])
                )
    sleeps = [sleep for member in source.named(_SLEEPS) for sleep in _sleeps(source, member)]
    local, flags = _is_local(sleeps, source.label)
    for sleep in sleeps:
        yield _episode(sleep, stages[sleep.id], local=local, flags=flags)


def _sleeps(source: Source, member: Member) -> Iterator[_Written]:
    for where, row in _rows(source, member):
        sleep = convert_row(row, _Sleep, where)
        yield _Written(
            id=sleep.datauuid,
            start=_time(sleep.start_time, where),
            end=_time(sleep.end_time, where),
            offset=utc_offset(sleep.time_offset, where),
            member=member,
        )


def _rows(source: Source, member: Member) -> Iterator[tuple[str, dict[str, str]]]:
    """Rows by the last part of each column's name, without the comma that ends every row."""
    header: list[str] = []
    for where, cells in read_cells(source, member):
        if header:
            if len(cells) == len(header) + 1 and not cells[-1]:
                cells.pop()
            yield where, named_cells(header, cells, where)
        elif any(name.endswith("start_time") for name in cells):
            if not cells[-1]:
                cells.pop()
            header = _short_names(cells, where)
    if not header:
        raise ExportError(f"{member.where}: has no line of column names: download the data again")


def _short_names(names: Sequence[str], where: str) -> list[str]:
    """Column names without ``com.samsung.health.sleep.``; a bare column of the same name gets out of the way."""
    header = column_names(names, where)
    prefixed = {name.rpartition(".")[2] for name in header if "." in name}
    return [
        name.rpartition(".")[2] if "." in name else f"{name}," if name in prefixed else name
        for name in header
    ]


def _time(text: str, where: str) -> datetime:
    with refusing(where):
        return plausible_wall(datetime.fromisoformat(text).replace(tzinfo=None), where)


def _is_local(sleeps: Sequence[_Written], label: str) -> tuple[bool, tuple[str, ...]]:
    """Whether times are local rather than UTC, and the flag of a reading that nothing confirms."""
    long = sorted(
        (sleep for sleep in sleeps if sleep.end - sleep.start >= _LONG), key=lambda sleep: sleep.start
    )
    for votes in (_votes_of_clock_changes(long), _votes_of_evenings(long)):
        if votes:
            return votes > 0, ()
    if any(night_of(sleep.start) != night_of(sleep.start + sleep.offset) for sleep in sleeps):
        raise ExportError(
            f"{label}: times can be UTC or local and the nights would differ: "
            "export a longer time, best with a clock change in it"
        )
    return False, ("utc_assumed",)


def _votes_of_clock_changes(sleeps: Sequence[_Written]) -> float:
    """Above 0 when bedtimes stay put under the local reading, below under UTC, 0 when they do not say."""
    votes = variance = 0.0
    changes = [at for at, (one, later) in enumerate(pairwise(sleeps), 1) if one.offset != later.offset]
    for at in changes:
        reference = sleeps[at - 1]
        before = _hours(sleeps[max(0, at - _NIGHTS_AROUND) : at], reference.offset, reference.start)
        after = _hours(sleeps[at : at + _NIGHTS_AROUND], sleeps[at].offset, reference.start)
        if min(len(before), len(after)) >= _NIGHTS_NEEDED:
            jump_h = mean(after) - mean(before)
            change_h = (sleeps[at].offset - reference.offset) / _HOUR
            # Local times do not jump; UTC times jump by the change, the other way round.
            votes += abs(jump_h + change_h) - abs(jump_h)
            variance += 4 * (pvariance(before) / len(before) + pvariance(after) / len(after))
    # Bedtimes vary by themselves: less than two standard errors is no answer.
    return votes if abs(votes) > 2 * variance**0.5 else 0.0


def _hours(sleeps: Sequence[_Written], offset: timedelta, reference: datetime) -> list[float]:
    """How much later in the day than `reference` the sleeps of one offset start, from -12 to 12."""
    return [
        ((sleep.start - reference + _HALF_DAY) % _DAY - _HALF_DAY) / _HOUR
        for sleep in sleeps
        if sleep.offset == offset
    ]


def _votes_of_evenings(sleeps: Sequence[_Written]) -> int:
    def evenings(ahead: int) -> int:
        hours = [(sleep.start + ahead * sleep.offset).hour for sleep in sleeps]
        return sum(hour >= _EVENING_FROM or hour < _EVENING_TO for hour in hours)

    local, utc = evenings(0), evenings(1)
    clear = max(local, utc) > 0.8 * len(sleeps) and min(local, utc) < 0.2 * len(sleeps)
    return local - utc if clear else 0


def _episode(
    sleep: _Written,
    stages: Sequence[tuple[datetime, datetime, Stage]],
    *,
    local: bool,
    flags: tuple[str, ...],
) -> SleepEpisode:
    to_wall = timedelta() if local else sleep.offset
    to_utc = -sleep.offset if local else timedelta()

    def second(written: datetime) -> float:
        return (written + to_utc).replace(tzinfo=UTC).timestamp()

    intervals: list[Interval] = [(second(start), second(end), stage) for start, end, stage in stages]
    episode = SleepEpisode(
        source="samsung",
        source_file=sleep.member.where,
        record_id=sleep.id,
        start=Moment(sleep.start + to_wall, sleep.offset),
        end=Moment(sleep.end + to_wall, sleep.offset),
        time_basis="utc+offset",
        device=DEVICE,
        flags=flags,
    )
    return with_stages(episode, intervals, latency=True)
