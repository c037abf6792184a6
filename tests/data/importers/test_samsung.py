"""Samsung Health: which clock its times are in, whose records they are, and what damage costs."""

from datetime import datetime, timedelta
from pathlib import Path

import device_files as written
import pytest
from device_files import Slept, put
from mutants import GOLDEN, files_of
from test_importers import refused

from n1trial.data.episodes import SleepEpisode
from n1trial.data.importers import read_exports
from n1trial.data.record_selection import select_records

NIGHT = (("awake", 20), ("light", 300), ("awake", 12), ("deep", 300))
MORNING = (("light", 600),)
SLEEPS, STAGES = "com.samsung.shealth.sleep.2025.csv", "com.samsung.health.sleep_stage.2025.csv"


def at(day: int, clock: str, *, ahead_h: float, stages=MORNING) -> Slept:
    return Slept(datetime.fromisoformat(f"2025-03-{day:02} {clock}"), ahead_h, stages)


def read(path: Path) -> tuple[list[SleepEpisode], list[str]]:
    """Episodes, and the notes besides the one that no real file was seen."""
    notes: list[str] = []
    episodes = read_exports([path], on_note=lambda note: notes.append(note.text))
    return episodes, [text for text in notes if "not verified" not in text]


def together(*exports: dict[str, bytes]) -> dict[str, bytes]:
    """Exports of sleeps made differently as one, each sleep with an id of its own."""
    files: dict[str, bytes] = {}
    for number, export in enumerate(exports):
        for name, content in export.items():
            content = content.replace(b"id-", b"%d-id-" % number)
            head = b"\n".join(content.split(b"\n")[2:])
            files[name] = files[name] + b"\n" + head if name in files else content
    return files


# --- UTC or local --------------------------------------------------------------------------------


@pytest.mark.parametrize("local", [False, True])
@pytest.mark.parametrize("ahead_h", [-3, 1, 9])
def test_when_records_were_made_says_whether_samsung_wrote_utc(tmp_path, ahead_h, local):
    # Bedtimes of 4:30 to 11:30 say nothing, whatever the clock.
    sleeps = [at(day, f"{day + 2:02}:30", ahead_h=ahead_h) for day in range(2, 10)]
    put(tmp_path, written.samsung(sleeps, local=local, made_after=timedelta(minutes=20)))
    episodes, _ = read(tmp_path)
    assert [episode.start.wall for episode in episodes] == [slept.wall for slept in sleeps]
    assert {episode.flags for episode in episodes} == {()}


@pytest.mark.parametrize("local", [False, True])
def test_a_few_records_made_before_the_wrong_end_are_enough_when_none_is_before_the_right_one(
    tmp_path, local
):
    late = [at(day, "04:30", ahead_h=-3 + 6 * local) for day in range(2, 30)]
    soon = [at(day, "13:30", ahead_h=-3 + 6 * local) for day in range(2, 6)]
    put(
        tmp_path,
        together(
            written.samsung(late, local=local, made_after=timedelta(hours=5)),
            written.samsung(soon, local=local, made_after=timedelta(hours=1)),
        ),
    )
    episodes, _ = read(tmp_path)
    assert {episode.start.wall.hour for episode in episodes} == {4, 13}


def test_one_odd_record_does_not_change_the_clock_of_all(tmp_path):
    many = [at(day, "05:30", ahead_h=1) for day in range(2, 20)]
    odd = [at(20, "05:30", ahead_h=1)]
    put(
        tmp_path,
        together(
            written.samsung(many, made_after=timedelta(minutes=20)),
            written.samsung(odd, made_after=timedelta(minutes=-30)),
        ),
    )
    episodes, _ = read(tmp_path)
    assert {episode.start.wall.hour for episode in episodes} == {5}


def test_records_that_disagree_about_when_they_were_made_leave_it_to_the_other_questions(tmp_path):
    sleeps = [at(day, "12:30", ahead_h=2) for day in (2, 3)]
    made = [timedelta(minutes=20), timedelta(minutes=-110)]
    exports = [written.samsung([slept], made_after=after) for slept, after in zip(sleeps, made, strict=True)]
    put(tmp_path, together(*exports))
    refused(tmp_path, match="times can be UTC or local")


def test_milliseconds_since_1970_are_utc_without_a_question(tmp_path):
    files = written.samsung([at(4, "12:30", ahead_h=2)])
    for start, end in (("2025-03-04 10:30:00.000", "2025-03-04 15:30:00.000"),):
        for name in files:
            files[name] = files[name].replace(start.encode(), b"1741084200000")
            files[name] = files[name].replace(end.encode(), b"1741102200000")
    episodes, _ = read(put(tmp_path, files))
    assert [(episode.start.isoformat(), episode.tst_min) for episode in episodes] == [
        ("2025-03-04T12:30:00+02:00", 300)
    ]


# --- latency, apps, downloads --------------------------------------------------------------------


@pytest.mark.parametrize(
    ("latency", "stages", "sol_min", "flags"),
    [
        ("1200000", MORNING, 20, ()),
        ("", MORNING, None, ()),
        ("-1", MORNING, None, ()),
        ("0", MORNING, None, ()),
        ("0", NIGHT, 10, ()),
        ("1200000.0", NIGHT, 20, ()),
        ("1e9", MORNING, None, ("latency_implausible",)),
        ("x", NIGHT, 10, ("latency_implausible",)),
    ],
)
def test_a_latency_of_0_is_not_measured(tmp_path, latency, stages, sol_min, flags):
    files = written.samsung([at(4, "23:00", ahead_h=1, stages=stages)], made_after=timedelta(minutes=5))
    table = files[SLEEPS].replace(b",efficiency,", b",sleep_latency,")
    files[SLEEPS] = table.replace(b",90,", f",{latency},".encode())
    ((episode,), _) = read(put(tmp_path, files))
    assert (episode.sol_min, episode.flags) == (sol_min, flags)


def test_another_app_that_wrote_the_same_night_is_left_out():
    episodes, _ = read(GOLDEN / "samsung" / "two_apps" / "export")
    left_out = select_records(episodes, least_part_min=15).left_out
    assert [(episode.app, why) for episode, why in left_out] == [("com.urbandroid.sleep", "other_source")]


def test_of_two_downloads_in_one_folder_the_stages_of_the_later_count(tmp_path):
    (early, late) = (
        written.samsung([at(4, "23:00", ahead_h=1, stages=(("light", 300), (stage, 300)))])
        for stage in ("awake", "deep")
    )
    put(tmp_path, {name.replace("2025", "20250101"): content for name, content in early.items()})
    put(tmp_path, {name.replace("2025", "20250202"): content for name, content in late.items()})
    episodes, _ = read(tmp_path)
    assert [episode.tst_min for episode in episodes] == [300, 300]


# --- damage --------------------------------------------------------------------------------------


def test_a_damaged_stage_refuses_its_sleep_and_no_other(tmp_path):
    files = files_of(GOLDEN / "samsung" / "export")
    damaged = {
        name: content.replace(b"2025-03-05 00:58", b"2025-03-35 00:58") for name, content in files.items()
    }
    episodes, (note,) = read(put(tmp_path, damaged))
    assert [episode.missing for episode in episodes] == ["damaged", "", "", "unstaged"]
    assert episodes[0].start.isoformat() == "2025-03-04T23:00:00+01:00"
    assert "1 of 4 records cannot be read" in note
    assert "no time is 2025-03-35 00:58:00.000" in note


@pytest.mark.parametrize(
    ("old", "new"),
    [(b"UTC+0100,id-1", b"UTC+01:0x,id-1"), (b",id-1,90,400,", b",id-1,90"), (b"05 23:30:00.000,", b",")],
)
def test_a_damaged_sleep_refuses_itself(tmp_path, old, new):
    files = files_of(GOLDEN / "samsung" / "export")
    (name,) = (name for name in files if "shealth" in name)
    files[name] = files[name].replace(old, new, 1)
    episodes, notes = read(put(tmp_path, files))
    assert [episode.tst_min for episode in episodes if episode.missing != "damaged"] == [400, 290, None]
    assert "1 of 4 records cannot be read" in notes[-1]


def test_a_damaged_stage_that_does_not_say_whose_it_is_refuses_the_export(tmp_path):
    files = files_of(GOLDEN / "samsung" / "export")
    cut = {name: content[:-20] if "sleep_stage" in name else content for name, content in files.items()}
    refused(put(tmp_path, cut), match="cells under 5 columns")


def test_stages_of_no_sleep_are_counted(tmp_path):
    files = files_of(GOLDEN / "samsung" / "export")
    (name,) = (name for name in files if "shealth" in name)
    files[name] = files[name].replace(b"id-2", b"another")
    _, (note,) = read(put(tmp_path, files))
    assert "stages of no sleep in the table of sleeps (4 rows) are left out" in note


# --- which files they are ------------------------------------------------------------------------


def test_tables_of_samsung_are_known_by_their_first_line_and_not_by_their_name(tmp_path):
    files = written.samsung([at(4, "23:00", ahead_h=1)])
    put(tmp_path, {"a.txt": files[SLEEPS], "b": files[STAGES]})
    renamed = [tmp_path / "a.txt", tmp_path / "b"]
    assert [episode.tst_min for episode in read_exports(renamed, on_note=lambda note: None)] == [300]
    (tmp_path / SLEEPS).write_text("start,end,sleep\n1,2,3\n")
    refused(tmp_path / SLEEPS, match="no importer recognises it")


def test_sleeps_summed_up_are_not_read_in_place_of_the_sleeps(tmp_path):
    files = written.samsung([at(4, "23:00", ahead_h=1)])
    combined = files.pop(SLEEPS).replace(b"shealth.sleep,", b"shealth.sleep_combined,", 1)
    put(tmp_path, files | {"com.samsung.shealth.sleep_combined.2025.csv": combined})
    refused(
        tmp_path, match="shealth.sleep.….csv .* is absent, sleep_combined only sums sleeps up: give the whole"
    )
