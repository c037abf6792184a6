"""What looks odd about an export before it is kept: nights to come, another person's, several exports in one folder.

Nothing is refused: the caller asks the person. What was kept by mistake, `n1trial forget` takes out.
"""

import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import date, timedelta
from pathlib import Path

from n1trial.data.episodes import SleepEpisode, night_of
from n1trial.markup.text import visible

type OnDoubts = Callable[[Sequence[str]], None]

# Two people seldom go to bed and rise at the same time; two analyses of one sleep seldom differ by as much.
OTHER_HOURS = timedelta(minutes=30)
LONG = timedelta(hours=3)
LEAST_NIGHTS = 3
_PART = re.compile(r"[-_ ]?\(?\d{1,3}\)?$")


def doubts_of_files(exports: Iterable[Path]) -> Iterator[str]:
    """A folder that holds several archives which are no parts of one download."""
    for path in exports:
        archives = sorted(path.glob("*.zip")) if path.is_dir() else []
        if len({_PART.sub("", archive.stem) for archive in archives}) > 1:
            names = ", ".join(visible(archive.name) for archive in archives)
            yield f"{visible(str(path))} holds {len(archives)} archives, which would be read as one export ({names})"


def doubts_of_records(
    stored: Sequence[SleepEpisode], new: Sequence[SleepEpisode], *, today: date
) -> Iterator[str]:
    """Nights to come, devices of a known kind under other serials, and other hours of sleep."""
    to_come = sorted({night for episode in new if (night := night_of(episode.start.wall)) > today})
    if to_come:
        span = " to ".join(dict.fromkeys(map(str, (to_come[0], to_come[-1]))))
        count = (
            "1 night of the export is" if len(to_come) == 1 else f"{len(to_come)} nights of the export are"
        )
        yield f"{count} after today ({span})"
    yield from _other_devices(stored, new)
    yield from _other_hours(stored, new)


def _other_devices(stored: Sequence[SleepEpisode], new: Sequence[SleepEpisode]) -> Iterator[str]:
    for source in sorted({episode.source for episode in new}):
        before = {episode.device for episode in stored if episode.source == source and episode.device}
        others = {episode.device for episode in new if episode.source == source and episode.device} - before
        # One layout names the serial and another does not: the shorter name may be either device.
        others = {
            name for name in others if not any(name.startswith(old) or old.startswith(name) for old in before)
        }
        if before and others:
            yield (
                f"the export is of {_listed(others)}, and so far all was of {_listed(before)}: a new device, or another"
                " person's"
            )


def _other_hours(stored: Sequence[SleepEpisode], new: Sequence[SleepEpisode]) -> Iterator[str]:
    """Nights of which the same kind of device has two long sleeps at different hours: perhaps two people's."""
    by_archive: dict[str, list[SleepEpisode]] = defaultdict(list)
    for episode in new:
        by_archive[episode.source_file.partition(" › ")[0]].append(episode)
    before: dict[tuple[str, str, date], list[SleepEpisode]] = defaultdict(list)
    for episode in filter(_is_long, stored):
        before[_night(episode)].append(episode)
    shared: set[date] = set()
    differing: dict[date, tuple[SleepEpisode, SleepEpisode]] = {}
    for _, episodes in sorted(by_archive.items()):
        for episode in filter(_is_long, episodes):
            known = before.get(_night(episode), [])
            if known:
                night = night_of(episode.start.wall)
                shared.add(night)
                if not any(_same_sleep(episode, other) for other in known):
                    differing.setdefault(night, (episode, known[0]))
        for episode in filter(_is_long, episodes):
            before[_night(episode)].append(episode)
    if len(differing) >= LEAST_NIGHTS and len(differing) > len(shared) / 2:
        night, (theirs, ours) = min(differing.items())
        yield (
            f"{len(differing)} of {len(shared)} nights that are there already have other hours of sleep in this export"
            f" ({night}: {_hours(theirs)}, not {_hours(ours)}): it may be another person's"
        )


def _night(episode: SleepEpisode) -> tuple[str, str, date]:
    return episode.source, episode.app, night_of(episode.start.wall)


def _is_long(episode: SleepEpisode) -> bool:
    return episode.end.wall - episode.start.wall >= LONG and not episode.not_used


def _same_sleep(one: SleepEpisode, other: SleepEpisode) -> bool:
    if one.record_id == other.record_id:
        return True
    return (
        abs(one.start.wall - other.start.wall) <= OTHER_HOURS
        or abs(one.end.wall - other.end.wall) <= OTHER_HOURS
        or one.end.wall <= other.start.wall
        or other.end.wall <= one.start.wall
    )


def _hours(episode: SleepEpisode) -> str:
    return f"{episode.start.wall:%H:%M} to {episode.end.wall:%H:%M}"


def _listed(names: Iterable[str]) -> str:
    return ", ".join(visible(name) for name in sorted(names))
