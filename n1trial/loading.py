"""How processes get the sampler, which takes two seconds to load: loaded once, ahead, and forked."""

import signal
import sys
import tempfile
from multiprocessing import forkserver, get_context
from multiprocessing.context import BaseContext

# Named, not imported: a process that only waits has no use for it.
LOADED = "n1trial.loaded"
# A fork server listens at a socket in the folder for temporary files; a socket's path has room for 108 bytes.
LONGEST_FOLDER = 60


def load_ahead() -> None:
    """Begin to load the sampler in another process, where processes are forked, and come back at once."""
    if workers_context().get_start_method() != "forkserver":
        return
    # Ctrl-C reaches every process; one that only loads says nothing, and ends with this one.
    heard = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        forkserver.ensure_running()
    finally:
        signal.signal(signal.SIGINT, heard)


def workers_context() -> BaseContext:
    """How processes that sample are started: forked from one that has loaded the sampler, or each anew."""
    if sys.platform != "linux" or len(tempfile.gettempdir()) > LONGEST_FOLDER:
        return get_context("spawn")
    forked = get_context("forkserver")
    forked.set_forkserver_preload([LOADED])
    return forked
