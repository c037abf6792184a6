"""Several outcomes fitted and checked in parallel, each in a process of its own."""

from __future__ import annotations

import gc
import importlib
import time
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass, replace
from multiprocessing import get_context
from queue import Empty
from typing import TYPE_CHECKING, Any

from n1trial.errors import TaskError
from n1trial.inference.fit import Fit, OnStage, Stage
from n1trial.system.parallel import leave_at_ctrl_c, starting_processes

if TYPE_CHECKING:
    from n1trial.analysis.checks import Case, Findings

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
    because processes import them again.

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
    context = get_context("spawn")
    stages = context.Queue()
    pool = ProcessPoolExecutor(
        min(PROCESSES, len(cases)), mp_context=context, initializer=_start, initargs=(stages,)
    )
    with pool:
        with starting_processes():
            futures = [pool.submit(_fit_in_process, case, seed=seed, asked_at=time.time()) for case in cases]
        while not all(future.done() for future in futures):
            try:
                on_stage(*stages.get(timeout=0.05))
            except Empty:
                continue
        try:
            return [future.result() for future in futures]
        except BrokenProcessPool:
            raise TaskError("processes: one died while fitting: free some memory and try again") from None


_stages: Any = None


def _start(stages: Any) -> None:
    global _stages
    leave_at_ctrl_c()
    # Among the objects of a hundred modules this takes a quarter of the time that importing them does.
    gc.disable()
    _stages = stages


def _fit_in_process(case: Case, *, seed: int, asked_at: float) -> CheckedFit:
    started = time.time()
    checked = fit_and_check(case, seed=seed, stage=lambda words: _stages.put((case.outcome.name, words)))
    # Only the checks need the densities, which are many times larger than all else.
    return replace(checked, fit=replace(checked.fit, densities=None), start_s=started - asked_at)


def fit_and_check(case: Case, *, seed: int, stage: Stage = lambda stage: None) -> CheckedFit:
    """Fit the outcome of a case in this process, and run every check that applies to it.

    Raises
    ------
    AnalysisError
        The nights hold too little to fit the model.
    """
    # Imported here, since a process that only waits for others does not need them.
    sampling = importlib.import_module("n1trial.inference.sampling")
    checks = importlib.import_module("n1trial.analysis.checks")
    fit = sampling.fit_model(case.data, case.outcome, seed=seed, stage=stage)
    stage("checking")
    started = time.perf_counter()
    findings = checks.run_checks(replace(case, fit=fit))
    return CheckedFit(fit=fit, findings=findings, check_s=time.perf_counter() - started)
