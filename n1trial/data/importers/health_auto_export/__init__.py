"""Health Auto Export: the JSON that this iPhone app makes of Apple Health.

Where to get it: the app Health Auto Export, Manual Export (or an automation to files), Health Metrics, Sleep Analysis,
format JSON; *Summarize data* off gives every stage, on gives one sum a sleep. Give ``HealthAutoExport-….json``, the
zip, or the folder of all daily files.

What is odd: ``{"data": {"metrics": [{"name": "sleep_analysis", "units": "hr", "data": […]}]}}``, in which two forms
of sleep occur. Stages (``startDate``, ``endDate``, ``value``) are read as Apple Health's own records. Sums
(``sleepStart``, ``totalSleep``, ``core``, ``deep``, ``rem``, ``inBed``) often say 0 for what was not recorded: sleep is
``totalSleep``, or ``asleep`` alone, or the stages; time in bed is ``inBed``, or from ``inBedStart`` to ``inBedEnd``.
Older versions name a source each for sleep and bed: the bed of another device is left out. Times have the offset of the
phone at the time of the export; phones set to twelve hours write ``PM``. ``date`` is the day of waking. Daily files
tell of the same sleep again: the longer copy counts.

What cannot be trusted: the places of wake in sums. ``awake`` may lie before, in or after the sleep, so sums have no
wake after sleep onset and no wake episodes. *In bed* is no sleep, and latency is not recorded. A file does not say
when it was made, so its last sleep may have been going on. Other metrics of the file are not read: they are records of
their own beside the sleep, and its heart-rate variability is Apple's SDNN.

Source: the app's wiki (github.com/Lybron/health-auto-export, API Export JSON Format, read 2026-11-30), bug reports
there (18, 51, 55, 66) and payloads in the tests of independent readers (irvinlim/apple-health-ingester).
Never checked on a whole real file.
"""

import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from datetime import datetime
from functools import partial
from zoneinfo import ZoneInfo

import msgspec

from n1trial.data.episodes import Moment, SleepEpisode
from n1trial.data.importers._archive import printable
from n1trial.data.importers._clock_text import clock_time
from n1trial.data.importers._damaged import whole_records
from n1trial.data.importers._health_records import Fragment, HealthRecords
from n1trial.data.importers._health_sleeps import sleeps
from n1trial.data.importers._records import decode_json, decode_record, numbered, read_json
from n1trial.data.importers._source import Member, Source
from n1trial.data.importers.health_auto_export._sums import DEVICE, Entry, Times, moment_of, summed_sleep
from n1trial.errors import ExportError, HomeZoneError

LOOKS_FOR = "HealthAutoExport-….json of Health Auto Export"
WORDS: tuple[bytes, ...] = (
    b'"metrics"',
    b"sleep_analysis",
    b"sleepStart",
    b"inBedStart",
    b"inBedEnd",
    b"totalSleep",
)
FOLDERS: tuple[str, ...] = ()
VERIFIED = False
VERIFIED_ON = "payloads in bug reports and in the tests of other readers"

_NAMES = re.compile(r"(healthautoexport|healthmetrics).*\.json")
_LOOSE = re.compile(r".*")
_MARK = re.compile(
    rb'\s*\{\s*"data"\s*:\s*\{\s*"(?:metrics|workouts|stateOfMind|medications|symptoms|cycleTracking|ecg|'
    rb'heartRateNotifications)"\s*:\s*\['
)
_METRIC = "sleep_analysis"
_MINUTES = {"hr": 60.0, "hrs": 60.0, "h": 60.0, "min": 1.0, "mins": 1.0, "s": 1 / 60, "sec": 1 / 60}


class _Metric(msgspec.Struct):
    name: str | None = None
    units: str | None = None
    data: msgspec.Raw = msgspec.Raw(b"[]")


class _Data(msgspec.Struct):
    metrics: list[_Metric] = []


class _Payload(msgspec.Struct):
    data: _Data


_READ_PAYLOAD = msgspec.json.Decoder(_Payload)
_READ_LIST: msgspec.json.Decoder[Sequence[msgspec.Raw]] = msgspec.json.Decoder(list[msgspec.Raw])
_READ_ENTRY = msgspec.json.Decoder(Entry)
_READ_TIMES = msgspec.json.Decoder(Times)


def recognises(source: Source) -> bool:
    """Whether the source holds a file of Health Auto Export: by the keys that it begins with."""
    return any(_members(source))


def read(source: Source, *, home_zone: ZoneInfo | None) -> Iterator[SleepEpisode]:
    """Read every sleep of the source; `home_zone` serves times in UTC, which say nothing of the bed's clock."""
    fragments: dict[str, list[Fragment]] = defaultdict(list)
    for member in _members(source):
        payload = decode_json(read_json(source, member), _READ_PAYLOAD, member.where)
        for metric in payload.data.metrics:
            if metric.name == _METRIC:
                stages = HealthRecords(member.where, partial(_read_time, home_zone=home_zone))
                yield from _sums(metric, stages, source, member)
                stages.report_damaged(source, member)
                for name, of_source in stages.fragments.items():
                    fragments[name] += of_source
    # Daily files end at midnight, and the sleep goes on in the next.
    yield from sleeps(fragments, source="health_auto_export", device=DEVICE, home_zone=None, layout="stages")


def _members(source: Source) -> Iterator[Member]:
    for member in source.named(_NAMES, given=_LOOSE):
        if _MARK.match(source.head(member).replace(b"\0", b"").lstrip(b"\xef\xbb\xbf\xff\xfe")):
            yield member


def _sums(metric: _Metric, stages: HealthRecords, source: Source, member: Member) -> Iterator[SleepEpisode]:
    """Read the sums of a metric, and put its stages by."""
    unit = metric.units or "hr"
    minutes = _MINUTES.get(unit.strip().casefold())
    if minutes is None:
        raise ExportError(
            f"sleep in {printable(unit)}, not in hours or minutes",
            place=member.where,
            remedy="set the unit in the app",
        )

    def build(where: str, record: msgspec.Raw) -> Iterator[SleepEpisode]:
        entry = decode_record(record, _READ_ENTRY, where)
        if isinstance(entry.value, str):
            stages.add(
                {
                    "sourceName": entry.source or "",
                    "startDate": entry.start_date or entry.start or "",
                    "endDate": entry.end_date or entry.end or "",
                    "value": entry.value,
                },
                where=where,
            )
        else:
            yield summed_sleep(entry, minutes, member, where, stages.read_time)

    def began(where: str, record: msgspec.Raw) -> Moment | None:
        times = decode_record(record, _READ_TIMES, where)
        text = times.sleep_start or times.in_bed_start or times.start_date or times.start or ""
        return moment_of(stages.read_time(text, where), where)

    records = decode_json(metric.data, _READ_LIST, member.where)
    yield from whole_records(numbered(records, member), build, source=source, member=member, began=began)


def _read_time(text: str, where: str, *, home_zone: ZoneInfo | None) -> datetime:
    time = clock_time(text, where)
    if text.rstrip()[-1:] not in ("Z", "z"):
        return time
    if home_zone is None:
        raise HomeZoneError(f"{printable(text)} is in UTC", place=where, remedy="give --home-zone")
    return time.astimezone(home_zone)
