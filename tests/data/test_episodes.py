from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo, available_timezones

import pytest
from hypothesis import given
from hypothesis import strategies as st

from n1trial.data.episodes import (
    Moment,
    SleepEpisode,
    clock_change,
    count_wake_runs,
    night_of,
    wake_structure,
)
from n1trial.data.nights import nightly

BERLIN = ZoneInfo("Europe/Berlin")
EPOCHS = st.text(alphabet="SWru.", max_size=60)


def wall(text: str) -> datetime:
    return datetime.fromisoformat(text)


def berlin(text: str) -> Moment:
    return Moment.in_zone(wall(text), BERLIN)


def test_sleep_after_midnight_belongs_to_the_evening_before():
    assert night_of(datetime(2026, 1, 6, 0, 30, tzinfo=UTC)).isoformat() == "2026-01-05"


@pytest.mark.parametrize(("start", "night"), [("11:59:59", 4), ("12:00:00", 5)])
def test_a_new_night_begins_at_noon(start, night):
    assert night_of(wall(f"2026-01-05T{start}")) == date(2026, 1, night)


@given(start=st.datetimes(min_value=wall("2000-01-01"), timezones=st.just(UTC)))
def test_a_night_runs_from_noon_to_noon(start):
    noon = datetime.combine(night_of(start), time(12), UTC)
    assert noon <= start < noon + timedelta(days=1)


def test_a_night_of_eight_hours_by_the_clock_lasts_seven_when_the_clocks_go_forward():
    start, end = berlin("2025-03-29T23:00"), berlin("2025-03-30T07:00")
    assert end.minutes_since(start) == 7 * 60
    assert clock_change(start, end) == ("dst_forward",)


def test_a_night_of_eight_hours_by_the_clock_lasts_nine_when_the_clocks_go_back():
    start, end = berlin("2025-10-25T23:00"), berlin("2025-10-26T07:00")
    assert end.minutes_since(start) == 9 * 60
    assert clock_change(start, end) == ("dst_back",)


def clock_changes(zone: ZoneInfo) -> Iterator[datetime]:
    """The instants of 2015 to 2030 at which a zone changes its UTC offset, to the minute."""
    before = datetime(2015, 1, 1, tzinfo=UTC)
    for day in range(1, 16 * 366):
        after = datetime(2015, 1, 1, tzinfo=UTC) + timedelta(days=day)
        low, high = before, after
        while low.astimezone(zone).utcoffset() != after.astimezone(zone).utcoffset():
            middle = low + (high - low) // 2
            if high - low <= timedelta(minutes=1):
                yield high
                break
            if middle.astimezone(zone).utcoffset() == before.astimezone(zone).utcoffset():
                low = middle
            else:
                high = middle
        before = after


def sleep(record_id: str, bed: datetime, rise: datetime) -> SleepEpisode:
    """A record of unbroken sleep, on the wall clocks of its two ends."""
    start, end = (Moment(local.replace(tzinfo=None), local.utcoffset()) for local in (bed, rise))
    minutes = end.minutes_since(start)
    return SleepEpisode(
        source="made",
        source_file="by hand",
        record_id=record_id,
        start=start,
        end=end,
        time_basis="utc+offset",
        tib_min=minutes,
        tst_min=minutes,
        lead_min=0,
        tail_min=0,
        waso_min=0,
        wake_runs_min=(),
        resolution_s=30,
        flags=clock_change(start, end),
    )


@pytest.mark.slow
def test_sleep_across_every_clock_change_on_earth_is_one_night_as_long_as_it_was():
    """Eight hours around each change, once in one record and once in two with an hour awake at the change."""
    zones = changes = wrong_minutes = wrong_nights = unflagged = 0
    for name in sorted(available_timezones()):
        zone = ZoneInfo(name)
        zones += 1
        for change in clock_changes(zone):
            changes += 1
            at = [(change + timedelta(minutes=minutes)).astimezone(zone) for minutes in (-240, -30, 30, 240)]
            whole, parts = [sleep("1", at[0], at[3])], [sleep("1", *at[:2]), sleep("2", *at[2:])]
            for records, asleep, waso in ((whole, 480, 0), (parts, 420, 60)):
                table = nightly(records).table
                wrong_nights += len(table) != 1 or table["night"][0].date() != night_of(records[0].start.wall)
                row = table.iloc[0]
                wrong_minutes += (row["tst_min"], row["tib_min"], row["waso_min"]) != (asleep, 480, waso)
            unflagged += len(clock_change(whole[0].start, whole[0].end)) != 1
    print(
        f"{zones} zones, {changes} clock changes, 2015 to 2030: {wrong_minutes} wrong minutes, {wrong_nights} wrong"
        f" nights, {unflagged} without a flag"
    )
    assert changes > 6000
    assert (wrong_minutes, wrong_nights, unflagged) == (0, 0, 0)


def test_a_flight_during_sleep_is_a_change_of_offset():
    start = Moment(wall("2025-06-01T22:00"), timedelta(hours=2))
    end = Moment(wall("2025-06-02T01:00"), timedelta(hours=-4))
    assert (clock_change(start, end), end.minutes_since(start)) == (("offset_change",), 9 * 60)


def test_without_offset_the_wall_clock_is_all_there_is():
    start, end = Moment(wall("2025-03-29T23:00")), Moment(wall("2025-03-30T07:00"))
    assert (end.minutes_since(start), clock_change(start, end)) == (8 * 60, ())
    assert (start.isoformat(), berlin("2025-03-29T23:00").isoformat()) == (
        "2025-03-29T23:00:00",
        "2025-03-29T23:00:00+01:00",
    )


def test_wake_before_and_after_sleep_is_no_awakening():
    wake = wake_structure("WWSSWWWWSSSSWWW", resolution_s=60)
    assert wake is not None
    assert (wake.lead_min, wake.wake_runs_min, wake.waso_min, wake.tail_min) == (
        2,
        (4,),
        4,
        3,
    )


def test_restless_epochs_separate_wake_runs_and_are_no_wake():
    wake = wake_structure("SWrWS", resolution_s=60)
    assert wake is not None
    assert (wake.wake_runs_min, wake.waso_min) == ((1, 1), 2)


def test_unknown_time_after_sleep_is_not_lying_awake():
    wake = wake_structure("SSWuuuu", resolution_s=60)
    assert wake is not None
    assert wake.tail_min == 1


@pytest.mark.parametrize("epochs", ["", "WWWW", "rrr", "uuWr"])
def test_a_night_without_sleep_has_no_wake_structure(epochs):
    assert wake_structure(epochs, resolution_s=30) is None


def test_vendors_count_every_wake_run():
    assert count_wake_runs("WWSSWSSWW") == 3


@given(epochs=EPOCHS, resolution_s=st.sampled_from([30, 60, 300]))
def test_every_minute_is_before_inside_or_after_sleep(epochs, resolution_s):
    wake = wake_structure(epochs, resolution_s=resolution_s)
    if wake:
        minutes = resolution_s / 60
        inside = epochs[epochs.index("S") : epochs.rindex("S") + 1]
        unknown_after = epochs[epochs.rindex("S") :].count("u")
        total = wake.lead_min + len(inside) * minutes + wake.tail_min + unknown_after * minutes
        assert total == pytest.approx(len(epochs) * minutes)
        assert wake.waso_min == pytest.approx(inside.count("W") * minutes)
