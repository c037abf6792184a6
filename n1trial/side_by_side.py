"""Several outcomes fitted and checked side by side, each in a process of its own."""

import time
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context
from queue import Empty
from typing import Any

from n1trial.checks import Case, Findings, Reading, run_checks
from n1trial.fit import Fit, OnStage, Stage, fit_model
from n1trial.outcomes import Outcome
from n1trial.trial import TrialData


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class CheckedFit:
    """A fit, what the checks beside it found, and the seconds that they took."""

    fit: Fit
    findings: Findings
    check_s: float = 0.0


def fit_outcomes(
    data: TrialData,
    outcomes: Sequence[Outcome],
    *,
    seed: int,
    readings: Sequence[Reading] = (),
    on_stage: OnStage = lambda name, said: None,
) -> list[CheckedFit]:
    """Fit and check several outcomes side by side, each in its own process: compiling keeps a core busy.

    Parameters
    ----------
    readings
        The same nights read in other ways, for the checks.
    on_stage
        Called in this process with the outcome's name and a few words at every new stage.
    """
    if len(outcomes) == 1:
        only = outcomes[0]
        return [_checked_fit(data, only, readings, seed, lambda said: on_stage(only.name, said))]
    context = get_context("spawn")
    said = context.Queue()
    with ProcessPoolExecutor(2, mp_context=context, initializer=_listen, initargs=(said,)) as pool:
        futures = [pool.submit(_fit_and_tell, data, outcome, readings, seed) for outcome in outcomes]
        while not all(future.done() for future in futures):
            try:
                on_stage(*said.get(timeout=0.1))
            except Empty:
                continue
        return [future.result() for future in futures]


def _checked_fit(
    data: TrialData, outcome: Outcome, readings: Sequence[Reading], seed: int, stage: Stage
) -> CheckedFit:
    fit = fit_model(data, outcome, seed=seed, stage=stage)
    stage("checking")
    started = time.perf_counter()
    findings = run_checks(Case(data=data, outcome=outcome, fit=fit, readings=tuple(readings)))
    return CheckedFit(fit=fit, findings=findings, check_s=time.perf_counter() - started)


_said: Any = None


def _listen(said: Any) -> None:
    global _said
    _said = said


def _fit_and_tell(data: TrialData, outcome: Outcome, readings: Sequence[Reading], seed: int) -> CheckedFit:
    return _checked_fit(data, outcome, readings, seed, lambda words: _said.put((outcome.name, words)))
