"""The stages of one session, as rows from when to when: on which grid they lie, what they add up to, what they lack."""

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

import msgspec

from n1trial.data.importers._hypnogram import Piece, paint

_SECOND = timedelta(seconds=1)
_STAGED_S, _CLASSIC_S = 30, 60
# Files round times to seconds.
_ROUNDING_S = 3
_HOLE_MIN = 5
# What Fitbit calls a short wake; some of them last half a minute more.
_BRIEF_S = 210
_LETTERS = {
    "LIGHT": "L", "DEEP": "D", "REM": "R", "ASLEEP": "A", "AWAKE": "W", "RESTLESS": "x", "UNSPECIFIED": "?",
}  # fmt: skip
_SLEEP = ("LIGHT", "DEEP", "REM", "ASLEEP")


class Rows(msgspec.Struct, frozen=True, kw_only=True):
    """The rows of one session inside its span.

    Attributes
    ----------
    painted
        One letter an epoch, from the start of the session to its end.
    stages_min
        Minutes of each stage, those awake not among them.
    brief_min
        Minutes awake that the vendor may have counted as sleep.
    absent_min
        Minutes of the session without a row.
    cut_min
        Minutes of rows before or after the session.
    contradicts_itself
        More of the rows lies outside of the session than inside.
    """

    painted: str
    resolution_s: int
    stages_min: Mapping[str, float]
    brief_min: float
    absent_min: float
    cut_min: float
    contradicts_itself: bool

    @property
    def asleep_min(self) -> float:
        return sum(self.stages_min.get(level, 0.0) for level in _SLEEP)

    def whole(self, vendor_min: float | None) -> bool:
        """Whether all sleep of the session is in its rows: no hole, or none that the vendor's minutes tell of."""
        return self.absent_min < _HOLE_MIN or (
            vendor_min is not None and vendor_min < self.asleep_min + self.brief_min + _HOLE_MIN
        )

    def epochs(self, letters: Mapping[str, str]) -> str:
        """The hypnogram in other letters, by level."""
        return self.painted.translate({ord(_LETTERS[level]): letter for level, letter in letters.items()})


def laid_out(
    stages: Sequence[Piece],
    short_wakes: Sequence[Piece],
    *,
    span: tuple[datetime, datetime],
    classic: bool,
    where: str,
) -> Rows | None:
    """Lay the rows of a session out, cut at its start and end; ``None`` when it has none."""
    if not stages:
        return None
    inside, cut_s = _cut(stages, span)
    inside_s = sum(piece.seconds for piece in inside)
    short_wakes, _ = _cut(short_wakes, span)
    begin, end = span
    resolution_s = _CLASSIC_S if classic and _fits(inside, begin, _CLASSIC_S) else _STAGED_S
    seconds = (end - begin) // _SECOND
    pieces = [*inside, *short_wakes]
    if not _fits(pieces, begin, resolution_s):
        pieces = [_snapped(piece, begin, resolution_s) for piece in pieces]
    painted = paint(
        [Piece(begin, "", seconds)],
        pieces,
        letters=_LETTERS,
        resolution_s=resolution_s,
        where=where,
        seconds=seconds,
    )
    covered_s = _covered(inside)
    if short_wakes or covered_s < inside_s:
        stages_min = {level: painted.count(_LETTERS[level]) * resolution_s / 60 for level in _SLEEP}
    else:
        # Rows of odd length lose nothing this way.
        sums: Counter[str] = Counter()
        for piece in inside:
            sums[piece.level] += piece.seconds
        stages_min = {level: sums[level] / 60 for level in _SLEEP}
    brief = [piece.seconds for piece in inside if piece.level == "AWAKE" and piece.seconds <= _BRIEF_S]
    return Rows(
        painted=painted,
        resolution_s=resolution_s,
        stages_min=stages_min,
        brief_min=(sum(brief) + sum(piece.seconds for piece in short_wakes)) / 60,
        absent_min=(seconds - covered_s) / 60,
        cut_min=cut_s / 60 if cut_s > _ROUNDING_S else 0.0,
        contradicts_itself=cut_s > inside_s,
    )


def _cut(pieces: Sequence[Piece], span: tuple[datetime, datetime]) -> tuple[list[Piece], int]:
    """Pieces in order, cut at both ends of a span and each only once, and how many seconds were cut."""
    begin, end = span
    inside: list[Piece] = []
    cut_s = 0
    previous = None
    for piece in sorted(pieces):
        if piece == previous:
            continue
        previous = piece
        start, stop = piece.start, piece.start + piece.seconds * _SECOND
        if start >= begin and stop <= end:
            inside.append(piece)
            continue
        kept_s = max(0, (min(stop, end) - max(start, begin)) // _SECOND)
        cut_s += piece.seconds - kept_s
        if kept_s:
            inside.append(Piece(max(start, begin), piece.level, kept_s))
    return inside, cut_s


def _fits(pieces: Sequence[Piece], begin: datetime, resolution_s: int) -> bool:
    return not any(
        piece.seconds % resolution_s or (piece.start - begin) // _SECOND % resolution_s for piece in pieces
    )


def _snapped(piece: Piece, begin: datetime, resolution_s: int) -> Piece:
    """A piece on the grid, so that pieces that touch still do."""
    since = (piece.start - begin) // _SECOND
    first, last = (
        (at + resolution_s // 2) // resolution_s * resolution_s for at in (since, since + piece.seconds)
    )
    return Piece(begin + first * _SECOND, piece.level, last - first)


def _covered(pieces: Sequence[Piece]) -> int:
    """Seconds with a piece; one with two counts once."""
    overlap_s = 0
    latest = pieces[0].start if pieces else None
    for piece in pieces:
        stop = piece.start + piece.seconds * _SECOND
        if latest and piece.start < latest:
            overlap_s += (min(stop, latest) - piece.start) // _SECOND
        latest = max(latest or stop, stop)
    return sum(piece.seconds for piece in pieces) - overlap_s
