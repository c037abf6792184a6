"""Forty cases of clocks, travel and broken sleep; the nights were worked out by hand."""

from datetime import date, datetime

import pytest

from n1trial.data.episodes import Moment, SleepEpisode, clock_change
from n1trial.data.nights import nightly
from n1trial.data.not_used import NotUsed

# A record is "start end asleep", with further words nap, rest, unstaged; a night "date asleep in-bed words",
# or "date -" and why it is missing. Minutes in bed are instants apart: 23:00+01:00 to 07:00+02:00 is 7 h.
CASES = {
    "an ordinary night": (
        ["2025-03-01T23:00+01:00 2025-03-02T07:00+01:00 450"],
        ["2025-03-01 450 480"],
    ),
    "to bed after midnight": (
        ["2025-03-02T01:30+01:00 2025-03-02T08:00+01:00 360"],
        ["2025-03-01 360 390"],
    ),
    "to bed at 11:59 is still the night before": (
        ["2025-03-02T11:59+01:00 2025-03-02T18:59+01:00 400"],
        ["2025-03-01 400 420"],
    ),
    "to bed at noon is the night to come": (
        ["2025-03-02T12:00+01:00 2025-03-02T19:00+01:00 400"],
        ["2025-03-02 400 420"],
    ),
    "no sleep at all is no row": (
        [
            "2025-03-01T23:00+01:00 2025-03-02T07:00+01:00 450",
            "2025-03-03T23:00+01:00 2025-03-04T07:00+01:00 440",
        ],
        ["2025-03-01 450 480", "2025-03-03 440 480"],
    ),
    "the device was worn, sleep was not staged": (
        ["2025-03-01T23:00+01:00 2025-03-02T07:00+01:00 - unstaged"],
        ["2025-03-01 - unstaged"],
    ),
    "only a nap": (
        ["2025-03-02T14:00+01:00 2025-03-02T15:00+01:00 50"],
        ["2025-03-02 - nap_only"],
    ),
    "fourteen minutes are no night": (
        ["2025-03-01T23:00+01:00 2025-03-01T23:20+01:00 14"],
        ["2025-03-01 - too_short"],
    ),
    "an hour at three in the morning is a short night, never left out": (
        ["2025-03-02T03:00+01:00 2025-03-02T04:00+01:00 55"],
        ["2025-03-01 55 60"],
    ),
    "two sleeps a night, three hours apart": (
        [
            "2025-03-01T22:00+01:00 2025-03-02T01:00+01:00 170",
            "2025-03-02T04:00+01:00 2025-03-02T07:00+01:00 175",
        ],
        ["2025-03-01 345 540 split=2"],
    ),
    "two sleeps a night, a minute more than three hours apart": (
        [
            "2025-03-01T22:00+01:00 2025-03-02T01:00+01:00 170",
            "2025-03-02T04:01+01:00 2025-03-02T07:01+01:00 175",
        ],
        ["2025-03-01 175 180 naps=1"],
    ),
    "three pieces": (
        [
            "2025-03-01T22:00+01:00 2025-03-02T00:00+01:00 100",
            "2025-03-02T01:00+01:00 2025-03-02T03:00+01:00 110",
            "2025-03-02T04:00+01:00 2025-03-02T07:00+01:00 170",
        ],
        ["2025-03-01 380 540 split=3"],
    ),
    "two long sleeps in one night": (
        [
            "2025-03-01T20:00+01:00 2025-03-02T00:00+01:00 230",
            "2025-03-02T05:00+01:00 2025-03-02T10:00+01:00 290",
        ],
        ["2025-03-01 290 300 several_main"],
    ),
    "the vendor's nap before bed is not joined": (
        [
            "2025-03-01T20:30+01:00 2025-03-01T21:30+01:00 50 nap",
            "2025-03-01T23:00+01:00 2025-03-02T07:00+01:00 450",
        ],
        ["2025-03-01 450 480 naps=1"],
    ),
    "an evening doze on the sofa is joined": (
        [
            "2025-03-01T19:30+01:00 2025-03-01T20:30+01:00 50",
            "2025-03-01T23:00+01:00 2025-03-02T07:00+01:00 450",
        ],
        ["2025-03-01 500 690 split=2 evening_part"],
    ),
    "a nap after lunch belongs to the night to come": (
        [
            "2025-03-01T23:00+01:00 2025-03-02T07:00+01:00 450",
            "2025-03-02T13:00+01:00 2025-03-02T14:00+01:00 50",
        ],
        ["2025-03-01 450 480", "2025-03-02 - nap_only"],
    ),
    "the vendor rejects a rest beside the night": (
        [
            "2025-03-01T22:00+01:00 2025-03-01T22:30+01:00 20 rest",
            "2025-03-01T23:00+01:00 2025-03-02T07:00+01:00 450",
        ],
        ["2025-03-01 450 480"],
    ),
    "two records overlap": (
        [
            "2025-03-01T23:00+01:00 2025-03-02T07:00+01:00 450",
            "2025-03-02T05:00+01:00 2025-03-02T08:00+01:00 170",
        ],
        ["2025-03-01 450 480 overlap_dropped=1"],
    ),
    "records that touch": (
        [
            "2025-03-01T23:00+01:00 2025-03-02T03:00+01:00 230",
            "2025-03-02T03:00+01:00 2025-03-02T07:00+01:00 220",
        ],
        ["2025-03-01 450 480 split=2"],
    ),
    "a shift worker sleeps by day": (
        ["2025-03-02T08:30+01:00 2025-03-02T15:30+01:00 390"],
        ["2025-03-01 390 420"],
    ),
    "a shift worker sleeps in the afternoon, then at night": (
        [
            "2025-03-02T14:00+01:00 2025-03-02T18:00+01:00 230",
            "2025-03-03T00:00+01:00 2025-03-03T06:00+01:00 350",
        ],
        ["2025-03-02 350 360 several_main"],
    ),
    "spring forward in Berlin": (
        ["2025-03-29T23:00+01:00 2025-03-30T07:00+02:00 400"],
        ["2025-03-29 400 420 dst_forward"],
    ),
    "fall back in Berlin": (
        ["2025-10-25T23:00+02:00 2025-10-26T07:00+01:00 500"],
        ["2025-10-25 500 540 dst_back"],
    ),
    "awake while the clocks go forward": (
        [
            "2025-03-29T22:00+01:00 2025-03-30T01:30+01:00 200",
            "2025-03-30T04:00+02:00 2025-03-30T08:00+02:00 230",
        ],
        ["2025-03-29 430 540 split=2 gap_min=90"],
    ),
    "awake while the clocks go back: two to three is slept twice": (
        [
            "2025-10-25T22:00+02:00 2025-10-26T02:30+02:00 260",
            "2025-10-26T02:10+01:00 2025-10-26T06:00+01:00 220",
        ],
        ["2025-10-25 480 540 split=2 gap_min=40"],
    ),
    "a gap of three hours by the clock is two when it goes forward": (
        [
            "2025-03-29T21:00+01:00 2025-03-30T00:30+01:00 200",
            "2025-03-30T04:00+02:00 2025-03-30T08:00+02:00 230",
        ],
        ["2025-03-29 430 600 split=2 gap_min=150"],
    ),
    "a gap of three hours by the clock is four when it goes back": (
        [
            "2025-10-25T21:00+02:00 2025-10-26T00:30+02:00 200",
            "2025-10-26T03:30+01:00 2025-10-26T08:00+01:00 260",
        ],
        ["2025-10-25 260 270 naps=1"],
    ),
    "half an hour of summer time on Lord Howe": (
        ["2025-10-04T23:00+10:30 2025-10-05T07:00+11:00 430"],
        ["2025-10-04 430 450 offset_change"],
    ),
    "summer time begins at midnight in Beirut": (
        ["2025-03-29T23:30+02:00 2025-03-30T08:00+03:00 430"],
        ["2025-03-29 430 450 dst_forward"],
    ),
    "Casablanca puts the clock back for Ramadan": (
        ["2025-02-22T23:00+01:00 2025-02-23T07:00+00:00 520"],
        ["2025-02-22 520 540 dst_back"],
    ),
    "clocks of three quarters of an hour, Kathmandu": (
        ["2025-03-01T23:00+05:45 2025-03-02T07:00+05:45 450"],
        ["2025-03-01 450 480"],
    ),
    "asleep on the flight from Berlin to New York": (
        ["2025-06-01T22:00+02:00 2025-06-02T01:00-04:00 500"],
        ["2025-06-01 500 540 offset_change"],
    ),
    "asleep on the flight from New York to Berlin": (
        ["2025-06-02T19:00-04:00 2025-06-03T07:00+02:00 330"],
        ["2025-06-02 330 360 offset_change"],
    ),
    "a sleep on each side of the Atlantic is two nights": (
        [
            "2025-06-01T23:00+02:00 2025-06-02T06:00+02:00 400",
            "2025-06-02T22:00-04:00 2025-06-03T06:00-04:00 460",
        ],
        ["2025-06-01 400 420", "2025-06-02 460 480"],
    ),
    "westwards the wall clocks overlap, the sleeps do not": (
        [
            "2025-06-01T23:00+02:00 2025-06-02T04:00+02:00 290",
            "2025-06-02T00:30-04:00 2025-06-02T06:30-04:00 350",
        ],
        ["2025-06-01 640 810 split=2 gap_min=150"],
    ),
    "across the date line eastwards one date comes twice": (
        [
            "2025-06-10T23:00+12:00 2025-06-11T07:00+12:00 450",
            "2025-06-10T22:00-10:00 2025-06-11T06:00-10:00 440",
        ],
        ["2025-06-10 450 480 several_main"],
    ),
    "across the date line westwards one night does not exist": (
        [
            "2025-06-10T22:00-10:00 2025-06-11T06:00-10:00 440",
            "2025-06-12T23:00+12:00 2025-06-13T07:00+12:00 450",
        ],
        ["2025-06-10 440 480", "2025-06-12 450 480"],
    ),
    "Samoa skips the thirtieth of December": (
        ["2011-12-29T22:00-10:00 2011-12-31T06:00+14:00 440"],
        ["2011-12-29 440 480 offset_change"],
    ),
    "no offset anywhere: the wall clock is all there is": (
        ["2025-03-29T23:00 2025-03-30T07:00 400"],
        ["2025-03-29 400 480"],
    ),
    "the leap day": (
        ["2024-02-29T23:00+01:00 2024-03-01T07:00+01:00 450"],
        ["2024-02-29 450 480"],
    ),
    "the year ends in the night": (
        ["2025-12-31T23:30+01:00 2026-01-01T07:30+01:00 450"],
        ["2025-12-31 450 480"],
    ),
    "a whole day asleep": (
        ["2025-03-01T20:00+01:00 2025-03-02T19:00+01:00 1300"],
        ["2025-03-01 1300 1380"],
    ),
    "more sleep than time is no sleep": (
        ["2025-03-01T23:00+01:00 2025-03-02T05:00+01:00 500"],
        ["2025-03-01 - implausible"],
    ),
}


def moment(written):
    read = datetime.fromisoformat(written)
    return Moment(read.replace(tzinfo=None), read.utcoffset())


def record(number, written):
    start, end, asleep, *words = written.split()
    start, end = moment(start), moment(end)
    return SleepEpisode(
        source="made",
        source_file="by hand",
        record_id=str(number),
        start=start,
        end=end,
        time_basis="naive_local" if start.offset is None else "utc+offset",
        tib_min=end.minutes_since(start),
        tst_min=None if asleep == "-" else float(asleep),
        lead_min=0,
        tail_min=0,
        wake_runs_min=(),
        vendor_nap="nap" in words,
        not_used=NotUsed.REST if "rest" in words else NotUsed.NO,
        missing=NotUsed.UNSTAGED if "unstaged" in words else NotUsed.NO,
        flags=clock_change(start, end),
    )


@pytest.mark.parametrize(("records", "nights"), CASES.values(), ids=CASES)
def test_records_become_the_nights_worked_out_by_hand(records, nights):
    episodes = [record(number, written) for number, written in enumerate(records)]
    for order in (episodes, episodes[::-1]):
        table = nightly(order).table
        assert [night.date() for night in table["night"]] == [
            date.fromisoformat(written.split()[0]) for written in nights
        ]
        for row, written in zip(table.to_dict("records"), nights, strict=True):
            _, asleep, *words = written.split()
            flags = set(row["flags"].split(";"))
            if asleep == "-":
                assert row["tst_min"] != row["tst_min"]
                assert {"missing", *words} <= flags
            else:
                assert (row["tst_min"], row["tib_min"]) == (float(asleep), float(words[0]))
                assert set(words[1:]) <= flags
                assert ("split=2" in words) == ("split=2" in flags)


def test_there_are_at_least_forty_stories():
    assert len(CASES) >= 40
