"""What a person types from day to day, and what goes wrong then."""

import os
import pty
import subprocess
import sys
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path

import pytest
from test_analysis_data import START, plain_logs, write_logs
from test_cli import EXPORTS, TEMPLATE, TODAY, TOMORROW, invoke, n1trial, own_trial

from n1trial.cli import GROUPS, cli
from n1trial.cli._console import open_in_browser
from n1trial.data.diary import read_diary
from n1trial.data.importers import read_exports
from n1trial.data.nights import nightly
from n1trial.design.protocol import read_protocol
from n1trial.design.schedule import randomise
from n1trial.planning.simulate import diary_text, simulate_nights, write_oura_web_csv
from n1trial.trial_folder.create import make_trial
from n1trial.trial_folder.store import open_folder, read_log
from n1trial.workflows import demo

__all__ = ["own_trial"]
NEXT_WEEK = (date.fromisoformat(TODAY) + timedelta(days=7)).isoformat()


def on_a_terminal(*arguments, answers=""):
    """What a command prints on a terminal, with answers typed."""
    ours, theirs = pty.openpty()
    with subprocess.Popen(
        [sys.executable, "-m", "n1trial", *map(str, arguments)],
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        close_fds=True,
    ) as running:
        os.close(theirs)
        os.write(ours, answers.encode())
        shown = b""
        try:
            while chunk := os.read(ours, 65536):
                shown += chunk
        except OSError:  # the end of a terminal on Linux
            pass
    os.close(ours)
    return running.returncode, shown.decode().replace("\r\n", "\n")


def test_help_lists_every_command_once_in_order_of_use_and_cuts_nothing():
    shown = invoke("--help").output
    listed = [str(each.name) for group in GROUPS.values() for each in group]
    assert sorted(listed) == sorted(cli.commands)
    assert list(cli.commands) == listed
    assert [shown.index(f"\n  {name} ") for name in listed] == sorted(
        shown.index(f"\n  {name} ") for name in listed
    )
    assert "..." not in shown.partition("To begin:")[2]


def test_the_module_is_the_command():
    ran = subprocess.run(
        [sys.executable, "-m", "n1trial", "--version"], capture_output=True, text=True, check=True
    )
    assert "version" in ran.stdout


@pytest.mark.parametrize(
    "command", ["import", "log", "today", "check", "amend", "forget", "history", "fit", "report"]
)
def test_a_file_in_the_place_of_the_trial_folder_is_named(command, tmp_path):
    (tmp_path / "export.zip").write_bytes(b"")
    ran = n1trial(command, tmp_path / "export.zip", "my-trial")
    assert ran.returncode == 2
    assert "export.zip is a file: the trial folder comes first" in ran.stderr


def test_an_import_of_nights_to_come_is_refused_without_yes_and_forgotten_again(own_trial, tmp_path):
    export = write_logs(tmp_path / "sleep-2050-01-01.json", [later(log) for log in plain_logs(range(3))])
    refused = invoke("import", own_trial, export)
    assert "3 nights of the export are after today" in str(refused.exception)
    assert len(read_log(open_folder(own_trial))) == 1
    assert "3 new" in invoke("import", own_trial, export, "--yes").output
    assert f"{export.name} is taken out: 3 records" in invoke("forget", own_trial, export).output
    events = [line.kind for line in read_log(open_folder(own_trial))]
    assert events == ["trial made", "import", "forgotten"]


def later(log):
    return log | {name: log[name].replace("2026", "2050") for name in ("startTime", "endTime")}


def test_on_a_terminal_a_doubt_is_asked(own_trial):
    code, shown = on_a_terminal("log", own_trial, "--night", TOMORROW, "--not-taken", answers="y\n")
    assert (code, "is still to come. Go on" in shown) == (0, True)
    code, _ = on_a_terminal("log", own_trial, "--night", TOMORROW, "--taken", "22:15", answers="n\n")
    assert code == 130


def test_nights_are_summed_up_on_a_terminal_and_a_table_in_a_pipe():
    export = next((EXPORTS / "fitbit").glob("*/"))
    code, shown = on_a_terminal("nights", export)
    assert code == 0
    assert " with a sleep time\n" in shown
    assert "sleep time: mean" in shown
    assert "night,tst_min" not in shown
    assert n1trial("nights", export).stdout.startswith("night,tst_min,")


def test_the_history_prints_every_line_and_the_protocol_of_the_start(own_trial):
    before = (own_trial / "protocol.yaml").read_text()
    assert "1 line, none changed or removed; the last is " in invoke("history", own_trial).output
    invoke("amend", own_trial, "moved house")
    shown = invoke("history", own_trial).output
    assert "  trial made: protocol " in shown
    assert "  amendment: moved house\n" in shown
    assert "2 lines, none changed or removed; the last is " in shown
    (own_trial / "protocol.yaml").write_text(before.replace("compound_mg: 3000", "compound_mg: 300"))
    assert f"n1trial history {own_trial} --protocol" in str(invoke("today", own_trial).exception)
    assert invoke("history", own_trial, "--protocol").output == before


def test_a_pause_and_a_new_bedtime_are_logged_and_write_the_calendar(own_trial):
    before = (own_trial / "schedule.ics").read_bytes()
    shown = invoke("amend", own_trial, "on holiday", "--pause", TOMORROW, NEXT_WEEK).output
    assert f"paused from {TOMORROW} to {NEXT_WEEK}" in shown
    paused = (own_trial / "schedule.ics").read_bytes()
    assert b"Paused: sleep as usual" in paused
    assert b"Paused" not in before
    assert (
        "import it into your calendar again"
        in invoke("amend", own_trial, "a job", "--bedtime", "21:30").output
    )
    assert open_folder(own_trial).bedtime.isoformat() == "21:30:00"
    (own_trial / "schedule.ics").unlink()
    invoke("today", own_trial, "--calendar")
    assert b"Paused: sleep as usual" in (own_trial / "schedule.ics").read_bytes()
    both = n1trial("amend", own_trial, "x", "--stop", "--bedtime", "21:30")
    assert (both.returncode, "one change each" in both.stderr) == (2, True)


@pytest.mark.parametrize(("path", "failing"), [("none", None), ("with", "exit 3"), ("with", "exit 0")])
def test_a_page_without_a_browser_is_named_in_one_line(tmp_path, monkeypatch, capfd, path, failing):
    if failing is not None:
        opener = tmp_path / "xdg-open"
        opener.write_text(f"#!/bin/sh\necho no browser; echo none >&2; {failing}\n")
        opener.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(sys, "platform", "linux")
    open_in_browser(Path("report.html"))
    captured = capfd.readouterr()
    expected = "" if failing == "exit 0" else "no browser was found here: open report.html in yours\n"
    assert (captured.out, captured.err) == ("", expected)


def test_by_the_clock_the_morning_is_asked_until_noon_and_else_the_evening(tmp_path, monkeypatch):
    folder = tmp_path / "trial"
    invoke("new", folder, "-p", TEMPLATE, "--start", TODAY, "--home-zone", "UTC")
    for hour, first in ((8, "How often do you remember waking"), (21, "Caffeine mg"), (1, "Caffeine mg")):
        at = datetime.combine(date.fromisoformat(TODAY) + timedelta(days=1), datetime.min.time(), UTC)
        monkeypatch.setattr("n1trial.cli.daily.now", lambda at=at, hour=hour: at + timedelta(hours=hour))
        assert f"  {first}" in invoke("log", folder, answers="\n" * 12).output.split("2 of")[0]


def test_the_two_devices_of_the_demo_differ(tmp_path):
    folder = make_trial(
        tmp_path / "trial",
        protocol=TEMPLATE,
        start=demo.START,
        seed=demo.ALLOCATION_SEED,
        home_zone=None,
        now=datetime(2026, 1, 1, tzinfo=UTC),
    )
    person = simulate_nights(folder.schedule, demo.TRUTH, seed=demo.PERSON)
    ring = demo.as_a_ring_recorded(person)
    write_oura_web_csv(ring, tmp_path / "oura.csv")
    difference = (ring.table["tst_min"] - person.table["tst_min"])[ring.table["present"]]
    assert -14 < difference.mean() < -4
    assert 9 < difference.std() < 19
    assert ring.table["present"].sum() < person.table["present"].sum()
    # Each device's nights come back as it kept them.
    read = nightly(read_exports([tmp_path / "oura.csv"], on_note=lambda note: None)).table
    assert read["tst_min"].dropna().tolist() == ring.table.loc[ring.table["present"], "tst_min"].tolist()


def test_nobody_guesses_in_a_demo_whose_arms_are_known(tmp_path):
    protocol = read_protocol(TEMPLATE)
    person = simulate_nights(randomise(protocol, start=demo.START, seed="77" * 32), demo.TRUTH, seed=1)
    path = tmp_path / "diary.csv"
    for hidden in (True, False):
        path.write_text(diary_text(person, protocol, hidden=hidden))
        assert read_diary(path, protocol).table["guess"].notna().any() == hidden


def test_check_and_today_count_the_same_nights_in_the_morning(tmp_path, monkeypatch):
    folder = tmp_path / "trial"
    invoke("new", folder, "-p", TEMPLATE, "--start", START, "--home-zone", "UTC")
    morning = datetime.combine(START + timedelta(days=14), time(9), UTC)
    for commands in ("daily", "conduct"):
        monkeypatch.setattr(f"n1trial.cli.{commands}.now", lambda: morning)
    logs = write_logs(tmp_path / "sleep-2026-01-05.json", plain_logs(range(14)))
    assert invoke("import", folder, logs).exit_code == 0
    assert "14 of 14 nights so far are recorded" in invoke("check", folder).output
    assert "14 of 14" in invoke("today", folder).output
