"""Several outcomes fitted and checked side by side, each in a process of its own."""

import importlib
import time
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass, replace
from queue import Empty
from typing import Any

from n1trial.analysis.checks import Case, Findings
from n1trial.analysis.parallel_fit.preload import LOADED, leave_at_ctrl_c, loaded_context
from n1trial.errors import TaskError
from n1trial.inference.fit import Fit, OnStage

PROCESSES = 2


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class CheckedFit:
    """A fit, what the checks beside it found, and the seconds that starting and checking took."""

    fit: Fit
    findings: Findings
    start_s: float = 0.0
    check_s: float = 0.0

    def __repr__(self) -> str:
        return f"<{self.fit!r} and {len(self.findings.results)} lines of checks>"


def fit_outcomes(
    cases: Sequence[Case], *, seed: int, on_stage: OnStage = lambda name, said: None
) -> list[CheckedFit]:
    """Fit and check several outcomes side by side, each in its own process: compiling keeps a core busy.

    Parameters
    ----------
    cases
        One an outcome.
    on_stage
        Called in this process with the outcome's name and a few words at every new stage.

    Raises
    ------
    AnalysisError
        The nights cannot teach the model anything.
    TaskError
        A process died.
    """
    for case in cases:
        on_stage(case.outcome.name, "loading the sampler")
    asked_at = time.time()
    context = loaded_context()
    said = context.Queue()
    with ProcessPoolExecutor(
        min(PROCESSES, len(cases)), mp_context=context, initializer=_start, initargs=(said, asked_at)
    ) as pool:
        futures = [pool.submit(_fit_and_tell, case, seed) for case in cases]
        while not all(future.done() for future in futures):
            try:
                on_stage(*said.get(timeout=0.05))
            except Empty:
                continue
        try:
            return [future.result() for future in futures]
        except BrokenProcessPool:
            raise TaskError("processes: one died while fitting: free some memory and try again") from None


_worker: Any = None
_said: Any = None
_start_s = 0.0


def _start(said: Any, asked_at: float) -> None:
    global _worker, _said, _start_s
    leave_at_ctrl_c()
    _said = said
    _worker = importlib.import_module(LOADED).worker
    _start_s = time.time() - asked_at


def _fit_and_tell(case: Case, seed: int) -> CheckedFit:
    checked = _worker.fit_and_check(
        case, seed=seed, stage=lambda words: _said.put((case.outcome.name, words))
    )
    # Its densities were for the checks; they are many times larger than all else.
    return replace(checked, fit=replace(checked.fit, densities=None), start_s=_start_s)
