"""Events while a trial runs, as its log records them: amendments, accidents, looks, an early stop, the opened key.

None of them changes what was fixed before the first night; the report prints both.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from typing import cast

from n1trial.data.episodes import night_of
from n1trial.design.blinding import Key
from n1trial.design.schedule import randomise
from n1trial.errors import BlindingError, FolderError, GateError
from n1trial.trial_folder.store import TrialFolder, append_log, read_log, with_key, writing
from n1trial.trial_folder.store.log import LogLine
from n1trial.trial_folder.store.log_events import (
    Amended,
    BedtimeChanged,
    BlindBroken,
    Event,
    LookedAsPlanned,
    LookedEarly,
    Paused,
    Stopped,
    Unblinded,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Course:
    """The course of a trial: the log's lines of each kind, in order."""

    amendments: tuple[LogLine[Amended], ...]
    accidents: tuple[LogLine[BlindBroken], ...]
    early_looks: tuple[LogLine[LookedEarly], ...]
    planned_looks: tuple[LogLine[LookedAsPlanned], ...]
    stopped: LogLine[Stopped] | None
    unblinded: LogLine[Unblinded] | None
    pause_lines: tuple[LogLine[Paused], ...] = ()

    @property
    def pauses(self) -> tuple[tuple[date, date], ...]:
        """First and last evening of each pause."""
        return tuple((line.event.first, line.event.last) for line in self.pause_lines)

    def pause_at(self, night: date) -> tuple[date, date] | None:
        """The pause in which an evening lies."""
        return next((pause for pause in self.pauses if pause[0] <= night <= pause[1]), None)

    @property
    def last_night(self) -> date | None:
        """The last evening of a trial that was stopped early."""
        return self.stopped.event.last_night if self.stopped else None


def read_course(folder: TrialFolder) -> Course:
    """Read the course of a trial from its log.

    Raises
    ------
    FolderError
        A line of the log was changed, removed or moved.
    """
    return course_of(read_log(folder))


def course_of(log: Sequence[LogLine[Event]]) -> Course:
    """The course of a trial, from the lines of its log."""

    def of[E: Event](event: type[E]) -> tuple[LogLine[E], ...]:
        return tuple(cast(LogLine[E], line) for line in log if isinstance(line.event, event))

    return Course(
        amendments=of(Amended),
        accidents=of(BlindBroken),
        early_looks=of(LookedEarly),
        planned_looks=of(LookedAsPlanned),
        stopped=next(iter(of(Stopped)), None),
        unblinded=next(iter(of(Unblinded)), None),
        pause_lines=of(Paused),
    )


def this_evening(folder: TrialFolder, *, now: datetime) -> date:
    """The night that it is: until noon that of the evening before, on the clock of the home zone if known."""
    return night_of(now.astimezone(folder.home_zone).replace(tzinfo=None))


# Before this hour the evening of the day before is still on.
BREAKFAST_HOUR = 5


def coming_evening(folder: TrialFolder, *, now: datetime) -> date:
    """The evening that is next, or that goes on; every night before it is over."""
    return (now.astimezone(folder.home_zone) - timedelta(hours=BREAKFAST_HOUR)).date()


def last_night(folder: TrialFolder, course: Course) -> date:
    """The last evening, as planned or as stopped."""
    planned: date = folder.schedule.table["night"].iloc[-1].date()
    return min(planned, course.last_night or planned)


def amend(folder: TrialFolder, text: str, *, now: datetime) -> None:
    """Add an amendment to the log; what was fixed before stays beside it.

    Raises
    ------
    FolderError
        The text is empty, or another command is writing.
    """
    append_log(folder, Amended(text=given_reason(folder, text)), now=now)


def stop(folder: TrialFolder, reason: str, *, now: datetime) -> date:
    """End the trial with the last night that is over, and return that night.

    Raises
    ------
    FolderError
        It was stopped before, has not begun, or is over.
    """
    course = read_course(folder)
    night = coming_evening(folder, now=now) - timedelta(days=1)
    if course.stopped:
        raise FolderError(
            f"{folder.path}: stopped already, after {course.last_night}: nothing is left to stop"
        )
    if not folder.schedule.start <= night < last_night(folder, course):
        raise FolderError(
            f"{folder.path}: the trial runs {folder.schedule.start} to {last_night(folder, course)}: there is"
            " nothing to stop"
        )
    append_log(folder, Stopped(last_night=night, reason=given_reason(folder, reason)), now=now)
    return night


def pause(folder: TrialFolder, reason: str, first: date, last: date, *, now: datetime) -> None:
    """Leave out evenings that are still to come: nothing is taken then, and no night of them is analysed.

    The order stays as it was drawn, each night with its arm; what is over stays in, so that nobody can drop a night
    for how it was.

    Raises
    ------
    FolderError
        The evenings are over, not of this trial, or in the wrong order.
    """
    tonight, end = coming_evening(folder, now=now), last_night(folder, read_course(folder))
    if not tonight <= first <= last <= end:
        raise FolderError(
            f"{folder.path}: a pause is of evenings from {tonight} to {end}, its first before its last, and this is"
            f" {first} to {last}: nights that are over stay in, say what happened in the diary's notes"
        )
    append_log(folder, Paused(first=first, last=last, reason=given_reason(folder, reason)), now=now)


def change_bedtime(folder: TrialFolder, reason: str, bedtime: time, *, now: datetime) -> TrialFolder:
    """Go to bed at another time from now on: what is to be taken when, and the calendar's reminders, go by it.

    Raises
    ------
    FolderError
        The reason is empty, or another command is writing.
    """
    append_log(folder, BedtimeChanged(bedtime=bedtime, reason=given_reason(folder, reason)), now=now)
    return replace(folder, bedtime=bedtime)


def report_accident(folder: TrialFolder, what: str, *, now: datetime) -> None:
    """Write into the log that the person has learnt something of the arms; the key stays sealed.

    Raises
    ------
    BlindingError
        The arms are not hidden.
    """
    if not folder.hidden:
        raise BlindingError(f"{folder.path}: the arms were never hidden: there is no blind to break")
    append_log(folder, BlindBroken(what=given_reason(folder, what)), now=now)


def unblind(folder: TrialFolder, key: Key, reason: str, *, now: datetime, early: bool = False) -> TrialFolder:
    """Open the key: the folder knows its arms from now on, and the log when and why.

    Raises
    ------
    BlindingError
        The arms are not hidden any more, or the key is not this trial's.
    GateError
        Nights are still to come and `early` is not given.
    """
    refuse_unsealed(folder)
    opened = with_key(folder, key)
    if key.seed:
        drawn = randomise(folder.protocol, start=folder.schedule.start, seed=key.seed)
        if not drawn.table.equals(opened.schedule.table):
            raise BlindingError(
                f"{folder.path}/schedule.csv: not what the key's seed draws: ask who made this trial"
            )
    end = last_night(folder, read_course(folder))
    if coming_evening(folder, now=now) <= end and not early:
        raise GateError(
            f"{folder.path}: the trial runs until {end}, and knowing the arms spoils the nights to come: wait, or"
            " add --early"
        )
    with writing(folder) as writer:
        writer.keep_key(key)
        writer.log(Unblinded(reason=given_reason(folder, reason)), now=now)
    return opened


def refuse_unsealed(folder: TrialFolder) -> None:
    """Refuse to unblind a trial whose arms are known.

    Raises
    ------
    BlindingError
        The arms were never hidden, or the key was opened before.
    """
    if not folder.sealed:
        state = "the key was opened before" if folder.hidden else "the arms were never hidden"
        raise BlindingError(f"{folder.path}: {state}: nothing to open, see schedule.csv and n1trial today")


def blind_broken(folder: TrialFolder, course: Course) -> str | None:
    """How the blind was broken, or None; a key that was opened while nights were to come breaks it."""
    if not folder.hidden:
        return None
    breaks = [f"{line.day}: {line.event.what}" for line in course.accidents]
    opened = course.unblinded
    if opened and date.fromisoformat(opened.day) <= last_night(folder, course):
        breaks.append(f"{opened.day}: the key was opened before the end, {opened.event.reason}")
    return "; ".join(breaks) or None


def conduct_notes(course: Course) -> Sequence[str]:
    """What a reader of the report must know of the course of the trial."""
    notes = [f"amended on {line.day}: {line.event.text}" for line in course.amendments]
    notes += [f"the blind was broken on {line.day}: {line.event.what}" for line in course.accidents]
    notes += dict.fromkeys(early_look_note(line.day, line.event.reason) for line in course.early_looks)
    notes += [
        f"paused from {line.event.first} to {line.event.last}; reason given: {line.event.reason}"
        for line in course.pause_lines
    ]
    decisions = dict.fromkeys(line.event.decision for line in course.planned_looks)
    notes += [f"looked as planned {decision}" for decision in decisions]
    if course.stopped:
        notes.append(f"stopped after {course.last_night}; reason given: {course.stopped.event.reason}")
    if course.unblinded:
        notes.append(
            f"the arms became known on {course.unblinded.day}; reason given: {course.unblinded.event.reason}"
        )
    return notes


def early_look_note(day: str, reason: str) -> str:
    """What the report says of one look before the end."""
    return f"looked before the end on {day}; reason given: {reason}"


def given_reason(folder: TrialFolder, text: str) -> str:
    """A reason in words, without space around it.

    Raises
    ------
    FolderError
        It is empty.
    """
    if not text.strip():
        raise FolderError(f"{folder.path}: no reason given: say in a few words what and why")
    return text.strip()
