"""Equality with EXPECTED.csv, which an independent program made from the same sample exports."""

import csv
from collections import defaultdict
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from paths import SHARED

from n1trial.data.importers import read_exports
from n1trial.data.nights import nightly
from n1trial.errors import ExportError

EXPORTS = SHARED / "data" / "exports" if (SHARED / "data" / "exports").is_dir() else None
LAYOUTS = {
    "fitbit_json",
    "fitbit_google_csv",
    "fitbit_legacy_csv",
    "oura_web_csv",
    "oura_json",
    "oura_hub_csv",
    "oura_trends_csv",
    "oura_v1_json",
}
# Said by us and not by the independent program: a vendor's count, and a label that a spreadsheet rewrote.
OWN_FLAGS = {"vendor_awakenings", "excel_date"}
MINUTES = ("tst_min", "tib_min", "waso_min", "sol_min")
COUNTS = ("wake_episodes", "wake_episodes_all")


def rows_of(name: str) -> list[dict[str, str]]:
    if EXPORTS is None:
        return []
    with (EXPORTS / name).open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))


SAMPLES = [row for row in rows_of("SAMPLES.csv") if row["format"] in LAYOUTS]
REFUSALS = rows_of("refuse/REFUSALS.csv")
EXPECTED = defaultdict(list)
for expected_row in rows_of("EXPECTED.csv"):
    EXPECTED[expected_row["sample"], expected_row["window"]].append(expected_row)

pytestmark = pytest.mark.skipif(
    EXPORTS is None, reason="the shared sample exports are not beside the project"
)


def cells(row: dict) -> dict[str, object]:
    """A row of ours in the words of EXPECTED.csv."""
    numbers = {name: "" if row[name] != row[name] else row[name] for name in (*MINUTES, *COUNTS)}
    vendor_date = row["vendor_date"]
    return numbers | {
        "night": str(row["night"].date()),
        "start_local": row["start"][:19] if isinstance(row["start"], str) else "",
        "end_local": row["end"][:19] if isinstance(row["end"], str) else "",
        "vendor_date": "" if vendor_date != vendor_date else str(vendor_date.date()),
    }


def equals_expected(sample: dict[str, str], window: str, *, path: Path | None = None) -> int:
    """Compare the nights of a sample with EXPECTED.csv row for row; how many there are."""
    zone = ZoneInfo(sample["home_tz"]) if sample["home_tz"] else None
    exports = [path or EXPORTS / sample["path"]]
    episodes = read_exports(exports, home_zone=zone, on_note=lambda note: None)
    table = nightly(episodes, window=window).table
    expected = EXPECTED[sample["sample"], window]
    assert len(table) == len(expected) > 0
    for ours, theirs in zip(table.to_dict("records"), expected, strict=True):
        for name, value in cells(ours).items():
            wanted = float(theirs[name]) if name in (*MINUTES, *COUNTS) and theirs[name] else theirs[name]
            assert value == (pytest.approx(wanted, abs=0.011) if name in MINUTES and wanted else wanted), name
        extra = set(ours["flags"].split(";")) ^ set(theirs["flags"].split(";"))
        assert {flag.partition("=")[0] for flag in extra} <= OWN_FLAGS
    return len(table)


@pytest.mark.parametrize("window", ["main", "night", "day24"])
@pytest.mark.parametrize("sample", SAMPLES, ids=lambda sample: sample["sample"])
def test_nights_equal_those_of_the_independent_program(sample, window):
    assert equals_expected(sample, window)


@pytest.mark.parametrize("refusal", REFUSALS, ids=lambda refusal: refusal["input"])
def test_what_must_be_refused_is_refused_in_one_line(refusal):
    with pytest.raises(ExportError) as raised:
        read_exports([EXPORTS / "refuse" / refusal["input"]], on_note=lambda note: None)
    message = str(raised.value)
    assert "\n" not in message
    assert message.count(": ") >= 2
    assert len(message) < 300


def test_a_folder_and_two_zips_of_the_same_takeout_give_the_same_nights():
    folder, zips = (
        nightly(read_exports([EXPORTS / name])) for name in ("fitbit_takeout", "fitbit_takeout_zip")
    )
    assert folder.table.equals(zips.table)


def test_an_api_answer_and_a_web_table_of_oura_are_not_mixed():
    web = EXPORTS / "oura_web_csv" / "oura_sleep_2025-11-06T08-12-33.csv"
    with pytest.raises(ExportError, match="give only one of them"):
        read_exports([EXPORTS / "oura_api_v2" / "sleep.json", web])
