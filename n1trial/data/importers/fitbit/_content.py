"""Which of Fitbit's three kinds of JSON a file holds, by its content: other vendors name files alike."""

import re
from typing import Literal

import msgspec

from n1trial.data.importers._source import Member, Source

Kind = Literal["logs", "minutes", "google"]

_JSON = re.compile(r".*\.json")
_DATED = re.compile(r"sleep-\d{4}-\d\d-\d\d.*\.json")
_POSSIBLE = re.compile(r"sleep[^/]*\.json")
_LOG, _LEVELS, _MINUTES = b'"logId"', b'"levels"', b'"minuteData"'
# Fitbit gives a logId to meals and walks, too.
_OF_SLEEP = (b'"dateOfSleep"', b'"minutesAsleep"', _LEVELS)
# An answer of the API that is not ready, and one about days without sleep.
_WAITING, _NO_SLEEP = (b'"retryDuration"', b'"pending"'), b'"totalMinutesAsleep"'
# Each as a word, which is found at once, and as the name of an object.
_GOOGLE = {b'"interval"': re.compile(rb'"interval"\s*:\s*\{'), b'"sleep"': re.compile(rb'"sleep"\s*:\s*\{')}
_NOTHING = re.compile(rb'\[\s*\]|\{\s*\}|\{.{0,400}"sleep"\s*:\s*\[\s*\].{0,400}\}', re.DOTALL)
_BLANK = b"\xef\xbb\xbf\xff\xfe \t\r\n"
_CONTROL = re.compile(rb"[\x01-\x08\x0e-\x1f]")
_BINARY = (b"SQLite format 3", b"PK\3\4", b"\xd0\xcf\x11\xe0", b"%PDF", b"\x1f\x8b")


def json_members(source: Source, kind: Kind) -> list[Member]:
    """Files of one kind."""
    return [member for member in _possible(source) if _kind(source, member) == kind]


def named_alike(source: Source) -> list[Member]:
    """Files with the name of a Takeout's month of sleep that hold something else."""
    return [member for member in _possible(source) if _dated(member) and _kind(source, member) is None]


def _possible(source: Source) -> list[Member]:
    return source.named(_POSSIBLE, given=_JSON)


def _dated(member: Member) -> bool:
    # A file that was named by hand may be anybody's.
    return bool(_DATED.fullmatch(member.base_name)) and not member.given


def _kind(source: Source, member: Member) -> Kind | None:
    if member.refused and _dated(member):
        return "logs"
    head = _flat(source.head(member))
    if not head:
        return "logs" if _DATED.fullmatch(member.base_name) else None
    # Most files show at once what they are, and a file that is cut short would show nothing but its head.
    if _LEVELS in head and _LOG in head and _MINUTES not in head:
        return "logs"
    content = _flat(source.read(member))
    if _LOG in content:
        if _MINUTES in content:
            return "minutes"
        of_sleep = _POSSIBLE.fullmatch(member.base_name) or any(mark in content for mark in _OF_SLEEP)
        return "logs" if of_sleep else None
    if all(word in content and name.search(content) for word, name in _GOOGLE.items()):
        return "google"
    if all(mark in content for mark in _WAITING) or _NO_SLEEP in content:
        return "logs"
    return "logs" if _dated(member) and not _holds_something_else(content) else None


def _holds_something_else(content: bytes) -> bool:
    """Whether a file without any mark of a sleep log is whole, and not just empty or damaged."""
    content = content.strip(_BLANK)
    if not content or _NOTHING.fullmatch(content):
        return False
    if content[:1] not in (b"[", b"{"):
        return content.startswith(_BINARY) or not _CONTROL.search(content)
    try:
        msgspec.json.decode(content, type=msgspec.Raw)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return False
    return True


def _flat(content: bytes) -> bytes:
    """Bytes in which the marks can be found, be the file in UTF-8 or in UTF-16."""
    return content.replace(b"\0", b"") if b"\0" in content else content
