"""Samsung Health: the sleep and stage tables of the data download.

Where to get it: the Samsung Health app, Settings, Download personal data; give the folder with
``com.samsung.shealth.sleep.….csv`` and ``com.samsung.health.sleep_stage.….csv``.

What is odd: the first line names the table and the second the columns, with a prefix that varies; every row ends
with a comma, and stages lie in a file of their own. Several apps write into one table (``pkg_name``), so it is chosen
night by night which one counts. Whether times are UTC or local is not said: `_clock` finds it in the data, and where
nothing shows it the night is the same either way, or the export is refused. A record has one offset, also on a
night when the clocks change. A record begins with the first sleep, so the latency is ``sleep_latency``
(milliseconds); 0, -1 and empty mean *not measured*, and then only a record that begins awake has one.

What cannot be trusted: ``efficiency`` 0 and an empty ``sleep_duration`` mean *not measured* too. ``sleep_combined``
sums several sleeps up and is not read. Heart rate, breathing and skin temperature lie in tables of other records.

Source: independent readers of the files, and rows of a table in the tests of miranda1000/SamsungHealthExporter.
Never checked on a real file.
"""

from collections.abc import Iterator, Sequence
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from msgspec.structs import replace

from n1trial.data.episodes import Moment, SleepEpisode
from n1trial.data.flags import Flag
from n1trial.data.importers._damaged import whole_records
from n1trial.data.importers._intervals import Interval, with_stages
from n1trial.data.importers._records import bounded
from n1trial.data.importers._source import Member, Source
from n1trial.data.importers.samsung._clock import times_are_local
from n1trial.data.importers.samsung._tables import (
    Row,
    Sleep,
    WrittenStage,
    read_sleep,
    read_stages,
    rows,
    start_of,
    tables,
)
from n1trial.errors import ExportError

DEVICE = "Samsung Health"
LOOKS_FOR = "com.samsung.….sleep.….csv of Samsung Health"
WORDS: tuple[bytes, ...] = (
    b"com.samsung",
    b"datauuid",
    b"sleep_id",
    b"deviceuuid",
    b"sleep_latency",
    b"pkg_name",
)
FOLDERS: tuple[str, ...] = ("samsung health", "samsunghealth")
VERIFIED = False
VERIFIED_ON = "independent readers of the files; no real file was seen"


def recognises(source: Source) -> bool:
    """Whether the source holds tables of Samsung's sleep: by the name that stands in their first line."""
    return any(tables(source).values())


def read(source: Source, *, home_zone: ZoneInfo | None) -> Iterator[SleepEpisode]:
    """Read every sleep of the source; `home_zone` is not needed, records have their offset."""
    by_table = tables(source)
    for table, name in (("sleep", "shealth.sleep"), ("sleep_stage", "health.sleep_stage")):
        if not by_table[table]:
            combined = ", sleep_combined only sums sleeps up" if by_table["sleep_combined"] else ""
            raise ExportError(
                f"com.samsung.{name}.….csv of Samsung Health is absent{combined}",
                place=source.label,
                remedy="give the whole folder",
            )
    sleeps = [sleep for member in by_table["sleep"] for sleep in _whole_sleeps(source, member)]
    stages = read_stages(source, by_table["sleep_stage"], {sleep.id for sleep in sleeps})
    local, flags = times_are_local(sleeps, source.label)

    def began(where: str, row: Row) -> Moment:
        start, offset = start_of(row, where)
        return Moment(start if local else start + offset, offset)

    for member in by_table["sleep"]:

        def build(where: str, row: Row, member: Member = member) -> list[SleepEpisode]:
            sleep = read_sleep(row, where)
            if sleep.id in stages.damaged:
                raise stages.damaged[sleep.id]
            written = stages.by_sleep.get(sleep.id, ())
            return [_episode(sleep, written, member=member, local=local, flags=flags)]

        yield from whole_records(rows(source, member), build, source=source, member=member, began=began)


def _whole_sleeps(source: Source, member: Member) -> Iterator[Sleep]:
    """The sleeps of undamaged rows: together they say which clock their times are in."""
    for where, row in bounded(rows(source, member), member.where):
        with suppress(ExportError):
            yield read_sleep(row, where)


def _episode(
    sleep: Sleep, stages: Sequence[WrittenStage], *, member: Member, local: bool, flags: tuple[Flag, ...]
) -> SleepEpisode:
    to_wall = timedelta() if local else sleep.offset
    to_utc = -sleep.offset if local else timedelta()

    def second(written: datetime) -> float:
        return (written + to_utc).replace(tzinfo=UTC).timestamp()

    intervals: list[Interval] = [(second(start), second(end), stage) for start, end, stage in stages]
    episode = with_stages(
        SleepEpisode(
            source="samsung",
            source_file=member.where,
            record_id=sleep.id,
            app=sleep.app,
            start=Moment(sleep.start + to_wall, sleep.offset),
            end=Moment(sleep.end + to_wall, sleep.offset),
            time_basis="utc+offset",
            device=DEVICE,
            flags=(*flags, *sleep.flags),
        ),
        intervals,
        latency=True,
    )
    known = sleep.latency_min is not None and not episode.missing
    return replace(episode, sol_min=sleep.latency_min) if known else episode
