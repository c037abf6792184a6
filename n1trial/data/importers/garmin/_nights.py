"""What both layouts of Garmin say of a night: sums of stages, how it was confirmed, vital signs, and naps."""

from datetime import date, datetime, time

import msgspec
from msgspec.structs import replace

from n1trial.data.episodes import Moment, SleepEpisode, TimeBasis, clock_change
from n1trial.data.flags import Flag
from n1trial.data.importers._records import Count, Label, Seconds, plausible_wall
from n1trial.data.importers._source import Member
from n1trial.data.not_used import NotUsed
from n1trial.errors import ExportError

DEVICE = "Garmin"

# Watches until about 2021 confirm nights by themselves; the stages of those nights are as whole as any.
_CONFIRMED = frozenset(
    {
        "ENHANCED_CONFIRMED",
        "ENHANCED_CONFIRMED_FINAL",
        "MANUALLY_CONFIRMED",
        "AUTO_CONFIRMED",
        "AUTO_CONFIRMED_FINAL",
    }
)
# Stages, wake and what was not measured add up to the time from start to end.
_MISMATCH_MIN = 5
_LOWEST_AND_HIGHEST = {
    "hrv_rmssd_ms": (1, 500),
    "heart_rate_mean_bpm": (20, 220),
    "respiratory_rate_rpm": (4, 60),
    "skin_temp_deviation_c": (-15, 15),
}


class Sums(msgspec.Struct):
    """The fields that both layouts call the same."""

    day: date | None = msgspec.field(name="calendarDate", default=None)
    confirmation: Label | None = msgspec.field(name="sleepWindowConfirmationType", default=None)
    deep: Seconds | None = msgspec.field(name="deepSleepSeconds", default=None)
    light: Seconds | None = msgspec.field(name="lightSleepSeconds", default=None)
    rem: Seconds | None = msgspec.field(name="remSleepSeconds", default=None)
    awake: Seconds | None = msgspec.field(name="awakeSleepSeconds", default=None)
    awakenings: Count | None = msgspec.field(name="awakeCount", default=None)

    @property
    def confirmed(self) -> bool:
        """Whether Garmin confirmed the night."""
        word = self.confirmation
        return word in _CONFIRMED or (word is not None and word.upper() in _CONFIRMED)

    @property
    def staged(self) -> bool:
        """Whether there is any sum of sleep."""
        return not (self.deep is None and self.light is None and self.rem is None)


def night(
    sums: Sums,
    *,
    start: Moment | None,
    end: Moment | None,
    unmeasured: float | None,
    record_id: str,
    layout: str,
    time_basis: TimeBasis,
    member: Member,
    where: str,
) -> SleepEpisode:
    """Build a night from its sums; one that was not confirmed is missing, and may have neither start nor end."""
    confirmed, staged, timed = sums.confirmed, sums.staged, True
    if start is None or end is None:
        timed = False
        if sums.day is None or (confirmed and staged):
            raise ExportError("does not say when it was", place=where, remedy="download the export again")
        # Only the date of waking is known; its first minute is in the night before.
        start = end = Moment(plausible_wall(datetime.combine(sums.day, time()), where))
    staged = staged and confirmed and timed
    asleep_s = (sums.deep or 0) + (sums.light or 0) + (sums.rem or 0)
    unmeasured_min = (unmeasured or 0) / 60
    absent_min = end.minutes_since(start) - (asleep_s + (sums.awake or 0)) / 60 - unmeasured_min
    mismatch = staged and sums.awake is not None and absent_min >= _MISMATCH_MIN
    if not staged:
        missing = NotUsed.UNSTAGED if confirmed and timed else NotUsed.NOT_CONFIRMED
    else:
        missing = NotUsed.IMPLAUSIBLE if absent_min < -_MISMATCH_MIN else NotUsed.NO
    return SleepEpisode(
        source="garmin",
        source_file=member.where,
        record_id=record_id,
        layout=layout,
        start=start,
        end=end,
        time_basis=time_basis,
        tib_min=(asleep_s + sums.awake) / 60 if staged and sums.awake is not None else None,
        tst_min=asleep_s / 60 if staged else None,
        deep_min=_minutes(sums.deep) if staged else None,
        light_min=_minutes(sums.light) if staged else None,
        rem_min=_minutes(sums.rem) if staged else None,
        vendor_date=sums.day,
        vendor_awakenings=sums.awakenings if staged else None,
        missing=missing,
        device=DEVICE,
        flags=(
            *((Flag("no_rem"),) if staged and sums.rem is None else ()),
            *((Flag("unmeasured_min", f"{unmeasured_min:g}"),) if staged and unmeasured_min else ()),
            *((Flag("tib_mismatch", f"{absent_min:g}"),) if mismatch else ()),
            *clock_change(start, end),
        ),
    )


def nap(
    start: Moment,
    end: Moment,
    *,
    seconds: float | None,
    record_id: str,
    sums: Sums,
    layout: str,
    time_basis: TimeBasis,
    member: Member,
) -> SleepEpisode:
    """Build a nap, of which Garmin knows when it was and at most how long the sleep in it."""
    length_min = end.minutes_since(start)
    return SleepEpisode(
        source="garmin",
        source_file=member.where,
        record_id=f"nap {record_id}",
        layout=layout,
        start=start,
        end=end,
        time_basis=time_basis,
        tib_min=length_min,
        tst_min=length_min if seconds is None else seconds / 60,
        vendor_date=sums.day,
        vendor_nap=True,
        device=DEVICE,
    )


def with_vital_signs(episode: SleepEpisode, signs: dict[str, float | None]) -> SleepEpisode:
    """Return a night with its vital signs; one that cannot be is flagged, and Garmin's 0, -1 and -2 are *unknown*."""
    if episode.tst_min is None or episode.missing:
        return episode
    known: dict[str, float] = {}
    doubted: list[Flag] = []
    for name, value in signs.items():
        lowest, highest = _LOWEST_AND_HIGHEST[name]
        if value is None or (lowest > 0 >= value):
            continue
        if lowest <= value <= highest:
            known[name] = value
        else:
            doubted.append(Flag(f"{name}_implausible"))
    return replace(episode, flags=(*episode.flags, *doubted), **known) if known or doubted else episode


def _minutes(seconds: float | None) -> float | None:
    return None if seconds is None else seconds / 60
