"""How processes get the sampler, which takes two seconds to load: loaded once, ahead, and forked."""

import signal
import sys
import tempfile
from multiprocessing import forkserver, get_context, resource_tracker
from multiprocessing.context import BaseContext

# Named, not imported: a process that only waits has no use for it.
LOADED = "n1trial.analysis.parallel_fit._preloaded"
# A fork server listens at a socket in the folder for temporary files; a socket's path has room for 108 bytes.
LONGEST_FOLDER = 60


def load_ahead() -> None:
    """Begin to load the sampler in another process, where processes are forked, and come back at once."""
    if workers_context().get_start_method() != "forkserver":
        return
    # Before the block, which it would lift
    resource_tracker.ensure_running()
    # Ctrl-C reaches every process. This one hears it a moment later; the one that loads hears nothing, and ends
    # with this one.
    heard = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        forkserver.ensure_running()
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, heard)


def loaded_context() -> BaseContext:
    """`workers_context`, once the sampler is loaded where processes are forked."""
    load_ahead()
    context = workers_context()
    if context.get_start_method() == "forkserver":
        # Processes asked for while it loads are forked after it, also where Ctrl-C has ended this one: then they
        # would tell in tracebacks what they miss. One that has nothing to do misses nothing.
        waiting = context.Process(target=_nothing)  # type: ignore[attr-defined]
        waiting.start()
        waiting.join()
    return context


def leave_at_ctrl_c() -> None:
    """Let Ctrl-C end this process, which only works for another one, without a traceback."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    if sys.platform != "win32":
        # It was forked from one that does not hear it.
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})


def workers_context() -> BaseContext:
    """How processes that sample are started: forked from one that has loaded the sampler, or each anew."""
    if sys.platform != "linux" or len(tempfile.gettempdir()) > LONGEST_FOLDER:
        return get_context("spawn")
    forked = get_context("forkserver")
    forked.set_forkserver_preload([LOADED])
    return forked


def _nothing() -> None:
    pass
