import sqlite3
import stat
from dataclasses import replace
from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest

from n1trial.diary import blank_diary
from n1trial.episodes import Moment, SleepEpisode
from n1trial.errors import FolderError
from n1trial.protocol import protocol_path, read_protocol
from n1trial.schedule import randomise
from n1trial.store import add_episodes, append_log, create_folder, open_folder, read_log, stored_episodes

NOW = datetime(2026, 1, 4, 18, tzinfo=UTC)
TEMPLATE = "glycine-vs-magnesium-glycinate"
PROTOCOL = read_protocol(TEMPLATE)


@pytest.fixture
def folder(tmp_path):
    schedule = randomise(PROTOCOL, start=date(2026, 1, 5), seed="11" * 32)
    return create_folder(
        tmp_path / "trial",
        protocol_source=protocol_path(TEMPLATE).read_text(),
        protocol=PROTOCOL,
        schedule=schedule,
        diary=blank_diary(schedule, PROTOCOL),
        home_zone=ZoneInfo("Europe/Berlin"),
        now=NOW,
    )


def episode(record_id="1", tst_min=400.0):
    return SleepEpisode(
        source="fitbit",
        source_file="a.json",
        record_id=record_id,
        start=Moment(datetime(2026, 1, 5, 23, 0)),
        end=Moment(datetime(2026, 1, 6, 6, 0)),
        time_basis="naive_local",
        tst_min=tst_min,
        wake_runs_min=(5.0, 0.5),
        resolution_s=30,
        vendor_date=date(2026, 1, 6),
    )


def test_a_folder_opens_as_it_was_made(folder):
    again = open_folder(folder.path)
    assert again.protocol == folder.protocol
    assert again.schedule.table.equals(folder.schedule.table)
    assert (again.schedule.seed, again.home_zone) == (folder.schedule.seed, folder.home_zone)


def test_only_the_owner_may_read_it(folder):
    add_episodes(folder, [episode()], now=NOW)
    assert stat.S_IMODE(folder.path.stat().st_mode) == 0o700
    assert {stat.S_IMODE(file.stat().st_mode) for file in folder.path.iterdir()} == {0o600}


def test_records_come_back_as_they_went_in(folder):
    add_episodes(folder, [episode()], now=NOW)
    assert stored_episodes(folder) == [episode()]


def test_the_same_export_again_changes_nothing(folder):
    first = add_episodes(folder, [episode("1"), episode("2")], now=NOW)
    again = add_episodes(folder, [episode("2"), episode("1"), episode("1")], now=NOW)
    assert (first.new, again.new, again.known) == (2, 0, 3)
    assert len(stored_episodes(folder)) == 2


def test_the_same_record_from_another_file_is_the_same_record(folder):
    add_episodes(folder, [episode()], now=NOW)
    assert add_episodes(folder, [replace(episode(), source_file="b.json")], now=NOW).known == 1


def test_a_record_that_changed_is_listed_and_both_copies_stay(folder):
    add_episodes(folder, [episode()], now=NOW)
    done = add_episodes(folder, [episode(tst_min=420)], now=NOW)
    assert (done.new, len(done.conflicts)) == (0, 1)
    assert "record 1 (2026-01-05T23:00:00) differs from the copy imported before" in done.conflicts[0]
    assert len(stored_episodes(folder)) == 2


def test_a_trial_is_never_overwritten(folder):
    with pytest.raises(FolderError, match="is there already: choose a new folder"):
        create_folder(
            folder.path,
            protocol_source="",
            protocol=PROTOCOL,
            schedule=folder.schedule,
            diary="",
            home_zone=None,
            now=NOW,
        )


def test_a_protocol_changed_after_the_start_is_refused(folder):
    path = folder.path / "protocol.yaml"
    path.write_text(path.read_text().replace("compound_mg: 3000", "compound_mg: 5000"))
    with pytest.raises(FolderError, match="changed after the trial began"):
        open_folder(folder.path)


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (lambda path: (path / "trial.db").unlink(), "no trial folder: make one with n1trial new"),
        (lambda path: (path / "trial.db").write_bytes(b"not a database" * 99), "restore a backup"),
        (lambda path: (path / "schedule.csv").unlink(), "schedule.csv: cannot be read"),
    ],
)
def test_a_damaged_folder_is_named(folder, spoil, said):
    spoil(folder.path)
    with pytest.raises(Exception, match=said) as refused:
        open_folder(folder.path)
    assert refused.value.exit_code == 1


@pytest.mark.parametrize(
    "tamper",
    [
        "UPDATE log SET detail = 'nothing' WHERE seq = 2",
        "UPDATE log SET at = '2030-01-01' WHERE seq = 1",
        "DELETE FROM log WHERE seq = 2",
        "UPDATE log SET seq = 9 WHERE seq = 2",
    ],
)
def test_a_log_line_that_was_changed_removed_or_moved_shows(folder, tamper):
    for number in range(3):
        append_log(folder, "note", f"line {number}", now=NOW)
    assert [line.event for line in read_log(folder)] == ["trial made", "note", "note", "note"]
    with sqlite3.connect(folder.path / "trial.db") as database:
        database.execute(tamper)
    database.close()
    with pytest.raises(FolderError, match="was changed or removed"):
        read_log(folder)
