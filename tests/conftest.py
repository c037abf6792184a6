"""Figures that tests print are seen however they are run, each leaves the other a core, and long ones go first."""

import os
from pathlib import Path

import pytest

# Their tests take longest and begin first: as the last, one of them would keep a core waiting. Where the caches are
# empty the first compiles the models which those after `test_figures` use, and those before these need none of them.
LONGEST = (
    "test_fit_and_report",
    "test_cohort_calibration",
    "test_calibration",
    "test_cohort",
    "test_cohort_published",
    "test_compile_cache",
    "test_partial_centring",
    "test_report",
    "test_figures",
    "test_two_stage",
    "test_fit",
    "test_cli",
    "test_deidentify",
    "test_fuzz_importers",
    "test_checks",
    "test_kept_calibration",
    "test_cohort_folders",
    "test_inla",
)


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


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put the files of the longest tests before all others."""
    items.sort(key=lambda item: LONGEST.index(item.path.stem) if item.path.stem in LONGEST else len(LONGEST))
