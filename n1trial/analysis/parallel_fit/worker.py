"""Fit and check one outcome: what each process of the pool does."""

import time
from dataclasses import replace

from n1trial.analysis.checks import Case, run_checks
from n1trial.analysis.parallel_fit.pool import CheckedFit
from n1trial.inference.fit import Stage
from n1trial.inference.sampling import fit_model


def fit_and_check(case: Case, *, seed: int, stage: Stage = lambda stage: None) -> CheckedFit:
    """Fit the outcome of a case and run every check that applies to it.

    Raises
    ------
    AnalysisError
        The nights hold too little to fit the model.
    """
    fit = fit_model(case.data, case.outcome, seed=seed, stage=stage)
    stage("checking")
    started = time.perf_counter()
    findings = run_checks(replace(case, fit=fit))
    return CheckedFit(fit=fit, findings=findings, check_s=time.perf_counter() - started)
