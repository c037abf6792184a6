"""The schedule as a calendar: what an evening asks for at its time, a diary reminder each morning.

Every entry has an identity that stays, so that a calendar that is imported again replaces its entries.
"""

from collections.abc import Collection, Iterator
from datetime import UTC, date, datetime, time, timedelta

import icalendar

from n1trial.design.blinding import Hidden
from n1trial.design.protocol import Protocol
from n1trial.design.protocol_text import nothing_asked
from n1trial.design.schedule import Schedule
from n1trial.markup.text import ended, visible
from n1trial.trial_folder.printouts.evening import Evening, clock_before, planned_evenings

MORNING = time(8)
A_MOMENT = timedelta(minutes=15)


def calendar_ics(
    schedule: Schedule,
    protocol: Protocol,
    *,
    bedtime: time,
    hidden: Hidden = "",
    commitment: str = "",
    person: str = "",
    paused: Collection[date] = (),
    edition: int = 0,
    now: datetime | None = None,
) -> bytes:
    """The schedule as an iCalendar file; the same arguments give the same bytes.

    Times have no zone, so that a calendar shows them by the clock of wherever the person is.

    Parameters
    ----------
    bedtime
        Usual bedtime; the reminder comes as long before it as the dose may first be taken.
    hidden
        How the arms are hidden, if they are; the schedule then holds letters.
    commitment
        Printed in the calendar's description and on the first evening.
    person
        Name or number of the person, before the calendar's name.
    paused
        Evenings of a pause, on which nothing is taken.
    edition
        How often the calendar was made anew, so that a later one replaces the entries of an earlier one.
    now
        When the calendar is made. None: before the trial.
    """
    calendar = icalendar.Calendar()
    calendar.add("prodid", "-//n1trial//schedule//EN")
    calendar.add("version", "2.0")
    promise = f"Commitment to the sealed key: {commitment}" if commitment else ""
    calendar.add("x-wr-calname", _plain(": ".join(filter(None, [person, protocol.title]))))
    calendar.add("x-wr-caldesc", ". ".join(filter(None, [_plain(protocol.title), promise])))
    stamp = now or datetime.combine(schedule.start, time(12), UTC)
    for evening in planned_evenings(schedule, protocol, hidden=hidden):
        opening_note = promise if evening.night == schedule.start else ""
        if evening.night in paused:
            events = [_all_day(evening.night, "Paused: sleep as usual", nothing_asked(protocol))]
        else:
            events = [*_evening_events(evening, protocol, bedtime, opening_note), _diary_event(evening.night)]
        for event in events:
            event["uid"] = icalendar.vText(f"{event['uid']}-{schedule.protocol_sha256[:12]}@n1trial")
            event.add("dtstamp", stamp)
            event.add("sequence", edition)
            calendar.add_component(event)
    text: bytes = calendar.to_ical()
    return text


def _evening_events(
    evening: Evening, protocol: Protocol, bedtime: time, promise: str
) -> Iterator[icalendar.Event]:
    """An evening's servings, each at its time; a habit in the morning; else the whole day without a reminder."""
    note = protocol.dosing.note if evening.asks else ""
    description = " ".join(filter(None, [ended(evening.what), note, promise]))
    night = evening.night.isoformat()
    if evening.habit:
        yield _timed(
            night, f"Today: {evening.name}", description, datetime.combine(evening.night, MORNING), A_MOMENT
        )
    for number, (_, minutes) in enumerate(evening.servings):
        last, first = (_moment(evening.night, bedtime, limit) for limit in sorted(minutes))
        uid = f"{night}-{number + 1}" if number else night
        yield _timed(uid, f"Tonight: {evening.name}", description, first, max(last - first, A_MOMENT))
    if not evening.asks:
        name = f"Tonight: {evening.name}" if evening.phase == "trial" else "Run-in: sleep as usual"
        yield _all_day(evening.night, name, description)


def _all_day(night: date, summary: str, description: str) -> icalendar.Event:
    event = _event(night.isoformat(), summary, description)
    event.add("dtstart", night)
    event.add("dtend", night + timedelta(days=1))
    return event


def _diary_event(night: date) -> icalendar.Event:
    morning = datetime.combine(night + timedelta(days=1), MORNING)
    return _timed(f"{night}-diary", "Diary: last night", "Write it down: n1trial log.", morning, A_MOMENT)


def _timed(uid: str, summary: str, description: str, start: datetime, length: timedelta) -> icalendar.Event:
    event = _event(uid, summary, description)
    event.add("dtstart", start)
    event.add("dtend", start + length)
    alarm = icalendar.Alarm()
    alarm.add("action", "DISPLAY")
    alarm.add("description", _plain(summary))
    alarm.add("trigger", timedelta(0))
    event.add_component(alarm)
    return event


def _event(uid: str, summary: str, description: str) -> icalendar.Event:
    event = icalendar.Event()
    event.add("uid", uid)
    event.add("summary", _plain(summary))
    event.add("description", _plain(description))
    event.add("transp", "TRANSPARENT")
    return event


def _moment(night: date, bedtime: time, minutes: int) -> datetime:
    hour, minute = clock_before(bedtime, minutes)
    return datetime.combine(night, time()) + timedelta(hours=hour, minutes=minute)


def _plain(text: str) -> str:
    # icalendar takes a written \N for a line break.
    return visible(text).replace("\\N", "\\n")
