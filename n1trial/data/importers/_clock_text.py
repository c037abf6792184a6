"""Clock times as iPhones write them: on twelve or twenty-four hours, with offset or without."""

import re
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from functools import lru_cache

from n1trial.data.importers._archive import printable
from n1trial.data.importers._records import plausible_wall
from n1trial.errors import ExportError

_CLOCK = re.compile(
    r"(\d{4})-(\d\d?)-(\d\d?)[T\s]\s*(\d\d?):(\d\d)(?::(\d\d)(?:\.\d+)?)?\s*(?:([ap])\.?\s?m\.?)?"
    r"\s*(Z|[+-]\d\d:?\d\d)?",
    re.IGNORECASE,
)
_OFFSET = re.compile(r"[+-]\d\d:?\d\d")
_LONGEST = 60


def read_clock(text: str, where: str) -> datetime:
    """Read a time, with its offset where it has one.

    ``2025-03-04 23:10:00 +0100``, ``2025-03-04 11:10:00 PM`` and ISO 8601 are understood. Phones set to twelve hours
    write the second, newer ones with a narrow blank before ``PM``.
    """
    # An export holds hundreds of thousands, nearly all of them in this form.
    try:
        if len(text) == 25 and text[19] == " ":
            time = datetime.fromisoformat(text[:19]).replace(tzinfo=_zone(text[20:]))
        else:
            time = _spelled_out(text)
    except (ValueError, OverflowError) as error:
        reason = printable(str(error))
        raise ExportError(
            f"cannot be read ({reason})", place=where, remedy="download the export again"
        ) from error
    return plausible_wall(time, where)


def clock_time(text: str, where: str) -> datetime:
    """Read a time that must have an offset."""
    time = read_clock(text, where)
    if time.tzinfo is None:
        raise ExportError(
            f"the time {printable(text)} has no UTC offset", place=where, remedy="export it again"
        )
    return time


def _spelled_out(text: str) -> datetime:
    parts = _CLOCK.fullmatch(text.strip()) if len(text) <= _LONGEST else None
    if parts is None:
        raise ValueError(f"the time {printable(text)} is not understood")
    year, month, day, hour, minute = (int(number) for number in parts.groups()[:5])
    half, offset = (parts[7] or "").casefold(), parts[8] or ""
    if half:
        if not 1 <= hour <= 12:
            raise ValueError(f"the time {printable(text)} is not understood")
        hour = hour % 12 + 12 * (half == "p")
    zone = _zone(offset) if offset else None
    return datetime(year, month, day, hour, minute, int(parts[6] or 0), tzinfo=zone)


# One object an offset: times by the hundred thousand keep it alive.
@lru_cache(maxsize=64)
def _zone(offset: str) -> tzinfo:
    if offset in ("Z", "z"):
        return UTC
    if not _OFFSET.fullmatch(offset):
        raise ValueError(f"{printable(offset)} is no UTC offset")
    minutes = 60 * int(offset[1:3]) + int(offset[-2:])
    return timezone((-1 if offset[0] == "-" else 1) * timedelta(minutes=minutes))
