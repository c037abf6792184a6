"""What the records of a night add up to: one row a night.

A night that was recorded badly has no numbers, never zeros.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise
from operator import attrgetter
from typing import Any, Literal

from n1trial.data.episodes import SleepEpisode
from n1trial.data.flags import Flag, format_flags
from n1trial.data.night_assembly import NightRecords, NightRule, night_records
from n1trial.data.not_used import NotUsed
from n1trial.data.record_selection import asleep_min

Window = Literal["main", "night", "day24"]

# A flag of minutes is added over the records of a night; any other flag is a word.
_SUMMED = frozenset(
    {"unknown_min", "unpainted_min", "out_of_bed_min", "unmeasured_min", "tib_mismatch", "cut_min"}
)
# Two apps differ by less when both saw the whole night: a phone calls lying still sleep.
_OUTSIDE_MIN = 120
# Of the main record alone: the vendor's own sums, which parts of a night do not add up to.
_VITALS = (
    "hrv_rmssd_ms",
    "heart_rate_min_bpm",
    "heart_rate_mean_bpm",
    "respiratory_rate_rpm",
    "skin_temp_deviation_c",
)
_vitals_of = attrgetter(*_VITALS)
_NO_VITALS = (None,) * len(_VITALS)


def night_rows(
    episodes: Iterable[SleepEpisode], *, window: Window, rule: NightRule
) -> Iterator[dict[str, Any]]:
    """Join the episodes of one device to nights, one row each, without the columns that are not known.

    Parameters
    ----------
    episodes : iterable of SleepEpisode
        Of one device, in any order.
    window : "night", "main" or "day24"
        As in `nightly`.
    rule : NightRule
        The numbers by which records become a night.

    Yields
    ------
    dict
        Values by column of `Nights.table`.

    Raises
    ------
    ExportError
        The episodes come from several devices, which would be mixed.
    """
    for records in night_records(episodes, rule=rule):
        if records.recorded:
            yield _row(records, window=window, rule=rule)


def _row(records: NightRecords, *, window: Window, rule: NightRule) -> dict[str, Any]:
    dropped = sum(why == NotUsed.OVERLAP for _, why in records.left_out)
    flags = {Flag("overlap_dropped", dropped)} if dropped else set()
    main, used = records.main, records.used
    if main is None:
        return _missing_row(records, flags=flags | _why_missing(records))
    naps = len(used) - len(records.joined)
    if naps:
        flags.add(Flag("naps", naps))
    if records.several_main:
        flags.add(Flag("several_main"))
    if main.vendor_main is False and any(episode.vendor_main for episode in used):
        flags.add(Flag("vendor_main_differs"))
    about = {"night": records.night, "vendor_date": main.vendor_date, "device": main.device or main.source}
    if lost := _may_be_missed(records, rule):
        flags.add(Flag("left_out", lost))
    if window == "day24":
        flags.add(Flag("records", len(used)))
        return about | _span(used) | {"tst_min": sum(map(asleep_min, used)), "flags": format_flags(flags)}
    parts = [main] if window == "main" else list(records.joined)
    return about | _span(parts) | _quantities(parts, main=main, flags=flags, rule=rule)


def _may_be_missed(records: NightRecords, rule: NightRule) -> int:
    """How many records that could not be used may hold a part of the night that matters."""
    if not records.left_out:
        return 0
    unscored = sum(bool(episode.missing) for episode in records.recorded)
    short = [episode for episode, why in records.left_out if why == NotUsed.TOO_SHORT]
    longer = sum(
        why == NotUsed.OTHER_APP
        and not episode.missing
        and _outside_min(episode, records.joined) >= _OUTSIDE_MIN
        for episode, why in records.left_out
    )
    return unscored + longer + (len(short) if sum(map(asleep_min, short)) >= rule.least_part_min else 0)


def _outside_min(episode: SleepEpisode, night: Sequence[SleepEpisode]) -> float:
    """Minutes of a record before and after a night that it shares; a watch may have died in the middle of it."""
    first, last = night[0].start, night[-1].end
    if episode.end.minutes_since(first) <= 0 or last.minutes_since(episode.start) <= 0:
        return 0.0
    return max(0.0, first.minutes_since(episode.start)) + max(0.0, episode.end.minutes_since(last))


def _why_missing(records: NightRecords) -> set[Flag]:
    reasons = {episode.missing for episode in records.recorded if episode.missing}
    if records.used:
        reasons.add(NotUsed.NAP_ONLY)
    return {Flag(reason) for reason in reasons or {NotUsed.TOO_SHORT}}


def _missing_row(records: NightRecords, *, flags: set[Flag]) -> dict[str, Any]:
    labels = sorted(episode.vendor_date for episode in records.recorded if episode.vendor_date)
    return {
        "night": records.night,
        "vendor_date": labels[0] if labels else None,
        "device": records.recorded[0].device or records.recorded[0].source,
        "flags": format_flags(flags | {Flag("missing")}),
    }


def _span(parts: Sequence[SleepEpisode]) -> dict[str, Any]:
    return {"start": parts[0].start.isoformat(), "end": parts[-1].end.isoformat(), "episodes": len(parts)}


def _quantities(
    parts: list[SleepEpisode], *, main: SleepEpisode, flags: set[Flag], rule: NightRule
) -> dict[str, Any]:
    gaps = [later.start.minutes_since(earlier.end) for earlier, later in pairwise(parts)]
    # Lying awake before and after the time off the record is one wake with it.
    junctions = [
        (earlier.tail_min or 0) + gap + (later.lead_min or 0)
        for (earlier, later), gap in zip(pairwise(parts), gaps, strict=True)
    ]
    runs = [run for part in parts for run in part.wake_runs_min or ()]
    runs += [wake for wake in junctions if wake > 0]
    counted = all(part.wake_runs_min is not None for part in parts)
    if not counted:
        flags.add(Flag("no_wake_count"))
    tst_min = _sum([part.tst_min for part in parts])
    tib_min = _sum([*[part.tib_min for part in parts], *gaps])
    resolutions = sorted({str(part.resolution_s) for part in parts if part.resolution_s})
    return {
        "tst_min": tst_min,
        "wake_episodes": sum([run >= rule.wake_episode_min for run in runs]) if counted else None,
        "wake_episodes_all": len(runs) if counted else None,
        "waso_min": _sum([*[part.waso_min for part in parts], *junctions]),
        "sol_min": parts[0].sol_min,
        "tib_min": tib_min,
        "se_pct": 100 * tst_min / tib_min if tib_min and tst_min is not None else None,
        "deep_min": _sum([part.deep_min for part in parts]),
        "light_min": _sum([part.light_min for part in parts]),
        "rem_min": _sum([part.rem_min for part in parts]),
        "longest_sleep_min": _longest([part.longest_sleep_min for part in parts]),
        **_vitals(main),
        "resolution_s": "+".join(resolutions) or None,
        "flags": format_flags(
            flags | _part_flags(parts, main=main, gaps=gaps, resolutions=resolutions, rule=rule)
        ),
    }


def _part_flags(
    parts: list[SleepEpisode],
    *,
    main: SleepEpisode,
    gaps: list[float],
    resolutions: list[str],
    rule: NightRule,
) -> set[Flag]:
    flags = {Flag("res", "+".join(resolutions))} if resolutions else set()
    sums: dict[str, float] = defaultdict(float)
    for part in parts:
        for flag in part.flags:
            if flag.word in _SUMMED:
                sums[flag.word] += flag.number
            else:
                flags.add(flag)
    flags |= {Flag(word, _number(total)) for word, total in sums.items()}
    counts = [part.vendor_awakenings for part in parts if part.vendor_awakenings is not None]
    if counts:
        flags.add(Flag("vendor_awakenings", sum(counts)))
    if len(resolutions) > 1:
        flags.add(Flag("mixed_resolution"))
    if len(parts) > 1:
        flags |= {Flag("split", len(parts)), Flag("gap_min", _number(sum(gaps)))}
        if any(
            rule.noon_hour <= part.start.wall.hour < rule.main_from_hour for part in parts if part is not main
        ):
            flags.add(Flag("evening_part"))
    return flags


def _sum(minutes: Iterable[float | None]) -> float | None:
    """Sum that is unknown as soon as one part is."""
    total = 0.0
    for value in minutes:
        if value is None:
            return None
        total += value
    return total


def _vitals(main: SleepEpisode) -> dict[str, float | None]:
    values = _vitals_of(main)
    return {} if values == _NO_VITALS else dict(zip(_VITALS, values, strict=True))


def _longest(minutes: Sequence[float | None]) -> float | None:
    """The longest stretch, unknown as soon as one part is: it could lie there."""
    known = [value for value in minutes if value is not None]
    return max(known) if len(known) == len(minutes) else None


def _number(value: float) -> str:
    return f"{round(value, 2):.10g}"
