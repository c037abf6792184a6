"""Paths, zones and dates as a caller gives them, as text or as types; anything else is refused by name."""

from collections.abc import Sequence
from datetime import date, datetime
from os import PathLike, fspath
from pathlib import Path
from zoneinfo import ZoneInfo

from n1trial.errors import ArgumentError

type GivenPath = str | PathLike[str]


def path_of(given: GivenPath, name: str = "path") -> Path:
    """A path that was given as text or as a path.

    Raises
    ------
    ArgumentError
        It is neither.
    """
    if not isinstance(given, str | PathLike):
        raise ArgumentError(f"{name} is a {type(given).__name__}: give a path, as text or as pathlib.Path")
    return Path(fspath(given))


def paths_of(given: GivenPath | Sequence[GivenPath], name: str = "paths") -> list[Path]:
    """Paths of which several or a single one were given; refusals as in `path_of`."""
    if isinstance(given, str | PathLike):
        return [path_of(given, name)]
    if not isinstance(given, Sequence):
        raise ArgumentError(f"{name} is a {type(given).__name__}: give a path or a list of paths")
    return [path_of(each, name) for each in given]


def zone_of(given: str | ZoneInfo | None, name: str = "home_zone") -> ZoneInfo | None:
    """A time zone that was given by its IANA name or as itself; None stays None.

    Raises
    ------
    ArgumentError
        No zone has that name.
    """
    if given is None or isinstance(given, ZoneInfo):
        return given
    if not isinstance(given, str):
        raise ArgumentError(f"{name} is a {type(given).__name__}: give a zone, such as 'Europe/Berlin'")
    try:
        return ZoneInfo(given)
    except (ValueError, OSError, KeyError) as error:
        raise ArgumentError(
            f"{name}: no time zone is called {given[:60]!r}: write it as Europe/Berlin"
        ) from error


def date_of(given: str | date, name: str) -> date:
    """A date that was given as 2026-01-31 or as itself.

    Raises
    ------
    ArgumentError
        It is no date.
    """
    if isinstance(given, datetime):
        return given.date()
    if isinstance(given, date):
        return given
    if not isinstance(given, str):
        raise ArgumentError(f"{name} is a {type(given).__name__}: give a date, such as '2026-01-31'")
    try:
        return date.fromisoformat(given)
    except ValueError as error:
        raise ArgumentError(f"{name} is no date ({given[:60]!r}): write it as 2026-01-31") from error
