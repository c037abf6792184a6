"""What the name of a Takeout says: when Google made it, and which part of it a zip is.

``takeout-20260415T083000Z-002.zip`` is the second part of one made at 08:30 UTC; another number may stand in
between (``…Z-3-002.zip``).
"""

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from functools import lru_cache

_MADE = re.compile(r"takeout-(\d{8}T\d{6})Z", re.IGNORECASE)
_PART = re.compile(r"(takeout-\d{8}T\d{6}Z(?:-\d+)?)-(\d{3})\.(?:zip|tgz)", re.IGNORECASE)


@lru_cache(maxsize=256)
def made_at(source_file: str) -> datetime | None:
    """When the Takeout that a file comes from was made, if a name says it."""
    name = _MADE.search(source_file)
    try:
        return datetime.strptime(name[1], "%Y%m%dT%H%M%S").replace(tzinfo=UTC) if name else None
    except ValueError:
        return None


def absent_parts(archives: Iterable[str]) -> Iterator[tuple[str, str]]:
    """The last part that is there of each Takeout in parts, and the numbers of those before it that are not."""
    parts: dict[str, dict[int, str]] = defaultdict(dict)
    for archive in archives:
        if name := _PART.fullmatch(archive):
            parts[name[1]][int(name[2])] = archive
    for there in parts.values():
        absent = [f"{number:03}" for number in range(1, max(there)) if number not in there]
        if absent:
            yield there[max(there)], ", ".join(absent)
