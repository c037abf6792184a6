"""No recorded stretch of sleep disappears: it is in a night, a nap, or left out with a reason."""

import json
import random
from collections.abc import Sequence
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from device_files import STAGED, STAGES, SUMS, ZONES, Slept, put
from hypothesis import given, settings
from hypothesis import strategies as st

from n1trial.data.importers import read_exports
from n1trial.data.ledger import trace_nights
from n1trial.data.nights import nightly


def fitbit(sleeps: Sequence[Slept]) -> dict[str, bytes]:
    level = {"awake": "wake"}
    logs = [
        {
            "logId": number,
            "type": "stages",
            "startTime": slept.wall.isoformat(timespec="milliseconds"),
            "endTime": slept.end.replace(tzinfo=None).isoformat(timespec="milliseconds"),
            "minutesAsleep": sum(slept.seconds(stage) for stage in STAGES[:3]) / 60,
            "minutesAwake": slept.seconds("awake") / 60,
            "levels": {
                "data": [
                    {
                        "dateTime": start.replace(tzinfo=None).isoformat(timespec="milliseconds"),
                        "level": level.get(stage, stage),
                        "seconds": int((end - start).total_seconds()),
                    }
                    for start, end, stage in slept.intervals
                ]
            },
        }
        for number, slept in enumerate(sleeps)
    ]
    return {"sleep-2025-03-01.json": json.dumps(logs).encode()}


def oura(sleeps: Sequence[Slept]) -> dict[str, bytes]:
    digits = {"deep": "1", "light": "2", "rem": "3", "awake": "4"}
    periods = [
        {
            "id": f"{number}",
            "day": f"{slept.end:%Y-%m-%d}",
            "bedtime_start": slept.start.isoformat(),
            "bedtime_end": slept.end.isoformat(),
            "type": "long_sleep",
            "total_sleep_duration": sum(slept.seconds(stage) for stage in STAGES[:3]),
            "awake_time": slept.seconds("awake"),
            "time_in_bed": sum(slept.seconds(stage) for stage in STAGES),
            "sleep_phase_30_sec": "".join(digits[stage] * count for stage, count in slept.stages),
        }
        for number, slept in enumerate(sleeps)
    ]
    return {"sleep.json": json.dumps({"data": periods}).encode()}


WRITERS = {"fitbit": fitbit, "oura": oura, **STAGED, **SUMS}
# One record a night, by its date.
ONE_A_NIGHT = {"polar"}
# Stages in one list for all sleeps, whose minutes count once however often they are written.
ONE_LIST = {
    "apple",
    "apple_twice",
    "apple_table",
    "auto_export_stages",
    "health_connect",
    "health_connect_fragments",
    *(device for device in WRITERS if device.startswith("gadgetbridge")),
}

# Sleep at any hour does not tell a clock in UTC from a local one.
IN_UTC = {"samsung"}


def messy_sleeps(device: str, chance: random.Random) -> list[Slept]:
    """Nights in pieces, naps, records of minutes, records that overlap, at any hour of ten days."""
    ahead_h = 0 if device in IN_UTC else chance.choice((-8, 0, 1, 9))
    one_a_night = device in ONE_A_NIGHT
    first = datetime(2025, 3, 1, 12) + timedelta(days=chance.randrange(200))
    starts: set[datetime] = set()
    sleeps = []
    for number in range(chance.randint(1, 9 if one_a_night else 25)):
        day = number if one_a_night else chance.randrange(10)
        wall = first + timedelta(days=day, minutes=chance.randrange(24 * 60))
        if wall in starts:
            continue
        starts.add(wall)
        stages = [
            (chance.choice(STAGES), chance.choice((1, 2, 10, 60, 200))) for _ in range(chance.randint(0, 6))
        ]
        stages.insert(chance.randint(0, len(stages)), ("light", chance.choice((1, 20, 40, 300))))
        sleeps.append(Slept(wall, ahead_h, tuple(stages)))
    sleeps.sort(key=lambda slept: slept.wall)
    if device in ONE_LIST:
        separate = sleeps[:1]
        for slept in sleeps[1:]:
            if slept.start >= separate[-1].end:
                separate.append(slept)
        return separate
    return sleeps


def minutes_of(episodes: Sequence[object]) -> float:
    return sum(episode.tst_min or 0.0 for episode in episodes)  # type: ignore[attr-defined]


@pytest.mark.parametrize("device", list(WRITERS))
@given(seed=st.integers(0, 2**32))
@settings(max_examples=40, deadline=None)
def test_sleep_in_the_records_is_sleep_in_nights_naps_and_what_is_left_out_with_a_reason(
    device, seed, tmp_path_factory
):
    sleeps = messy_sleeps(device, random.Random(seed))
    written_min = sum(slept.seconds(stage) for slept in sleeps for stage in STAGES[:3]) / 60
    path = put(tmp_path_factory.getbasetemp() / f"vanish-{device}", WRITERS[device](sleeps))
    episodes = read_exports([path], home_zone=ZoneInfo(ZONES[sleeps[0].ahead_h]), on_note=lambda note: None)
    nights = trace_nights(episodes)
    slept_min = nightly(episodes).table["tst_min"].sum()
    set_aside = [(episode, why) for night in nights for episode, why in night.left_out]
    assert all(why for _, why in set_aside)
    assert minutes_of(episodes) == pytest.approx(written_min, abs=0.05)
    assert slept_min + minutes_of([episode for episode, _ in set_aside]) == pytest.approx(
        written_min, abs=0.05
    )
