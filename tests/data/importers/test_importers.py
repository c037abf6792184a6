"""The contract of every importer, and what a stranger's file may not do."""

import json
import os
import re
import stat
import struct
import subprocess
import sys
import zipfile
from datetime import datetime, timedelta
from pathlib import Path
from time import perf_counter
from zoneinfo import ZoneInfo

import pytest
from click.testing import CliRunner
from device_files import ten_years_of_fitbit
from hypothesis import given, settings
from hypothesis import strategies as st
from mutants import GOLDEN, files_of, home_zone_of, zipped
from yardstick import slowness

from n1trial.cli import cli
from n1trial.data.episodes import SleepEpisode
from n1trial.data.importers import device_name, known_importers, read_exports
from n1trial.data.nights import nightly, nights_csv
from n1trial.errors import ExportError

FITBIT = GOLDEN / "fitbit" / "export"
OURA = GOLDEN / "oura" / "export"
IMPORTERS = known_importers()

every_importer = pytest.mark.parametrize("name", list(IMPORTERS))


def refused(path: Path, *, match: str) -> None:
    started = perf_counter()
    with pytest.raises(ExportError, match=match) as raised:
        read_exports([path])
    assert "\n" not in str(raised.value)
    assert perf_counter() - started < 2


def night_text(path: Path, tmp_path: Path) -> str:
    nightly(read_exports([path])).to_csv(tmp_path / "nights.csv")
    return (tmp_path / "nights.csv").read_text()


# --- the contract --------------------------------------------------------------------------------


@every_importer
def test_an_importer_says_what_it_reads(name):
    importer = IMPORTERS[name]
    assert importer.DEVICE
    assert importer.LOOKS_FOR
    assert "Where to get it" in importer.__doc__
    assert "cannot be trusted" in importer.__doc__


@every_importer
def test_times_without_numbers_are_none_and_numbers_are_sane(name):
    export = GOLDEN / name / "export"
    for episode in read_exports([export], home_zone=home_zone_of(export), on_note=lambda note: None):
        assert episode.source == name
        assert episode.tst_min is None or 0 <= episode.tst_min <= (episode.tib_min or 0) + 1
        # Withings gives the sum of wake in tables that have no list of wakes.
        assert episode.wake_runs_min is None or episode.waso_min is not None


# --- ambiguity and the home zone -----------------------------------------------------------------


def test_a_device_is_written_as_its_vendor_writes_it():
    for source, importer in known_importers().items():
        assert device_name(source).lower() == importer.DEVICE.lower()
        assert device_name(source)[0].isupper()
    assert device_name("sleep_as_android") == "Sleep as Android"
    assert device_name("a_ring_of_mine") == "A ring of mine"


def test_two_devices_in_one_call_are_refused_by_name():
    with pytest.raises(ExportError, match="fitbit and oura both recognise it"):
        read_exports([FITBIT, OURA])


def test_an_unknown_export_is_refused_in_two_lines_and_the_help_lists_every_device(tmp_path):
    (tmp_path / "no.json").write_text("{}")
    with pytest.raises(
        ExportError, match=r"no.json: no importer recognises it \(one file\): give .*; n1trial nights --help"
    ) as refused:
        read_exports([tmp_path / "no.json"])
    assert len(str(refused.value)) < 200
    help_text = " ".join(CliRunner().invoke(cli, ["nights", "--help"]).output.split())
    named = {name: importer.DEVICE for name, importer in known_importers().items() if name != "generic"}
    assert [name for name, device in named.items() if device not in help_text] == []
    assert "mapping.yaml" in help_text


def test_a_table_that_nights_wrote_is_known_and_no_mapping_is_proposed(tmp_path):
    path = tmp_path / "nights.csv"
    path.write_text(nights_csv(nightly(read_exports([FITBIT], on_note=lambda note: None))))
    refused(path, match="n1trial nights wrote it.*give the export itself")


def test_with_a_home_zone_fitbit_times_have_an_offset_and_without_one_they_do_not():
    zoned, naive = read_exports([FITBIT], home_zone=ZoneInfo("Asia/Tokyo")), read_exports([FITBIT])
    assert zoned[0].start.isoformat() == "2025-03-04T23:00:00+09:00"
    assert naive[0].start.isoformat() == "2025-03-04T23:00:00"


def test_an_oura_time_that_lost_its_offset_needs_the_home_zone(tmp_path):
    content = (OURA / "oura_sleep_2025-04-01T08-00-00.csv").read_text()
    path = tmp_path / "oura_sleep.csv"
    path.write_text(content.replace("+01:00", "").replace("+02:00", ""))
    with pytest.raises(ExportError, match=r"line 2: sleep at 2025-03-11T23:00:00.000 has no UTC offset"):
        read_exports([path])
    assert read_exports([path], home_zone=ZoneInfo("Europe/Berlin"))[0].start.isoformat().endswith("+01:00")


# --- shapes of the same data ---------------------------------------------------------------------

ONE_FILE = FITBIT / "Takeout/Fitbit/Global Export Data/sleep-2025-02-04.json"


def without_file(episodes: list[SleepEpisode]) -> list[tuple[object, ...]]:
    return [
        (episode.record_id, episode.start, episode.tst_min, episode.wake_runs_min) for episode in episodes
    ]


@pytest.mark.parametrize(
    "wrap",
    [
        lambda logs: {"sleep": logs, "summary": {"totalMinutesAsleep": 1}},
        lambda logs: {"pagination": {"next": ""}, "sleep": logs},
        lambda logs: [{key: value for key, value in log.items() if key != "logType"} for log in logs],
        lambda logs: [{**log, "isMainSleep": True, "later": {"field": [1]}} for log in logs],
    ],
)
def test_an_answer_of_the_fitbit_api_is_read_like_a_takeout(tmp_path, wrap):
    path = tmp_path / "saved answer.json"
    path.write_text(json.dumps(wrap(json.loads(ONE_FILE.read_text()))))
    assert without_file(read_exports([path])) == without_file(read_exports([ONE_FILE]))


def test_one_fitbit_log_alone_is_read(tmp_path):
    (tmp_path / "log.json").write_text(json.dumps(json.loads(ONE_FILE.read_text())[0]))
    assert [episode.record_id for episode in read_exports([tmp_path / "log.json"])] == ["9000000003"]


def test_an_answer_that_is_still_pending_is_not_an_empty_export(tmp_path):
    (tmp_path / "sleep-2025-01-01.json").write_text('{"meta": {"retryDuration": 3000, "state": "pending"}}')
    refused(tmp_path, match="still computing")


def test_an_empty_export_is_refused_as_empty(tmp_path):
    (tmp_path / "sleep-2025-01-01.json").write_text("[]")
    refused(tmp_path, match="recognised as Fitbit but holds no sleep record")


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "gb18030", "cp1252"])
@pytest.mark.parametrize("delimiter", [",", ";"])
def test_encodings_and_delimiters_give_the_same_nights(tmp_path, encoding, delimiter):
    text = (OURA / "oura_sleep_2025-04-01T08-00-00.csv").read_text().replace(",", delimiter)
    (tmp_path / "oura_sleep.csv").write_bytes(text.encode(encoding))
    assert night_text(tmp_path, tmp_path.parent) == (GOLDEN / "oura" / "nights.csv").read_text()


@pytest.mark.parametrize(("day", "date"), [("3/12/2025", "2025-03-12"), ("12.3.2025", "2025-03-12")])
def test_a_spreadsheet_date_is_read_by_the_end_of_the_sleep(tmp_path, day, date):
    text = (OURA / "oura_sleep_2025-04-01T08-00-00.csv").read_text().replace(",2025-03-12,", f",{day},")
    (tmp_path / "oura_sleep.csv").write_text(text)
    first = read_exports([tmp_path])[0]
    assert (str(first.vendor_date), "excel_date" in first.flags) == (date, True)


def test_phases_that_a_spreadsheet_rounded_give_no_counts(tmp_path):
    text = (OURA / "oura_sleep_2025-04-01T08-00-00.csv").read_text()
    phases = text.splitlines()[1].split(",")[-2]
    (tmp_path / "oura_sleep.csv").write_text(text.replace(phases, "4.2E+40"))
    first = read_exports([tmp_path])[0]
    assert (first.tst_min, first.wake_runs_min, first.flags) == (390, None, ("hypnogram_corrupt",))


def test_a_row_with_a_cell_too_few_refuses_itself_and_its_night_is_missing(tmp_path):
    text = (OURA / "oura_sleep_2025-04-01T08-00-00.csv").read_text()
    (tmp_path / "oura_sleep.csv").write_text(text.replace("1800,2025-03-12T06", "2025-03-12T06"))
    notes = []
    episodes = read_exports([tmp_path], on_note=notes.append)
    first, *_ = nightly(episodes).table.to_dict("records")
    assert (str(first["night"].date()), first["flags"]) == ("2025-03-11", "damaged;missing")
    assert "1 of 5 records cannot be read (line 2; the first: 18 cells under 19 columns)" in notes[0].text


# --- what was written is what is read ------------------------------------------------------------

LETTERS = {"deep": "S", "light": "S", "rem": "S", "wake": "W", "unknown": "u"}
SEGMENTS = st.lists(st.tuples(st.sampled_from(list(LETTERS)), st.integers(1, 40)), min_size=1, max_size=12)
SHORT_WAKES = st.lists(st.tuples(st.integers(-3, 250), st.integers(1, 6)), max_size=6)


def fitbit_log(segments, short_wakes) -> dict[str, object]:
    """A log of 30-s epochs from 23:00 on, as Fitbit writes it."""

    def piece(level: str, at: int, epochs: int) -> dict[str, object]:
        start = datetime.fromisoformat("2025-03-01T23:00") + timedelta(seconds=30 * at)
        return {"dateTime": start.isoformat(timespec="milliseconds"), "level": level, "seconds": 30 * epochs}

    starts = [sum(epochs for _, epochs in segments[:index]) for index in range(len(segments) + 1)]
    data = [piece(level, at, epochs) for (level, epochs), at in zip(segments, starts, strict=False)]
    end = piece("", starts[-1], 0)["dateTime"]
    short = [piece("wake", at, epochs) for at, epochs in short_wakes]
    return {
        "logId": 1,
        "type": "stages",
        "startTime": data[0]["dateTime"],
        "endTime": end,
        "minutesAsleep": 30,
        "minutesAwake": 5,
        "levels": {"data": data, "shortData": short},
    }


@given(segments=SEGMENTS, short_wakes=SHORT_WAKES)
@settings(max_examples=300, deadline=None)
def test_a_fitbit_hypnogram_comes_back_as_it_was_painted(tmp_path_factory, segments, short_wakes):
    epochs = [LETTERS[level] for level, count in segments for _ in range(count)]
    for at, count in short_wakes:
        for index in range(max(at, 0), min(at + count, len(epochs))):
            epochs[index] = "W"
    path = tmp_path_factory.getbasetemp() / "log.json"
    path.write_text(json.dumps([fitbit_log(segments, short_wakes)]))
    (episode,) = read_exports([path])
    slept = "".join(epochs).strip("Wu")
    runs = tuple(len(run) / 2 for run in re.split("[Su]+", slept) if run)
    assert episode.wake_runs_min == (runs if slept else None)


@pytest.fixture(scope="module")
def ten_years(tmp_path_factory):
    folder = tmp_path_factory.mktemp("ten-years")
    ten_years_of_fitbit(folder)
    return folder


SPEED = """
import json, sys
from pathlib import Path
from time import perf_counter
import pandas as pd
from n1trial.data.importers import known_importers, read_exports
from n1trial.data.nights import nightly

folder = Path(sys.argv[1])
known_importers()

def ours():
    return nightly(read_exports([folder])).table

def plain(*levels):
    for path in folder.iterdir():
        logs = json.loads(path.read_text())
        if not levels:
            pd.json_normalize(logs)
        for level in levels:
            held = [log for log in logs if level in log["levels"]]
            pd.json_normalize(held, record_path=["levels", level], meta=["logId"])

def seconds(work, *arguments):
    started = perf_counter()
    work(*arguments)
    return perf_counter() - started

print(len(ours()))
print(min(seconds(ours) for _ in range(5)))
print(min(seconds(plain) for _ in range(5)))
# A table of logs holds no wakes; the wakes that nights are made of lie in these two lists.
print(min(seconds(plain, "data", "shortData") for _ in range(5)))
"""


@pytest.mark.alone
@pytest.mark.slow
def test_ten_years_of_fitbit_are_nights_within_a_second_and_sooner_than_a_table_of_wakes(ten_years):
    # In a process of its own: the memory of a long test run slows whatever makes many objects.
    ran = subprocess.run([sys.executable, "-c", SPEED, ten_years], capture_output=True, text=True, check=True)
    nights, ours_s, logs_s, wakes_s = map(float, ran.stdout.split())
    files = list(ten_years.iterdir())
    size = sum(file.stat().st_size for file in files)
    print(
        f"\nten years, {len(files)} files, {size / 1e6:.0f} MB: {nights:.0f} nights in {ours_s:.2f} s; json.loads and"
        f" json_normalize of the logs {logs_s:.2f} s, of the wakes in them {wakes_s:.2f} s"
    )
    assert nights >= 3_650
    assert ours_s < 1 * slowness()
    # A third to a half of it, by the machine: 0.30 s against 1.0 s when this was written, 0.79 s against 1.5 s on
    # a slower one. A table of the bare logs, their wakes left as text, took 0.25 s.
    assert ours_s < wakes_s


@pytest.mark.alone
@pytest.mark.slow
def test_thirty_thousand_other_members_cost_less_than_three_seconds(ten_years, tmp_path):
    noise, path = os.urandom(65_000), tmp_path / "takeout.zip"
    with zipfile.ZipFile(path, "w") as archive:
        for other in range(30_000):
            archive.writestr(f"Takeout/Fitbit/Heart Rate/heart_rate-{other}.json", noise)
        for sleep in ten_years.iterdir():
            archive.write(sleep, f"Takeout/Fitbit/Global Export Data/{sleep.name}")
    size = path.stat().st_size
    started = perf_counter()
    alone = len(read_exports([ten_years]))
    between = perf_counter()
    assert len(read_exports([path])) == alone
    extra_s = perf_counter() - between - (between - started)
    print(f"\n{size / 1e9:.2f} GB zip with 30,000 other members: {extra_s:.2f} s beyond the sleep files")
    assert extra_s < 3 * slowness()


@given(phases=st.text(alphabet="1234", min_size=1, max_size=150))
@settings(max_examples=300, deadline=None)
def test_oura_phases_come_back_as_wake_runs(tmp_path_factory, phases):
    header, row = (OURA / "oura_sleep_2025-04-01T08-00-00.csv").read_text().splitlines()[:2]
    cells = row.split(",")
    path = tmp_path_factory.getbasetemp() / "oura_sleep.csv"
    path.write_text("\n".join([header, ",".join([*cells[:-2], phases, cells[-1]])]))
    (episode,) = read_exports([path])
    inside = phases.strip("4")
    assert episode.wake_runs_min == (
        tuple(5 * len(run) for run in re.findall("4+", inside)) if inside else None
    )


# --- hostile archives ----------------------------------------------------------------------------

SLEEP = "Takeout/Fitbit/sleep-2025-03-01.json"


def test_a_bomb_is_refused(tmp_path):
    refused(zipped(tmp_path / "bomb.zip", {SLEEP: b" " * 30_000_000}), match="grow more than 200 times")


def test_a_lie_about_the_size_is_refused(tmp_path):
    content = bytearray(zipped(tmp_path / "lie.zip", {SLEEP: b"[" + b" " * 500_000 + b"]"}).read_bytes())
    central = content.index(b"PK\1\2")
    content[central + 24 : central + 28] = struct.pack("<I", 100)
    (tmp_path / "lie.zip").write_bytes(content)
    refused(tmp_path / "lie.zip", match="cannot be read")


def test_members_that_lie_over_each_other_are_refused(tmp_path):
    content = bytearray(
        zipped(tmp_path / "over.zip", {SLEEP: b"[]", "sleep-2025-04-01.json": b"[]"}).read_bytes()
    )
    second = content.index(b"PK\1\2", content.index(b"PK\1\2") + 4)
    content[second + 42 : second + 46] = struct.pack("<I", 0)
    (tmp_path / "over.zip").write_bytes(content)
    refused(tmp_path / "over.zip", match="lies over another member")


@pytest.mark.parametrize(
    "name", ["../../sleep-2025-03-01.json", "/etc/sleep-2025-03-01.json", "C:\\sleep.json"]
)
def test_a_name_that_leads_out_of_the_archive_is_refused(tmp_path, name):
    refused(zipped(tmp_path / "slip.zip", {name: b"[]"}), match="leads out of the archive")


def test_an_encrypted_member_is_refused(tmp_path):
    content = bytearray(zipped(tmp_path / "locked.zip", files_of(FITBIT)).read_bytes())
    for signature, flags in ((b"PK\3\4", 6), (b"PK\1\2", 8)):
        at = content.index(signature)
        content[at + flags] |= 1
    (tmp_path / "locked.zip").write_bytes(content)
    refused(tmp_path / "locked.zip", match="is encrypted")


def test_a_link_in_an_archive_is_refused(tmp_path):
    link = zipfile.ZipInfo(SLEEP)
    link.external_attr = (stat.S_IFLNK | 0o777) << 16
    with zipfile.ZipFile(tmp_path / "link.zip", "w") as archive:
        archive.writestr(link, "/etc/passwd")
    refused(tmp_path / "link.zip", match="is a symbolic link")


def test_a_link_in_a_folder_is_refused(tmp_path):
    (tmp_path / "sleep-2025-03-01.json").symlink_to("/etc/passwd")
    refused(tmp_path, match="is a symbolic link")


def test_an_archive_inside_an_archive_is_not_opened(tmp_path):
    inner = zipped(tmp_path / "inner.zip", files_of(FITBIT)).read_bytes()
    refused(
        zipped(tmp_path / "outer.zip", {"takeout-001.zip": inner}),
        match="unpack it first, the archive inside",
    )


def test_more_members_than_any_export_has_are_refused(tmp_path):
    with zipfile.ZipFile(tmp_path / "many.zip", "w") as archive:
        archive.writestr("a", b"")
    content = (tmp_path / "many.zip").read_bytes()
    start, end = content.index(b"PK\1\2"), content.index(b"PK\5\6")
    directory = content[start:end] * 100_001
    tail = bytearray(content[end:])
    tail[12:16] = struct.pack("<I", len(directory))
    (tmp_path / "many.zip").write_bytes(content[:start] + directory + tail)
    refused(tmp_path / "many.zip", match="lists 100001 members")


def test_a_sparse_archive_of_three_gibibytes_is_refused(tmp_path):
    with (tmp_path / "big.zip").open("wb") as stream:
        stream.write(b"PK\3\4")
        stream.truncate(3 * 1024**3)
    refused(tmp_path / "big.zip", match="larger than 2 GiB")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b'["logId",' + b"[" * 100_000, "nested deeper than 64"),
        (b'[{"logId":' + b"[" * 70 + b"]" * 70 + b"}]", "nested deeper than 64"),
        (b'[{"logId": ' + b"9" * 5_000 + b"}]", "not as expected"),
        (b'[{"logId": 1, "startTime": "9999-12-31T23:59:59", "endTime": "9999-12-31T23:59:59", '
         b'"type": "stages"}]', "sleep in the year 9999"),
        (b'[{"logId": "\xff"}]', "cannot be read|not as expected"),
        (b"PK\3\4 is not JSON", "is not a zip"),
    ],
)  # fmt: skip
def test_json_that_hurts_is_refused(tmp_path, content, message):
    (tmp_path / "sleep-2025-03-01.json").write_bytes(content)
    refused(tmp_path / "sleep-2025-03-01.json", match=message)


def test_brackets_in_text_are_not_depth(tmp_path):
    logs = json.loads(ONE_FILE.read_text())
    (tmp_path / "sleep-2025-03-01.json").write_text(json.dumps([{**logs[0], "note": "[" * 200}]))
    assert len(read_exports([tmp_path])) == 1


def test_a_pipe_is_refused_and_not_waited_for(tmp_path):
    os.mkfifo(tmp_path / "sleep.json")
    refused(tmp_path / "sleep.json", match="is not a regular file")


def test_importing_opens_sleep_files_only_and_writes_nothing(tmp_path, monkeypatch):
    files = {
        **files_of(FITBIT),
        "Takeout/Fitbit/Your Profile/Profile.csv": b"id",
        "Takeout/Mail/all.mbox": b"x",
    }
    opened: list[str] = []
    really_open = zipfile.ZipFile.open

    def spy(self, name, *args, **kwargs):
        opened.append(name.filename)
        return really_open(self, name, *args, **kwargs)

    path = zipped(tmp_path / "takeout.zip", files)
    monkeypatch.setattr(zipfile.ZipFile, "open", spy)
    read_exports([path])
    assert {Path(name).name[:6] for name in opened} == {"sleep-"}
    assert [file.name for file in tmp_path.iterdir()] == ["takeout.zip"]


def test_a_file_name_with_control_characters_stays_on_one_line(tmp_path):
    path = tmp_path / "sleep-2025-03-01\n\x1b[31m.json"
    path.write_text("[")
    refused(path, match=r"\\n\\x1b")


@pytest.mark.parametrize(
    ("name", "content", "what"),
    [
        ("mine.csv", "date,mood\n2026-01-05,5\n", "a table with the columns date, mood"),
        ("mine.csv", "a;b;c;d;e;f\n1;2;3;4;5;6\n", "a table with the columns a, b, c, d, e, …"),
        ("trial/trial.db", "", "a trial folder, no export"),
        ("photos/a.jpg", "x", "one file"),
    ],
)
def test_what_nobody_recognises_is_named(tmp_path, name, content, what):
    path = tmp_path / name
    path.parent.mkdir(exist_ok=True)
    path.write_text(content)
    if name.endswith(".db"):
        (path.parent / "diary.csv").write_text("night\n")
    with pytest.raises(ExportError) as refused:
        read_exports([path if path.parent == tmp_path else path.parent])
    assert f"no importer recognises it ({what}" in str(refused.value)
    assert "; n1trial nights --help lists what is read" in str(refused.value)
    assert ("mapping.yaml describes a table of your own" in str(refused.value)) == name.endswith(".csv")
