import csv
import json
import re
import time
import zipfile
from collections import defaultdict
from dataclasses import replace
from datetime import date, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
import pytest

from n1trial.data.diary import read_diary
from n1trial.data.importers import read_exports
from n1trial.data.nights import nightly
from n1trial.design.protocol import PermutedBlocks, read_protocol
from n1trial.design.schedule import Schedule, randomise
from n1trial.errors import ScheduleError
from n1trial.planning.simulate import (
    QUIET,
    Truth,
    diary_text,
    simulate_nights,
    write_fitbit_takeout,
    write_oura_web_csv,
)

PROTOCOL = read_protocol("glycine-vs-magnesium-glycinate")


def schedule(*, blocks: int = 6, run_in_nights: int = 7, start: date = date(2026, 1, 5)) -> Schedule:
    design = PermutedBlocks(blocks=blocks, period_nights=7, run_in_nights=run_in_nights)
    return randomise(PROTOCOL.model_copy(update={"design": design}), start=start, seed="0" * 64)


LONG = schedule(blocks=60)


def by_arm(table: pd.DataFrame, column: str) -> pd.Series:
    return table[table["phase"] == "trial"].groupby("arm")[column].mean()


# The truth of the nights


def test_in_a_quiet_truth_the_arms_differ_by_exactly_their_effects():
    truth = replace(QUIET, effects_min={"glycine": 8, "magnesium-glycinate": 20})
    table = simulate_nights(schedule(), truth, 1).table
    assert by_arm(table, "tst_min").to_dict() == {"glycine": 428, "magnesium-glycinate": 440, "none": 420}
    assert (table.loc[table["phase"] == "run-in", "tst_min"] == 420).all()


def test_a_half_life_is_the_nights_until_half_of_the_effect_is_there():
    truth = replace(
        QUIET, effects_min={"magnesium-glycinate": 32}, half_life_nights={"magnesium-glycinate": 3}
    )
    table = simulate_nights(schedule(blocks=1), truth, 1).table
    first = table.index[table["arm"] == "magnesium-glycinate"][0]
    assert table["effect_min"].iloc[first + 2] == pytest.approx(16)
    assert table["exposure"].iloc[first + 5] == pytest.approx(0.75)


def test_a_half_life_carries_the_effect_over_into_the_next_period():
    truth = replace(QUIET, effects_min={"glycine": 20}, half_life_nights={"glycine": 7})
    table = simulate_nights(schedule(), truth, 1).table
    recovered = by_arm(table, "tst_min")["glycine"] - by_arm(table, "tst_min")["none"]
    assert 0 < recovered < 14


def test_of_a_contrast_with_a_half_life_of_three_nights_seven_nights_recover_two_fifths():
    truth = replace(QUIET, effects_min={"glycine": 1000}, half_life_nights={"glycine": 3}, mean_min=120)
    shares = []
    for seed in range(40):
        drawn = randomise(PROTOCOL, start=date(2026, 1, 5), seed=f"{seed:064x}")
        effect = by_arm(simulate_nights(drawn, truth, 1).table, "effect_min")
        shares.append((effect["glycine"] - effect["none"]) / 1000)
    assert np.mean(shares) == pytest.approx(0.43, abs=0.03)  # 126 nights in 7-night periods


def test_a_forgotten_dose_has_no_effect():
    table = simulate_nights(LONG, replace(QUIET, effects_min={"glycine": 20}, missed_share=0.2), 1).table
    trial = table[table["phase"] == "trial"]
    assert (~trial["taken"]).mean() == pytest.approx(0.2, abs=0.03)
    assert set(trial.loc[trial["arm"] == "glycine", "tst_min"][~trial["taken"]]) == {420}


def test_the_residual_has_its_standard_deviation_and_its_tails():
    table = simulate_nights(LONG, replace(QUIET, residual_sd=60, tail_nu=6), 3).table
    assert table["sleep_min"].std() == pytest.approx(60, rel=0.08)
    assert table["sleep_min"].kurt() > 0.5


@pytest.mark.parametrize("phi", [-0.2, 0.0, 0.3])
def test_over_many_nights_the_autocorrelation_is_phi(phi):
    truth = replace(QUIET, residual_sd=60, phi=phi, tail_nu=None)
    lagged = [simulate_nights(LONG, truth, seed).table["sleep_min"].autocorr(1) for seed in range(8)]
    assert np.mean(lagged) == pytest.approx(phi, abs=0.03)


def test_drift_is_slow_and_has_its_standard_deviation():
    nights = [
        simulate_nights(LONG, replace(QUIET, drift_sd=20), seed).table["expected_min"] for seed in range(12)
    ]
    assert np.sqrt(np.mean([(night - 420) ** 2 for night in nights])) == pytest.approx(20, rel=0.15)
    assert min(night.autocorr(1) for night in nights) > 0.98


def test_free_nights_are_fridays_and_saturdays():
    table = simulate_nights(schedule(), replace(QUIET, free_night_min=30), 1).table
    longer = table.loc[table["tst_min"] == 450, "night"].dt.day_name()
    assert set(longer) == {"Friday", "Saturday"}
    assert len(longer) == 38


def test_a_period_shifts_all_its_nights_alike():
    table = simulate_nights(LONG, replace(QUIET, period_sd=20), 1).table
    assert (table.groupby("period")["expected_min"].std().fillna(0) < 1e-9).all()
    assert table.groupby("period")["expected_min"].first().std() == pytest.approx(20, rel=0.15)


def test_caffeine_comes_on_three_days_in_ten_and_after_short_nights():
    table = simulate_nights(LONG, Truth(), 5).table
    short = table["sleep_min"].shift() < 420
    drunk = table["caffeine_mg"] > 0
    assert drunk.mean() == pytest.approx(0.3, abs=0.04)
    assert drunk[short].mean() > 2 * drunk[~short].mean()


@pytest.mark.parametrize(("mean", "omega"), [(2, -0.2), (6, 0.3), (25, -0.3)])
def test_wake_episodes_are_generalised_poisson(mean, omega):
    truth = replace(QUIET, wakes_mean=mean, wakes_omega=omega)
    counts = pd.concat([simulate_nights(LONG, truth, seed).table["wake_episodes"] for seed in range(6)])
    assert counts.mean() == pytest.approx(mean, rel=0.03)
    assert counts.var() == pytest.approx(mean / (1 - omega) ** 2, rel=0.08)


def test_wake_episodes_follow_the_arm_and_the_sleep():
    truth = replace(QUIET, effects_min={"none": 0, "glycine": 84}, log_rate_effects={"glycine": np.log(0.5)})
    expected = by_arm(simulate_nights(schedule(), truth, 1).table, "expected_episodes")
    assert expected["none"] == pytest.approx(2)
    assert expected["glycine"] == pytest.approx(2 * 0.5 * 1.2**0.8)


def test_missing_nights_come_one_by_one_and_in_bursts():
    single = simulate_nights(LONG, replace(QUIET, missing_share=0.1), 1).table
    burst = simulate_nights(LONG, replace(QUIET, missing_bursts=2), 1).table
    assert (~single["present"]).mean() == pytest.approx(0.1, abs=0.02)
    assert (~burst["present"]).mean() == pytest.approx(0.1, abs=0.05)
    changes = burst["present"].ne(burst["present"].shift()).cumsum()
    assert min(len(run) for _, run in burst[~burst["present"]].groupby(changes)) >= 3
    assert (single["tst_min"].isna() == ~single["present"]).all()


def test_missing_not_at_random_takes_short_nights_three_times_as_often():
    truth = Truth(missing_share=0.1, missing_bursts=0, missing_short_factor=3, residual_sd=100)
    table = pd.concat([simulate_nights(LONG, truth, seed).table for seed in range(4)])
    short = table["sleep_min"] < 300
    gone = (~table["present"]).groupby(short).mean()
    assert gone[True] / gone[False] == pytest.approx(3, rel=0.25)
    assert (~table["present"]).mean() == pytest.approx(0.1, abs=0.015)


def test_a_partial_record_keeps_only_some_of_the_night():
    table = simulate_nights(LONG, Truth(partial_share=0.1), 1).table
    partial = table[table["partial"] & table["present"]]
    assert table["partial"].mean() == pytest.approx(0.1, abs=0.02)
    assert (partial["tst_min"] <= 0.6 * partial["tst_full_min"] + 1).all()


def test_a_device_that_errs_records_what_its_error_says():
    table = simulate_nights(schedule(), replace(QUIET, device_offset_min=15, device_slope=0.9), 1).table
    assert set(table["tst_min"]) == {393}


def test_a_guess_is_right_one_time_in_three_unless_the_effect_is_felt():
    blind = simulate_nights(LONG, QUIET, 1).table.query("phase == 'trial'")
    felt = simulate_nights(LONG, replace(QUIET, effects_min={"glycine": 20}), 1).table
    felt = felt.query("phase == 'trial' and arm == 'glycine'")
    assert (blind["guess"] == blind["arm"]).mean() == pytest.approx(1 / 3, abs=0.04)
    assert (felt["guess"] == felt["arm"]).mean() == pytest.approx(1 / 3 + 0.3, abs=0.07)


def test_people_differ_in_their_effects_and_the_trial_knows_them():
    truth = replace(QUIET, effects_min={"glycine": 10}, effects_between_people_sd=8)
    effects = [simulate_nights(schedule(), truth, seed).effects_min["glycine"] for seed in range(150)]
    assert np.mean(effects) == pytest.approx(10, abs=2)
    assert np.std(effects) == pytest.approx(8, rel=0.15)


def test_one_thing_changed_leaves_all_else_the_same_person():
    one = simulate_nights(schedule(), Truth(caffeine_share=0), 7).table
    other = simulate_nights(schedule(), Truth(caffeine_share=0, effects_min={"glycine": 20}), 7).table
    longer = other["sleep_min"] - one["sleep_min"]
    assert np.allclose(longer, 20 * ((one["arm"] == "glycine") & one["taken"]))
    pd.testing.assert_series_equal(one["present"], other["present"])


def test_the_same_seed_gives_the_same_nights_and_another_seed_others():
    one, again, other = (simulate_nights(schedule(), Truth(), seed).table for seed in (1, 1, 2))
    pd.testing.assert_frame_equal(one, again)
    assert not one["sleep_min"].equals(other["sleep_min"])


@pytest.mark.parametrize("nights", [1, 2])
def test_the_shortest_trials_can_be_simulated(nights):
    short = schedule(run_in_nights=nights)
    table = short.table.head(nights)
    assert len(simulate_nights(replace(short, table=table), Truth(), 1).table) == nights


def test_two_hundred_trials_take_less_than_two_seconds():
    planned = schedule()

    def seconds():
        begun = time.process_time()
        for seed in range(200):
            simulate_nights(planned, Truth(), seed)
        return time.process_time() - begun

    assert min(seconds() for _ in range(3)) < 2


@pytest.mark.parametrize(
    ("truth", "said"),
    [
        (Truth(effects_min={"glycin": 20}), "no arm is called 'glycin'"),
        (Truth(half_life_nights={"aspirin": 3}), "no arm is called 'aspirin'"),
        (Truth(phi=1.0), "phi is 1: give a number from -0.9 to 0.95"),
        (Truth(missing_share=5), "missing_share is 5"),
        (Truth(half_life_nights={"glycine": -1}), "half-life"),
    ],
)
def test_a_truth_that_cannot_be_is_refused(truth, said):
    with pytest.raises(ScheduleError, match=said):
        simulate_nights(schedule(), truth, 1)


# The exports, read back by other hands

LIVELY = Truth(split_share=0.3, nap_share=0.3, partial_share=0.05, wakes_mean=4, residual_sd=90)


def fitbit_logs(path: Path) -> list[dict]:
    with zipfile.ZipFile(path) as takeout:
        return [log for name in takeout.namelist() for log in json.loads(takeout.read(name))]


def epochs(log: dict) -> tuple[list[str], int]:
    """Paint `data`, then `shortData` over it, from the first segment on."""
    seconds = 30 if log["type"] == "stages" else 60
    data = log["levels"]["data"]
    first = datetime.fromisoformat(data[0]["dateTime"])
    painted = [""] * (sum(segment["seconds"] for segment in data) // seconds)
    for segment in data + log["levels"].get("shortData", []):
        at = int((datetime.fromisoformat(segment["dateTime"]) - first).total_seconds()) // seconds
        painted[at : at + segment["seconds"] // seconds] = [segment["level"]] * (
            segment["seconds"] // seconds
        )
    return painted, seconds


def episodes_inside(painted: list[str], seconds: int) -> int:
    code = "".join("w" if e in ("wake", "awake", "4") else "s" if e in ASLEEP else "u" for e in painted)
    return sum(
        len(run) * seconds >= 300 for run in re.findall("w+", code[code.index("s") : code.rindex("s")])
    )


ASLEEP = ("light", "deep", "rem", "asleep", "1", "2", "3")


def fitbit_nights(logs: list[dict]) -> dict[pd.Timestamp, tuple[float, float]]:
    """Minutes asleep and wake episodes by evening; a nap, which starts in the afternoon, is left out."""
    nights: dict = defaultdict(list)
    for log in {log["logId"]: log for log in logs}.values():
        start = datetime.fromisoformat(log["startTime"])
        if not 12 <= start.hour < 18:
            painted, seconds = epochs(log)
            evening = pd.Timestamp((start - timedelta(hours=12)).date())
            nights[evening].append(
                (sum(e in ASLEEP for e in painted) * seconds / 60, episodes_inside(painted, seconds))
            )
    return {
        night: (sum(m for m, _ in parts), sum(w for _, w in parts) + len(parts) - 1)
        for night, parts in nights.items()
    }


def truth_of(table: pd.DataFrame) -> dict[pd.Timestamp, tuple[float, float]]:
    present = table[table["present"]]
    return dict(
        zip(present["night"], zip(present["tst_min"], present["wake_episodes"], strict=True), strict=True)
    )


ZONES = [
    ("Europe/Berlin", date(2026, 1, 5)),
    ("America/New_York", date(2026, 8, 5)),
    ("Australia/Lord_Howe", date(2026, 9, 5)),
    ("Asia/Beirut", date(2026, 2, 5)),
]


@pytest.mark.parametrize(("zone", "start"), ZONES)
def test_a_fitbit_takeout_holds_exactly_the_simulated_nights(tmp_path, zone, start):
    trial = simulate_nights(schedule(blocks=5, start=start), LIVELY, 11)
    write_fitbit_takeout(trial, tmp_path / "takeout.zip", zone=zone)
    assert fitbit_nights(fitbit_logs(tmp_path / "takeout.zip")) == truth_of(trial.table)


@pytest.mark.parametrize(("zone", "start"), ZONES)
def test_an_oura_csv_holds_exactly_the_simulated_nights(tmp_path, zone, start):
    trial = simulate_nights(schedule(blocks=5, start=start), LIVELY, 12)
    write_oura_web_csv(trial, tmp_path / "oura.csv", zone=zone)
    nights = {}
    for row in oura_rows(tmp_path / "oura.csv"):
        if row["type"] in ("long_sleep", "sleep"):
            evening = datetime.fromisoformat(row["bedtime_start"]).replace(tzinfo=None) - timedelta(hours=12)
            nights[pd.Timestamp(evening.date())] = (
                int(row["total_sleep_duration"]) / 60,
                episodes_inside(list(row["sleep_phase_5_min"]), 300),
            )
    assert nights == truth_of(trial.table)


def oura_rows(path: Path) -> list[dict[str, str]]:
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


@pytest.fixture(scope="module")
def berlin(tmp_path_factory):
    """A lively spring in Berlin, as a Takeout and as an Oura CSV."""
    folder = tmp_path_factory.mktemp("berlin")
    trial = simulate_nights(schedule(), LIVELY, 3)
    write_fitbit_takeout(trial, folder / "takeout.zip")
    write_oura_web_csv(trial, folder / "oura.csv")
    return folder


def test_every_staged_log_keeps_the_identities_of_real_ones(berlin):
    for log in fitbit_logs(berlin / "takeout.zip"):
        if log["type"] == "stages":
            summary, painted = log["levels"]["summary"], epochs(log)[0]
            unknown = painted.count("unknown") // 2
            assert log["minutesAsleep"] == sum(
                summary[level]["minutes"] for level in ("deep", "light", "rem")
            )
            assert log["minutesAwake"] == summary["wake"]["minutes"]
            assert log["timeInBed"] == log["minutesAsleep"] + log["minutesAwake"] + unknown
            assert log["duration"] == 60_000 * log["timeInBed"]
            assert summary["wake"]["count"] == len(re.findall("w+", "".join(e[0] for e in painted)))
            assert all(
                abs(summary[x]["minutes"] - painted.count(x) / 2) <= 0.5 for x in ("deep", "light", "rem")
            )


def test_every_classic_log_keeps_the_identities_of_real_ones(berlin):
    classic = [log for log in fitbit_logs(berlin / "takeout.zip") if log["type"] == "classic"]
    assert classic
    for log in classic:
        edge = log["minutesToFallAsleep"] + log["minutesAfterWakeup"]
        minutes = {level: each["minutes"] for level, each in log["levels"]["summary"].items()}
        assert log["minutesAsleep"] == minutes["asleep"]
        assert log["minutesAwake"] + edge == minutes["restless"] + minutes["awake"]
        assert log["timeInBed"] == log["minutesAsleep"] + log["minutesAwake"] + edge
        assert "shortData" not in log["levels"]


def test_levels_tile_the_record_from_its_start_to_its_end(berlin):
    for log in fitbit_logs(berlin / "takeout.zip"):
        at = datetime.fromisoformat(log["startTime"])
        for segment in log["levels"]["data"]:
            assert segment["dateTime"] == at.isoformat(timespec="milliseconds")
            at += timedelta(seconds=segment["seconds"])
        assert log["endTime"] == at.isoformat(timespec="milliseconds")
        assert log["dateOfSleep"] == log["endTime"][:10]


def test_short_wakes_are_of_three_minutes_at_most_and_many(berlin):
    logs = [log for log in fitbit_logs(berlin / "takeout.zip") if log["type"] == "stages"]
    short = [wake["seconds"] for log in logs for wake in log["levels"]["shortData"]]
    assert set(short) <= set(range(30, 181, 30))
    assert len(short) / len(logs) > 10


def test_the_log_of_a_boundary_date_is_in_two_files_equal_but_for_the_average(berlin):
    copies = defaultdict(list)
    for log in fitbit_logs(berlin / "takeout.zip"):
        for level in log["levels"]["summary"].values():
            level.pop("thirtyDayAvgMinutes", None)
        copies[log["logId"]].append(log)
    twice = [pair for pair in copies.values() if len(pair) > 1]
    assert twice
    assert all(one == other for one, other in twice)


def test_one_log_a_wake_date_is_the_main_sleep_and_none_overlap(berlin):
    logs = {log["logId"]: log for log in fitbit_logs(berlin / "takeout.zip")}.values()
    mains = [log["dateOfSleep"] for log in logs if log["mainSleep"]]
    assert len(set(mains)) == len(mains)
    ordered = sorted(logs, key=lambda log: log["startTime"])
    assert all(one["endTime"] < other["startTime"] for one, other in pairwise(ordered))
    assert len(ordered) > len(mains)


def test_in_spring_an_unknown_hour_closes_the_log_and_the_end_is_right_on_the_clock(berlin):
    (log,) = (
        log
        for log in fitbit_logs(berlin / "takeout.zip")
        if any(segment["level"] == "unknown" for segment in log["levels"]["data"])
    )
    assert log["dateOfSleep"] == "2026-03-29"
    assert log["levels"]["data"][-1]["seconds"] == 3600
    assert log["timeInBed"] - log["minutesAsleep"] - log["minutesAwake"] == 60


def test_every_oura_row_keeps_the_identities_of_real_ones(berlin):
    rows = oura_rows(berlin / "oura.csv")
    for row in rows:
        asleep, in_bed = int(row["total_sleep_duration"]), int(row["time_in_bed"])
        start, end = (datetime.fromisoformat(row[key]) for key in ("bedtime_start", "bedtime_end"))
        parts = (int(row[f"{stage}_sleep_duration"]) for stage in ("deep", "light", "rem"))
        assert asleep + int(row["awake_time"]) == in_bed == (end - start).total_seconds()
        assert sum(parts) == asleep
        assert 0 <= int(row["latency"]) <= int(row["awake_time"])
        assert len(row["sleep_phase_5_min"]) == -(-in_bed // 300)
        assert int(row["bedtime_end_delta"]) - int(row["bedtime_start_delta"]) == in_bed
    assert 0.25 < np.mean([row["type"] == "" for row in rows]) < 0.6
    assert len(rows[0]) == 47


def test_oura_lines_end_as_the_web_writes_them(berlin):
    raw = (berlin / "oura.csv").read_bytes()
    assert raw.count(b"\r\n") == raw.count(b"\n")
    assert raw.startswith(
        b"average_breath,average_heart_rate,average_hrv,awake_time,bedtime_end,bedtime_start,day,"
    )


def test_the_same_trial_gives_the_same_bytes(berlin, tmp_path):
    trial = simulate_nights(schedule(), LIVELY, 3)
    write_fitbit_takeout(trial, tmp_path / "takeout.zip")
    write_oura_web_csv(trial, tmp_path / "oura.csv")
    for name in ("takeout.zip", "oura.csv"):
        assert (tmp_path / name).read_bytes() == (berlin / name).read_bytes()
    assert diary_text(trial, PROTOCOL) == diary_text(simulate_nights(schedule(), LIVELY, 3), PROTOCOL)


def test_a_trial_without_a_recorded_night_writes_empty_exports(tmp_path):
    trial = simulate_nights(schedule(), replace(QUIET, missing_share=1), 1)
    write_fitbit_takeout(trial, tmp_path / "takeout.zip")
    write_oura_web_csv(trial, tmp_path / "oura.csv")
    assert fitbit_logs(tmp_path / "takeout.zip") == oura_rows(tmp_path / "oura.csv") == []


def test_an_unknown_zone_is_an_error_of_one_line(tmp_path):
    trial = simulate_nights(schedule(), Truth(), 1)
    with pytest.raises(ScheduleError, match="no time zone is called 'Berlin'"):
        write_fitbit_takeout(trial, tmp_path / "takeout.zip", zone="Berlin")


@pytest.mark.parametrize("write", [write_fitbit_takeout, write_oura_web_csv])
@pytest.mark.parametrize(("zone", "start"), ZONES)
def test_the_importers_get_back_exactly_what_was_simulated(tmp_path, write, zone, start):
    trial = simulate_nights(schedule(blocks=5, start=start), LIVELY, 13)
    export = tmp_path / ("takeout.zip" if write is write_fitbit_takeout else "oura_sleep.csv")
    write(trial, export, zone=zone)
    table = nightly(read_exports([export], home_zone=ZoneInfo(zone))).table.dropna(subset="tst_min")
    recorded = zip(table["tst_min"], table["wake_episodes"], strict=True)
    assert dict(zip(pd.to_datetime(table["night"]), recorded, strict=True)) == truth_of(trial.table)


# The diary


def test_the_diary_of_a_simulated_person_reads_back(tmp_path):
    trial = simulate_nights(schedule(), replace(LIVELY, unwritten_share=0.0), 3)
    path = tmp_path / "diary.csv"
    path.write_text(diary_text(trial, PROTOCOL))
    table = read_diary(path, PROTOCOL).table
    in_trial = (trial.table["phase"] == "trial").to_numpy()
    due = in_trial & (trial.table["arm"] != "none").to_numpy()
    assert table["night"].tolist() == trial.table["night"].tolist()
    assert table["caffeine_mg"].tolist() == trial.table["caffeine_mg"].tolist()
    assert table["taken"][due].tolist() == trial.table["taken"][due].tolist()
    assert not table["taken"][in_trial & ~due].any()
    assert table["taken_at"].notna().equals(table["taken"].fillna(False).astype(bool))
    assert table["guess"][in_trial].tolist() == trial.table["guess"][in_trial].tolist()


def test_an_unwritten_night_is_an_empty_line(tmp_path):
    trial = simulate_nights(schedule(), Truth(unwritten_share=1.0), 3)
    path = tmp_path / "diary.csv"
    path.write_text(diary_text(trial, PROTOCOL))
    assert read_diary(path, PROTOCOL).table.drop(columns="night").isna().all(axis=None)
