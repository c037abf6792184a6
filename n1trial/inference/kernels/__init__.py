"""The compiled part of the fast engine: the nights of a design become a mixture of Gaussians.

For Gaussian nights these are `_gram`, `_lines`, `_sigma`, `_gaussian` and `_fits`, for counts `_count_nights`,
`_newton` and `_counts`. Each is imported when a function of it is first used, since with numba that takes a third of
a second. A command that needs a single fit, and has other modules to import first, may start the import in another
process by `load_beside`.
"""

import importlib
import signal
import sys
from contextlib import suppress
from multiprocessing import get_context
from multiprocessing.connection import Connection
from typing import Any

_MODULES = {
    "fit_each": "_fits",
    "fit_one": "_fits",
    "gram_classes": "_gram",
    "integrate": "_gaussian",
    "chance_above": "_count_nights",
    "fit_count_nights": "_counts",
    "log_ways": "_count_nights",
    "nightly": "_count_nights",
}

_beside: Connection | None = None


def __getattr__(name: str) -> Any:
    if name not in _MODULES:
        raise AttributeError(name)
    return getattr(importlib.import_module(f"n1trial.inference.kernels.{_MODULES[name]}"), name)


def load_beside() -> None:
    """Import in a process of its own, which will compute one `fit_one`; return at once."""
    global _beside
    # After NumPy is imported there are threads, and a lock that one of them holds would stay locked in a forked
    # process.
    if sys.platform != "linux" or "numpy" in sys.modules:
        return
    forked = get_context("fork")
    _beside, theirs = forked.Pipe()
    forked.Process(target=_answer_one, args=(theirs,), daemon=True).start()
    theirs.close()


def fit_one(*nights: Any) -> Any:
    """`_fits.fit_one`, by the process of `load_beside` if there is one."""
    global _beside
    connection, _beside = _beside, None
    if connection is not None:
        with connection, suppress(EOFError, OSError):
            connection.send(nights)
            return connection.recv()
    return __getattr__("fit_one")(*nights)


def _answer_one(connection: Connection) -> None:
    # Ctrl-C reaches every process of the terminal; this one ends without a traceback.
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    if _beside is not None:
        # The inherited end of the parent, which would otherwise stay open after the parent has ended.
        _beside.close()
    # An error here is raised again in the parent, which then fits by itself.
    with suppress(Exception):
        fits = importlib.import_module("n1trial.inference.kernels._fits")
        fits.fit_one(*fits.few_nights())
        connection.send(fits.fit_one(*connection.recv()))
