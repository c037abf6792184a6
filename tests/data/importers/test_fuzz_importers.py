"""What a stranger's file may not do to any importer: accidents, hangs, memory, half an export.

Every device joins by its golden exports in tests/exports/<device>/.
"""

import multiprocessing
import os
import random
import re
import subprocess
import sys
from concurrent.futures import ProcessPoolExecutor
from importlib.util import find_spec
from pathlib import Path
from time import perf_counter

import pytest
from mutants import GOLDEN, Figures, files_of, fuzz, golden_exports, home_zone_of, refusal, zipped
from paths import HELPERS
from yardstick import slowness

from n1trial.data.importers import known_importers, read_exports
from n1trial.data.importers._source import open_source
from n1trial.data.nights import nightly, nights_csv
from n1trial.errors import ExportError

IMPORTERS = known_importers()
EXPORTS = [export for device in IMPORTERS for export in golden_exports(device)]
# How many of each device in the long run. They are the same ones each time: a million
# (N1TRIAL_MUTANTS=1000000) is for a change of an importer.
MANY = int(os.environ.get("N1TRIAL_MUTANTS", "10000"))
MEMORY_MIB = 300
# Of each export, evenly spread; a file is written for each, which takes longer than reading it.
CUTS = 500

every_device = pytest.mark.parametrize("device", list(IMPORTERS))
every_export = pytest.mark.parametrize(
    "export", EXPORTS, ids=lambda export: export.parent.relative_to(GOLDEN).as_posix()
)
# The fuzzer's limit looks at a peak that a process inherits from the one that starts it, unless a small one
# stands between.
FRESH = ("sh", "-c", '"$@"; exit $?', "sh")


def silently(note):
    pass


def nights_of(path: Path, *, golden: Path) -> str:
    return nights_csv(nightly(read_exports([path], home_zone=home_zone_of(golden), on_note=silently)))


# By hand. Fitbit 2025-03-04: asleep 192 + 130; wake runs 6, 1, 1 in the first record and 6 in the second;
# off the record 75 min and 2 restless after it, one wake of 77; in bed 210 + 75 + 140. 2025-03-05: a wake
# of 4 min that a short wake of 1 min touches is one of 5. 2025-03-06: a nap alone. Google's table on the local clock:
# 120 + 60 + 60 + 156.5 asleep of 420 with wakes of 2, 10 and 1.5, though its minutes say 400; a classic record with
# wakes of 0.5 and 1.5; 240 + 60 + 99 with one of 6. Both layouts: two nights of the JSON, the third of the table.
# Oura: 84 epochs of 5
# min, 44 2×30 4 1×12 44 3×12 2×24 4, so wake runs of 5 and 10, and the vendor's latency; a night not
# staged; a clock change.
# All other devices tell two nights from 2025-03-04 on. One: awake 10, light 60, awake 6, deep 60, awake 2, REM
# 40, light 240, awake 2; so asleep 400 of 420, wakes inside 6 and 2. Two: awake 5, light 105, awake 10; off
# the record 90; awake 5, light 200, awake 5, REM 90; so asleep 105 + 290, in bed 120 + 90 + 300, wakes 10 + 90
# + 5 and 5. Then a night without numbers. Garmin and Whoop have sums only; Garmin's second night is its first
# record alone; Polar has the first night from its first sleep on, and the second record of the second night;
# the own table has 6.5 h with wakes of 0.1 and 0.05 h, and 6 h without a wake.
# Apple's new watch: three nights of the old one, the third with both, of which the old one has more nights; on
# 2025-03-06 its battery is empty at one, so the app counts; then two nights of the new one, the second asleep 180 of
# 360, with the app two hours longer. Sums of Health Auto Export and of AutoSleep have no wake after sleep onset; the
# former's last night leaves out the bed of another device, the latter's later days are sums of several sleeps.
# Further layouts. Garmin's day files: light 60, awake 6, deep 60, awake 2, REM 40, light 240, awake 2; then deep 60,
# light 240, awake 10 without stages, and a nap on a day that was not confirmed. Its old watch: deep 60, light 320,
# awake 20, unmeasured 30 of 430; 11 h of sleep in 7 h; 380 asleep and 20 awake of 420. Samsung's two apps: light 120,
# awake 10, deep 60, REM 90, light 100 with a latency of 15, beside 360 of another app; awake 5, light 200, deep 155
# and 2 too many; light 300, awake 20, REM 40 in the morning. Health Connect's: light 90, awake 8, half a minute of
# nothing, deep 70, light 5 and 240, each a session; awake 10, light 200, awake 12, REM 180 and 3 too many; light 300,
# awake 5, deep 95 beside 400 of the other app; light 350. Sleep as Android with noise: light 60, awake 6, deep 54,
# light 300 less 20 s; light 205, deep 8 less 3, off the record 40, light 200.
# the own table has 6.5 h with wakes of 0.1 and 0.05 h, and 6 h without a wake. Unbroken sleep is the longest of these
# stretches: 240 and REM before it, 280; 200. Withings in French: asleep 600 to 9,600 and 10,200 to 26,400 s of 27,000;
# then 900 to 12,900 and 13,800 to 25,200 of 25,200, 300 of them out of bed.
@every_export
def test_every_golden_export_gives_the_nights_worked_out_by_hand(export):
    assert nights_of(export, golden=export) == (export.parent / "nights.csv").read_text()


@every_export
def test_a_zip_of_files_without_their_folders_gives_the_same_nights(export, tmp_path):
    files = {f"Neuer Ordner/{Path(name).name}": content for name, content in files_of(export).items()}
    flat = zipped(tmp_path / "flat.zip", files)
    assert nights_of(flat, golden=export) == (export.parent / "nights.csv").read_text()


@every_export
def test_windows_line_ends_give_the_same_nights(export, tmp_path):
    for name, content in files_of(export).items():
        text = b"\0" not in content
        (tmp_path / Path(name).name).write_bytes(
            content if not text else content.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")
        )
    assert nights_of(tmp_path, golden=export) == (export.parent / "nights.csv").read_text()


@every_export
def test_only_its_own_importer_recognises_a_golden_export_of_any_layout(export):
    with open_source([export]) as source:
        able = [name for name, importer in IMPORTERS.items() if importer.recognises(source)]
    assert able == [export.relative_to(GOLDEN).parts[0]]


# Devices whose files are known by what is in them, whatever they are called.
KNOWN_BY_CONTENT = {"oura", "polar", "studyu", "whoop", "withings"}
STRANGE_NAMES = (
    "sleep.csv",
    "sleeps.csv",
    "oura_trends.csv",
    "sleep.json",
    "sleep_result_1.json",
    "night.txt",
    "x",
)


@pytest.mark.parametrize("name", STRANGE_NAMES)
@every_export
def test_a_file_under_another_name_is_known_by_its_own_importer_alone(export, name, tmp_path):
    device = export.relative_to(GOLDEN).parts[0]
    for path in sorted(export.rglob("*")):
        if path.suffix in (".csv", ".json"):
            (tmp_path / name).write_bytes(path.read_bytes())
            with open_source([tmp_path / name]) as source:
                able = {name for name, importer in IMPORTERS.items() if importer.recognises(source)}
            assert able == {device} if device in KNOWN_BY_CONTENT else not able & KNOWN_BY_CONTENT


@every_device
def test_a_mutant_is_refused_or_read_but_never_an_accident(device):
    figures = fuzz(golden_exports(device), f"mutants of {device}", 500)
    assert figures.accidents == []
    assert 0 < figures.read < figures.mutants
    assert figures.slowest_s < 1


@pytest.mark.alone
@pytest.mark.slow
@every_device
def test_many_mutants_are_refused_or_read(device, capsys):
    started = perf_counter()
    with ProcessPoolExecutor(2, mp_context=multiprocessing.get_context("spawn")) as pool:
        halves = [
            pool.submit(fuzz, golden_exports(device), f"{half} of {device}", MANY // 2) for half in (1, 2)
        ]
        figures = sum((half.result() for half in halves), Figures())
    took_s = perf_counter() - started
    with capsys.disabled():
        print(
            f"\n{device}: {figures.mutants} mutants in {took_s:.0f} s ({figures.mutants / took_s:.0f} a second), "
            f"{figures.read} read, {len(figures.accidents)} accidents, slowest {1000 * figures.slowest_s:.0f} ms, "
            f"peak {figures.peak_mib:.0f} MiB"
        )
    assert figures.accidents == []
    assert figures.slowest_s < 1
    assert figures.peak_mib < MEMORY_MIB


@pytest.mark.slow
@pytest.mark.skipif(
    find_spec("atheris") is None, reason="the fuzz group is not installed: uv sync --group fuzz"
)
@every_device
def test_fuzzing_that_follows_the_code_finds_nothing_but_refusals(device, capsys, tmp_path):
    # What it finds it writes where it stands.
    ran = subprocess.run(
        [*FRESH, sys.executable, HELPERS / "guided.py", device, "3000"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        errors="replace",
        check=False,
    )
    figures = dict(re.findall(r"stat::(\w+): +(\d+)", ran.stderr))
    with capsys.disabled():
        print(f"\n{device}, guided by coverage: {figures}")
    assert ran.returncode == 0, ran.stderr[-2000:]
    assert int(figures["number_of_executed_units"]) > 1_000
    assert int(figures["slowest_unit_time_sec"]) <= 1


@every_export
def test_every_cut_of_a_zip_is_refused_whole(export, tmp_path):
    whole = zipped(tmp_path / "whole.zip", files_of(export)).read_bytes()
    cut = tmp_path / "cut.zip"
    for number in range(CUTS):
        cut.write_bytes(whole[: number * (len(whole) - 1) // CUTS])
        with pytest.raises(ExportError, match=r"^cut\.zip"):
            read_exports([cut], on_note=silently)


@every_export
def test_records_in_any_order_and_twice_give_the_same_nights(export):
    chance = random.Random(export.as_posix())
    whole = read_exports([export], home_zone=home_zone_of(export), on_note=silently)
    for _ in range(20):
        parts = [*whole, *chance.sample(whole, k=chance.randint(0, len(whole)))]
        chance.shuffle(parts)
        assert nights_csv(nightly(parts)) == (export.parent / "nights.csv").read_text()


# What a file begins with, and what it then repeats to 60 MB.
GREEDY = {
    "values": ("sleep-2025-03-01.json", b'[{"logId": 1}', b",1"),
    "records": ("sleep-2025-03-01.json", b'[{"logId": 1}', b",{}"),
    "depth": ("sleep-2025-03-01.json", b'[{"logId": 1}', b"["),
    "lines": ("fitbit_export_20250301.csv", b"", b"\n"),
    "short lines": ("fitbit_export_20250301.csv", b"", b"ab\n"),
    "headers": ("fitbit_export_20250301.csv", b"", b"Start Time"),
    "rows": ("fitbit_export_20250301.csv", b"Start Time,End Time,Minutes Asleep\n", b"a,b,c\n"),
    "sleeps": ("UserSleeps_1.csv", b"sleep_id,sleep_start,sleep_end,minutes_asleep\n", b"1,2,3,4\n"),
    "hub": ("sleepmodel.csv", b"id;bedtime_start;bedtime_end;total_sleep_duration\n", b"1\n"),
    "trends": ("oura_trends.csv", b"Bedtime Start,Bedtime End,Total Sleep Time\n", b",,\n"),
}


@pytest.mark.slow
@pytest.mark.parametrize("greed", list(GREEDY))
def test_a_file_that_wants_memory_is_refused_without_it(greed, tmp_path, capsys):
    name, beginning, repeated = GREEDY[greed]
    (tmp_path / name).write_bytes(beginning + repeated * (60_000_000 // len(repeated)))
    # A core that is shared with other work takes longer: slow is what is slow three times, each in a new process.
    for _ in range(3):
        with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as pool:
            message, took_s, peak_mib = pool.submit(refusal, tmp_path / name).result()
        slower = slowness()
        if took_s < 2 * slower:
            break
    with capsys.disabled():
        print(
            f"\n{greed}: {took_s:.1f} s (2 promised, here {slower:.1f} times it), {peak_mib:.0f} MiB: {message}"
        )
    assert message
    assert took_s < 2 * slower
    assert peak_mib < MEMORY_MIB
