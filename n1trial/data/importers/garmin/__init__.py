"""Garmin: the sleep files of the account export, and answers of Garmin Connect that other programs save.

Where to get it: garmin.com/account, Account Management Center, Export Your Data; the zip holds
``DI_CONNECT/DI-Connect-Wellness/…_sleepData.json``. Give the whole zip or folder: ``UDSFile_….json`` of
``DI-Connect-Aggregator`` knows where the clock stood. Or the day files of GarminDB, garminconnect, garth and the like:
one answer with ``dailySleepDTO`` a day, in a folder or zip, or a list of them in one file. Only these hold the stages
as they followed one another.

What is odd: the account export's times are UTC without saying so, day files write local times as if they were UTC.
Older watches give no ``remSleepSeconds`` (flag ``no_rem``), and confirm nights by themselves (``AUTO_CONFIRMED``).
Naps hang on the day before the night. Where both layouts tell of a night, the one with more nights counts.

What cannot be trusted: nights that Garmin did not confirm, of which only the label is known. The account export has no
stages in order, so latency, wake after sleep onset and wake episodes are missing; ``awakeCount`` is the vendor's. A
record begins with the first sleep, so there is no latency in either layout.

Vital signs: heart-rate variability is ``avgOvernightHrv``, the night's mean RMSSD in ms (FIT profile,
hrv_status_summary: "Last night RMSSD average over sleep"); heart rate ``avgHeartRate``, the mean of the sleep; breaths
a minute the mean of the sleep; skin temperature the deviation from Garmin's baseline of the person in °C.
``restingHeartRate`` is a number of the day and not the night's lowest, so it is not read.

Source: stands in the module of each layout. Verified on real files: the account export of one person; day files without
stages, as answered twice to one person. Stages in day files say that they were not.
"""

from collections.abc import Iterator
from zoneinfo import ZoneInfo

from n1trial.data.episodes import SleepEpisode
from n1trial.data.importers._source import Source
from n1trial.data.importers.garmin import _account, _clock, _days
from n1trial.errors import ExportError

DEVICE = "Garmin"
LOOKS_FOR = "…_sleepData.json of Garmin's account export, or Garmin Connect's answers with dailySleepDTO"
WORDS: tuple[bytes, ...] = (
    b"sleepStartTimestampGMT",
    b"sleepEndTimestampGMT",
    b"dailySleepDTO",
    b"sleepWindowConfirmationType",
    b"wellnessStartTimeGmt",
    b"calendarDate",
    b"deepSleepSeconds",
    b"sleepLevels",
    b"userProfilePK",
)
FOLDERS: tuple[str, ...] = ("di_connect",)
VERIFIED = True
VERIFIED_ON = "the account export of one person; stages of day files say so themselves"

_LAYOUTS = (_account, _days)


def recognises(source: Source) -> bool:
    """Whether the source holds sleep of Garmin, in any layout, or its daily summaries: by their keys."""
    return any(layout.members(source) for layout in _LAYOUTS) or bool(_clock.summary_files(source))


def read(source: Source, *, home_zone: ZoneInfo | None) -> Iterator[SleepEpisode]:
    """Read every night and nap of the source; `home_zone` serves where the files do not know the clock."""
    present = [(layout, members) for layout in _LAYOUTS if (members := layout.members(source))]
    if not present:
        raise ExportError(
            "daily summaries of Garmin, which are no sleep",
            place=source.label,
            remedy="give the whole zip or folder with …_sleepData.json",
        )
    for layout, members in present:
        yield from layout.read(source, members, home_zone=home_zone)
