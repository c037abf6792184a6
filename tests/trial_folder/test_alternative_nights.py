"""The nights of one folder read in other ways."""

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest

from n1trial.planning.simulate import simulate_nights, write_fitbit_takeout
from n1trial.trial_folder.alternative_nights import alternative_nights, recorders
from n1trial.trial_folder.analysis_data import import_exports
from n1trial.trial_folder.create import make_trial
from n1trial.trial_folder.snapshot import read_trial
from n1trial.workflows.demo import TEMPLATE, TRUTH

NOW = datetime(2026, 6, 1, 9, tzinfo=UTC)
ZONE = "Europe/Berlin"


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    place = tmp_path_factory.mktemp("alternative_nights")
    made = make_trial(
        place / "trial",
        protocol=TEMPLATE,
        start=date(2026, 1, 5),
        seed="3c" * 32,
        home_zone=ZoneInfo(ZONE),
        now=NOW,
    )
    write_fitbit_takeout(simulate_nights(made.schedule, TRUTH, seed=1), place / "takeout.zip", zone=ZONE)
    import_exports(made, [place / "takeout.zip"], now=NOW)
    return made


@pytest.fixture(scope="module")
def read(folder):
    trial = read_trial(folder.path, now=NOW)
    return trial, {(each.name, each.outcome.name): each for each in alternative_nights(trial)}


def test_wakes_are_counted_by_other_definitions_on_the_same_nights(read):
    trial, readings = read
    usual = trial.data.table["wake_episodes"]
    every = readings[("wakes of any length", "wake_episodes")].data.table["wake_episodes"]
    long = readings[("wakes of 10 min or more", "wake_episodes")].data.table["wake_episodes"]
    assert (every.dropna() >= usual.dropna()).all()
    assert (long.dropna() <= usual.dropna()).all()
    assert every.notna().equals(usual.notna())
    assert {each.outcome.name for each in readings.values() if each.name.startswith("wakes")} == {
        "wake_episodes"
    }


def test_an_alternative_in_which_no_night_differs_is_left_out(read):
    trial, readings = read
    for (_, outcome), reading in readings.items():
        assert not reading.data.table[outcome].equals(trial.data.table[outcome])


def test_one_record_alone_is_never_more_and_naps_are_never_less(read):
    trial, readings = read
    usual = trial.data.table["tst_min"].dropna()
    alone, naps = (
        readings[(name, "tst_min")].data.table["tst_min"].loc[usual.index]
        for name in ("longest record alone", "naps too")
    )
    assert (alone <= usual).all()
    assert (naps >= usual).all()
    # All sleep of a day has no wake episodes of a night.
    assert ("naps too", "wake_episodes") not in readings


def test_arms_blocks_and_what_is_left_out_by_plan_stay_as_they_were(read):
    trial, readings = read
    plan = ["night", "arm", "block", "period"]
    assert all(each.data.table[plan].equals(trial.data.table[plan]) for each in readings.values())


def test_one_device_is_named_once(read):
    assert len(recorders(read[0])) == 1
