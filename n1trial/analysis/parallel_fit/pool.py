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
    """A fit with the results of its checks.

    Attributes
    ----------
    fit
        The fit; its densities are dropped once the checks have run.
    findings
        The results of the checks.
    start_s, check_s
        Seconds that starting the process and checking took.
    """

    fit: Fit
    findings: Findings
    start_s: float = 0.0
    check_s: float = 0.0

    def __repr__(self) -> str:
        return f"<{self.fit!r} and {len(self.findings.results)} lines of checks>"


def fit_outcomes(
    cases: Sequence[Case], *, seed: int, on_stage: OnStage = lambda outcome, stage: None
) -> list[CheckedFit]:
    """Fit several outcomes in parallel and run their checks, each outcome in a process of its own.

    Parameters
    ----------
    cases : sequence of Case
        One for each outcome; their `fit` is not used.
    seed : int
        Seed of the sampler, the same for every outcome.
    on_stage : callable
        Called in this process with the outcome's name and a few words whenever a new stage begins.

    Returns
    -------
    list of CheckedFit
        In the order of `cases`, each with its fit and the results of its checks.

    Raises
    ------
    AnalysisError
        The nights hold too little to fit the model.
    TaskError
        A process died, as a rule for want of memory.

    Examples
    --------
    Each process samples for some seconds, so this example is not run. Scripts need the guard on `__name__`,
    because processes may import them again.

    >>> import n1trial
    >>> def main():
    ...     cases = [n1trial.Case(data=data, outcome=outcome) for outcome in data.outcomes]
    ...     for checked in n1trial.fit_outcomes(cases, seed=1):
    ...         print(n1trial.estimate_effects(checked.fit, data))
    >>> if __name__ == "__main__":
    ...     main()
    """
    for case in cases:
        on_stage(case.outcome.name, "loading the sampler")
    asked_at = time.time()
    context = loaded_context()
    stages = context.Queue()
    with ProcessPoolExecutor(
        min(PROCESSES, len(cases)), mp_context=context, initializer=_start, initargs=(stages, asked_at)
    ) as pool:
        futures = [pool.submit(_fit_in_process, case, seed) for case in cases]
        while not all(future.done() for future in futures):
            try:
                on_stage(*stages.get(timeout=0.05))
            except Empty:
                continue
        try:
            return [future.result() for future in futures]
        except BrokenProcessPool:
            raise TaskError("processes: one died while fitting: free some memory and try again") from None


_worker: Any = None
_stages: Any = None
_start_s = 0.0


def _start(stages: Any, asked_at: float) -> None:
    global _worker, _stages, _start_s
    leave_at_ctrl_c()
    _stages = stages
    _worker = importlib.import_module(LOADED).worker
    _start_s = time.time() - asked_at


def _fit_in_process(case: Case, seed: int) -> CheckedFit:
    checked = _worker.fit_and_check(
        case, seed=seed, stage=lambda words: _stages.put((case.outcome.name, words))
    )
    # Only the checks need the densities, which are many times larger than all else.
    return replace(checked, fit=replace(checked.fit, densities=None), start_s=_start_s)
