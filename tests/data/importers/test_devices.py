"""What is odd about each device besides Fitbit and Oura, and that its stages come back as they were written."""

import csv
import io
import os
import random
import re
import sqlite3
import subprocess
import sys
from contextlib import closing
from datetime import datetime, timedelta
from itertools import pairwise
from pathlib import Path
from zoneinfo import ZoneInfo

import device_files as written
import pytest
from device_files import STAGED, SUMS, Slept, put, some_sleeps
from hypothesis import given, settings
from hypothesis import strategies as st
from paths import HELPERS
from test_importers import GOLDEN, files_of, night_text, refused, zipped
from yardstick import slowness

from n1trial.data.episodes import SleepEpisode
from n1trial.data.importers import known_importers, read_exports
from n1trial.data.importers._intervals import union, without
from n1trial.data.nights import nightly
from n1trial.data.record_selection import select_records
from n1trial.errors import ExportError

DEVICES = sorted(set(known_importers()) - {"fitbit", "oura"})
BERLIN = ZoneInfo("Europe/Berlin")
EVENING = datetime(2025, 3, 4, 23)
# How many exports of each device in the long run: twenty thousand are for a change of an importer.
MANY = int(os.environ.get("N1TRIAL_ROUND_TRIPS", "5000"))
NIGHT = (("awake", 20), ("light", 300), ("awake", 12), ("deep", 300))


def minutes(*values: float) -> object:
    return pytest.approx(values, abs=0.002)


# --- what was written is what is read ------------------------------------------------------------


def comes_back(device: str, sleeps: list[Slept], folder: Path) -> None:
    """Write an export and read it: start, end, sums, stages and, where there are stages, every wake."""
    path = put(folder, (STAGED | SUMS)[device](sleeps))
    # Devices that write UTC alone need the zone; to the others it says nothing new.
    zone = ZoneInfo(written.ZONES[sleeps[0].ahead_h])
    for slept, episode in zip(
        sleeps, read_exports([path], home_zone=zone, on_note=lambda note: None), strict=True
    ):
        assert episode.start.wall == slept.wall
        assert episode.start.offset == timedelta(hours=slept.ahead_h)
        assert abs(episode.end.instant - slept.end) < timedelta(minutes=1)
        light, deep, rem, awake = (slept.seconds(stage) / 60 for stage in written.STAGES)
        assert (episode.tst_min, episode.light_min, episode.deep_min) == minutes(
            light + deep + rem, light, deep
        )
        assert episode.rem_min in (rem, None if rem == 0 else rem)
        assert episode.missing == episode.not_used == ""
        inside = slept.epochs.strip("W")
        if device in STAGED:
            assert episode.wake_runs_min == minutes(*(len(run) / 2 for run in re.findall("W+", inside)))
            assert episode.waso_min == pytest.approx(inside.count("W") / 2)
            longest = max(map(len, re.findall("S+", slept.epochs))) / 2
            assert episode.longest_sleep_min == pytest.approx(longest, abs=0.002)
        if not device.startswith("sleep_as"):
            assert episode.tib_min == pytest.approx(light + deep + rem + awake)


@pytest.mark.parametrize("device", [*STAGED, *SUMS])
@given(seed=st.integers(0, 2**32))
@settings(max_examples=60, deadline=None)
def test_nights_come_back_as_they_were_written(device, seed, tmp_path_factory):
    comes_back(device, some_sleeps(random.Random(seed)), tmp_path_factory.getbasetemp() / f"back-{device}")


@pytest.mark.slow
@pytest.mark.parametrize("device", [*STAGED, *SUMS])
def test_many_exports_come_back_as_they_were_written(device, tmp_path):
    chance = random.Random(device)
    for _ in range(MANY):
        comes_back(device, some_sleeps(chance), tmp_path)


STRETCHES = st.lists(
    st.tuples(st.integers(0, 60), st.integers(0, 20)).map(lambda pair: (pair[0], sum(pair))), max_size=8
)


@given(stretches=STRETCHES, holes=STRETCHES)
def test_a_minute_counts_once_and_wake_is_taken_out(stretches, holes):
    slept = {second for start, end in stretches for second in range(start, end)}
    woken = {second for start, end in holes for second in range(start, end)}
    left = without(union(stretches), union(holes))
    assert [second for start, end in left for second in range(int(start), int(end))] == sorted(slept - woken)
    assert all(one[1] < next_[0] for one, next_ in pairwise(union(stretches)))


# --- every device --------------------------------------------------------------------------------


def test_every_importer_says_whether_its_layout_was_seen_on_real_files():
    for name in DEVICES:
        importer = known_importers()[name]
        assert isinstance(importer.VERIFIED, bool)
        assert importer.VERIFIED_ON
        assert ("erified on" in importer.__doc__) or not importer.VERIFIED or name == "generic"


def test_importing_loads_no_table_library():
    code = "import sys; from n1trial.data.importers import known_importers; known_importers(); print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert not {"pandas", "numpy", "scipy"} & set(loaded.split())


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16"])
@pytest.mark.parametrize("device", ["generic", "samsung", "sleep_as_android", "whoop", "withings"])
def test_tables_in_utf_16_or_with_a_byte_order_mark_are_the_same_nights(tmp_path, device, encoding):
    files = {
        name: content.decode("utf-8-sig").encode(encoding) if name.endswith(".csv") else content
        for name, content in files_of(GOLDEN / device / "export").items()
    }
    assert (
        night_text(put(tmp_path / "export", files), tmp_path) == (GOLDEN / device / "nights.csv").read_text()
    )


# --- Apple ---------------------------------------------------------------------------------------


def apple_text() -> str:
    (content,) = files_of(GOLDEN / "apple" / "export").values()
    return content.decode()


def apple_file(tmp_path: Path, text: str) -> Path:
    (tmp_path / "export.xml").write_text(text, encoding="utf-8")
    return tmp_path / "export.xml"


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("<!ATTLIST Record type CDATA #REQUIRED>", "<!ATTLIST Record type CDATA>"),
        ("]>", "HKBroken ]>"),
        ("]>", f"<!-- {'as long as those of Apple ' * 300}-->]>"),
        ("<ExportDate ", '<ExportDate twice="1" twice="1" '),
    ],
)
def test_a_broken_document_type_or_a_doubled_attribute_changes_nothing(tmp_path, old, new):
    path = apple_file(tmp_path, apple_text().replace(old, new))
    assert night_text(path, tmp_path) == (GOLDEN / "apple" / "nights.csv").read_text()


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("]>", '<!ENTITY a "aaaa">]>', "declares an entity"),
        ("<!ATTLIST Record type CDATA #REQUIRED>", '<!BROKEN <!ENTITY a "aaaa">', "declares an entity"),
        ("</HealthData>", "", "cut short or damaged"),
        ("<Me", "<a>" * 70 + "<Me", "deeper than 64"),
        (
            ' endDate="2025-03-05 07:10:00 +0900"',
            ' endDate="2025-03-05 07:10:00 +0900" endDate="1"',
            "differs",
        ),
        ("</HealthData>", "<!--" + "a" * 9_000_000, "larger than 4 MiB"),
    ],
)
def test_an_apple_export_that_hurts_is_refused(tmp_path, old, new, message):
    assert old in apple_text()
    refused(apple_file(tmp_path, apple_text().replace(old, new, 1)), match=message)


# The last record of the first night, awake from 05:58 to 06:00.
LAST = (
    'startDate="2025-03-05 13:58:00 +0900" endDate="2025-03-05 14:00:00 +0900" '
    'value="HKCategoryValueSleepAnalysisAwake"'
)


def with_last_damaged(tmp_path: Path, old: str, new: str) -> tuple[list[SleepEpisode], str]:
    """The sleeps after the last record of the first night was damaged, and the notes of it."""
    before, last, after = apple_text().partition(LAST)
    assert old in last
    notes: list[str] = []
    path = apple_file(tmp_path, before + last.replace(old, new) + after)
    episodes = read_exports([path], on_note=lambda note: notes.append(note.text))
    assert len(notes) == 1
    return episodes, notes[0]


@pytest.mark.parametrize(
    ("old", "new", "end", "message"),
    [
        ("14:00:00 +0900", "14:00", "05:58", "has no UTC offset"),
        ("2025-03-05 14:00", "9999-03-05 14:00", "05:58", "sleep in the year 9999"),
        ("2025-03-05 13:58", "soon", "06:00", "the time soon:00 +0900 is not understood"),
        ("AnalysisAwake", "AnalysisHalf", "05:58", "the value of sleep HKCategoryValueSleepAnalysisHalf"),
    ],
)
def test_a_damaged_record_of_apple_refuses_itself_and_flags_its_night(tmp_path, old, new, end, message):
    episodes, note = with_last_damaged(tmp_path, old, new)
    night = episodes[1]
    assert (night.tst_min, night.flags[0], f"{night.end.wall:%H:%M}") == (400, "damaged", end)
    assert "1 of 17 records cannot be read (record 9; the first: " in note
    assert message in note


def test_a_record_of_apple_without_any_time_is_counted(tmp_path):
    episodes, note = with_last_damaged(tmp_path, "2025-03-05", "")
    assert (episodes[1].tst_min, episodes[1].flags) == (400, ())
    assert "1 of 17 records cannot be read" in note


def test_an_apple_zone_that_is_none_refuses_its_record(tmp_path):
    path = apple_file(tmp_path, apple_text().replace("Europe/Berlin", "../../etc/passwd", 1))
    with pytest.warns(UserWarning, match="1 of 17 records cannot be read"):
        assert read_exports([path])[1].flags[0] == "damaged"


def test_an_apple_export_of_which_most_records_are_damaged_is_refused(tmp_path):
    refused(
        apple_file(tmp_path, apple_text().replace("SleepAnalysisA", "SleepAnalysisB")), match="is not known"
    )


def test_a_sleep_of_which_only_a_damaged_record_is_left_is_missing(tmp_path):
    text = apple_text().replace('endDate="2025-03-07 13:40:00 +0900"', 'endDate=""')
    with pytest.warns(UserWarning, match="1 of 17"):
        episodes = read_exports([apple_file(tmp_path, text)])
    assert episodes[-1].missing == "damaged"
    assert nightly(episodes).table["flags"].iloc[-1] == "damaged;missing"


def test_a_record_without_its_end_is_refused_and_not_lost(tmp_path):
    text = apple_text().replace("#REQUIRED", "#BROKEN", 1)
    text = text.replace("#BROKEN>", "#BROKEN").replace(" </Record>\n", "", 1)
    refused(apple_file(tmp_path, text), match="a record of sleep has no end")


def test_a_broken_export_that_ends_early_is_refused_whole(tmp_path):
    text = apple_text().replace("#REQUIRED", "#BROKEN")
    for length in range(400, len(text) - 15, 97):
        refused(apple_file(tmp_path, text[:length]), match="export.xml")


def test_sources_are_told_apart_by_ids_that_name_nobody_and_one_is_used():
    episodes = read_exports([GOLDEN / "apple" / "export"])
    assert [len({episode.app for episode in some}) for some in (episodes, episodes[1:])] == [2, 1]
    assert all(re.fullmatch(r"[0-9a-f]{8}", episode.app) for episode in episodes)
    assert select_records(episodes, least_part_min=15).left_out[0] == (episodes[0], "other_source")


def test_the_device_is_the_model_and_never_what_its_owner_calls_it():
    devices = {episode.device for episode in read_exports([GOLDEN / "apple" / "new_watch" / "export"])}
    assert devices == {"Apple Watch6,2", "Apple Watch7,12", "Apple iPhone14,2", "Apple Health"}


def test_an_apple_time_without_a_zone_is_read_in_the_home_zone(tmp_path):
    text = re.sub(r"\s*<MetadataEntry.*/>", "", apple_text())
    path = apple_file(tmp_path, text)
    assert read_exports([path], home_zone=BERLIN)[1].start.isoformat() == "2025-03-04T23:00:00+01:00"
    assert read_exports([path])[1].start.isoformat() == "2025-03-05T07:00:00+09:00"


def test_a_night_that_ends_as_the_export_is_made_is_not_used(tmp_path):
    text = apple_text().replace("2025-03-10 18:00:00 +0900", "2025-03-06 16:59:00 +0900")
    episodes = read_exports([apple_file(tmp_path, text)])
    assert [str(episode.start.wall) for episode in episodes if episode.not_used == "unfinished"] == [
        "2025-03-06 02:00:00",
        "2025-03-06 23:00:00",
    ]


def test_a_night_that_an_older_export_had_unfinished_is_taken_from_the_newer(tmp_path):
    old = apple_text().replace("2025-03-10 18:00:00 +0900", "2025-03-05 14:30:00 +0900")
    for name, text in (("a.xml", old), ("b.xml", apple_text())):
        (tmp_path / name).write_text(text, encoding="utf-8")
    assert night_text(tmp_path, tmp_path) == (GOLDEN / "apple" / "nights.csv").read_text()


def test_a_watch_that_says_asleep_without_stages_gives_sleep_and_no_counts(tmp_path):
    text = re.sub("Asleep(Core|Deep|REM)", "AsleepUnspecified", apple_text())
    text = re.sub(r" <Record[^>]*AnalysisAwake\">.*?</Record>\n", "", text, flags=re.DOTALL)
    first = next(one for one in read_exports([apple_file(tmp_path, text)]) if one.tst_min)
    assert (first.tst_min, first.deep_min, first.wake_runs_min) == (400, None, None)


@pytest.mark.alone
@pytest.mark.slow
def test_a_gigabyte_of_apple_health_is_read_in_20_seconds_and_300_mib(tmp_path):
    record = (
        ' <Record type="HKQuantityTypeIdentifierHeartRate" sourceName="A’s Apple Watch" sourceVersion="10.1" '
        'device="&lt;&lt;HKDevice: 0x1&gt;, name:Apple Watch, model:Watch, hardware:Watch6,2&gt;" '
        'unit="count/min" creationDate="2025-10-09 08:00:00 +0200" startDate="2025-10-04 20:00:00 +0200" '
        'endDate="2025-10-04 20:10:00 +0200" value="64">\n'
        '  <MetadataEntry key="HKMetadataKeyHeartRateMotionContext" value="1"/>\n </Record>\n'
    )
    nights = [Slept(EVENING + timedelta(days=day), 1, (*NIGHT, *NIGHT)) for day in range(-3650, 0)]
    path = tmp_path / "export.xml"
    head, *sleeps = (
        written.apple([night])["apple_health_export/export.xml"].decode().partition('locale="en">\n')
        for night in nights
    )
    with path.open("w", encoding="utf-8") as stream:
        stream.write(head[0] + head[1])
        for _, _, text in (head, *sleeps):
            stream.write(record * 660)
            stream.write(text.removesuffix("</HealthData>\n"))
        stream.write("</HealthData>\n")
    code = (
        "import sys, time; from pathlib import Path; from n1trial.data.importers import read_exports\n"
        "sys.path.insert(0, sys.argv[2]); from mutants import peak_mib\n"
        "started = time.perf_counter(); count = len(read_exports([Path(sys.argv[1])]))\n"
        "print(count, time.process_time(), time.perf_counter() - started, peak_mib())"
    )
    before = slowness()
    done = subprocess.run(
        [sys.executable, "-c", code, path, HELPERS], capture_output=True, text=True, check=True
    )
    count, seconds, wall_s, mebibytes = map(float, done.stdout.split())
    slower = max(before, slowness())
    print(
        f"{path.stat().st_size / 1e9:.2f} GB: {seconds:.1f} s of the processor, {wall_s:.1f} s by the clock,"
        f" {mebibytes:.0f} MiB; plain work takes {slower:.1f} times as long as where 20 s were promised"
    )
    assert path.stat().st_size > 1e9
    assert count == 3650
    assert seconds <= 20 * slower
    assert mebibytes <= 300


# --- Garmin, Whoop, Withings ---------------------------------------------------------------------


def test_a_garmin_night_without_any_clock_is_refused(tmp_path):
    files = files_of(GOLDEN / "garmin" / "export")
    (name,) = (name for name in files if name.endswith("sleepData.json"))
    put(tmp_path, {"x_sleepData.json": files[name]})
    refused(tmp_path, match="UDSFile_….json, or give --home-zone")
    assert read_exports([tmp_path], home_zone=BERLIN)[0].start.isoformat() == "2025-03-04T23:00:00+01:00"


def test_a_garmin_night_of_old_that_nobody_confirmed_is_missing_and_recognised(tmp_path):
    (tmp_path / "a_sleepData.json").write_text('[{"calendarDate": "2019-03-05", "retro": false}]')
    (episode,) = read_exports([tmp_path])
    assert (episode.missing, str(episode.vendor_date)) == ("not_confirmed", "2019-03-05")


def test_the_daily_summaries_of_garmin_alone_are_no_nights(tmp_path):
    files = files_of(GOLDEN / "garmin" / "export")
    (name,) = (name for name in files if "UDSFile" in name)
    for name_given in ("UDSFile_a_b.json", "x.json"):
        put(tmp_path, {name_given: files[name]})
        refused(
            tmp_path / name_given, match=r"summaries of Garmin, which are no sleep: give .*_sleepData.json"
        )


def test_the_daily_summaries_of_garmin_know_of_a_journey():
    tokyo = read_exports([GOLDEN / "garmin" / "export"], home_zone=ZoneInfo("Asia/Tokyo"))
    assert tokyo[0].start.isoformat() == "2025-03-04T23:00:00+01:00"


def test_the_home_zone_knows_when_the_clocks_changed_in_a_garmin_night(tmp_path):
    slept = Slept(datetime(2025, 3, 29, 23), 1, (("light", 900),))
    put(tmp_path, written.garmin([slept]))
    assert read_exports([tmp_path], home_zone=BERLIN)[0].flags == ("dst_forward",)
    assert read_exports([tmp_path])[0].flags == ()


@pytest.mark.parametrize("name", ["physiological_cycles.csv", "sleeps.csv"])
def test_the_cycles_of_whoop_are_not_its_sleeps(tmp_path, name):
    text = (GOLDEN / "whoop" / "export" / "sleeps.csv").read_text()
    (tmp_path / name).write_text(text.replace("Cycle end time", "Recovery score %"))
    refused(tmp_path, match="give sleeps.csv")


def test_the_variability_of_another_sleep_is_not_taken(tmp_path):
    files = files_of(GOLDEN / "whoop" / "with_cycles" / "export")
    (name,) = (name for name in files if "cycles" in name)
    files[name] = files[name].replace(
        b"2025-03-04 23:00:00,2025-03-05 06:08", b"2025-03-04 23:01:00,2025-03-05 06:08"
    )
    assert [episode.hrv_rmssd_ms for episode in read_exports([put(tmp_path, files)])] == [
        None,
        64,
        None,
        None,
    ]


@pytest.mark.parametrize(
    ("old", "new", "note"),
    [
        (b",71,34.1", b",71", "1 cycles cannot be read: their nights have no heart-rate variability"),
        (b"UTC+01:00,70", b'UTC+01:00,"70', "its heart-rate variability is not read"),
    ],
)
def test_damaged_cycles_of_whoop_cost_their_variability_and_no_night(tmp_path, old, new, note):
    files = files_of(GOLDEN / "whoop" / "with_cycles" / "export")
    (name,) = (name for name in files if "cycles" in name)
    files[name] = files[name].replace(old, new)
    notes = []
    episodes = read_exports([put(tmp_path, files)], on_note=notes.append)
    assert [episode.tst_min for episode in episodes] == [400, 420, 30, None]
    assert episodes[0].hrv_rmssd_ms is None
    assert note in notes[0].text


def test_whoop_in_another_language_says_that_it_was_not_verified():
    notes = []
    read_exports([GOLDEN / "whoop" / "german" / "export"], on_note=notes.append)
    assert "not verified on a real file" in notes[0].text
    assert notes[0].header.startswith("Startzeit des Zyklus,")


@pytest.mark.parametrize(
    "header",
    [
        "Zona horaria del ciclo,Inicio del sueño,Inicio de la vigilia,Duración del sueño (min),Siesta",
        "Fuseau horaire du cycle,Premiers signes de sommeil,Premiers signes de réveil,Durée du sommeil (min),Sieste",
        "Fuso horário do ciclo,Início do sono,Início da vigília,Duração do sono (min),Sesta",
    ],
)
def test_whoop_in_spanish_french_and_portuguese_is_read(tmp_path, header):
    row = "UTC-03:00,2025-03-05 00:10:00,2025-03-05 06:10:00,345,true"
    (tmp_path / "sueño.csv").write_text(f"{header}\n{row}\n", encoding="utf-8")
    (episode,) = read_exports([tmp_path], on_note=lambda note: None)
    assert (episode.start.isoformat(), episode.tst_min) == ("2025-03-05T00:10:00-03:00", 345)
    assert episode.vendor_nap


def test_a_damaged_sleep_of_whoop_leaves_its_own_night_missing(tmp_path):
    text = (GOLDEN / "whoop" / "export" / "sleeps.csv").read_text()
    # The last nap lost its minutes asleep and so a cell; its cycle began the night before.
    (tmp_path / "sleeps.csv").write_text(text.replace("14:40:00,30,40", "14:40:00,40"))
    damaged = [
        episode
        for episode in read_exports([tmp_path], on_note=lambda note: None)
        if episode.missing == "damaged"
    ]
    assert [episode.start.isoformat() for episode in damaged] == ["2025-03-06T14:00:00+01:00"]


@pytest.mark.parametrize(
    ("old", "new", "reason"),
    [
        ("UTCZ,2025-03-04 23:00:00", "UTCZ,2025-03-04", "cannot be read (2025-03-04 is no time)"),
        ("UTCZ,2025-03-04 23:00:00", "UTCZ,2025-01-04 23:00:00", "a sleep of 1423.133333 h"),
        ("UTCZ,2025-03-04 23:00:00", "UTCZ,2025-03-05 23:00:00", "a sleep of -16.86666667 h"),
        ("60,40,20,false", "60,40,20,perhaps", "a nap or not (perhaps)"),
    ],
)
def test_a_sleep_of_whoop_that_cannot_be_is_refused_and_not_moved(tmp_path, old, new, reason):
    text = (GOLDEN / "whoop" / "export" / "sleeps.csv").read_text()
    (tmp_path / "sleeps.csv").write_text(text.replace(old, new))
    notes = []
    episodes = read_exports([tmp_path], on_note=notes.append)
    assert [episode.tst_min for episode in episodes if not episode.missing] == [105, 290, 30]
    assert f"1 of 5 records cannot be read (line 6; the first: {reason}" in notes[0].text


def test_a_whoop_cycle_without_sleep_is_no_record(tmp_path):
    text = (GOLDEN / "whoop" / "export" / "sleeps.csv").read_text()
    (tmp_path / "sleeps.csv").write_text(f"{text}2025-03-03 23:00:00,,UTCZ,,,,,,,,,\n")
    assert night_text(tmp_path, tmp_path) == (GOLDEN / "whoop" / "nights.csv").read_text()


WITHINGS_DE = (
    "von,bis,leicht (s),tief (s),rem (s),wach (s),Aufwachen,Duration to sleep (s),Duration to wake up (s)"
)
WITHINGS_ROW = "2025-01-10T23:00:00+01:00,2025-01-11T06:00:00+01:00,15000,9000,0,1200,1,600,0"


@pytest.mark.parametrize(
    "header", [WITHINGS_DE, WITHINGS_DE.replace("leicht", "légère").replace("von", "de")]
)
def test_a_header_in_any_language_is_read_when_the_stages_add_up(tmp_path, header):
    (tmp_path / "sleep.csv").write_text(f"{header}\n{WITHINGS_ROW}\n", encoding="utf-8")
    (episode,) = read_exports([tmp_path], on_note=lambda note: None)
    assert (episode.tst_min, episode.waso_min, episode.wake_runs_min) == (400, 10, None)
    assert (episode.rem_min, episode.vendor_awakenings, episode.flags) == (None, 1, ("no_rem",))
    # Two of three stages have their name: what is neither deep nor REM is light.
    assert (episode.light_min, episode.deep_min) == (250, 150)


def withings_unknown(tmp_path: Path, *rows: str) -> Path:
    """A table in a language of nobody, in the order of Withings."""
    header = "a1,b1,c (s),d (s),e (s),f (s),g,Duration to sleep (s),Duration to wake up (s),Night events"
    (tmp_path / "sleep.csv").write_text("\n".join([header, *rows]))
    return tmp_path / "sleep.csv"


# In bed 28,800 s: asleep 1,200 to 14,400 and 15,000 to 28,200, so awake 1,200 + 600 + 600.
EVENTFUL = (
    "2025-01-10T23:00:00+01:00,2025-01-11T07:00:00+01:00,{},1,1200,600,"
    '"{{""1"":[0],""2"":[1200,13800],""3"":[14400,13800],""4"":[28800]}}"'
)
# In bed 28,800 s and never woken: awake 1,800 + 300.
UNBROKEN = "2025-01-11T23:00:00+01:00,2025-01-12T07:00:00+01:00,{},0,1800,300,"


@pytest.mark.parametrize(
    ("row", "stages", "tst_min"),
    [(EVENTFUL, "14400,6000,6000,2400", 440), (UNBROKEN, "14700,6000,6000,2100", 445)],
)
def test_events_or_a_night_without_waking_show_which_column_is_time_awake(tmp_path, row, stages, tst_min):
    notes = []
    (episode,) = read_exports([withings_unknown(tmp_path, row.format(stages))], on_note=notes.append)
    assert (episode.tst_min, episode.light_min, episode.deep_min, episode.rem_min) == (
        tst_min,
        None,
        None,
        None,
    )
    assert "stages_unnamed" in episode.flags
    assert "light, deep and REM are not told apart" in notes[0].text


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        # The time awake stands in another column.
        ([EVENTFUL.format("2400,6000,6000,14400")], "another column is time awake"),
        ([UNBROKEN.format("6000,2100,6000,14700")], "another column is time awake"),
        # Falling asleep and getting up take longer than the time awake.
        ([UNBROKEN.format("14700,6000,6300,1800")], "do not add up"),
        # Two names of four hours are missing: nobody was out of bed so long.
        ([UNBROKEN.format("300,6000,6000,2100")], "do not add up"),
        # It adds up in any order.
        ([UNBROKEN.format("14700,6000,6000,2100").replace(",0,1800,300,", ",2,600,300,")], "no row shows"),
    ],
)
def test_a_language_in_which_time_awake_could_be_another_column_is_refused(tmp_path, rows, message):
    refused(withings_unknown(tmp_path, *rows), match=f"{message}.* \\(a1,b1,c")


def test_one_stay_out_of_bed_does_not_refuse_a_language(tmp_path):
    whole = [
        UNBROKEN.format("14700,6000,6000,2100")
        .replace("01-11", f"01-{day}")
        .replace("01-12", f"01-{day + 1}")
        for day in (13, 15)
    ]
    out = UNBROKEN.format("13700,6000,6000,2100").replace(",0,1800", ",1,1800")
    episodes = read_exports([withings_unknown(tmp_path, out, *whole)], on_note=lambda note: None)
    assert [episode.tst_min for episode in episodes] == [pytest.approx(428.333, abs=0.001), 445, 445]
    assert "out_of_bed_min=16.6667" in episodes[0].flags


def test_the_order_of_known_names_decides_before_any_number(tmp_path):
    header = WITHINGS_DE.replace("leicht (s),tief (s)", "tief (s),hell (s)")
    (tmp_path / "sleep.csv").write_text(f"{header}\n{WITHINGS_ROW}\n")
    refused(tmp_path, match=r"unknown language and order \(von,bis,tief")


def test_unbroken_sleep_of_withings_lasts_from_falling_asleep_to_waking(tmp_path):
    path = withings_unknown(tmp_path, EVENTFUL.format("14400,6000,6000,2400"))
    (episode,) = read_exports([path], on_note=lambda note: None)
    assert (episode.wake_runs_min, episode.longest_sleep_min) == ((10,), 220)


@pytest.mark.parametrize("events", ["{", "[]", '{""2"":[99999]}', '{""2"":[""a""]}'])
def test_events_of_withings_that_cannot_be_of_this_night_give_no_counts(tmp_path, events):
    row = EVENTFUL.format("14400,6000,6000,2400").partition(',"{')[0]
    text = (GOLDEN / "withings" / "export" / "sleep.csv").read_text().splitlines()[0]
    text = text.replace('"Average heart rate","Heart rate (min)","Heart rate (max)",', "")
    (tmp_path / "sleep.csv").write_text(f'{text}\n{row},"{events}"\n')
    (episode,) = read_exports([tmp_path])
    assert (episode.tst_min, episode.waso_min, episode.wake_runs_min) == (440, 10, None)
    assert episode.flags == ("hypnogram_corrupt",)


def test_events_that_leave_out_a_wake_are_flagged(tmp_path):
    text = (GOLDEN / "withings" / "export" / "sleep.csv").read_text()
    whole = '""2"":[600,3960,3720],""3"":[4200,3960,16920]'
    (tmp_path / "sleep.csv").write_text(text.replace(whole, '""2"":[600],""3"":[25080]'))
    first = read_exports([tmp_path])[0]
    assert (first.wake_runs_min, first.waso_min, first.flags) == ((), 8, ("events_mismatch",))


def test_raw_states_of_withings_ask_for_the_table_of_nights(tmp_path):
    (tmp_path / "data.csv").write_text('start,duration,value\n2025-02-03T23:00:00+01:00,"[60,540]","[0,1]"\n')
    refused(tmp_path / "data.csv", match=r"data\.csv: raw states of Withings.*: give sleep\.csv")


@pytest.mark.parametrize(
    ("header", "row", "message"),
    [
        (WITHINGS_DE.replace("von", "de"), WITHINGS_ROW.replace("9000", "8000"), r"do not add up \(de,bis"),
        (WITHINGS_DE.replace("tief (s)", "tief"), WITHINGS_ROW, r"unknown language \(von,bis"),
        (WITHINGS_DE, WITHINGS_ROW.replace("+01:00", ""), "has no UTC offset"),
    ],
)
def test_a_table_of_withings_that_does_not_say_what_it_holds_is_refused(tmp_path, header, row, message):
    (tmp_path / "sleep.csv").write_text(f"{header}\n{row}\n")
    refused(tmp_path, match=message)


# --- Samsung -------------------------------------------------------------------------------------


def across_the_clock_change(zone: ZoneInfo, *, spread_min: int) -> list[Slept]:
    chance = random.Random("bedtimes")
    walls = [
        datetime(2025, 10, 16, 22) + timedelta(days=day, minutes=chance.randrange(spread_min))
        for day in range(21)
    ]
    return [
        Slept(wall, wall.replace(tzinfo=zone).utcoffset() / timedelta(hours=1), (("light", 900),))
        for wall in walls
    ]


@pytest.mark.parametrize("local", [False, True])
@pytest.mark.parametrize(
    "zone", ["Europe/Berlin", "Europe/London", "America/Los_Angeles", "Australia/Sydney"]
)
def test_bedtimes_across_a_clock_change_say_whether_samsung_wrote_utc(tmp_path, zone, local):
    sleeps = across_the_clock_change(ZoneInfo(zone), spread_min=40)
    episodes = read_exports([put(tmp_path, written.samsung(sleeps, local=local))])
    assert [episode.start.wall for episode in episodes] == [slept.wall for slept in sleeps]


def test_irregular_bedtimes_do_not_decide(tmp_path):
    sleeps = across_the_clock_change(BERLIN, spread_min=240)
    episodes = read_exports([put(tmp_path, written.samsung(sleeps))])
    assert {episode.flags for episode in episodes} == {("utc_assumed",)}


@pytest.mark.parametrize("local", [False, True])
def test_evenings_far_from_greenwich_say_whether_samsung_wrote_utc(tmp_path, local):
    sleeps = [Slept(EVENING + timedelta(days=day), 9, (("light", 900),)) for day in range(5)]
    episodes = read_exports([put(tmp_path, written.samsung(sleeps, local=local))])
    assert [(episode.start.wall, episode.flags) for episode in episodes] == [
        (slept.wall, ()) for slept in sleeps
    ]


def test_a_reading_that_nothing_confirms_is_flagged_when_the_night_is_the_same(tmp_path):
    sleeps = [Slept(EVENING, 1, (("light", 900),))]
    (episode,) = read_exports([put(tmp_path, written.samsung(sleeps))])
    assert (episode.start.wall, episode.flags) == (EVENING, ("utc_assumed",))


def test_a_reading_that_nothing_confirms_is_refused_when_the_night_would_differ(tmp_path):
    put(tmp_path, written.samsung([Slept(datetime(2025, 3, 4, 12, 30), 2, (("light", 900),))]))
    refused(tmp_path, match="times can be UTC or local")


def test_a_table_of_samsung_without_column_names_is_refused(tmp_path):
    files = written.samsung([Slept(EVENING, 1, NIGHT)])
    put(tmp_path, {name: content.replace(b"start_time", b"begin") for name, content in files.items()})
    refused(tmp_path, match="has no line of column names")


def test_samsung_sleep_without_its_stages_is_not_a_row_of_missing_nights(tmp_path):
    name, content = next(iter(written.samsung([Slept(EVENING, 1, NIGHT)]).items()))
    put(tmp_path, {name: content})
    refused(tmp_path, match="sleep_stage.….csv of Samsung Health is absent")


# --- Health Connect ------------------------------------------------------------------------------


def database_of(tmp_path: Path, *statements: str) -> Path:
    put(tmp_path, written.health_connect([Slept(EVENING, 1, NIGHT)]))
    path = tmp_path / "health_connect_export.db"
    with closing(sqlite3.connect(path)) as database:
        for statement in statements:
            database.execute(statement)
        database.commit()
    return path


def test_a_database_in_a_zip_is_read_in_memory_and_the_zip_folder_stays_as_it_was(tmp_path):
    path = database_of(tmp_path / "loose", "PRAGMA journal_mode = WAL")
    packed = zipped(tmp_path / "Health Connect.zip", {path.name: path.read_bytes()})
    assert night_text(packed, tmp_path / "loose") == night_text(path, tmp_path / "loose")
    assert sorted(file.name for file in tmp_path.iterdir()) == ["Health Connect.zip", "loose"]


ENDLESS = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n)"


@pytest.mark.parametrize(
    ("statements", "message"),
    [
        (("DROP TABLE sleep_stages_table",), "holds no sleep_stages_table"),
        (
            (
                "DROP TABLE sleep_stages_table",
                f"CREATE VIEW sleep_stages_table AS {ENDLESS} SELECT i AS parent_key FROM n",
            ),
            "is no plain table",
        ),
        (
            (
                "ALTER TABLE sleep_stages_table ADD COLUMN x AS "
                "(length(hex(zeroblob(100000000))) + stage_start_time)",
                "UPDATE sleep_stages_table SET stage_start_time = 'x'",
            ),
            "cannot be read",
        ),
        (("UPDATE sleep_stages_table SET stage_start_time = -1",), "cannot be read"),
        (("UPDATE sleep_session_record_table SET start_time = 9e18",), "cannot be read"),
        (("UPDATE sleep_session_record_table SET start_zone_offset = NULL",), "give --home-zone"),
        (("ALTER TABLE sleep_stages_table RENAME COLUMN stage_type TO kind",), "no such column"),
    ],
)
def test_a_database_that_hurts_is_refused(tmp_path, statements, message):
    refused(database_of(tmp_path, *statements), match=message)


def test_the_app_with_the_most_staged_nights_is_kept_and_never_two():
    selected = select_records(read_exports([GOLDEN / "health_connect" / "export"]), least_part_min=15)
    assert [(episode.app, why) for episode, why in selected.left_out] == [
        ("3", "other_source"),
        ("7", "unstaged"),
    ]
    assert sum(episode.tst_min or 0 for episode in selected.used) == 795


# --- Sleep as Android, Polar ---------------------------------------------------------------------


def test_stages_that_overlap_count_once_and_wake_wins(tmp_path):
    (slept,) = [Slept(EVENING, 1, NIGHT)]
    content = written.sleep_as_android([slept])["sleep-export.csv"].decode()
    deep_start = round((slept.end - timedelta(minutes=150)).timestamp() * 1000)
    earlier = content.replace(f"DEEP_START-{deep_start}", f"DEEP_START-{deep_start - 20 * 60_000}")
    assert earlier != content
    put(tmp_path, {"sleep-export.csv": earlier.encode()})
    (episode,) = read_exports([tmp_path])
    assert (episode.tst_min, episode.wake_runs_min, episode.deep_min) == (300, (6,), None)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("Hours", "H", "1 of 4 records .*line 2; the first: a record without its header line"),
        ('"7.000"', '"7,000"', "1 of 4 records .*line 2; the first: not as expected"),
        ("04. 03. 2025", '04. 03. 2025","', "1 of 4 records"),
        ('"05. 03. 2025 6:00"', '"05. 3 2025 6:00"', "1 of 4 records"),
    ],
)
def test_a_damaged_record_of_sleep_as_android_refuses_itself_and_its_night_is_missing(
    tmp_path, old, new, message
):
    text = (GOLDEN / "sleep_as_android" / "export" / "sleep-export.csv").read_text()
    # The last record of the file is the first one again.
    (tmp_path / "any name.txt").write_text(text[: text.rindex("Id,Tz")].replace(old, new, 1))
    notes: list[str] = []
    first, *others = read_exports([tmp_path / "any name.txt"], on_note=lambda note: notes.append(note.text))
    assert (first.start.isoformat(), first.missing) == ("2025-03-04T23:00:00+01:00", "damaged")
    assert [episode.tst_min for episode in others] == [105, 290, None]
    assert re.search(message, *notes)


def test_a_lost_header_line_of_sleep_as_android_costs_no_record(tmp_path):
    text = (GOLDEN / "sleep_as_android" / "export" / "sleep-export.csv").read_text()
    lines = text.split("\n")
    del lines[3]
    (tmp_path / "sleep-export.csv").write_text("\n".join(lines))
    assert night_text(tmp_path, tmp_path) == (GOLDEN / "sleep_as_android" / "nights.csv").read_text()


def test_time_that_the_events_do_not_cover_is_flagged(tmp_path):
    slept = Slept(EVENING, 1, (("light", 200), ("rem", 200), ("deep", 200)))
    content = written.sleep_as_android([slept])["sleep-export.csv"].decode()
    put(tmp_path, {"sleep-export.csv": re.sub('"REM_[^"]*"', '""', content).encode()})
    (episode,) = read_exports([tmp_path])
    assert (episode.tst_min, episode.wake_runs_min) == (200, ())
    assert "unmeasured_min=100" in episode.flags


def test_a_polar_total_that_differs_from_its_stages_is_kept_and_flagged(tmp_path):
    content = written.polar([Slept(EVENING, 1, NIGHT)])["sleep_result_1-2.json"].decode()
    put(tmp_path, {"sleep_result_1-2.json": content.replace("PT5H0M0S", "PT4H50M0S").encode()})
    (episode,) = read_exports([tmp_path])
    assert (episode.tst_min, episode.flags) == (290, ("tst_mismatch",))


@pytest.mark.parametrize(
    ("start", "missing", "flags"),
    [
        ("22:00:00.000", "", ("unmeasured_min=60",)),
        ("23:05:00.000", "", ("cut_min=5",)),
        ("03:00:00.000", "implausible", ()),
    ],
)
def test_stages_after_the_end_are_cut_and_most_of_them_are_a_contradiction(tmp_path, start, missing, flags):
    content = written.polar([Slept(EVENING, 1, NIGHT)])["sleep_result_1-2.json"].decode()
    began = "2025-03-05" if start.startswith("03") else "2025-03-04"
    moved = content.replace("2025-03-04T23:00:00.000", f"{began}T{start}", 1)
    put(tmp_path, {"sleep_result_1-2.json": moved.encode()})
    (episode,) = read_exports([tmp_path])
    assert episode.missing == missing
    assert {flag for flag in episode.flags if flag != "tst_mismatch"} == set(flags)


# --- a table of one's own ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("tst: Asleep", "tst: Schlaf", "has no column Schlaf, which mapping.yaml names"),
        ("tst: Asleep", "sleep: Asleep", "not a mapping of columns"),
        ("unit: h", "unit: days", "not a mapping of columns"),
        ("unit: h", "unit: h\nunit: min", "not YAML"),
        ("unit: h", "unit: [", "not YAML"),
        ("unit: h", "unit: min\nunit2: &a [*a]", "not YAML|not a mapping"),
        ("%d.%m.%Y", "%Y-%m-%d", "does not match format"),
        ("%d.%m.%Y", "%d.%d.%Y", "time_format %d.%d.%Y %H:%M does not say year, day"),
        (" %H:%M", "", "does not say year, day, hour and minute"),
        ("%Y", "%%Y", "does not say year, day, hour and minute"),
    ],
)
def test_a_mapping_that_does_not_fit_is_refused(tmp_path, old, new, message):
    files = files_of(GOLDEN / "generic" / "export")
    files["mapping.yaml"] = files["mapping.yaml"].decode().replace(old, new).encode()
    refused(put(tmp_path, files), match=message)


@pytest.mark.parametrize(
    ("time_format", "time"),
    [("%Y-%m-%d %H:%M %z", "2025-03-04 23:00 +0900"), ("%m/%d/%y %I:%M %p", "03/04/25 11:00 PM")],
)
def test_times_are_read_as_the_mapping_says(tmp_path, time_format, time):
    (tmp_path / "mapping.yaml").write_text(f"start: a\nend: a\ntst: b\ntime_format: '{time_format}'\n")
    (tmp_path / "t.csv").write_text(f"a,b\n{time},0\n")
    assert read_exports([tmp_path])[0].start.isoformat().startswith("2025-03-04T23:00:00")


def test_a_duration_in_the_wrong_unit_is_refused(tmp_path):
    files = files_of(GOLDEN / "generic" / "export")
    files["mapping.yaml"] = files["mapping.yaml"].replace(b"unit: h", b"unit: min")
    files["my ring.csv"] = re.sub(rb";6(.5)?;7;", rb";390;3000;", files["my ring.csv"])
    files["my ring.csv"] = files["my ring.csv"].replace(
        b"14:00;06.03.2025 15:00;0.5;1;", b"14:00;06.03.2025;30;60;"
    )
    refused(put(tmp_path, files), match="a duration of 3000 min")


def test_a_wrong_row_of_ones_own_table_is_counted_and_its_night_missing(tmp_path):
    files = files_of(GOLDEN / "generic" / "export")
    files["my ring.csv"] = files["my ring.csv"].replace(b";6.5;", b";390;")
    notes = []
    first, *_ = read_exports([put(tmp_path, files)], on_note=notes.append)
    assert (str(first.start.wall), first.missing) == ("2025-03-04 23:00:00", "damaged")
    assert "1 of 4 records cannot be read (line 2; the first: a duration of 390 h)" in notes[0].text
    assert notes[0].text.endswith("correct them")


# --- StudyU --------------------------------------------------------------------------------------


def studyu_table(rows: list[tuple[str, str, str, str]]) -> bytes:
    """Morning questionnaires: when each was sent, and the answers to three questions."""
    questions = ("Asleep at?", "Awake at?", "Slept?")
    names = [f"survey1_question{number}_{part}" for number in (1, 2, 3) for part in ("text", "response")]
    table = io.StringIO()
    writer = csv.writer(table)
    writer.writerow(["measurement_time", "participant_id", "survey1_id", *names])
    for sent, *answers in rows:
        asked = [cell for pair in zip(questions, answers, strict=True) for cell in pair]
        writer.writerow([sent, "one", "s", *asked])
    return table.getvalue().encode()


STUDYU = b"start: Asleep at?\nend: Awake at?\ntst: Slept?\n"


def test_20_000_mornings_come_back_as_they_were_answered(tmp_path):
    chance = random.Random("mornings")
    slept, rows = [], []
    for number in range(20_000):
        start = datetime(2000, 1, 1) + timedelta(days=number % 9_000, minutes=chance.randrange(1440))
        end = start + timedelta(minutes=chance.randint(1, 1439))
        sent = end + timedelta(minutes=chance.randint(1, 1440))
        slept.append((start, end))
        rows.append((f"{sent}.000", f"{start:%I:%M %p}", f"{end:%H:%M}", "0.01"))
    put(tmp_path, {"measurements.csv": studyu_table(rows), "studyu.yaml": STUDYU})
    read = [(episode.start.wall, episode.end.wall) for episode in read_exports([tmp_path])]
    assert sorted(read) == sorted(slept)


def test_a_studyu_questionnaire_sent_in_utc_is_read_on_the_clock_at_home(tmp_path):
    rows = [("2025-03-05 06:05:00.000Z", "23:00", "06:30", "7")]
    put(tmp_path, {"measurements.csv": studyu_table(rows), "studyu.yaml": STUDYU})
    (episode,) = read_exports([tmp_path], home_zone=BERLIN)
    assert (episode.start.isoformat(), episode.tst_min) == ("2025-03-04T23:00:00+01:00", 420)
    refused(tmp_path, match=r"sent at 2025-03-05 06:05:00.000Z, which is UTC: give --home-zone")


def test_a_studyu_table_alone_says_which_questions_it_holds(tmp_path):
    put(tmp_path, {"measurements.csv": studyu_table([("2025-03-05 07:05:00.000", "23:00", "06:30", "7")])})
    refused(tmp_path, match=r"write one that says .*the questions are: Asleep at\?; Awake at\?; Slept\?")


@pytest.mark.parametrize(
    ("table", "mapping", "message"),
    [
        ((b"one", b"two"), (b"", b""), "a second person answers: name yours as participant"),
        ((b"", b""), (b"Slept?", b"Slept"), "has no question Slept, which studyu.yaml names"),
        ((b"", b""), (b"Slept?", b"Slept?\nunit: d"), "does not say which question is what"),
        ((b"", b""), (b"Slept?", b"Slept?\nparticipant: nobody"), "holds no sleep record"),
    ],
)
def test_a_studyu_table_that_cannot_be_read_says_what_to_do(tmp_path, table, mapping, message):
    rows = [(f"2025-03-0{day} 07:05:00.000", "23:00", "06:30", "7") for day in (5, 6)]
    first, *others = studyu_table(rows).split(b"\r\n", 2)
    damaged = b"\r\n".join([first, others[0].replace(*table) if table[0] else others[0], others[1]])
    changed = STUDYU.replace(*mapping) if mapping[0] else STUDYU
    put(tmp_path, {"measurements.csv": damaged, "studyu.yaml": changed})
    refused(tmp_path, match=message)


@pytest.mark.parametrize(
    ("old", "new", "reason"),
    [
        (b"23:00", b"11 o'clock", "cannot be read (no time is 11 o'clock"),
        (b"23:00", b"25:00", "cannot be read (hour must be in"),
        (b",7\r\n", b",480\r\n", "a duration of 480 h"),
        (b"23:00", b"", "a sleep without the time of its start or end"),
        (b"06:30,Slept?", b"Slept?", "8 cells under 9 columns"),
    ],
)
def test_a_wrong_answer_refuses_its_morning_alone(tmp_path, old, new, reason):
    rows = [(f"2025-03-0{day} 07:05:00.000", "23:00", "06:30", "7") for day in (5, 6)]
    table = studyu_table(rows).replace(old, new, 1)
    put(tmp_path, {"measurements.csv": table, "studyu.yaml": STUDYU})
    notes = []
    (episode,) = read_exports([tmp_path], on_note=notes.append)
    assert (str(episode.start.wall.date()), episode.tst_min) == ("2025-03-05", 420)
    assert f"1 of 2 records cannot be read (line 2; the first: {reason}" in notes[-1].text
    assert notes[-1].text.endswith("correct the answers")


def test_a_database_whose_damage_looks_like_a_lack_of_memory_is_refused(tmp_path):
    # Found by fuzzing that follows the code: these bytes lie in the page that describes the tables.
    (golden,) = (GOLDEN / "health_connect" / "export").glob("*.db")
    damaged = bytearray(golden.read_bytes())
    damaged[755:766] = b"\xff" * 11
    (tmp_path / golden.name).write_bytes(damaged)
    with pytest.raises(ExportError, match="the database cannot be read"):
        read_exports([tmp_path / golden.name])
