"""What Google's two ways of telling a sleep session have in common: the CSV of Takeout and the Health API.

The sleep of a staged session is the sum of its stages, without the short wakes over them: ``minutes_asleep`` counts
wakes of up to 3 min as sleep in the CSV until about mid-2025 and in the API still, 24 and 35 min a night in two people.
Of a classic session it is the other way round: its minutes are right and the sum of its rows is not. Where rows are
absent, the vendor's minutes stand without wakes.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timezone
from zoneinfo import ZoneInfo

from msgspec.structs import replace

from n1trial.data.episodes import (
    ASLEEP,
    AWAKE,
    RESTLESS,
    UNKNOWN,
    Moment,
    SleepEpisode,
    TimeBasis,
    clock_change,
)
from n1trial.data.flags import Flag
from n1trial.data.importers._archive import printable, refusing
from n1trial.data.importers._hypnogram import Piece, hole_flags, with_hypnogram
from n1trial.data.importers._records import plausible_wall
from n1trial.data.importers.fitbit._rows import Rows, laid_out
from n1trial.data.not_used import NotUsed

_LETTERS = {
    **dict.fromkeys(("LIGHT", "DEEP", "REM", "ASLEEP"), ASLEEP),
    "AWAKE": AWAKE,
    "RESTLESS": RESTLESS,
    "UNSPECIFIED": UNKNOWN,
}
# Smaller differences come from rounding.
_MISMATCH_FLAG_MIN = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """One sleep session, in the words of its file.

    Attributes
    ----------
    span
        Start and end as the file writes them, on the clock of its stages.
    stages, short_wakes
        In any order; the short wakes lie over the stages.
    stages_min
        The file's own sum of each stage, for sessions without a list of them.
    """

    source_file: str
    where: str
    session_id: str
    start: Moment
    end: Moment
    span: tuple[datetime, datetime]
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
    app: str = ""
    nap: bool = False
    main: bool | None = None
    missing: NotUsed = NotUsed.NO


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
    rows = laid_out(
        session.stages, session.short_wakes, span=session.span, classic=session.classic, where=session.where
    )
    whole = rows is not None and rows.whole(session.asleep_min)
    asleep_min, stages_min = session.asleep_min, session.stages_min or {}
    if rows is not None and whole and not session.classic:
        asleep_min, stages_min = rows.asleep_min, rows.stages_min
    deep_min, light_min, rem_min = (
        None if session.classic or not stages_min or (rows and not whole) else stages_min.get(level, 0.0)
        for level in ("DEEP", "LIGHT", "REM")
    )
    tib_min = session.in_period_min
    missing = NotUsed.IMPLAUSIBLE if rows and rows.contradicts_itself else session.missing
    episode = SleepEpisode(
        source="fitbit",
        source_file=session.source_file,
        record_id=session.session_id,
        app=session.app,
        start=session.start,
        end=session.end,
        time_basis=session.time_basis,
        tib_min=session.end.minutes_since(session.start) if tib_min is None else tib_min,
        tst_min=asleep_min,
        sol_min=session.to_fall_asleep_min,
        deep_min=deep_min,
        light_min=light_min,
        rem_min=rem_min,
        vendor_nap=session.nap,
        vendor_awakenings=session.awakenings,
        vendor_main=session.main,
        missing=missing or (NotUsed.UNSCORED if asleep_min is None else NotUsed.NO),
        algorithm=printable(session.algorithm),
        device="Fitbit",
        updated=session.updated,
        flags=(
            *((Flag("classic"),) if session.classic else ()),
            *((Flag("manual"),) if session.manual else ()),
            *clock_change(session.start, session.end),
        ),
    )
    return episode if rows is None else _with_rows(episode, rows, session, whole=whole)


def _with_rows(episode: SleepEpisode, rows: Rows, session: Session, *, whole: bool) -> SleepEpisode:
    epochs = rows.epochs(_LETTERS)
    flags = (
        *hole_flags(epochs, resolution_s=rows.resolution_s),
        *([Flag("cut_min", f"{rows.cut_min:g}")] if rows.cut_min else []),
    )
    # A typed-in session says when, not how: its wake was not measured.
    if not whole or (session.classic and session.manual):
        return replace(episode, flags=(*episode.flags, *flags))
    episode = with_hypnogram(episode, epochs, resolution_s=rows.resolution_s)
    accounted_min = sum(
        minutes or 0 for minutes in (episode.tst_min, episode.waso_min, episode.lead_min, episode.tail_min)
    )
    missing_min = (episode.tib_min or 0) - accounted_min
    if not session.classic and missing_min <= -_MISMATCH_FLAG_MIN:
        flags = (*flags, Flag("tib_mismatch", f"{missing_min:g}"))
    return replace(episode, flags=(*episode.flags, *flags))
