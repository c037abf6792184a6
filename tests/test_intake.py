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
from device_files import ten_years_of_fitbit
from yardstick import slowness

from n1trial.conduct import this_evening
from n1trial.demo import TRUTH
from n1trial.diary import answers_of, read_diary
from n1trial.importers import Note, read_exports
from n1trial.intake import (
    import_exports,
    recorded_nights,
    trial_data,
    trial_ledger,
    write_down,
)
from n1trial.making import make_trial
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


@pytest.mark.parametrize("partitions", [10, pytest.param(200, marks=pytest.mark.slow)])
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


def fitbit_takeout(path: Path, *, nights: range, asleep_min: int, google: bool = False) -> Path:
    """Nights from 23:00 to 06:00 in Berlin's winter: as the JSON of sleep logs, or as Google's table."""
    path.mkdir()
    evenings = [START + timedelta(days=night) for night in nights]
    if google:
        columns = "sleep_id,sleep_start,sleep_end,minutes_asleep,start_utc_offset,end_utc_offset,sleep_type"
        rows = [
            f"{evening:%Y%m%d},{evening}T22:00:00Z,{evening + timedelta(days=1)}T05:00:00Z,{asleep_min},+01:00,+01:00,"
            "CLASSIC"
            for evening in evenings
        ]
        (path / "UserSleeps_2026-01-01.csv").write_text("\n".join([columns, *rows]))
    else:
        logs = [
            {
                "logId": evening.toordinal(),
                "type": "stages",
                "startTime": f"{evening}T23:00:00.000",
                "endTime": f"{evening + timedelta(days=1)}T06:00:00.000",
                "minutesAsleep": asleep_min,
                "minutesAwake": 420 - asleep_min,
            }
            for evening in evenings
        ]
        (path / "sleep-2026-01-01.json").write_text(json.dumps(logs))
    return path


def take_in(folder, export) -> list[str]:
    """Import an export; the notes that it said."""
    notes: list[Note] = []
    import_exports(folder, [export], now=NOW, on_note=notes.append)
    return [note.text for note in notes]


def minutes_asleep(folder):
    return recorded_nights(folder).data.table["tst_min"].dropna().tolist()


def test_fitbits_json_one_month_and_googles_table_the_next_count_no_night_twice_and_are_named(tmp_path):
    old = fitbit_takeout(tmp_path / "old", nights=range(30), asleep_min=400)
    new = fitbit_takeout(tmp_path / "new", nights=range(20, 40), asleep_min=410, google=True)
    for name, exports in (("one", (old, new)), ("two", (new, old))):
        folder = new_trial(tmp_path / name)
        for export in exports:
            take_in(folder, export)
        # Ten nights are in both exports: they are as the layout with more nights has them.
        assert minutes_asleep(folder) == [400] * 30 + [410] * 10
        assert (
            "fitbit: 10 from the Google-style CSV of Fitbit and 30 from the JSON of Fitbit's sleep logs: two analyses"
            in "".join(recorded_nights(folder).data.notes)
        )
        assert trial_ledger(folder).count(": other_layout") == 10


def test_googles_table_that_holds_all_nights_replaces_the_json_of_some(tmp_path):
    folder = new_trial(tmp_path / "trial")
    old = fitbit_takeout(tmp_path / "old", nights=range(10), asleep_min=400)
    new = fitbit_takeout(tmp_path / "new", nights=range(20), asleep_min=410, google=True)
    for export in (old, new):
        take_in(folder, export)
    assert minutes_asleep(folder) == [410] * 20
    assert "two analyses" not in "".join(recorded_nights(folder).data.notes)


def test_the_night_of_the_export_is_left_out_until_the_next_export_has_it_whole(tmp_path):
    folder = new_trial(tmp_path / "trial")
    # Made at 07:30 in Berlin, an hour and a half after the sleep, and again a month later.
    early = fitbit_takeout(tmp_path / "takeout-20260108T063000Z-001", nights=range(3), asleep_min=300)
    late = fitbit_takeout(tmp_path / "takeout-20260208T063000Z-001", nights=range(3), asleep_min=400)
    (note,) = take_in(folder, early)
    assert "2026-01-07T23:00:00+01:00 was hardly over when the export was made" in note
    assert minutes_asleep(folder) == [300, 300]
    assert trial_ledger(folder).count(": unfinished") == 1
    take_in(folder, late)
    assert minutes_asleep(folder) == [400, 400, 400]


def test_a_night_that_was_whole_all_along_is_no_other_copy(tmp_path):
    folder = new_trial(tmp_path / "trial")
    for stamp, nights in (("20260108T063000Z", range(3)), ("20260208T063000Z", range(4))):
        export = fitbit_takeout(tmp_path / f"takeout-{stamp}-001", nights=nights, asleep_min=400)
        take_in(folder, export)
    assert minutes_asleep(folder) == [400, 400, 400, 400]
    assert "copies_differ" not in csv_of(folder)


def test_an_export_is_read_again_when_the_importers_have_changed(tmp_path, monkeypatch):
    folder = new_trial(tmp_path / "trial")
    export = fitbit_takeout(tmp_path / "export", nights=range(3), asleep_min=400)
    import_exports(folder, [export], now=NOW)
    assert import_exports(folder, [export], now=NOW).unchanged
    monkeypatch.setattr("n1trial.store.records.reader_revision", lambda: "changed")
    again = import_exports(folder, [export], now=NOW)
    assert (again.unchanged, again.conflicts) == (False, ())
    assert minutes_asleep(folder) == [400, 400, 400]


@pytest.mark.alone
@pytest.mark.slow
def test_ten_years_are_imported_quickly_and_known_again_at_once(tmp_path):
    export, folder = tmp_path / "export", new_trial(tmp_path / "trial")
    ten_years_of_fitbit(export)
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
    assert len(nightly(stored_episodes(folder)).table) >= 3650
    slower = slowness()
    assert first <= read + 1 * slower
    assert again <= 1 * slower


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
