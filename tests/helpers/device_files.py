"""Exports of the devices as their vendors write them, from hypnograms that a test invents."""

import json
import random
import re
import sqlite3
import struct
import zipfile
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta, timezone
from pathlib import Path
from typing import Any

from n1trial.design.protocol import read_protocol
from n1trial.design.schedule import randomise
from n1trial.planning.simulate import Truth, simulate_nights, write_fitbit_takeout

ZONES = {-8: "Etc/GMT+8", -5: "Etc/GMT+5", 0: "UTC", 1: "Etc/GMT-1", 5.5: "Asia/Kolkata", 9: "Asia/Tokyo"}
STAGES = ("light", "deep", "rem", "awake")
EPOCH = timedelta(seconds=30)


@dataclass(frozen=True)
class Slept:
    """One sleep: when it began on the local clock, hours ahead of UTC, and stages in 30-s epochs."""

    wall: datetime
    ahead_h: float
    stages: tuple[tuple[str, int], ...]

    @property
    def start(self) -> datetime:
        return self.wall.replace(tzinfo=timezone(timedelta(hours=self.ahead_h)))

    @property
    def end(self) -> datetime:
        return self.start + sum(count for _, count in self.stages) * EPOCH

    @property
    def intervals(self) -> list[tuple[datetime, datetime, str]]:
        found, at = [], self.start
        for stage, count in self.stages:
            found.append((at, at + count * EPOCH, stage))
            at += count * EPOCH
        return found

    def seconds(self, stage: str) -> int:
        return 30 * sum(count for name, count in self.stages if name == stage)

    @property
    def epochs(self) -> str:
        return "".join(("W" if stage == "awake" else "S") * count for stage, count in self.stages)


def ten_years_of_fitbit(folder: Path) -> None:
    """Write 122 files of Takeout JSON, 3,661 nights.

    A simulated month of 30 dates, as pretty-printed as Fitbit's, again and again; each file ends with the first date
    of the next.
    """
    protocol = read_protocol("glycine-vs-magnesium-glycinate")
    schedule = randomise(protocol, start=date(2015, 1, 5), seed="0" * 64)
    trial = simulate_nights(schedule, replace(Truth(), missing_share=0, missing_bursts=0), 1)
    folder.mkdir(exist_ok=True)
    write_fitbit_takeout(trial, folder / "takeout.zip")
    with zipfile.ZipFile(folder / "takeout.zip") as takeout:
        logs = json.loads(takeout.read(takeout.namelist()[0]))
    (folder / "takeout.zip").unlink()
    first, *_, last = sorted({log["dateOfSleep"] for log in logs})

    def month(number: int, logs: list[Any]) -> str:
        def later(day: re.Match[str]) -> str:
            return str(date.fromisoformat(day[0]) + timedelta(days=30 * number))

        text = json.dumps(logs, indent=2, separators=(",", " : "))[1:-2]
        return re.sub(r'("logId" : \d+)', rf"\g<1>{number:03}", re.sub(r"\d{4}-\d\d-\d\d", later, text))

    begins = [log for log in logs if log["dateOfSleep"] == first]
    whole = [log for log in logs if log["dateOfSleep"] != last]
    for number in range(122):
        start = date.fromisoformat(first) + timedelta(days=30 * number)
        logs_of_file = f"{month(number + 1, begins)},{month(number, whole)}"
        (folder / f"sleep-{start}.json").write_text(f"[{logs_of_file}\n]")


def some_sleeps(chance: random.Random) -> list[Slept]:
    """One to three nights in a row that begin in the evening, each with some sleep in it."""
    ahead_h = chance.choice(list(ZONES))
    first = datetime(2025, 3, 1, 21) + timedelta(days=chance.randrange(200))
    sleeps = []
    for night in range(chance.randint(1, 3)):
        stages = [(chance.choice(STAGES), chance.randint(1, 90)) for _ in range(chance.randint(0, 9))]
        stages.insert(chance.randint(0, len(stages)), ("light", chance.randint(1, 60)))
        wall = first + timedelta(days=night, minutes=chance.randrange(180))
        sleeps.append(Slept(wall, ahead_h, tuple(stages)))
    return sleeps


def apple(sleeps: Sequence[Slept], *, twice: bool = False) -> dict[str, bytes]:
    def written(time: datetime) -> str:
        return time.astimezone(timezone(timedelta(hours=-3))).strftime("%Y-%m-%d %H:%M:%S %z")

    names = {"light": "AsleepCore", "deep": "AsleepDeep", "rem": "AsleepREM", "awake": "Awake"}
    lines = [
        '<?xml version="1.0" encoding="UTF-8"?>',
        "<!DOCTYPE HealthData [",
        "]>",
        '<HealthData locale="en">',
    ]
    for slept in sleeps:
        for start, end, stage in slept.intervals:
            begin = f'startDate="{written(start)}"'
            lines += [
                f' <Record type="HKCategoryTypeIdentifierSleepAnalysis" sourceName="A &amp; B" {begin} '
                f'{f"{begin} " if twice else ""}endDate="{written(end)}" '
                f'value="HKCategoryValueSleepAnalysis{names[stage]}">',
                f'  <MetadataEntry key="HKTimeZone" value="{ZONES[slept.ahead_h]}"/>',
                " </Record>",
            ]
    return {"apple_health_export/export.xml": "\n".join([*lines, "</HealthData>", ""]).encode()}


def apple_twice(sleeps: Sequence[Slept]) -> dict[str, bytes]:
    return apple(sleeps, twice=True)


def apple_table(sleeps: Sequence[Slept]) -> dict[str, bytes]:
    values = {
        "light": "HKCategoryValueSleepAnalysisAsleepCore",
        "deep": "AsleepDeep",
        "rem": "5",
        "awake": "2",
    }
    rows = ["sourceName,sourceVersion,device,type,unit,creationDate,startDate,endDate,value,HKTimeZone"]
    for slept in sleeps:
        for start, end, stage in slept.intervals:
            times = f"{start:%Y-%m-%d %H:%M:%S %z},{end:%Y-%m-%d %H:%M:%S %z}"
            zone = ZONES[slept.ahead_h]
            rows.append(
                f'"手表",,,SleepAnalysis,,{start:%Y-%m-%d %H:%M:%S %z},{times},{values[stage]},{zone}'
            )
    return {"SleepAnalysis.csv": "\n".join(rows).encode("gb18030")}


def auto_export(metric: list[dict[str, Any]], *, unit: str = "hr") -> dict[str, bytes]:
    steps = {
        "name": "step_count",
        "units": "count",
        "data": [{"qty": 3, "date": "2025-03-04 20:00:00 +0100"}],
    }
    payload = {"data": {"metrics": [steps, {"name": "sleep_analysis", "units": unit, "data": metric}]}}
    return {"HealthAutoExport-2025.json": json.dumps(payload).encode()}


def auto_export_stages(sleeps: Sequence[Slept]) -> dict[str, bytes]:
    values = {"light": "Core", "deep": "Deep", "rem": "REM", "awake": "Awake"}
    return auto_export(
        [
            {
                "startDate": f"{start:%Y-%m-%d %I:%M:%S %p %z}",
                "endDate": f"{end:%Y-%m-%d %H:%M:%S %z}",
                "value": values[stage],
                "qty": (end - start) / timedelta(hours=1),
                "source": "A’s Apple Watch",
            }
            for slept in sleeps
            for start, end, stage in slept.intervals
        ]
    )


def health_auto_export(sleeps: Sequence[Slept]) -> dict[str, bytes]:
    def sums(slept: Slept) -> dict[str, Any]:
        light, deep, rem, awake = (slept.seconds(stage) / 60 for stage in STAGES)
        start, end = (f"{time:%Y-%m-%d %H:%M:%S %z}" for time in (slept.start, slept.end))
        return {
            "date": f"{slept.end:%Y-%m-%d} 00:00:00 {slept.end:%z}",
            **{"sleepStart": start, "sleepEnd": end, "inBedStart": start, "inBedEnd": end},
            **{"totalSleep": light + deep + rem, "core": light, "deep": deep, "rem": rem, "awake": awake},
            **{"asleep": 0, "inBed": 0, "source": "A’s Apple Watch"},
        }

    return auto_export([sums(slept) for slept in sleeps], unit="min")


def autosleep(sleeps: Sequence[Slept]) -> dict[str, bytes]:
    def clock(seconds: int) -> str:
        return f"{seconds // 3600:02}:{seconds // 60 % 60:02}:{seconds % 60:02}"

    rows = [
        "ISO8601,fromDate,toDate,bedtime,waketime,inBed,awake,fellAsleepIn,sessions,asleep,deep,sleepBPM,tags"
    ]
    for slept in sleeps:
        in_bed, awake = 30 * len(slept.epochs), slept.seconds("awake")
        times = f"{slept.start:%Y-%m-%d %H:%M:%S},{slept.end:%Y-%m-%d %H:%M:%S}"
        minutes = f"{clock(in_bed)},{clock(awake)},00:00:00,1,{clock(in_bed - awake)}"
        label = f"{slept.end:%Y-%m-%d}T23:59:59{slept.end:%:z}"
        rows.append(f'{label},"a, b","c",{times},{minutes},00:10:00,50.5,"x, y"')
    return {"AutoSleep-1-to-2.csv": "\n".join(rows).encode()}


def garmin(sleeps: Sequence[Slept]) -> dict[str, bytes]:
    def gmt(time: datetime) -> str:
        return time.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.0")

    nights = [
        {
            "calendarDate": f"{slept.end:%Y-%m-%d}",
            "sleepStartTimestampGMT": gmt(slept.start),
            "sleepEndTimestampGMT": gmt(slept.end),
            "sleepWindowConfirmationType": "ENHANCED_CONFIRMED",
            **{f"{stage}SleepSeconds": slept.seconds(stage) for stage in STAGES if stage != "awake"},
            "awakeSleepSeconds": slept.seconds("awake"),
        }
        for slept in sleeps
    ]
    midnights = [
        slept.start.replace(hour=0, minute=0) + timedelta(days=day) for slept in sleeps for day in (0, 1)
    ]
    days = [
        {"wellnessStartTimeGmt": gmt(midnight), "wellnessStartTimeLocal": f"{midnight:%Y-%m-%dT%H:%M:%S.0}"}
        for midnight in midnights
    ]
    return {
        "DI_CONNECT/a_b_1_sleepData.json": json.dumps(nights).encode(),
        "DI_CONNECT/UDSFile_a_b.json": json.dumps(days).encode(),
    }


def whoop(sleeps: Sequence[Slept]) -> dict[str, bytes]:
    rows = [
        "Cycle timezone,Sleep onset,Wake onset,Asleep duration (min),In bed duration (min),"
        "Light sleep duration (min),Deep (SWS) duration (min),REM duration (min),Nap"
    ]
    for slept in reversed(sleeps):
        zone = f"{slept.start:UTC%:z}" if slept.ahead_h else "UTCZ"
        light, deep, rem, awake = (slept.seconds(stage) / 60 for stage in STAGES)
        asleep = light + deep + rem
        times = f"{slept.start:%Y-%m-%d %H:%M:%S},{slept.end:%Y-%m-%d %H:%M:%S}"
        rows.append(f"{zone},{times},{asleep},{asleep + awake},{light},{deep},{rem},false")
    return {"sleeps.csv": "\r\n".join(rows).encode()}


def withings(sleeps: Sequence[Slept]) -> dict[str, bytes]:
    rows = [
        'from,to,"light (s)","deep (s)","rem (s)","awake (s)","wake up","Duration to sleep (s)",'
        '"Duration to wake up (s)","Night events"'
    ]
    for slept in sleeps:
        epochs = slept.epochs
        lead, tail = len(epochs) - len(epochs.lstrip("W")), len(epochs) - len(epochs.rstrip("W"))
        events: dict[str, list[int]] = {"1": [0], "2": [], "3": [], "4": [30 * len(epochs)]}
        last = {"2": 0, "3": 0}
        for at, (before, after) in enumerate(zip(f"W{epochs}", f"{epochs}W", strict=True)):
            if before != after:
                kind = "2" if after == "S" else "3"
                events[kind].append(30 * at - last[kind])
                last[kind] = 30 * at
        sums = ",".join(str(slept.seconds(stage)) for stage in STAGES)
        cell = json.dumps(events).replace('"', '""')
        rows.append(
            f'{slept.start.isoformat()},{slept.end.isoformat()},{sums},0,{30 * lead},{30 * tail},"{cell}"'
        )
    return {"sleep.csv": "\n".join(rows).encode()}


def garmin_days(sleeps: Sequence[Slept]) -> dict[str, bytes]:
    def both(name: str, time: datetime) -> dict[str, int]:
        utc = round(time.timestamp() * 1000)
        return {
            f"{name}TimestampGMT": utc,
            f"{name}TimestampLocal": utc + round(time.utcoffset().total_seconds() * 1000),
        }

    codes = {"deep": 0.0, "light": 1.0, "rem": 2.0, "awake": 3.0}
    days = []
    for slept in sleeps:
        levels = [
            {
                "startGMT": f"{start.astimezone(UTC):%Y-%m-%dT%H:%M:%S.0}",
                "endGMT": f"{end.astimezone(UTC):%Y-%m-%dT%H:%M:%S.0}",
                "activityLevel": codes[stage],
            }
            for start, end, stage in slept.intervals
        ]
        sums = {f"{stage}SleepSeconds": slept.seconds(stage) for stage in STAGES}
        times = both("sleepStart", slept.start) | both("sleepEnd", slept.end)
        day = f"{slept.end:%Y-%m-%d}"
        confirmed = {"calendarDate": day, "sleepWindowConfirmationType": "enhanced_confirmed_final"}
        days.append({"dailySleepDTO": confirmed | times | sums, "sleepLevels": levels})
    return {"sleep_days.json": json.dumps(days).encode()}


def samsung(
    sleeps: Sequence[Slept], *, local: bool = False, made_after: timedelta | None = None
) -> dict[str, bytes]:
    def written(time: datetime) -> str:
        return (time if local else time.astimezone(UTC)).strftime("%Y-%m-%d %H:%M:%S.000")

    codes = {"awake": 40001, "light": 40002, "deep": 40003, "rem": 40004}
    table = ["com.samsung.shealth.sleep,1,2", *[",".join(f"com.samsung.health.sleep.{name}" for name in (
        "start_time", "end_time", "time_offset", "datauuid", "create_time")) + ",efficiency,"]]  # fmt: skip
    stages = ["com.samsung.health.sleep_stage,1,2", "start_time,end_time,stage,sleep_id,time_offset,"]
    for number, slept in enumerate(sleeps):
        offset = f"{slept.start:UTC%z}"
        # The time of making is UTC, whatever the others are.
        made = "" if made_after is None else f"{(slept.end + made_after).astimezone(UTC):%Y-%m-%d %H:%M:%S.5}"
        table.append(f"{written(slept.start)},{written(slept.end)},{offset},id-{number},{made},90,")
        for start, end, stage in slept.intervals:
            stages.append(f"{written(start)},{written(end)},{codes[stage]},id-{number},{offset},")
    return {
        "com.samsung.shealth.sleep.2025.csv": "\n".join(table).encode("utf-8-sig"),
        "com.samsung.health.sleep_stage.2025.csv": "\n".join(stages).encode("utf-8-sig"),
    }


def samsung_made(sleeps: Sequence[Slept]) -> dict[str, bytes]:
    return samsung(sleeps, made_after=timedelta(minutes=20))


def health_connect_fragments(sleeps: Sequence[Slept]) -> dict[str, bytes]:
    return health_connect(
        [
            Slept(start.replace(tzinfo=None), slept.ahead_h, ((stage, round((end - start) / EPOCH)),))
            for slept in sleeps
            for start, end, stage in slept.intervals
        ]
    )


def health_connect(sleeps: Sequence[Slept]) -> dict[str, bytes]:
    def milliseconds(time: datetime) -> int:
        return round(time.timestamp() * 1000)

    codes = {"awake": 1, "light": 4, "deep": 5, "rem": 6}
    with closing(sqlite3.connect(":memory:")) as database:
        database.executescript(
            "PRAGMA page_size = 512; CREATE TABLE sleep_session_record_table (row_id INTEGER, uuid BLOB, "
            "app_info_id, start_time, start_zone_offset, end_time, end_zone_offset); CREATE TABLE "
            "sleep_stages_table (parent_key, stage_start_time, stage_end_time, stage_type);"
        )
        for number, slept in enumerate(sleeps):
            offset = round(3600 * slept.ahead_h)
            times = milliseconds(slept.start), offset, milliseconds(slept.end), offset
            database.execute(
                "INSERT INTO sleep_session_record_table VALUES (?, ?, 4, ?, ?, ?, ?)",
                (number, number.to_bytes(16), *times),
            )
            database.executemany(
                "INSERT INTO sleep_stages_table VALUES (?, ?, ?, ?)",
                [(number, milliseconds(a), milliseconds(b), codes[stage]) for a, b, stage in slept.intervals],
            )
        database.commit()
        return {"health_connect_export.db": database.serialize()}


def sleep_as_android(sleeps: Sequence[Slept]) -> dict[str, bytes]:
    lines = []
    for slept in sleeps:
        events = [
            f"{stage.replace('awake', 'AWAKE').upper()}_{edge}-{round(time.timestamp() * 1000)}"
            for start, end, stage in slept.intervals
            for edge, time in (("START", start), ("END", end))
        ]
        to = f"{slept.end:%d. %m. %Y} {slept.end.hour}:{slept.end:%M}"
        hours = (slept.end - slept.start) / timedelta(hours=1)
        cells = [
            str(round(slept.start.timestamp() * 1000)),
            ZONES[slept.ahead_h],
            "",
            to,
            f"{hours:.3f}",
            "a\nb",
        ]
        lines.append(f"Id,Tz,From,To,Hours,Comment{',Event' * len(events)}")
        lines.append(",".join(f'"{cell}"' for cell in [*cells, *events]))
    # What a mark needs: four columns in this order.
    return {"sleep-export.csv": "\n".join(lines).encode()}


def sleep_as_android_noise(sleeps: Sequence[Slept]) -> dict[str, bytes]:
    records = [sleep_as_android([slept])["sleep-export.csv"] for slept in sleeps]
    return {"sleep-export.csv": b"\n,,,,,,0.0,1717.3\n".join(records)}


def polar(sleeps: Sequence[Slept]) -> dict[str, bytes]:
    def duration(time: timedelta) -> str:
        minutes, seconds = divmod(round(time.total_seconds()), 60)
        return f"PT{minutes // 60}H{minutes % 60}M{seconds}S"

    states = {"awake": "WAKE", "light": "NONREM1", "deep": "NONREM3", "rem": "REM"}
    nights = []
    for slept in sleeps:
        changes = [
            {"offsetFromStart": duration(start - slept.start), "state": states[stage]}
            for start, _, stage in slept.intervals
        ]
        span = slept.end - slept.start
        nights.append(
            {
                "night": f"{slept.start + timedelta(hours=12):%Y-%m-%d}",
                "evaluation": {
                    "sleepSpan": duration(span),
                    "asleepDuration": duration(span - timedelta(seconds=slept.seconds("awake"))),
                },
                "sleepResult": {
                    "hypnogram": {
                        "sleepStart": slept.start.isoformat(timespec="milliseconds"),
                        "sleepEnd": slept.end.isoformat(timespec="milliseconds"),
                        "sleepStateChanges": [*changes, {"offsetFromStart": duration(span), "state": "WAKE"}],
                    }
                },
            }
        )
    return {"sleep_result_1-2.json": json.dumps(nights).encode()}


def generic(sleeps: Sequence[Slept]) -> dict[str, bytes]:
    mapping = "start: A\nend: B\ntst: C\ntib: D\nlight: E\ndeep: F\nrem: G\nunit: s\n"
    rows = ["A,B,C,D,E,F,G,H"]
    for slept in sleeps:
        light, deep, rem, awake = (slept.seconds(stage) for stage in STAGES)
        sums = f"{light + deep + rem},{light + deep + rem + awake},{light},{deep},{rem}"
        rows.append(f"{slept.start.isoformat()},{slept.end.isoformat()},{sums},=1+1")
    return {"mapping.yaml": mapping.encode(), "my table.csv": "\n".join(rows).encode()}


def zepp(sleeps: Sequence[Slept]) -> dict[str, bytes]:
    rows = ["date,deepSleepTime,shallowSleepTime,wakeTime,start,stop,REMTime,naps"]
    for slept in sleeps:
        light, deep, rem, awake = (slept.seconds(stage) / 60 for stage in STAGES)
        start, stop = (
            time.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S%z") for time in (slept.start, slept.end)
        )
        rows.append(f"{slept.end:%Y-%m-%d},{deep},{light},{awake},{start},{stop},{rem},")
    return {"SLEEP/SLEEP_1741590000000.csv": "\n".join(rows).encode("utf-8-sig")}


def gadgetbridge_database(*tables: str, rows: dict[str, Sequence[Sequence[Any]]]) -> dict[str, bytes]:
    """A database of Gadgetbridge with two watches, these tables besides, and rows by table."""
    with closing(sqlite3.connect(":memory:")) as database:
        database.executescript(
            "PRAGMA page_size = 512; CREATE TABLE DEVICE (_id INTEGER PRIMARY KEY, NAME, IDENTIFIER, TYPE_NAME, "
            "ALIAS); CREATE TABLE DEVICE_ATTRIBUTES (_id); CREATE TABLE USER_ATTRIBUTES (_id); INSERT INTO DEVICE "
            "VALUES (1, 'A’s band', '00:11:22:33:44:55', 'MIBAND8', 'mine'), (2, 'B', '66', 'MIBAND8', NULL);"
            + "".join(f"CREATE TABLE {table};" for table in tables)
        )
        for table, values in rows.items():
            if values:
                marks = ", ".join("?" * len(values[0]))
                database.executemany(f"INSERT INTO {table} VALUES ({marks})", values)
        database.commit()
        return {"Gadgetbridge.db": database.serialize()}


def _ms(time: datetime) -> int:
    return round(time.timestamp() * 1000)


def gadgetbridge_xiaomi(sleeps: Sequence[Slept], *, device: int = 1) -> dict[str, bytes]:
    codes = {"awake": 5, "light": 3, "deep": 2, "rem": 4}
    return gadgetbridge_database(
        "XIAOMI_SLEEP_TIME_SAMPLE (TIMESTAMP, DEVICE_ID, WAKEUP_TIME, IS_AWAKE)",
        "XIAOMI_SLEEP_STAGE_SAMPLE (TIMESTAMP, DEVICE_ID, STAGE)",
        rows={
            "XIAOMI_SLEEP_TIME_SAMPLE": [(_ms(slept.start), device, _ms(slept.end), 0) for slept in sleeps],
            "XIAOMI_SLEEP_STAGE_SAMPLE": [
                (_ms(start), device, codes[stage]) for slept in sleeps for start, _, stage in slept.intervals
            ],
        },
    )


def gadgetbridge_garmin(sleeps: Sequence[Slept]) -> dict[str, bytes]:
    codes = {"awake": 1, "light": 2, "deep": 3, "rem": 4}
    return gadgetbridge_database(
        "GARMIN_EVENT_SAMPLE (TIMESTAMP, DEVICE_ID, EVENT, EVENT_TYPE, DATA)",
        "GARMIN_SLEEP_STAGE_SAMPLE (TIMESTAMP, DEVICE_ID, STAGE)",
        rows={
            "GARMIN_EVENT_SAMPLE": [
                (_ms(time), 1, 74, kind, None)
                for slept in sleeps
                for kind, time in enumerate((slept.start, slept.end))
            ],
            # The time of a stage is its end.
            "GARMIN_SLEEP_STAGE_SAMPLE": [
                (_ms(end), 1, codes[stage]) for slept in sleeps for _, end, stage in slept.intervals
            ],
        },
    )


def gadgetbridge_huawei(sleeps: Sequence[Slept], *, minute: timedelta = EPOCH) -> dict[str, bytes]:
    codes = {"awake": 4, "light": 1, "deep": 3, "rem": 2}

    def first_sleep(slept: Slept) -> int:
        return _ms(slept.start + slept.epochs.index("S") * EPOCH)

    return gadgetbridge_database(
        "HUAWEI_SLEEP_STATS_SAMPLE (TIMESTAMP, DEVICE_ID, BED_TIME, RISING_TIME, WAKEUP_TIME, AVG_HEART_RATE, "
        "MIN_HEART_RATE, AVG_BREATH_RATE)",
        "HUAWEI_SLEEP_STAGE_SAMPLE (TIMESTAMP, DEVICE_ID, STAGE)",
        rows={
            "HUAWEI_SLEEP_STATS_SAMPLE": [
                (first_sleep(slept), 1, _ms(slept.start), -1, _ms(slept.end), 60, -1, 13) for slept in sleeps
            ],
            "HUAWEI_SLEEP_STAGE_SAMPLE": [
                (_ms(start + number * minute), 1, codes[stage])
                for slept in sleeps
                for start, end, stage in slept.intervals
                for number in range((end - start) // minute)
            ],
        },
    )


def gadgetbridge_colmi(sleeps: Sequence[Slept]) -> dict[str, bytes]:
    codes = {"awake": 5, "light": 2, "deep": 3, "rem": 4}
    return gadgetbridge_database(
        "COLMI_SLEEP_SESSION_SAMPLE (TIMESTAMP, DEVICE_ID, WAKEUP_TIME)",
        "COLMI_SLEEP_STAGE_SAMPLE (TIMESTAMP, DEVICE_ID, DURATION, STAGE)",
        rows={
            "COLMI_SLEEP_SESSION_SAMPLE": [(_ms(slept.start), 1, _ms(slept.end)) for slept in sleeps],
            "COLMI_SLEEP_STAGE_SAMPLE": [
                (_ms(start), 1, (end - start) // timedelta(minutes=1), codes[stage])
                for slept in sleeps
                for start, end, stage in slept.intervals
            ],
        },
    )


def zepp_bytes(slept: Slept, *, sums: tuple[int, int, int, int] | None = None) -> bytes:
    """One sleep as a watch of Zepp sends it; `sums` of REM, light, deep and wake in minutes."""
    minute = timedelta(minutes=1)
    midnight = datetime.combine(slept.end.date(), time(), slept.start.tzinfo)
    base = midnight - timedelta(days=1)
    codes = {"awake": 7, "light": 4, "deep": 5, "rem": 8}
    sent = bytearray(0x252)
    struct.pack_into("<II", sent, 0, round(slept.start.timestamp()), round(midnight.timestamp()))
    struct.pack_into("<HH", sent, 0x0A, (slept.start - base) // minute, (slept.end - base) // minute - 1)
    sent[0x15], sent[0x54] = 55, len(slept.intervals)
    for number, (start, end, stage) in enumerate(slept.intervals):
        at = (start - base) // minute, (end - base) // minute - 1, codes[stage]
        struct.pack_into("<HHB", sent, 0x56 + 5 * number, *at)
    own = tuple(slept.seconds(stage) // 60 for stage in ("rem", "light", "deep", "awake"))
    struct.pack_into("<HHHH", sent, 0x24A, *(own if sums is None else sums))
    return bytes(sent)


def gadgetbridge_zepp(sleeps: Sequence[Slept]) -> dict[str, bytes]:
    return gadgetbridge_database(
        "HUAMI_SLEEP_SESSION_SAMPLE (TIMESTAMP, DEVICE_ID, DATA BLOB)",
        rows={"HUAMI_SLEEP_SESSION_SAMPLE": [(_ms(slept.start), 1, zepp_bytes(slept)) for slept in sleeps]},
    )


# Devices that store stages, and devices that store sums.
STAGED: dict[str, Callable[[Sequence[Slept]], dict[str, bytes]]] = {
    "apple": apple,
    "apple_twice": apple_twice,
    "apple_table": apple_table,
    "auto_export_stages": auto_export_stages,
    "withings": withings,
    "garmin_days": garmin_days,
    "samsung": samsung,
    "samsung_made": samsung_made,
    "health_connect": health_connect,
    "health_connect_fragments": health_connect_fragments,
    "sleep_as_android": sleep_as_android,
    "sleep_as_android_noise": sleep_as_android_noise,
    "polar": polar,
    "gadgetbridge_xiaomi": gadgetbridge_xiaomi,
    "gadgetbridge_garmin": gadgetbridge_garmin,
    "gadgetbridge_huawei": gadgetbridge_huawei,
}
SUMS: dict[str, Callable[[Sequence[Slept]], dict[str, bytes]]] = {
    "garmin": garmin,
    "health_auto_export": health_auto_export,
    "whoop": whoop,
    "zepp": zepp,
    "generic": generic,
}


def put(folder: Path, files: dict[str, bytes]) -> Path:
    """Write the files of an export into a folder."""
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    return folder
