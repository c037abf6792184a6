"""Ctrl-C, heard also where Python would lose it."""

from __future__ import annotations

import signal
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from types import FrameType

# Callbacks of weak references, of which importing calls hundreds: what is raised in one is reported and ignored.
LOSES = (("cb", "importlib._bootstrap"), ("remove", "weakref"))
AGAIN_S = 0.001


def hear_ctrl_c() -> None:
    """From now on raise KeyboardInterrupt where it is not lost; a process that is deaf to Ctrl-C stays so."""
    if sys.platform != "win32" and signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        signal.signal(signal.SIGALRM, interrupt)
        signal.signal(signal.SIGINT, interrupt)


def interrupt(number: int, frame: FrameType | None) -> None:
    """Raise KeyboardInterrupt, or come back in a moment."""
    if frame and (frame.f_code.co_name, frame.f_globals.get("__name__")) in LOSES:
        signal.setitimer(signal.ITIMER_REAL, AGAIN_S)
        return
    raise KeyboardInterrupt
