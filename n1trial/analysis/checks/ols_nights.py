"""Regression of nights on arms: what most apps do, shown for comparison.

Ordinary least squares on single nights (statsmodels), with plain standard errors and with errors that
allow for a week of correlation (HAC, Newey & West 1987, Bartlett kernel). Both treat nights of one period
as if each had been randomised: with 7-night periods and no effect they reject in 9 to 24 % of trials at
night-to-night correlations of .2 to .6. Never the basis of a verdict.
"""

from typing import Any

import numpy as np
import statsmodels.api as sm

from n1trial.analysis.checks import Case, CheckResult, Findings
from n1trial.analysis.checks._notes import Figure, notes
from n1trial.analysis.effects import INTERVAL
from n1trial.data.trial_data import TrialData

NAME = "nights as if independent"
NAME_HAC = "nights, correlated errors"
HAC_NIGHTS = 7


def applies(case: Case) -> bool:
    """More nights than arms."""
    data, outcome = case.data, case.outcome
    return len(data.analysed(outcome)) > len(data.arms) + 1


def run(case: Case) -> Findings:
    """Two rows a contrast: plain and HAC standard errors."""
    data, outcome = case.data, case.outcome
    nights = data.analysed(outcome)
    indicators = [(nights["arm"] == name).to_numpy(float) for name in data.arms]
    model = sm.OLS(nights[outcome.name].to_numpy(float), np.column_stack(indicators))
    lags = min(HAC_NIGHTS, len(nights) - 1)
    fits = {
        NAME: (model.fit(), "rejects too often, as the nights of a period are not independent"),
        NAME_HAC: (
            model.fit(cov_type="HAC", cov_kwds={"maxlags": lags, "use_correction": True}),
            f"Newey-West, {lags} nights; rejects too often where there are few periods",
        ),
    }
    results = []
    for contrast in data.contrasts:
        along = np.array(
            [float(name == contrast.arm) - float(name == contrast.comparator) for name in data.arms]
        )
        for name, (fitted, remark) in fits.items():
            test = fitted.t_test(along)
            low, high = test.conf_int(alpha=1 - INTERVAL)[0]
            error = Figure(float(test.sd.item()), ".6f")
            note, short_note = notes(
                "standard error ", error, "; ", *level_of(fitted, data, contrast.comparator), f"; {remark}"
            )
            results.append(
                CheckResult(
                    check=name,
                    contrast=contrast,
                    estimate=float(test.effect.item()),
                    low=float(low),
                    high=float(high),
                    p=float(test.pvalue),
                    note=note,
                    short_note=short_note,
                )
            )
    return Findings(results=tuple(results))


def level_of(fitted: Any, data: TrialData, arm: str) -> tuple[str | Figure, ...]:
    """Mean of an arm and its standard error, as parts of a note."""
    at = data.arms.index(arm)
    return f"mean of {arm} ", Figure(fitted.params[at], ".5f"), " (", Figure(fitted.bse[at], ".5f"), ")"
