"""What a message of refusal names: the device that the content resembles, or every device, never a wrong one."""

from pathlib import Path

import pytest
from mutants import GOLDEN
from test_shared_exports import EXPORTS

from n1trial.data.importers import known_importers, read_exports
from n1trial.errors import ExportError

IMPORTERS = known_importers()
# What a message can call a device; the short names too.
CALLED = {
    "fitbit": ("Fitbit",),
    "oura": ("Oura",),
    "apple": ("Apple",),
    "autosleep": ("AutoSleep",),
    "gadgetbridge": ("Gadgetbridge",),
    "garmin": ("Garmin",),
    "health_auto_export": ("Health Auto Export",),
    "health_connect": ("Health Connect",),
    "polar": ("Polar",),
    "samsung": ("Samsung",),
    "sleep_as_android": ("Sleep as Android",),
    "sleep_cycle": ("Sleep Cycle",),
    "studyu": ("StudyU",),
    "whoop": ("Whoop",),
    "withings": ("Withings",),
    "zepp": ("Zepp",),
}
# Names that people and vendors give files, of every device, of none, and misleading ones.
NAMES = (
    "sleep-2025-03-01.json",
    "sleep.json",
    "sleep.csv",
    "sleeps.csv",
    "oura_sleep_2025.csv",
    "sleepmodel.csv",
    "fitbit_export_20250301.csv",
    "UserSleeps_2025-03-01.csv",
    "com.samsung.shealth.sleep.20250301.csv",
    "health_connect_export.db",
    "sleep-export.csv",
    "export.xml",
    "2025_x_1_sleepData.json",
    "sleep_result_1.json",
    "SLEEP.csv",
    "sleepdata.csv",
    "HealthAutoExport-2025.json",
    "Gadgetbridge",
    "data.txt",
    "health.json",
)


def samples() -> list[tuple[str, Path]]:
    """Every file of a golden export, and of the shared samples, with the device that it is of."""
    files = [
        (path.relative_to(GOLDEN).parts[0], path)
        for path in sorted(GOLDEN.rglob("*"))
        if path.is_file() and "export" in path.relative_to(GOLDEN).parts and path.stat().st_size
    ]
    if EXPORTS is None:
        return files
    owners = {"saa": "sleep_as_android", "message": "withings", "sleepasandroid": "sleep_as_android"}
    for folder in (EXPORTS, EXPORTS.parent / "faults"):
        for path in sorted(folder.rglob("*")):
            first = path.relative_to(folder).parts[0]
            known = next((name for name in IMPORTERS if first.startswith(name)), None)
            owner = known or owners.get(first.partition("_")[0])
            if owner and path.suffix in {".csv", ".json", ".xml", ".db"} and path.stat().st_size < 300_000:
                files.append((owner, path))
    return files


def named_in(message: str) -> set[str]:
    """Devices that a message names, but for the place that it begins with, which is the file's own name."""
    bare = message.partition(": ")[2]
    return {device for device, names in CALLED.items() if any(name in bare for name in names)}


def test_every_device_has_a_name_to_look_for():
    assert set(CALLED) == set(IMPORTERS) - {"generic"}


@pytest.mark.parametrize("device", sorted(set(IMPORTERS) - {"generic"}))
def test_a_file_under_another_name_is_read_or_refused_without_naming_a_wrong_device(device, tmp_path):
    files = [path for owner, path in samples() if owner == device]
    assert files
    wrong = []
    for number, path in enumerate(files):
        for name in NAMES:
            folder = tmp_path / f"{number}" / name.replace(".", "-")
            folder.mkdir(parents=True)
            (folder / name).write_bytes(path.read_bytes())
            for given in (folder, folder / name):
                try:
                    read_exports([given], on_note=lambda note: None)
                except ExportError as error:
                    named = named_in(str(error))
                    if named - {device} and named != set(CALLED):
                        wrong.append(f"{path.name} as {given.name}: {error}")
    assert wrong == []


def test_of_a_file_of_nobody_no_device_is_guessed_and_the_list_is_named(tmp_path):
    (tmp_path / "sleep-notes.csv").write_text("day;quality\nMonday;good\n")
    with pytest.raises(ExportError) as raised:
        read_exports([tmp_path / "sleep-notes.csv"])
    assert named_in(str(raised.value)) == set()
    assert "n1trial nights --help lists what is read" in str(raised.value)


@pytest.mark.parametrize(
    ("table", "mapping"),
    [
        (
            "Bedtime;Wake time;Hours asleep\n04.03.2025 23:10;05.03.2025 06:30;6,8\n",
            '{start: "Bedtime", end: "Wake time", tst: "Hours asleep", unit: "h", time_format: "%d.%m.%Y %H:%M"}',
        ),
        (
            "day,start,end,sleep (min)\n1,2025-03-04T23:10,2025-03-05T06:30,410\n",
            '{start: "start", end: "end", tst: "sleep (min)", unit: "min"}',
        ),
    ],
)
def test_a_table_of_ones_own_is_pointed_to_a_mapping_that_reads_it(table, mapping, tmp_path):
    (tmp_path / "mine.csv").write_text(table)
    with pytest.raises(ExportError, match=r"write this line into a file mapping\.yaml") as raised:
        read_exports([tmp_path / "mine.csv"])
    assert str(raised.value).endswith(mapping)
    (tmp_path / "mapping.yaml").write_text(mapping)
    (episode,) = read_exports([tmp_path / "mine.csv", tmp_path / "mapping.yaml"])
    assert episode.tst_min in (408, 410)
    assert episode.start.isoformat() == "2025-03-04T23:10:00"
