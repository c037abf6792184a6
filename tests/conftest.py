"""Figures that tests print are seen however the tests are run."""

import os

import pytest


@pytest.hookimpl(trylast=True)
def pytest_configure(config: pytest.Config) -> None:
    """Let a worker of pytest-xdist print where everybody can read: its own standard output goes nowhere.

    What its reporter has to say, the reporter of the whole run says too.
    """
    if hasattr(config, "workerinput"):
        os.dup2(2, 1)
        config.get_terminal_writer()._file = open(os.devnull, "w")  # noqa: SIM115
