from datetime import date, timedelta

import pytest

from n1trial.design.protocol import read_protocol
from n1trial.design.schedule import randomise, read_schedule, schedule_csv
from n1trial.errors import ScheduleError

PROTOCOL = read_protocol("glycine-vs-magnesium-glycinate")
SCHEDULE = randomise(PROTOCOL, start=date(2026, 1, 5), seed="5a" * 32)


def test_every_arm_has_one_week_in_every_block():
    trial = SCHEDULE.table[SCHEDULE.table["phase"] == "trial"]
    assert (trial.groupby(["block", "arm"]).size() == 7).all()
    assert trial["period"].nunique() == 18


def test_nights_follow_each_other_without_a_gap():
    assert (SCHEDULE.table["night"].diff().dropna() == timedelta(days=1)).all()
    assert SCHEDULE.start == date(2026, 1, 5)


def test_the_run_in_is_on_the_reference_and_belongs_to_no_block():
    run_in = SCHEDULE.table.head(7)
    assert set(run_in["phase"]) == {"run-in"}
    assert set(run_in["arm"]) == {"none"}
    assert set(run_in["block"]) == {0}


def test_a_schedule_reads_back_as_it_was_written(tmp_path):
    path = tmp_path / "schedule.csv"
    path.write_text(schedule_csv(SCHEDULE))
    again = read_schedule(path, protocol_sha256=SCHEDULE.protocol_sha256, seed=SCHEDULE.seed)
    assert again.table.equals(SCHEDULE.table)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "cannot be read"),
        ("night,arm\n", "no column 'phase'"),
        ("night,phase,block,period,arm,washout\nx,trial,1,1,none,0\n", "a date or number cannot be read"),
    ],
)
def test_a_damaged_schedule_is_refused(tmp_path, text, message):
    path = tmp_path / "schedule.csv"
    path.write_text(text)
    with pytest.raises(ScheduleError, match=message):
        read_schedule(path, protocol_sha256="", seed="")


def test_a_start_beyond_the_calendar_is_refused():
    with pytest.raises(ScheduleError, match="too late"):
        randomise(PROTOCOL, start=date(9999, 12, 1), seed="00" * 32)
