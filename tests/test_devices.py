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
from test_importers import GOLDEN, files_of, night_text, refused, zipped
from yardstick import slowness

from n1trial.errors import ExportError
from n1trial.importers import known_importers, read_exports
from n1trial.importers._intervals import union, without

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
    for slept, episode in zip(sleeps, read_exports([path]), strict=True):
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
    code = "import sys; from n1trial.importers import known_importers; known_importers(); print(*sys.modules)"
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
        ('endDate="2025-03-05 07:10:00 +0900"', 'endDate="2025-03-05 07:10:00"', "no UTC offset"),
        ('endDate="2025-03-05 07:10:00 +0900"', 'endDate="9999-03-05 07:10:00 +0900"', "year 9999"),
        ("Europe/Berlin", "../../etc/passwd", "cannot be read"),
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


def test_a_record_without_its_end_is_refused_and_not_lost(tmp_path):
    text = apple_text().replace("#REQUIRED", "#BROKEN", 1)
    text = text.replace("#BROKEN>", "#BROKEN").replace(" </Record>\n", "", 1)
    refused(apple_file(tmp_path, text), match="a record of sleep has no end")


def test_a_broken_export_that_ends_early_is_refused_whole(tmp_path):
    text = apple_text().replace("#REQUIRED", "#BROKEN")
    for length in range(400, len(text) - 15, 97):
        refused(apple_file(tmp_path, text[:length]), match="export.xml")


def test_other_sources_are_listed_and_not_used():
    episodes = read_exports([GOLDEN / "apple" / "export"])
    assert [episode.not_used for episode in episodes if episode.not_used] == ["other_source"]


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
    first = next(one for one in read_exports([apple_file(tmp_path, text)]) if not one.not_used)
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
        "import sys, time; from pathlib import Path; from n1trial.importers import read_exports\n"
        "sys.path.insert(0, sys.argv[2]); from mutants import peak_mib\n"
        "started = time.perf_counter(); count = len(read_exports([Path(sys.argv[1])]))\n"
        "print(count, time.process_time(), time.perf_counter() - started, peak_mib())"
    )
    before = slowness()
    done = subprocess.run(
        [sys.executable, "-c", code, path, Path(__file__).parent], capture_output=True, text=True, check=True
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
    put(tmp_path, {"UDSFile_a_b.json": files[name]})
    refused(tmp_path / "UDSFile_a_b.json", match="no importer recognises it")


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
    (episode,) = read_exports([tmp_path])
    assert (episode.tst_min, episode.waso_min, episode.wake_runs_min) == (400, 10, None)
    assert (episode.rem_min, episode.vendor_awakenings, episode.flags) == (None, 1, ("no_rem",))


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
    episodes = read_exports([GOLDEN / "health_connect" / "export"])
    assert [episode.not_used for episode in episodes].count("other_source") == 1
    assert sum(episode.tst_min or 0 for episode in episodes if not episode.not_used) == 795


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


def test_a_record_without_a_header_is_refused(tmp_path):
    text = (GOLDEN / "sleep_as_android" / "export" / "sleep-export.csv").read_text()
    (tmp_path / "sleep-export.csv").write_text(
        text.replace("Id,Tz,From,To", "Id,Tz,From,To,Zu", 1).replace("Hours", "H", 1)
    )
    refused(tmp_path, match="without its header line")


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


def test_a_stage_outside_of_its_sleep_is_no_night(tmp_path):
    content = written.polar([Slept(EVENING, 1, NIGHT)])["sleep_result_1-2.json"].decode()
    put(tmp_path, {"sleep_result_1-2.json": content.replace("23:00:00.000", "22:00:00.000", 1).encode()})
    assert read_exports([tmp_path])[0].missing == ""
    put(tmp_path, {"sleep_result_1-2.json": content.replace("23:00:00.000", "23:59:00.000", 1).encode()})
    assert read_exports([tmp_path])[0].missing == "implausible"


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
    files["my ring.csv"] = files["my ring.csv"].replace(b";6.5;", b";390;")
    refused(put(tmp_path, files), match="a duration of 390 h")


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
        ((b"23:00", b"11 o'clock"), (b"", b""), "no time is 11 o'clock.: correct it"),
        ((b"23:00", b"25:00"), (b"", b""), "hour must be in"),
        ((b"", b""), (b"Slept?", b"Slept"), "has no question Slept, which studyu.yaml names"),
        ((b"", b""), (b"Slept?", b"Slept?\nunit: d"), "does not say which question is what"),
        ((b"", b""), (b"Slept?", b"Slept?\nparticipant: nobody"), "holds no sleep record"),
        ((b",7", b",480"), (b"", b""), "a duration of 480 h: see unit"),
    ],
)
def test_a_studyu_table_that_cannot_be_read_says_what_to_do(tmp_path, table, mapping, message):
    rows = [(f"2025-03-0{day} 07:05:00.000", "23:00", "06:30", "7") for day in (5, 6)]
    first, *others = studyu_table(rows).split(b"\r\n", 2)
    damaged = b"\r\n".join([first, others[0].replace(*table) if table[0] else others[0], others[1]])
    changed = STUDYU.replace(*mapping) if mapping[0] else STUDYU
    put(tmp_path, {"measurements.csv": damaged, "studyu.yaml": changed})
    refused(tmp_path, match=message)


def test_a_database_whose_damage_looks_like_a_lack_of_memory_is_refused(tmp_path):
    # Found by fuzzing that follows the code: these bytes lie in the page that describes the tables.
    (golden,) = (GOLDEN / "health_connect").rglob("*.db")
    damaged = bytearray(golden.read_bytes())
    damaged[755:766] = b"\xff" * 11
    (tmp_path / golden.name).write_bytes(damaged)
    with pytest.raises(ExportError, match="the database cannot be read"):
        read_exports([tmp_path / golden.name])
