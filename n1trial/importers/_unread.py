"""Layouts that n1trial knows by sight but does not read yet, so that the message can say what a file is.

A device that gets its importer loses its row here.
"""

import re
from dataclasses import dataclass

from n1trial.importers._source import Member, Source


@dataclass(frozen=True, slots=True, kw_only=True)
class _Layout:
    """A layout by the name of its file and a mark in its first 4 KiB, and what to give instead."""

    name: str
    file: re.Pattern[str]
    mark: bytes
    advice: str = "give a Fitbit Takeout or an Oura export"


_LAYOUTS = (
    _Layout(name="Apple Health", file=re.compile(r".*\.xml"), mark=b"HealthData"),
    _Layout(name="Garmin Connect", file=re.compile(r".*sleepdata\.json"), mark=b"calendarDate"),
    _Layout(name="Whoop", file=re.compile(r".*\.csv"), mark=b"Cycle start time"),
    _Layout(name="Withings", file=re.compile(r".*\.csv"), mark=b"Duration to sleep (s)"),
    _Layout(name="Samsung Health", file=re.compile(r".*\.csv"), mark=b"com.samsung."),
    _Layout(name="Health Connect", file=re.compile(r".*\.(db|sql)"), mark=b""),
    _Layout(name="Sleep as Android", file=re.compile(r".*\.csv"), mark=b"Id,Tz,From,To,Sched"),
    _Layout(name="Polar Flow", file=re.compile(r"sleep_result.*\.json"), mark=b"night"),
)


def name_unread_layout(source: Source) -> str:
    """Say which known layout a source has and what to give instead; empty when it has none."""
    for layout in _LAYOUTS:
        for member in source.named(layout.file):
            if _may_open(member) and layout.mark in source.head(member):
                return f"recognised as {layout.name}, not read yet: {layout.advice}"
    return ""


def _may_open(member: Member) -> bool:
    # Names that can hold sleep; anything else in the archive stays closed, unless the user named the file
    # itself.
    hints = ("sleep", "export", "oura", "trends", "health_connect", "physiological")
    return not member.refused and (member.given or any(hint in member.base_name for hint in hints))
