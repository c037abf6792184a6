"""One recorded stretch of sleep: its clock, its hypnogram, and the night it belongs to.

Every importer returns these records, and nothing after the importers depends on a vendor.
"""

import re
from datetime import UTC, date, datetime, timedelta, timezone
from typing import Literal, Self
from zoneinfo import ZoneInfo

import msgspec

from n1trial.data.flags import Flag
from n1trial.data.not_used import NotUsed
from n1trial.markup.html_repr import line

NOON_HOUR = 12

TimeBasis = Literal["utc+offset", "naive_local", "utc_no_offset"]

# One letter an epoch: a night is then a string, and its wake runs are what is left between all other letters.
ASLEEP, AWAKE, RESTLESS, UNKNOWN, UNPAINTED = "S", "W", "r", "u", "."

# Flags of a night in which the local clock changed.
CLOCK_CHANGES = DST_FORWARD, DST_BACK, OFFSET_CHANGE = "dst_forward", "dst_back", "offset_change"

_SLEEP_RUN = re.compile(f"{ASLEEP}+")
_ONLY_WAKE = str.maketrans(dict.fromkeys((ASLEEP, RESTLESS, UNKNOWN, UNPAINTED), " "))


# A struct of msgspec is a frozen dataclass that costs a tenth: an export holds thousands.
class Moment(msgspec.Struct, frozen=True, gc=False):
    """A clock reading: the local wall clock as the device wrote it, and its UTC offset where that is known.

    The wall clock decides which night it is; the offset makes durations right when the clocks change.
    """

    wall: datetime
    offset: timedelta | None = None

    @classmethod
    def in_zone(cls, wall: datetime, zone: ZoneInfo | None) -> Self:
        """Read a wall clock without offset as the clock of `zone`; the offset stays unknown without one.

        The hour that occurs twice when the clocks go back is read as its first occurrence: the files that
        need a zone do not say which one they mean.
        """
        return cls(wall, wall.replace(tzinfo=zone).utcoffset() if zone else None)

    @property
    def instant(self) -> datetime:
        """The moment in UTC, or the wall clock read as if it were UTC when the offset is unknown."""
        return (self.wall - (self.offset or timedelta())).replace(tzinfo=UTC)

    def minutes_since(self, earlier: Self) -> float:
        """Minutes from `earlier` to this moment, negative when it is later.

        From UTC instants when both offsets are known; else the difference of the wall clocks, which is an
        hour wrong across a clock change.
        """
        if self.offset is None or earlier.offset is None:
            return (self.wall - earlier.wall).total_seconds() / 60
        return (self.instant - earlier.instant).total_seconds() / 60

    def isoformat(self) -> str:
        """Wall clock in seconds, with the offset where it is known: ``2026-01-05T23:10:00+01:00``."""
        wall = self.wall if self.offset is None else self.wall.replace(tzinfo=timezone(self.offset))
        return wall.isoformat(timespec="seconds")


class SleepEpisode(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One record of sleep as its vendor made it.

    A number or date that is ``None`` was not recorded; it is never 0 for that reason.

    Attributes
    ----------
    source : str
        Name of the importer that read it, such as ``fitbit``.
    source_file : str
        File, or archive › member, that holds the record.
    record_id : str
        The same record has the same id in every export that contains it.
    start, end : Moment
        Local wall clock, and the UTC offset where it is known.
    time_basis : "utc+offset", "naive_local" or "utc_no_offset"
        What the file says about the clock: offset, local time without offset, or UTC without offset.
    layout : str
        Layout of the file, for devices that write the same night in several layouts; else empty.
    app : str
        Which of several apps or watches wrote it, where one export collects them: an id that names nobody; else
        empty.
    tib_min : float or None
        Time in bed, min: what the record accounts for, asleep or awake.
    tst_min : float or None
        Total sleep time, min: deep, light and REM; of Fitbit's classic records the minutes *asleep* only.
    sol_min : float or None
        Sleep-onset latency, min: start of the record to the first sleep.
    lead_min, tail_min : float or None
        Minutes before the first and after the last epoch of sleep.
    waso_min : float or None
        Wake after sleep onset, min: strictly between first and last sleep.
    wake_runs_min : tuple of float [wake] or None
        Length of each unbroken run of that wake, min.
    deep_min, light_min, rem_min : float or None
        Sleep in each stage, min.
    longest_sleep_min : float or None
        The longest stretch of sleep without any wake or hole, min; only as fine as the epochs of the hypnogram.
    hrv_rmssd_ms : float or None
        Heart-rate variability of the record as the vendor sums it up, RMSSD in ms; other measures, such as Apple's
        SDNN, are not kept here.
    heart_rate_min_bpm, heart_rate_mean_bpm : float or None
        Lowest and mean heart rate of the record, beats a minute.
    respiratory_rate_rpm : float or None
        Mean breaths a minute.
    skin_temp_deviation_c : float or None
        Skin temperature minus the vendor's own baseline of the person, °C.
    resolution_s : int, "event" or None
        Seconds an epoch, or ``event`` when the file stores intervals.
    vendor_date : date or None
        The vendor's own label of the night, usually the date of waking: for cross-checks only.
    vendor_nap : bool
        Whether the vendor calls it a nap.
    vendor_main : bool or None
        Whether the vendor calls it the main sleep of its date.
    vendor_awakenings : int or None
        The vendor's own count, never a substitute for `wake_runs_min`.
    not_used : NotUsed
        Why the vendor itself rejects the record; `NotUsed.NO` when it does not.
    missing : NotUsed
        Why there is no sleep time; `NotUsed.NO` when there is.
    algorithm : str
        The vendor's name or version of the analysis; empty where it is not known.
    device : str
        Model of the device; empty where it is not known.
    updated : datetime or None
        When the vendor last analysed it; of analyses of the same stretch the latest counts.
    flags : tuple of Flag [flag]
        What a reader of the night should see.

    Examples
    --------
    >>> from datetime import datetime
    >>> from n1trial.data.episodes import Moment, SleepEpisode
    >>> episode = SleepEpisode(
    ...     source="generic",
    ...     source_file="mine.csv",
    ...     record_id="1",
    ...     start=Moment(datetime(2026, 1, 6, 0, 30)),
    ...     end=Moment(datetime(2026, 1, 6, 7, 0)),
    ...     time_basis="naive_local",
    ...     tst_min=350.0,
    ... )
    >>> episode.end.minutes_since(episode.start), episode.waso_min
    (390.0, None)
    """

    source: str
    source_file: str
    record_id: str
    start: Moment
    end: Moment
    time_basis: TimeBasis
    layout: str = ""
    app: str = ""
    tib_min: float | None = None
    tst_min: float | None = None
    sol_min: float | None = None
    lead_min: float | None = None
    tail_min: float | None = None
    waso_min: float | None = None
    wake_runs_min: tuple[float, ...] | None = None
    deep_min: float | None = None
    light_min: float | None = None
    rem_min: float | None = None
    longest_sleep_min: float | None = None
    hrv_rmssd_ms: float | None = None
    heart_rate_min_bpm: float | None = None
    heart_rate_mean_bpm: float | None = None
    respiratory_rate_rpm: float | None = None
    skin_temp_deviation_c: float | None = None
    resolution_s: int | Literal["event"] | None = None
    vendor_date: date | None = None
    vendor_nap: bool = False
    vendor_main: bool | None = None
    vendor_awakenings: int | None = None
    not_used: NotUsed = NotUsed.NO
    missing: NotUsed = NotUsed.NO
    algorithm: str = ""
    device: str = ""
    updated: datetime | None = None
    flags: tuple[Flag, ...] = ()


def night_of(wall: datetime, *, noon_hour: int = NOON_HOUR) -> date:
    """Return the night an episode belongs to: the date of its evening, noon to noon.

    The capsule of 5 January is taken that evening, so sleep that starts at 00:30 on 6 January is the night of
    5 January. Fitbit and Oura name it 6 January.

    Parameters
    ----------
    wall : datetime
        Local wall clock at the start of the episode.
    noon_hour : int, 0 to 23
        Where one night ends and the next begins.

    Returns
    -------
    date
        The date of the evening.

    Examples
    --------
    >>> from datetime import datetime
    >>> from n1trial.data.episodes import night_of
    >>> night_of(datetime(2026, 1, 6, 0, 30)).isoformat()
    '2026-01-05'
    """
    return (wall - timedelta(hours=noon_hour)).date()


def clock_change(start: Moment, end: Moment) -> tuple[Flag, ...]:
    """Flag of a UTC offset that changes during an episode: daylight saving time, or travel."""
    if start.offset is None or end.offset is None or start.offset == end.offset:
        return ()
    names = {timedelta(hours=1): DST_FORWARD, timedelta(hours=-1): DST_BACK}
    return (Flag(names.get(end.offset - start.offset, OFFSET_CHANGE)),)


class WakeStructure(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """Wake before, inside and after the sleep period of a hypnogram, and its longest unbroken sleep; minutes."""

    lead_min: float
    tail_min: float
    waso_min: float
    wake_runs_min: tuple[float, ...]
    longest_sleep_min: float


def wake_structure(epochs: str, *, resolution_s: int) -> WakeStructure | None:
    """Find the wake runs of a hypnogram, or ``None`` when it holds no sleep.

    The sleep period runs from the first to the last epoch asleep; wake before and after it is no awakening.
    Touching wake epochs are one run. Definitions as in YASA's ``sleep_statistics``, which counts no runs.

    Parameters
    ----------
    epochs : str [epoch]
        One letter an epoch: `ASLEEP`, `AWAKE`, `RESTLESS`, `UNKNOWN` or `UNPAINTED`.
    resolution_s : int
        Seconds an epoch.

    Returns
    -------
    WakeStructure or None
        Minutes by place; None without sleep.
    """
    first, last = epochs.find(ASLEEP), epochs.rfind(ASLEEP)
    if first < 0:
        return None
    epoch_min = resolution_s / 60
    runs = tuple([len(run) * epoch_min for run in _wake_runs(epochs[first:last])])
    after = len(epochs) - last - 1 - epochs.count(UNKNOWN, last)
    return WakeStructure(
        lead_min=first * epoch_min,
        tail_min=after * epoch_min,
        waso_min=sum(runs),
        wake_runs_min=runs,
        longest_sleep_min=max(map(len, _SLEEP_RUN.findall(epochs))) * epoch_min,
    )


def count_wake_runs(epochs: str) -> int:
    """Count the runs of wake of a whole hypnogram, also before and after sleep, as vendors count."""
    return len(_wake_runs(epochs))


def _wake_runs(epochs: str) -> list[str]:
    return epochs.translate(_ONLY_WAKE).split()


class SleepEpisodes(list[SleepEpisode]):
    """Sleep episodes of an export, by start: a list that a console shows in one line, since it holds hundreds."""

    def __repr__(self) -> str:
        """How many records of which devices, from when to when."""
        if not self:
            return "<SleepEpisodes: none>"
        devices = ", ".join(dict.fromkeys(episode.device or episode.source for episode in self))
        dates = f"{self[0].start.wall.date()} to {self[-1].end.wall.date()}"
        return line("SleepEpisodes", {"records": len(self), "from": dates, "device": devices})
