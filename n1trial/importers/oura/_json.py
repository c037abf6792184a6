"""Oura's JSON: an answer of the API v2, or everything that Oura on the Web exports.

``{"data": […], "next_token": …}``, ``{"sleep": […]}``, ``{"sleep": {"data": […]}}`` or a bare array. Oura on the Web
leaves ``type`` out of unconfirmed periods, has ``wake_ups`` and no 30-second phases.

Source: Oura API v2 OpenAPI document. Verified on real files: API v2 of two people, Oura on the Web of one.
"""

import re
from collections.abc import Iterator, Sequence
from zoneinfo import ZoneInfo

import msgspec

from n1trial.episodes import SleepEpisode
from n1trial.errors import ExportError
from n1trial.importers._records import decode_json, decode_records, read_json
from n1trial.importers._source import Member, Source
from n1trial.importers.oura._periods import Period, period_episode

LAYOUT = "the JSON of Oura's API v2"

_NAMES = re.compile(r"oura[^/]*\.json|sleep\.json")
_JSON = re.compile(r".*\.json")
_MARKS = (b"bedtime_start", b"bedtime_end", b"total_sleep_duration")


class _Data(msgspec.Struct):
    data: list[msgspec.Raw]


class _Page(msgspec.Struct):
    data: list[msgspec.Raw] | None = None
    sleep: list[msgspec.Raw] | _Data | None = None


_READ_PERIOD = msgspec.json.Decoder(Period)
_READ_LIST: msgspec.json.Decoder[list[msgspec.Raw]] = msgspec.json.Decoder(list[msgspec.Raw])
_READ_PAGE = msgspec.json.Decoder(_Page)


def members(source: Source) -> list[Member]:
    """Files of this layout: by name and by the names of their fields."""
    return [member for member in source.named(_NAMES, given=_JSON) if source.mentions(member, *_MARKS)]


def read(source: Source, members: Sequence[Member], *, home_zone: ZoneInfo | None) -> Iterator[SleepEpisode]:
    """Read every period of the members."""
    for member in members:
        for where, period in decode_records(json_records(source, member), _READ_PERIOD, member):
            yield period_episode(period, member=member, where=where, home_zone=home_zone)


def json_records(source: Source, member: Member) -> list[msgspec.Raw]:
    """Records of one file, not yet decoded."""
    content = read_json(source, member)
    if content.lstrip()[:1] == b"[":
        return decode_json(content, _READ_LIST, member.where)
    page = decode_json(content, _READ_PAGE, member.where)
    records = page.sleep.data if isinstance(page.sleep, _Data) else page.sleep
    if page.data is None and records is None:
        raise ExportError(f"{member.where}: has neither `data` nor `sleep`: give the file as it was exported")
    return page.data or records or []
