"""Nothing is ever sent anywhere: the whole journey, watched by the operating system."""

import re
import shutil
import subprocess
import sys
from datetime import UTC, date, datetime
from pathlib import Path

import by_hand
import pytest

from n1trial.analysis.checks import Findings
from n1trial.analysis.fit_file import save_fits
from n1trial.analysis.parallel_fit import CheckedFit
from n1trial.planning.simulate import simulate_nights, write_fitbit_takeout, write_oura_web_csv
from n1trial.trial_folder.snapshot import read_trial
from n1trial.trial_folder.store import open_folder
from n1trial.workflows.demo import TRUTH

INTERNET = re.compile(r"connect\(\d+, \{sa_family=AF_INET6?\b.*")


def watched(arguments, traces: Path) -> list[str]:
    """Run a command under strace, with its children; every connection to the internet that it tried."""
    traces.mkdir()
    ran = subprocess.run(
        ["strace", "-f", "-ff", "-e", "trace=connect", "-o", traces / "trace", sys.executable, *arguments],
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode in (0, 3), ran.stderr
    written = [path.read_text(errors="replace") for path in traces.iterdir()]
    assert written
    return [line for text in written for line in text.splitlines() if INTERNET.match(line)]


def can_trace() -> bool:
    if shutil.which("strace") is None:
        return False
    return (
        subprocess.run(["strace", "-e", "trace=none", "true"], capture_output=True, check=False).returncode
        == 0
    )


@pytest.mark.slow
@pytest.mark.skipif(not can_trace(), reason="strace is not here or may not trace")
def test_the_whole_journey_connects_to_nothing(tmp_path):
    def run(*arguments):
        commands.append(arguments[0])
        return watched(["-m", "n1trial.cli", *map(str, arguments)], tmp_path / f"trace-{len(commands)}")

    commands: list[str] = []
    knock = "import socket; socket.socket().connect_ex(('127.0.0.1', 9))"
    assert len(watched(["-c", knock], tmp_path / "control")) == 1

    folder, connections = tmp_path / "trial", []
    protocol, start = "glycine-vs-magnesium-glycinate", date(2026, 1, 5)
    connections += run("new", folder, "-p", protocol, "--start", start, "--home-zone", "UTC")
    person = simulate_nights(open_folder(folder).schedule, TRUTH, seed=1)
    write_fitbit_takeout(person, tmp_path / "takeout.zip", zone="UTC")
    write_oura_web_csv(person, tmp_path / "oura.csv", zone="UTC")
    for export in ("takeout.zip", "oura.csv"):
        connections += run("import", folder, tmp_path / export)
    connections += run("log", folder, "--night", start, "--taken", "22:15", "--set", "caffeine_mg=80")
    connections += run("check", folder, "--ledger", tmp_path / "ledger.csv")
    connections += run("nights", tmp_path / "takeout.zip", "--out", tmp_path / "nights.csv")
    connections += run("protocols")
    prepare_fit(folder)
    connections += run("report", folder)
    print(f"{len(commands)} commands ({', '.join(commands)}): {len(connections)} connections to the internet")
    assert (folder / "report.html").exists()
    assert connections == []


def prepare_fit(path: Path) -> None:
    """Keep a fit made by hand of the folder's own nights, so that a report can be written without sampling."""
    trial = read_trial(path, now=datetime.now(UTC))
    data = trial.data
    fits = [by_hand.fit(data, outcome, [5.0, 20.0], 6.0) for outcome in data.outcomes]
    save_fits(trial.folder.fit, [CheckedFit(fit=fit, findings=Findings(results=())) for fit in fits])
