"""Epochs of a record, one letter each, and what they say about its wake."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta

import msgspec
from msgspec.structs import replace

from n1trial.data.episodes import UNKNOWN, UNPAINTED, SleepEpisode, wake_structure
from n1trial.data.flags import Flag
from n1trial.errors import ExportError

_DAY_S = 86_400
_LONGEST_S = 2 * _DAY_S
# Smaller holes come from rounding.
_FLAG_MIN = 5


class Piece(msgspec.Struct, order=True, gc=False):
    """A stretch of one level, as a file writes it."""

    start: datetime
    level: str
    seconds: int


def paint(
    pieces: Sequence[Piece],
    over: Iterable[Piece] = (),
    *,
    letters: Mapping[str, str],
    resolution_s: int,
    where: str,
    seconds: int | None = None,
) -> str:
    """Lay pieces end to end from the first on, and paint the pieces of `over` over them.

    Pieces that leave holes or overlap are painted too, each at its own time.

    Parameters
    ----------
    letters
        The letter of each level; other levels stay unpainted.
    seconds
        Length of the grid; by default the sum of the pieces, for files whose pieces touch.
    """
    if not pieces:
        return ""
    total_s = sum([piece.seconds for piece in pieces])
    seconds = total_s if seconds is None else seconds
    if seconds > _LONGEST_S:
        raise ExportError(
            f"levels of {seconds / 3600:.0f} h", place=where, remedy="download the export again"
        )
    origin, last_piece = pieces[0].start, pieces[-1]
    count = seconds // resolution_s
    laid = "".join(
        [letters.get(piece.level, UNPAINTED) * (piece.seconds // resolution_s) for piece in pieces]
    )
    end_to_end = last_piece.start - origin == timedelta(seconds=total_s - last_piece.seconds)
    if not end_to_end or len(laid) != count:
        laid, over = UNPAINTED * count, [*pieces, *over]
    return _painted_over(laid, over, origin=origin, letters=letters, resolution_s=resolution_s)


def _painted_over(
    laid: str, pieces: Iterable[Piece], *, origin: datetime, letters: Mapping[str, str], resolution_s: int
) -> str:
    grid, count = bytearray(laid, "ascii"), len(laid)
    # Half an epoch earlier, so that a start is rounded to its epoch.
    origin -= timedelta(seconds=resolution_s / 2)
    for piece in pieces:
        since = piece.start - origin
        first = (since.days * _DAY_S + since.seconds) // resolution_s
        last = first + piece.seconds // resolution_s
        if first < 0:
            first = 0
        if last > count:
            last = count
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
        longest_sleep_min=wake.longest_sleep_min,
    )


def hole_flags(epochs: str, *, resolution_s: int) -> tuple[Flag, ...]:
    """Flags of minutes that are neither sleep nor wake: unknown to the vendor, or with no level at all."""
    if UNKNOWN not in epochs and UNPAINTED not in epochs:
        return ()
    minutes = {
        "unknown_min": epochs.count(UNKNOWN) * resolution_s / 60,
        "unpainted_min": epochs.count(UNPAINTED) * resolution_s / 60,
    }
    return tuple(Flag(word, f"{value:g}") for word, value in minutes.items() if value >= _FLAG_MIN)
