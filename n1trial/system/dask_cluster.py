"""Independent pieces of work on a Dask cluster."""

import asyncio
import importlib
import logging
import pickle
import platform
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import CancelledError, ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

from n1trial.errors import TaskError
from n1trial.system.attempt import Refused, attempt, result_of

CONNECT_S, FIRST_WORKER_S, NO_WORKER_S = 5, 10, 60
# Packages that the numbers depend on; between releases they may differ in the digits that are shown.
MAKES_NUMBERS = ("n1trial", "numba", "numpy", "nutpie", "pandas", "pymc", "pytensor", "scipy", "statsmodels")
NAMED_DIFFERENCES = 3


def on_cluster[T, R](
    work: Callable[[T], R],
    items: Sequence[T],
    *,
    scheduler: str,
    on_done: Callable[[int, int], None],
    retries: int,
) -> list[R]:
    """Results in the order of the items, as `run_tasks` has them."""
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
            results[futures[future]] = result_of(future.result())
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
        return Refused(
            error=TaskError(
                f"worker on {platform.node()}: cannot import the work ({error}): install it there, or put it"
                " on PYTHONPATH before dask worker starts"
            )
        )
    return attempt(work, item)


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
