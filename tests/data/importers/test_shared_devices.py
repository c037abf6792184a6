"""Equality with EXPECTED.csv for the devices besides Fitbit and Oura."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from test_shared_exports import EXPORTS, equals_expected, rows_of

from n1trial.data.importers import known_importers, read_exports
from n1trial.data.nights import nightly

SAMPLES = [row for row in rows_of("SAMPLES.csv") if not row["format"].startswith(("fitbit", "oura"))]

WITHOUT_SAMPLE = {
    *("fitbit", "oura", "generic", "studyu"),
    *("autosleep", "gadgetbridge", "health_auto_export", "sleep_cycle", "zepp"),
}

pytestmark = pytest.mark.skipif(
    EXPORTS is None, reason="the shared sample exports are not beside the project"
)


def built(sample: dict[str, str], folder: Path) -> Path | None:
    """The database of Health Connect, which the samples keep as SQL."""
    if sample["format"] != "health_connect":
        return None
    path = folder / "health_connect_export.db"
    with closing(sqlite3.connect(path)) as database:
        database.executescript((EXPORTS / sample["path"]).read_text())
    return path


@pytest.mark.parametrize("window", ["main", "night", "day24"])
@pytest.mark.parametrize("sample", SAMPLES, ids=lambda sample: sample["sample"])
def test_nights_equal_those_of_the_independent_program(sample, window, tmp_path):
    assert equals_expected(sample, window, path=built(sample, tmp_path))


def test_the_samples_of_other_devices_have_303_rows(tmp_path):
    rows = 0
    for sample in SAMPLES:
        path = built(sample, tmp_path)
        rows += sum(equals_expected(sample, window, path=path) for window in ("main", "night", "day24"))
    assert rows == 303


def test_every_device_with_a_sample_has_an_importer():
    devices = {row["format"].rpartition("_")[0] or row["format"] for row in SAMPLES}
    assert {device.replace("sleepasandroid", "sleep_as_android") for device in devices} | {
        "health_connect"
    } >= set(known_importers()) - WITHOUT_SAMPLE


def test_a_folder_and_a_zip_of_the_same_apple_export_give_the_same_nights():
    folder, packed = (nightly(read_exports([EXPORTS / name])) for name in ("apple_ios17", "apple_ios17_zip"))
    assert folder.table.equals(packed.table)
