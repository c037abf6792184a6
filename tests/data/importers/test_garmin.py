"""Garmin: which nights it stands by, what day files add, and what a damaged record costs."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import device_files as written
import pytest
from device_files import Slept, put
from mutants import GOLDEN, files_of
from test_importers import refused

from n1trial.data.episodes import SleepEpisode
from n1trial.data.importers import read_exports
from n1trial.data.record_selection import select_records

BERLIN = ZoneInfo("Europe/Berlin")
SLEPT = Slept(datetime(2025, 3, 4, 23), 1, (("light", 300), ("awake", 12), ("deep", 300)))
CONFIRMED = (
    "ENHANCED_CONFIRMED",
    "ENHANCED_CONFIRMED_FINAL",
    "MANUALLY_CONFIRMED",
    "AUTO_CONFIRMED",
    "AUTO_CONFIRMED_FINAL",
)


def account(folder: Path, *changes: dict) -> Path:
    """An account export of one night a change, from 4 March 2025 on, without daily summaries."""
    nights = [Slept(SLEPT.wall + timedelta(days=day), 1, SLEPT.stages) for day in range(len(changes))]
    (records, *_) = written.garmin(nights).values()
    changed = [record | change for record, change in zip(json.loads(records), changes, strict=True)]
    return put(folder, {"a_b_1_sleepData.json": json.dumps(changed).encode()})


def day(**changes) -> dict:
    """An answer of Garmin Connect; `sleep` changes its sums, other names what stands beside them."""
    (content,) = written.garmin_days([SLEPT]).values()
    (answer,) = json.loads(content)
    answer["dailySleepDTO"] |= changes.pop("sleep", {})
    return answer | changes


def read(path: Path, *, home_zone: ZoneInfo | None = BERLIN) -> tuple[list[SleepEpisode], list[str]]:
    notes: list[str] = []
    episodes = read_exports([path], home_zone=home_zone, on_note=lambda note: notes.append(note.text))
    return episodes, notes


def read_day(tmp_path: Path, answer: object, *, home_zone: ZoneInfo | None = None) -> list[SleepEpisode]:
    (tmp_path / "sleep_1.json").write_text(json.dumps(answer))
    return read(tmp_path, home_zone=home_zone)[0]


# --- the account export --------------------------------------------------------------------------


@pytest.mark.parametrize("confirmation", CONFIRMED)
def test_a_night_that_the_watch_confirmed_by_itself_counts_like_any(tmp_path, confirmation):
    (episode,), _ = read(account(tmp_path, {"sleepWindowConfirmationType": confirmation}))
    assert (episode.tst_min, episode.tib_min, episode.missing) == (300, 306, "")


@pytest.mark.parametrize("confirmation", ["UNCONFIRMED", "OFF_WRIST", None])
def test_a_night_that_garmin_does_not_confirm_is_missing(tmp_path, confirmation):
    (episode,), _ = read(account(tmp_path, {"sleepWindowConfirmationType": confirmation}))
    assert (episode.tst_min, episode.missing) == (None, "not_confirmed")


@pytest.mark.parametrize(
    ("light_s", "missing", "flags"),
    [
        (9_000, "", ()),
        (9_300, "", ()),
        (9_360, "implausible", ()),
        (8_760, "", ()),
        (8_700, "", ("tib_mismatch=5",)),
    ],
)
def test_sums_that_differ_from_the_time_by_more_than_five_minutes_are_doubted(
    tmp_path, light_s, missing, flags
):
    (episode,), _ = read(account(tmp_path, {"lightSleepSeconds": light_s}))
    assert (episode.missing, episode.flags) == (missing, flags)


def test_the_last_element_of_a_file_may_hold_nothing(tmp_path):
    path = account(tmp_path, {}) / "a_b_1_sleepData.json"
    path.write_text(json.dumps([*json.loads(path.read_text()), {"retro": False}]))
    episodes, notes = read(tmp_path)
    assert ([episode.tst_min for episode in episodes], notes) == ([300], [])


@pytest.mark.parametrize(
    ("change", "start"),
    [
        ({"deepSleepSeconds": "x"}, "2025-03-04T23:00:00+01:00"),
        ({"sleepEndTimestampGMT": "2025-13-01T00:00:00.0"}, "2025-03-04T23:00:00+01:00"),
        ({"sleepStartTimestampGMT": "2025-13-01T00:00:00.0"}, "2025-03-05T00:00:00"),
        ({"sleepStartTimestampGMT": None, "calendarDate": None}, None),
    ],
)
def test_a_damaged_record_refuses_itself_and_its_night_is_missing(tmp_path, change, start):
    episodes, (note,) = read(account(tmp_path, change, {}, {}))
    damaged = [episode.start.isoformat() for episode in episodes if episode.missing == "damaged"]
    assert damaged == ([start] if start else [])
    assert [episode.tst_min for episode in episodes if episode.missing != "damaged"] == [300, 300]
    assert "1 of 3 records cannot be read (record 1;" in note


def test_a_damaged_daily_summary_is_counted_and_the_days_around_it_know_the_clock(tmp_path):
    files = files_of(GOLDEN / "garmin" / "export")
    (name,) = (name for name in files if "UDSFile" in name)
    files[name] = files[name].replace(b'"2025-03-05T00:00:00.0"', b'"2025-03-06T23:00:00.0"')
    episodes, (note,) = read(put(tmp_path, files), home_zone=None)
    assert episodes[0].start.isoformat() == "2025-03-04T23:00:00+01:00"
    assert "1 daily summaries cannot be read" in note


def test_a_file_with_the_name_of_garmin_and_other_content_is_not_garmins(tmp_path):
    (tmp_path / "a_sleepData.json").write_text('[{"day": "2025-03-05", "retro": false}]')
    refused(tmp_path, match="no importer recognises it")


def test_files_of_garmin_are_known_under_any_name(tmp_path):
    path = account(tmp_path, {}) / "a_b_1_sleepData.json"
    path.rename(tmp_path / "x.txt")
    assert [episode.tst_min for episode in read(tmp_path / "x.txt")[0]] == [300]
    (tmp_path / "y").write_text(json.dumps(day()))
    assert [episode.tst_min for episode in read(tmp_path / "y")[0]] == [300]


# --- day files -----------------------------------------------------------------------------------


def test_levels_that_add_up_are_the_stages_and_are_noted_as_unverified(tmp_path):
    (tmp_path / "sleep_1.json").write_text(json.dumps(day()))
    (episode,), (note,) = read(tmp_path, home_zone=None)
    assert (episode.tst_min, episode.wake_runs_min, episode.sol_min) == (300, (6,), None)
    assert "day files with stages, not verified on a real file" in note


@pytest.mark.parametrize(
    "levels",
    [
        [{"startGMT": "2025-03-04T22:00:00.0", "endGMT": "2025-03-05T00:30:00.0", "activityLevel": 1.0}],
        [{"startGMT": "2025-03-05T00:30:00.0", "endGMT": "2025-03-04T22:00:00.0", "activityLevel": 1.0}],
        [{"startGMT": "2025-03-04T22:00:00.0", "endGMT": "2025-03-05T00:30:00.0", "activityLevel": 7.0}],
    ],
)
def test_levels_that_do_not_add_up_leave_the_sums(tmp_path, levels):
    (episode,) = read_day(tmp_path, day(sleepLevels=levels))
    assert (episode.tst_min, episode.tib_min, episode.wake_runs_min) == (300, 306, None)
    assert episode.flags == ("hypnogram_corrupt",)


@pytest.mark.parametrize("levels", [None, []])
def test_an_answer_without_levels_gives_sums(tmp_path, levels):
    (tmp_path / "sleep_1.json").write_text(json.dumps(day(sleepLevels=levels)))
    (episode,), notes = read(tmp_path, home_zone=None)
    assert (episode.tst_min, episode.wake_runs_min, episode.flags, notes) == (300, None, (), [])


def test_a_watch_without_rem_has_no_rem_and_not_none_of_it(tmp_path):
    (episode,) = read_day(tmp_path, day(sleep={"remSleepSeconds": None}))
    assert (episode.wake_runs_min, episode.rem_min, episode.flags) == ((6,), None, ("no_rem",))


def test_the_offset_is_what_local_time_is_ahead_of_utc_on_either_side_of_a_clock_change(tmp_path):
    slept = Slept(datetime(2025, 3, 29, 23), 1, (("light", 900),))
    (content,) = written.garmin_days([slept]).values()
    (answer,) = json.loads(content)
    answer["dailySleepDTO"]["sleepEndTimestampLocal"] += 3_600_000
    (episode,) = read_day(tmp_path, answer)
    assert (episode.end.isoformat(), episode.flags) == ("2025-03-30T07:30:00+02:00", ("dst_forward",))


def test_times_without_a_local_time_need_the_home_zone(tmp_path):
    answer = day(sleep={"sleepStartTimestampLocal": None, "sleepEndTimestampLocal": None})
    (episode,) = read_day(tmp_path, answer, home_zone=BERLIN)
    assert episode.start.isoformat() == "2025-03-04T23:00:00+01:00"
    refused(tmp_path, match="give --home-zone")


def test_vital_signs_are_kept_and_what_cannot_be_is_none(tmp_path):
    sums = {"averageRespirationValue": 13.0, "avgHeartRate": 900.0}
    (episode,) = read_day(tmp_path, day(sleep=sums, avgOvernightHrv=-1, avgSkinTempDeviationC=-0.4))
    assert (episode.respiratory_rate_rpm, episode.skin_temp_deviation_c) == (13, -0.4)
    assert (episode.hrv_rmssd_ms, episode.heart_rate_mean_bpm) == (None, None)
    assert episode.flags == ("heart_rate_mean_bpm_implausible",)


def test_a_day_without_sleep_is_no_night_and_may_have_a_nap(tmp_path):
    nothing = {"dailySleepDTO": {"id": None, "calendarDate": "2025-03-06"}, "sleepLevels": []}
    nap = {
        "napStartTimestampGMT": "2025-03-06T12:00:00",
        "napEndTimestampGMT": "2025-03-06T12:30:00",
        "napTimeSec": 1500,
        "napStartTimeOffset": 60,
    }
    night, slept = read_day(tmp_path, [day(), nothing, nothing | {"dailyNapDTOS": [nap]}])
    assert (night.vendor_nap, slept.vendor_nap) == (False, True)
    assert (slept.start.isoformat(), slept.tst_min) == ("2025-03-06T13:00:00+01:00", 25)


def test_the_inner_object_alone_is_read_and_a_date_is_name_enough_in_a_folder_of_sleep(tmp_path):
    put(tmp_path, {"sleep/2025-03-05.json": json.dumps(day()["dailySleepDTO"]).encode()})
    (episode,), _ = read(tmp_path, home_zone=None)
    assert (episode.start.isoformat(), episode.tst_min) == ("2025-03-04T23:00:00+01:00", 300)


@pytest.mark.parametrize("in_one_file", [False, True])
def test_a_damaged_day_refuses_itself_whether_in_a_list_or_in_a_file_of_its_own(tmp_path, in_one_file):
    later = [Slept(SLEPT.wall + timedelta(days=ahead), 1, SLEPT.stages) for ahead in range(3)]
    (content,) = written.garmin_days(later).values()
    first, *others = json.loads(content)
    first["dailySleepDTO"]["deepSleepSeconds"] = -5
    days = [first, *others]
    for number, written_day in enumerate([days] if in_one_file else days):
        (tmp_path / f"sleep_{number}.json").write_text(json.dumps(written_day))
    episodes, notes = read(tmp_path, home_zone=None)
    assert [episode.missing for episode in episodes] == ["damaged", "", ""]
    assert any("1 of 3 records cannot be read" in note for note in notes)


def test_an_answer_without_its_sleep_refuses_itself(tmp_path):
    (tmp_path / "sleep_1.json").write_text(json.dumps([day(), day(), {"sleepLevels": []}]))
    _, notes = read(tmp_path)
    assert any("1 of 3 records cannot be read" in note and "has no dailySleepDTO" in note for note in notes)


def test_a_day_file_that_was_cut_short_refuses_itself(tmp_path):
    later = [Slept(SLEPT.wall + timedelta(days=ahead), 1, SLEPT.stages) for ahead in range(3)]
    (content,) = written.garmin_days(later).values()
    for number, written_day in enumerate(json.loads(content)):
        (tmp_path / f"sleep_{number}.json").write_text(json.dumps(written_day)[: None if number else 400])
    episodes, notes = read(tmp_path, home_zone=None)
    assert [episode.tst_min for episode in episodes] == [300, 300]
    assert any("sleep_0.json; the first: the JSON is cut short" in note for note in notes)


def test_an_account_export_and_day_files_of_the_same_nights_are_not_added_up(tmp_path):
    account(tmp_path, {}, {})
    (tmp_path / "sleep_1.json").write_text(json.dumps(day()))
    selected = select_records(read(tmp_path)[0], least_part_min=15)
    assert [episode.layout for episode in selected.used] == ["the account export"] * 2
    assert [(episode.layout, why) for episode, why in selected.left_out] == [("day files", "other_layout")]


def test_a_night_in_the_year_1969_is_refused(tmp_path):
    times = {f"sleep{edge}Timestamp{clock}": 0 for edge in ("Start", "End") for clock in ("GMT", "Local")}
    (tmp_path / "sleep_1.json").write_text(json.dumps(day(sleep=times)))
    refused(tmp_path, match=f"sleep in the year {datetime.fromtimestamp(0, UTC).year}")
