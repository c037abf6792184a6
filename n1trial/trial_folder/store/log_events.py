"""What a line of the log may tell: a type for every kind of event; `str` of one is what `n1trial history` prints."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, time
from typing import ClassVar

import msgspec

# Digits of a SHA-256 that name an export or a set of nights.
SHORT = 12


@dataclass(frozen=True, slots=True, kw_only=True)
class TrialMade:
    """The folder was made, of a protocol with this fingerprint."""

    KIND: ClassVar[str] = "trial made"
    protocol_sha256: str
    first_night: date

    def __str__(self) -> str:
        return f"protocol {self.protocol_sha256}, first night {self.first_night}"


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportImported:
    """An export was read: its records by what became of them, and the first 12 digits of its SHA-256."""

    KIND: ClassVar[str] = "import"
    new: int
    known: int
    conflicts: int
    copies: int
    export_sha256: str

    def __str__(self) -> str:
        repeated = f"{self.copies} repeated in it, " if self.copies else ""
        counts = f"{self.new} new, {self.known} known, {self.conflicts} in conflict"
        return f"{counts}, {repeated}export {self.export_sha256}"


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportForgotten:
    """An import was taken out again, with as many records, and the first 12 digits of its SHA-256."""

    KIND: ClassVar[str] = "forgotten"
    export: str
    records: int
    export_sha256: str

    def __str__(self) -> str:
        return f"{self.export}, {self.records} records taken out, export {self.export_sha256}"


@dataclass(frozen=True, slots=True, kw_only=True)
class DiaryWritten:
    """Answers of one evening, by column of the diary."""

    KIND: ClassVar[str] = "diary"
    night: date
    answers: Mapping[str, str]

    def __str__(self) -> str:
        return f"{self.night} {json.dumps(dict(self.answers), ensure_ascii=False)}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Fitted:
    """The models were sampled; of the nights, the first 12 digits of their SHA-256."""

    KIND: ClassVar[str] = "fit"
    outcomes: int
    nights: int
    nights_sha256: str

    def __str__(self) -> str:
        return f"{self.outcomes} outcomes, {self.nights} nights, data {self.nights_sha256}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Reported:
    """An edition of the report: its answer, empty in the first folders, and its nights as in `Fitted`."""

    KIND: ClassVar[str] = "report"
    nights_sha256: str
    answer: str

    def __str__(self) -> str:
        return f"data {self.nights_sha256}{self.answer and f'; {self.answer}'}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Amended:
    """What was done otherwise than planned, in the person's words."""

    KIND: ClassVar[str] = "amendment"
    text: str

    def __str__(self) -> str:
        return self.text


@dataclass(frozen=True, slots=True, kw_only=True)
class Paused:
    """First and last evening that are left out."""

    KIND: ClassVar[str] = "paused"
    first: date
    last: date
    reason: str

    def __str__(self) -> str:
        return f"{self.first} {self.last} {self.reason}"


@dataclass(frozen=True, slots=True, kw_only=True)
class BedtimeChanged:
    """The bedtime from now on."""

    KIND: ClassVar[str] = "bedtime"
    bedtime: time
    reason: str

    def __str__(self) -> str:
        return f"{self.bedtime:%H:%M} {self.reason}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Stopped:
    """The trial ended early, after this night."""

    KIND: ClassVar[str] = "stopped"
    last_night: date
    reason: str

    def __str__(self) -> str:
        return f"{self.last_night} {self.reason}"


@dataclass(frozen=True, slots=True, kw_only=True)
class BlindBroken:
    """The person learnt something of hidden arms by accident."""

    KIND: ClassVar[str] = "unblinded by accident"
    what: str

    def __str__(self) -> str:
        return self.what


@dataclass(frozen=True, slots=True, kw_only=True)
class Unblinded:
    """The key was opened."""

    KIND: ClassVar[str] = "unblinded"
    reason: str

    def __str__(self) -> str:
        return self.reason


@dataclass(frozen=True, slots=True, kw_only=True)
class LookedEarly:
    """Somebody looked at the results before the end, which no plan had foreseen."""

    KIND: ClassVar[str] = "looked early"
    reason: str

    def __str__(self) -> str:
        return self.reason


@dataclass(frozen=True, slots=True, kw_only=True)
class LookedAsPlanned:
    """A planned look, and what the stopping rule made of it in a sentence."""

    KIND: ClassVar[str] = "planned look"
    decision: str

    def __str__(self) -> str:
        return self.decision


@dataclass(frozen=True, slots=True, kw_only=True)
class UnknownEvent:
    """An event of a kind that this version of n1trial does not write: its kind and what is stored."""

    kind: str
    stored: str

    def __str__(self) -> str:
        return self.stored


type KnownEvent = (
    TrialMade
    | ExportImported
    | ExportForgotten
    | DiaryWritten
    | Fitted
    | Reported
    | Amended
    | Paused
    | BedtimeChanged
    | Stopped
    | BlindBroken
    | Unblinded
    | LookedEarly
    | LookedAsPlanned
)
type Event = KnownEvent | UnknownEvent

TYPES: Mapping[str, type[KnownEvent]] = {event.KIND: event for event in KnownEvent.__value__.__args__}


def kind_of(event: Event) -> str:
    """The kind of an event, as the log has it in a column of its own."""
    return event.kind if isinstance(event, UnknownEvent) else event.KIND


def stored_text(event: Event) -> str:
    """An event as the log keeps it: JSON, fields by their names."""
    return event.stored if isinstance(event, UnknownEvent) else msgspec.json.encode(event).decode()
