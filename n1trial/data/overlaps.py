"""Which records of sleep overlap, and which of them are left out for it."""

from bisect import bisect
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from operator import attrgetter, itemgetter
from typing import Any

from n1trial.data.episodes import SleepEpisode

# Start and end, both instants or both wall clocks.
_Span = tuple[datetime, datetime, SleepEpisode]


def overlapping(
    episodes: Iterable[SleepEpisode], *, preference: Callable[[SleepEpisode], Any]
) -> list[SleepEpisode]:
    """The records to leave out so that none overlaps a preferred one.

    Parameters
    ----------
    episodes
        In any order.
    preference
        Sort key of a record: of records that overlap the one with the smallest key stays.
    """
    crowds: list[list[_Span]] = []
    latest: Any = None
    for span in spans(episodes):
        start, end, _ = span
        if crowds and start < latest:
            crowds[-1].append(span)
            latest = max(latest, end)
        else:
            crowds.append([span])
            latest = end
    return [episode for crowd in crowds if len(crowd) > 1 for episode in _crowded_out(crowd, preference)]


def spans(episodes: Iterable[SleepEpisode]) -> list[_Span]:
    """Start, end and record in order; instants where every record's are known, else wall clocks.

    Wall clocks may overlap where instants do not: a flight westwards.
    """
    episodes = list(episodes)
    known = all(episode.start.offset is not None and episode.end.offset is not None for episode in episodes)
    clock = "instant" if known else "wall"
    read = attrgetter(f"start.{clock}", f"end.{clock}")
    return sorted([(*read(episode), episode) for episode in episodes], key=itemgetter(0, 1))


def _crowded_out(crowd: Sequence[_Span], preference: Callable[[SleepEpisode], Any]) -> list[SleepEpisode]:
    kept: list[tuple[datetime, datetime]] = []
    gone = []
    for start, end, episode in sorted(crowd, key=lambda span: preference(span[2])):
        at = bisect(kept, (start, end))
        if (at and kept[at - 1][1] > start) or (at < len(kept) and kept[at][0] < end):
            gone.append(episode)
        else:
            kept.insert(at, (start, end))
    return gone
