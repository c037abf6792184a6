import json
import os
import random
import subprocess
import sys
import time
import zipfile
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from time import perf_counter
from zoneinfo import ZoneInfo

import pytest
from test_importers import fitbit_log

from n1trial.conduct import this_evening
from n1trial.demo import TRUTH
from n1trial.diary import answers_of, read_diary
from n1trial.importers import read_exports
from n1trial.intake import import_exports, make_trial, recorded_nights, trial_data, write_down
from n1trial.nights import nightly, nights_csv
from n1trial.simulate import simulate_nights, write_fitbit_takeout
from n1trial.store import read_log, stored_episodes

NOW = datetime(2026, 6, 1, 9, tzinfo=UTC)
START = date(2026, 1, 5)
# Every kind of clock that a computer may be set to.
HOST_ZONES = (
    "UTC",
    "Europe/Berlin",
    "America/New_York",
    "America/St_Johns",
    "America/Sao_Paulo",
    "Asia/Kolkata",
    "Asia/Kathmandu",
    "Asia/Tokyo",
    "Australia/Lord_Howe",
    "Pacific/Apia",
    "Pacific/Chatham",
    "Pacific/Pago_Pago",
)


def new_trial(place, home_zone="Europe/Berlin"):
    return make_trial(
        place,
        protocol="glycine-vs-magnesium-glycinate",
        start=START,
        seed="77" * 32,
        home_zone=ZoneInfo(home_zone),
        now=NOW,
    )


def csv_of(folder):
    return nights_csv(nightly(stored_episodes(folder)))


@pytest.fixture(scope="module")
def takeout(tmp_path_factory):
    """A pretend Takeout, the logs in it, and the nights it makes."""
    place = tmp_path_factory.mktemp("takeout")
    folder = new_trial(place / "trial")
    person = simulate_nights(folder.schedule, TRUTH, seed=4)
    write_fitbit_takeout(person, place / "takeout.zip")
    import_exports(folder, [place / "takeout.zip"], now=NOW)
    return place / "takeout.zip", csv_of(folder)


@pytest.fixture(scope="module")
def logs(takeout):
    with zipfile.ZipFile(takeout[0]) as archive:
        return [log for name in archive.namelist() for log in json.loads(archive.read(name))]


def changed(log):
    """The same log, analysed again by its vendor."""
    return log | {"minutesAsleep": log["minutesAsleep"] + 1}


def write_logs(path, logs):
    path.write_text(json.dumps(logs))
    return path


def test_the_same_export_again_is_not_read_again(takeout, tmp_path):
    folder = new_trial(tmp_path / "trial")
    first = import_exports(folder, [takeout[0]], now=NOW)
    before = (folder.path / "trial.db").read_bytes()
    again = import_exports(folder, [takeout[0]], now=NOW)
    assert (first.unchanged, again.unchanged, again.read, again.new) == (False, True, first.read, 0)
    assert (folder.path / "trial.db").read_bytes() == before
    assert csv_of(folder) == takeout[1]


def test_overlapping_and_older_exports_in_any_order_give_the_same_nights(takeout, logs, tmp_path):
    """A then A, A then B, B then A, the union at once, older after newer, with records that differ."""
    middle = len(logs) // 2
    older = write_logs(tmp_path / "older.json", logs[: middle + 20])
    newer = write_logs(tmp_path / "newer.json", [changed(log) for log in logs[middle - 20 :]])
    found = set()
    for number, order in enumerate(([older, newer], [newer, older], [older, older, newer, older])):
        folder = new_trial(tmp_path / f"trial-{number}")
        for export in order:
            import_exports(folder, [export], now=NOW)
        found.add(csv_of(folder))
    assert len(found) == 1
    assert found.pop().count("copies_differ") >= 30


@pytest.mark.parametrize("partitions", [10, pytest.param(500, marks=pytest.mark.slow)])
def test_any_partition_of_an_export_in_any_order_gives_the_same_nights(takeout, logs, tmp_path, partitions):
    rng = random.Random(7)
    different = 0
    for number in range(partitions):
        folder = new_trial(tmp_path / f"trial-{number}")
        parts = [[] for _ in range(rng.randint(1, 5))]
        for log in logs:
            for part in {rng.randrange(len(parts)) for _ in range(rng.choice((1, 1, 1, 2)))}:
                parts[part].append(log)
        for place, part in enumerate(rng.sample(parts, len(parts))):
            if part:
                rng.shuffle(part)
                import_exports(folder, [write_logs(tmp_path / f"part-{place}.json", part)], now=NOW)
        different += csv_of(folder) != takeout[1]
    print(f"{partitions} random partitions of {len(logs)} logs: {different} gave other nights")
    assert different == 0


def test_the_clock_of_the_computer_changes_no_night(takeout, tmp_path, monkeypatch):
    found = set()
    for zone in HOST_ZONES:
        monkeypatch.setenv("TZ", zone)
        time.tzset()
        folder = new_trial(tmp_path / zone.replace("/", "-"))
        import_exports(folder, [takeout[0]], now=NOW)
        found.add((csv_of(folder), trial_data(folder)[0].sha256))
    monkeypatch.undo()
    time.tzset()
    print(f"{len(HOST_ZONES)} host time zones: {len(found)} different results")
    assert len(found) == 1


@pytest.mark.slow
def test_the_command_line_reads_the_same_nights_under_every_clock(takeout):
    def printed(zone):
        return subprocess.run(
            [sys.executable, "-m", "n1trial.cli", "nights", str(takeout[0]), "--home-zone", "Europe/Berlin"],
            env=os.environ | {"TZ": zone},
            capture_output=True,
            check=True,
        ).stdout.decode()

    assert {printed(zone) for zone in HOST_ZONES} == {takeout[1]}


def ten_years(place: Path) -> Path:
    """A folder of ten years of Fitbit logs, a file a month."""
    place.mkdir()
    text = json.dumps(
        fitbit_log([("light", 20), ("wake", 4), ("deep", 30), ("rem", 16)] * 13, [(200, 2), (500, 3)]),
        indent=2,
    )
    for first in range(0, 3650, 30):
        logs = []
        for day in range(first, min(first + 30, 3650)):
            evening = date(2015, 1, 1) + timedelta(days=day)
            morning = evening + timedelta(days=1)
            log = text.replace("2025-03-01T", f"{evening}T").replace("2025-03-02T", f"{morning}T")
            logs.append(log.replace('"logId": 1', f'"logId": {day}'))
        (place / f"sleep-{date(2015, 1, 1) + timedelta(days=first)}.json").write_text(f"[{','.join(logs)}]")
    return place


@pytest.mark.slow
def test_ten_years_are_imported_quickly_and_known_again_at_once(tmp_path):
    export, folder = ten_years(tmp_path / "export"), new_trial(tmp_path / "trial")
    size = sum(file.stat().st_size for file in export.iterdir())

    def seconds(work):
        started = perf_counter()
        work()
        return perf_counter() - started

    read = seconds(lambda: read_exports([export], home_zone=folder.home_zone))
    first = seconds(lambda: import_exports(folder, [export], now=NOW))
    again = seconds(lambda: import_exports(folder, [export], now=NOW))
    ledger = seconds(lambda: recorded_nights(folder))
    command = seconds(
        lambda: subprocess.run(
            [sys.executable, "-m", "n1trial.cli", "import", folder.path, export],
            check=True,
            capture_output=True,
        )
    )
    print(
        f"ten years, {len(list(export.iterdir()))} files, {size / 1e6:.0f} MB: reading {read:.2f} s, first import"
        f" {first:.2f} s, unchanged {again:.2f} s, joining all nights {ledger:.2f} s; the command on the unchanged"
        f" export {command:.2f} s"
    )
    assert len(stored_episodes(folder)) == 3650
    assert first <= read + 1
    assert again <= 1


def test_an_evening_is_written_into_diary_and_log(tmp_path):
    folder = new_trial(tmp_path / "trial")
    write_down(folder, START, {"taken": "yes", "taken_at": "22:15"}, now=NOW)
    write_down(folder, START, {"caffeine_mg": "80"}, now=NOW)
    diary = read_diary(folder.diary, folder.protocol)
    assert answers_of(diary, START) == {"taken": "yes", "taken_at": "22:15", "caffeine_mg": "80"}
    assert [line.detail for line in read_log(folder)][1:] == [
        '2026-01-05 {"taken": "yes", "taken_at": "22:15"}',
        '2026-01-05 {"caffeine_mg": "80"}',
    ]


@pytest.mark.parametrize(
    ("now", "evening"),
    [
        ("2026-01-05T21:00+01:00", 5),
        ("2026-01-06T00:30+01:00", 5),
        ("2026-01-06T11:59+01:00", 5),
        ("2026-01-06T12:00+01:00", 6),
        ("2026-01-06T10:59+00:00", 5),
        ("2026-01-06T11:00+00:00", 6),
    ],
)
def test_it_is_still_the_evening_before_until_noon_at_home(tmp_path, now, evening):
    folder = new_trial(tmp_path / "trial")
    assert this_evening(folder, now=datetime.fromisoformat(now)) == date(2026, 1, evening)
