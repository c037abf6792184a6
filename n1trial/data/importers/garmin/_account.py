"""Garmin's account export: ``…_sleepData.json``, about a hundred nights a file, in sums.

Times are UTC without saying so, and this file has no offset: it comes from the home zone, or from the daily summaries.
The last element of a file can be ``{"retro": false}`` alone, which is no night.

Source: independent readers of the file; garmin-grafana issue 205 (the last element). Verified on a real export of one
person.
"""

import re
from collections.abc import Iterator, Sequence
from contextlib import suppress
from datetime import date, datetime, time
from zoneinfo import ZoneInfo

import msgspec

from n1trial.data.episodes import Moment, SleepEpisode
from n1trial.data.importers._damaged import whole_records
from n1trial.data.importers._records import (
    Label,
    Seconds,
    decode_json,
    decode_record,
    numbered,
    plausible_wall,
    read_json,
)
from n1trial.data.importers._source import Member, Source
from n1trial.data.importers.garmin._clock import Clock, Unzoned, read_clock
from n1trial.data.importers.garmin._nights import Sums, nap, night, with_vital_signs

LAYOUT = "the account export"

_NAMES = re.compile(r".*sleepdata\.json")
_ANY = re.compile(r".*", re.DOTALL)
_MARKS = (b'"sleepStartTimestampGMT"', b'"sleepWindowConfirmationType"')
_MARK_OF_OLD = b'"retro"'
# Day files call the others the same.
_OTHER_LAYOUT = (b'"dailySleepDTO"', b'"sleepStartTimestampLocal"')


class _Nap(msgspec.Struct):
    start: Unzoned = msgspec.field(name="napStartTimestampGMT")
    end: Unzoned = msgspec.field(name="napEndTimestampGMT")
    seconds: Seconds | None = msgspec.field(name="napTimeSec", default=None)


class _Sleep(Sums):
    start: Unzoned | None = msgspec.field(name="sleepStartTimestampGMT", default=None)
    end: Unzoned | None = msgspec.field(name="sleepEndTimestampGMT", default=None)
    unmeasured: Seconds | None = msgspec.field(name="unmeasurableSeconds", default=None)
    respiration: float | None = msgspec.field(name="averageRespiration", default=None)
    naps: list[_Nap] | None = msgspec.field(name="napList", default=None)


class _Began(msgspec.Struct):
    start: Label | None = msgspec.field(name="sleepStartTimestampGMT", default=None)
    day: Label = msgspec.field(name="calendarDate", default="")


_READ_SLEEP = msgspec.json.Decoder(_Sleep)
_READ_BEGAN = msgspec.json.Decoder(_Began)
_READ_LIST: msgspec.json.Decoder[list[msgspec.Raw]] = msgspec.json.Decoder(list[msgspec.Raw])


def members(source: Source) -> list[Member]:
    """Files of this layout: by their keys, which very old files do not all have."""
    return [member for member in source.named(_NAMES, given=_ANY) if _is_theirs(source, member)]


def read(source: Source, members: Sequence[Member], *, home_zone: ZoneInfo | None) -> Iterator[SleepEpisode]:
    """Read every night and nap of the members; `home_zone` serves where the daily summaries do not."""
    clock = read_clock(source, home_zone)

    def began(where: str, record: msgspec.Raw) -> Moment:
        damaged = decode_record(record, _READ_BEGAN, where)
        with suppress(ValueError):
            return clock.moment(datetime.fromisoformat(damaged.start or ""), where)
        return Moment(plausible_wall(datetime.combine(date.fromisoformat(damaged.day), time()), where))

    for member in members:

        def build(where: str, record: msgspec.Raw, member: Member = member) -> Iterator[SleepEpisode]:
            return _episodes(decode_record(record, _READ_SLEEP, where), clock, member, where)

        records = decode_json(read_json(source, member), _READ_LIST, member.where)
        yield from whole_records(numbered(records, member), build, source=source, member=member, began=began)


def _is_theirs(source: Source, member: Member) -> bool:
    def mentions(mark: bytes) -> bool:
        return source.mentions(member, mark, within=8192)

    if not mentions(b'"calendarDate"') or any(map(mentions, _OTHER_LAYOUT)):
        return False
    # The daily summaries have dates too; only the vendor's own name says that dates are enough.
    return any(map(mentions, _MARKS)) or bool(_NAMES.fullmatch(member.base_name) and mentions(_MARK_OF_OLD))


def _episodes(sleep: _Sleep, clock: Clock, member: Member, where: str) -> Iterator[SleepEpisode]:
    if sleep.day is None and sleep.start is None and not sleep.staged and not sleep.naps:
        return
    summed = night(
        sleep,
        start=clock.moment(sleep.start, where) if sleep.start else None,
        end=clock.moment(sleep.end, where) if sleep.end else None,
        unmeasured=sleep.unmeasured,
        record_id=str(sleep.start or sleep.day),
        layout=LAYOUT,
        time_basis="utc_no_offset",
        member=member,
        where=where,
    )
    if sleep.respiration is not None:
        summed = with_vital_signs(summed, {"respiratory_rate_rpm": sleep.respiration})
    yield summed
    for written_nap in sleep.naps or ():
        yield nap(
            clock.moment(written_nap.start, where),
            clock.moment(written_nap.end, where),
            seconds=written_nap.seconds,
            record_id=str(written_nap.start),
            sums=sleep,
            layout=LAYOUT,
            time_basis="utc_no_offset",
            member=member,
        )
