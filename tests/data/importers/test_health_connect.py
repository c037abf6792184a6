"""Health Connect: which sessions are one sleep, whose they are, and what a damaged row costs."""

import sqlite3
from collections.abc import Sequence
from contextlib import closing
from datetime import datetime, timedelta
from pathlib import Path

import device_files as written
import pytest
from device_files import Slept, put
from mutants import GOLDEN
from test_importers import refused

from n1trial.data.episodes import SleepEpisode
from n1trial.data.importers import read_exports
from n1trial.data.record_selection import select_records

EVENING = datetime(2025, 3, 4, 23)
NIGHT = (("light", 300), ("awake", 12), ("deep", 300))


def sessions(*starts: float, minutes: float = 60, stages: Sequence[tuple[str, int]] = ()) -> list[Slept]:
    """Sessions of light sleep that begin so many minutes after 23:00."""
    stages = stages or (("light", round(2 * minutes)),)
    return [Slept(EVENING + timedelta(minutes=start), 1, tuple(stages)) for start in starts]


def database_of(tmp_path: Path, sleeps: Sequence[Slept], *statements: str) -> Path:
    path = put(tmp_path, written.health_connect(sleeps)) / "health_connect_export.db"
    with closing(sqlite3.connect(path)) as database:
        for statement in statements:
            database.execute(statement)
        database.commit()
    return path


def read(path: Path) -> tuple[list[SleepEpisode], list[str]]:
    """Episodes, and the notes besides the one that no real file was seen."""
    notes: list[str] = []
    episodes = read_exports([path], on_note=lambda note: notes.append(note.text))
    return episodes, [text for text in notes if "not verified" not in text]


# --- sessions that are one sleep -----------------------------------------------------------------


def test_sessions_of_one_app_that_touch_are_one_sleep_with_a_note(tmp_path):
    (episode,), (note,) = read(database_of(tmp_path, sessions(0, 60, 121)))
    assert (episode.tst_min, episode.tib_min, episode.wake_runs_min) == (180, 181, ())
    assert "2 of 3 sessions begin where another of the same app ends and were joined to it" in note


def test_sessions_more_than_a_minute_apart_stay_two(tmp_path):
    episodes, notes = read(database_of(tmp_path, sessions(0, 61.5)))
    assert ([episode.tst_min for episode in episodes], notes) == ([60, 60], [])


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE sleep_session_record_table SET app_info_id = 5 WHERE row_id = 1",
        "DELETE FROM sleep_stages_table WHERE parent_key = 1",
    ],
)
def test_a_session_of_another_app_or_without_stages_is_not_joined(tmp_path, statement):
    episodes, _ = read(database_of(tmp_path, sessions(0, 60), statement))
    assert len(episodes) == 2


def test_no_sleep_grows_over_a_day(tmp_path):
    episodes, _ = read(database_of(tmp_path, sessions(*range(0, 2880, 480), minutes=480)))
    assert [episode.tib_min for episode in episodes] == [1440, 1440]


# --- apps ----------------------------------------------------------------------------------------


def test_records_have_the_name_of_their_app_and_a_new_app_keeps_its_nights():
    episodes, _ = read(GOLDEN / "health_connect" / "two_apps" / "export")
    selected = select_records(episodes, least_part_min=15)
    assert [(episode.start.wall.day, episode.app) for episode in selected.used] == [
        (10, "org.example.band"),
        (11, "org.example.ring"),
        (12, "org.example.ring"),
        (13, "org.example.ring"),
    ]
    assert [(episode.app, why) for episode, why in selected.left_out] == [
        ("org.example.band", "other_source")
    ]


# --- damage --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE sleep_session_record_table SET end_time = 'x' WHERE row_id = 0",
        "UPDATE sleep_session_record_table SET end_time = CAST(x'ff' AS TEXT) WHERE row_id = 0",
        "UPDATE sleep_session_record_table SET end_zone_offset = 9e9 WHERE row_id = 0",
        "UPDATE sleep_stages_table SET stage_end_time = -1 WHERE parent_key = 0 AND stage_type = 5",
        "UPDATE sleep_stages_table SET stage_type = 'deep' WHERE parent_key = 0 AND stage_type = 5",
    ],
)
def test_a_damaged_row_refuses_its_session_and_no_other(tmp_path, statement):
    path = database_of(tmp_path, sessions(0, 1440, 2880, stages=NIGHT), statement)
    episodes, (note,) = read(path)
    assert [(episode.missing, episode.tst_min) for episode in episodes] == [
        ("damaged", None),
        ("", 300),
        ("", 300),
    ]
    assert episodes[0].start.isoformat() == "2025-03-04T23:00:00+01:00"
    assert "1 of 3 records cannot be read" in note


def test_a_stage_that_does_not_say_whose_it_is_refuses_the_database(tmp_path):
    path = database_of(tmp_path, sessions(0, 1440, 2880), "UPDATE sleep_stages_table SET parent_key = 'x'")
    refused(path, match="stage of session x: cannot be read")


def test_stages_of_no_session_are_counted(tmp_path):
    path = database_of(tmp_path, sessions(0, 1440), "INSERT INTO sleep_stages_table VALUES (9, 0, 60000, 4)")
    _, (note,) = read(path)
    assert "stages of no session (1) are left out" in note


# --- which files they are ------------------------------------------------------------------------


def test_a_database_is_known_by_its_tables_and_not_by_its_name(tmp_path):
    path = database_of(tmp_path, sessions(0))
    path.rename(tmp_path / "export.bin")
    assert [episode.tst_min for episode in read(tmp_path / "export.bin")[0]] == [60]
    with closing(sqlite3.connect(path)) as database:
        database.execute("CREATE TABLE another (start_time, end_time)")
        database.commit()
    refused(path, match="no importer recognises it")
