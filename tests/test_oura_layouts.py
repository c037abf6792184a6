"""Oura's layouts: what is written comes back, and the damage that each layout is known for."""

import csv
import io
import json
import random
import re
from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest
from click.testing import CliRunner
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from mutants import GOLDEN

from n1trial.cli import cli
from n1trial.errors import ExportError
from n1trial.importers import read_exports
from n1trial.nights import nightly, nights_csv

OURA = GOLDEN / "oura"
HUB = (OURA / "hub" / "export" / "App Data" / "sleepmodel.csv").read_text()
WEB = (OURA / "export" / "oura_sleep_2025-04-01T08-00-00.csv").read_text()


def read_with_notes(*paths: Path):
    notes = []
    episodes = read_exports(paths, on_note=notes.append)
    return episodes, [note.text for note in notes]


def read_quietly(*paths: Path):
    return read_with_notes(*paths)[0]


# --- what was written is what is read ------------------------------------------------------------

PHASES = st.lists(st.tuples(st.sampled_from("1234"), st.integers(1, 40)), min_size=1, max_size=14).map(
    lambda runs: "".join(letter * count for letter, count in runs)
)
STARTS = st.datetimes(datetime.fromisoformat("2016-01-01"), datetime.fromisoformat("2030-01-01")).map(
    lambda moment: moment.replace(microsecond=0)
)
OFFSETS = st.integers(-48, 56).map(lambda quarters: timedelta(minutes=15 * quarters))
TYPES = st.sampled_from(["long_sleep", "sleep", "late_nap", "rest", "deleted", None])
STAGED = "deep_sleep_duration", "light_sleep_duration", "rem_sleep_duration"


@st.composite
def periods(draw, epoch_s: int):
    """A period under the names of API v2, its durations those of its phases."""
    phases, start, offset = draw(PHASES), draw(STARTS), draw(OFFSETS)
    end = start + timedelta(seconds=epoch_s * len(phases))
    begin, stop = (moment.replace(tzinfo=timezone(offset)) for moment in (start, end))
    deep, light, rem, awake = (phases.count(letter) * epoch_s for letter in "1234")
    return {
        "id": f"id-{draw(st.integers(1, 10**9))}",
        "day": str(stop.date()),
        "bedtime_start": begin.isoformat(timespec="milliseconds"),
        "bedtime_end": stop.isoformat(timespec="milliseconds"),
        "type": draw(TYPES),
        "time_in_bed": epoch_s * len(phases),
        "total_sleep_duration": deep + light + rem,
        "awake_time": awake,
        "latency": draw(st.integers(0, 3_600)),
        "deep_sleep_duration": deep,
        "light_sleep_duration": light,
        "rem_sleep_duration": rem,
        "sleep_phase_30_sec" if epoch_s == 30 else "sleep_phase_5_min": phases,
    }


def wanted(period: dict) -> dict:
    phases = period.get("sleep_phase_30_sec", "") or period.get("sleep_phase_5_min", "")
    epoch_min = 0.5 if period.get("sleep_phase_30_sec") else 5
    inside = phases.strip("4")
    return {
        "start": datetime.fromisoformat(period["bedtime_start"]).isoformat(timespec="seconds"),
        "end": datetime.fromisoformat(period["bedtime_end"]).isoformat(timespec="seconds"),
        "tst": period["total_sleep_duration"] / 60,
        "tib": period["time_in_bed"] / 60,
        "sol": period["latency"] / 60,
        "stages": tuple(period[stage] / 60 for stage in STAGED),
        "runs": tuple(epoch_min * len(run) for run in re.split("[123]+", inside) if run) if inside else None,
        "used": period.get("type") in ("long_sleep", "sleep", "late_nap"),
    }


def told(episode) -> dict:
    return {
        "start": episode.start.isoformat(),
        "end": episode.end.isoformat(),
        "tst": episode.tst_min,
        "tib": episode.tib_min,
        "sol": episode.sol_min,
        "stages": (episode.deep_min, episode.light_min, episode.rem_min),
        "runs": episode.wake_runs_min,
        "used": not episode.not_used,
    }


def table(rows: list[dict], columns: list[str], *, delimiter: str = ",") -> str:
    text = io.StringIO()
    writer = csv.writer(text, delimiter=delimiter, lineterminator="\n")
    writer.writerows([columns, *([row.get(column) for column in columns] for row in rows)])
    return text.getvalue()


V1 = {
    "total": "total_sleep_duration", "duration": "time_in_bed", "onset_latency": "latency",
    "hypnogram_5min": "sleep_phase_5_min",
    "deep": "deep_sleep_duration", "light": "light_sleep_duration", "rem": "rem_sleep_duration",
}  # fmt: skip
TRENDS = {
    "Total Sleep Time": "total_sleep_duration", "Total Bedtime": "time_in_bed", "Sleep Latency": "latency",
    "Deep Sleep Time": "deep_sleep_duration", "Light Sleep Time": "light_sleep_duration",
    "REM Sleep Time": "rem_sleep_duration", "Bedtime Start": "bedtime_start", "Bedtime End": "bedtime_end",
}  # fmt: skip
HUB_COLUMNS = HUB.splitlines()[0].split(";")


def api_v2(period, chance) -> tuple[str, str]:
    records = [{**period, "heart_rate": {"interval": 300.0, "items": [58, None]}, "ring_id": None}]
    wraps = {"data": records, "next_token": None}, {"sleep": records}, {"sleep": {"data": records}}, records
    return "sleep.json", json.dumps(chance.choice(wraps))


def api_v1(period, chance) -> tuple[str, str]:
    record = {name: period[field] for name, field in V1.items()}
    record |= {"bedtime_start": period["bedtime_start"], "bedtime_end": period["bedtime_end"]}
    record |= {"summary_date": period["day"], "period_id": 0, "hr_5min": [0, 60]}
    return "oura.json", json.dumps({"sleep": [record], "activity": [], "readiness": []})


def web(period, chance) -> tuple[str, str]:
    columns = [*period, "score", "sleep_midpoint"]
    chance.shuffle(columns)
    rows = [period | {"bedtime_start": period["bedtime_start"].replace("T", chance.choice("T "))}]
    return "oura_sleep_2026.csv", table(rows, columns, delimiter=chance.choice(",;"))


def trends(period, chance) -> tuple[str, str]:
    end = datetime.fromisoformat(period["bedtime_end"])
    day = chance.choice(
        [f"{end:%Y-%m-%d}", f"{end.month}/{end.day}/{end:%y}", f"{end.month}/{end.day}/{end.year}"]
    )
    row = {name: period[field] for name, field in TRENDS.items()} | {"date": day}
    header, *rows = table([row, {"Steps": 9000}], ["date", *TRENDS, "Steps"]).splitlines()
    twice = "Sleep Timing,Sleep Timing"
    return "oura_2020_trends.csv", "\n".join([f"{twice},{header}", *(f"11000,,{line}" for line in rows)])


def hub(period, chance) -> tuple[str, str]:
    """The row clean, wrapped in quotes, or with its JSON bare: all of them can be read exactly."""
    heart_rate = json.dumps({"interval": 300.0, "items": [58, None], "timestamp": period["bedtime_start"]})
    row = {**period, "heart_rate": heart_rate, "low_battery_alert": "false"}
    header, clean = table([row], HUB_COLUMNS, delimiter=";").splitlines()
    bare = ";".join("" if row.get(column) is None else str(row[column]) for column in HUB_COLUMNS)
    wrapped = '"{}"'.format(bare.replace('"', '""'))
    return "sleepmodel.csv", f"{header}\n{chance.choice([clean, bare, wrapped])}\n"


# Layout, how to write it, seconds an epoch, and what it cannot hold.
LAYOUTS = {
    "api_v2": (api_v2, 30, {}),
    "web": (web, 300, {}),
    "hub": (hub, 30, {}),
    "api_v1": (api_v1, 300, {"used": True}),
    "trends": (trends, 300, {"used": True, "runs": None}),
}


@pytest.mark.parametrize("examples", [100, pytest.param(4_000, marks=pytest.mark.slow)])
@pytest.mark.parametrize("layout", list(LAYOUTS))
def test_a_period_comes_back_from_every_layout(layout, examples, tmp_path):
    write, epoch_s, lost = LAYOUTS[layout]

    @settings(max_examples=examples, deadline=None, database=None, suppress_health_check=list(HealthCheck))
    @given(period=periods(epoch_s), seed=st.integers(0, 99))
    def comes_back(period, seed):
        name, content = write(period, random.Random(seed))
        (tmp_path / name).write_text(content)
        (episode,) = read_quietly(tmp_path / name)
        assert told(episode) == wanted(period) | lost
        assert layout == "api_v1" or str(episode.vendor_date) == period["day"]

    comes_back()


# --- the Membership Hub --------------------------------------------------------------------------


def test_a_row_that_cannot_be_recovered_is_rejected_by_line_and_count(tmp_path):
    (tmp_path / "sleepmodel.csv").write_text(HUB)
    episodes, notes = read_with_notes(tmp_path)
    assert [episode.record_id for episode in episodes] == ["h1", "h2", "h3", "h4"]
    assert "1 of 5 rows rejected (line 6: 27 cells under 28 columns): their nights are missing" in notes[1]


def test_a_row_whose_cells_were_shifted_is_rejected_though_their_number_fits(tmp_path):
    header, first, *_ = HUB.splitlines()
    shifted = ";".join([*first.split(";")[1:], "more"])
    (tmp_path / "sleepmodel.csv").write_text("\n".join([header, first, shifted]))
    episodes, notes = read_with_notes(tmp_path)
    assert [episode.record_id for episode in episodes] == ["h1"]
    assert "1 of 2 rows rejected (line 3: " in notes[1]


def test_a_date_is_not_taken_for_a_bedtime(tmp_path):
    header, first, *_ = HUB.splitlines()
    (tmp_path / "sleepmodel.csv").write_text(
        "\n".join([header, first.replace("2026-02-03T02:00:00.000+01:00", "2026-02-03")])
    )
    with pytest.raises(ExportError, match="2026-02-03 is no time"):
        read_quietly(tmp_path)


def test_a_recovered_row_must_add_up(tmp_path):
    header, first, _, _, wrapped, _ = HUB.splitlines()
    assert ";25200;23400;" in wrapped
    (tmp_path / "sleepmodel.csv").write_text(
        "\n".join([header, first, wrapped.replace(";25200;23400;", ";23400;25200;")])
    )
    assert [episode.record_id for episode in read_quietly(tmp_path)] == ["h1"]


def test_a_hub_table_without_a_readable_row_is_refused(tmp_path):
    header, first, *_ = HUB.splitlines()
    (tmp_path / "sleepmodel.csv").write_text(f"{header}\n{first.partition(';')[2]}\n")
    with pytest.raises(ExportError, match="line 2: 27 cells under 28 columns"):
        read_quietly(tmp_path)


def test_a_header_in_quotes_and_another_name_are_read(tmp_path):
    header, *rows = HUB.splitlines()
    (tmp_path / "SleepModel.csv").write_text("\n".join([f'"{header}"', *rows]))
    assert nights_csv(nightly(read_quietly(tmp_path))) == (OURA / "hub" / "nights.csv").read_text()


def test_an_unverified_layout_says_so_and_offers_its_header_without_data(tmp_path):
    (tmp_path / "sleepmodel.csv").write_text(HUB)
    notes = []
    read_exports([tmp_path], on_note=notes.append)
    assert "not verified on a real file" in notes[0].text
    assert notes[0].header == HUB.splitlines()[0]


def test_the_command_line_notes_on_stderr_and_prints_the_header_alone_when_asked():
    export = str(OURA / "hub" / "export")
    told_nights = CliRunner().invoke(cli, ["nights", export])
    assert told_nights.stdout == (OURA / "hub" / "nights.csv").read_text()
    assert told_nights.stderr.count("note: ") == 2
    assert CliRunner().invoke(cli, ["nights", "--header", export]).output == f"{HUB.splitlines()[0]}\n"


def test_a_note_is_a_python_warning_for_those_who_call_the_library(tmp_path):
    (tmp_path / "sleepmodel.csv").write_text("\n".join(HUB.splitlines()[:2]))
    with pytest.warns(UserWarning, match="not verified on a real file"):
        read_exports([tmp_path])


# --- files that are not enough, or too many ------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "header", "needed"),
    [
        ("dailysleep.csv", "id;contributors;day;score;timestamp", "sleepmodel.csv"),
        ("oura_daily-sleep_2025.csv", "score,day,contributors_timing", "oura_sleep_….csv"),
        ("oura_bedtime_2025.csv", "date,status,bedtime_window_start,bedtime_window_end", "oura_sleep_….csv"),
    ],
)
def test_scores_and_bedtimes_are_refused_with_the_file_that_is_needed(tmp_path, name, header, needed):
    (tmp_path / name).write_text(f"{header}\n")
    with pytest.raises(ExportError, match=f"which are no minutes: give {needed}"):
        read_quietly(tmp_path)


def test_two_layouts_of_one_ring_are_refused_by_name(tmp_path):
    (tmp_path / "oura_sleep.csv").write_text(WEB)
    (tmp_path / "sleepmodel.csv").write_text(HUB)
    with pytest.raises(ExportError, match=r"sleepmodel\.csv and .*oura_sleep\.csv: .* give only one of them"):
        read_quietly(tmp_path)


def test_phases_that_a_spreadsheet_rounded_give_no_counts_in_any_table(tmp_path):
    header, first, *_ = HUB.splitlines()
    cells = first.split(";")
    cells[HUB_COLUMNS.index("sleep_phase_30_sec")] = "4,44442E+118"
    (tmp_path / "sleepmodel.csv").write_text("\n".join([header, ";".join(cells)]))
    (episode,) = read_quietly(tmp_path)
    assert (episode.tst_min, episode.wake_runs_min, episode.flags) == (45.5, None, ("hypnogram_corrupt",))


def test_a_column_of_the_trends_table_that_is_read_may_not_occur_twice(tmp_path):
    (path,) = (OURA / "trends" / "export").iterdir()
    (tmp_path / "trends.csv").write_text(path.read_text().replace("Awake Time", "Total Sleep Time"))
    with pytest.raises(ExportError, match="column Total Sleep Time occurs twice"):
        read_quietly(tmp_path / "trends.csv")


@pytest.mark.parametrize("partitions", [50, pytest.param(500, marks=pytest.mark.slow)])
@pytest.mark.parametrize(
    ("name", "text", "nights"),
    [("oura_sleep.csv", WEB, "nights.csv"), ("sleepmodel.csv", HUB, "hub/nights.csv")],
    ids=["web", "hub"],
)
def test_an_export_read_in_parts_gives_the_same_nights_to_the_byte(name, text, nights, partitions, tmp_path):
    header, *rows = text.splitlines()
    chance = random.Random(name)
    whole = (OURA / nights).read_text()
    for _ in range(partitions):
        cuts = [chance.sample(rows, k=chance.randint(2, len(rows))) for _ in range(chance.randint(1, 3))]
        episodes = []
        rest = [row for row in rows if not any(row in cut for cut in cuts)]
        # Never the damaged row of the hub alone: a file of which nothing can be read is refused.
        for part in [*cuts, [*rest, *rows[:2]]]:
            (tmp_path / name).write_text("\n".join([header, *part]))
            episodes += read_quietly(tmp_path / name)
        assert nights_csv(nightly(episodes)) == whole
