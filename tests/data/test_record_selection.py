from datetime import UTC, date, datetime, timedelta

import pytest
from msgspec.structs import replace

from n1trial.data.episodes import Moment, SleepEpisode
from n1trial.data.nights import nightly
from n1trial.data.record_selection import select_records


def episode(start: str, *, hours: float = 8, **changes) -> SleepEpisode:
    wall = datetime.fromisoformat(start)
    usual = SleepEpisode(
        source="oura",
        source_file="oura_sleep.csv",
        record_id=start,
        start=Moment(wall, timedelta(hours=1)),
        end=Moment(wall + timedelta(hours=hours), timedelta(hours=1)),
        time_basis="utc+offset",
        tib_min=hours * 60,
        tst_min=hours * 60 - 30,
    )
    return replace(usual, **changes)


NIGHT = episode("2025-03-04T23:00")


@pytest.mark.parametrize(
    ("other", "why"),
    [
        (episode("2025-03-05T18:00", not_used="rest"), "rest"),
        (episode("2025-03-05T23:00", tst_min=None, missing="unstaged"), "unstaged"),
        (episode("2025-03-04T22:00", hours=0.7), "too_short"),
        (episode("2025-03-05T01:00", hours=2), "overlap"),
        (episode("2025-03-05T18:00", hours=25), "implausible"),
    ],
)
def test_every_record_that_does_not_count_has_its_reason(other, why):
    selected = select_records([NIGHT, other], least_part_min=15)
    assert selected.used == (NIGHT,)
    assert [reason for _, reason in selected.left_out] == [why]


def test_a_rejected_later_analysis_takes_the_earlier_one_with_it():
    early = replace(NIGHT, record_id="1", updated=datetime(2025, 3, 5, tzinfo=UTC))
    late = replace(NIGHT, record_id="2", updated=datetime(2025, 3, 6, tzinfo=UTC), not_used="deleted")
    selected = select_records([late, early], least_part_min=15)
    assert (selected.recorded, selected.used) == ((), ())
    assert [why for _, why in selected.left_out] == ["superseded", "deleted"]


def test_sleeps_whose_clocks_overlap_but_not_their_instants_both_count():
    before_flight = episode("2025-03-04T20:00", hours=4)
    after_flight = replace(
        episode("2025-03-04T22:00", hours=6),
        start=Moment(datetime.fromisoformat("2025-03-04T22:00"), timedelta(hours=-5)),
        end=Moment(datetime.fromisoformat("2025-03-05T04:00"), timedelta(hours=-5)),
    )
    assert len(select_records([before_flight, after_flight], least_part_min=15).used) == 2


def test_no_record_is_lost():
    records = [NIGHT, episode("2025-03-05T01:00", hours=1), episode("2025-03-05T14:00", not_used="rest")]
    selected = select_records(records, least_part_min=15)
    assert len(selected.used) + len(selected.left_out) == len(records)


def used_layouts(*episodes: SleepEpisode) -> list[str]:
    return [episode.layout for episode in select_records(episodes, least_part_min=15).used]


def test_on_a_night_of_two_layouts_the_one_with_more_nights_counts_and_no_night_is_lost():
    csv = [replace(NIGHT, layout="csv"), episode("2025-03-05T23:00", layout="csv")]
    json = episode("2025-03-04T22:50", layout="json")
    later = episode("2025-03-09T23:00", layout="json", tst_min=100)
    assert used_layouts(*csv, json) == ["csv", "csv"]
    assert used_layouts(*csv, json, later, episode("2025-03-10T23:00", layout="json")) == [
        "json",
        "csv",
        "json",
        "json",
    ]


def test_of_layouts_with_as_many_nights_the_one_that_can_be_looked_up_counts():
    json = episode("2025-03-04T22:50", layout="json", vendor_date=date(2025, 3, 5))
    assert used_layouts(replace(NIGHT, layout="csv"), json) == ["json"]


def test_a_nap_alone_in_one_layout_does_not_hide_the_sleep_in_another():
    nap = episode("2025-03-04T15:00", hours=1, layout="json")
    others = [episode(f"2025-03-{day}T23:00", layout="json") for day in (10, 11)]
    assert used_layouts(replace(NIGHT, layout="csv"), nap, *others) == ["csv", "json", "json"]


def test_a_layout_and_an_app_that_exclude_each_other_leave_the_record_of_the_layout():
    watch = replace(NIGHT, layout="csv")
    app = episode("2025-03-04T22:50", layout="json", app="Health", wake_runs_min=())
    assert used_layouts(watch, app, episode("2025-03-09T23:00", layout="csv")) == ["csv", "csv"]


# --- several apps and watches of one phone -------------------------------------------------------


def by(app: str, start: str, *, hours: float = 8, asleep: float | None = None, **changes) -> SleepEpisode:
    usual = {"app": app, "record_id": f"{app} {start}", "wake_runs_min": (), **changes}
    return episode(start, hours=hours, **{"tst_min": 60 * (hours if asleep is None else asleep)} | usual)


def unstaged(app: str, start: str, **changes) -> SleepEpisode:
    return by(app, start, wake_runs_min=None, **changes)


def in_bed(app: str, start: str) -> SleepEpisode:
    return unstaged(app, start, tst_min=None, missing="in_bed_only")


def used_by(*records: SleepEpisode) -> list[tuple[str, str]]:
    """The day of the month, and who recorded it, of each record that counts."""
    return [(f"{one.start.wall.day}", one.app) for one in select_records(records, least_part_min=15).used]


OLD = [by("old", f"2025-03-0{day}T23:00") for day in (1, 2, 3)]


def test_a_new_watch_keeps_its_nights():
    new = [by("new", f"2025-03-0{day}T23:00") for day in (4, 5)]
    assert used_by(*OLD, *new) == [("1", "old"), ("2", "old"), ("3", "old"), ("4", "new"), ("5", "new")]


def test_of_two_watches_on_one_night_the_one_with_more_staged_nights_counts():
    assert used_by(*OLD, by("new", "2025-03-03T22:30", hours=9)) == [("1", "old"), ("2", "old"), ("3", "old")]


def test_an_app_that_mirrors_two_watches_is_counted_once_and_makes_one_series():
    new = [by("new", "2025-03-04T23:00")]
    mirrored = [replace(one, app="mirror", record_id=f"mirrored {one.record_id}") for one in (*OLD, *new)]
    assert used_by(*OLD, *new, *mirrored) == [(day, "mirror") for day in "1234"]


def test_stages_count_before_a_longer_sleep_without_them():
    assert used_by(*OLD, unstaged("phone", "2025-03-03T22:00", hours=10))[-1] == ("3", "old")


def test_a_watch_that_died_at_one_gives_way_to_the_app_that_saw_the_night():
    died, saw = by("old", "2025-03-04T23:00", hours=2), unstaged("phone", "2025-03-04T23:00")
    assert used_by(*OLD, died, saw)[-1] == ("4", "phone")


def test_a_bad_night_that_a_watch_saw_whole_is_not_given_to_an_app_that_says_eight_hours():
    bad, unscored = by("old", "2025-03-04T23:00", hours=7, asleep=3), unstaged("phone", "2025-03-04T23:00")
    assert used_by(*OLD, bad, unscored)[-1] == ("4", "old")


@pytest.mark.parametrize(("hours", "flagged"), [(6.5, False), (6, True)])
def test_a_night_says_when_another_app_saw_two_hours_more_of_it(hours, flagged):
    records = [*OLD, by("old", "2025-03-04T23:00", hours=hours), unstaged("phone", "2025-03-04T23:00")]
    flags = nightly(records).table["flags"].iloc[-1].split(";")
    assert ("left_out=1" in flags) == flagged


def test_a_nap_of_another_app_is_no_part_of_the_day_and_no_night():
    naps = [unstaged("hand", f"2025-03-0{day}T14:00", hours=0.5) for day in (3, 4)]
    assert used_by(*OLD, *naps) == [("1", "old"), ("2", "old"), ("3", "old")]
    assert len(nightly([*OLD, *naps]).table) == 3


def test_a_phone_that_knows_of_the_bed_only_has_nights_alone_and_none_beside_a_watch():
    beds = [in_bed("phone", f"2025-03-0{day}T22:00") for day in (3, 4)]
    assert len(nightly([*OLD, *beds]).table) == 3
    assert nightly(beds).table["flags"].tolist() == ["in_bed_only;missing"] * 2


def test_a_night_in_bed_of_the_watch_itself_is_missing_and_not_gone():
    assert nightly([*OLD, in_bed("old", "2025-03-04T23:00")]).table["flags"].iloc[-1] == "in_bed_only;missing"


def test_one_sleep_that_two_apps_saw_begin_before_and_after_noon_counts_once():
    early, late = by("old", "2025-03-05T11:50", hours=6), unstaged("phone", "2025-03-05T12:10", hours=5)
    records = [*OLD, early, late, unstaged("phone", "2025-03-06T23:00")]
    assert used_by(*records)[3:] == [("5", "old"), ("6", "phone")]
    assert [f"{night:%d}" for night in nightly(records).table["night"]] == ["01", "02", "03", "04", "06"]


def test_a_record_too_damaged_to_say_whose_it_is_keeps_its_night_missing():
    lost = unstaged("", "2025-03-04T23:00", hours=0, tst_min=None, missing="damaged")
    assert (
        nightly([*OLD, lost, in_bed("phone", "2025-03-02T23:00")]).table["flags"].iloc[-1]
        == "damaged;missing"
    )
