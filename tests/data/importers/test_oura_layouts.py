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
from n1trial.data.importers import read_exports
from n1trial.data.nights import nightly, nights_csv
from n1trial.errors import ExportError

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
VITALS = {
    "average_hrv": st.integers(5, 200),
    "lowest_heart_rate": st.integers(30, 60),
    "average_heart_rate": st.integers(240, 400).map(lambda quarters: quarters / 4),
    "average_breath": st.integers(64, 200).map(lambda eighths: eighths / 8),
    "temperature": st.integers(-300, 300).map(lambda hundredths: hundredths / 100),
}
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
        **{name: draw(st.none() | value) for name, value in VITALS.items()},
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
        "vitals": tuple(period[name] for name in VITALS),
    }


def fields_of(episode) -> dict:
    return {
        "start": episode.start.isoformat(),
        "end": episode.end.isoformat(),
        "tst": episode.tst_min,
        "tib": episode.tib_min,
        "sol": episode.sol_min,
        "stages": (episode.deep_min, episode.light_min, episode.rem_min),
        "runs": episode.wake_runs_min,
        "used": not episode.not_used,
        "vitals": (
            episode.hrv_rmssd_ms,
            episode.heart_rate_min_bpm,
            episode.heart_rate_mean_bpm,
            episode.respiratory_rate_rpm,
            episode.skin_temp_deviation_c,
        ),
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
    "rmssd": "average_hrv", "hr_lowest": "lowest_heart_rate", "hr_average": "average_heart_rate",
    "breath_average": "average_breath", "temperature_delta": "temperature",
}  # fmt: skip
TRENDS = {
    "Total Sleep Time": "total_sleep_duration", "Total Bedtime": "time_in_bed", "Sleep Latency": "latency",
    "Deep Sleep Time": "deep_sleep_duration", "Light Sleep Time": "light_sleep_duration",
    "REM Sleep Time": "rem_sleep_duration", "Bedtime Start": "bedtime_start", "Bedtime End": "bedtime_end",
    "Average HRV": "average_hrv", "Lowest Resting Heart Rate": "lowest_heart_rate",
    "Average Resting Heart Rate": "average_heart_rate", "Respiratory Rate": "average_breath",
    "Temperature Deviation": "temperature",
}  # fmt: skip
HUB_COLUMNS = HUB.splitlines()[0].split(";")


def api_v2(period, chance) -> tuple[str, str]:
    readiness = chance.choice([{"score": 70, "temperature_deviation": period["temperature"]}, None])
    if readiness is None:
        period["temperature"] = None
    records = [{**period, "heart_rate": {"interval": 300.0, "items": [58, None]}, "readiness": readiness}]
    wraps = {"data": records, "next_token": None}, {"sleep": records}, {"sleep": {"data": records}}, records
    return "sleep.json", json.dumps(chance.choice(wraps))


def api_v1(period, chance) -> tuple[str, str]:
    record = {name: period[field] for name, field in V1.items()}
    record |= {"bedtime_start": period["bedtime_start"], "bedtime_end": period["bedtime_end"]}
    record |= {"summary_date": period["day"], "period_id": 0, "hr_5min": [0, 60]}
    return "oura.json", json.dumps({"sleep": [record], "activity": [], "readiness": []})


def web(period, chance) -> tuple[str, str]:
    column, temperature = chance.choice(
        [
            ("readiness_temperature_deviation", period["temperature"]),
            # What pandas writes.
            ("readiness", repr({"score": 70, "temperature_deviation": period["temperature"]})),
        ]
    )
    columns = [*period, "score", column, "sleep_midpoint"]
    chance.shuffle(columns)
    rows = [
        period
        | {"bedtime_start": period["bedtime_start"].replace("T", chance.choice("T ")), column: temperature}
    ]
    return "oura_sleep_2026.csv", table(rows, columns, delimiter=chance.choice(",;"))


def trends(period, chance) -> tuple[str, str]:
    """Columns as of before and since 2022, in any order and case."""
    end = datetime.fromisoformat(period["bedtime_end"])
    day = chance.choice(
        [f"{end:%Y-%m-%d}", f"{end.month}/{end.day}/{end:%y}", f"{end.month}/{end.day}/{end.year}"]
    )
    row = {name: period[field] for name, field in TRENDS.items()} | {"date": day}
    columns = ["date", *TRENDS, "Steps", "Sleep Timing", "Sleep Timing"]
    chance.shuffle(columns)
    header, *rows = table([row, {"Steps": 9000, "date": day}], columns).splitlines()
    if chance.random() < 0.5:
        header = header.replace("Sleep Time,", "Sleep Duration,").replace("Total Bedtime", "Total Bedtime ")
        header = header.replace("Temperature Deviation", "Temperature Deviation (°C)")
        rows = [re.sub(r",(?=,|$)", ",None", line) for line in rows]
    lines = [chance.choice([header, header.lower(), header.upper()]), *rows]
    if chance.random() < 0.5:
        lines = [line.replace(",", ";") for line in lines]
    return chance.choice(["oura_2020_trends.csv", "download.txt"]), "\n".join(lines)


def hub(period, chance) -> tuple[str, str]:
    """The row clean, wrapped in quotes, or with its JSON bare: all of them can be read exactly."""
    heart_rate = json.dumps({"interval": 300.0, "items": [58, None], "timestamp": period["bedtime_start"]})
    readiness = json.dumps({"temperature_deviation": period["temperature"], "score": 70})
    row = {**period, "heart_rate": heart_rate, "readiness": readiness, "low_battery_alert": "false"}
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


@pytest.mark.parametrize("examples", [100, pytest.param(1_000, marks=pytest.mark.slow)])
@pytest.mark.parametrize("layout", list(LAYOUTS))
def test_a_period_comes_back_from_every_layout(layout, examples, tmp_path):
    write, epoch_s, lost = LAYOUTS[layout]

    @settings(max_examples=examples, deadline=None, database=None, suppress_health_check=list(HealthCheck))
    @given(period=periods(epoch_s), seed=st.integers(0, 99))
    def comes_back(period, seed):
        name, content = write(period, random.Random(seed))
        (tmp_path / name).write_text(content, encoding="utf-8")
        (episode,) = read_quietly(tmp_path / name)
        assert fields_of(episode) == wanted(period) | lost
        assert layout == "api_v1" or str(episode.vendor_date) == period["day"]

    comes_back()


# --- the Membership Hub --------------------------------------------------------------------------


def test_a_row_that_cannot_be_recovered_is_rejected_by_line_and_count(tmp_path):
    (tmp_path / "sleepmodel.csv").write_text(HUB)
    episodes, notes = read_with_notes(tmp_path)
    assert [episode.record_id for episode in episodes] == ["h1", "h2", "h3", "h4"]
    assert "1 of 5 records cannot be read (line 6; the first: 27 cells under 28 columns)" in notes[1]


def test_a_row_whose_cells_were_shifted_is_rejected_though_their_number_fits(tmp_path):
    header, first, *_ = HUB.splitlines()
    shifted = ";".join([*first.split(";")[1:], "more"])
    (tmp_path / "sleepmodel.csv").write_text("\n".join([header, first, shifted]))
    episodes, notes = read_with_notes(tmp_path)
    assert [episode.record_id for episode in episodes] == ["h1"]
    assert "1 of 2 records cannot be read (line 3; " in notes[1]


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
    listed = CliRunner().invoke(cli, ["nights", export])
    assert listed.stdout == (OURA / "hub" / "nights.csv").read_text()
    assert listed.stderr.count("note: ") == 3
    assert CliRunner().invoke(cli, ["nights", "--header", export]).output == f"{HUB.splitlines()[0]}\n"


def test_a_note_is_a_python_warning_for_those_who_call_the_library(tmp_path):
    (tmp_path / "sleepmodel.csv").write_text("\n".join(HUB.splitlines()[:2]))
    with pytest.warns(UserWarning, match="not verified on a real file"):
        read_exports([tmp_path])


HALVES = [
    # One night in two records, 90 min apart.
    "p1;14.5;54.0;61;0;2026-02-03T01:00:00.000+01:00;2026-02-02T23:00:00.000+01:00;2026-02-03;0;100;;;0;7200;"
    "false;50;;0;;0;0;v2;;;;7200;7200;long_sleep",
    "p2;14.5;54.0;61;0;2026-02-03T06:30:00.000+01:00;2026-02-03T02:30:00.000+01:00;2026-02-03;0;100;;;0;14400;"
    "false;50;;0;;0;0;v2;;;;14400;14400;long_sleep",
]


def test_half_a_night_whose_other_half_is_damaged_does_not_pass_for_whole(tmp_path):
    other_night = HUB.splitlines()[1].replace("2026-02-03", "2026-02-13")
    for lost in (HALVES[1].replace(";14400;14400;", ";14400;"), HALVES[1].replace(";14400;long", ";x;long")):
        (tmp_path / "sleepmodel.csv").write_text(
            "\n".join([HUB.splitlines()[0], HALVES[0], lost, other_night])
        )
        first = nightly(read_quietly(tmp_path)).table.to_dict("records")[0]
        assert (first["tst_min"], first["flags"]) == (120, "left_out=1;no_wake_count")


@pytest.mark.parametrize("glue", [";", "", "\x00"])
def test_two_rows_in_one_line_hide_a_night_and_refuse_the_file(tmp_path, glue):
    header, first, second, *_ = HUB.splitlines()
    (tmp_path / "sleepmodel.csv").write_text("\n".join([header, first, first + glue + second, second]))
    with pytest.raises(ExportError, match=r"line 3: .* so rows run into each other"):
        read_quietly(tmp_path)


# --- damaged records of the other layouts --------------------------------------------------------


def periods_of(*, damaged: dict[int, dict]) -> str:
    """Three nights of the API, some with fields that are not as they should be."""
    period = {"total_sleep_duration": 25200, "time_in_bed": 27000, "type": "long_sleep"}
    nights = [
        period
        | {
            "bedtime_start": f"2026-01-1{day}T23:00:00+01:00",
            "bedtime_end": f"2026-01-1{day + 1}T06:30:00+01:00",
        }
        for day in range(3)
    ]
    return json.dumps({"data": [night | damaged.get(number, {}) for number, night in enumerate(nights)]})


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("total_sleep_duration", "seven"),
        ("time_in_bed", -1),
        ("bedtime_end", None),
        ("bedtime_end", "2025-01-12T06:30:00+01:00"),
        ("type", "long_sleepp"),
        ("latency", 1e9),
    ],
)
def test_a_damaged_period_refuses_itself_and_its_night_is_missing(tmp_path, field, value):
    (tmp_path / "sleep.json").write_text(periods_of(damaged={1: {field: value}}))
    episodes, notes = read_with_notes(tmp_path)
    assert [(str(episode.start.wall.date()), episode.missing) for episode in episodes] == [
        ("2026-01-10", ""),
        ("2026-01-11", "damaged"),
        ("2026-01-12", ""),
    ]
    assert "sleep.json: 1 of 3 records cannot be read (record 2; the first: " in notes[0]


@pytest.mark.parametrize(("name", "text"), [("oura_sleep.csv", WEB), ("sleepmodel.csv", HUB)])
def test_a_table_without_types_is_not_a_table_of_unconfirmed_periods(tmp_path, name, text):
    (tmp_path / name).write_text(text.replace("type", "typ", 1))
    with pytest.raises(ExportError, match="has no column type"):
        read_quietly(tmp_path)


def test_a_period_that_lost_its_start_is_counted(tmp_path):
    (tmp_path / "sleep.json").write_text(periods_of(damaged={1: {"bedtime_start": "11 pm"}}))
    episodes, notes = read_with_notes(tmp_path)
    assert len(episodes) == 2
    assert (
        "1 of 3 records cannot be read (record 2; the first: cannot be read (11 pm is no time))" in notes[0]
    )


def test_a_file_of_which_most_periods_are_damaged_is_refused(tmp_path):
    (tmp_path / "sleep.json").write_text(
        periods_of(damaged={number: {"total_sleep_duration": "seven"} for number in (0, 2)})
    )
    with pytest.raises(ExportError, match=r"sleep.json › record 1: not as expected"):
        read_quietly(tmp_path)


# --- vital signs ---------------------------------------------------------------------------------


def test_zero_is_not_measured_but_no_deviation_is_one(tmp_path):
    vitals = {"average_hrv": 0, "lowest_heart_rate": 0, "average_breath": 0.0, "average_heart_rate": None}
    readiness = {"readiness": {"temperature_deviation": 0.0}}
    (tmp_path / "sleep.json").write_text(periods_of(damaged={0: vitals | readiness}))
    first = read_quietly(tmp_path)[0]
    assert (first.hrv_rmssd_ms, first.heart_rate_min_bpm, first.respiratory_rate_rpm) == (None, None, None)
    assert (first.skin_temp_deviation_c, first.flags) == (0, ())


@pytest.mark.parametrize(
    ("vitals", "flags"),
    [
        ({"average_hrv": 4_000}, ("hrv_rmssd_ms_implausible",)),
        ({"average_hrv": "4.2E+40"}, ("hrv_rmssd_ms_implausible",)),
        ({"average_breath": "15 rpm"}, ("respiratory_rate_rpm_implausible",)),
        ({"readiness": {"temperature_deviation": 36.4}}, ("skin_temp_deviation_c_implausible",)),
        (
            {"lowest_heart_rate": 70, "average_heart_rate": 60},
            ("heart_rate_min_bpm_implausible", "heart_rate_mean_bpm_implausible"),
        ),
    ],
)
def test_a_vital_sign_that_no_sleeper_has_is_left_out_with_a_flag(tmp_path, vitals, flags):
    (tmp_path / "sleep.json").write_text(periods_of(damaged={0: vitals}))
    first = read_quietly(tmp_path)[0]
    assert (first.tst_min, first.flags) == (420, flags)
    assert (first.hrv_rmssd_ms, first.heart_rate_min_bpm, first.heart_rate_mean_bpm) == (None, None, None)
    assert (first.respiratory_rate_rpm, first.skin_temp_deviation_c) == (None, None)


@pytest.mark.parametrize(
    ("cell", "celsius"),
    [
        ("{'score': 71, 'temperature_deviation': -0.08, 'temperature_trend_deviation': 0.4}", -0.08),
        ("{'temperature_deviation': None, 'temperature_trend_deviation': 0.4}", None),
        ('{"score": 71, "temperature_deviation": 1e-1}', 0.1),
        ("__import__('os').abort()", None),
        ("{'temperature_deviation': 0.1, 'temperature_deviation': 0.2}", None),
        ("0", None),
    ],
)
def test_the_temperature_is_found_in_what_python_or_json_wrote_into_a_cell(tmp_path, cell, celsius):
    period = json.loads(periods_of(damaged={}))["data"][0] | {"readiness": cell}
    (tmp_path / "oura_sleep.csv").write_text(table([period], list(period)))
    (episode,) = read_quietly(tmp_path)
    assert (episode.skin_temp_deviation_c, episode.flags) == (celsius, ())


# --- the trends table ----------------------------------------------------------------------------

TRENDS_2022 = next((OURA / "trends_since_2022" / "export").iterdir()).read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("lost", "message"),
    [
        (["Bedtime Start"], "has no column Bedtime Start: choose Bedtime Start in Oura's trends"),
        (
            ["Bedtime End", "Total Sleep Duration"],
            "has no column Bedtime End and no Total Sleep Duration: choose",
        ),
    ],
)
def test_a_column_that_was_not_chosen_is_asked_for_by_its_name(tmp_path, lost, message):
    rows = list(csv.DictReader(io.StringIO(TRENDS_2022)))
    path = tmp_path / "oura_2026_trends.csv"
    path.write_text(table(rows, [name for name in rows[0] if name not in lost]), encoding="utf-8")
    with pytest.raises(ExportError, match=f"oura_2026_trends.csv: {message}"):
        read_quietly(path)


def test_three_columns_are_enough_for_a_night(tmp_path):
    (tmp_path / "x.csv").write_text(
        "bedtime start,BEDTIME END,Total  Sleep Duration\n2026-06-01T23:00:00+02:00,2026-06-02T06:30:00+02:00,25200\n"
    )
    (episode,) = read_quietly(tmp_path / "x.csv")
    assert (episode.tst_min, episode.tib_min, episode.sol_min, episode.deep_min) == (420, 450, None, None)
    assert (episode.vendor_date, episode.hrv_rmssd_ms, episode.flags) == (None, None, ())


def test_files_of_both_kinds_put_together_have_one_value_a_row(tmp_path):
    start, end = "2026-06-01T23:00:00+02:00", "2026-06-02T06:30:00+02:00"
    header = "date,Bedtime Start,Bedtime End,Total Sleep Time,Total Sleep Duration"
    rows = [
        f"2026-06-02,{start},{end},{asleep}" for asleep in ("25200,", ",25200", "25200,25200", "25200,24000")
    ]
    (tmp_path / "oura_trends.csv").write_text("\n".join([header, *rows]))
    episodes, notes = read_with_notes(tmp_path)
    assert [episode.tst_min for episode in episodes if not episode.missing] == [420, 420, 420]
    assert "1 of 4 records cannot be read (line 5; the first: two values of Total Sleep Duration)" in notes[0]


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-16-le", "cp1252", "gb18030"])
@pytest.mark.parametrize("delimiter", [",", ";"])
def test_trends_saved_again_by_a_spreadsheet_are_the_same_nights(tmp_path, encoding, delimiter):
    text = TRENDS_2022.replace(",", delimiter).replace("2026-06-02" + delimiter, "6/2/26" + delimiter)
    (tmp_path / "oura trends.csv").write_bytes(text.encode(encoding))
    nights = nights_csv(nightly(read_quietly(tmp_path))).replace("excel_date;", "")
    assert nights == (OURA / "trends_since_2022" / "nights.csv").read_text()


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
