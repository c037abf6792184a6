"""Ctrl-C, also where Python would lose the exception."""

from __future__ import annotations

import signal
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from types import FrameType

# Callbacks of weak references, of which importing calls hundreds: an exception raised in one is printed and ignored.
LOSE_EXCEPTIONS = (("cb", "importlib._bootstrap"), ("remove", "weakref"))
RETRY_S = 0.001


def interrupt_on_ctrl_c() -> None:
    """From now on raise KeyboardInterrupt where it is not lost; a process that ignores Ctrl-C goes on ignoring it."""
    if sys.platform != "win32" and signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        signal.signal(signal.SIGALRM, interrupt)
        signal.signal(signal.SIGINT, interrupt)


def interrupt(number: int, frame: FrameType | None) -> None:
    """Raise KeyboardInterrupt, or try again in a moment."""
    if frame and (frame.f_code.co_name, frame.f_globals.get("__name__")) in LOSE_EXCEPTIONS:
        signal.setitimer(signal.ITIMER_REAL, RETRY_S)
        return
    raise KeyboardInterrupt
