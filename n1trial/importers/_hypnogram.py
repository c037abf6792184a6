"""Epochs of a record, one letter each, and what they say about its wake."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from itertools import chain
from typing import NamedTuple

from n1trial.episodes import UNKNOWN, UNPAINTED, SleepEpisode, wake_structure
from n1trial.errors import ExportError

_LONGEST_S = 2 * 86_400
# Smaller holes come from rounding.
_FLAG_MIN = 5


class Piece(NamedTuple):
    """A stretch of one level, as a file writes it."""

    start: datetime
    level: str
    seconds: float


def paint(
    pieces: Sequence[Piece],
    over: Iterable[Piece] = (),
    *,
    letters: Mapping[str, str],
    resolution_s: int,
    where: str,
    seconds: float | None = None,
) -> str:
    """Paint pieces on a grid from the first piece on, and the pieces of `over` over them.

    Parameters
    ----------
    letters
        The letter of each level; other levels stay unpainted.
    seconds
        Length of the grid; by default the sum of the pieces, for files whose pieces touch.
    """
    if not pieces:
        return ""
    if seconds is None:
        seconds = sum(piece.seconds for piece in pieces)
    if seconds > _LONGEST_S:
        raise ExportError(f"{where}: levels of {seconds / 3600:.0f} h: download the export again")
    origin = pieces[0].start
    count = int(seconds // resolution_s)
    grid = bytearray(UNPAINTED.encode() * count)
    for piece in chain(pieces, over):
        first = round((piece.start - origin).total_seconds() / resolution_s)
        last = min(first + int(piece.seconds // resolution_s), count)
        first = max(first, 0)
        if first < last:
            grid[first:last] = letters.get(piece.level, UNPAINTED).encode() * (last - first)
    return grid.decode()


def with_hypnogram(
    episode: SleepEpisode, epochs: str, *, resolution_s: int, latency: bool = True
) -> SleepEpisode:
    """Return a record with everything that its epochs say about wake.

    Parameters
    ----------
    latency
        Whether the time before the first sleep is the latency; Oura writes its own.
    """
    wake = wake_structure(epochs, resolution_s=resolution_s)
    if wake is None:
        return replace(episode, resolution_s=resolution_s)
    return replace(
        episode,
        resolution_s=resolution_s,
        sol_min=wake.lead_min if latency else episode.sol_min,
        lead_min=wake.lead_min,
        tail_min=wake.tail_min,
        waso_min=wake.waso_min,
        wake_runs_min=wake.wake_runs_min,
    )


def hole_flags(epochs: str, *, resolution_s: int) -> tuple[str, ...]:
    """Flags of minutes that are neither sleep nor wake: unknown to the vendor, or with no level at all."""
    minutes = {
        "unknown_min": epochs.count(UNKNOWN) * resolution_s / 60,
        "unpainted_min": epochs.count(UNPAINTED) * resolution_s / 60,
    }
    return tuple(f"{word}={value:g}" for word, value in minutes.items() if value >= _FLAG_MIN)
