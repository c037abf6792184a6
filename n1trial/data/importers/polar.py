"""Polar: the nights of a Polar Flow export.

Where to get it: account.polar.com, download your data; the zip holds ``sleep_result_….json``.

What is odd: durations are ISO 8601 (``PT6H57M``), and the hypnogram is a list of changes counted from the
start. NONREM1 and NONREM2 are light sleep, NONREM3 is deep. A last WAKE may stand at or after the end: it
closes the list and is no awakening. Older devices give no ``phaseDurations``. The record begins at the first
sleep, so there is no latency.

What cannot be trusted: ``interruptions.totalCount``, which is the vendor's and never the wake episodes. The same
file holds a birthday and a device id, which are never read.

Vital signs: none in this file. ``nightly_recovery_….json`` of the same export has an RMSSD, but of the first hours of
sleep, by date and not by sleep: it is not read.

Source: Polar "How to download all your data from Polar Flow", and one description of the format.
Never checked on a real file.
"""

import re
from collections.abc import Iterator, Sequence
from datetime import date, datetime, timedelta
from functools import partial
from itertools import chain
from typing import Annotated
from zoneinfo import ZoneInfo

import msgspec
from msgspec.structs import replace

from n1trial.data.episodes import Moment, SleepEpisode, clock_change
from n1trial.data.flags import Flag
from n1trial.data.importers._beginnings import ANY_NAME, is_json
from n1trial.data.importers._clock import check_span
from n1trial.data.importers._damaged import whole_records
from n1trial.data.importers._intervals import Interval, Stage, with_stages
from n1trial.data.importers._records import (
    Count,
    Label,
    decode_json,
    decode_record,
    numbered,
    plausible_wall,
    read_json,
)
from n1trial.data.importers._source import Member, Source
from n1trial.data.not_used import NotUsed

DEVICE = "Polar"
LOOKS_FOR = "sleep_result_….json of Polar"
WORDS: tuple[bytes, ...] = (
    b"sleepSpan",
    b"sleepStateChanges",
    b"sleepResult",
    b"continuityIndex",
    b"NONREM",
    b"phaseDurations",
    b"asleepDuration",
)
FOLDERS: tuple[str, ...] = ()
VERIFIED = False
VERIFIED_ON = "one description of the format; no real file was seen"

_NAMES = re.compile(r"sleep_result.*\.json")
_MARKS = (b'"night"', b'"sleepSpan"', b'"hypnogram"')
_STAGES: dict[str, Stage] = {
    "NONREM1": "light",
    "NONREM2": "light",
    "NONREM3": "deep",
    "REM": "rem",
    "WAKE": "awake",
}
_CHANGES_LIMIT = 20_000
_ROUNDING_MIN = 1

_Zoned = Annotated[datetime, msgspec.Meta(tz=True)]


class _Interruptions(msgspec.Struct, rename="camel"):
    total_count: Count | None = None


class _Evaluation(msgspec.Struct, rename="camel"):
    sleep_span: timedelta
    asleep_duration: timedelta | None = None
    interruptions: _Interruptions = msgspec.field(default_factory=_Interruptions)


class _Change(msgspec.Struct, rename="camel", gc=False):
    offset_from_start: timedelta
    state: Label


class _Hypnogram(msgspec.Struct, rename="camel"):
    sleep_start: _Zoned
    sleep_end: _Zoned
    battery_ran_out: bool = False
    sleep_state_changes: Annotated[list[_Change], msgspec.Meta(max_length=_CHANGES_LIMIT)] = []


class _Result(msgspec.Struct):
    hypnogram: _Hypnogram


class _Beginning(msgspec.Struct, rename="camel"):
    sleep_start: _Zoned


class _ResultBeginning(msgspec.Struct):
    hypnogram: _Beginning


class _NightBeginning(msgspec.Struct, rename="camel"):
    """As much of a damaged night as its start needs."""

    sleep_result: _ResultBeginning


class _Night(msgspec.Struct, rename="camel"):
    night: date
    evaluation: _Evaluation
    sleep_result: _Result


_READ_NIGHT = msgspec.json.Decoder(_Night)
_READ_BEGINNING = msgspec.json.Decoder(_NightBeginning)
_READ_LIST: msgspec.json.Decoder[Sequence[msgspec.Raw]] = msgspec.json.Decoder(list[msgspec.Raw])


def recognises(source: Source) -> bool:
    """Whether the source holds sleep results of Polar: JSON, by its keys."""
    return any(_members(source))


def read(source: Source, *, home_zone: ZoneInfo | None) -> Iterator[SleepEpisode]:
    """Read every night of the source; `home_zone` is not needed, times have their offset."""
    for member in _members(source):
        records = decode_json(read_json(source, member), _READ_LIST, member.where)
        yield from whole_records(
            numbered(records, member),
            partial(_episodes, member=member),
            source=source,
            member=member,
            began=_began,
        )


def _members(source: Source) -> Iterator[Member]:
    for member in source.named(_NAMES, given=ANY_NAME):
        if is_json(source, member) and source.mentions(member, *_MARKS):
            yield member


def _began(where: str, record: msgspec.Raw) -> Moment:
    return _moment(decode_record(record, _READ_BEGINNING, where).sleep_result.hypnogram.sleep_start, where)


def _moment(stamp: datetime, where: str) -> Moment:
    return Moment(plausible_wall(stamp.replace(tzinfo=None), where), stamp.utcoffset())


def _episodes(where: str, record: msgspec.Raw, *, member: Member) -> Iterator[SleepEpisode]:
    yield _episode(decode_record(record, _READ_NIGHT, where), member=member, where=where)


def _episode(night: _Night, *, member: Member, where: str) -> SleepEpisode:
    hypnogram, evaluation = night.sleep_result.hypnogram, night.evaluation
    start, end = (_moment(stamp, where) for stamp in (hypnogram.sleep_start, hypnogram.sleep_end))
    check_span(start, end, where)
    asleep = evaluation.asleep_duration
    episode = with_stages(
        SleepEpisode(
            source="polar",
            source_file=member.where,
            record_id=str(night.night),
            start=start,
            end=end,
            time_basis="utc+offset",
            tib_min=evaluation.sleep_span.total_seconds() / 60,
            vendor_date=night.night,
            vendor_awakenings=evaluation.interruptions.total_count,
            device=DEVICE,
            flags=(
                *((Flag("battery_ran_out"),) if hypnogram.battery_ran_out else ()),
                *clock_change(start, end),
            ),
        ),
        list(_intervals(hypnogram, evaluation.sleep_span, start)),
        latency=False,
    )
    if asleep is None or episode.missing == NotUsed.IMPLAUSIBLE:
        return episode
    asleep_min = asleep.total_seconds() / 60
    differs = episode.tst_min is not None and abs(episode.tst_min - asleep_min) > _ROUNDING_MIN
    flags = (*episode.flags, Flag("tst_mismatch")) if differs else episode.flags
    return replace(episode, tst_min=asleep_min, missing=NotUsed.NO, flags=flags)


def _intervals(hypnogram: _Hypnogram, span: timedelta, start: Moment) -> Iterator[Interval]:
    origin = start.instant.timestamp()
    changes = hypnogram.sleep_state_changes
    ends = chain((change.offset_from_start for change in changes[1:]), (span,))
    for change, end in zip(changes, ends, strict=False):
        if change.state in _STAGES and change.offset_from_start < span:
            yield (
                origin + change.offset_from_start.total_seconds(),
                origin + min(end, span).total_seconds(),
                _STAGES[change.state],
            )
