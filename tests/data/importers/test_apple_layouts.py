"""Sleep that leaves an iPhone by other ways than export.xml: tables of Apple Health, Health Auto Export, AutoSleep."""

import json
import os
import random
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import device_files as written
import pytest
from device_files import Slept, put, some_sleeps
from mutants import GOLDEN, files_of
from test_importers import refused

from n1trial.data.episodes import SleepEpisode
from n1trial.data.importers import known_importers, read_exports
from n1trial.data.importers._source import open_source
from n1trial.data.nights import nightly
from n1trial.errors import HomeZoneError

BERLIN = ZoneInfo("Europe/Berlin")
# How many exports in the long run.
MANY = int(os.environ.get("N1TRIAL_ROUND_TRIPS", "60"))


def read_with_notes(path: Path, *, home_zone: ZoneInfo | None = None) -> tuple[list[SleepEpisode], list[str]]:
    """The episodes, and every note but that the layout was not verified."""
    notes: list[str] = []
    episodes = read_exports([path], home_zone=home_zone, on_note=lambda note: notes.append(note.text))
    return episodes, [note for note in notes if "not verified" not in note]


def recognised(path: Path) -> list[str]:
    with open_source([path]) as source:
        return [name for name, importer in known_importers().items() if importer.recognises(source)]


# --- every one of them -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    "device", ["apple", "apple/table", "apple/app_table", "health_auto_export", "autosleep"]
)
def test_a_file_is_known_by_its_content_under_any_name(tmp_path, device):
    (content,) = files_of(GOLDEN / device / "export").values()
    for name in (
        "download",
        "data.txt",
        "sleep.csv",
        "sleep-export.csv",
        "oura_sleep.csv",
        "sleep.json",
        "a.xml",
    ):
        (tmp_path / name).write_bytes(content)
        assert recognised(tmp_path / name) == [device.partition("/")[0]]


@pytest.mark.parametrize(
    "name", ["AutoSleep-1.csv", "SleepAnalysis.csv", "HealthAutoExport-2025.json", "export.xml"]
)
def test_the_name_alone_is_not_enough(tmp_path, name):
    path = tmp_path / name
    path.write_text(
        '{"data": [{"bedtime_start": 1}]}' if name.endswith("json") else "start,end,value\n1,2,3\n"
    )
    assert recognised(path) == []


# --- tables of Apple Health ------------------------------------------------------------------------

TABLE = "sourceName,sourceVersion,device,type,unit,creationDate,startDate,endDate,value"


def table(tmp_path: Path, *rows: str, header: str = TABLE) -> Path:
    (tmp_path / "SleepAnalysis.csv").write_text("\n".join([header, *rows]), encoding="utf-8")
    return tmp_path / "SleepAnalysis.csv"


def asleep(
    start: str, end: str, value: str = "3", *, kind: str = "SleepAnalysis", offset: str = "+0100"
) -> str:
    return f"Watch,,,{kind},,,{start} {offset},{end} {offset},{value}"


def test_numbers_and_names_with_and_without_prefix_are_the_same_stages(tmp_path):
    values = ("3", "AsleepCore", "asleepCore", "HKCategoryValueSleepAnalysisAsleepCore")
    rows = [
        asleep(f"2025-03-04 23:{10 * number:02}:00", f"2025-03-04 23:{10 * number + 10:02}:00", value)
        for number, value in enumerate(values)
    ]
    (episode,) = read_exports([table(tmp_path, *rows)])
    assert (episode.tst_min, episode.light_min, episode.longest_sleep_min) == (40, 40, 40)


def test_rows_of_other_types_are_not_read(tmp_path):
    night = ("2025-03-04 23:00:00", "2025-03-05 06:00:00")
    rows = [
        asleep(*night, kind=f"HKCategoryTypeIdentifier{kind}") for kind in ("SleepAnalysis", "MindfulSession")
    ]
    assert len(read_exports([table(tmp_path, *rows, asleep(*night, kind="HeartRate"))])) == 1


def test_a_table_in_utc_needs_the_home_zone(tmp_path):
    path = table(tmp_path, asleep("2025-03-04 22:00:00", "2025-03-05 05:00:00", offset="+0000"))
    with pytest.raises(HomeZoneError, match=r"line 2: times are in UTC.*give --home-zone"):
        read_exports([path])
    assert read_exports([path], home_zone=BERLIN)[0].start.isoformat() == "2025-03-04T23:00:00+01:00"


def test_a_row_with_a_cell_too_few_refuses_itself(tmp_path):
    nights = [asleep(f"2025-03-0{day} 23:00:00", f"2025-03-0{day + 1} 06:00:00") for day in (4, 5)]
    episodes, notes = read_with_notes(table(tmp_path, *nights, "Watch,,,SleepAnalysis"))
    assert len(episodes) == 2
    assert "1 of 3 records cannot be read (line 4; the first: 4 cells under 9 columns)" in notes[0]


def test_a_table_beside_the_export_that_it_was_made_of_is_left_out(tmp_path):
    put(tmp_path, files_of(GOLDEN / "apple" / "export"))
    before = nightly(read_exports([tmp_path])).table
    table(tmp_path, asleep("2025-03-08 23:00:00", "2025-03-09 06:00:00"))
    episodes, notes = read_with_notes(tmp_path)
    assert nightly(episodes).table.equals(before)
    assert "SleepAnalysis.csv: left out because" in notes[0]


# --- Health Auto Export ----------------------------------------------------------------------------

NIGHT = {
    "date": "2025-03-05 00:00:00 +0100",
    "sleepStart": "2025-03-04 23:30:00 +0100",
    "sleepEnd": "2025-03-05 07:00:00 +0100",
    "source": "A’s Apple Watch",
}


def exported(tmp_path: Path, *entries: Any, unit: str = "hr") -> Path:
    put(tmp_path, written.auto_export(list(entries), unit=unit))
    return tmp_path / "HealthAutoExport-2025.json"


def test_a_night_of_health_auto_export_with_time_in_bed(tmp_path):
    bed = {"inBedStart": "2025-03-04 23:10:00 +0100", "inBedEnd": "2025-03-05 07:10:00 +0100", "inBed": 8}
    night = {
        **NIGHT,
        **bed,
        "totalSleep": 7.1,
        "asleep": 0,
        "core": 4.6,
        "deep": 0.9,
        "rem": 1.6,
        "awake": 0.3,
    }
    (episode,) = read_exports([exported(tmp_path, night)])
    assert (episode.tst_min, episode.tib_min) == pytest.approx((426, 480))
    assert (episode.deep_min, episode.light_min, episode.rem_min) == pytest.approx((54, 276, 96))
    assert (episode.waso_min, episode.wake_runs_min, episode.sol_min) == (None, None, None)
    assert (f"{episode.start.wall:%H:%M}", episode.vendor_date) == ("23:10", date(2025, 3, 5))


@pytest.mark.parametrize(
    ("amounts", "tst_min", "deep_min"),
    [
        ({"totalSleep": 7, "asleep": 0, "core": 5, "deep": 1, "rem": 1}, 420, 60),
        ({"totalSleep": 7, "asleep": 0, "core": 0, "deep": 0, "rem": 0}, 420, None),
        ({"asleep": 7, "core": 0, "deep": 0, "rem": 0, "inBed": 0}, 420, None),
        ({"asleep": 0, "core": 5, "deep": 1, "rem": 1}, 420, 60),
        ({"asleep": 1, "core": 4, "deep": 1, "rem": 1}, 420, None),
        ({"asleep": 7, "core": 5, "deep": 1, "rem": 1}, 420, 60),
        ({"totalSleep": 7, "asleep": 1, "core": 4, "deep": 1, "rem": 1}, 420, None),
        ({"totalSleep": 7, "asleep": None, "source": None}, 420, None),
    ],
)
def test_sleep_is_the_total_or_what_is_not_zero(tmp_path, amounts, tst_min, deep_min):
    (episode,) = read_exports([exported(tmp_path, NIGHT | amounts)])
    assert (episode.tst_min, episode.deep_min, episode.tib_min) == (tst_min, deep_min, 450)


def test_sums_of_nothing_and_a_bed_alone_are_missing(tmp_path):
    bed = {"inBedStart": "2025-03-05 23:00:00 +0100", "inBedEnd": "2025-03-06 07:00:00 +0100", "inBed": 8}
    path = exported(
        tmp_path, NIGHT | {"totalSleep": 0, "asleep": 0}, {"source": "iPhone", "asleep": 0, **bed}
    )
    assert [(one.missing, one.tst_min) for one in read_exports([path])] == [
        ("unscored", None),
        ("in_bed_only", None),
    ]


def test_a_bed_shorter_than_the_sleep_is_no_time_in_bed(tmp_path):
    (episode,) = read_exports([exported(tmp_path, NIGHT | {"totalSleep": 7, "inBed": 0.5})])
    assert (episode.tst_min, episode.tib_min, episode.missing) == (420, 450, "")


def test_what_the_phone_knows_of_the_bed_is_left_out_beside_a_watch(tmp_path):
    bed = {"inBedStart": "2025-03-04 21:00:00 +0100", "inBedEnd": "2025-03-05 09:00:00 +0100", "inBed": 12}
    sources = {"sleepSource": "Watch", "inBedSource": "iPhone"}
    (episode,) = read_exports([exported(tmp_path, NIGHT | bed | sources | {"asleep": 7})])
    assert (episode.tib_min, f"{episode.start.wall:%H:%M}") == (450, "23:30")


@pytest.mark.parametrize(("unit", "amount"), [("hr", 7), ("min", 420), ("Min", 420)])
def test_the_unit_is_converted(tmp_path, unit, amount):
    assert read_exports([exported(tmp_path, NIGHT | {"asleep": amount}, unit=unit)])[0].tst_min == 420


def test_an_unknown_unit_refuses_the_export(tmp_path):
    refused(exported(tmp_path, NIGHT | {"asleep": 7}, unit="d"), match="sleep in d, not in hours or minutes")


@pytest.mark.parametrize(
    ("start", "wall"),
    [
        ("2025-03-04 11:30:00 PM +0100", "2025-03-04T23:30:00+01:00"),
        ("2025-03-04 11:30:00\u202fp.m. +0100", "2025-03-04T23:30:00+01:00"),
        ("2025-03-05 12:30:00 AM +0100", "2025-03-05T00:30:00+01:00"),
        ("2025-03-04T23:30:00.000+01:00", "2025-03-04T23:30:00+01:00"),
        ("2025-03-04T22:30:00.000Z", "2025-03-04T23:30:00+01:00"),
    ],
)
def test_times_on_twelve_hours_and_in_utc_are_understood(tmp_path, start, wall):
    path = exported(tmp_path, NIGHT | {"sleepStart": start, "totalSleep": 6})
    assert read_exports([path], home_zone=BERLIN)[0].start.isoformat() == wall


def test_times_in_utc_need_the_home_zone(tmp_path):
    with pytest.raises(HomeZoneError, match="record 1: 2025-03-04T22:30:00Z is in UTC"):
        read_exports([exported(tmp_path, NIGHT | {"sleepStart": "2025-03-04T22:30:00Z", "asleep": 7})])


@pytest.mark.parametrize(
    ("damage", "reason"),
    [
        ({"sleepEnd": "tomorrow"}, "the time tomorrow is not understood"),
        ({"totalSleep": "7"}, "not as expected"),
        ({"totalSleep": 30}, "a sleep of 1800 min"),
        ({"sleepEnd": None}, "the sleep has no beginning and end"),
        (
            {"asleep": 3.5, "core": 3.5, "totalSleep": None},
            "asleep 210 min can be beside the stages or their sum",
        ),
    ],
)
def test_a_damaged_sum_refuses_itself_and_its_night_is_missing(tmp_path, damage, reason):
    whole = NIGHT | {"totalSleep": 7}
    other = {name: text.replace("03-05", "03-06").replace("03-04", "03-05") for name, text in NIGHT.items()}
    episodes, notes = read_with_notes(exported(tmp_path, whole | damage, other | {"totalSleep": 7}))
    assert [(f"{one.start.wall:%d %H:%M}", one.missing) for one in episodes] == [
        ("04 23:30", "damaged"),
        ("05 23:30", ""),
    ]
    assert "1 of 2 records cannot be read (record 1; the first: " in notes[0]
    assert reason in notes[0]


def stage(start: str, end: str, value: str, source: str = "Watch") -> dict[str, str]:
    return {
        "startDate": f"2025-03-0{start}:00 +0100",
        "endDate": f"2025-03-0{end}:00 +0100",
        "value": value,
    } | {"source": source}


def test_stages_of_health_auto_export_have_wakes(tmp_path):
    path = exported(
        tmp_path,
        stage("4 23:00", "4 23:10", "Awake"),
        stage("4 23:10", "5 03:00", "Core"),
        stage("5 03:00", "5 03:07", "Awake"),
        stage("5 03:07", "5 06:00", "REM"),
        stage("4 22:00", "5 07:00", "In Bed", source="iPhone"),
    )
    _, watch = read_exports([path])
    assert (watch.tst_min, watch.wake_runs_min, watch.longest_sleep_min) == (403, (7,), 230)
    assert len(nightly(read_exports([path])).table) == 1


def test_a_night_that_daily_files_cut_at_midnight_is_one_sleep(tmp_path):
    halves = (stage("4 23:00", "5 00:00", "Core"), stage("5 00:00", "5 06:00", "Core"))
    for number, half in enumerate(halves):
        (content,) = written.auto_export([half]).values()
        put(tmp_path, {f"HealthAutoExport-2025-03-0{4 + number}.json": content})
    (episode,) = read_exports([tmp_path])
    assert (episode.tst_min, episode.longest_sleep_min) == (420, 420)


def test_a_stage_in_another_language_is_counted_and_flags_its_night(tmp_path):
    stages = [stage("4 23:00", "5 03:00", "Core"), stage("5 03:00", "5 05:00", "REM")]
    episodes, notes = read_with_notes(exported(tmp_path, *stages, stage("5 05:00", "5 06:00", "Kern")))
    assert (episodes[0].tst_min, episodes[0].flags) == (360, ("damaged",))
    assert "(record 3; the first: the value of sleep Kern is not known)" in notes[0]


def test_a_file_in_which_most_stages_are_in_another_language_is_refused(tmp_path):
    refused(exported(tmp_path, stage("4 23:00", "5 03:00", "Kern")), match="value of sleep Kern is not known")


def test_the_same_night_in_two_daily_files_counts_once(tmp_path):
    shorter = NIGHT | {"sleepEnd": "2025-03-05 05:00:00 +0100", "totalSleep": 5}
    for number, night in enumerate((shorter, NIGHT | {"totalSleep": 7})):
        (content,) = written.auto_export([night]).values()
        put(tmp_path, {f"HealthAutoExport-{number}.json": content})
    nights = nightly(read_exports([tmp_path])).table
    assert nights["tst_min"].tolist() == [420]


def test_a_file_without_sleep_says_so(tmp_path):
    (tmp_path / "a.json").write_text(json.dumps({"data": {"metrics": [], "workouts": []}}))
    refused(tmp_path / "a.json", match="recognised as Health Auto Export but holds no sleep record")


# --- AutoSleep -------------------------------------------------------------------------------------

DAY = {
    "ISO8601": "2025-03-05T23:59:59+01:00",
    "fromDate": "Tuesday, Mar 4, 2025",
    "toDate": "Wednesday, Mar 5, 2025",
    "bedtime": "2025-03-04 23:00:00",
    "waketime": "2025-03-05 07:00:00",
    "inBed": "08:00:00",
    "fellAsleepIn": "00:00:00",
    "sessions": "1",
    "asleep": "07:15:00",
    "sleepBPM": "51.5",
    "respAvg": "14.5",
    "hrv": "60",
    "sleepHRV": "55",
}


def days(tmp_path: Path, *changes: dict[str, str]) -> Path:
    rows = [DAY | change for change in changes]
    lines = [",".join(DAY), *(",".join(f'"{cell}"' for cell in row.values()) for row in rows)]
    (tmp_path / "AutoSleep.csv").write_text("\n".join(lines))
    return tmp_path / "AutoSleep.csv"


def test_a_day_of_autosleep_is_the_night_of_the_evening_before(tmp_path):
    (episode,) = read_exports([days(tmp_path, {})])
    assert (episode.tst_min, episode.tib_min, episode.vendor_date) == (435, 480, date(2025, 3, 5))
    assert (episode.sol_min, episode.waso_min, episode.wake_runs_min, episode.deep_min) == (None,) * 4
    assert (episode.heart_rate_mean_bpm, episode.respiratory_rate_rpm, episode.hrv_rmssd_ms) == (
        51.5,
        14.5,
        None,
    )
    assert [f"{night:%Y-%m-%d}" for night in nightly([episode]).table["night"]] == ["2025-03-04"]


@pytest.mark.parametrize(
    "label",
    ["2025-03-05T23:59:59+01:00", "2025-03-05T20:59:59-02:00", "2025-03-06T07:59:59+09:00"],
)
def test_the_label_is_the_day_of_waking_on_whichever_clock_it_was_printed(tmp_path, label):
    assert read_exports([days(tmp_path, {"ISO8601": label})])[0].vendor_date == date(2025, 3, 5)


def test_the_light_switched_off_gives_the_latency(tmp_path):
    assert read_exports([days(tmp_path, {"fellAsleepIn": "00:12:30"})])[0].sol_min == 12.5


def test_the_home_zone_knows_that_the_clocks_changed(tmp_path):
    change = {"bedtime": "2025-03-29 23:00:00", "waketime": "2025-03-30 08:00:00"}
    (episode,) = read_exports([days(tmp_path, change)], home_zone=BERLIN)
    assert (episode.flags, episode.tib_min, episode.end.minutes_since(episode.start)) == (
        ("dst_forward",),
        480,
        480,
    )


@pytest.mark.parametrize(
    "change",
    [
        {"sessions": "2", "inBed": "09:00:00"},
        {"sessions": "2", "bedtime": "2025-03-05 15:00:00", "waketime": "2025-03-05 16:00:00"},
        {"sessions": "", "inBed": "09:30:00"},
    ],
)
def test_the_sum_of_several_sleeps_is_not_passed_off_as_a_night(tmp_path, change):
    episodes, notes = read_with_notes(days(tmp_path, change))
    assert [(one.missing, one.tst_min) for one in episodes] == [("several_sleeps", None)]
    assert "1 of 1 days hold the sum of several sleeps" in notes[0]
    table = nightly(episodes).table
    assert (f"{table['night'][0]:%Y-%m-%d}", table["flags"][0]) == ("2025-03-04", "missing;several_sleeps")


@pytest.mark.parametrize(("column", "cell"), [("sleepBPM", "5"), ("sleepBPM", "abc"), ("respAvg", "200")])
def test_a_pulse_that_no_sleeper_has_is_not_known(tmp_path, column, cell):
    (episode,) = read_exports([days(tmp_path, {column: cell})])
    vitals = {"sleepBPM": episode.heart_rate_mean_bpm, "respAvg": episode.respiratory_rate_rpm}
    assert vitals.pop(column) is None
    assert None not in vitals.values()
    assert episode.tst_min == 435


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"waketime": "soon"}, "the time soon is not understood"),
        ({"asleep": "7 h"}, "the duration 7 h is not understood"),
        ({"sessions": "one"}, "not as expected"),
    ],
)
def test_a_damaged_day_refuses_itself(tmp_path, change, reason):
    other = {"bedtime": "2025-03-05 23:00:00", "waketime": "2025-03-06 07:00:00", "ISO8601": ""}
    episodes, notes = read_with_notes(days(tmp_path, change, other))
    assert [(one.missing, one.start.wall.day) for one in episodes] == [("damaged", 4), ("", 5)]
    assert "1 of 2 records cannot be read (line 2; the first: " in notes[0]
    assert reason in notes[0]


def some_days(chance: random.Random) -> Iterator[Slept]:
    for slept in some_sleeps(chance):
        if slept.seconds("awake") < 30 * len(slept.epochs):
            yield slept


def test_days_of_autosleep_come_back_as_they_were_written(tmp_path):
    chance = random.Random("autosleep")
    for _ in range(MANY):
        sleeps = list(some_days(chance))
        episodes = read_exports([put(tmp_path, written.autosleep(sleeps))]) if sleeps else []
        for slept, episode in zip(sleeps, episodes, strict=True):
            assert episode.start.wall == slept.wall
            assert episode.end.wall == slept.end.replace(tzinfo=None)
            assert episode.tib_min == pytest.approx(len(slept.epochs) / 2)
            assert episode.tst_min == pytest.approx((30 * len(slept.epochs) - slept.seconds("awake")) / 60)
            assert episode.vendor_date == slept.end.date()


def test_the_nights_of_all_ways_out_of_one_phone_are_the_same(tmp_path):
    sleeps = [Slept(datetime(2025, 3, 4, 23) + timedelta(days=day), 1, (("light", 600),)) for day in range(3)]
    for write in (written.apple, written.apple_table, written.auto_export_stages, written.health_auto_export):
        episodes, notes = read_with_notes(put(tmp_path / write.__name__, write(sleeps)))
        assert nightly(episodes).table["tst_min"].tolist() == [300, 300, 300]
        assert notes == []
