"""Sleep Cycle: the table of nights of the app's export.

Where to get it: the Sleep Cycle app, Profile, More, Account, Export data; ``sleepdata.csv``.

What is odd: times are those of the clock at home and have no offset. Three layouts, all with ``;`` or ``,``: old ones
(``Start``, ``End``, ``Sleep quality``, ``Time in bed`` as ``7:54``), newer ones (``Sleep Quality``, ``Regularity``,
``Time in bed (seconds)``), and those of Android phones (``Went to bed``, ``Woke up``). A night can be there twice.
``Time in bed`` is the time that really went by, also when the clocks change.

What cannot be trusted: everything but time in bed, so there is no sleep time, and every night is missing
(``in_bed_only``). The app estimates from sounds beside the bed, from movements of the mattress or from a watch, as its
owner set it, and the file does not say which. Newer files have ``Time asleep (seconds)`` and some have seconds of
each stage. They are such estimates too, and 0 where the app had none, so they are not read: what listens beside the
bed cannot tell lying still from sleep, and setting the app to another way of measuring would look like an effect.
``Sleep Quality`` is a score without unit, computed from time and movement; it is not kept. Neither time in bed nor
the score can be the outcome of a trial of sleep time. ``City``, notes and weather are private and not read.

Source: a file of nine nights of the newer layout (Josh5A/sleep-data-processor) and independent readers of the others;
the vendor's support pages on how it measures. Never checked on a whole real file.
"""

import re
from collections.abc import Iterator, Sequence
from datetime import datetime
from zoneinfo import ZoneInfo

import msgspec

from n1trial.data.episodes import Moment, SleepEpisode, clock_change
from n1trial.data.flags import Flag
from n1trial.data.importers._archive import printable, refusing
from n1trial.data.importers._damaged import whole_records
from n1trial.data.importers._notes import Note
from n1trial.data.importers._records import (
    Label,
    Seconds,
    bounded,
    column_names,
    convert_row,
    plausible_wall,
    read_cells,
)
from n1trial.data.importers._source import Member, Source
from n1trial.data.not_used import NotUsed
from n1trial.errors import ExportError

DEVICE = "Sleep Cycle"
LOOKS_FOR = "sleepdata.csv of Sleep Cycle"
WORDS: tuple[bytes, ...] = (
    b"Sleep quality",
    b"Sleep Quality",
    b"Regularity",
    b"Movements per hour",
    b"Went to bed",
    b"Woke up",
    b"Wake up;",
)
FOLDERS: tuple[str, ...] = ()
VERIFIED = False
VERIFIED_ON = "nine nights of one newer file, and independent readers of the other layouts"

_NAMES = re.compile(r"sleepdata.*\.csv")
_LOOSE = re.compile(r".*\.csv")
_MARKS = (
    (b"Start", b"End", b"Sleep quality", b"Time in bed", b"Wake up"),
    (b"Start", b"End", b"Sleep Quality", b"Regularity", b"Time in bed (seconds)"),
    (b"Went to bed", b"Woke up", b"Sleep Quality", b"Time in bed (seconds)"),
)
# What each of our words is called; every other column is left alone.
_COLUMNS = {
    "start": ("Start", "Went to bed"),
    "end": ("End", "Woke up"),
    "in_bed": ("Time in bed (seconds)",),
    "in_bed_clock": ("Time in bed",),
}
_NOTHING = frozenset({"", "-", "–", "—"})
_CLOCK = re.compile(r"(\d{1,3}):([0-5]\d)")
# `7:54` is cut to the minute.
_ROUNDING_MIN = 2


class _Night(msgspec.Struct):
    start: Label
    end: Label
    in_bed: Seconds | None = None
    in_bed_clock: Label | None = None


def recognises(source: Source) -> bool:
    """Whether the source holds a table of Sleep Cycle: by its columns."""
    return any(_members(source))


def read(source: Source, *, home_zone: ZoneInfo | None) -> Iterator[SleepEpisode]:
    """Read every night of the source; `home_zone` makes the clock change known."""
    for member in _members(source):
        yield from _nights(source, member, home_zone)
    source.note(
        Note(
            f"{source.label}: Sleep Cycle knows time in bed and a score, which cannot be an outcome of sleep time:"
            " its nights are listed as missing, use a watch, a ring or a diary"
        )
    )


def _members(source: Source) -> Iterator[Member]:
    for member in source.named(_NAMES, given=_LOOSE):
        if any(source.mentions(member, *marks, within=4096) for marks in _MARKS):
            yield member


def _nights(source: Source, member: Member, home_zone: ZoneInfo | None) -> Iterator[SleepEpisode]:
    lines = read_cells(source, member)
    place, first = next(lines, (member.where, []))
    header = column_names(first, place)
    wanted = {
        word: header.index(name) for word, names in _COLUMNS.items() for name in names if name in header
    }
    if not {"start", "end"} <= set(wanted):
        raise ExportError("has no start or no end of a night", place=place, remedy="export again")

    def picked(cells: Sequence[str], where: str) -> dict[str, str]:
        if len(cells) != len(header):
            raise ExportError(
                f"{len(cells)} cells under {len(header)} columns",
                place=where,
                remedy="download the export again",
            )
        texts = {word: cells[at].strip() for word, at in wanted.items()}
        return {word: text for word, text in texts.items() if text not in _NOTHING}

    def night(where: str, cells: Sequence[str]) -> Iterator[SleepEpisode]:
        texts = picked(cells, where)
        if "in_bed" in texts:
            texts["in_bed"] = texts["in_bed"].replace(",", ".")
        yield _episode(convert_row(texts, _Night, where), member, where, home_zone)

    def began(where: str, cells: Sequence[str]) -> Moment:
        return _moment(cells[wanted["start"]].strip(), home_zone, where)

    yield from whole_records(bounded(lines, member.where), night, source=source, member=member, began=began)


def _episode(night: _Night, member: Member, where: str, home_zone: ZoneInfo | None) -> SleepEpisode:
    start, end = (_moment(text, home_zone, where) for text in (night.start, night.end))
    span_min, tib_min = end.minutes_since(start), _in_bed_min(night, where)
    differs_min = 0 if tib_min is None else tib_min - span_min
    return SleepEpisode(
        source="sleep_cycle",
        source_file=member.where,
        record_id=start.wall.isoformat(),
        start=start,
        end=end,
        time_basis="naive_local",
        tib_min=tib_min,
        missing=NotUsed.IN_BED_ONLY,
        device=DEVICE,
        flags=(
            *((Flag("tib_mismatch", f"{differs_min:.10g}"),) if abs(differs_min) > _ROUNDING_MIN else ()),
            *clock_change(start, end),
        ),
    )


def _in_bed_min(night: _Night, where: str) -> float | None:
    if night.in_bed is not None:
        return night.in_bed / 60
    if night.in_bed_clock is None:
        return None
    clock = _CLOCK.fullmatch(night.in_bed_clock)
    if clock is None:
        raise ExportError(
            f"no time in bed is {printable(night.in_bed_clock)}",
            place=where,
            remedy="download the export again",
        )
    return int(clock[1]) * 60 + int(clock[2])


def _moment(text: str, home_zone: ZoneInfo | None, where: str) -> Moment:
    with refusing(where):
        stamp = datetime.fromisoformat(text)
    return Moment.in_zone(plausible_wall(stamp.replace(tzinfo=None), where), home_zone)
