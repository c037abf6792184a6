"""Nights of a design become a mixture of Gaussians: the compiled part of the fast engine.

The functions are those of `_compiled` and, of counts, of `_counts`, each loaded when one is first used: with numba that
takes a third of a second. A command that will soon want a single answer, and has other things to load and to read, may
`load_beside` it before.
"""

import importlib
import signal
import sys
from contextlib import suppress
from multiprocessing import get_context
from multiprocessing.connection import Connection
from typing import Any

OF_COUNTS = ("chance_above", "fit_count_nights", "log_ways", "nightly")

_beside: Connection | None = None


def __getattr__(name: str) -> Any:
    if name.startswith("__"):
        raise AttributeError(name)
    where = "_counts" if name in OF_COUNTS else "_compiled"
    return getattr(importlib.import_module(f"n1trial.inference.kernels.{where}"), name)


def load_beside() -> None:
    """Begin to load in another process, which will answer one `fit_one`, and come back at once."""
    global _beside
    # Once NumPy is here it has threads, and a lock that one of them holds would stay locked in the copy.
    if sys.platform != "linux" or "numpy" in sys.modules:
        return
    forked = get_context("fork")
    _beside, theirs = forked.Pipe()
    forked.Process(target=_answer_one, args=(theirs,), daemon=True).start()
    theirs.close()


def fit_one(*nights: Any) -> Any:
    """`_compiled.fit_one`, by the process beside this one if there is one."""
    global _beside
    asked, _beside = _beside, None
    if asked is not None:
        with asked, suppress(EOFError, OSError):
            asked.send(nights)
            return asked.recv()
    return __getattr__("fit_one")(*nights)


def _answer_one(asked: Connection) -> None:
    # Ctrl-C reaches every process; one that only helps leaves without a word.
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    if _beside is not None:
        # A copy of the other's end, which would stay open when the other has gone.
        _beside.close()
    # What fails here fails again in the process that asks, and is told there.
    with suppress(Exception):
        compiled = importlib.import_module("n1trial.inference.kernels._compiled")
        compiled.fit_one(*compiled.few_nights())
        asked.send(compiled.fit_one(*asked.recv()))
