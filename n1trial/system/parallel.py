"""Independent pieces of work: in this process, on processes of this machine, or on any executor or cluster."""

import signal
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Executor, ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from multiprocessing import get_context, resource_tracker

from n1trial.errors import TaskError
from n1trial.system.attempt import Refused, attempt, result_of
from n1trial.system.dask_cluster import on_cluster

type OnDone = Callable[[int, int], None]

PROCESSES, RETRIES = 2, 2


def run_tasks[T, R](
    work: Callable[[T], R],
    items: Sequence[T],
    *,
    scheduler: str | None = None,
    executor: Executor | None = None,
    processes: int = PROCESSES,
    on_done: OnDone = lambda done, of: None,
    retries: int = RETRIES,
) -> list[R]:
    """Do the same work on every item; where it is done changes nothing about the results.

    Parameters
    ----------
    work : callable
        From an item to its result: a function that other processes can import, or a `functools.partial` of one.
    items : sequence
        What the work is done on.
    scheduler : str or None
        Address of a Dask scheduler, such as ``tcp://127.0.0.1:8786``: `work` and `items` are sent to it and
        its workers, and nowhere else. None: everything stays on this machine.
    executor : concurrent.futures.Executor or None
        Does the work instead of this machine's processes, such as loky's, ``mpi4py``'s ``MPIPoolExecutor``, or a Dask
        client's ``get_executor()``. It is not shut down.
    processes : int
        Processes on this machine. One, or a single item: in this process, without the seconds that starting
        another takes.
    on_done : callable
        Called in this process with the number of items done, and of all, whenever one more is done.
    retries : int
        How often work begins again after its process died, or after a cluster's worker failed at it. An
        `N1TrialError` is no accident and is raised at once. Workers that were killed are counted by the scheduler
        (``distributed.scheduler.allowed-failures``, 3 by default).

    Returns
    -------
    list
        Results in the order of the items.

    Raises
    ------
    TaskError
        Processes died again and again, no scheduler or worker can be reached, or workers have other versions.
    N1TrialError
        As `work` raised it.

    Examples
    --------
    >>> import math
    >>> from n1trial import run_tasks
    >>> run_tasks(math.sqrt, [9.0, 4.0, 1.0], processes=1)
    [3.0, 2.0, 1.0]
    """
    if scheduler is not None and items:
        return on_cluster(work, items, scheduler=scheduler, on_done=on_done, retries=retries)
    if executor is not None:
        return _on_executor(work, items, executor, on_done=on_done)
    if processes > 1 and len(items) > 1:
        return _on_processes(work, items, processes=processes, on_done=on_done, retries=retries)
    results = []
    for item in items:
        results.append(work(item))
        on_done(len(results), len(items))
    return results


def _on_executor[T, R](
    work: Callable[[T], R], items: Sequence[T], executor: Executor, *, on_done: OnDone
) -> list[R]:
    futures = {executor.submit(attempt, work, item): index for index, item in enumerate(items)}
    results: dict[int, R] = {}
    for future in as_completed(futures):
        results[futures[future]] = result_of(future.result())
        on_done(len(results), len(items))
    return [results[index] for index in range(len(items))]


def _on_processes[T, R](
    work: Callable[[T], R], items: Sequence[T], *, processes: int, on_done: OnDone, retries: int
) -> list[R]:
    results: dict[int, R] = {}
    for number in range(retries + 1):
        left = {index: item for index, item in enumerate(items) if index not in results}
        # A process mostly dies for want of memory: the second time each has the machine for itself.
        try:
            for index, outcome in _in_pool(work, left, processes=1 if number else processes):
                results[index] = result_of(outcome)
                on_done(len(results), len(items))
        except BrokenProcessPool:
            continue
        return [results[index] for index in range(len(items))]
    raise TaskError(
        f"processes: one died while working, {retries + 1} times ({len(results)} of {len(items)} tasks done):"
        " free some memory and try again"
    )


def _in_pool[T, R](
    work: Callable[[T], R], items: Mapping[int, T], *, processes: int
) -> Iterator[tuple[int, R | Refused]]:
    """Index and outcome of every item as they come."""
    pool = ProcessPoolExecutor(
        min(processes, len(items)), mp_context=get_context("spawn"), initializer=leave_at_ctrl_c
    )
    with pool:
        with starting_processes():
            futures = {pool.submit(attempt, work, item): index for index, item in items.items()}
        try:
            for future in as_completed(futures):
                yield futures[future], future.result()
        finally:
            pool.shutdown(wait=False, cancel_futures=True)


@contextmanager
def starting_processes() -> Iterator[None]:
    """Hold Ctrl-C back while processes start, which would print tracebacks; they call `leave_at_ctrl_c`.

    Ctrl-C reaches every process of the terminal. Those that are started here inherit that it is held back.
    """
    if sys.platform == "win32":
        yield
        return
    # First, since starting it would let the signal through.
    resource_tracker.ensure_running()
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def leave_at_ctrl_c() -> None:
    """Let Ctrl-C end this worker process without a traceback."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    if sys.platform != "win32":
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})
