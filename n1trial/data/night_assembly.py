"""Which of the selected records make a night, and what they add up to.

One night often consists of several records, and a night that was recorded badly has no numbers, never zeros.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date

import msgspec

from n1trial.data.episodes import NOON_HOUR, SleepEpisode, night_of
from n1trial.data.not_used import NotUsed
from n1trial.data.record_selection import asleep_min, select_records


@dataclass(frozen=True, slots=True, kw_only=True)
class NightRule:
    """The numbers by which records become a night; a trial fixes them before data are seen.

    Attributes
    ----------
    noon_hour : int, 0 to 23
        A night runs from this hour of its evening to the same hour of the next day.
    join_gap_min : float
        Records at most this many minutes apart belong to one night.
    main_alone_min : float
        A record with this much sleep, min, can be the main sleep at any hour; a shorter one only when it starts
        between `main_from_hour` and `main_to_hour`.
    main_from_hour, main_to_hour : int, 0 to 23
        The hours of the evening and the morning between which also a short main sleep may start.
    least_part_min : float
        A record with less sleep, min, is listed, never used.
    wake_episode_min : float
        A run of wake of this length, min, is a wake episode. Five minutes is the only length that a device
        with 30-s and one with 5-min epochs can both show.

    Examples
    --------
    >>> from n1trial import NightRule
    >>> rule = NightRule(wake_episode_min=10)
    >>> rule.join_gap_min, rule.wake_episode_min
    (180, 10)
    """

    noon_hour: int = NOON_HOUR
    join_gap_min: float = 180
    main_alone_min: float = 180
    main_from_hour: int = 20
    main_to_hour: int = 8
    least_part_min: float = 15
    wake_episode_min: float = 5


class NightRecords(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """The records of one night, and what became of each.

    Attributes
    ----------
    night : date
        Date of the evening.
    recorded : tuple of SleepEpisode [record]
        Records that the vendor does not reject; a night without any of these was not recorded.
    used : tuple of SleepEpisode [record]
        Those with usable sleep, in order.
    main : SleepEpisode or None
        The main sleep, one of `used`; None when the night is missing.
    joined : tuple of SleepEpisode [record]
        The main record and those around it: together they are the night.
    several_main : bool
        Whether another record of the night is long enough to be a main sleep too.
    left_out : tuple of (SleepEpisode, NotUsed) [record]
        Every other record of the night, with the reason.
    """

    night: date
    recorded: tuple[SleepEpisode, ...]
    used: tuple[SleepEpisode, ...]
    main: SleepEpisode | None
    joined: tuple[SleepEpisode, ...]
    several_main: bool
    left_out: tuple[tuple[SleepEpisode, NotUsed], ...]


def night_records(episodes: Iterable[SleepEpisode], *, rule: NightRule) -> Iterator[NightRecords]:
    """Sort the records of one device into nights, in order; also nights with nothing but rejected records.

    Parameters
    ----------
    episodes : iterable of SleepEpisode
        Of one device, in any order.
    rule : NightRule
        The numbers by which records become a night.

    Yields
    ------
    NightRecords
        One night.

    Raises
    ------
    ExportError
        The episodes come from several devices, which would be mixed.
    """
    selected = select_records(episodes, least_part_min=rule.least_part_min)
    used = {id(episode) for episode in selected.used}
    why = {id(episode): reason for episode, reason in selected.left_out}
    recorded = _by_night(selected.recorded, rule)
    left_out = _by_night([episode for episode, _ in selected.left_out], rule)
    for night in sorted({*recorded, *left_out}):
        able = [episode for episode in recorded.get(night, ()) if id(episode) in used]
        clusters = _clusters(able, rule)
        mains = [main for cluster in clusters if (main := _main_of(cluster, rule))]
        # Of equals the earlier, because records and clusters are in the order of their start.
        main = max(mains, key=asleep_min, default=None)
        joined = next((cluster for cluster in clusters if main in cluster), [])
        yield NightRecords(
            night=night,
            recorded=tuple(recorded.get(night, [])),
            used=tuple(able),
            main=main,
            joined=tuple(joined),
            several_main=any(
                other is not main and asleep_min(other) >= rule.main_alone_min for other in mains
            ),
            left_out=(
                *[(episode, why[id(episode)]) for episode in left_out.get(night, [])],
                *[
                    (episode, NotUsed.NAP if main else NotUsed.NAP_ONLY)
                    for episode in able
                    if episode not in joined
                ],
            ),
        )


def _by_night(episodes: Iterable[SleepEpisode], rule: NightRule) -> dict[date, list[SleepEpisode]]:
    nights: dict[date, list[SleepEpisode]] = defaultdict(list)
    for episode in episodes:
        nights[night_of(episode.start.wall, noon_hour=rule.noon_hour)].append(episode)
    return nights


def _clusters(used: list[SleepEpisode], rule: NightRule) -> list[list[SleepEpisode]]:
    clusters: list[list[SleepEpisode]] = []
    for episode in used:
        if episode.vendor_nap:
            continue
        if clusters and episode.start.minutes_since(clusters[-1][-1].end) <= rule.join_gap_min:
            clusters[-1].append(episode)
        else:
            clusters.append([episode])
    return clusters


def _main_of(cluster: list[SleepEpisode], rule: NightRule) -> SleepEpisode | None:
    """Find the longest record of a cluster that can be the main sleep: long, or at night."""
    able = [
        episode
        for episode in cluster
        if asleep_min(episode) >= rule.main_alone_min
        or episode.start.wall.hour >= rule.main_from_hour
        or episode.start.wall.hour < rule.main_to_hour
    ]
    return max(able, key=asleep_min, default=None)
