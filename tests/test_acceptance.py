from datetime import UTC, datetime, timedelta

import pytest
from msgspec.structs import replace

from n1trial.acceptance import accept
from n1trial.episodes import Moment, SleepEpisode


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
    accepted = accept([NIGHT, other], least_part_min=15)
    assert accepted.used == (NIGHT,)
    assert [reason for _, reason in accepted.left_out] == [why]


def test_a_rejected_later_analysis_takes_the_earlier_one_with_it():
    early = replace(NIGHT, record_id="1", updated=datetime(2025, 3, 5, tzinfo=UTC))
    late = replace(NIGHT, record_id="2", updated=datetime(2025, 3, 6, tzinfo=UTC), not_used="deleted")
    accepted = accept([late, early], least_part_min=15)
    assert (accepted.recorded, accepted.used) == ((), ())
    assert [why for _, why in accepted.left_out] == ["superseded", "deleted"]


def test_sleeps_whose_clocks_overlap_but_not_their_instants_both_count():
    before_flight = episode("2025-03-04T20:00", hours=4)
    after_flight = replace(
        episode("2025-03-04T22:00", hours=6),
        start=Moment(datetime.fromisoformat("2025-03-04T22:00"), timedelta(hours=-5)),
        end=Moment(datetime.fromisoformat("2025-03-05T04:00"), timedelta(hours=-5)),
    )
    assert len(accept([before_flight, after_flight], least_part_min=15).used) == 2


def test_no_record_is_lost():
    records = [NIGHT, episode("2025-03-05T01:00", hours=1), episode("2025-03-05T14:00", not_used="rest")]
    accepted = accept(records, least_part_min=15)
    assert len(accepted.used) + len(accepted.left_out) == len(records)
