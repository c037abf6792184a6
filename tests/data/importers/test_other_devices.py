"""What is odd about Zepp, Sleep Cycle and Gadgetbridge."""

import re
import shutil
import sqlite3
from contextlib import closing
from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import device_files as written
import pytest
from device_files import Slept, put
from mutants import GOLDEN, files_of, zipped

from n1trial.data.episodes import SleepEpisode
from n1trial.data.importers import known_importers, read_exports
from n1trial.data.importers._source import open_source
from n1trial.data.nights import nightly
from n1trial.errors import ExportError, HomeZoneError

BERLIN = ZoneInfo("Europe/Berlin")
EVENING = datetime(2025, 3, 4, 23)
NIGHT = (("light", 300), ("awake", 12), ("deep", 300))


def read(path: Path, *, zone: ZoneInfo | None = BERLIN) -> tuple[list[SleepEpisode], list[str]]:
    """Episodes of an export, and its notes."""
    notes: list[str] = []
    episodes = read_exports([path], home_zone=zone, on_note=lambda note: notes.append(note.text))
    return episodes, [text for text in notes if "not verified" not in text]


def claimed_by(path: Path) -> list[str]:
    with open_source([path]) as source:
        return [name for name, importer in known_importers().items() if importer.recognises(source)]


@pytest.mark.parametrize(
    ("file", "device"),
    [
        ("zepp/export/SLEEP/SLEEP_1741590000000.csv", "zepp"),
        ("sleep_cycle/export/sleepdata.csv", "sleep_cycle"),
        ("gadgetbridge/export/Gadgetbridge", "gadgetbridge"),
        ("health_connect/export/health_connect_export.db", "health_connect"),
        ("withings/export/sleep.csv", "withings"),
    ],
)
@pytest.mark.parametrize(
    "name",
    ["sleep.csv", "sleepdata.csv", "health_connect_export.db", "Gadgetbridge.db", "my night.csv", "a.db"],
)
def test_what_is_inside_says_whose_file_it_is_and_its_name_never(tmp_path, file, device, name):
    shutil.copy(GOLDEN / file, tmp_path / name)
    table = name.endswith(".csv")
    if table == file.endswith(".csv") or device == "gadgetbridge":
        assert claimed_by(tmp_path / name) == [device]
    else:
        assert claimed_by(tmp_path / name) in ([], [device])


# --- Zepp ----------------------------------------------------------------------------------------

HEADER = "date,deepSleepTime,shallowSleepTime,wakeTime,start,stop,REMTime,naps"
ROW = "2025-03-05,60,300,20,2025-03-04 22:00:00+0000,2025-03-05 05:00:00+0000,40,"
LATER = ROW.replace("03-05", "03-06").replace("03-04", "03-05")


def zepp(tmp_path: Path, *rows: str, header: str = HEADER) -> Path:
    path = tmp_path / "SLEEP_1.csv"
    path.write_text("\n".join([header, *rows]), encoding="utf-8-sig")
    return path


def test_zepp_writes_utc_whatever_the_clock_at_home_showed(tmp_path):
    (episode,), _ = read(zepp(tmp_path, ROW), zone=ZoneInfo("Asia/Hong_Kong"))
    assert episode.start.isoformat() == "2025-03-05T06:00:00+08:00"
    with pytest.raises(HomeZoneError, match=r"line 2: times are UTC.*: give --home-zone"):
        read_exports([zepp(tmp_path, ROW)])


def test_an_offset_that_zepp_does_write_is_believed(tmp_path):
    (episode,), _ = read(zepp(tmp_path, ROW.replace("+0000", "-0500")), zone=None)
    assert (episode.start.isoformat(), episode.time_basis) == ("2025-03-04T22:00:00-05:00", "utc+offset")


def test_a_date_without_sleep_is_no_night_and_never_zero(tmp_path):
    empty = "2025-03-06,0,0,0,2025-03-05 23:00:00+0000,2025-03-05 23:00:00+0000,0,"
    assert len(read(zepp(tmp_path, ROW, empty))[0]) == 1
    with pytest.raises(ExportError, match="holds no sleep record"):
        read(zepp(tmp_path, empty))


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("0,300,20", "0,300,20", (400, 60, 300, 40, "", ())),
        ("0,300,20", "0,340,20", (None, None, None, None, "implausible", ())),
        ("0,300,20", "0,290,20", (390, 60, 290, 40, "", ("unmeasured_min=10",))),
        ("60,300,20", ",300,20", (None, None, None, None, "unstaged", ())),
        ("60,300,20,", "0,0,420,", (40, 0, 0, 40, "implausible", ())),
    ],
)
def test_four_sums_are_the_time_from_start_to_stop(tmp_path, old, new, expected):
    (first, *_), _ = read(zepp(tmp_path, ROW.replace(old, new), LATER))
    numbers = (first.tst_min, first.deep_min, first.light_min, first.rem_min)
    assert (first.missing, first.flags) == expected[4:]
    assert numbers == ((None,) * 4 if first.missing else expected[:4])


def test_a_zepp_watch_without_rem_has_no_rem_rather_than_0(tmp_path):
    (episode,), _ = read(zepp(tmp_path, ROW.replace(",40,", ",0,").replace("300", "340")))
    assert (episode.tst_min, episode.rem_min, episode.flags) == (400, None, ("no_rem",))


@pytest.mark.parametrize(
    "damage", [ROW[:-1], ROW.replace("300", "3e9"), ROW.replace("05:00:00+0000", "5 am")]
)
def test_a_damaged_zepp_row_refuses_itself_and_its_night_is_missing(tmp_path, damage):
    last = LATER.replace("03-06", "03-07").replace("03-05", "03-06")
    episodes, (note,) = read(zepp(tmp_path, damage, LATER, last))
    assert re.match(r"SLEEP_1.csv: 1 of 3 records cannot be read \(line 2; the first: .*export again", note)
    table = nightly(episodes).table
    assert table["flags"].tolist() == ["damaged;missing", "no_wake_count", "no_wake_count"]


def test_naps_without_sleep_time_are_listed_and_those_of_another_year_counted(tmp_path):
    nap = '"[{""start"":""2025-03-05 13:00:00+0000"",""stop"":""2025-03-05 13:30:00+0000""},'
    old = '{""start"":""2023-03-05 13:00:00+0000"",""end"":""2023-03-05 13:30:00+0000""}]"'
    (_, listed), (note,) = read(zepp(tmp_path, ROW + nap + old))
    assert (listed.vendor_nap, listed.tst_min, listed.missing, listed.tib_min) == (True, None, "unstaged", 30)
    assert note.startswith("SLEEP_1.csv: 1 of its naps cannot be listed")


def test_the_stages_by_minute_of_zepp_are_noted_as_not_read(tmp_path):
    zepp(tmp_path, ROW)
    (tmp_path / "SLEEP_MINUTE_1.csv").write_text("date,time,stage\n2025-03-06,23:00,DEEP\n")
    assert "stages by minute are not read" in read(tmp_path)[1][0]


def test_the_encrypted_zip_of_zepp_is_to_be_unpacked_with_its_password(tmp_path):
    packed = zipped(tmp_path / "3075_1.zip", files_of(GOLDEN / "zepp" / "export"))
    content = bytearray(packed.read_bytes())
    for mark, flags in ((b"PK\3\4", 6), (b"PK\1\2", 8)):
        content[content.index(mark) + flags] |= 1
    packed.write_bytes(content)
    with pytest.raises(ExportError, match=r"3075_1.zip › SLEEP/SLEEP_.*unpack the archive with its password"):
        read(packed)


# --- Sleep Cycle ---------------------------------------------------------------------------------

CYCLES = "Start;End;Sleep Quality;Regularity;City;Time in bed (seconds);Time asleep (seconds)"


def sleep_cycle(tmp_path: Path, *rows: str) -> Path:
    path = tmp_path / "sleepdata.csv"
    path.write_text("\n".join([CYCLES, *rows]), encoding="utf-8")
    return path


def test_sleep_cycle_has_time_in_bed_and_says_once_that_it_is_no_outcome(tmp_path):
    shutil.copytree(GOLDEN / "sleep_cycle", tmp_path / "all")
    episodes, notes = read(tmp_path / "all")
    assert [len(notes), "cannot be an outcome of sleep time" in notes[0]] == [1, True]
    assert {(episode.tst_min, episode.missing) for episode in episodes} == {(None, "in_bed_only")}
    assert {episode.tib_min for episode in episodes} >= {420, 510, 40}


def test_where_somebody_slept_stays_out_of_everything(tmp_path):
    row = "2025-03-04 23:00:00;2025-03-05 06:00:00;82%;1%;Secretville;25200;24000"
    broken = "2025-03-05 23:00:00;2025-03-06 25:00:00;82%;1%;Secretville;25200;24000"
    episodes, notes = read(sleep_cycle(tmp_path, row, row.replace("-04", "-10"), broken))
    assert "Secretville" not in f"{episodes} {notes}"
    assert [episode.missing for episode in episodes] == ["in_bed_only", "damaged", "in_bed_only"]


def test_a_sleep_cycle_table_with_commas_is_the_same(tmp_path):
    text = (GOLDEN / "sleep_cycle/hours_and_minutes/export/sleepdata.csv").read_text()
    (tmp_path / "sleepdata.csv").write_text(text.replace(";", ","))
    assert [episode.tib_min for episode in read(tmp_path)[0]] == [420, 509]


@pytest.mark.parametrize(("zone", "flags"), [(BERLIN, ("dst_forward",)), (None, ("tib_mismatch=-60",))])
def test_time_in_bed_is_the_time_that_went_by_when_the_clocks_change(tmp_path, zone, flags):
    row = "2025-03-29 23:00:00;2025-03-30 07:00:00;82%;1%;;25200.0;0.0"
    (episode,), _ = read(sleep_cycle(tmp_path, row), zone=zone)
    assert (episode.tib_min, episode.flags) == (420, flags)


# --- Gadgetbridge --------------------------------------------------------------------------------


def changed(folder: Path, files: dict[str, bytes], *statements: str) -> Path:
    """An export whose database was changed by SQL."""
    put(folder, files)
    path = folder / "Gadgetbridge.db"
    with closing(sqlite3.connect(path)) as database:
        for statement in statements:
            database.execute(statement)
        database.commit()
    return path


def nights(count: int) -> list[Slept]:
    return [Slept(EVENING + timedelta(days=day), 1, NIGHT) for day in range(count)]


def xiaomi(tmp_path: Path, *statements: str, count: int = 3) -> Path:
    return changed(tmp_path, written.gadgetbridge_xiaomi(nights(count)), *statements)


def test_each_night_is_of_one_watch_which_is_called_by_its_type_alone():
    episodes, _ = read(GOLDEN / "gadgetbridge" / "export")
    assert [(episode.start.wall.day, episode.app) for episode in episodes] == [
        (4, "MIBAND8"),
        (4, "MIBAND8 2"),
        (5, "MIBAND8"),
        (6, "MIBAND8"),
        (6, "MIBAND8"),
        (7, "MIBAND8 2"),
    ]
    assert not re.search("A’s|mine|00:11", str(episodes))


def test_a_database_without_a_zone_needs_one():
    with pytest.raises(HomeZoneError, match=r"times are UTC.*give --home-zone"):
        read_exports([GOLDEN / "gadgetbridge" / "export"])


def test_a_sleep_without_an_end_refuses_itself_and_its_night_is_missing(tmp_path):
    path = xiaomi(tmp_path, "UPDATE XIAOMI_SLEEP_TIME_SAMPLE SET WAKEUP_TIME = NULL WHERE rowid = 2")
    episodes, notes = read(path)
    assert (
        "1 of 3 records cannot be read (XIAOMI_SLEEP_TIME_SAMPLE 2; the first: this sleep has no end)"
        in notes[0]
    )
    assert [(episode.start.wall.day, episode.missing) for episode in episodes] == [
        (4, ""),
        (5, "damaged"),
        (6, ""),
    ]
    # Its two stretches and the wake between them.
    assert "3 stages of XIAOMI_SLEEP_STAGE_SAMPLE lie outside every sleep" in notes[1]


@pytest.mark.parametrize(
    ("statement", "message"),
    [
        ("UPDATE XIAOMI_SLEEP_TIME_SAMPLE SET WAKEUP_TIME = 1", "ends before it begins"),
        ("UPDATE XIAOMI_SLEEP_TIME_SAMPLE SET TIMESTAMP = 'x'", "not as expected"),
        ("UPDATE XIAOMI_SLEEP_TIME_SAMPLE SET TIMESTAMP = -1", "not as expected"),
        ("ALTER TABLE XIAOMI_SLEEP_STAGE_SAMPLE RENAME STAGE TO KIND", "no such column"),
        ("ALTER TABLE DEVICE RENAME TYPE_NAME TO KIND", "no such column"),
        ("DELETE FROM XIAOMI_SLEEP_TIME_SAMPLE", "holds no sleep record"),
    ],
)
def test_a_gadgetbridge_database_that_hurts_is_refused(tmp_path, statement, message):
    with pytest.raises(ExportError, match=message):
        read(xiaomi(tmp_path, statement))


def test_what_is_called_like_a_table_but_is_none_is_refused(tmp_path):
    endless = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT i AS TIMESTAMP FROM n"
    path = xiaomi(
        tmp_path,
        "DROP TABLE XIAOMI_SLEEP_STAGE_SAMPLE",
        f"CREATE VIEW XIAOMI_SLEEP_STAGE_SAMPLE AS {endless}",
    )
    with pytest.raises(ExportError, match="XIAOMI_SLEEP_STAGE_SAMPLE is no plain table"):
        read(path)


def test_a_damaged_database_of_its_name_says_that_it_cannot_be_read(tmp_path):
    (tmp_path / "Gadgetbridge").write_bytes(b"SQLite format 3\0" + b"\xff" * 900)
    with pytest.raises(ExportError, match=r"Gadgetbridge: the database cannot be read"):
        read(tmp_path)


@pytest.mark.parametrize("code", ["0", "1", "99", "NULL", "'x'"])
def test_a_stage_without_a_meaning_is_a_hole_and_no_sleep(tmp_path, code):
    path = xiaomi(tmp_path, f"UPDATE XIAOMI_SLEEP_STAGE_SAMPLE SET STAGE = {code} WHERE STAGE = 2", count=1)
    (episode,), _ = read(path)
    assert (episode.tst_min, episode.flags) == (150, ("unmeasured_min=150",))


def test_a_stage_that_cannot_be_read_refuses_its_sleep_alone(tmp_path):
    # A ring sent 150 minutes in one byte, and an older Gadgetbridge kept it as -106.
    path = changed(
        tmp_path,
        written.gadgetbridge_colmi(nights(3)),
        "UPDATE COLMI_SLEEP_STAGE_SAMPLE SET DURATION = -106 WHERE rowid = 1",
    )
    episodes, (note, _) = read(path)
    assert "1 of 3 records cannot be read (COLMI_SLEEP_SESSION_SAMPLE 1; the first: not as expected" in note
    assert [episode.missing for episode in episodes] == ["damaged", "", ""]


def test_a_sleep_whose_stages_are_absent_has_no_numbers(tmp_path):
    (episode,), _ = read(xiaomi(tmp_path, "DROP TABLE XIAOMI_SLEEP_STAGE_SAMPLE", count=1))
    assert (episode.tst_min, episode.missing) == (None, "unstaged")


def test_a_minute_that_huawei_did_not_stage_is_a_hole(tmp_path):
    minutes = written.gadgetbridge_huawei(nights(1), minute=timedelta(minutes=1))
    lost = "DELETE FROM HUAWEI_SLEEP_STAGE_SAMPLE WHERE rowid BETWEEN 11 AND 30"
    (episode,), _ = read(changed(tmp_path, minutes, lost))
    assert (episode.tst_min, episode.flags) == (280, ("unmeasured_min=20",))
    assert (episode.heart_rate_mean_bpm, episode.heart_rate_min_bpm, episode.respiratory_rate_rpm) == (
        60,
        None,
        13,
    )


def test_the_sum_of_a_zepp_watch_that_differs_from_its_stages_is_kept_and_flagged(tmp_path):
    sent = written.zepp_bytes(nights(1)[0], sums=(0, 140, 150, 6)).hex()
    files = written.gadgetbridge_zepp(nights(1))
    (episode,), _ = read(changed(tmp_path, files, f"UPDATE HUAMI_SLEEP_SESSION_SAMPLE SET DATA = x'{sent}'"))
    assert (episode.tst_min, episode.wake_runs_min, episode.flags) == (290, (6,), ("tst_mismatch",))


@pytest.mark.parametrize(
    ("at", "value", "message"),
    [(0x54, 101, "101 stages"), (0x59, 0xFF, "a stage ends before it begins"), (0x252, None, "593 bytes")],
)
def test_bytes_of_a_zepp_watch_that_contradict_themselves_refuse_that_sleep(tmp_path, at, value, message):
    sent = bytearray(written.zepp_bytes(nights(1)[0]))
    if value is None:
        del sent[-1]
    else:
        sent[at] = value
    update = f"UPDATE HUAMI_SLEEP_SESSION_SAMPLE SET DATA = x'{sent.hex()}' WHERE rowid = 1"
    episodes, (note,) = read(changed(tmp_path, written.gadgetbridge_zepp(nights(3)), update))
    assert message in note
    assert [episode.missing for episode in episodes] == ["damaged", "", ""]
    assert episodes[0].start.wall == EVENING


BY_MINUTE = "CREATE TABLE {} (TIMESTAMP, DEVICE_ID, RAW_KIND)"


def test_minutes_from_which_gadgetbridge_guesses_sleep_are_named_and_counted(tmp_path):
    first = round(EVENING.replace(tzinfo=BERLIN).timestamp())
    minutes = ", ".join(
        f"({first + 60 * minute}, {device}, {kind})"
        for minute in range(-3, 2)
        for device, kind in ((1, 120), (2, 120), (2, 1))
    )
    extended = "HUAMI_EXTENDED_ACTIVITY_SAMPLE"
    path = xiaomi(tmp_path, BY_MINUTE.format(extended), f"INSERT INTO {extended} VALUES {minutes}")
    _, (note,) = read(path)
    assert f"3 rows of {extended} (MIBAND8), 5 rows of {extended} (MIBAND8 2): Gadgetbridge guesses" in note


def test_a_database_with_nothing_but_minutes_is_refused_by_the_name_of_its_table(tmp_path):
    files = written.gadgetbridge_database(
        "MI_BAND_ACTIVITY_SAMPLE (TIMESTAMP, DEVICE_ID, RAW_KIND)",
        rows={"MI_BAND_ACTIVITY_SAMPLE": [(1, 1, 112), (61, 1, 122)]},
    )
    with pytest.raises(ExportError, match=r"no sleep that is read, only 2 rows of MI_BAND_ACTIVITY_SAMPLE"):
        read(changed(tmp_path, files))
