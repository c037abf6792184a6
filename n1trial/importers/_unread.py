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


_JSON_OF_OURA = "export the JSON of Oura on the Web, or of the API v2"
_LAYOUTS = (
    _Layout(
        name="the Google-style CSV of Fitbit",
        file=re.compile(r"usersleep.*\.csv"),
        mark=b"sleep_id",
        advice="give the part of the Takeout that holds sleep-YYYY-MM-DD.json",
    ),
    _Layout(
        name="the CSV of fitbit.com",
        file=re.compile(r".*\.csv"),
        mark=b"Start Time,End Time,Minutes Asleep",
        advice="export from Google Takeout, which holds every wake",
    ),
    _Layout(
        name="the CSV of fitbit.com",
        file=re.compile(r"fitbit_export.*"),
        mark=b"",
        advice="export from Google Takeout, which holds every wake",
    ),
    _Layout(
        name="the Membership Hub CSV of Oura",
        file=re.compile(r"sleep(model)?\.csv"),
        mark=b"bedtime_start;",
        advice=_JSON_OF_OURA,
    ),
    _Layout(
        name="Oura scores, which hold no minutes",
        file=re.compile(r".*sleep.*\.csv"),
        mark=b"contributors;day;score",
        advice=f"sleepmodel.csv is needed, or {_JSON_OF_OURA}",
    ),
    _Layout(
        name="Oura scores, which hold no minutes",
        file=re.compile(r"oura.*\.csv"),
        mark=b"score,day,contributors",
        advice="oura_sleep_….csv is needed",
    ),
    _Layout(
        name="the trends CSV of Oura",
        file=re.compile(r".*\.csv"),
        mark=b"Total Sleep Time",
        advice=_JSON_OF_OURA,
    ),
    _Layout(
        name="the Cloud API v1 JSON of Oura",
        file=re.compile(r".*\.json"),
        mark=b"summary_date",
        advice=_JSON_OF_OURA,
    ),
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
