"""Exports that once came out wrong, vanished or were refused: the expected nights, as `nights` and as `import`."""

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest
from test_shared_exports import EXPORTS

from n1trial.data.importers import read_exports
from n1trial.data.ledger import trace_nights
from n1trial.data.nights import nightly, nights_csv
from n1trial.data.recorders import recorder_line
from n1trial.trial_folder.analysis_data import import_exports
from n1trial.trial_folder.create import make_trial
from n1trial.trial_folder.store import stored_episodes

FAULTS = EXPORTS.parent / "faults" if EXPORTS else None

pytestmark = pytest.mark.skipif(EXPORTS is None, reason="the shared faults are not beside the project")

ZONES = {
    "fitbit_google_csv_local_times": "America/Los_Angeles",
    "garmin_api_day_file": "Europe/Berlin",
    "garmin_auto_confirmed": "Europe/Berlin",
    "garmin_last_element_only_retro": "Europe/Berlin",
}
# Numbers of each night by its date, from the README of each folder; None where the file cannot say.
EXPECTED: dict[str, dict[str, dict[str, object]]] = {
    "fitbit_google_csv_classic_30s": {
        "2023-05-10": {"tst_min": 120, "wake_episodes_all": 3, "waso_min": 2.5, "wake_episodes": 0}
    },
    "fitbit_google_csv_local_times": {
        "2023-05-03": {"tst_min": 390, "start": "2023-05-03T23:30"},
        "2023-05-04": {"tst_min": 110, "start": "2023-05-05T02:10"},
        "2023-05-05": {"tst_min": 390, "start": "2023-05-05T23:30"},
    },
    "fitbit_google_csv_minutes_asleep": {
        "2023-05-08": {"tst_min": 385, "waso_min": 25, "wake_episodes_all": 25, "tib_min": 431}
    },
    "garmin_api_day_file": {"2025-03-02": {"tst_min": 455}},
    "garmin_auto_confirmed": {
        "2025-03-02": {"tst_min": 455, "tib_min": 464, "start": "2025-03-02T23:19:00+01:00", "flag": "no_rem"}
    },
    "garmin_last_element_only_retro": {"2025-03-02": {"tst_min": 455, "tib_min": 464}},
    "health_auto_export": {"2026-05-13": {"tst_min": 426, "tib_min": 480}},
    "health_connect_fragmented": {
        "2025-01-10": {"tst_min": 465, "waso_min": 6, "wake_episodes": 1, "tib_min": 471}
    },
    "health_connect_stage_overruns": {
        "2025-01-12": {
            "tst_min": 458,
            "waso_min": 20,
            "wake_episodes": 1,
            "tib_min": 478,
            "flag": "cut_min=2",
        }
    },
    "oura_trends_since_2022": {
        "2026-05-01": {
            "tst_min": 435,
            "tib_min": 480,
            "sol_min": 10,
            "deep_min": 75,
            "light_min": 270,
            "rem_min": 90,
            "vendor_date": "2026-05-02",
        }
    },
    "saa_last_stage_overruns": {
        "2025-05-05": {
            "tst_min": 472.15,
            "tib_min": 479.16,
            "waso_min": 7,
            "wake_episodes": 1,
            "wake_episodes_all": 1,
            "start": "2025-05-05T23:00:51",
            "flag": "cut_min=2.2",
        }
    },
    "saa_last_stage_overruns_split": {
        "2025-05-06": {"tst_min": 439.5, "wake_episodes": 1, "flag": "split=2"}
    },
    "saa_noise_row": {
        "2025-05-08": {
            "tst_min": 470,
            "waso_min": 10,
            "wake_episodes": 1,
            "wake_episodes_all": 1,
            "tib_min": 480,
        }
    },
    "samsung_utc_refused": {
        f"2025-03-0{day}": {"tst_min": 380, "waso_min": 20, "tib_min": 400} for day in range(2, 10)
    },
    "withings_french": {"2025-02-03": {"tst_min": 410}, "2025-02-04": {"tst_min": 414}},
}
NOTED = {"apple_new_watch": 18, "health_connect_new_app": 18}


def zone_of(fault: str) -> ZoneInfo | None:
    return ZoneInfo(ZONES[fault]) if fault in ZONES else None


def episodes_of(fault: str) -> list:
    return read_exports([FAULTS / fault], home_zone=zone_of(fault), on_note=lambda note: None)


def equals(row: dict, expected: dict[str, object]) -> None:
    for name, wanted in expected.items():
        if name == "flag":
            assert wanted in row["flags"].split(";")
        elif name == "start":
            assert row["start"].startswith(wanted)
        elif name == "vendor_date":
            assert str(row[name].date()) == wanted
        else:
            assert row[name] == pytest.approx(wanted, abs=0.011), name


@pytest.mark.parametrize("fault", EXPECTED)
def test_a_fault_gives_the_expected_nights(fault):
    rows = {str(row["night"].date()): row for row in nightly(episodes_of(fault)).table.to_dict("records")}
    assert set(rows) == set(EXPECTED[fault])
    for night, expected in EXPECTED[fault].items():
        equals(rows[night], expected)


@pytest.mark.parametrize("fault", NOTED)
def test_a_new_watch_or_app_keeps_its_nights_and_is_named(fault):
    nights = trace_nights(episodes_of(fault))
    assert sum(night.main is not None for night in nights) == NOTED[fault]
    assert "10 from" in recorder_line(nights)
    assert "8 from" in recorder_line(nights)


def test_a_latency_that_samsung_did_not_measure_is_not_zero():
    latencies = nightly(episodes_of("samsung_latency_zero")).table["sol_min"]
    assert ((latencies == 20) | latencies.isna()).all()


@pytest.mark.parametrize("fault", [*EXPECTED, *NOTED, "samsung_latency_zero"])
def test_import_gives_the_nights_of_a_fault_as_nights_does(fault, tmp_path):
    folder = make_trial(
        tmp_path / "trial",
        protocol="glycine-vs-magnesium-glycinate",
        start=date(2025, 1, 1),
        seed="0f" * 32,
        home_zone=zone_of(fault),
        now=datetime(2027, 1, 1, tzinfo=UTC),
    )
    import_exports(folder, [FAULTS / fault], now=datetime(2027, 1, 1, tzinfo=UTC), on_note=lambda note: None)
    stored = nights_csv(nightly(stored_episodes(folder)))
    assert stored == nights_csv(nightly(episodes_of(fault)))
