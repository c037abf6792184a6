"""Fitbit's layouts: what is written comes back, and the oddities of each layout."""

import csv
import io
import json
import random
import re
from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from mutants import GOLDEN, files_of, zipped

from n1trial.data.importers import read_exports
from n1trial.data.nights import nightly, nights_csv
from n1trial.errors import ExportError, HomeZoneError

FITBIT = GOLDEN / "fitbit"
GOOGLE = FITBIT / "google_csv" / "export"
SLEEPS = "Takeout/Google Health/Health Fitness Data_GoogleData/UserSleeps_2026-03-01.csv"
GOOGLE_DATA = "Health Fitness Data_GoogleData"
STAGES = "Takeout/Google Health/Health Fitness Data_GoogleData/UserSleepStages_2026-03-01.csv"


def read_with_notes(*paths: Path, home_zone=None):
    notes = []
    episodes = read_exports(paths, home_zone=home_zone, on_note=notes.append)
    return episodes, [note.text for note in notes]


def read_quietly(*paths: Path, home_zone=None):
    return read_with_notes(*paths, home_zone=home_zone)[0]


def table(rows) -> str:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(rows)
    return text.getvalue()


# --- what was written is what is read ------------------------------------------------------------

# A hypnogram as one letter an epoch: Deep, Light, Rem, Wake; Asleep, restless (x), Wake of classic records.
STAGED = st.lists(st.tuples(st.sampled_from("DLRW"), st.integers(1, 60)), min_size=1, max_size=14)
CLASSIC = st.lists(st.tuples(st.sampled_from("AxW"), st.integers(1, 60)), min_size=1, max_size=14)
STARTS = st.datetimes(datetime.fromisoformat("2015-01-01"), datetime.fromisoformat("2030-01-01")).map(
    lambda moment: moment.replace(second=0, microsecond=0)
)
# No clock but London's, which is UTC, is nearer to UTC than an hour.
OFFSETS = (
    st.integers(-48, 56)
    .filter(lambda quarters: not quarters or abs(quarters) >= 4)
    .map(lambda quarters: timedelta(minutes=15 * quarters))
)


def drawn(runs) -> str:
    return "".join(letter * count for letter, count in runs)


def wake_inside(epochs: str, asleep: str, epoch_min: float):
    """Wake runs between the first and last sleep, by splitting: not the way that the importer takes."""
    inside = epochs.strip("".join(set("DLRAWx") - set(asleep)))
    return tuple(len(run) * epoch_min for run in re.split("[^W]+", inside) if run) if inside else None


def runs_of(epochs: str):
    """Touching stretches as (letter, first epoch, epochs)."""
    return [(run[1], run.start(), len(run[0])) for run in re.finditer(r"(.)\1*", epochs)]


def expected(epochs: str, *, start, offset, epoch_s: int) -> dict:
    asleep = "DLR" if epoch_s == 30 else "A"
    minutes = {letter: epochs.count(letter) * epoch_s / 60 for letter in "DLRAWx"}
    return {
        "start": start,
        "offset": offset,
        "tst": sum(minutes[letter] for letter in asleep),
        "tib": len(epochs) * epoch_s / 60,
        "runs": wake_inside(epochs, asleep, epoch_s / 60),
        "stages": tuple(minutes[letter] for letter in "DLR") if epoch_s == 30 else (None,) * 3,
    }


def fields_of(episode) -> dict:
    return {
        "start": episode.start.wall,
        "offset": episode.start.offset,
        "tst": episode.tst_min,
        "tib": episode.tib_min,
        "runs": episode.wake_runs_min,
        "stages": (episode.deep_min, episode.light_min, episode.rem_min),
    }


def utc(moment: datetime, offset: timedelta, *, spaced: bool) -> str:
    instant = moment - offset
    return f"{instant:%Y-%m-%d %H:%M:%S}+0000" if spaced else f"{instant:%Y-%m-%dT%H:%M:%S}Z"


def signed(offset: timedelta) -> str:
    minutes = round(offset.total_seconds() / 60)
    return f"{'-' if minutes < 0 else '+'}{abs(minutes) // 60:02d}:{abs(minutes) % 60:02d}"


LEVELS = {"D": "DEEP", "L": "LIGHT", "R": "REM", "W": "AWAKE", "A": "ASLEEP", "x": "RESTLESS"}


def google_files(
    epochs: str, *, start, offset, epoch_s: int, spaced: bool, columns: int, local: bool
) -> dict[str, str]:
    """The two tables; `local` writes the local clock as if it were UTC, all but the time of making."""
    by_record = expected(epochs, start=start, offset=offset, epoch_s=epoch_s)
    end = start + timedelta(seconds=epoch_s * len(epochs))
    ahead = timedelta() if local else offset
    header = "sleep_id,sleep_type,minutes_in_sleep_period,minutes_after_wake_up,minutes_to_fall_asleep,minutes_asleep,"
    header += (
        "minutes_awake,minutes_longest_awakening,minutes_to_persistent_sleep,start_utc_offset,sleep_start,"
    )
    header += "end_utc_offset,sleep_end,data_source,sleep_created,sleep_last_updated"
    row = [
        1, "STAGES" if epoch_s == 30 else "CLASSIC", by_record["tib"], 0, 0, by_record["tst"], 0, 0, 0,
        signed(offset), utc(start, ahead, spaced=spaced), signed(offset), utc(end, ahead, spaced=spaced),
        "DERIVED", utc(end, offset, spaced=spaced), utc(end, offset, spaced=spaced),
    ]  # fmt: skip
    stages = [["sleep_id", "sleep_stage_id", "sleep_stage_type", "start_utc_offset", "sleep_stage_start",
               "end_utc_offset", "sleep_stage_end"]]  # fmt: skip
    for number, (letter, first, count) in enumerate(runs_of(epochs)):
        begin, stop = (start + timedelta(seconds=epoch_s * at) for at in (first, first + count))
        times = [
            cell
            for moment in (begin, stop)
            for cell in (signed(offset), utc(moment, ahead, spaced=not spaced))
        ]
        stages.append([1, number, LEVELS[letter], *times])
    return {
        "UserSleeps_2026-01-01.csv": table([header.split(",")[:columns], row[:columns]]),
        "UserSleepStages_2026-01-01.csv": table(stages),
    }


def api_file(epochs: str, *, start, offset, epoch_s: int) -> dict[str, str]:
    by_record = expected(epochs, start=start, offset=offset, epoch_s=epoch_s)

    def stretch(first: int, count: int, **more):
        begin, stop = (start + timedelta(seconds=epoch_s * at) for at in (first, first + count))
        return {
            "startTime": utc(begin, offset, spaced=False),
            "endTime": utc(stop, offset, spaced=False),
            **more,
        }

    seconds = f"{round(offset.total_seconds())}s"
    sleep = {
        "interval": stretch(0, len(epochs), startUtcOffset=seconds, endUtcOffset=seconds),
        "type": "STAGES" if epoch_s == 30 else "CLASSIC",
        "stages": [stretch(first, count, type=LEVELS[letter]) for letter, first, count in runs_of(epochs)],
        "summary": {"minutesAsleep": str(by_record["tst"]), "minutesInSleepPeriod": str(by_record["tib"])},
    }
    return {"sleep.json": json.dumps({"dataPoints": [{"name": "users/me/1", "sleep": sleep}]})}


def minute_file(epochs: str, *, start) -> dict[str, str]:
    minutes = [
        {
            "dateTime": f"{start + timedelta(minutes=at):%H:%M:%S}",
            "value": {"A": "1", "x": "2", "W": "3"}[letter],
        }
        for at, letter in enumerate(epochs)
    ]
    log = {
        "logId": 1,
        "startTime": f"{start:%Y-%m-%dT%H:%M:%S}.000",
        "minutesAsleep": epochs.count("A"),
        "minutesAwake": len(epochs) - epochs.count("A"),
        "timeInBed": len(epochs),
        "minuteData": minutes,
    }
    return {"sleep.json": json.dumps({"sleep": [log], "summary": {}})}


def log_file(epochs: str, *, start, epoch_s: int) -> dict[str, str]:
    by_record = expected(epochs, start=start, offset=None, epoch_s=epoch_s)
    names = {"D": "deep", "L": "light", "R": "rem", "A": "asleep", "x": "restless"}
    names["W"] = "wake" if epoch_s == 30 else "awake"
    pieces = [
        {
            "dateTime": f"{start + timedelta(seconds=epoch_s * first):%Y-%m-%dT%H:%M:%S}.000",
            "level": names[letter],
            "seconds": epoch_s * count,
        }
        for letter, first, count in runs_of(epochs)
    ]
    log = {
        "logId": 1,
        "type": "stages" if epoch_s == 30 else "classic",
        "startTime": f"{start:%Y-%m-%dT%H:%M:%S}.000",
        "endTime": f"{start + timedelta(seconds=epoch_s * len(epochs)):%Y-%m-%dT%H:%M:%S}.000",
        "minutesAsleep": by_record["tst"],
        "minutesAwake": by_record["tib"] - by_record["tst"],
        "levels": {
            "data": pieces,
            "summary": {names[letter]: {"minutes": epochs.count(letter) / 2} for letter in "DLR"},
        },
    }
    return {"sleep-2026-01-01.json": json.dumps([log])}


def written(layout: str, draw) -> tuple[dict[str, str], dict]:
    classic = layout == "web_api_v1" or draw(st.booleans())
    epoch_s = 60 if classic else 30
    epochs = drawn(draw(CLASSIC if classic else STAGED))
    naive = layout in ("web_api_v1", "logs")
    start, offset = draw(STARTS), None if naive else draw(OFFSETS)
    if layout == "google_csv" and not offset:
        offset = timedelta(hours=1)
    about = {"start": start, "offset": offset, "epoch_s": epoch_s}
    files = {
        "google_csv": lambda: google_files(
            epochs,
            **about,
            spaced=draw(st.booleans()),
            columns=draw(st.sampled_from((15, 16))),
            local=draw(st.booleans()),
        ),
        "google_api": lambda: api_file(epochs, **about),
        "web_api_v1": lambda: minute_file(epochs, start=start),
        "logs": lambda: log_file(epochs, start=start, epoch_s=epoch_s),
    }[layout]()
    return files, expected(epochs, **about)


EXAMPLES = pytest.mark.parametrize("examples", [100, pytest.param(1_000, marks=pytest.mark.slow)])


@EXAMPLES
@pytest.mark.parametrize("layout", ["google_csv", "google_api", "web_api_v1", "logs"])
def test_a_hypnogram_comes_back_from_every_layout(layout, examples, tmp_path):
    @settings(max_examples=examples, deadline=None, database=None, suppress_health_check=list(HealthCheck))
    @given(st.data())
    def comes_back(data):
        files, wanted = written(layout, data.draw)
        for name, content in files.items():
            (tmp_path / name).write_text(content)
        (episode,) = read_quietly(*(tmp_path / name for name in files))
        assert fields_of(episode) == wanted

    comes_back()


CLOCKS = {
    "ymd": "%Y-%m-%d %I:%M%p",
    "dmy": "%d-%m-%Y %I:%M %p",
    "mdy": "%m/%d/%Y %I:%M %p",
    "24 h": "%Y-%m-%d %H:%M",
}
WEBSITE = (
    "Start Time,End Time,Minutes Asleep,Minutes Awake,Number of Awakenings,Time in Bed,Minutes REM Sleep,"
)
WEBSITE += "Minutes Light Sleep,Minutes Deep Sleep"
WEBSITE_ROWS = st.lists(
    st.tuples(STARTS, st.integers(1, 1_400), st.integers(0, 1_400), st.integers(0, 90), st.booleans()),
    min_size=1,
    max_size=5,
    unique_by=lambda row: row[0],
)


@EXAMPLES
@pytest.mark.parametrize("style", list(CLOCKS))
def test_a_table_of_the_website_comes_back_or_is_refused_as_ambiguous(style, examples, tmp_path):
    @settings(
        max_examples=examples // 4, deadline=None, database=None, suppress_health_check=list(HealthCheck)
    )
    @given(rows=WEBSITE_ROWS, sectioned=st.booleans())
    def comes_back(rows, sectioned):
        lines, moments = [], []
        for start, in_bed, asleep, awakenings, staged in rows:
            moments += [start, start + timedelta(minutes=in_bed)]
            stages = [asleep // 4, asleep // 2, asleep // 4] if staged else ["N/A"] * 3
            times = [moment.strftime(CLOCKS[style]) for moment in moments[-2:]]
            lines.append([*times, f"{min(asleep, in_bed):,}", "5", awakenings, f"{in_bed:,}", *stages])
        text = WEBSITE + "\n" + table(lines)
        path = tmp_path / "fitbit_export_20260101.csv"
        path.write_text(
            f'Body\nDate,Weight\n"2026-01-01","0"\n\nSleep\n{text}\nFoods\n' if sectioned else text
        )
        if style in ("dmy", "mdy") and all(moment.day <= 12 for moment in moments):
            with pytest.raises(ExportError, match="day-first and month-first both fit"):
                read_quietly(path)
            return
        episodes = {episode.start.wall: episode for episode in read_quietly(path)}
        assert len(episodes) == len(rows)
        for start, in_bed, asleep, awakenings, staged in rows:
            episode = episodes[start]
            assert (episode.tib_min, episode.tst_min) == (in_bed, min(asleep, in_bed))
            assert episode.end.wall == start + timedelta(minutes=in_bed)
            assert (episode.vendor_awakenings, episode.wake_runs_min) == (awakenings, None)
            assert ("classic" in episode.flags) is not staged

    comes_back()


# --- Takeout's two layouts of one night ----------------------------------------------------------


BOTH = FITBIT / "takeout_both"


def test_a_night_that_only_one_of_two_layouts_holds_stays_and_the_note_counts_both():
    episodes, notes = read_with_notes(BOTH / "export")
    assert len(episodes) == 4
    assert nights_csv(nightly(episodes)) == (BOTH / "nights.csv").read_text()
    assert any(
        "2 from the JSON of Fitbit's sleep logs (of 2 there) and 1 from the Google-style CSV of Fitbit (of 2 there)"
        in note
        for note in notes
    )


def test_of_layouts_with_as_many_nights_the_json_counts_also_in_two_imports():
    logs, table = (
        BOTH / "export" / "Takeout" / "Fitbit" / name for name in ("Global Export Data", GOOGLE_DATA)
    )
    for order in ((logs, table), (table, logs)):
        episodes = [episode for folder in order for episode in read_quietly(folder)]
        assert nights_csv(nightly(episodes)) == (BOTH / "nights.csv").read_text()


def test_a_table_with_a_header_alone_beside_the_json_is_no_second_layout(tmp_path):
    header = files_of(GOOGLE)[SLEEPS].partition(b"\n")[0]
    files = files_of(FITBIT / "export") | {"UserSleeps_2026-04-01.csv": header + b"\n"}
    episodes, notes = read_with_notes(zipped(tmp_path / "takeout.zip", files))
    assert nights_csv(nightly(episodes)) == (FITBIT / "nights.csv").read_text()
    assert notes == []


def test_parts_of_a_takeout_count_as_one(tmp_path):
    files = files_of(GOOGLE)
    parts = [
        zipped(tmp_path / "takeout-001.zip", {SLEEPS: files[SLEEPS]}),
        zipped(tmp_path / "takeout-002.zip", {STAGES: files[STAGES]}),
    ]
    assert nights_csv(nightly(read_quietly(*parts))) == (FITBIT / "google_csv" / "nights.csv").read_text()


def test_a_part_without_stages_gives_no_counts_and_says_so(tmp_path):
    part = zipped(tmp_path / "takeout-001.zip", {SLEEPS: files_of(GOOGLE)[SLEEPS]})
    episodes, notes = read_with_notes(part)
    assert [episode.wake_runs_min for episode in episodes] == [None] * 4
    assert any("2 of 2 staged sleeps have no row in UserSleepStages" in note for note in notes)


def test_stages_without_their_sleeps_are_refused(tmp_path):
    part = zipped(tmp_path / "takeout-002.zip", {STAGES: files_of(GOOGLE)[STAGES]})
    with pytest.raises(ExportError, match=r"give UserSleeps_….csv of the same Takeout"):
        read_quietly(part)


def test_renamed_tables_are_known_by_their_columns(tmp_path):
    files = files_of(GOOGLE)
    (tmp_path / "one.csv").write_bytes(files[SLEEPS])
    (tmp_path / "two.csv").write_bytes(files[STAGES])
    nights = nightly(read_quietly(tmp_path / "one.csv", tmp_path / "two.csv"))
    assert nights_csv(nights) == (FITBIT / "google_csv" / "nights.csv").read_text()


@pytest.mark.parametrize(
    ("placeholders", "zone", "first"),
    [
        (4, "Asia/Tokyo", "2026-03-03T07:00:00+09:00"),
        (3, "Asia/Tokyo", "2026-03-03T07:00:00+09:00"),
        (4, None, "2026-03-02T22:00:00+00:00"),
        (1, "Asia/Tokyo", "2026-03-02T22:00:00+00:00"),
    ],
)
def test_the_home_zone_stands_in_where_most_offsets_are_the_placeholder(tmp_path, placeholders, zone, first):
    header, *rows = files_of(GOOGLE)[SLEEPS].decode().splitlines()
    bare = [re.sub(r"\+0[12]:00", "+00:00", row) for row in rows[:placeholders]]
    (tmp_path / "UserSleeps_2026-03-01.csv").write_text("\n".join([header, *bare, *rows[placeholders:]]))
    episodes, notes = read_with_notes(tmp_path, home_zone=zone and ZoneInfo(zone))
    assert episodes[0].start.isoformat() == first
    assert any(f"{placeholders} of 4 sleeps have the offset +00:00" in note for note in notes) is (
        placeholders > 2
    )


def test_an_offset_that_changes_inside_a_night_is_flagged_and_the_duration_right():
    clock_change = next(
        episode for episode in read_quietly(GOOGLE) if episode.start.wall.isoformat() == "2026-03-28T23:30:00"
    )
    assert clock_change.end.minutes_since(clock_change.start) == 390
    assert "dst_forward" in clock_change.flags


def test_a_table_without_a_required_column_is_refused(tmp_path):
    text = files_of(GOOGLE)[SLEEPS].decode().replace("minutes_asleep", "asleep")
    (tmp_path / "UserSleeps_2026-03-01.csv").write_text(text)
    with pytest.raises(ExportError, match="column minutes_asleep is absent"):
        read_quietly(tmp_path)


# --- on which clock a table of Google is -----------------------------------------------------------


def google_table(*sleeps: tuple, made: bool = True) -> str:
    """A table of sleeps: start, hours, offset, and minutes from its true end to the making of its record, if any.

    Start is the local clock; whether it is written so or in UTC, the last value says.
    """
    columns = "sleep_id,sleep_type,minutes_asleep,start_utc_offset,sleep_start,end_utc_offset,sleep_end"
    lines = [columns + (",sleep_created" if made else "")]
    for number, (start, hours, offset_h, lag_min, local) in enumerate(sleeps):
        offset = timedelta(hours=offset_h)
        begin = datetime.fromisoformat(start)
        end = begin + timedelta(hours=hours)
        ahead = timedelta() if local else offset
        cells = [f"{number},CLASSIC,{60 * hours - 10:g}"]
        cells += [f"{signed(offset)},{utc(moment, ahead, spaced=True)}" for moment in (begin, end)]
        cells += [utc(end + timedelta(minutes=lag_min), offset, spaced=True)] if made else []
        lines.append(",".join(cells))
    return "\n".join(lines)


def starts(folder: Path, text: str, **others) -> list[str]:
    (folder / "UserSleeps_2025-01-01.csv").write_text(text)
    return [f"{episode.start.wall:%m-%d %H:%M}" for episode in read_quietly(folder, **others)]


EVENINGS = [f"2025-07-{day:02}T23:00" for day in range(1, 7)]
WALLS = [f"07-{day:02} 23:00" for day in range(1, 7)]


@pytest.mark.parametrize("local", [True, False])
@pytest.mark.parametrize("offset_h", [-10, -7, -1, 1, 2, 5.5, 13])
def test_the_time_of_making_tells_the_clock_of_a_table(offset_h, local, tmp_path):
    # Ten minutes after the end, but one record was fetched late, one before its end, and one made again in spring.
    lags = [10, 10, 10, 10 + 60 * abs(offset_h), -30, 60 * 24 * 250]
    sleeps = [(start, 7, offset_h, lag, local) for start, lag in zip(EVENINGS, lags, strict=True)]
    assert starts(tmp_path, google_table(*sleeps)) == WALLS


@pytest.mark.parametrize(("zone", "offset_h"), [("America/Los_Angeles", -7), ("Europe/Berlin", 2)])
@pytest.mark.parametrize("local", [True, False])
def test_the_home_zone_stands_in_for_placeholders_on_either_clock(zone, offset_h, local, tmp_path):
    text = google_table(*((start, 7, offset_h, 10, local) for start in EVENINGS))
    text = re.sub(r"[+-]0\d:00", "+00:00", text)
    (tmp_path / "UserSleeps_2025-01-01.csv").write_text(text)
    episodes, notes = read_with_notes(tmp_path, home_zone=ZoneInfo(zone))
    assert [f"{episode.start.wall:%m-%d %H:%M}" for episode in episodes] == WALLS
    assert {episode.start.offset for episode in episodes} == {timedelta(hours=offset_h)}
    assert any("marked as UTC but are the local clock" in note for note in notes) is local


def test_local_times_keep_their_unknown_offset_without_a_home_zone(tmp_path):
    text = google_table(*((start, 7, 2, 10, True) for start in EVENINGS)).replace("+02:00", "+00:00")
    (tmp_path / "UserSleeps_2025-01-01.csv").write_text(text)
    assert {episode.start.isoformat()[10:] for episode in read_quietly(tmp_path)} == {"T23:00:00"}


@pytest.mark.parametrize(("offset_h", "local"), [(-7, True), (-7, False), (9, True), (9, False)])
def test_without_the_time_of_making_the_hours_of_long_sleeps_tell_the_clock(offset_h, local, tmp_path):
    nap = ("2025-07-08T14:00", 1, offset_h, 0, local)
    sleeps = [*((start, 7, offset_h, 0, local) for start in EVENINGS), nap]
    assert starts(tmp_path, google_table(*sleeps, made=False)) == [*WALLS, "07-08 14:00"]


def test_a_clock_that_nothing_tells_is_refused_where_the_nights_would_differ(tmp_path):
    # Asleep at any hour, seven hours from UTC.
    hours = [f"2025-07-0{day}T{3 * day:02}:00" for day in range(1, 7)]
    text = google_table(*((start, 7, -7, 0, True) for start in hours), made=False)
    with pytest.raises(ExportError, match=r"can be UTC or the local clock, .*: give sleep-YYYY-MM-DD.json"):
        starts(tmp_path, text)


def test_a_clock_that_nothing_tells_is_noted_where_the_nights_are_the_same(tmp_path):
    text = google_table(*((start, 7, 1, 0, True) for start in EVENINGS), made=False)
    (tmp_path / "UserSleeps_2025-01-01.csv").write_text(text)
    _, notes = read_with_notes(tmp_path)
    assert any("UTC is taken, so bedtimes may be hours off" in note for note in notes)


@pytest.mark.parametrize("local", [True, False])
def test_sleep_logs_beside_a_table_tell_its_clock(local, tmp_path):
    start = datetime.fromisoformat("2025-07-01T10:00")
    (tmp_path / "sleep-2025-07-01.json").write_text(
        log_file("L" * 840, start=start, epoch_s=30)["sleep-2026-01-01.json"]
    )
    beginnings = ("2025-07-01T10:00", "2025-07-02T12:00")
    text = google_table(*((begin, 7, -7, 0, local) for begin in beginnings), made=False)
    assert starts(tmp_path, text) == ["07-01 10:00", "07-01 10:00", "07-02 12:00"]


def test_a_table_of_few_sleeps_is_on_the_clock_of_the_table_beside_it(tmp_path):
    (tmp_path / "UserSleeps_2025-07-01.csv").write_text(
        google_table(*((start, 7, -7, 10, True) for start in EVENINGS))
    )
    late = google_table(("2025-08-01T06:00", 2, -7, 60 * 24 * 90, True))
    assert starts(tmp_path, late)[-1] == "08-01 06:00"


# --- what the stages of a session add up to --------------------------------------------------------


def google_session(epochs: str, **changes) -> dict[str, str]:
    about = {"start": datetime.fromisoformat("2025-07-01T23:00"), "offset": timedelta(hours=2), "epoch_s": 30}
    return google_files(epochs, **about | {"spaced": True, "columns": 16, "local": False} | changes)


def read_files(folder: Path, files: dict[str, str]):
    for name, text in files.items():
        (folder / name).write_text(text)
    return read_with_notes(*(folder / name for name in files))


def test_sleep_is_the_sum_of_the_stages_where_short_wakes_are_counted_as_sleep(tmp_path):
    # 400 min with ten wakes of a minute, which minutes_asleep counts as sleep.
    files = google_session(("L" * 78 + "W" * 2) * 10)
    files["UserSleeps_2026-01-01.csv"] = files["UserSleeps_2026-01-01.csv"].replace(",390.0,", ",400,")
    (episode,), notes = read_files(tmp_path, files)
    assert (episode.tst_min, episode.light_min, episode.waso_min, episode.tail_min) == (390, 390, 9, 1)
    assert any(
        "of 1 of 1 staged sleeps counts short wakes as sleep (10 min a sleep)" in note for note in notes
    )


def test_a_session_that_lacks_stages_keeps_the_minutes_of_the_vendor_without_wakes(tmp_path):
    files = google_session("L" * 200 + "W" * 20 + "D" * 200 + "W" * 20 + "R" * 400)
    lines = files["UserSleepStages_2026-01-01.csv"].splitlines()
    files["UserSleepStages_2026-01-01.csv"] = "\n".join(lines[:-1])
    (episode,), _ = read_files(tmp_path, files)
    assert (episode.tst_min, episode.wake_runs_min, episode.rem_min) == (400, None, None)
    assert episode.flags == ("unpainted_min=200",)


def test_stages_are_cut_at_the_end_of_their_session(tmp_path):
    files = google_session("L" * 400 + "W" * 20 + "R" * 400)
    sleeps = files["UserSleeps_2026-01-01.csv"]
    files["UserSleeps_2026-01-01.csv"] = sleeps.replace("03:50:00", "03:20:00").replace(",410.0,", ",380,")
    (episode,), _ = read_files(tmp_path, files)
    assert (episode.tst_min, episode.rem_min, episode.flags) == (370, 170, ("cut_min=30",))


def test_stages_of_two_takeouts_are_not_added_up(tmp_path):
    files = {name: text.encode() for name, text in google_session("L" * 400 + "W" * 20 + "R" * 400).items()}
    both = [zipped(tmp_path / f"{name}.zip", files) for name in ("old", "new")]
    first, second = read_quietly(*both)
    assert first.tst_min == second.tst_min == 400
    assert first.rem_min == second.rem_min == 200


def test_a_short_awakening_of_the_api_is_no_sleep_though_its_minutes_say_so(tmp_path):
    point = json.loads((FITBIT / "google_api" / "export" / "sleep.json").read_text())["dataPoints"][0]
    point["sleep"]["summary"] |= {"minutesAsleep": "404", "minutesAwake": "16"}
    point["sleep"]["shortAwakenings"][0]["type"] = "DEEP"
    (tmp_path / "sleep.json").write_text(json.dumps({"dataPoints": [point]}))
    (episode,) = read_quietly(tmp_path)
    assert (episode.tst_min, episode.deep_min, episode.wake_runs_min) == (403, 59, (1, 10))


def test_another_platforms_session_of_the_same_night_is_left_out_and_not_added(tmp_path):
    page = json.loads((FITBIT / "google_api" / "export" / "sleep.json").read_text())
    other = json.loads(json.dumps(page["dataPoints"][0]))
    other |= {"dataPointName": other.pop("name") + "9", "dataSource": {"platform": "HEALTH_KIT"}}
    other["sleep"] |= {"stages": [], "shortAwakenings": []}
    (tmp_path / "sleep.json").write_text(json.dumps({"dataPoints": [other, *page["dataPoints"]]}))
    episodes = read_quietly(tmp_path)
    assert [episode.app for episode in episodes].count("HEALTH_KIT") == 1
    assert nights_csv(nightly(episodes)) == (FITBIT / "google_api" / "nights.csv").read_text()


# --- a damaged record, and files of other people ---------------------------------------------------


def damaged(folder: Path, export: Path, old: str, new: str):
    """Read a copy of an export in which the first `old` is `new`."""
    for name, content in files_of(export).items():
        (folder / Path(name).name).write_bytes(content.replace(old.encode(), new.encode(), 1))
    return read_with_notes(folder)


@pytest.mark.parametrize(
    ("layout", "old", "new", "night"),
    [
        ("takeout_both", "9202,STAGES", "9202,STAGES,", "2026-01-12"),
        ("google_csv", "2026-03-28 22:30:00+0000,+02:00", "2026-03-28 22:30:00,+02:00", "2026-03-28"),
        ("google_csv", "7003,CLASSIC,390", "7003,CLASSIC,-390", "2026-03-28"),
        ("google_csv", "7003,2,RESTLESS,+01:00,2026", "7003,2,RESTLESS,+01:00,8026", "2026-03-28"),
        ("google_api", '"minutesAsleep": "403"', '"minutesAsleep": "-403"', "2026-05-04"),
        ("website", '"390"', '"39O"', "2025-02-27"),
        ("website", '"28-02-2025 6:30 am"', '"28-02-2025 6:61 am"', "2025-02-27"),
    ],
)
def test_a_damaged_record_refuses_itself_and_its_night_is_missing(layout, old, new, night, tmp_path):
    whole = nightly(read_quietly(FITBIT / layout / "export")).table.set_index("night")
    episodes, notes = damaged(tmp_path, FITBIT / layout / "export", old, new)
    table = nightly(episodes).table.set_index("night")
    assert sum("records cannot be read" in note for note in notes) == 1
    changed = table.index[table["tst_min"].fillna(-1).ne(whole["tst_min"].fillna(-1))]
    assert [str(date.date()) for date in changed] == [night]
    assert {"damaged", "missing"} <= set(table.loc[night, "flags"].split(";"))


def test_a_night_that_is_damaged_in_one_layout_is_that_of_the_other(tmp_path):
    episodes, _ = damaged(tmp_path, BOTH / "export", '"minutesAsleep": 408', '"minutesAsleep": "many"')
    assert nightly(episodes).table["tst_min"].tolist() == [440, 414, 380]


def test_a_month_with_one_damaged_log_keeps_the_others(tmp_path):
    logs = []
    for number in range(1, 4):
        text = log_file("L" * 800, start=datetime(2026, 1, number, 23), epoch_s=30)["sleep-2026-01-01.json"]
        logs += [json.loads(text)[0] | {"logId": number}]
    logs[1]["levels"]["data"][0]["seconds"] = "many"
    (tmp_path / "sleep-2026-01-01.json").write_text(json.dumps(logs))
    episodes, (note,) = read_with_notes(tmp_path)
    assert [episode.missing for episode in episodes] == ["", "damaged", ""]
    assert "1 of 3 records cannot be read (record 2; the first: not as expected" in note


def test_an_emptied_line_of_the_website_takes_no_other_night_with_it(tmp_path):
    first = '"28-02-2025 10:00 pm","01-03-2025 3:10 pm","980","50","40","1,030","200","600","180"'
    episodes, _ = damaged(tmp_path, FITBIT / "website" / "export", first, "")
    assert [episode.tst_min for episode in episodes] == [45, 390]


def test_a_stage_of_an_unknown_sleep_refuses_the_export(tmp_path):
    with pytest.raises(ExportError, match="so nobody knows whose stage it is"):
        damaged(tmp_path, GOOGLE, "7002,3,AWAKE", "7002,AWAKE")


def test_a_sleep_of_the_health_api_without_offset_needs_the_home_zone(tmp_path):
    page = json.loads((FITBIT / "google_api" / "export" / "sleep.json").read_text())
    for point in page["dataPoints"]:
        interval = point["sleep"]["interval"]
        point["sleep"]["interval"] = {end: interval[end] for end in ("startTime", "endTime")}
    (tmp_path / "sleep.json").write_text(json.dumps(page))
    with pytest.raises(HomeZoneError, match=r"record 1: sleep at .* has no UTC offset: give --home-zone"):
        read_quietly(tmp_path)
    episodes = read_quietly(tmp_path, home_zone=ZoneInfo("Europe/Berlin"))
    assert nights_csv(nightly(episodes)) == (FITBIT / "google_api" / "nights.csv").read_text()


FOREIGN = {
    "sleep-2025-01-01.json": '[{"day": "2025-01-01", "score": 80}]',
    "sleep-2025-01-02.json": "Date,Sleep\n2025-01-01,7\n",
    "UserSleeps_2025-01-01.csv": "id,from,to\n1,23:00,06:00\n",
    "UserSleepStages_2025-01-01.csv": "id,stage\n1,deep\n",
    "fitbit_export_20250101.csv": "Name,Value\nA,1\n",
}


@pytest.mark.parametrize("name", list(FOREIGN))
def test_a_file_with_a_name_of_fitbits_and_other_content_is_not_fitbits(name, tmp_path):
    (tmp_path / name).write_text(FOREIGN[name])
    for path in (tmp_path, tmp_path / name):
        with pytest.raises(ExportError, match="no importer recognises it"):
            read_quietly(path)


def test_files_that_only_have_a_name_of_fitbits_are_counted_in_a_note(tmp_path):
    for name, text in FOREIGN.items():
        (tmp_path / name).write_text(text)
    for name, content in files_of(FITBIT / "export").items():
        (tmp_path / Path(name).name).write_bytes(content)
    episodes, (note,) = read_with_notes(tmp_path)
    assert nights_csv(nightly(episodes)) == (FITBIT / "nights.csv").read_text()
    assert "holds something else (5 such files): nothing of it is read" in note


@pytest.mark.parametrize(
    "layout", ["export", "google_csv/export", "google_api/export", "web_api_v1/export", "website/export"]
)
def test_a_file_of_any_layout_is_known_under_any_name(layout, tmp_path):
    paths = []
    for number, (name, content) in enumerate(files_of(FITBIT / layout).items()):
        paths.append(tmp_path / f"Health Sync {number}{Path(name).suffix}")
        paths[-1].write_bytes(content)
    wanted = (FITBIT / layout).parent / "nights.csv"
    assert nights_csv(nightly(read_quietly(*paths))) == wanted.read_text()


# --- scores, spreadsheets, archives --------------------------------------------------------------


def test_sleep_scores_tell_which_sleeps_are_absent_and_are_no_nights(tmp_path):
    scores = "sleep_log_entry_id,timestamp,overall_score\n9000000003,2025-03-06T06:30:00Z,78\n77,,70\n"
    files = files_of(FITBIT / "export") | {"Takeout/Fitbit/Sleep Score/sleep_score.csv": scores.encode()}
    episodes, notes = read_with_notes(zipped(tmp_path / "takeout.zip", files))
    assert nights_csv(nightly(episodes)) == (FITBIT / "nights.csv").read_text()
    assert notes == [
        "takeout.zip: sleep_score.csv names 2 sleeps, 1 of them are in no sleep file: "
        "give every part of the Takeout"
    ]
    (tmp_path / "sleep_score.csv").write_text(scores)
    with pytest.raises(ExportError, match=r"scores, which are no minutes: give sleep-YYYY-MM-DD\.json"):
        read_quietly(tmp_path / "sleep_score.csv")


def test_damaged_scores_take_no_night_away_and_googles_scores_are_no_minutes_either(tmp_path):
    files = files_of(FITBIT / "export") | {"sleep_score.csv": b"sleep_log_entry_id,overall_score\n1,2,3\n"}
    assert (
        nights_csv(nightly(read_quietly(zipped(tmp_path / "takeout.zip", files))))
        == (FITBIT / "nights.csv").read_text()
    )
    (tmp_path / "my scores.csv").write_text("sleep_id,overall_score\n7002,81\n")
    with pytest.raises(ExportError, match="scores, which are no minutes"):
        read_quietly(tmp_path / "my scores.csv")


def test_a_spreadsheet_of_the_website_is_refused_with_what_to_do(tmp_path):
    (tmp_path / "fitbit_export_20260101.xls").write_bytes(b"\xd0\xcf\x11\xe0 a spreadsheet")
    with pytest.raises(ExportError, match="is a spreadsheet: export as CSV"):
        read_quietly(tmp_path / "fitbit_export_20260101.xls")
    book = zipped(tmp_path / "fitbit_export.xlsx", {"xl/workbook.xml": b"<workbook/>"})
    with pytest.raises(ExportError, match="save its sheet of sleep as CSV"):
        read_quietly(book)


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16"])
def test_a_table_that_was_saved_again_is_read(tmp_path, delimiter, encoding):
    text = f"{WEBSITE}\n2025-05-03 11:34PM,2025-05-04 7:26AM,409,63,39,472,88,241,80\n"
    (tmp_path / "Sleep.csv").write_text(text.replace(",", delimiter), encoding=encoding)
    (episode,), notes = read_with_notes(tmp_path / "Sleep.csv")
    assert (episode.tst_min, episode.tib_min, notes) == (409, 472, [])


@pytest.mark.parametrize(
    ("cell", "message"),
    [
        ("2025-05-03 13:34PM", "no hour of the pm kind"),
        ("03.05.25 23:34", "dates of two orders"),
        ("yesterday", "no time is 'yesterday'"),
        ("2025-05-05 11:34PM", "sleep from 2025-05-05"),
    ],
)
def test_a_time_that_cannot_be_is_refused(tmp_path, cell, message):
    (tmp_path / "Sleep.csv").write_text(f"{WEBSITE}\n{cell},2025-05-04 7:26AM,409,63,39,472,88,241,80\n")
    with pytest.raises(ExportError, match=message):
        read_quietly(tmp_path / "Sleep.csv")


@pytest.mark.parametrize("minutes", ["4O9", "-5", "1e3", "9,999,999"])
def test_minutes_that_are_none_are_refused(tmp_path, minutes):
    line = f'2025-05-03 11:34PM,2025-05-04 7:26AM,"{minutes}",63,39,472,88,241,80'
    (tmp_path / "Sleep.csv").write_text(f"{WEBSITE}\n{line}\n")
    with pytest.raises(ExportError, match="Minutes Asleep is"):
        read_quietly(tmp_path / "Sleep.csv")


def test_minutes_of_the_first_api_that_go_backwards_are_refused(tmp_path):
    (path,) = (FITBIT / "web_api_v1" / "export").iterdir()
    (tmp_path / "sleep.json").write_text(path.read_text().replace('"23:55:00"', '"23:51:00"'))
    with pytest.raises(ExportError, match="minuteData out of order"):
        read_quietly(tmp_path / "sleep.json")


def test_the_hour_that_occurs_twice_in_autumn_is_two_hours_of_the_first_api(tmp_path):
    start = datetime.fromisoformat("2015-10-25T01:00")
    clock = [start + timedelta(minutes=at if at < 120 else at - 60) for at in range(200)]
    (name, text), *_ = minute_file("A" * 100 + "W" * 10 + "A" * 90, start=start).items()
    log = json.loads(text)
    for minute, moment in zip(log["sleep"][0]["minuteData"], clock, strict=True):
        minute["dateTime"] = f"{moment:%H:%M:%S}"
    (tmp_path / name).write_text(json.dumps(log))
    (episode,) = read_quietly(tmp_path / name)
    assert (episode.tst_min, episode.wake_runs_min) == (190, (10,))


# --- parts of an export --------------------------------------------------------------------------


def parts_of_google(chance: random.Random) -> list[dict[str, str]]:
    """The golden tables in two to four parts by sleep, some sleeps in several."""
    files = {name: content.decode().splitlines() for name, content in files_of(GOOGLE).items()}
    sleeps = [line.partition(",")[0] for line in files[SLEEPS][1:]]
    count = chance.randint(2, 4)
    home = {sleep: {chance.randrange(count), chance.randrange(count)} for sleep in sleeps}
    return [
        {
            Path(name).name: "\n".join(
                [header, *(line for line in lines if part in home[line.partition(",")[0]])]
            )
            for name, (header, *lines) in files.items()
            if name in (SLEEPS, STAGES)
        }
        for part in range(count)
        if any(part in places for places in home.values())
    ]


def parts_of_logs(chance: random.Random) -> list[dict[str, str]]:
    """The golden logs in two to four files, some logs in several."""
    logs = [log for content in files_of(FITBIT / "export").values() for log in json.loads(content)]
    parts = [chance.sample(logs, k=chance.randint(1, len(logs))) for _ in range(chance.randint(1, 3))]
    return [
        {"sleep-2025-01-01.json": json.dumps(part)} for part in [*parts, logs[: chance.randint(1, 9)], logs]
    ]


@pytest.mark.parametrize("partitions", [50, pytest.param(500, marks=pytest.mark.slow)])
@pytest.mark.parametrize(
    ("layout", "parts_of"),
    [("google_csv", parts_of_google), (".", parts_of_logs)],
    ids=["google_csv", "logs"],
)
def test_an_export_read_in_parts_gives_the_same_nights_to_the_byte(layout, parts_of, partitions, tmp_path):
    chance = random.Random(layout)
    wanted = (FITBIT / layout / "nights.csv").read_text()
    for _ in range(partitions):
        episodes = []
        for files in parts_of(chance):
            for name, content in files.items():
                (tmp_path / name).write_text(content)
            episodes += read_quietly(*(tmp_path / name for name in files))
        assert nights_csv(nightly(episodes)) == wanted


# --- what the name of a Takeout says -------------------------------------------------------------


def takeout_part(folder: Path, number: int, name: str) -> Path:
    log = [
        {
            "logId": number,
            "type": "stages",
            "startTime": "2026-01-05T23:00:00",
            "endTime": "2026-01-06T06:00:00",
        }
    ]
    return zipped(
        folder / f"{name}-{number:03}.zip",
        {f"Takeout/Fitbit/sleep-2026-01-{number:02}.json": json.dumps(log).encode()},
    )


@pytest.mark.parametrize("name", ["takeout-20260415T083000Z", "takeout-20260415T083000Z-3"])
def test_a_part_of_a_takeout_that_is_not_there_is_asked_for(tmp_path, name):
    first, second, fourth = (takeout_part(tmp_path, number, name) for number in (1, 2, 4))
    expected = name + "-004.zip: part {} of the same Takeout is not here: give every part, or nights"
    assert read_with_notes(first, second)[1] == []
    assert read_with_notes(first, second, fourth)[1][0].startswith(expected.format("003"))
    assert read_with_notes(fourth)[1][0].startswith(expected.format("001, 002, 003"))


def test_a_zip_of_fitbits_without_sleep_is_refused_with_the_names_of_sleep_files(tmp_path):
    other = zipped(
        tmp_path / "takeout.zip", {"Takeout/Fitbit/Global Export Data/steps-2026-01-01.json": b"[]"}
    )
    with pytest.raises(
        ExportError, match=r"resembles .* Fitbit: .*as it was downloaded, with sleep-YYYY-MM-DD"
    ):
        read_exports([other])
