"""Quasi-Poisson regression of counts with block effects, per hour asleep where sleep time is known.

Generalised linear model (statsmodels) with log link, block and arm effects and the log of hours asleep as
offset; standard errors are scaled by Pearson's dispersion. Estimate and interval are log rate ratios.
"""

import numpy as np
import pandas as pd
import statsmodels.api as sm
from scipy import stats

from n1trial.analysis.checks import Case, CheckResult, Findings, Quantity
from n1trial.analysis.checks._notes import Figure, notes
from n1trial.analysis.effects import INTERVAL

NAME = "quasi-Poisson rate"


def applies(case: Case) -> bool:
    """Counts, with more nights than coefficients and some event in every arm."""
    data, outcome = case.data, case.outcome
    if outcome.kind != "count":
        return False
    nights = data.analysed(outcome)
    events = nights.groupby("arm")[outcome.name].sum()
    return bool((events > 0).all()) and len(nights) > data.blocks + len(data.arms)


def run(case: Case) -> Findings:
    """Log rate ratio of every contrast."""
    data, outcome = case.data, case.outcome
    nights = data.analysed(outcome)
    if data.sleep_time and data.sleep_time != outcome.name:
        nights = nights[nights[data.sleep_time] > 0]
        offset, unit = np.log(nights[data.sleep_time].to_numpy(float) / 60), "per hour asleep"
    else:
        offset, unit = np.zeros(len(nights)), "per night"
    arm = np.column_stack([(nights["arm"] == name).to_numpy(float) for name in data.treatments])
    block = pd.get_dummies(nights["block"], drop_first=True).to_numpy(float)
    design = np.column_stack([np.ones(len(nights)), arm, block])
    model = sm.GLM(nights[outcome.name].to_numpy(float), design, family=sm.families.Poisson(), offset=offset)
    fitted = model.fit(scale="X2")
    wide = float(stats.norm.ppf((1 + INTERVAL) / 2))
    results = []
    for contrast in data.contrasts:
        row = np.zeros(design.shape[1])
        for arm_name, sign in zip(contrast.arms, (1.0, -1.0), strict=True):
            if arm_name in data.treatments:
                row[1 + data.treatments.index(arm_name)] = sign
        estimate, error = float(row @ fitted.params), float(np.sqrt(row @ fitted.cov_params() @ row))
        note, short_note = notes(
            f"log rate ratio {unit}; standard error ",
            Figure(error, ".4f"),
            f"; dispersion {fitted.scale:.2f}",
        )
        results.append(
            CheckResult(
                check=NAME,
                contrast=contrast,
                estimate=estimate,
                low=estimate - wide * error,
                high=estimate + wide * error,
                p=float(2 * stats.norm.sf(abs(estimate / error))),
                note=note,
                short_note=short_note,
                quantity=Quantity.LOG_RATIO,
            )
        )
    return Findings(results=tuple(results))
