"""Stages that a file stores as intervals of time, and what they add up to.

Fitbit and Oura write epochs; the other devices write from when to when. Their intervals overlap, touch and
leave holes: a minute counts once, wake wins over sleep, touching wake is one run, and a hole is neither.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta, tzinfo
from typing import Literal
from zoneinfo import ZoneInfo

from msgspec.structs import replace

from n1trial.data.episodes import Moment, SleepEpisode
from n1trial.data.flags import Flag
from n1trial.data.importers._archive import printable, refusing
from n1trial.data.importers._records import plausible_wall
from n1trial.data.not_used import NotUsed
from n1trial.errors import ExportError

Stage = Literal["deep", "light", "rem", "asleep", "awake"]
# Seconds from the epoch, start and end.
Interval = tuple[float, float, Stage]
Stretch = tuple[float, float]

_UNMEASURED_FLAG_MIN = 5
# Files round times to seconds, and durations to thousandths of an hour.
_ROUNDING_S = 3
# No sleep has more changes of stage; the next power of ten is damage.
_INTERVALS_LIMIT = 100_000


def moment_at(instant: datetime | int, zone: tzinfo, where: str) -> Moment:
    """Read an instant, or milliseconds of the epoch, on the clock of a zone."""
    with refusing(where):
        if isinstance(instant, int):
            instant = datetime.fromtimestamp(instant / 1000, UTC)
        local = instant.astimezone(zone)
    return Moment(plausible_wall(local.replace(tzinfo=None), where), local.utcoffset())


def named_zone(name: str, where: str) -> ZoneInfo:
    """Return the zone that a file names."""
    with refusing(where, "download the export again"):
        if not name or len(name) > 64 or not name.isascii():
            raise ValueError(f"no time zone is called {printable(name)}")
        return ZoneInfo(name)


def with_stages(
    episode: SleepEpisode, intervals: Sequence[Interval], *, latency: bool, end: float | None = None
) -> SleepEpisode:
    """Return a record with everything that its stages say.

    Parameters
    ----------
    episode
        Start and end as the vendor wrote them; ``tib_min`` becomes their distance when it is not known.
    intervals
        In any order.
    latency
        Whether the record starts when the person lay down, so that the time to the first sleep is a latency. Where
        it starts with sleep all the same, the latency was not recorded.
    end
        Seconds of the epoch at which the record ends, where that is known better than `episode.end` says it.

    Stages are cut at the record's start and end: apps write them in blocks, whose last one is longer than the night.
    What was cut is flagged (``cut_min``). A record with more outside of it than inside contradicts itself.
    """
    start = episode.start.instant.timestamp()
    end = episode.end.instant.timestamp() if end is None else end
    tib_min = (end - start) / 60 if episode.tib_min is None else episode.tib_min
    if len(intervals) > _INTERVALS_LIMIT:
        raise ExportError(
            f"{len(intervals)} stages in one sleep", place=episode.source_file, remedy="export again"
        )
    by_stage: dict[Stage, list[Stretch]] = defaultdict(list)
    outside: list[Stretch] = []
    for first, last, stage in intervals:
        if first > last:
            return replace(episode, tib_min=tib_min, missing=NotUsed.IMPLAUSIBLE)
        if first < start - _ROUNDING_S:
            outside.append((first, min(last, start)))
            first = start
        if last > end + _ROUNDING_S:
            outside.append((max(first, end), last))
            last = end
        if first < last:
            by_stage[stage].append((first, last))
    cut_min = 0.0
    if outside:
        cut_min = _minutes(union(outside))
        if cut_min > _minutes(union(stretch for stretches in by_stage.values() for stretch in stretches)):
            return replace(episode, tib_min=tib_min, missing=NotUsed.IMPLAUSIBLE)
    wake = union(by_stage.pop("awake", ()))
    asleep = without(union(stretch for stretches in by_stage.values() for stretch in stretches), wake)
    if not asleep:
        return replace(
            episode,
            tib_min=tib_min,
            tst_min=0 if wake else None,
            missing=NotUsed.NO if wake else NotUsed.UNSTAGED,
        )
    first, last = asleep[0][0], asleep[-1][1]
    # Sleep without a stage and without a wake was not looked at closely enough to count.
    counted = bool(wake) or set(by_stage) != {"asleep"}
    runs = tuple((b - a) / 60 for a, b in wake if first < a and b < last)
    tst_min = _minutes(asleep)
    stages_min = {stage: _minutes(without(union(part), wake)) for stage, part in by_stage.items()}
    # Stages that overlap, or sleep without a stage, say nothing about how long each stage was.
    stages_known = "asleep" not in stages_min and abs(sum(stages_min.values()) - tst_min) < 0.01
    unmeasured_min = (end - start) / 60 - tst_min - _minutes(wake)
    return replace(
        episode,
        tib_min=tib_min,
        tst_min=tst_min,
        sol_min=(first - start) / 60 if latency and first > start else None,
        lead_min=max(0.0, first - start) / 60,
        tail_min=max(0.0, end - last) / 60,
        waso_min=sum(runs) if counted else None,
        wake_runs_min=runs if counted else None,
        longest_sleep_min=max(b - a for a, b in asleep) / 60 if counted else None,
        deep_min=stages_min.get("deep", 0.0) if stages_known else None,
        light_min=stages_min.get("light", 0.0) if stages_known else None,
        rem_min=stages_min.get("rem", 0.0) if stages_known else None,
        resolution_s="event" if counted else None,
        flags=(
            *episode.flags,
            *(
                [Flag("unmeasured_min", f"{unmeasured_min:.10g}")]
                if round(unmeasured_min, 6) >= _UNMEASURED_FLAG_MIN
                else []
            ),
            *([Flag("cut_min", f"{cut_min:.10g}")] if cut_min else []),
        ),
    )


def union(stretches: Iterable[Stretch]) -> list[Stretch]:
    """Stretches in order, those that overlap or touch as one; empty ones are left out."""
    joined: list[Stretch] = []
    for start, end in sorted(stretches):
        if start == end:
            continue
        if joined and start <= joined[-1][1]:
            joined[-1] = joined[-1][0], max(joined[-1][1], end)
        else:
            joined.append((start, end))
    return joined


def without(stretches: Sequence[Stretch], holes: Sequence[Stretch]) -> list[Stretch]:
    """Take `holes` out of `stretches`; both are unions."""
    left: list[Stretch] = []
    first_hole = 0
    for start, end in stretches:
        while first_hole < len(holes) and holes[first_hole][1] <= start:
            first_hole += 1
        at = first_hole
        while at < len(holes) and holes[at][0] < end:
            if start < holes[at][0]:
                left.append((start, holes[at][0]))
            start = holes[at][1]
            at += 1
        if start < end:
            left.append((start, end))
    return left


def utc_offset(text: str, where: str) -> timedelta:
    """Read an offset: ``+0200``, ``-05:00``, ``UTC+0200``, ``UTCZ`` or ``Z``."""
    bare = text.removeprefix("UTC").removeprefix("GMT")
    with refusing(where):
        if bare in ("", "Z"):
            return timedelta()
        return datetime.strptime(bare, "%z").utcoffset() or timedelta()


def _minutes(stretches: Iterable[Stretch]) -> float:
    return sum(end - start for start, end in stretches) / 60
