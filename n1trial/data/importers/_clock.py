"""Times of a record as text, and whether a sleep can last from one to the other."""

from datetime import datetime, timedelta

from n1trial.data.episodes import Moment
from n1trial.data.importers._archive import printable
from n1trial.errors import ExportError

# A damaged digit makes it months.
_NONE, _LONGEST = timedelta(), timedelta(hours=48)


def read_time(text: str, where: str) -> datetime:
    """Read a date with a time of day, with or without an offset; a date alone is no time."""
    try:
        if ":" in text:
            return datetime.fromisoformat(text)
    except ValueError as error:
        reason = printable(str(error))
        raise ExportError(
            f"cannot be read ({reason})", place=where, remedy="download the export again"
        ) from error
    raise ExportError(
        f"cannot be read ({printable(text)} is no time)", place=where, remedy="download the export again"
    )


def check_span(start: Moment, end: Moment, where: str) -> None:
    """Refuse a record that ends before it begins, or days later: one of its times is damaged."""
    # Subtracting walls is quicker, and right where the offset is the same.
    span = end.wall - start.wall if start.offset == end.offset else end.instant - start.instant
    if not _NONE <= span <= _LONGEST:
        hours = span.total_seconds() / 3600
        raise ExportError(
            f"a sleep of {hours:.10g} h (from {start.isoformat()} to {end.isoformat()})",
            place=where,
            remedy="download the export again",
        )
