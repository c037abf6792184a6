import os
import sqlite3
import stat
import subprocess
import sys
import zipfile
from contextlib import closing, suppress
from datetime import UTC, date, datetime
from itertools import combinations
from zoneinfo import ZoneInfo

import pytest
from msgspec.structs import replace
from paths import HELPERS

from n1trial.data.diary import blank_diary
from n1trial.data.episodes import Moment, SleepEpisode
from n1trial.data.flags import Flag
from n1trial.data.not_used import NotUsed
from n1trial.design.protocol import protocol_path, read_protocol
from n1trial.design.schedule import randomise
from n1trial.errors import FolderError, N1TrialError
from n1trial.system.files import write_whole
from n1trial.trial_folder.store import (
    add_episodes,
    append_log,
    create_folder,
    database,
    fingerprint,
    imported_before,
    open_folder,
    original_text,
    read_log,
    records,
    stored_episodes,
    writing,
)
from n1trial.trial_folder.store.log_events import Amended, stored_text

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


def test_flags_and_reasons_of_a_record_are_stored_as_their_text_and_come_back_as_they_are(folder):
    flagged = replace(
        episode(),
        tst_min=None,
        missing=NotUsed.UNSCORED,
        not_used=NotUsed.REST,
        flags=(Flag("classic"), Flag("tib_mismatch", "-60")),
    )
    add_episodes(folder, [flagged], now=NOW)
    with closing(sqlite3.connect(folder.path / database.NAME)) as stored:
        [(content,)] = stored.execute("SELECT content FROM episode")
    assert '"not_used":"rest","missing":"unscored"' in content
    assert '"flags":["classic","tib_mismatch=-60"]' in content
    [record] = stored_episodes(folder)
    assert record == flagged
    assert [flag.value for flag in record.flags] == ["", "-60"]
    assert record.missing is NotUsed.UNSCORED


def test_the_same_export_again_changes_nothing(folder):
    first = add_episodes(folder, [episode("1"), episode("2")], now=NOW)
    again = add_episodes(folder, [episode("2"), episode("1"), episode("1")], now=NOW)
    assert (first.new, again.new, again.known, again.copies) == (2, 0, 2, 1)
    assert len(stored_episodes(folder)) == 2


def test_copies_inside_one_export_are_not_told_as_known_from_an_earlier_import(folder):
    done = add_episodes(folder, [episode(), episode(), episode("2"), episode("2", tst_min=420)], now=NOW)
    assert (done.read, done.new, done.known, done.copies) == (4, 2, 0, 1)
    (conflict,) = done.conflicts
    assert "differs from another copy in the same export" in conflict
    assert str(read_log(folder)[-1].event).startswith(
        "2 new, 0 known, 1 in conflict, 1 repeated in it, export "
    )


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
    ("name", "option"), [("protocol.yaml", "--protocol"), ("schedule.csv", "--schedule")]
)
def test_whatever_became_of_a_file_of_the_start_its_way_back_is_told_and_leads_back(folder, name, option):
    file, before = folder.path / name, (folder.path / name).read_bytes()
    file.unlink()
    with pytest.raises(
        FolderError, match=f"{name}: is missing: put it back, as n1trial history .* {option} prints"
    ):
        open_folder(folder.path)
    file.write_text("blocks: [")
    with pytest.raises(N1TrialError, match=f"n1trial history .* {option} prints" if "yaml" in name else name):
        open_folder(folder.path)
    file.write_text(original_text(folder.path, name))
    assert file.read_bytes() == before
    assert open_folder(folder.path).protocol == folder.protocol


def test_a_comment_in_the_protocol_changes_nothing(folder):
    file = folder.path / "protocol.yaml"
    file.write_text(f"# bought at the corner\n{file.read_text()}")
    assert open_folder(folder.path).protocol == folder.protocol


def swap(path, old, new):
    path.write_text(path.read_text().replace(old, new))


def set_form(path, form):
    with database.writing(path) as connection:
        connection.execute("UPDATE meta SET value = ? WHERE key = 'form'", (form,))


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (lambda path: (path / "trial.db").unlink(), "no trial folder: make one with n1trial new"),
        (lambda path: (path / "trial.db").write_bytes(b"not a database" * 99), "restore a backup"),
        (lambda path: (path / "schedule.csv").unlink(), "schedule.csv: is missing: put it back"),
        (lambda path: swap(path / "schedule.csv", ",glycine,", ",none,"), "schedule.csv: changed after"),
        (lambda path: set_form(path, "3"), r"form 3, this n1trial reads 2: upgrade n1trial"),
        (lambda path: set_form(path, "1"), r"form 1, this n1trial reads 2: open it with n1trial \d"),
    ],
)
def test_a_damaged_folder_is_named(folder, spoil, message):
    spoil(folder.path)
    with pytest.raises(Exception, match=message) as refused:
        open_folder(folder.path)
    assert refused.value.exit_code == 1


LINES = (1, 2, 3, 4)
CELLS = ("at", "event", "detail", "previous", "sha256")
TAMPERED = [
    *(f"UPDATE log SET {cell} = {cell} || 'x' WHERE seq = {line}" for cell in CELLS for line in LINES),
    *(f"UPDATE log SET seq = 9 WHERE seq = {line}" for line in LINES),
    *(f"DELETE FROM log WHERE seq = {line}" for line in LINES[:-1]),
    *(
        f"UPDATE log SET seq = -{one} - {other} + seq WHERE seq IN ({one}, {other});"
        f"UPDATE log SET seq = -seq WHERE seq < 0"
        for one, other in combinations(LINES, 2)
    ),
]


@pytest.mark.parametrize("tamper", TAMPERED)
def test_a_log_line_that_was_changed_removed_or_moved_shows(folder, tamper):
    for number in range(3):
        append_log(folder, Amended(text=f"line {number}"), now=NOW)
    assert [line.kind for line in read_log(folder)] == ["trial made", *["amendment"] * 3]
    connection = sqlite3.connect(folder.path / "trial.db")
    connection.executescript(tamper)
    connection.close()
    with pytest.raises(FolderError, match="was changed or removed"):
        read_log(folder)


def test_any_bit_of_any_line_that_flips_shows(folder):
    append_log(folder, Amended(text="dose taken at 22:15"), now=NOW)
    kept = (folder.path / "trial.db").read_bytes()
    texts = [stored_text(line.event) for line in read_log(folder)]
    unnoticed = 0
    for text in texts:
        at = kept.index(text.encode())
        for place in range(at, at + len(text)):
            flipped = bytes([kept[place] ^ 1])
            (folder.path / "trial.db").write_bytes(kept[:place] + flipped + kept[place + 1 :])
            try:
                read_log(folder)
                unnoticed += 1
            except FolderError:
                pass
    print(f"{sum(map(len, texts))} flipped characters of {len(texts)} log lines: {unnoticed} unnoticed")
    assert unnoticed == 0


def test_a_second_writer_is_told_to_wait(folder, monkeypatch):
    monkeypatch.setattr(database, "PATIENCE_S", 0.05)
    with (
        writing(folder),
        pytest.raises(FolderError, match="another n1trial command is writing to this trial"),
    ):
        add_episodes(folder, [episode()], now=NOW)


def test_who_reads_does_not_wait_for_the_writer(folder):
    add_episodes(folder, [episode()], now=NOW)
    with writing(folder):
        assert len(stored_episodes(folder)) == 1
        assert open_folder(folder.path).protocol == PROTOCOL


def test_a_writer_that_fails_leaves_no_line(folder):
    with suppress(ZeroDivisionError), writing(folder) as writer:
        writer.log(Amended(text="half"), now=NOW)
        raise ZeroDivisionError
    assert [line.kind for line in read_log(folder)] == ["trial made"]


def test_unfinished_files_of_a_killed_command_are_removed_by_the_next_writer(folder):
    (folder.path / ".report.html.draft-x7_q").write_text("half a page")
    append_log(folder, Amended(text=""), now=NOW)
    assert not list(folder.path.glob(".*draft*"))


def test_a_record_keeps_a_file_that_holds_it_whatever_came_first(folder):
    late, early = replace(episode(), source_file="b.json"), replace(episode(), source_file="a.json")
    for each in (late, early):
        add_episodes(folder, [each], now=NOW)
    assert stored_episodes(folder) == [early]


def test_an_export_that_other_importers_read_again_replaces_what_was_read(folder, monkeypatch):
    add_episodes(folder, [episode("1"), episode("2")], now=NOW, sha256="aa")
    add_episodes(folder, [episode("2")], now=NOW, sha256="bb")
    assert imported_before(folder, "aa").unchanged
    monkeypatch.setattr(records, "_reader", lambda: "99.0")
    assert imported_before(folder, "aa") is None
    done = add_episodes(folder, [episode("1", tst_min=410.0)], now=NOW, sha256="aa")
    assert (done.new, done.conflicts) == (1, ())
    assert [(each.record_id, each.tst_min) for each in stored_episodes(folder)] == [("1", 410), ("2", 400)]


def test_an_export_is_known_by_what_it_holds_not_by_its_name(tmp_path):
    def zipped(name, content):
        with zipfile.ZipFile(tmp_path / name, "w") as archive:
            archive.writestr(zipfile.ZipInfo("sleep.json"), content)
        return tmp_path / name

    one, again, other = zipped("a.zip", "1"), zipped("a (1).zip", "1"), zipped("b.zip", "2")
    assert fingerprint([one]) == fingerprint([again]) != fingerprint([other])
    assert fingerprint([one, other]) == fingerprint([other, one]) != fingerprint([one])
    assert fingerprint([tmp_path]) is not None
    assert fingerprint([tmp_path / "absent"]) is None


def test_a_folder_is_known_again_until_a_file_in_it_changes(tmp_path):
    (tmp_path / "deep").mkdir()
    (tmp_path / "deep" / "sleep-1.json").write_text("1")
    (tmp_path / "link").symlink_to("/")
    before = fingerprint([tmp_path])
    assert fingerprint([tmp_path]) == before
    (tmp_path / "deep" / "sleep-1.json").write_text("2")
    assert fingerprint([tmp_path]) != before


def test_a_large_zip_is_known_by_its_end(tmp_path, monkeypatch):
    monkeypatch.setattr(sys.modules["n1trial.trial_folder.store.fingerprint"], "WHOLE_LIMIT", 100)
    monkeypatch.setattr(sys.modules["n1trial.trial_folder.store.fingerprint"], "ZIP_END", 100)
    for name, content in (("a.zip", b"1" * 500), ("b.zip", b"2" * 500)):
        with zipfile.ZipFile(tmp_path / name, "w") as archive:
            archive.writestr(zipfile.ZipInfo("sleep.json"), content)
    assert fingerprint([tmp_path / "a.zip"]) != fingerprint([tmp_path / "b.zip"])


def test_a_folder_that_cannot_be_made_leaves_nothing(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(FolderError, match="cannot be made"):
        create_folder(
            tmp_path / "file" / "trial",
            protocol_source="",
            protocol=PROTOCOL,
            schedule=randomise(PROTOCOL, start=date(2026, 1, 5), seed="11" * 32),
            diary="",
            home_zone=None,
            now=NOW,
        )
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


def test_a_file_that_cannot_be_written_is_named(tmp_path):
    with pytest.raises(FolderError, match=r"absent/report.html: cannot be written"):
        write_whole(tmp_path / "absent" / "report.html", "page")


def crash(*arguments):
    """Run `crashes.py` in a process of its own and show its figures."""
    ran = subprocess.run(
        [
            sys.executable,
            "-W",
            "ignore::DeprecationWarning",
            HELPERS / "crashes.py",
            *map(str, arguments),
        ],
        env=os.environ | {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    print(ran.stdout, ran.stderr)
    return ran.returncode == 0


needs_fork = pytest.mark.skipif(not hasattr(os, "fork"), reason="no os.fork")


@needs_fork
def test_a_command_killed_at_any_moment_loses_nothing_it_had_acknowledged():
    assert crash("kills", 20)


@needs_fork
@pytest.mark.slow
def test_three_hundred_kills_lose_nothing():
    assert crash("kills", 300)


@needs_fork
def test_several_processes_append_to_one_log():
    assert crash("crowd", 25)


@needs_fork
@pytest.mark.slow
def test_four_processes_append_two_thousand_lines():
    assert crash("crowd", 500)


@needs_fork
@pytest.mark.parametrize("how", [("full", 80), ("disk", 1)])
def test_a_full_disk_changes_nothing_and_names_the_file(how):
    assert crash(*how)


def test_a_read_only_folder_is_read_and_says_why_it_cannot_be_written(folder, monkeypatch):
    before = {file.name for file in folder.path.iterdir()}
    monkeypatch.setattr("n1trial.trial_folder.store.database.may_write", lambda path: False)
    again = open_folder(folder.path)
    assert read_log(again) == read_log(folder)
    assert stored_episodes(again) == stored_episodes(folder)
    assert {file.name for file in folder.path.iterdir()} == before
    with pytest.raises(FolderError, match="is read-only, a disk that cannot be written"):
        append_log(again, Amended(text="moved house"), now=NOW)


def test_the_protocol_and_schedule_of_the_start_can_be_had_whatever_became_of_the_files(folder):
    for name in ("protocol.yaml", "schedule.csv"):
        before = (folder.path / name).read_text()
        (folder.path / name).write_text("changed")
        assert original_text(folder.path, name) == before
        (folder.path / name).write_text(before)


def test_the_protocol_of_a_folder_without_a_copy_is_that_of_the_template_with_the_same_fingerprint(folder):
    before = (folder.path / "protocol.yaml").read_text()
    with database.writing(folder.path) as connection:
        connection.execute("DELETE FROM meta WHERE key IN ('protocol.yaml', 'schedule.csv')")
    (folder.path / "protocol.yaml").write_text("changed")
    assert original_text(folder.path, "protocol.yaml") == before
    (folder.path / "schedule.csv").write_text("changed")
    with pytest.raises(FolderError, match="before n1trial kept a copy: restore a backup"):
        original_text(folder.path, "schedule.csv")
