"""What a caller gives as text: paths, zones, dates, tables of pandas; and what a console shows of the answers."""

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import by_hand
import numpy as np
import pandas as pd
import pytest

import n1trial
from n1trial.data.nights import COLUMNS
from n1trial.design.protocol import protocol_dir
from n1trial.errors import ArgumentError, N1TrialError, TableError
from n1trial.planning.simulate import Truth, simulate_nights, write_fitbit_takeout
from n1trial.trial_folder.create import make_trial

PROTOCOL = n1trial.read_protocol("glycine-vs-magnesium-glycinate")
COLUMNS_OF = {"arm": "arm", "reference": "none", "outcome": "tst_min", "night": "night", "block": "block"}


@pytest.fixture(scope="module")
def nights() -> pd.DataFrame:
    schedule = n1trial.randomise(PROTOCOL, start="2026-01-05", seed="01" * 32)
    simulated = simulate_nights(schedule, Truth(), seed=1).table
    return simulated[simulated["phase"] == "trial"].reset_index(drop=True)


def test_a_start_as_text_is_the_same_schedule_as_a_date():
    as_text = n1trial.randomise(PROTOCOL, start="2026-01-05", seed="01" * 32)
    as_date = n1trial.randomise(PROTOCOL, start=date(2026, 1, 5), seed="01" * 32)
    assert as_text.table.equals(as_date.table)


def test_exports_nights_and_fits_are_read_by_text_as_by_path(tmp_path):
    schedule = n1trial.randomise(PROTOCOL, start="2026-01-05", seed="01" * 32)
    export, table = str(tmp_path / "takeout.zip"), str(tmp_path / "nights.csv")
    write_fitbit_takeout(simulate_nights(schedule, Truth(), seed=1), export)
    read = n1trial.nightly(n1trial.read_exports(export, home_zone="Europe/Berlin"))
    as_types = n1trial.nightly(
        n1trial.read_exports([tmp_path / "takeout.zip"], home_zone=ZoneInfo("Europe/Berlin"))
    )
    assert read.table.equals(as_types.table)
    read.to_csv(table)
    assert len(n1trial.read_nights(table).table) == len(read.table)
    with pytest.raises(N1TrialError, match="nothing was fitted yet"):
        n1trial.load_fits(str(tmp_path / "fit.nc"))
    with pytest.raises(N1TrialError, match="no trial folder"):
        n1trial.open_trial(str(tmp_path))


def test_a_trial_opens_before_the_first_import_with_every_night_planned_and_none_recorded(tmp_path):
    make_trial(
        tmp_path / "trial",
        protocol=protocol_dir() / "glycine-vs-magnesium-glycinate.yaml",
        start=date(2026, 1, 5),
        seed="11" * 32,
        home_zone=ZoneInfo("Europe/Berlin"),
        now=datetime(2026, 1, 4, 12, tzinfo=UTC),
    )
    opened = n1trial.open_trial(tmp_path / "trial", now=datetime(2026, 1, 10, 12, tzinfo=UTC))
    assert len(opened.data.table) == len(opened.schedule.table) == 133
    assert opened.data.table["tst_min"].isna().all()
    assert (opened.data.table["left_out"] == "to come").sum() == 126
    assert opened.effects == ()
    assert "nights 0 of 133" in repr(opened)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: n1trial.randomise(PROTOCOL, start="5.1.2026", seed="01" * 32), "start is no date"),
        (lambda: n1trial.randomise(PROTOCOL, start=5, seed="01" * 32), "start is a int"),
        (lambda: n1trial.read_exports("x.zip", home_zone="Berlin"), "no time zone is called 'Berlin'"),
        (lambda: n1trial.read_exports(5), "paths is a int"),
        (lambda: n1trial.read_nights(5), "path is a int"),
        (lambda: n1trial.load_fits(None), "path is a NoneType"),
        (lambda: n1trial.read_table(["a.csv"], arm="a", reference="0", outcome="y"), "table is a list"),
    ],
)
def test_what_is_neither_text_nor_the_type_is_refused_by_name(call, message):
    with pytest.raises(ArgumentError, match=message):
        call()


def test_a_table_of_pandas_is_read_as_the_file_that_holds_the_same(tmp_path, nights):
    nights = nights.assign(tst_min=nights["tst_min"].where(nights.index != 3))
    file = tmp_path / "mine.csv"
    nights.to_csv(file, index=False)
    from_frame, from_file = (n1trial.read_table(given, **COLUMNS_OF) for given in (nights, str(file)))
    assert from_frame.sha256 == from_file.sha256
    by_date = n1trial.read_table(nights.set_index("night"), **COLUMNS_OF)
    assert by_date.sha256 == from_file.sha256


def test_arms_of_numbers_in_a_table_of_pandas_are_found_by_their_digits():
    table = pd.DataFrame({"on": np.tile([0.0, 1.0], 20), "y": np.arange(40.0), "who": "a"})
    assert n1trial.read_table(table, arm="on", reference="0", outcome="y").arms == ("0", "1")
    people = pd.concat([table, table.assign(who="b")])
    named, _ = n1trial.read_people(people, person="who", arm="on", reference="0", outcome="y")
    assert [*named] == ["a", "b"]


def test_a_table_of_pandas_without_rows_or_with_a_name_twice_is_refused():
    with pytest.raises(TableError, match="no rows"):
        n1trial.read_table(pd.DataFrame({"a": [], "y": []}), arm="a", reference="0", outcome="y")
    twice = pd.DataFrame([[0, 1.0, 2.0]], columns=["a", "y", "y"])
    with pytest.raises(TableError, match="'y' stands twice"):
        n1trial.read_table(twice, arm="a", reference="0", outcome="y")


def test_a_console_shows_a_line_and_not_the_draws():
    decided = by_hand.decided()
    row = dict.fromkeys(COLUMNS) | {"night": pd.Timestamp("2026-01-05"), "tst_min": 412.0}
    shown = [
        repr(decided.fits[0]),
        repr(decided.effects[0]),
        repr(decided.effects[0].contrasts[0]),
        repr(decided.data),
        repr(n1trial.Nights(pd.DataFrame([row]))),
        repr(n1trial.randomise(PROTOCOL, start="2026-01-05", seed="01" * 32)),
    ]
    for each in shown:
        assert "\n" not in each
        assert 10 < len(each) < 300


def test_the_names_of_the_package_are_its_public_ones():
    names = [name for name in dir(n1trial) if not name.startswith("__")]
    assert names == n1trial.__all__
