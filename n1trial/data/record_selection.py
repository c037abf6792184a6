"""Which records of one device count, and why the others do not.

In this order: one copy of every record; on a night that two layouts hold the layout with more nights; on a night
that several apps or watches wrote one of them; of several analyses of one stretch the latest; nothing that the vendor
rejects; nothing without sleep time or with too little sleep; of records that overlap the one with more sleep, because
their sum would count the same minutes twice.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date

from msgspec.structs import replace

from n1trial.data.episodes import SleepEpisode, night_of
from n1trial.data.flags import Flag
from n1trial.data.not_used import NotUsed
from n1trial.data.overlaps import overlapping, spans
from n1trial.errors import ExportError

_DAY_MIN = 24 * 60
# What an app has to have seen in some night, so that what it sees can be the night.
_NIGHT_MIN = 180


@dataclass(frozen=True, slots=True, kw_only=True)
class SelectedRecords:
    """Records of one device by whether they count, each kind in order of its start.

    Attributes
    ----------
    recorded : tuple of SleepEpisode [record]
        Records that the vendor does not reject: a night without any of these was not recorded.
    used : tuple of SleepEpisode [record]
        Of these the ones with usable sleep; no two overlap.
    left_out : tuple of (SleepEpisode, NotUsed) [record]
        Every other record with the reason.
    """

    recorded: tuple[SleepEpisode, ...]
    used: tuple[SleepEpisode, ...]
    left_out: tuple[tuple[SleepEpisode, NotUsed], ...]


def select_records(episodes: Iterable[SleepEpisode], *, least_part_min: float) -> SelectedRecords:
    """Decide which records of one device count.

    Parameters
    ----------
    episodes : iterable of SleepEpisode
        In any order.
    least_part_min : float
        A record with less sleep, min, is listed, never used.

    Returns
    -------
    SelectedRecords
        Every record once, with the reason where it does not count.

    Raises
    ------
    ExportError
        The episodes come from several devices, which would be mixed.
    """
    single = _once(_plausible(episodes))
    sources = sorted({episode.source for episode in single})
    if len(sources) > 1:
        raise ExportError(
            f"nights: episodes of {' and '.join(sources)} would be mixed: take one device at a time"
        )
    why = {id(episode): NotUsed.OTHER_LAYOUT for episode in _in_other_layouts(single)}
    # Of what is left: an app and a layout that exclude each other would leave no record of the night.
    of_layout = [episode for episode in single if id(episode) not in why]
    why |= {id(episode): NotUsed.OTHER_APP for episode in _by_other_apps(of_layout)}
    why |= {id(episode): NotUsed.SUPERSEDED for episode in _whole_elsewhere(single)}
    superseded = overlapping(
        [episode for episode in single if episode.updated and id(episode) not in why],
        preference=lambda episode: (-_updated(episode), episode.record_id),
    )
    why |= {id(episode): NotUsed.SUPERSEDED for episode in superseded}
    why |= {
        id(episode): episode.not_used for episode in single if episode.not_used and id(episode) not in why
    }
    recorded = [episode for episode in single if id(episode) not in why]
    for episode in recorded:
        if episode.missing or asleep_min(episode) < least_part_min:
            why[id(episode)] = episode.missing or NotUsed.TOO_SHORT
    crowded_out = overlapping(
        [episode for episode in recorded if id(episode) not in why],
        preference=lambda episode: (-asleep_min(episode), episode.start.instant, episode.record_id),
    )
    why |= {id(episode): NotUsed.OVERLAP for episode in crowded_out}
    return SelectedRecords(
        recorded=tuple(recorded),
        used=tuple(episode for episode in recorded if id(episode) not in why),
        left_out=tuple((episode, why[id(episode)]) for episode in single if id(episode) in why),
    )


def layout_by_night(episodes: Sequence[SleepEpisode]) -> dict[date, str]:
    """The layout that counts on each night: of those that saw it, the one with the most nights of all.

    A trial is then analysed in one way on as many nights as can be. Of equals the one with more nights whose wakes are
    known, then the one whose records carry more of the vendor's own dates, by which they can be looked up in the app.
    """
    asleep: dict[date, dict[str, float]] = defaultdict(lambda: defaultdict(float))
    counted: dict[str, set[date]] = defaultdict(set)
    dated: Counter[str] = Counter()
    for episode in episodes:
        # What is damaged in one layout may be whole in the other.
        if not episode.not_used and episode.missing != NotUsed.DAMAGED:
            night = night_of(episode.start.wall)
            asleep[night][episode.layout] += max(0.0, asleep_min(episode))
            if episode.wake_runs_min is not None:
                counted[episode.layout].add(night)
            dated[episode.layout] += episode.vendor_date is not None
    nights = Counter(layout for by_layout in asleep.values() for layout in by_layout)

    def order(layout: str) -> tuple[int, int, int, str]:
        return -nights[layout], -len(counted[layout]), -dated[layout], layout

    # A nap alone is no night where another layout holds the sleep after it.
    return {
        night: min(
            (layout for layout, slept in by_layout.items() if slept >= max(by_layout.values()) / 2), key=order
        )
        for night, by_layout in asleep.items()
    }


def asleep_min(episode: SleepEpisode) -> float:
    """Total sleep time for comparison: a record without one sorts below every record with one."""
    return -1.0 if episode.tst_min is None else episode.tst_min


def _plausible(episodes: Iterable[SleepEpisode]) -> Iterator[SleepEpisode]:
    for episode in episodes:
        in_bed, asleep = episode.tib_min, episode.tst_min
        impossible = (in_bed is not None and in_bed > _DAY_MIN + 1) or (
            asleep is not None and asleep > (_DAY_MIN if in_bed is None else in_bed) + 1
        )
        backwards = episode.end.minutes_since(episode.start) < 0
        yield replace(episode, missing=NotUsed.IMPLAUSIBLE) if impossible or backwards else episode


def _once(episodes: Iterable[SleepEpisode]) -> list[SleepEpisode]:
    """One copy of every record by start; of copies that differ the later and longer, whatever their order."""
    copies: dict[tuple[str, str], list[SleepEpisode]] = defaultdict(list)
    for episode in episodes:
        copies[episode.source, episode.record_id].append(episode)
    single = [same[0] if len(same) == 1 else _best_copy(same) for same in copies.values()]
    return sorted(single, key=lambda episode: (episode.start.instant, episode.record_id))


def _best_copy(same: Sequence[SleepEpisode]) -> SleepEpisode:
    # A record that was unfinished in one export may be complete in a later one.
    same = [copy for copy in same if copy.not_used != NotUsed.UNFINISHED] or same
    best = min(same, key=_copy_order)
    differs = any(replace(copy, source_file=best.source_file, layout=best.layout) != best for copy in same)
    return replace(best, flags=(*best.flags, Flag("copies_differ"))) if differs else best


def _in_other_layouts(single: Sequence[SleepEpisode]) -> list[SleepEpisode]:
    """Records of a night that a layout with more nights holds too."""
    if len({episode.layout for episode in single}) < 2:
        return []
    first = layout_by_night(single)
    return [
        episode
        for episode in single
        if first.get(night_of(episode.start.wall), episode.layout) != episode.layout
    ]


def _whole_elsewhere(single: Sequence[SleepEpisode]) -> list[SleepEpisode]:
    """Damaged records that another export holds whole: one that was going on when they began."""
    damaged = [episode for episode in single if episode.missing == NotUsed.DAMAGED]
    whole = [episode for episode in single if episode.missing != NotUsed.DAMAGED] if damaged else []
    return [
        episode
        for episode in damaged
        if any(other.start.instant <= episode.start.instant < other.end.instant for other in whole)
    ]


def _by_other_apps(single: Sequence[SleepEpisode]) -> list[SleepEpisode]:
    """Records of a night by other apps or watches than the one that counts that night.

    Apple Health and Health Connect collect what a watch, a phone and apps each think of one night; adding them up
    would count the same minutes twice. Chosen night by night, so that a new watch keeps its nights: of those whose
    records cover at least half of what another's cover, one with stages before one without; then the one with the most
    staged nights of all, since a choice that changes from night to night would compare devices instead of arms; then
    the one that saw most of this night. Wake counts as covered: a watch that saw three hours of sleep in a bad night
    saw the whole night. An app that never saw three hours in a night, as a phone that knows only of the time in bed or
    a nap entered by hand, has no night of its own beside others.
    """
    if len({episode.app for episode in single}) < 2:
        return []
    night_by_id = _night_by_id(single)
    covered, asleep, staged = (
        defaultdict[date, dict[str, float]](lambda: defaultdict(float)) for _ in range(3)
    )
    for episode in single:
        if id(episode) in night_by_id:
            night = night_by_id[id(episode)]
            covered[night][episode.app] += max(0.0, episode.end.minutes_since(episode.start))
            asleep[night][episode.app] += asleep_min(episode)
            staged[night][episode.app] += asleep_min(episode) * (episode.wake_runs_min is not None)
    nights = Counter(app for by_app in staged.values() for app, minutes in by_app.items() if minutes)
    able = {app for by_app in asleep.values() for app, minutes in by_app.items() if minutes >= _NIGHT_MIN}
    able = able or {episode.app for episode in single}

    def order(night: date, app: str) -> tuple[bool, int, float, str]:
        slept = asleep[night][app]
        return staged[night][app] < slept / 2, -nights[app], -slept, app

    chosen: dict[date, str] = {}
    for night, by_app in covered.items():
        most = max((minutes for app, minutes in by_app.items() if app in able), default=0.0)
        whole = [app for app, minutes in by_app.items() if app in able and minutes >= most / 2]
        if whole:
            chosen[night] = min(whole, key=lambda app, night=night: order(night, app))  # type: ignore[misc]

    def is_other(episode: SleepEpisode) -> bool:
        # A record without an app, such as one too damaged to name it, is not another app's.
        if episode.not_used or not episode.app:
            return False
        night = night_by_id.get(id(episode), night_of(episode.start.wall))
        if night in chosen:
            return episode.app != chosen[night]
        return episode.app not in able and episode.missing in (NotUsed.NO, NotUsed.IN_BED_ONLY)

    return [episode for episode in single if is_other(episode)]


def _night_by_id(single: Sequence[SleepEpisode]) -> dict[int, date]:
    """The night of each usable record by its `id`; one sleep has one night, though an app saw it begin after noon."""
    nights: dict[int, date] = {}
    night, latest = date.min, None
    for start, end, episode in spans(
        episode for episode in single if not (episode.not_used or episode.missing)
    ):
        if latest is None or start >= latest:
            night, latest = night_of(episode.start.wall), end
        nights[id(episode)] = night
        latest = max(latest, end)
    return nights


def _copy_order(copy: SleepEpisode) -> tuple[float, float, str, str, str]:
    # The file comes last: the same record may have come in several files, imported in any order.
    content = repr(replace(copy, source_file=""))
    return -_updated(copy), -asleep_min(copy), copy.end.isoformat(), content, copy.source_file


def _updated(episode: SleepEpisode) -> float:
    return episode.updated.timestamp() if episode.updated else 0.0
