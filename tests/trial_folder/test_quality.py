import json
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pandas as pd
import pytest
from msgspec.structs import replace
from test_nights_by_hand import record

from n1trial.data.diary import COLUMNS as DIARY_COLUMNS
from n1trial.data.ledger import trace_nights
from n1trial.data.nights import nightly
from n1trial.planning.simulate import diary_text, simulate_nights, write_fitbit_takeout, write_oura_web_csv
from n1trial.trial_folder.analysis_data import import_exports
from n1trial.trial_folder.create import make_trial
from n1trial.trial_folder.quality import Evidence, check_quality, gather_evidence, quality_json, quality_lines
from n1trial.trial_folder.snapshot import read_trial
from n1trial.workflows.demo import TRUTH

FIRST = date(2025, 3, 1)
NIGHTS = tuple(FIRST + timedelta(days=day) for day in range(14))


def slept(days=range(14), *, asleep=450, start="23:00", offset="+01:00", device="ring"):
    """A record a night, eight hours from 23:00."""
    records = []
    for day in days:
        bed = datetime.fromisoformat(f"{FIRST + timedelta(days=day)}T{start}{offset}")
        rise = bed + timedelta(hours=8)
        records.append(record(day, f"{bed.isoformat()} {rise.isoformat()} {asleep}"))
    return records


def written(**columns):
    count = len(next(iter(columns.values()))) if columns else 0
    table = pd.DataFrame({name: columns.get(name, [None] * count) for name in DIARY_COLUMNS})
    table["night"] = pd.to_datetime(list(NIGHTS[:count]))
    kinds = {"taken": "boolean", "confidence": float, "awakenings": float}
    return table.astype(kinds)


def lines_of(episodes, *, others=None, diary=None, today=date(2025, 3, 15), **more):
    findings = check_quality(
        Evidence(
            planned=NIGHTS,
            today=today,
            device="made",
            nights=nightly(episodes).table,
            traced=tuple(trace_nights(episodes)),
            others={name: nightly(each).table for name, each in (others or {}).items()},
            diary=written() if diary is None else diary,
            minutes_before_bed=(30, 60),
            **more,
        )
    )
    return list(quality_lines(findings))


def the(lines, check):
    return [line.removeprefix(f"{check}: ") for line in lines if line.startswith(f"{check}: ")]


def test_a_fortnight_without_a_flaw_is_called_covered_and_nothing_else():
    lines = lines_of(slept())
    assert the(lines, "coverage") == ["14 of 14 nights so far are recorded (100 %), 0 are to come"]
    assert the(lines, "device") == ["made: 14 nights, 2025-03-01 to 2025-03-14"]
    assert {line.partition(":")[0] for line in lines} == {"coverage", "device", "dose timing", "diary"}


def test_a_habit_is_kept_to_and_no_dose_is_looked_for():
    lines = lines_of(slept(), diary=written(taken_at=[None] * 14), habit=True)
    assert "whether you kept to it is written" in the(lines, "diary")[0]
    assert not [line for line in lines if "dose" in line]


def test_missing_nights_are_named_by_week_and_those_to_come_are_not_missing():
    lines = lines_of(slept([0, 1, 2, 4, 5, 6, 7]), today=date(2025, 3, 11))
    assert the(lines, "coverage") == ["7 of 10 nights so far are recorded (70 %), 4 are to come"]
    assert the(lines, "missing") == [
        "1 in week 1 (from 2025-03-01) (2025-03-04)",
        "2 in week 2 (from 2025-03-08) (2025-03-09, 2025-03-10)",
    ]


def test_before_the_first_night_nothing_is_missing():
    assert the(lines_of([], today=FIRST), "coverage") == ["0 of 14 planned nights are over"]


def test_short_long_and_impossible_nights_are_listed():
    odd = [*slept([0], asleep=100), *slept([1], asleep=700), *slept(range(2, 14))]
    lines = lines_of(odd)
    assert the(lines, "implausible") == [
        "1 night with sleep under 2 h; kept (2025-03-01)",
        "1 night with a record with more sleep than time, or none; left out (2025-03-02)",
    ]


def test_split_nights_and_clock_changes_are_listed():
    pieces = [
        record("a", "2025-03-01T22:00+01:00 2025-03-02T01:00+01:00 170"),
        record("b", "2025-03-02T03:00+01:00 2025-03-02T07:00+01:00 230"),
        record("c", "2025-03-09T22:00-05:00 2025-03-10T07:00-04:00 450"),
    ]
    lines = lines_of(pieces)
    assert the(lines, "split nights") == ["1 night joined from several records (2025-03-01)"]
    assert the(lines, "clock changes") == ["the clocks went forward in 1 night (2025-03-09)"]


def test_travel_shows_as_another_clock_and_summer_time_is_told_apart():
    lines = lines_of(
        [*slept(range(3)), *slept(range(3, 6), offset="-05:00"), *slept(range(6, 9), offset="-04:00")]
    )
    assert the(lines, "travel") == [
        "on another clock, by more than an hour, than the night before (2025-03-04)",
        "on another clock by up to an hour: summer time, or a neighbouring zone (2025-03-07)",
    ]


def test_an_export_without_zone_says_that_travel_cannot_be_seen():
    assert "cannot be seen" in the(lines_of(slept(offset="")), "travel")[0]


def test_a_new_algorithm_is_an_era_of_its_own():
    changed = [replace(each, algorithm="v1" if number < 6 else "v2") for number, each in enumerate(slept())]
    assert the(lines_of(changed), "device") == [
        "made, algorithm v1: 6 nights, 2025-03-01 to 2025-03-06",
        "made, algorithm v2: 8 nights, 2025-03-07 to 2025-03-14",
        "changed 1 time: nights before and after compare less well (2025-03-07)",
    ]


def test_two_devices_are_compared_on_the_nights_they_share():
    other = [*slept(range(5), asleep=440), *slept(range(5, 10), asleep=420)]
    assert the(lines_of(slept(), others={"ring": other}), "two devices") == [
        "made minus ring on 10 shared nights: sleep time +20 min on average, SD 11 min"
    ]
    assert "share 1 night: too few" in the(lines_of(slept(), others={"ring": slept([0])}), "two devices")[0]


def test_doses_are_timed_against_the_start_of_sleep():
    diary = written(taken=[True] * 4, taken_at=["22:15", "22:30", "00:10", "18:00"])
    assert the(lines_of(slept(), diary=diary), "dose timing") == [
        "4 doses, 38 min before sleep (median), from -70 to 300 (planned 30 to 60 before bed)",
        "1 dose written down for after sleep had begun: see the times (2025-03-03)",
        "1 dose hours before sleep (2025-03-04)",
    ]


@pytest.mark.parametrize(
    ("columns", "what"),
    [
        (
            {"taken": [False], "taken_at": ["22:15"]},
            "1 line with a time of a dose that was not taken (2025-03-01)",
        ),
        ({"awakenings": [31]}, "1 line with more than 30 awakenings (2025-03-01)"),
        ({"confidence": [7]}, "1 line with a confidence and no guess (2025-03-01)"),
        (
            {"taken": [True] * 3, "taken_at": ["22:15"] * 3, "awakenings": [1] * 3, "notes": ["a"] * 3},
            "3 lines repeat the line before, to the minute of the dose (2025-03-01, 2025-03-02, 2025-03-03)",
        ),
    ],
)
def test_answers_that_cannot_be_or_repeat_are_listed(columns, what):
    assert what in the(lines_of(slept(), diary=written(**columns)), "diary")


def test_lines_about_nights_to_come_or_outside_are_listed():
    diary = written(taken=[True] * 3)
    diary.loc[2, "night"] = pd.Timestamp(2024, 12, 24)
    lines = the(lines_of(slept(), diary=diary, today=FIRST), "diary")
    assert "1 line about a night to come (2025-03-02)" in lines
    assert "1 line about a night outside the trial (2024-12-24)" in lines


def test_a_whole_trial_is_checked_without_an_arm_in_sight(tmp_path):
    now = datetime.fromisoformat("2026-06-01T09:00+00:00")
    folder = make_trial(
        tmp_path / "trial",
        protocol="glycine-vs-magnesium-glycinate",
        start=date(2026, 1, 5),
        seed="77" * 32,
        home_zone=ZoneInfo("Europe/Berlin"),
        now=now,
    )
    person = simulate_nights(folder.schedule, TRUTH, seed=4)
    write_fitbit_takeout(person, tmp_path / "takeout.zip")
    write_oura_web_csv(person, tmp_path / "oura.csv")
    for export in ("takeout.zip", "oura.csv"):
        import_exports(folder, [tmp_path / export], now=now)
    folder.diary.write_text(diary_text(person, folder.protocol), encoding="utf-8")
    findings = check_quality(
        gather_evidence(read_trial(folder.path, now=datetime(2026, 6, 1, 12, tzinfo=UTC)))
    )
    lines = list(quality_lines(findings))
    assert not any(arm in "\n".join(lines) for arm in ("glycine", "magnesium", "nothing"))
    assert len(the(lines, "two devices")) == 1
    assert [each["said"] for each in json.loads(quality_json(findings))] == [each.said for each in findings]
