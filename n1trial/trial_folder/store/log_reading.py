"""Events from what the log keeps: JSON, or the words that earlier versions stored.

This is the only place that reads those words.
"""

import json
import re
from collections.abc import Callable, Mapping
from datetime import date, time

import msgspec

from n1trial.trial_folder.store.log_events import (
    TYPES,
    Amended,
    BedtimeChanged,
    BlindBroken,
    DiaryWritten,
    Event,
    ExportForgotten,
    ExportImported,
    Fitted,
    KnownEvent,
    LookedAsPlanned,
    LookedEarly,
    Paused,
    Reported,
    Stopped,
    TrialMade,
    Unblinded,
    UnknownEvent,
)


def read_event(kind: str, stored: str) -> Event:
    """An event from what the log keeps: JSON, or the words of an earlier version.

    Raises
    ------
    ValueError
        Of a known kind, and neither.
    """
    if kind not in TYPES:
        return UnknownEvent(kind=kind, stored=stored)
    try:
        return msgspec.json.decode(stored, type=TYPES[kind])
    except msgspec.DecodeError:
        # Words that a person typed may be anything, JSON of something else included.
        return _OF_WORDS[kind](stored)


def _parts(pattern: str, words: str) -> tuple[str, ...]:
    """The groups of a pattern in the words of an earlier version; empty where a group is not there."""
    match = re.fullmatch(pattern, words, re.DOTALL)
    if match is None:
        raise ValueError(f"not as any version wrote it ({words[:60]})")
    return tuple(group or "" for group in match.groups())


_DATE = r"(\d{4}-\d\d-\d\d)"


def _trial_made(words: str) -> TrialMade:
    sha256, first = _parts(rf"protocol (\w+), first night {_DATE}", words)
    return TrialMade(protocol_sha256=sha256, first_night=date.fromisoformat(first))


def _imported(words: str) -> ExportImported:
    pattern = r"(\d+) new, (\d+) known, (\d+) in conflict, (?:(\d+) repeated in it, )?export (\w+)"
    *counts, sha256 = _parts(pattern, words)
    new, known, conflicts, copies = (int(count or 0) for count in counts)
    return ExportImported(new=new, known=known, conflicts=conflicts, copies=copies, export_sha256=sha256)


def _forgotten(words: str) -> ExportForgotten:
    export, records, sha256 = _parts(r"(.*), (\d+) records taken out, export (\w+)", words)
    return ExportForgotten(export=export, records=int(records), export_sha256=sha256)


def _diary(words: str) -> DiaryWritten:
    night, answers = _parts(rf"{_DATE} (\{{.*\}})", words)
    return DiaryWritten(night=date.fromisoformat(night), answers=json.loads(answers))


def _fitted(words: str) -> Fitted:
    outcomes, nights, sha256 = _parts(r"(\d+) outcomes, (\d+) nights, data (\w+)", words)
    return Fitted(outcomes=int(outcomes), nights=int(nights), nights_sha256=sha256)


def _reported(words: str) -> Reported:
    sha256, answer = _parts(r"data (\w+)(?:; (.*))?", words)
    return Reported(nights_sha256=sha256, answer=answer)


def _paused(words: str) -> Paused:
    first, last, reason = _parts(rf"{_DATE} {_DATE} (.*)", words)
    return Paused(first=date.fromisoformat(first), last=date.fromisoformat(last), reason=reason)


def _bedtime(words: str) -> BedtimeChanged:
    bedtime, reason = _parts(r"(\d\d:\d\d) (.*)", words)
    return BedtimeChanged(bedtime=time.fromisoformat(bedtime), reason=reason)


def _stopped(words: str) -> Stopped:
    last, reason = _parts(rf"{_DATE} (.*)", words)
    return Stopped(last_night=date.fromisoformat(last), reason=reason)


_OF_WORDS: Mapping[str, Callable[[str], KnownEvent]] = {
    TrialMade.KIND: _trial_made,
    ExportImported.KIND: _imported,
    ExportForgotten.KIND: _forgotten,
    DiaryWritten.KIND: _diary,
    Fitted.KIND: _fitted,
    Reported.KIND: _reported,
    Amended.KIND: lambda words: Amended(text=words),
    Paused.KIND: _paused,
    BedtimeChanged.KIND: _bedtime,
    Stopped.KIND: _stopped,
    BlindBroken.KIND: lambda words: BlindBroken(what=words),
    Unblinded.KIND: lambda words: Unblinded(reason=words),
    LookedEarly.KIND: lambda words: LookedEarly(reason=words),
    LookedAsPlanned.KIND: lambda words: LookedAsPlanned(decision=words),
}
