"""Independent pieces of work: in this process, on processes of this machine, or on a Dask cluster."""

import asyncio
import importlib
import logging
import pickle
import platform
import signal
import sys
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import CancelledError, ProcessPoolExecutor, ThreadPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing import get_context, resource_tracker
from typing import Any

from n1trial.errors import N1TrialError, TaskError

type OnDone = Callable[[int, int], None]

PROCESSES, RETRIES = 2, 2
CONNECT_S, FIRST_WORKER_S, NO_WORKER_S = 5, 10, 60
# Packages that the numbers depend on; between releases they may differ in the digits that are shown.
MAKES_NUMBERS = ("n1trial", "numba", "numpy", "nutpie", "pandas", "pymc", "pytensor", "scipy", "statsmodels")
NAMED_DIFFERENCES = 3


def run_tasks[T, R](
    work: Callable[[T], R],
    items: Sequence[T],
    *,
    scheduler: str | None = None,
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
        return _on_cluster(work, items, scheduler=scheduler, on_done=on_done, retries=retries)
    if processes > 1 and len(items) > 1:
        return _on_processes(work, items, processes=processes, on_done=on_done, retries=retries)
    results = []
    for item in items:
        results.append(work(item))
        on_done(len(results), len(items))
    return results


@dataclass(frozen=True, slots=True, kw_only=True)
class _Refused:
    error: N1TrialError


def _attempt[T, R](work: Callable[[T], R], item: T) -> R | _Refused:
    """The result, or the caller's mistake as a value, so that the work is not tried again."""
    try:
        return work(item)
    except N1TrialError as error:
        return _Refused(error=error)


def _result_of[R](outcome: R | _Refused) -> R:
    if isinstance(outcome, _Refused):
        raise outcome.error
    return outcome


def _on_processes[T, R](
    work: Callable[[T], R], items: Sequence[T], *, processes: int, on_done: OnDone, retries: int
) -> list[R]:
    results: dict[int, R] = {}
    for attempt in range(retries + 1):
        left = {index: item for index, item in enumerate(items) if index not in results}
        # A process mostly dies for want of memory: the second time each has the machine for itself.
        try:
            for index, outcome in _in_pool(work, left, processes=1 if attempt else processes):
                results[index] = _result_of(outcome)
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
) -> Iterator[tuple[int, R | _Refused]]:
    """Index and outcome of every item as they come."""
    pool = ProcessPoolExecutor(
        min(processes, len(items)), mp_context=get_context("spawn"), initializer=leave_at_ctrl_c
    )
    with pool:
        with starting_processes():
            futures = {pool.submit(_attempt, work, item): index for index, item in items.items()}
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


def _on_cluster[T, R](
    work: Callable[[T], R], items: Sequence[T], *, scheduler: str, on_done: OnDone, retries: int
) -> list[R]:
    results: dict[int, R] = {}
    # Leaving it, early or not, makes the scheduler forget what is left.
    with _connected(scheduler) as (distributed, client), _naming_lost_workers(distributed, scheduler):
        _refuse_other_versions(client, scheduler)
        # As bytes, so that only a worker opens them: the scheduler need not load what the work stands on.
        futures = {
            client.submit(_unpack_and_attempt, pickle.dumps((work, item)), pure=False, retries=retries): index
            for index, item in enumerate(items)
        }
        for future in _as_done(distributed, client, list(futures), scheduler):
            results[futures[future]] = _result_of(future.result())
            # Else the scheduler would do it again when the worker that holds it goes.
            future.release()
            on_done(len(results), len(items))
        # Workers may have joined in the meantime.
        _refuse_other_versions(client, scheduler)
    return [results[index] for index in range(len(items))]


def _unpack_and_attempt(packed: bytes) -> Any:
    try:
        work, item = pickle.loads(packed)
    except (ImportError, AttributeError) as error:
        return _Refused(
            error=TaskError(
                f"worker on {platform.node()}: cannot import the work ({error}): install it there, or put it"
                " on PYTHONPATH before dask worker starts"
            )
        )
    return _attempt(work, item)


@contextmanager
def _connected(scheduler: str) -> Iterator[tuple[Any, Any]]:
    """Dask's module and a client with a worker behind it, closed whatever happens."""
    try:
        # By name, not by import: an extra, and nothing that could send is loaded before it is asked for.
        distributed = importlib.import_module("distributed")
    except ImportError as error:
        raise TaskError(
            f'scheduler {scheduler}: Dask is not installed here: pip install "n1trial[cluster]"'
        ) from error
    for name in ("distributed", "distributed.client", "distributed.core"):
        logging.getLogger(name).setLevel(logging.CRITICAL)
    _refuse_other_than_scheduler(distributed, scheduler)
    with warnings.catch_warnings():
        # It warns of other versions in a table; `_refuse_other_versions` says it in a line.
        warnings.simplefilter("ignore")
        client = distributed.Client(scheduler, timeout=CONNECT_S, set_as_default=False)
    with client, client.as_current():
        try:
            client.wait_for_workers(1, timeout=FIRST_WORKER_S)
        except TimeoutError as error:
            raise TaskError(
                f"scheduler {scheduler}: no worker has joined it: start one with dask worker {scheduler}"
            ) from error
        yield distributed, client


def _refuse_other_than_scheduler(distributed: Any, scheduler: str) -> None:
    """Refuse an address where no scheduler answers.

    A client that reaches nobody would keep its thread, and the program, for ten more seconds.
    """

    async def ask() -> str:
        security = distributed.Security().get_connection_args("client")
        asked = distributed.rpc(scheduler, timeout=CONNECT_S, connection_args=security)
        try:
            return str((await asyncio.wait_for(asked.identity(), CONNECT_S))["type"])
        finally:
            await asked.close_rpc()

    # In a thread of its own, since a notebook's has a loop already.
    with ThreadPoolExecutor(1) as thread:
        try:
            who = thread.submit(asyncio.run, ask()).result()
        # MemoryError: bytes of another protocol read as a message of exabytes.
        except (OSError, ValueError, KeyError, MemoryError) as error:
            raise TaskError(
                f"scheduler {scheduler}: no Dask scheduler answers there: start one with dask scheduler, and"
                " give the address that it prints"
            ) from error
    if who != "Scheduler":
        raise TaskError(
            f"scheduler {scheduler}: a Dask {who.lower()} answers there: give the scheduler's address"
        )


def _refuse_other_versions(client: Any, scheduler: str) -> None:
    versions = client.get_versions(packages=list(MAKES_NUMBERS))
    ours = _versions(versions["client"])
    others = {"the scheduler": versions["scheduler"], **versions["workers"]}
    differ = [
        f"{machine} has {name} {has or 'not at all'}, here it is {ours[name]}"
        for machine, theirs in others.items()
        for name, has in _versions(theirs).items()
        if has != ours[name]
    ]
    if differ:
        more = f" and {len(differ) - NAMED_DIFFERENCES} more" if len(differ) > NAMED_DIFFERENCES else ""
        raise TaskError(
            f"scheduler {scheduler}: other versions make other numbers ({'; '.join(differ[:NAMED_DIFFERENCES])}{more}):"
            " install the same on every machine"
        )


def _versions(versions: Mapping[str, Any]) -> dict[str, str | None]:
    python = ".".join(versions["host"]["python"].split(".")[:2])
    return {"python": python} | {name: versions["packages"].get(name) for name in MAKES_NUMBERS}


def _as_done(distributed: Any, client: Any, futures: list[Any], scheduler: str) -> Iterator[Any]:
    """Futures as they are done; an error when every worker has left and none comes back."""
    left = futures
    while left:
        try:
            done, left = distributed.wait(left, timeout=NO_WORKER_S, return_when="FIRST_COMPLETED")
        except TimeoutError:
            if not client.nthreads():
                raise TaskError(
                    f"scheduler {scheduler}: its last worker left, and {len(left)} tasks are not done: start"
                    f" one with dask worker {scheduler}"
                ) from None
            continue
        left = list(left)
        yield from done


@contextmanager
def _naming_lost_workers(distributed: Any, scheduler: str) -> Iterator[None]:
    try:
        yield
    except distributed.KilledWorker as error:
        raise TaskError(
            f"scheduler {scheduler}: {error.allowed_failures + 1} workers died on the same task, the last of"
            f" them {error.last_worker.address}: give workers more memory, or read what they wrote"
        ) from error
    except (CancelledError, distributed.comm.CommClosedError) as error:
        raise TaskError(
            f"scheduler {scheduler}: it went away before all was done: start it and its workers again"
        ) from error
