"""Write a simulated trial as the Google Takeout of a Fitbit wearer.

One JSON array of logs per month, in wall-clock time without offset, with the log of the boundary date in two files.
Nights of less than three hours are `classic`, as are the short halves of split nights and the naps. The layout was
seen on 3,678 real logs of six wearers.
"""

import json
import zipfile
from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from typing import Any

import numpy as np

from n1trial.planning.simulate.clock import WallClock, wall_clock
from n1trial.planning.simulate.hypnogram import BRIEF, DEEP, LIGHT, REM, WAKE, Stages, draw_stages, runs_of
from n1trial.planning.simulate.nights import SimulatedTrial
from n1trial.system.arguments import GivenPath, path_of

FOLDER = "Takeout/Fitbit/Global Export Data"
FILE_DAYS = 30
STAGED_LEAST_MIN = 180
BRIEF_WAKES_PER_MIN = 25 / 420
SHORT_EPOCHS = 6  # wakes up to 3 minutes stand in shortData, laid over data
LEVELS = {WAKE: "wake", LIGHT: "light", DEEP: "deep", REM: "rem"}

type Log = dict[str, Any]


def write_fitbit_takeout(trial: SimulatedTrial, path: GivenPath, *, zone: str = "Europe/Berlin") -> None:
    """Write a simulated trial as a Google Takeout zip of a Fitbit.

    An importer reads exactly the trial's `tst_min` and `wake_episodes` from it. The same trial gives the same bytes.

    Parameters
    ----------
    trial : SimulatedTrial
        The simulated trial.
    path : Path or str
        The zip to write; an existing file is replaced.
    zone : str
        IANA name of the person's time zone. A log of a night in which its clock changes has Fitbit's errors.

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
    ...     export = Path(folder) / "takeout.zip"
    ...     n1trial.write_fitbit_takeout(trial, export)
    ...     nights = n1trial.nightly(n1trial.read_exports([export], home_zone=ZoneInfo("Europe/Berlin")))
    >>> bool(nights.table["tst_min"].count() == trial.table["tst_min"].count())
    True
    """
    with zipfile.ZipFile(path_of(path), "w") as takeout:
        for first, logs in _files(list(_logs(trial, wall_clock(zone)))):
            # A fixed stamp, so that the same trial gives the same bytes
            member = zipfile.ZipInfo(f"{FOLDER}/sleep-{first}.json", date_time=(2026, 1, 1, 0, 0, 0))
            member.compress_type = zipfile.ZIP_DEFLATED
            takeout.writestr(member, json.dumps(logs, indent=2, separators=(",", " : ")))


def _files(logs: list[Log]) -> Iterator[tuple[date, list[Log]]]:
    """Files of 31 dates of waking, newest log first; the next file begins with the last date of this one."""
    days = [date.fromisoformat(log["dateOfSleep"]) for log in logs]
    first = days[0] if days else date.max
    while days and first <= days[-1]:
        last = first + timedelta(days=FILE_DAYS)
        inside = [log for log, day in zip(logs, days, strict=True) if first <= day <= last]
        if inside:
            yield first, _with_averages(inside)[::-1]
        first = last


def _with_averages(logs: list[Log]) -> list[Log]:
    """The logs with `thirtyDayAvgMinutes`, the one field in which two copies of a boundary log differ."""
    minutes: dict[str, list[int]] = {level: [] for level in LEVELS.values()}
    written = []
    for log in logs:
        summary = log["levels"]["summary"]
        if log["type"] == "stages":
            for level, of_level in minutes.items():
                of_level.append(summary[level]["minutes"])
            summary = {
                level: summary[level] | {"thirtyDayAvgMinutes": round(sum(of_level) / len(of_level))}
                for level, of_level in minutes.items()
            }
        written.append(log | {"levels": {"summary": summary} | _without_summary(log["levels"])})
    return written


def _without_summary(levels: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in levels.items() if key != "summary"}


def _logs(trial: SimulatedTrial, clock: WallClock) -> Iterator[Log]:
    log_id = 48_000_000_000 + 1_000_000_000 * (trial.seed % 100)
    free_from = datetime.min  # noqa: DTZ901 - wall clock, as in the file
    for number, night in enumerate(trial.table.itertuples()):
        if not night.present:
            continue
        rng = trial.rng(1, number)
        nap = datetime.combine(night.night.date(), time(13)) + timedelta(minutes=int(rng.integers(0, 150)))
        if rng.random() < trial.truth.nap_share and nap > free_from:
            log_id += int(rng.integers(10_000, 900_000))
            yield _classic(rng, log_id, nap, int(rng.integers(25, 70)), 0) | {"mainSleep": False}
        start = clock.existing(night.start.to_pydatetime())
        parts = [(int(night.tst_min), int(night.wake_episodes))]
        if rng.random() < trial.truth.split_share and _can_split(parts[0], start, clock):
            parts = _split(rng, *parts[0])
        for minutes, episodes in parts:
            log_id += int(rng.integers(10_000, 900_000))
            write = _staged if minutes >= STAGED_LEAST_MIN else _classic
            log = _over_clock_change(write(rng, log_id, start, minutes, episodes), start, clock)
            yield log | {"mainSleep": minutes == max(parts)[0]}
            end = datetime.fromisoformat(log["endTime"])
            start, free_from = end + timedelta(minutes=int(rng.integers(62, 120))), end + timedelta(hours=1)


def _can_split(part: tuple[int, int], start: datetime, clock: WallClock) -> bool:
    minutes, episodes = part
    # Both pieces must begin before noon, and the clock must not change between them
    return (
        240 <= minutes <= 540 and 1 <= episodes <= 12 and start.hour >= 20 and not clock.leap_min(start, 900)
    )


def _split(rng: np.random.Generator, minutes: int, episodes: int) -> list[tuple[int, int]]:
    """Two pieces of a night; the gap between them is one of its wake episodes."""
    first, inside = int(minutes * rng.uniform(0.53, 0.65)), int(rng.binomial(episodes - 1, 0.5))
    return [(first, inside), (minutes - first, episodes - 1 - inside)]


def _over_clock_change(log: Log, start: datetime, clock: WallClock) -> Log:
    """A log in which the clock is put forward, as Fitbit writes it; a log is unchanged where it is put back.

    In spring the end is correct wall-clock time, and a level `unknown` of the length of the change closes the record,
    which is therefore longer than its sleep and wake.
    """
    leap = int(clock.leap_min(start, log["timeInBed"]))
    if leap <= 0:
        return log
    end = datetime.fromisoformat(log["endTime"]) + timedelta(minutes=leap)
    closing = {"dateTime": log["endTime"], "level": "unknown", "seconds": 60 * leap}
    return log | {
        "dateOfSleep": end.date().isoformat(),
        "endTime": _stamp(end),
        "duration": log["duration"] + 60_000 * leap,
        "timeInBed": log["timeInBed"] + leap,
        "levels": log["levels"] | {"data": [*log["levels"]["data"], closing]},
    }


def _staged(rng: np.random.Generator, log_id: int, start: datetime, minutes: int, episodes: int) -> Log:
    stages = draw_stages(
        rng,
        sleep_epochs=2 * minutes,
        episodes=episodes,
        brief_wakes=int(rng.poisson(BRIEF_WAKES_PER_MIN * minutes)),
        epoch_s=30,
    )
    if len(stages) % 2:
        stages = np.append(stages, np.int8(WAKE))
    shown, short = _overlay(rng, stages)
    painted = np.where(stages == BRIEF, WAKE, stages)
    whole = _whole_minutes([int((stages == stage).sum()) for stage in (DEEP, LIGHT, REM)])
    of_stage = dict(zip((DEEP, LIGHT, REM), whole, strict=True)) | {WAKE: int((painted == WAKE).sum()) // 2}
    counts = {
        stage: sum(of_run == stage for *_, of_run in runs_of(painted if stage == WAKE else shown))
        for stage in of_stage
    }
    return _log(log_id, start, len(stages) // 2, asleep=minutes, awake=of_stage[WAKE]) | {
        "type": "stages",
        "infoCode": 0,
        "logType": "auto_detected",
        "levels": {
            "summary": {
                LEVELS[stage]: {"count": counts[stage], "minutes": of_stage[stage]} for stage in of_stage
            },
            "data": [_segment(start, 30, first, length, LEVELS[s]) for first, length, s in runs_of(shown)],
            "shortData": [_segment(start, 30, first, length, "wake") for first, length in short],
        },
    }


def _overlay(rng: np.random.Generator, stages: Stages) -> tuple[Stages, list[tuple[int, int]]]:
    """Stages of `data`, and the short wakes of `shortData`; some lengthen a long wake that they touch."""
    shown = np.where(stages == BRIEF, WAKE, stages)
    short = []
    for first, length, stage in runs_of(stages):
        end = first + length
        if stage == BRIEF and length <= SHORT_EPOCHS:
            short.append((first, length))
            shown[first:end] = stages[first - 1]
        elif (
            stage == WAKE and first and end < len(stages) and length > 2 * SHORT_EPOCHS and rng.random() < 0.3
        ):
            touching = int(rng.integers(1, SHORT_EPOCHS + 1))
            short.append((end - touching, touching))
            shown[end - touching : end] = stages[end]
    return shown, short


def _whole_minutes(half_minutes: list[int]) -> list[int]:
    """Half minutes as whole minutes of the same sum, each off by half a minute at most."""
    down = [halves // 2 for halves in half_minutes]
    odd = [place for place, halves in enumerate(half_minutes) if halves % 2]
    return [minutes + (place in odd[: len(odd) // 2]) for place, minutes in enumerate(down)]


def _classic(rng: np.random.Generator, log_id: int, start: datetime, minutes: int, episodes: int) -> Log:
    stages = draw_stages(
        rng,
        sleep_epochs=minutes,
        episodes=episodes,
        brief_wakes=int(rng.poisson(BRIEF_WAKES_PER_MIN * minutes / 3)),
        epoch_s=60,
    )
    level = np.select([stages == WAKE, stages == BRIEF], ["awake", "restless"], default="asleep")
    asleep = np.flatnonzero(level == "asleep")
    before, after = int(asleep[0]), len(level) - 1 - int(asleep[-1])
    runs = runs_of(np.select([stages == WAKE, stages == BRIEF], [WAKE, BRIEF], default=LIGHT).astype(np.int8))
    segments = [(first, length, str(level[first])) for first, length, _ in runs]
    awake = len(level) - minutes - before - after
    return _log(log_id, start, len(level), asleep=minutes, awake=awake, before=before, after=after) | {
        "type": "classic",
        "infoCode": 2,
        "logType": "auto_detected",
        "levels": {
            "summary": {
                name: {
                    "count": sum(of_segment == name for *_, of_segment in segments),
                    "minutes": int((level == name).sum()),
                }
                for name in ("restless", "awake", "asleep")
            },
            "data": [_segment(start, 60, first, length, name) for first, length, name in segments],
        },
    }


def _log(
    log_id: int, start: datetime, in_bed: int, *, asleep: int, awake: int, before: int = 0, after: int = 0
) -> Log:
    end = start + timedelta(minutes=in_bed)
    return {
        "logId": log_id,
        "dateOfSleep": end.date().isoformat(),
        "startTime": _stamp(start),
        "endTime": _stamp(end),
        "duration": 60_000 * in_bed,
        "minutesToFallAsleep": before,
        "minutesAsleep": asleep,
        "minutesAwake": awake,
        "minutesAfterWakeup": after,
        "timeInBed": in_bed,
        "efficiency": min(100, round(100 * asleep / in_bed) + 3),
    }


def _segment(start: datetime, epoch_s: int, first: int, length: int, level: str) -> dict[str, Any]:
    return {
        "dateTime": _stamp(start + timedelta(seconds=epoch_s * first)),
        "level": level,
        "seconds": epoch_s * length,
    }


def _stamp(local: datetime) -> str:
    return local.isoformat(timespec="milliseconds")
