"""Kills, full disks and crowds for a trial folder; a program of its own, so that it can fork.

``python crashes.py kills 1000`` and so on; prints its figures, leaves with 1 when anything was lost.
"""

import os
import random
import resource
import signal
import subprocess
import sys
import tempfile
import time
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

from msgspec.structs import replace

from n1trial.data.diary import answers_of, read_diary
from n1trial.data.episodes import Moment, SleepEpisode
from n1trial.errors import FolderError
from n1trial.system.files import write_whole
from n1trial.trial_folder.analysis_data import write_down
from n1trial.trial_folder.create import make_trial
from n1trial.trial_folder.store import (
    TrialFolder,
    add_episodes,
    append_log,
    open_folder,
    read_log,
    stored_episodes,
    writing,
)
from n1trial.trial_folder.store.log_events import Amended, Reported

NOW = datetime(2026, 1, 4, 18, tzinfo=UTC)
FIRST = date(2026, 1, 5)
TEMPLATE = "glycine-vs-magnesium-glycinate"
# Two reports of a real one's size, which differ from each other and from any mixture.
REPORTS = [letter * 600_000 + "</html>" for letter in "AB"]
NIGHT = SleepEpisode(
    source="fitbit",
    source_file="takeout.zip › sleep.json",
    record_id="0",
    start=Moment(datetime(2026, 1, 5, 23)),
    end=Moment(datetime(2026, 1, 6, 6)),
    time_basis="naive_local",
    tst_min=400.0,
    wake_runs_min=(5.0, 0.5),
    resolution_s=30,
)


def new_folder(place: Path) -> TrialFolder:
    return make_trial(place, protocol=TEMPLATE, start=FIRST, seed="11" * 32, home_zone=None, now=NOW)


def records(first: int, count: int) -> list[SleepEpisode]:
    return [replace(NIGHT, record_id=str(number)) for number in range(first, first + count)]


def work(folder: TrialFolder, pipe: int, first: int) -> None:
    """Import, write down and report for ever; acknowledge each step to a pipe once it is done."""
    for step in range(first, first + 10_000):
        add_episodes(folder, records(20 * step, 20), now=NOW)
        os.write(pipe, f"records {20 * step}\n".encode())
        night = FIRST + timedelta(days=step % 133)
        write_down(folder, night, {"taken": "yes", "caffeine_mg": str(step)}, now=NOW)
        os.write(pipe, f"dose {night} {step}\n".encode())
        with writing(folder) as writer:
            write_whole(folder.report, REPORTS[step % 2])
            writer.log(Reported(nights_sha256="", answer=str(step)), now=NOW)
        os.write(pipe, f"report {step}\n".encode())


def kills(times: int, seed: int = 1) -> bool:
    """Kill a worker at a random moment, many times; what it had acknowledged must be there, and all be readable."""
    rng = random.Random(seed)
    lost = unreadable = halves = acknowledged = 0
    within_s = 0.06
    started = time.perf_counter()
    with tempfile.TemporaryDirectory() as scratch:
        for kill in range(times):
            if kill % 25 == 0:
                folder = new_folder(Path(scratch) / f"trial-{kill}")
                first, promised, doses, reported = 0, set[str](), dict[date, str](), -1
            read_end, write_end = os.pipe()
            worker = os.fork()
            if worker == 0:
                os.close(read_end)
                try:
                    work(folder, write_end, first)
                finally:
                    os._exit(1)
            os.close(write_end)
            # Where work is slow a worker gets longer, for one that is always killed at its first step shows nothing.
            within_s *= 1.2 if acknowledged < kill // 2 else 1.0
            time.sleep(rng.uniform(0.0, within_s))
            os.kill(worker, signal.SIGKILL)
            os.waitpid(worker, 0)
            with os.fdopen(read_end) as acknowledgements:
                for line in acknowledgements.read().splitlines():
                    acknowledged += 1
                    what, *rest = line.split()
                    if what == "records":
                        promised |= {str(int(rest[0]) + number) for number in range(20)}
                    elif what == "dose":
                        doses[date.fromisoformat(rest[0])] = rest[1]
                    else:
                        reported = int(rest[0])
            try:
                have = {episode.record_id for episode in stored_episodes(folder)}
                diary = read_diary(folder.diary, folder.protocol)
                log = read_log(folder)
                if kill % 25 == 24:
                    open_folder(folder.path)
            except Exception as error:  # noqa: BLE001 - whatever it is, it is counted and shown
                print(f"kill {kill}: {error!r}")
                unreadable += 1
                continue
            lost += len(promised - have)
            # A dose that was written after the last acknowledged one is newer, never older.
            lost += sum(
                int(answers_of(diary, night).get("caffeine_mg", "-1")) < int(step)
                for night, step in doses.items()
            )
            lost += reported >= 0 and not any(
                isinstance(line.event, Reported) and int(line.event.answer) >= reported for line in log
            )
            # An import is there as a whole: 20 records, or none of them.
            halves += len(have) % 20 != 0
            if folder.report.exists():
                halves += folder.report.read_text() not in REPORTS
            elif reported >= 0:
                lost += 1
            first = max((int(record) // 20 for record in have), default=-1) + 1
        append_log(folder, Amended(text="after the last kill"), now=NOW)
        drafts = [path for path in folder.path.iterdir() if ".draft-" in path.name]
    print(
        f"{times} kills in {time.perf_counter() - started:.0f} s, {acknowledged} things acknowledged:"
        f" {lost} lost, {unreadable} unreadable, {halves} half written, {len(drafts)} drafts left"
    )
    # Some of the work was acknowledged, else nothing was shown.
    return acknowledged >= times // 4 and not (lost or unreadable or halves or drafts)


def crowd(processes: int, appends: int) -> bool:
    """Several processes append to one log."""
    started = time.perf_counter()
    with tempfile.TemporaryDirectory() as scratch:
        folder = new_folder(Path(scratch) / "trial")
        workers = []
        for who in range(processes):
            worker = os.fork()
            if worker == 0:
                code = 1
                try:
                    for number in range(appends):
                        append_log(folder, Amended(text=f"{who} {number}"), now=NOW)
                    code = 0
                finally:
                    os._exit(code)
            workers.append(worker)
        failed = sum(os.waitpid(worker, 0)[1] != 0 for worker in workers)
        notes = [line.event.text for line in read_log(folder) if isinstance(line.event, Amended)]
    wanted = processes * appends
    in_order = all(
        [int(note.split()[1]) for note in notes if note.startswith(f"{who} ")] == list(range(appends))
        for who in range(processes)
    )
    print(
        f"{processes} processes x {appends} appends in {time.perf_counter() - started:.0f} s: {len(set(notes))} of"
        f" {wanted}, {failed} processes failed"
    )
    return len(notes) == len(set(notes)) == wanted and not failed and in_order


def full(steps: int) -> bool:
    """No file may grow beyond a limit, at many limits: each thing is done, or refused by name and undone."""
    done = refused = unnamed = changed = 0
    with tempfile.TemporaryDirectory() as scratch:
        folder = new_folder(Path(scratch) / "trial")
        add_episodes(folder, records(0, 200), now=NOW)
        write_down(folder, FIRST, {"taken": "yes"}, now=NOW)
        write_whole(folder.report, REPORTS[0])
        unlimited = resource.getrlimit(resource.RLIMIT_FSIZE)
        for step in range(steps):
            before = _state(folder)
            resource.setrlimit(resource.RLIMIT_FSIZE, (1 + step * 350_000 // steps, unlimited[1]))
            try:
                act = step % 4
                if act == 0:
                    add_episodes(folder, records(1000 + 100 * step, 100), now=NOW)
                elif act == 1:
                    write_down(folder, FIRST + timedelta(days=step % 100), {"notes": "x" * 500}, now=NOW)
                elif act == 2:
                    write_whole(folder.report, REPORTS[step // 4 % 2])
                else:
                    new_folder(Path(scratch) / f"other-{step}")
                done += 1
            except FolderError as error:
                refused += 1
                unnamed += not any(
                    name in str(error) for name in ("trial.db", "diary.csv", "report.html", f"other-{step}")
                )
                unnamed += "make room" not in str(error)
                resource.setrlimit(resource.RLIMIT_FSIZE, unlimited)
                changed += _state(folder) != before or (Path(scratch) / f"other-{step}").exists()
            finally:
                resource.setrlimit(resource.RLIMIT_FSIZE, unlimited)
        append_log(folder, Amended(text="room again"), now=NOW)
        drafts = [
            path
            for path in Path(scratch).rglob("*")
            if ".draft-" in path.name or path.name.startswith(".other")
        ]
    print(
        f"{steps} limits of file size: {done} done, {refused} refused, {unnamed} without the file's name,"
        f" {changed} changed by a refused command, {len(drafts)} drafts left"
    )
    return bool(done and refused) and not (unnamed or changed or drafts)


def small_disk(_: int) -> bool:
    """A disk of 700 KiB fills up while records come in: what was acknowledged stays, the message names the file."""
    with tempfile.TemporaryDirectory() as scratch:
        mounted = subprocess.run(
            ["mount", "-t", "tmpfs", "-o", "size=700k", "tmpfs", scratch], capture_output=True, check=False
        )
        if mounted.returncode:
            print("skipped: a small disk cannot be mounted here")
            return True
        try:
            folder = new_folder(Path(scratch) / "trial")
            kept, message = 0, ""
            try:
                while True:
                    add_episodes(folder, records(kept, 50), now=NOW)
                    kept += 50
            except FolderError as error:
                message = str(error)
            there = len(stored_episodes(folder))
            chain = len(read_log(folder))
        finally:
            subprocess.run(["umount", scratch], check=True)
    print(
        f"small disk: {kept} records acknowledged, {there} there, log of {chain} lines; {message.split('/')[-1]}"
    )
    return kept == there > 0 and "trial.db: cannot be written" in message


def _state(folder: TrialFolder) -> tuple[object, ...]:
    return (
        folder.diary.read_bytes(),
        folder.report.read_bytes(),
        [episode.record_id for episode in stored_episodes(folder)],
        [line.sha256 for line in read_log(folder)],
    )


if __name__ == "__main__":
    kinds = {"kills": kills, "crowd": lambda n: crowd(4, n), "full": full, "disk": small_disk}
    sys.exit(not kinds[sys.argv[1]](int(sys.argv[2])))
