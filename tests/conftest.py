"""Figures that tests print are seen however the tests are run, and tests side by side leave each other a core."""

import os
from pathlib import Path

import pytest


@pytest.hookimpl(trylast=True)
def pytest_configure(config: pytest.Config) -> None:
    """Let a worker of pytest-xdist print where everybody can read: its own standard output goes nowhere.

    What its reporter has to say, the reporter of the whole run says too.
    """
    if hasattr(config, "workerinput"):
        os.dup2(2, 1)
        config.get_terminal_writer()._file = Path(os.devnull).open("w")  # noqa: SIM115
    elif config.getoption("numprocesses", None):
        # Before the workers start: in a process that has NumPy already it comes too late.
        os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
