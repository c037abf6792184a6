"""Figures that tests print are seen however the tests are run."""

import os

import pytest


def pytest_configure(config: pytest.Config) -> None:
    """Let a worker of pytest-xdist print where everybody can read: its own standard output goes nowhere."""
    if hasattr(config, "workerinput"):
        os.dup2(2, 1)
