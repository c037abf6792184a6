"""Write a simulated trial as the sleep CSV of Oura on the Web.

47 columns, CRLF, times with offset, stages every five minutes (1 deep, 2 light, 3 REM, 4 awake). A third of
the rows or more are unconfirmed short periods with a blank type. The layout was seen on real files.
"""

import csv
import io
from collections.abc import Iterator
from datetime import datetime, time, timedelta

import numpy as np

from n1trial.planning.simulate.clock import WallClock, wall_clock
from n1trial.planning.simulate.hypnogram import DEEP, LIGHT, REM, WAKE, draw_stages
from n1trial.planning.simulate.nights import SimulatedTrial
from n1trial.system.arguments import GivenPath, path_of

HEADER = """
average_breath,average_heart_rate,average_hrv,awake_time,bedtime_end,bedtime_start,day,
deep_sleep_duration,efficiency,latency,light_sleep_duration,lowest_heart_rate,movement_30_sec,period,
rem_sleep_duration,restless_periods,score,segment_state,sleep_midpoint,time_in_bed,total_sleep_duration,
type,sleep_phase_5_min,timezone,bedtime_start_delta,bedtime_end_delta,midpoint_at_delta,
heart_rate_5_min,hrv_5_min,contributors_total_sleep,contributors_deep_sleep,contributors_rem_sleep,
contributors_efficiency,contributors_latency,contributors_restfulness,contributors_timing,
readiness_contributors_activity_balance,readiness_contributors_body_temperature,
readiness_contributors_hrv_balance,readiness_contributors_previous_day_activity,
readiness_contributors_previous_night,readiness_contributors_recovery_index,
readiness_contributors_resting_heart_rate,readiness_contributors_sleep_balance,readiness_score,
readiness_temperature_deviation,readiness_temperature_trend_deviation
"""
COLUMNS = tuple(HEADER.replace("\n", "").split(","))
DIGIT = {DEEP: "1", LIGHT: "2", REM: "3", WAKE: "4"}
CHARACTER_S, GRID_S = 300, 30
DAY_ENDS = time(18)
UNCONFIRMED_PER_NIGHT = 0.8

type Row = dict[str, object]


def write_oura_web_csv(trial: SimulatedTrial, path: GivenPath, *, zone: str = "Europe/Berlin") -> None:
    """Write a simulated trial as the sleep CSV of Oura on the Web.

    An importer reads exactly the trial's `tst_min` and `wake_episodes` from it. As in real files the five-minute
    stages agree with the durations only approximately, and have no wake shorter than five minutes. The same trial
    gives the same bytes.

    Parameters
    ----------
    trial : SimulatedTrial
        The simulated trial.
    path : Path or str
        The CSV to write; an existing file is replaced.
    zone : str
        IANA name of the person's time zone.

    Raises
    ------
    ScheduleError
        No time zone has that name.

    Examples
    --------
    >>> import tempfile
    >>> from datetime import date
    >>> from pathlib import Path
    >>> from zoneinfo import ZoneInfo
    >>> import n1trial
    >>> protocol = n1trial.read_protocol("glycine-vs-magnesium-glycinate")
    >>> schedule = n1trial.randomise(protocol, start=date(2026, 1, 5), seed="00" * 32)
    >>> trial = n1trial.simulate_nights(schedule, n1trial.Truth(), seed=1)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     export = Path(folder) / "oura_sleep.csv"
    ...     n1trial.write_oura_web_csv(trial, export)
    ...     nights = n1trial.nightly(n1trial.read_exports([export], home_zone=ZoneInfo("Europe/Berlin")))
    >>> bool(nights.table["tst_min"].count() == trial.table["tst_min"].count())
    True
    """
    text = io.StringIO()
    writer = csv.DictWriter(text, COLUMNS, restval="", lineterminator="\r\n")
    writer.writeheader()
    writer.writerows(_rows(trial, wall_clock(zone)))
    path_of(path).write_bytes(text.getvalue().encode())


def _rows(trial: SimulatedTrial, clock: WallClock) -> Iterator[Row]:
    for number, night in enumerate(trial.table.itertuples()):
        if not night.present:
            continue
        rng = trial.rng(2, number)
        for period in range(int(rng.poisson(UNCONFIRMED_PER_NIGHT))):
            hour = 14 + 2 * period  # one every two hours, all of them before the night
            if hour > 18:
                break
            start = datetime.combine(night.night.date(), time(hour, int(rng.integers(60))))
            kind = "rest" if rng.random() < 0.05 else ""
            yield _period(rng, clock, start, int(rng.integers(1, 30)), 0, kind) | {"period": period + 1}
        start = night.start.to_pydatetime() + timedelta(seconds=int(rng.integers(60)))
        kind = "long_sleep" if night.tst_min > 180 else "sleep"
        yield _period(rng, clock, start, int(night.tst_min), int(night.wake_episodes), kind) | _scores(rng)


def _period(
    rng: np.random.Generator, clock: WallClock, local: datetime, minutes: int, episodes: int, kind: str
) -> Row:
    """One row with these minutes asleep and these runs of 4 inside the string."""
    least = -(-60 * minutes // CHARACTER_S)
    stages = draw_stages(
        rng,
        # The string has slightly more sleep than the durations
        sleep_epochs=max(least + int(rng.integers(0, 3)), episodes + 1),
        episodes=episodes,
        brief_wakes=0,
        epoch_s=CHARACTER_S,
    )
    phases = "4" + "".join(DIGIT[stage] for stage in stages.tolist())
    asleep = 60 * minutes
    latency = CHARACTER_S * (len(phases) - len(phases.lstrip("4"))) - GRID_S * int(rng.integers(1, 10))
    in_bed = CHARACTER_S * len(phases) - GRID_S * int(rng.integers(0, 2))
    deep, rem = (
        asleep * phases.count(digit) // (len(phases) - phases.count("4")) // GRID_S * GRID_S for digit in "13"
    )
    start = clock.instant(local).astimezone(clock.zone)
    end = (clock.instant(local) + timedelta(seconds=in_bed)).astimezone(clock.zone)
    day = end.date() + timedelta(days=end.time() > DAY_ENDS)
    midnight = clock.instant(datetime.combine(day, time()))
    start_delta = int((clock.instant(local) - midnight).total_seconds())
    pulse = int(rng.integers(50, 66))
    return {
        "average_breath": f"{rng.integers(96, 136) / 8:g}",
        "average_heart_rate": pulse,
        "average_hrv": int(rng.integers(35, 75)),
        "awake_time": in_bed - asleep,
        "bedtime_end": end.isoformat(timespec="milliseconds"),
        "bedtime_start": start.isoformat(timespec="milliseconds"),
        "day": day.isoformat(),
        "deep_sleep_duration": deep,
        "efficiency": round(100 * asleep / in_bed),
        "latency": latency,
        "light_sleep_duration": asleep - deep - rem,
        "lowest_heart_rate": pulse - int(rng.integers(4, 10)),
        "movement_30_sec": "".join(rng.choice(list("1234"), -(-in_bed // GRID_S), p=(0.8, 0.14, 0.05, 0.01))),
        "period": 0,
        "rem_sleep_duration": rem,
        "restless_periods": int(rng.poisson(in_bed / 180)),
        "segment_state": "rewarded" if kind else "active",
        "sleep_midpoint": in_bed // 2,
        "time_in_bed": in_bed,
        "total_sleep_duration": asleep,
        "type": kind,
        "sleep_phase_5_min": phases,
        "timezone": int((start.utcoffset() or timedelta()).total_seconds() // 60),
        "bedtime_start_delta": start_delta,
        "bedtime_end_delta": start_delta + in_bed,
        "midpoint_at_delta": start_delta + in_bed // 2,
        "heart_rate_5_min": _series(rng, pulse, len(phases)),
        "hrv_5_min": _series(rng, 50, len(phases)),
    }


def _series(rng: np.random.Generator, level: int, length: int) -> str:
    """A value every five minutes; some are None."""
    values = rng.normal(level, 4, length).round().astype(int)
    return ";".join("None" if rng.random() < 0.05 else str(value) for value in values)


def _scores(rng: np.random.Generator) -> Row:
    scored = [name for name in COLUMNS if name.startswith(("contributors_", "readiness_contributors_"))]
    scores: Row = {name: int(rng.integers(50, 100)) for name in ("score", "readiness_score", *scored)}
    return scores | {
        "readiness_temperature_deviation": f"{rng.normal(0, 0.2):.2f}",
        "readiness_temperature_trend_deviation": f"{rng.normal(0, 0.1):.2f}",
    }
