import csv
import io
from datetime import date

import pytest
from mutants import GOLDEN, home_zone_of
from test_nights_by_hand import CASES, record
from test_trial_data import PROTOCOL, SCHEDULE

from n1trial.data.importers import read_exports
from n1trial.data.ledger import COLUMNS, CUT, ledger_csv, ledger_table, record_lines, trace_nights
from n1trial.data.nights import nightly
from n1trial.data.trial_assembly import join_trial


def episodes_of(case):
    return [record(number, written) for number, written in enumerate(CASES[case][0])]


@pytest.mark.parametrize("case", CASES)
def test_every_record_is_part_of_a_night_or_has_a_reason(case):
    episodes = episodes_of(case)
    nights = trace_nights(episodes)
    traced = [each.record_id for night in nights for each in night.joined]
    traced += [each.record_id for night in nights for each, why in night.left_out if why]
    assert sorted(traced) == sorted(each.record_id for each in episodes)


@pytest.mark.parametrize("case", CASES)
def test_what_is_traced_is_what_the_night_is_made_of(case):
    episodes = episodes_of(case)
    made = nightly(episodes).table.set_index("night")
    for night in trace_nights(episodes):
        if night.joined:
            row = made.loc[str(night.night)]
            assert row["tst_min"] == sum(each.tst_min for each in night.joined)
            assert row["episodes"] == len(night.joined)


def test_the_ledger_has_every_planned_night_and_names_no_arm():
    episodes = episodes_of("three pieces")
    data = join_trial(SCHEDULE, nightly(episodes), PROTOCOL)
    table = ledger_table(data, trace_nights(episodes))
    assert len(table) == 133 + 1
    assert list(table.columns) == list(COLUMNS)
    first = table.iloc[0]
    assert (first["night"], first["became"]) == (date(2025, 3, 1), "outside the trial")
    assert first["records"] == "by hand › 0 + by hand › 1 + by hand › 2"
    assert set(table["became"][1:]) == {"run-in", "no record"}
    assert not any(arm in ledger_csv(table) for arm in ("glycine", "magnesium", "nothing"))


def test_why_a_record_was_not_used_stands_beside_its_night():
    episodes = episodes_of("two records overlap")
    table = ledger_table(join_trial(SCHEDULE, nightly(episodes), PROTOCOL), trace_nights(episodes))
    assert table["not_used"][0] == "by hand › 1: overlap"


def test_a_file_name_that_a_spreadsheet_would_run_is_written_as_text():
    table = ledger_table(join_trial(SCHEDULE, nightly([]), PROTOCOL), [])
    table.loc[0, "records"] = "=1+1\x01.json › 5"
    rows = list(csv.reader(io.StringIO(ledger_csv(table))))
    assert rows[1][2] == "'=1+1\\x01.json › 5"


def test_read_kept_and_left_out_add_up(tmp_path):
    episodes = episodes_of("the vendor rejects a rest beside the night")
    assert list(record_lines(episodes)) == [
        "made: 2 records, 1 kept, 1 left out (1 rest) with 0.3 h of sleep in them"
    ]
    assert list(record_lines([*episodes, *episodes])) == [
        "made: 4 records, 1 kept, 3 left out (2 copy, 1 rest) with 0.3 h of sleep in them"
    ]


def test_every_night_of_a_golden_export_can_be_found_in_its_file():
    for folder in sorted(GOLDEN.rglob("export/")):
        episodes = read_exports([folder], home_zone=home_zone_of(folder), on_note=lambda note: None)
        for night in trace_nights(episodes):
            for each in night.joined:
                assert each.record_id
                file = each.source_file.split(" › ")[-1].split("/")[-1]
                assert any(path.name == file for path in folder.rglob("*")), each.source_file


def test_what_was_cut_from_records_is_counted():
    folder = GOLDEN / "sleep_as_android"
    exports = [path.parent / "export" for path in folder.rglob("nights.csv") if CUT in path.read_text()]
    for export in exports:
        (line,) = record_lines(read_exports([export], on_note=lambda note: None))
        assert "stages after the end of" in line
    assert exports
