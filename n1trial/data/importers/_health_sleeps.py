"""Sleeps out of the records of HealthKit, which are fragments: source by source, with gaps up to an hour."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from zoneinfo import ZoneInfo

from msgspec.structs import replace

from n1trial.data.episodes import Moment, SleepEpisode, clock_change
from n1trial.data.flags import Flag
from n1trial.data.importers._health_records import Fragment
from n1trial.data.importers._intervals import Interval, moment_at, named_zone, with_stages
from n1trial.data.importers._unfinished import MARGIN
from n1trial.data.not_used import NotUsed

_SESSION_GAP = timedelta(minutes=60)
_LONGEST = timedelta(hours=24)


def sleeps(
    fragments: Mapping[str, Sequence[Fragment]],
    *,
    source: str,
    device: str,
    home_zone: ZoneInfo | None,
    exported: datetime | None = None,
    layout: str = "",
) -> Iterator[SleepEpisode]:
    """Join the fragments of each source to sleeps.

    Parameters
    ----------
    fragments
        By the name of their source.
    device
        What it is called where the model is not known and the name does not say that it is a watch.
    home_zone
        Serves fragments that do not name their zone; without one they keep the offset of their times.
    exported
        When the export was made; a sleep that ended shortly before may be incomplete.
    """
    for name, of_source in fragments.items():
        for session in _sessions(of_source):
            sleep = _sleep(session, home_zone=home_zone)
            app = source_id(name)
            hardware = next((fragment.hardware for fragment in session if fragment.hardware), "")
            last = max(fragment.end for fragment in session)
            yield replace(
                sleep,
                source=source,
                record_id=f"{app}/{sleep.start.instant.isoformat()}",
                layout=layout,
                app=app,
                not_used=NotUsed.UNFINISHED
                if exported is not None and last > exported - MARGIN
                else NotUsed.NO,
                device=device_name(name, hardware, device),
            )


def source_id(name: str) -> str:
    """An id by which a source differs from others and which is nobody's name."""
    return sha256(name.encode(errors="replace")).hexdigest()[:8]


def device_name(name: str, hardware: str, device: str) -> str:
    """What recorded it: the model where it is known, else whether it is a watch."""
    if hardware:
        return f"Apple {hardware}"
    return "Apple Watch" if "watch" in name.casefold() else device


def _sessions(fragments: Sequence[Fragment]) -> Iterator[list[Fragment]]:
    """Group the fragments of one source: gaps up to an hour belong to one sleep."""
    session: list[Fragment] = []
    end: datetime | None = None
    for fragment in sorted(fragments, key=lambda one: (one.start, one.end, one.stage or "", one.damaged)):
        if not timedelta() <= fragment.end - fragment.start <= _LONGEST:
            # It would glue many nights together; alone it is listed as implausible.
            yield [fragment]
            continue
        if end is not None and fragment.start - end > _SESSION_GAP:
            yield session
            session, end = [], None
        session.append(fragment)
        end = fragment.end if end is None else max(end, fragment.end)
    if session:
        yield session


def _sleep(session: Sequence[Fragment], *, home_zone: ZoneInfo | None) -> SleepEpisode:
    """One sleep out of its fragments, in order; who recorded it is not said yet."""
    first, last = session[0], max(session, key=lambda fragment: fragment.end)
    zones = [fragment.zone for fragment in session if fragment.zone]

    def moment(instant: datetime, fragment: Fragment) -> Moment:
        # A damaged record does not say its zone; the others of the same sleep do.
        name = fragment.zone or (zones[0] if zones and fragment.damaged else "")
        zone = named_zone(name, first.where) if name else home_zone or instant.tzinfo or UTC
        return moment_at(instant, zone, first.where)

    start, end = moment(first.start, first), moment(last.end, last)
    intervals: list[Interval] = [
        (fragment.start.timestamp(), fragment.end.timestamp(), fragment.stage)
        for fragment in session
        if fragment.stage is not None
    ]
    damaged = any(fragment.damaged for fragment in session)
    missing = NotUsed.NO
    if not timedelta() <= last.end - first.start <= _LONGEST:
        missing = NotUsed.IMPLAUSIBLE
    elif all(stage == "awake" for _, _, stage in intervals):
        missing = NotUsed.DAMAGED if damaged else NotUsed.IN_BED_ONLY
    sleep = SleepEpisode(
        source="",
        source_file=first.where,
        record_id="",
        start=start,
        end=end,
        time_basis="utc+offset",
        missing=missing,
        flags=(
            *((Flag("manual"),) if any(fragment.by_hand for fragment in session) else ()),
            *((Flag("damaged"),) if damaged else ()),
            *clock_change(start, end),
        ),
    )
    return sleep if missing else with_stages(sleep, intervals, latency=False)
