"""Work for other processes, each of which imports this module: no more of it than they need."""

import os
import signal
import time

from n1trial.errors import AnalysisError

REFUSED = "diary.csv: line 3 has no date (): write one"


def slow(number, *, seconds):
    time.sleep(seconds)
    return number


def mark(number, *, marks):
    (marks / str(number)).touch()
    time.sleep(0.2)


def refuse(number, *, marks):
    (marks / f"{number}-{time.monotonic_ns()}").touch()
    raise AnalysisError(REFUSED)


def die_once(number, *, mark):
    """Kill the process that works, the first time."""
    if not mark.exists():
        mark.touch()
        os.kill(os.getpid(), signal.SIGKILL)
    return number


def die(number):
    os.kill(os.getpid(), signal.SIGKILL)
