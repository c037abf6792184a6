"""Every kind of event reads back as it was written, and as the words that earlier versions stored."""

from datetime import date, time

import pytest

from n1trial.trial_folder.store.log_events import (
    TYPES,
    Amended,
    BedtimeChanged,
    BlindBroken,
    DiaryWritten,
    ExportForgotten,
    ExportImported,
    Fitted,
    LookedAsPlanned,
    LookedEarly,
    Paused,
    Reported,
    Stopped,
    TrialMade,
    Unblinded,
    UnknownEvent,
    kind_of,
    stored_text,
)
from n1trial.trial_folder.store.log_reading import read_event

NIGHT, SHA = date(2026, 1, 5), "0123456789ab"
# The words as earlier versions stored them, by kind.
EVENTS = [
    (
        TrialMade(protocol_sha256=64 * "a", first_night=NIGHT),
        f"protocol {64 * 'a'}, first night 2026-01-05",
    ),
    (
        ExportImported(new=2, known=0, conflicts=1, copies=0, export_sha256=SHA),
        f"2 new, 0 known, 1 in conflict, export {SHA}",
    ),
    (
        ExportImported(new=2, known=0, conflicts=1, copies=3, export_sha256=SHA),
        f"2 new, 0 known, 1 in conflict, 3 repeated in it, export {SHA}",
    ),
    (
        ExportForgotten(export="a, 1 records taken out, export b.zip", records=5, export_sha256=SHA),
        f"a, 1 records taken out, export b.zip, 5 records taken out, export {SHA}",
    ),
    (
        DiaryWritten(night=NIGHT, answers={"taken": "yes", "notes": "ü {}"}),
        '2026-01-05 {"taken": "yes", "notes": "ü {}"}',
    ),
    (Fitted(outcomes=2, nights=84, nights_sha256=SHA), f"2 outcomes, 84 nights, data {SHA}"),
    (Reported(nights_sha256=SHA, answer=""), f"data {SHA}"),
    (Reported(nights_sha256=SHA, answer="glycine: x; y"), f"data {SHA}; glycine: x; y"),
    (Amended(text="moved\nhouse"), "moved\nhouse"),
    (Amended(text='{"a": 1}'), '{"a": 1}'),
    (Paused(first=NIGHT, last=date(2026, 1, 7), reason="ill, "), "2026-01-05 2026-01-07 ill, "),
    (BedtimeChanged(bedtime=time(22, 5), reason="work"), "22:05 work"),
    (Stopped(last_night=NIGHT, reason="a rash\nor so"), "2026-01-05 a rash\nor so"),
    (BlindBroken(what="a capsule broke"), "a capsule broke"),
    (Unblinded(reason="over"), "over"),
    (LookedEarly(reason=" curious"), " curious"),
    (LookedAsPlanned(decision="after block 3: go on; x"), "after block 3: go on; x"),
]


@pytest.mark.parametrize(("event", "words"), EVENTS)
def test_an_event_is_stored_as_json_and_shown_in_the_words_of_before(event, words):
    assert str(event) == words
    stored = stored_text(event)
    assert stored.startswith("{")
    assert read_event(kind_of(event), stored) == event


@pytest.mark.parametrize(("event", "words"), EVENTS)
def test_the_words_of_earlier_versions_are_the_same_event(event, words):
    assert read_event(kind_of(event), words) == event


def test_every_kind_is_tried():
    assert {kind_of(event) for event, _ in EVENTS} == {*TYPES}


def test_a_kind_of_a_later_version_is_kept_as_it_is():
    event = read_event("moved", '{"to": "Oslo"}')
    assert event == UnknownEvent(kind="moved", stored='{"to": "Oslo"}')
    assert (kind_of(event), stored_text(event), str(event)) == ("moved", '{"to": "Oslo"}', '{"to": "Oslo"}')


@pytest.mark.parametrize(
    ("kind", "stored"),
    [
        ("paused", "soon"),
        ("paused", '{"first": "2026-01-05"}'),
        ("stopped", "2026-13-05 x"),
        ("bedtime", "25:00 x"),
    ],
)
def test_what_no_version_wrote_is_refused(kind, stored):
    with pytest.raises(ValueError, match=r"not as any version wrote it|month must be|hour must be"):
        read_event(kind, stored)
