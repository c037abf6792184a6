"""Analysis of variance of the period means: a frequentist analysis whose test holds its level.

Period means ~ block + arm by least squares (statsmodels), complete blocks only. With nights that resemble
their neighbours a test on nights rejects falsely in up to one trial of four; this one rejects in 3.6 to 6.9 % of
trials without an effect, in every nuisance case simulated.
"""

import numpy as np
import pandas as pd
import statsmodels.formula.api as smf

from n1trial.analysis.checks import Case, CheckResult, Findings
from n1trial.analysis.checks._notes import Figure, notes
from n1trial.analysis.checks._period_means import complete_blocks, left_out_note
from n1trial.analysis.effects import INTERVAL

NAME = "period means"


def applies(case: Case) -> bool:
    """Two complete blocks are the least that leaves anything to judge chance by."""
    return len(complete_blocks(case.data, case.outcome)) >= 2


def run(case: Case) -> Findings:
    """Difference of arm means within blocks, t interval and p, for every contrast."""
    data, outcome = case.data, case.outcome
    means = complete_blocks(data, outcome)
    blocks, arms = means.shape
    table = pd.DataFrame(
        {
            "mean": means.ravel(),
            "block": np.repeat(np.arange(blocks), arms),
            "arm": np.tile(np.arange(arms), blocks),
        }
    )
    fitted = smf.ols("mean ~ C(block) + C(arm)", data=table).fit()
    results = []
    for contrast in data.contrasts:
        row = pd.Series(0.0, index=fitted.params.index)
        for name, sign in zip(contrast.arms, (1.0, -1.0), strict=True):
            column = f"C(arm)[T.{data.arms.index(name)}]"
            if column in row.index:
                row[column] = sign
        test = fitted.t_test(row.to_numpy())
        low, high = test.conf_int(alpha=1 - INTERVAL)[0]
        error = Figure(float(test.sd.item()), ".3f")
        note, short_note = notes(f"{left_out_note(data, blocks)}; standard error ", error)
        results.append(
            CheckResult(
                check=NAME,
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
