"""The schedule as a calendar: one entry an evening, with a reminder and an identity that stays."""

from datetime import UTC, datetime, time, timedelta

import icalendar

from n1trial.blinding import Hidden
from n1trial.paper.evening import clock_before, evenings
from n1trial.protocol import Protocol
from n1trial.schedule import Schedule
from n1trial.text import visible


def calendar_ics(
    schedule: Schedule, protocol: Protocol, *, bedtime: time, hidden: Hidden = "", commitment: str = ""
) -> bytes:
    """The schedule as an iCalendar file; the same schedule gives the same bytes.

    Parameters
    ----------
    bedtime
        Usual bedtime; the reminder comes as long before it as the dose may be taken.
    hidden
        How the arms are hidden, if they are; the schedule then holds letters.
    commitment
        Printed in the calendar's description and on the first evening.
    """
    calendar = icalendar.Calendar()
    calendar.add("prodid", "-//n1trial//schedule//EN")
    calendar.add("version", "2.0")
    promise = f"Commitment to the sealed key: {commitment}" if commitment else ""
    calendar.add("x-wr-caldesc", ". ".join(filter(None, [_plain(protocol.title), promise])))
    stamp = datetime.combine(schedule.start, time(12), UTC)
    for evening in evenings(schedule, protocol, hidden=hidden):
        summary = _plain(f"Tonight: {evening.name}" if evening.phase == "trial" else "Run-in: sleep as usual")
        said = f"{evening.what}. {protocol.dosing.note}".strip()
        if evening.night == schedule.start and promise:
            said = f"{said} {promise}"
        event = icalendar.Event()
        event.add("uid", f"{evening.night.isoformat()}-{schedule.protocol_sha256[:12]}@n1trial")
        event.add("dtstamp", stamp)
        event.add("dtstart", evening.night)
        event.add("dtend", evening.night + timedelta(days=1))
        event.add("summary", summary)
        event.add("description", _plain(said))
        event.add("transp", "TRANSPARENT")
        if evening.phase == "trial":
            event.add_component(_reminder(summary, bedtime, max(evening.minutes)))
        calendar.add_component(event)
    text: bytes = calendar.to_ical()
    return text


def _plain(text: str) -> str:
    # icalendar takes a written \N for a line break.
    return visible(text).replace("\\N", "\\n")


def _reminder(summary: str, bedtime: time, minutes: int) -> icalendar.Alarm:
    hour, minute = clock_before(bedtime, minutes)
    alarm = icalendar.Alarm()
    alarm.add("action", "DISPLAY")
    alarm.add("description", summary)
    alarm.add("trigger", timedelta(hours=hour, minutes=minute))
    return alarm
