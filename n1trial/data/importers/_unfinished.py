"""A sleep that was hardly over when its export was made: the next export may hold it longer, or another way.

Only what states when it was made can tell: Apple Health's file says it, Google puts it into the name of a Takeout
(``takeout-20260415T083000Z-001.zip``), and answers of an API say themselves that they are not ready. The times
on files are those of downloading or unpacking, and times in other names do not say their zone, so they tell nothing;
there a later export corrects the night, because of copies that differ the later and longer counts.
"""

from collections.abc import Iterable, Iterator
from datetime import timedelta

from msgspec.structs import replace

from n1trial.data.episodes import SleepEpisode
from n1trial.data.importers._notes import Note
from n1trial.data.importers._source import Source
from n1trial.data.importers._takeout import made_at
from n1trial.data.not_used import NotUsed

# Devices send late, and vendors analyse again after that.
MARGIN = timedelta(hours=2)


def without_unfinished(episodes: Iterable[SleepEpisode], source: Source) -> Iterator[SleepEpisode]:
    """Pass records on, those not used that ended less than two hours before their Takeout was made."""
    for episode in episodes:
        made = made_at(episode.source_file)
        known = made is not None and episode.end.offset is not None and not episode.not_used
        if made is None or not known or episode.end.instant <= made - MARGIN:
            yield episode
            continue
        source.note(
            Note(
                f"{episode.source_file}: the sleep from {episode.start.isoformat()} was hardly over when the export was"
                " made and may not be whole: it is left out until you give the next export"
            )
        )
        yield replace(episode, not_used=NotUsed.UNFINISHED)
