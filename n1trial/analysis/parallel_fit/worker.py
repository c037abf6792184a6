"""One outcome fitted and checked: what a process of its own does."""

import time
from dataclasses import replace

from n1trial.analysis.checks import Case, run_checks
from n1trial.analysis.parallel_fit.pool import CheckedFit
from n1trial.inference.fit import Stage
from n1trial.inference.sampling import fit_model


def fit_and_check(case: Case, *, seed: int, stage: Stage = lambda said: None) -> CheckedFit:
    """Fit the outcome of a case and run every check that applies to it.

    Raises
    ------
    AnalysisError
        The nights cannot teach the model anything.
    """
    fit = fit_model(case.data, case.outcome, seed=seed, stage=stage)
    stage("checking")
    started = time.perf_counter()
    findings = run_checks(replace(case, fit=fit))
    return CheckedFit(fit=fit, findings=findings, check_s=time.perf_counter() - started)
