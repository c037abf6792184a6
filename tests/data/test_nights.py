import math
from datetime import UTC, datetime, timedelta
from itertools import permutations

import pandas as pd
import pytest
from msgspec.structs import replace

from n1trial.data.episodes import Moment, SleepEpisode
from n1trial.data.nights import COLUMNS, NightRule, nightly, read_nights
from n1trial.errors import ExportError, FolderError, TableError


def episode(
    start: str, *, asleep_min: float | None = 400, in_bed_min: float = 420, **changes
) -> SleepEpisode:
    wall = datetime.fromisoformat(start)
    usual = SleepEpisode(
        source="fitbit",
        source_file="sleep.json",
        record_id=start,
        start=Moment(wall),
        end=Moment(wall + timedelta(minutes=in_bed_min)),
        time_basis="naive_local",
        tib_min=in_bed_min,
        tst_min=asleep_min,
        sol_min=10,
        lead_min=10,
        tail_min=4,
        waso_min=6,
        wake_runs_min=(5, 1),
        resolution_s=30,
        device="Fitbit",
    )
    return replace(usual, **changes)


def only_row(*episodes: SleepEpisode, **options) -> pd.Series:
    table = nightly(episodes, **options).table
    assert len(table) == 1
    return table.iloc[0]


def words(row: pd.Series) -> set[str]:
    return set(row["flags"].split(";"))


EVENING = episode("2025-03-04T23:00", asleep_min=190, in_bed_min=210)
MORNING = episode("2025-03-05T03:45", asleep_min=130, in_bed_min=140)


def test_no_episode_is_a_table_without_rows():
    table = nightly([]).table
    assert (len(table), tuple(table.columns)) == (0, COLUMNS)


def test_one_night_is_one_row_by_the_date_of_its_evening():
    row = only_row(episode("2025-03-05T00:30"))
    assert (row["night"].isoformat(), row["tst_min"], row["se_pct"]) == ("2025-03-04T00:00:00", 400, 95.24)
    assert (row["wake_episodes"], row["wake_episodes_all"], row["episodes"]) == (1, 2, 1)


def test_two_records_of_one_night_are_joined_and_the_gap_is_an_awakening():
    row = only_row(EVENING, MORNING)
    # Lying awake 4 min, 75 min without record, 10 min to fall asleep again: one wake of 89 min.
    assert (row["tst_min"], row["tib_min"], row["waso_min"]) == (320, 210 + 75 + 140, 6 + 6 + 89)
    assert (row["wake_episodes"], row["wake_episodes_all"], row["sol_min"]) == (3, 5, 10)
    assert words(row) == {"split=2", "gap_min=75", "res=30"}


def test_window_main_takes_the_longest_record_alone():
    row = only_row(EVENING, MORNING, window="main")
    assert (row["tst_min"], row["episodes"], words(row)) == (190, 1, {"res=30"})


def test_window_day24_adds_up_all_sleep_and_nothing_else():
    nap = episode("2025-03-05T09:30", asleep_min=50, in_bed_min=60)
    row = only_row(EVENING, MORNING, nap, window="day24")
    assert (row["tst_min"], row["episodes"]) == (370, 3)
    assert row[["wake_episodes", "waso_min", "tib_min", "se_pct"]].isna().all()
    assert words(row) == {"naps=1", "records=3"}


@pytest.mark.parametrize(("gap_min", "parts"), [(180, 2), (180.5, 1)])
def test_a_gap_of_three_hours_joins_and_a_longer_one_does_not(gap_min, parts):
    second = (EVENING.end.wall + timedelta(minutes=gap_min)).isoformat()
    row = only_row(EVENING, episode(second, asleep_min=100, in_bed_min=110))
    assert row["episodes"] == parts


def test_nothing_is_joined_across_noon():
    before, after = episode("2025-03-05T11:00", in_bed_min=59, asleep_min=50), episode("2025-03-05T12:30")
    assert list(nightly([before, after]).table["tst_min"].fillna(-1)) == [-1, 400]


def test_a_nap_alone_is_a_missing_night_never_a_night_of_zero():
    row = only_row(episode("2025-03-05T14:00", asleep_min=60, in_bed_min=70))
    assert words(row) == {"missing", "nap_only"}
    assert row[["tst_min", "wake_episodes", "tib_min", "start", "episodes"]].isna().all()


def test_a_very_short_sleep_at_night_is_still_the_night():
    assert only_row(episode("2025-03-05T02:00", asleep_min=40, in_bed_min=60))["tst_min"] == 40


def test_a_nap_that_the_vendor_declares_is_listed_but_not_joined():
    nap = episode("2025-03-04T20:30", asleep_min=60, in_bed_min=70, vendor_nap=True)
    row = only_row(nap, EVENING)
    assert (row["episodes"], words(row)) == (1, {"naps=1", "res=30"})


def test_an_evening_sleep_just_before_the_night_is_joined_with_a_flag():
    row = only_row(episode("2025-03-04T19:00", asleep_min=80, in_bed_min=90), episode("2025-03-04T23:00"))
    assert (row["episodes"], "evening_part" in words(row)) == (2, True)


def test_two_long_sleeps_in_one_night_are_flagged():
    row = only_row(episode("2025-03-04T21:00", in_bed_min=240, asleep_min=200), episode("2025-03-05T06:00"))
    assert (row["tst_min"], words(row)) == (400, {"several_main", "naps=1", "res=30"})


def test_sleep_of_less_than_a_quarter_of_an_hour_does_not_begin_the_night():
    row = only_row(episode("2025-03-04T22:00", asleep_min=14, in_bed_min=40), episode("2025-03-04T23:00"))
    assert (row["start"], row["episodes"]) == ("2025-03-04T23:00:00", 1)


def test_of_records_that_overlap_the_longer_counts_and_they_are_never_added():
    other = episode("2025-03-04T23:30", asleep_min=300, in_bed_min=320)
    row = only_row(other, episode("2025-03-04T23:00"))
    assert (row["tst_min"], "overlap_dropped=1" in words(row)) == (400, True)


def test_what_the_vendor_rejects_makes_no_night():
    assert nightly([episode("2025-03-04T23:00", not_used="rest")]).table.empty


def test_a_night_with_too_little_sleep_is_missing_with_its_reason():
    assert words(only_row(episode("2025-03-04T23:00", asleep_min=10))) == {"missing", "too_short"}


def test_a_record_without_sleep_time_is_missing_with_its_reason():
    assert words(only_row(episode("2025-03-04T23:00", asleep_min=None, missing="unstaged"))) == {
        "missing",
        "unstaged",
    }


def test_more_sleep_than_time_in_bed_is_not_believed():
    row = only_row(episode("2025-03-04T23:00", asleep_min=500, in_bed_min=400))
    assert (math.isnan(row["tst_min"]), words(row)) == (True, {"missing", "implausible"})


def test_without_a_hypnogram_in_one_part_the_night_has_no_counts():
    row = only_row(EVENING, replace(MORNING, wake_runs_min=None, waso_min=None))
    assert row[["wake_episodes", "wake_episodes_all", "waso_min"]].isna().all()
    assert (row["tst_min"], "no_wake_count" in words(row)) == (320, True)


def test_the_same_record_in_two_files_counts_once():
    copy = replace(EVENING, source_file="sleep (1).json")
    assert only_row(EVENING, copy).equals(only_row(EVENING))


def test_copies_that_differ_give_the_same_night_in_any_order_and_a_flag():
    other = replace(EVENING, tst_min=180.0)
    rows = [only_row(*order) for order in permutations([EVENING, other])]
    assert rows[0].equals(rows[1])
    assert (rows[0]["tst_min"], "copies_differ" in words(rows[0])) == (190, True)


def test_of_two_analyses_of_a_night_the_later_counts():
    early, late = datetime(2025, 3, 6, tzinfo=UTC), datetime(2025, 3, 9, tzinfo=UTC)
    first = episode("2025-03-04T23:00", updated=early)
    second = episode("2025-03-04T23:01", asleep_min=380, updated=late)
    assert [only_row(*order)["tst_min"] for order in permutations([first, second])] == [380, 380]


def test_the_order_of_episodes_does_not_matter():
    nap = episode("2025-03-05T09:30", asleep_min=50, in_bed_min=60)
    tables = [nightly(order).table for order in permutations([EVENING, MORNING, nap])]
    assert all(table.equals(tables[0]) for table in tables)


def test_two_devices_on_one_night_are_not_mixed():
    with pytest.raises(ExportError, match="fitbit and oura would be mixed"):
        nightly([EVENING, replace(MORNING, source="oura")])


def test_the_rule_can_be_changed():
    row = only_row(EVENING, MORNING, rule=NightRule(join_gap_min=60, wake_episode_min=1))
    assert (row["episodes"], row["wake_episodes"]) == (1, 2)


def test_nights_come_back_from_their_file(tmp_path):
    nap = episode("2025-03-06T14:00", asleep_min=60, in_bed_min=70)
    nights = nightly([EVENING, MORNING, nap, episode("2025-03-07T23:00:20", device="=cmd|' /C calc'!A0")])
    nights.to_csv(tmp_path / "nights.csv")
    pd.testing.assert_frame_equal(read_nights(tmp_path / "nights.csv").table, nights.table)
    assert [path.name for path in tmp_path.iterdir()] == ["nights.csv"]


def test_a_night_file_has_no_zero_for_missing_and_no_formula(tmp_path):
    nightly([episode("2025-03-06T14:00", asleep_min=60, device="@x")]).to_csv(tmp_path / "nights.csv")
    header, row = (tmp_path / "nights.csv").read_text().splitlines()
    assert header == ",".join(COLUMNS)
    assert row == "2025-03-06,,,,,,,,,,,,,,,,,,,,'@x,,,missing;nap_only"


def test_nights_that_cannot_be_written_say_so(tmp_path):
    with pytest.raises(FolderError, match=r"nights.csv: cannot be written \(No such file or directory\)"):
        nightly([EVENING]).to_csv(tmp_path / "absent" / "nights.csv")


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [("tst_min", "minutes", "column tst_min is absent"), ("400", "four", "line 2: tst_min is 'four'")],
)
def test_a_damaged_night_file_is_refused_by_line(tmp_path, old, new, message):
    path = tmp_path / "nights.csv"
    nightly([episode("2025-03-04T23:00")]).to_csv(path)
    path.write_text(path.read_text().replace(old, new, 1))
    with pytest.raises(TableError, match=message):
        read_nights(path)
