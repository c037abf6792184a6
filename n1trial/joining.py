"""Which records make a night, and what they add up to.

One night often consists of several records, and a night that was recorded badly has no numbers, never zeros.
"""

from bisect import bisect
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import date, datetime
from itertools import pairwise
from typing import Any, Literal

from n1trial.episodes import NOON_HOUR, SleepEpisode, night_of
from n1trial.errors import ExportError

Window = Literal["main", "night", "day24"]

# A flag of minutes is added over the records of a night; any other flag is a word.
_SUMMED = frozenset({"unknown_min", "out_of_bed_min", "unmeasured_min", "tib_mismatch"})
_DAY_MIN = 24 * 60


@dataclass(frozen=True, slots=True, kw_only=True)
class NightRule:
    """The numbers that make records a night; a trial fixes them in its protocol before data are seen.

    Attributes
    ----------
    noon_hour : 0 to 23
        A night runs from this hour of its evening to the same hour of the next day.
    join_gap_min
        Records at most this far apart belong to one night.
    main_alone_min
        A record with this much sleep can be the main sleep at any hour; a shorter one only when it starts
        between `main_from_hour` and `main_to_hour`.
    least_part_min
        A record with less sleep is listed, never used.
    wake_episode_min
        A run of wake of this length is a wake episode. Five minutes is the only length that a device with
        30-s and one with 5-min epochs can both show.
    """

    noon_hour: int = NOON_HOUR
    join_gap_min: float = 180
    main_alone_min: float = 180
    main_from_hour: int = 20
    main_to_hour: int = 8
    least_part_min: float = 15
    wake_episode_min: float = 5


def night_rows(
    episodes: Iterable[SleepEpisode], *, window: Window, rule: NightRule
) -> Iterator[dict[str, Any]]:
    """Join the episodes of one device to nights, one row each, without the columns that are not known.

    Raises
    ------
    ExportError
        The episodes come from several devices, which would be mixed.
    """
    recorded = [episode for episode in _latest(_once(_plausible(episodes))) if not episode.not_used]
    sources = sorted({episode.source for episode in recorded})
    if len(sources) > 1:
        raise ExportError(
            f"nights: episodes of {' and '.join(sources)} would be mixed: take one device at a time"
        )
    usable = [episode for episode in recorded if _tst(episode) >= rule.least_part_min and not episode.missing]
    kept, overlapping = _without_overlaps(usable, rule)
    by_night = _by_night(kept, rule)
    for night, records in sorted(_by_night(recorded, rule).items()):
        used = by_night.get(night, [])
        yield _row(night, records, used=used, dropped=overlapping[night], window=window, rule=rule)


def _plausible(episodes: Iterable[SleepEpisode]) -> Iterator[SleepEpisode]:
    for episode in episodes:
        in_bed, asleep = episode.tib_min, episode.tst_min
        impossible = (in_bed is not None and in_bed > _DAY_MIN + 1) or (
            asleep is not None and asleep > (_DAY_MIN if in_bed is None else in_bed) + 1
        )
        backwards = episode.end.instant < episode.start.instant
        yield replace(episode, missing="implausible") if impossible or backwards else episode


def _once(episodes: Iterable[SleepEpisode]) -> list[SleepEpisode]:
    """One copy of every record; of copies that differ the later and longer one, whatever their order."""
    copies: dict[tuple[str, str], list[SleepEpisode]] = defaultdict(list)
    for episode in episodes:
        copies[episode.source, episode.record_id].append(episode)
    single = []
    for same in copies.values():
        best = min(same, key=lambda copy: (-_updated(copy), -_tst(copy), copy.end.isoformat(), repr(copy)))
        differs = any(replace(copy, source_file=best.source_file) != best for copy in same)
        single.append(replace(best, flags=(*best.flags, "copies_differ")) if differs else best)
    return single


def _latest(episodes: list[SleepEpisode]) -> list[SleepEpisode]:
    """Of analyses of the same stretch the latest, where the vendor dates its analyses."""
    dated = [episode for episode in episodes if episode.updated]
    kept, _ = _disjoint(dated, preference=lambda episode: (-_updated(episode), episode.record_id))
    return [episode for episode in episodes if not episode.updated] + kept


def _without_overlaps(
    episodes: list[SleepEpisode], rule: NightRule
) -> tuple[list[SleepEpisode], Counter[date]]:
    """Of episodes that overlap the one with more sleep, and how many were dropped in which night."""
    kept, dropped = _disjoint(
        episodes, preference=lambda episode: (-_tst(episode), episode.start.instant, episode.record_id)
    )
    return kept, Counter(night_of(episode.start.wall, noon_hour=rule.noon_hour) for episode in dropped)


def _disjoint(
    episodes: list[SleepEpisode], *, preference: Callable[[SleepEpisode], Any]
) -> tuple[list[SleepEpisode], list[SleepEpisode]]:
    # Wall clocks may overlap where instants do not (a flight westwards), so instants decide when all are
    # known.
    known = all(episode.start.offset is not None and episode.end.offset is not None for episode in episodes)
    kept: list[tuple[datetime, datetime]] = []
    taken, dropped = [], []
    for episode in sorted(episodes, key=preference):
        start, end = (
            (episode.start.instant, episode.end.instant) if known else (episode.start.wall, episode.end.wall)
        )
        at = bisect(kept, (start, end))
        if (at and kept[at - 1][1] > start) or (at < len(kept) and kept[at][0] < end):
            dropped.append(episode)
        else:
            kept.insert(at, (start, end))
            taken.append(episode)
    return taken, dropped


def _by_night(episodes: Iterable[SleepEpisode], rule: NightRule) -> dict[date, list[SleepEpisode]]:
    nights: dict[date, list[SleepEpisode]] = defaultdict(list)
    for episode in sorted(episodes, key=lambda episode: (episode.start.instant, episode.record_id)):
        nights[night_of(episode.start.wall, noon_hour=rule.noon_hour)].append(episode)
    return nights


def _row(
    night: date,
    records: list[SleepEpisode],
    *,
    used: list[SleepEpisode],
    dropped: int,
    window: Window,
    rule: NightRule,
) -> dict[str, Any]:
    flags = {f"overlap_dropped={dropped}"} if dropped else set()
    clusters = _clusters(used, rule)
    mains = [main for cluster in clusters if (main := _main_of(cluster, rule))]
    if not mains:
        return _missing_row(night, records, flags=flags | _why_missing(used, records))
    main = min(mains, key=lambda episode: (-_tst(episode), episode.start.instant))
    cluster = next(cluster for cluster in clusters if main in cluster)
    naps = len(used) - len(cluster)
    if naps:
        flags.add(f"naps={naps}")
    if any(other is not main and _tst(other) >= rule.main_alone_min for other in mains):
        flags.add("several_main")
    if main.vendor_main is False and any(episode.vendor_main for episode in used):
        flags.add("vendor_main_differs")
    about = {"night": night, "vendor_date": main.vendor_date, "device": main.device or main.source}
    if window == "day24":
        flags.add(f"records={len(used)}")
        return about | _span(used) | {"tst_min": sum(map(_tst, used)), "flags": _join(flags)}
    parts = [main] if window == "main" else cluster
    return about | _span(parts) | _quantities(parts, main=main, flags=flags, rule=rule)


def _why_missing(used: list[SleepEpisode], records: list[SleepEpisode]) -> set[str]:
    reasons = {episode.missing for episode in records if episode.missing}
    if used:
        return reasons | {"nap_only"}
    return reasons or {"too_short"}


def _missing_row(night: date, records: list[SleepEpisode], *, flags: set[str]) -> dict[str, Any]:
    labels = sorted(episode.vendor_date for episode in records if episode.vendor_date)
    return {
        "night": night,
        "vendor_date": labels[0] if labels else None,
        "device": records[0].device or records[0].source,
        "flags": _join(flags | {"missing"}),
    }


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
        if _tst(episode) >= rule.main_alone_min
        or episode.start.wall.hour >= rule.main_from_hour
        or episode.start.wall.hour < rule.main_to_hour
    ]
    return min(able, key=lambda episode: (-_tst(episode), episode.start.instant), default=None)


def _span(parts: list[SleepEpisode]) -> dict[str, Any]:
    return {"start": parts[0].start.isoformat(), "end": parts[-1].end.isoformat(), "episodes": len(parts)}


def _quantities(
    parts: list[SleepEpisode], *, main: SleepEpisode, flags: set[str], rule: NightRule
) -> dict[str, Any]:
    gaps = [later.start.minutes_since(earlier.end) for earlier, later in pairwise(parts)]
    # Lying awake before and after the time off the record is one wake with it.
    junctions = [
        (earlier.tail_min or 0) + gap + (later.lead_min or 0)
        for (earlier, later), gap in zip(pairwise(parts), gaps, strict=True)
    ]
    runs = [
        *(run for part in parts for run in part.wake_runs_min or ()),
        *(wake for wake in junctions if wake > 0),
    ]
    counted = all(part.wake_runs_min is not None for part in parts)
    if not counted:
        flags.add("no_wake_count")
    tst_min = _sum(part.tst_min for part in parts)
    tib_min = _sum([*(part.tib_min for part in parts), *gaps])
    resolutions = sorted({str(part.resolution_s) for part in parts if part.resolution_s})
    return {
        "tst_min": tst_min,
        "wake_episodes": sum(run >= rule.wake_episode_min for run in runs) if counted else None,
        "wake_episodes_all": len(runs) if counted else None,
        "waso_min": _sum([*(part.waso_min for part in parts), *junctions]),
        "sol_min": parts[0].sol_min,
        "tib_min": tib_min,
        "se_pct": 100 * tst_min / tib_min if tib_min and tst_min is not None else None,
        **{
            stage: _sum(getattr(part, stage) for part in parts)
            for stage in ("deep_min", "light_min", "rem_min")
        },
        "resolution_s": "+".join(resolutions) or None,
        "flags": _join(flags | _part_flags(parts, main=main, gaps=gaps, resolutions=resolutions, rule=rule)),
    }


def _part_flags(
    parts: list[SleepEpisode],
    *,
    main: SleepEpisode,
    gaps: list[float],
    resolutions: list[str],
    rule: NightRule,
) -> set[str]:
    flags = {f"res={'+'.join(resolutions)}"} if resolutions else set()
    sums: dict[str, float] = defaultdict(float)
    for part in parts:
        for flag in part.flags:
            word, _, number = flag.partition("=")
            if word in _SUMMED:
                sums[word] += float(number)
            else:
                flags.add(flag)
    flags |= {f"{word}={_number(total)}" for word, total in sums.items()}
    counts = [part.vendor_awakenings for part in parts if part.vendor_awakenings is not None]
    if counts:
        flags.add(f"vendor_awakenings={sum(counts)}")
    if len(resolutions) > 1:
        flags.add("mixed_resolution")
    if len(parts) > 1:
        flags |= {f"split={len(parts)}", f"gap_min={_number(sum(gaps))}"}
        if any(
            rule.noon_hour <= part.start.wall.hour < rule.main_from_hour for part in parts if part is not main
        ):
            flags.add("evening_part")
    return flags


def _tst(episode: SleepEpisode) -> float:
    return -1.0 if episode.tst_min is None else episode.tst_min


def _updated(episode: SleepEpisode) -> float:
    return episode.updated.timestamp() if episode.updated else 0.0


def _sum(minutes: Iterable[float | None]) -> float | None:
    """Sum that is unknown as soon as one part is."""
    known = list(minutes)
    return (
        None if any(value is None for value in known) else sum(value for value in known if value is not None)
    )


def _number(value: float) -> str:
    return f"{round(value, 2):.10g}"


def _join(flags: set[str]) -> str:
    return ";".join(sorted(flags))
