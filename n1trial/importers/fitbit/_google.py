"""What Google's two ways of telling a sleep session have in common: the CSV of Takeout and the Health API."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone
from zoneinfo import ZoneInfo

from n1trial.episodes import ASLEEP, AWAKE, RESTLESS, UNKNOWN, Moment, SleepEpisode, TimeBasis, clock_change
from n1trial.importers._archive import printable, refusing
from n1trial.importers._hypnogram import Piece, hole_flags, paint, with_hypnogram
from n1trial.importers._records import plausible_wall

_LETTERS = {
    **dict.fromkeys(("LIGHT", "DEEP", "REM", "ASLEEP"), ASLEEP),
    "AWAKE": AWAKE,
    "RESTLESS": RESTLESS,
    "UNSPECIFIED": UNKNOWN,
}
_SECOND = timedelta(seconds=1)
_CLASSIC_RESOLUTION_S, _STAGED_RESOLUTION_S = 60, 30


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """One sleep session, in the words of its file.

    Attributes
    ----------
    stages, short_wakes
        Pieces in UTC; the short wakes lie over the stages.
    stages_min
        The file's own sum of each stage; without it the stages are added up.
    """

    source_file: str
    where: str
    session_id: str
    start: Moment
    end: Moment
    time_basis: TimeBasis
    classic: bool
    manual: bool
    asleep_min: float | None
    in_period_min: float | None
    to_fall_asleep_min: float | None
    stages: Sequence[Piece]
    short_wakes: Sequence[Piece] = ()
    stages_min: Mapping[str, float] | None = None
    awakenings: int | None = None
    updated: datetime | None = None
    algorithm: str = ""
    nap: bool = False
    main: bool | None = None
    missing: str = ""


def utc_time(text: str, where: str) -> datetime:
    """Read an instant: ``2026-10-02T21:10:30Z`` or ``2026-10-02 21:10:30+0000``."""
    with refusing(where):
        stamp = datetime.fromisoformat(text)
        if stamp.tzinfo is None:
            raise ValueError(f"{printable(text)} is not marked as UTC")
        plausible_wall(stamp.replace(tzinfo=None), where)
        return stamp.astimezone(UTC).replace(microsecond=0)


def on_the_clock(instant: datetime, zone: timezone | ZoneInfo) -> Moment:
    """Read an instant on a local clock."""
    local = instant.astimezone(zone)
    return Moment(local.replace(tzinfo=None), local.utcoffset())


def google_episode(session: Session) -> SleepEpisode:
    """Turn a session into a sleep episode."""
    resolution_s = _CLASSIC_RESOLUTION_S if session.classic else _STAGED_RESOLUTION_S
    stages = sorted(session.stages)
    ends = [piece.start + timedelta(seconds=piece.seconds) for piece in stages]
    epochs = paint(
        stages,
        session.short_wakes,
        letters=_LETTERS,
        resolution_s=resolution_s,
        where=session.where,
        seconds=(max(ends) - stages[0].start) // _SECOND if stages else 0,
    )
    # A typed-in session says when, not how: its wake was not measured.
    measured = bool(epochs) and not (session.classic and session.manual)
    staged = bool(stages) and not session.classic
    stages_min = session.stages_min or _added_up(stages)
    deep_min, light_min, rem_min = (
        stages_min.get(level, 0.0) if staged else None for level in ("DEEP", "LIGHT", "REM")
    )
    tib_min = session.in_period_min
    episode = SleepEpisode(
        source="fitbit",
        source_file=session.source_file,
        record_id=session.session_id,
        start=session.start,
        end=session.end,
        time_basis=session.time_basis,
        tib_min=session.end.minutes_since(session.start) if tib_min is None else tib_min,
        tst_min=session.asleep_min,
        sol_min=session.to_fall_asleep_min,
        deep_min=deep_min,
        light_min=light_min,
        rem_min=rem_min,
        vendor_nap=session.nap,
        vendor_awakenings=session.awakenings,
        vendor_main=session.main,
        missing=session.missing or ("unscored" if session.asleep_min is None else ""),
        algorithm=printable(session.algorithm),
        device="Fitbit",
        updated=session.updated,
        flags=(
            *(("classic",) if session.classic else ()),
            *(("manual",) if session.manual else ()),
            *hole_flags(epochs, resolution_s=resolution_s),
            *clock_change(session.start, session.end),
        ),
    )
    return with_hypnogram(episode, epochs, resolution_s=resolution_s) if measured else episode


def _added_up(stages: Sequence[Piece]) -> dict[str, float]:
    minutes: dict[str, float] = defaultdict(float)
    for piece in stages:
        minutes[piece.level] += piece.seconds / 60
    return minutes
