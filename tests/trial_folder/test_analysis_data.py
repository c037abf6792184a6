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

from n1trial.data.diary import answers_of, read_diary
from n1trial.data.episodes import Moment, SleepEpisode
from n1trial.data.importers import Note, read_exports
from n1trial.data.ledger import ledger_lines
from n1trial.data.left_out_nights import interim_nights
from n1trial.data.nights import nightly, nights_csv
from n1trial.errors import FolderError
from n1trial.planning.simulate import simulate_nights, write_fitbit_takeout
from n1trial.trial_folder.analysis_data import (
    import_exports,
    write_down,
)
from n1trial.trial_folder.create import make_trial
from n1trial.trial_folder.events import this_evening
from n1trial.trial_folder.import_doubts import doubts_of_records
from n1trial.trial_folder.snapshot import read_trial
from n1trial.trial_folder.store import add_episodes, forget_export, read_log, stored_episodes
from n1trial.workflows.demo import TRUTH

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
    nights = set()
    for number, order in enumerate(([older, newer], [newer, older], [older, older, newer, older])):
        folder = new_trial(tmp_path / f"trial-{number}")
        for export in order:
            import_exports(folder, [export], now=NOW)
        nights.add(csv_of(folder))
    assert len(nights) == 1
    assert nights.pop().count("copies_differ") >= 30


@pytest.mark.parametrize("partitions", [10, pytest.param(60, marks=pytest.mark.slow)])
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
    results = set()
    for zone in HOST_ZONES:
        monkeypatch.setenv("TZ", zone)
        time.tzset()
        folder = new_trial(tmp_path / zone.replace("/", "-"))
        import_exports(folder, [takeout[0]], now=NOW)
        results.add((csv_of(folder), read_trial(folder.path, now=NOW).data.sha256))
    monkeypatch.undo()
    time.tzset()
    print(f"{len(HOST_ZONES)} host time zones: {len(results)} different results")
    assert len(results) == 1


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
    """Import an export; the notes on it."""
    notes: list[Note] = []
    import_exports(folder, [export], now=NOW, on_note=notes.append)
    return [note.text for note in notes]


def minutes_asleep(folder):
    return read_trial(folder.path, now=NOW).data.table["tst_min"].dropna().tolist()


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
            "30 from Fitbit, the JSON of Fitbit's sleep logs, 10 from Fitbit, the Google-style CSV of Fitbit"
            in "".join(read_trial(folder.path, now=NOW).data.notes)
        )
        assert read_trial(folder.path, now=NOW).ledger().count(": other_layout") == 10


def test_googles_table_that_holds_all_nights_replaces_the_json_of_some(tmp_path):
    folder = new_trial(tmp_path / "trial")
    old = fitbit_takeout(tmp_path / "old", nights=range(10), asleep_min=400)
    new = fitbit_takeout(tmp_path / "new", nights=range(20), asleep_min=410, google=True)
    for export in (old, new):
        take_in(folder, export)
    assert minutes_asleep(folder) == [410] * 20
    assert "two analyses" not in "".join(read_trial(folder.path, now=NOW).data.notes)


def test_the_night_of_the_export_is_left_out_until_the_next_export_has_it_whole(tmp_path):
    folder = new_trial(tmp_path / "trial")
    # Made at 07:30 in Berlin, an hour and a half after the sleep, and again a month later.
    early = fitbit_takeout(tmp_path / "takeout-20260108T063000Z-001", nights=range(3), asleep_min=300)
    late = fitbit_takeout(tmp_path / "takeout-20260208T063000Z-001", nights=range(3), asleep_min=400)
    (note,) = take_in(folder, early)
    assert "2026-01-07T23:00:00+01:00 was hardly over when the export was made" in note
    assert minutes_asleep(folder) == [300, 300]
    assert read_trial(folder.path, now=NOW).ledger().count(": unfinished") == 1
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
    monkeypatch.setattr("n1trial.trial_folder.store.records.reader_revision", lambda: "changed")
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
    ledger = seconds(lambda: read_trial(folder.path, now=NOW).data)
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
    assert [str(line.event) for line in read_log(folder)][1:] == [
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


def zip_of(path, logs):
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("Takeout/Fitbit/Global Export Data/sleep-2026-01-05.json", json.dumps(logs))
    return path


def doubts_of(folder, *exports, now=NOW):
    doubts: list[str] = []
    import_exports(folder, exports, now=now, on_doubts=doubts.extend)
    return doubts


def shifted(log, hours):
    """The same night of somebody else, who goes to bed and rises so much later."""
    later = {
        name: (datetime.fromisoformat(log[name]) + timedelta(hours=hours)).isoformat(timespec="milliseconds")
        for name in ("startTime", "endTime")
    }
    return (
        {name: log[name] for name in ("type", "minutesAsleep", "minutesAwake")}
        | later
        | {"logId": -log["logId"]}
    )


def plain_logs(nights):
    return [
        {
            "logId": 1 + night,
            "type": "stages",
            "startTime": f"{START + timedelta(days=night)}T23:00:00.000",
            "endTime": f"{START + timedelta(days=night + 1)}T06:00:00.000",
            "minutesAsleep": 400,
            "minutesAwake": 20,
        }
        for night in nights
    ]


def test_nights_after_today_are_doubted(tmp_path):
    folder = new_trial(tmp_path / "trial")
    export = write_logs(tmp_path / "sleep-2026-01-05.json", plain_logs(range(10)))
    assert doubts_of(folder, export, now=datetime(2026, 1, 10, 9, tzinfo=UTC)) == [
        "4 nights of the export are after today (2026-01-11 to 2026-01-14)"
    ]
    (one,) = doubts_of(new_trial(tmp_path / "one"), export, now=datetime(2026, 1, 13, 9, tzinfo=UTC))
    assert one == "1 night of the export is after today (2026-01-14)"
    assert doubts_of(new_trial(tmp_path / "later"), export) == []


@pytest.mark.parametrize("hours", [1, 2])
def test_another_persons_export_of_the_same_kind_is_doubted(tmp_path, hours):
    folder = new_trial(tmp_path / "trial")
    mine, theirs = plain_logs(range(10)), [shifted(log, hours) for log in plain_logs(range(5, 12))]
    assert doubts_of(folder, zip_of(tmp_path / "mine.zip", mine)) == []
    (doubt,) = doubts_of(folder, zip_of(tmp_path / "theirs.zip", theirs))
    assert doubt.startswith("5 of 5 nights that are there already have other hours of sleep in this export")
    assert "it may be another person's" in doubt


def test_two_persons_exports_in_one_folder_are_doubted(tmp_path):
    both = tmp_path / "downloads"
    both.mkdir()
    zip_of(both / "anna.zip", plain_logs(range(5)))
    zip_of(both / "ben.zip", [shifted(log, 2) for log in plain_logs(range(5))])
    archives, hours = doubts_of(new_trial(tmp_path / "trial"), both)
    assert "holds 2 archives, which would be read as one export (anna.zip, ben.zip)" in archives
    assert hours.startswith("5 of 5 nights")


def test_parts_of_one_download_and_newer_exports_of_ones_own_are_not_doubted(tmp_path):
    parts = tmp_path / "parts"
    parts.mkdir()
    zip_of(parts / "takeout-20260601T083000Z-001.zip", plain_logs(range(5)))
    zip_of(parts / "takeout-20260601T083000Z-002.zip", plain_logs(range(5, 9)))
    folder = new_trial(tmp_path / "trial")
    assert doubts_of(folder, parts) == []
    again = [changed(log) for log in plain_logs(range(12))]
    assert doubts_of(folder, zip_of(tmp_path / "newer.zip", again)) == []


def test_another_ring_of_the_same_make_is_doubted(tmp_path):
    def record(ring, night):
        bed = datetime.combine(START + timedelta(days=night), datetime.min.time(), UTC) + timedelta(hours=23)
        return SleepEpisode(
            source="oura",
            source_file="a.json",
            record_id=f"{ring}{night}",
            start=Moment(bed.replace(tzinfo=None)),
            end=Moment((bed + timedelta(hours=7)).replace(tzinfo=None)),
            time_basis="naive_local",
            device=ring,
        )

    mine, theirs, unnamed = ([record(ring, 1)] for ring in ("Oura 12", "Oura 34", "Oura"))
    today = NOW.date()
    (doubt,) = doubts_of_records(mine, theirs, today=today)
    assert "the export is of Oura 34, and so far all was of Oura 12" in doubt
    assert list(doubts_of_records(mine, unnamed, today=today)) == []
    assert list(doubts_of_records([], theirs, today=today)) == []


def test_an_import_is_forgotten_with_its_nights_logged_and_may_come_again(tmp_path):
    folder = new_trial(tmp_path / "trial")
    mine = zip_of(tmp_path / "mine.zip", plain_logs(range(4)))
    theirs = zip_of(tmp_path / "theirs.zip", plain_logs(range(2, 9)))
    for export in (mine, theirs):
        import_exports(folder, [export], now=NOW)
    gone, records = forget_export(folder, str(theirs), now=NOW)
    assert (gone.export, gone.records, records) == ("theirs.zip", 7, 5)
    assert len(minutes_asleep(folder)) == 4
    assert read_log(folder)[-1].kind == "forgotten"
    assert str(read_log(folder)[-1].event).startswith("theirs.zip, 5 records taken out")
    assert not import_exports(folder, [theirs], now=NOW).unchanged
    assert len(minutes_asleep(folder)) == 9


def test_what_was_never_imported_cannot_be_forgotten(tmp_path):
    folder = new_trial(tmp_path / "trial")
    with pytest.raises(FolderError, match=r"x\.zip: was not imported: nothing was imported"):
        forget_export(folder, "x.zip", now=NOW)
    import_exports(folder, [zip_of(tmp_path / "mine.zip", plain_logs(range(4)))], now=NOW)
    with pytest.raises(FolderError, match=r"x\.zip: was not imported: give one of mine\.zip"):
        forget_export(folder, "x.zip", now=NOW)
    assert forget_export(folder, "mine.zip", now=NOW)[1] == 4


def test_nights_to_come_are_no_lost_records_and_make_no_fit_old(tmp_path):
    folder = new_trial(tmp_path / "trial")
    import_exports(folder, [zip_of(tmp_path / "mine.zip", plain_logs(range(14)))], now=NOW)
    early = read_trial(folder.path, now=datetime(2026, 1, 20, 12, tzinfo=UTC)).data
    late = read_trial(folder.path, now=NOW).data
    assert next(iter(ledger_lines(early))) == "tst_min: 7 analysed, 7 run-in, 1 no record, 118 to come"
    assert next(iter(ledger_lines(late))) == "tst_min: 7 analysed, 119 no record, 7 run-in"
    assert early.missing_share(early.outcomes[0]) == 1 / 8
    assert interim_nights(early) == 118
    assert early.sha256 == late.sha256


def test_a_device_without_a_night_of_the_trial_is_not_spoken_of(tmp_path):
    folder = new_trial(tmp_path / "trial")
    import_exports(folder, [zip_of(tmp_path / "mine.zip", plain_logs(range(14)))], now=NOW)
    bed = datetime(2024, 1, 5, 23)
    old = SleepEpisode(
        source="oura",
        source_file="old.json",
        record_id="1",
        start=Moment(bed),
        end=Moment(bed + timedelta(hours=7)),
        time_basis="naive_local",
        tst_min=400,
    )
    add_episodes(folder, [old], now=NOW)
    assert not any("oura" in note.lower() for note in read_trial(folder.path, now=NOW).data.notes)
