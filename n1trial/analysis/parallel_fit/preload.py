"""How processes get the sampler, whose import takes two seconds: imported once, in advance, and forked."""

import signal
import sys
import tempfile
from multiprocessing import forkserver, get_context, resource_tracker
from multiprocessing.context import BaseContext

# Named, not imported: the process that only waits does not need it.
LOADED = "n1trial.analysis.parallel_fit._preloaded"
# A fork server listens at a socket in the folder for temporary files; a socket's path has room for 108 bytes.
LONGEST_FOLDER = 60


def load_ahead() -> None:
    """Begin to load the sampler in another process, where processes are forked, and come back at once."""
    if workers_context().get_start_method() != "forkserver":
        return
    # First, since starting it would unblock the signal.
    resource_tracker.ensure_running()
    # Ctrl-C reaches every process. This one gets it when the signal is unblocked; the fork server inherits the
    # block, and ends with this one.
    previous_mask = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        forkserver.ensure_running()
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, previous_mask)


def loaded_context() -> BaseContext:
    """`workers_context`, once the sampler is loaded where processes are forked."""
    load_ahead()
    context = workers_context()
    if context.get_start_method() == "forkserver":
        # Processes requested during the import are forked after it, even where Ctrl-C has ended this one, and then
        # print tracebacks. A first process that does nothing waits for the import instead.
        waiting = context.Process(target=_nothing)  # type: ignore[attr-defined]
        waiting.start()
        waiting.join()
    return context


def leave_at_ctrl_c() -> None:
    """Let Ctrl-C end this worker process without a traceback."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    if sys.platform != "win32":
        # It was forked from a process in which the signal is blocked.
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
