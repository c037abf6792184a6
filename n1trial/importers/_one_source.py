"""One of several apps that wrote the same nights: the one that saw most, never the sum.

Apple Health and Health Connect collect what a watch, a phone and apps each think of one night. Their records
overlap, so adding them would count the same minutes twice, and changing over from night to night would
compare devices instead of arms.
"""

from collections.abc import Iterable, Iterator

from msgspec.structs import replace

from n1trial.acceptance import asleep_min
from n1trial.episodes import SleepEpisode, night_of

OTHER_SOURCE = "other_source"


def keep_one_source(episodes: Iterable[tuple[str, SleepEpisode]]) -> Iterator[SleepEpisode]:
    """Return all episodes, those of every app but one as not used.

    The app with the most staged nights is kept; of equals the one with the most nights asleep, then with the
    most sleep, then the first by name.
    """
    by_name: dict[str, list[SleepEpisode]] = {}
    for name, episode in episodes:
        by_name.setdefault(name, []).append(episode)
    best = min(by_name, key=lambda name: (*_seen(by_name[name]), name), default="")
    for name, records in by_name.items():
        for episode in records:
            kept = name == best or episode.not_used
            yield episode if kept else replace(episode, not_used=OTHER_SOURCE)


def _seen(episodes: list[SleepEpisode]) -> tuple[float, ...]:
    usable = [episode for episode in episodes if not (episode.missing or episode.not_used)]
    staged = {night_of(episode.start.wall) for episode in usable if episode.wake_runs_min is not None}
    asleep = {night_of(episode.start.wall) for episode in usable}
    return -len(staged), -len(asleep), -sum(map(asleep_min, usable)), -len(episodes)
