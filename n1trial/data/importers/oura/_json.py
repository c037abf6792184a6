"""Oura's JSON: an answer of the API v2, or everything that Oura on the Web exports.

``{"data": […], "next_token": …}``, ``{"sleep": […]}``, ``{"sleep": {"data": […]}}`` or a bare array. Oura on the Web
leaves ``type`` out of unconfirmed periods, has ``wake_ups`` and no 30-second phases.

Source: Oura API v2 OpenAPI document. Verified on real files: API v2 of two people, Oura on the Web of one.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from zoneinfo import ZoneInfo

import msgspec

from n1trial.data.episodes import Moment, SleepEpisode
from n1trial.data.importers._beginnings import ANY_NAME, is_json
from n1trial.data.importers._damaged import whole_records
from n1trial.data.importers._records import Label, decode_json, decode_record, numbered, read_json
from n1trial.data.importers._source import Member, Source
from n1trial.data.importers.oura._periods import Period, began_at, period_episode
from n1trial.errors import ExportError

LAYOUT = "the JSON of Oura's API v2"

_NAMES = re.compile(r"oura[^/]*\.json|sleep\.json")
_MARKS = (b"bedtime_start", b"bedtime_end", b"total_sleep_duration")


class _Data(msgspec.Struct):
    data: list[msgspec.Raw]


class _Page(msgspec.Struct):
    data: list[msgspec.Raw] | None = None
    sleep: list[msgspec.Raw] | _Data | None = None


class _Beginning(msgspec.Struct):
    """As much of a damaged period as its start needs."""

    bedtime_start: Label


_READ_PERIOD = msgspec.json.Decoder(Period)
_READ_BEGINNING = msgspec.json.Decoder(_Beginning)
_READ_LIST: msgspec.json.Decoder[list[msgspec.Raw]] = msgspec.json.Decoder(list[msgspec.Raw])
_READ_PAGE = msgspec.json.Decoder(_Page)


def members(source: Source) -> list[Member]:
    """Files of this layout: JSON, by the names of its fields."""
    return json_members(source, _MARKS)


def read(source: Source, members: Sequence[Member], *, home_zone: ZoneInfo | None) -> Iterator[SleepEpisode]:
    """Read every period of the members."""
    for member in members:
        build = partial(_episodes, member=member, home_zone=home_zone)
        yield from whole_json(source, member, build, home_zone=home_zone)


def json_members(source: Source, marks: Sequence[bytes]) -> list[Member]:
    """JSON of Oura in which all the marks stand."""
    return [
        member
        for member in source.named(_NAMES, given=ANY_NAME)
        if is_json(source, member) and source.mentions(member, *marks)
    ]


def whole_json(
    source: Source,
    member: Member,
    build: Callable[[str, msgspec.Raw], Iterable[SleepEpisode]],
    *,
    home_zone: ZoneInfo | None,
) -> Iterator[SleepEpisode]:
    """Read every record of one file; a damaged one refuses itself."""

    def began(where: str, record: msgspec.Raw) -> Moment | None:
        return began_at([decode_record(record, _READ_BEGINNING, where).bedtime_start], home_zone=home_zone)

    records = numbered(_json_records(source, member), member)
    yield from whole_records(records, build, source=source, member=member, began=began)


def _json_records(source: Source, member: Member) -> list[msgspec.Raw]:
    """Records of one file, not yet decoded."""
    content = read_json(source, member)
    if content.lstrip()[:1] == b"[":
        return decode_json(content, _READ_LIST, member.where)
    page = decode_json(content, _READ_PAGE, member.where)
    records = page.sleep.data if isinstance(page.sleep, _Data) else page.sleep
    if page.data is None and records is None:
        raise ExportError(
            "has neither `data` nor `sleep`", place=member.where, remedy="give the file as it was exported"
        )
    return [*(page.data or []), *(records or [])]


def _episodes(
    where: str, record: msgspec.Raw, *, member: Member, home_zone: ZoneInfo | None
) -> list[SleepEpisode]:
    period = decode_record(record, _READ_PERIOD, where)
    return [period_episode(period, member=member, where=where, home_zone=home_zone)]
