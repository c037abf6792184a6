"""Leave-one-out cross-validation: no single night should be too much for the model.

PSIS-LOO (ArviZ, `loo`): Vehtari, Gelman & Gabry (2017), doi:10.1007/s11222-016-9696-4. A night with k of .7
or more changes the posterior so much that its own prediction cannot be judged.
"""

import warnings

import arviz_stats
import numpy as np
import pandas as pd
import xarray as xr

from n1trial.analysis.checks import Case, CheckResult, Findings, Quantity
from n1trial.inference.compile_cache import LOG_LIKELIHOOD

NAME = "leave one night out"
MAX_K = 0.7


def applies(case: Case) -> bool:
    """A fit with its densities."""
    return case.fit is not None and case.fit.densities is not None


def run(case: Case) -> Findings:
    """Expected log predictive density, the largest k, and k and density of every night."""
    if case.fit is None or case.fit.densities is None:
        return Findings(results=())
    densities = case.fit.densities[LOG_LIKELIHOOD]
    # Rows without a record have weight 0 in the likelihood.
    recorded = densities.isel(night=(densities != 0).any(("chain", "draw")).to_numpy())
    tree = xr.DataTree.from_dict(
        {
            "posterior": case.fit.posterior[["effect"]],
            "log_likelihood": recorded.rename("nights").to_dataset(),
        }
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        result = arviz_stats.loo(tree, pointwise=True)
    k = np.ravel(result.pareto_k.to_numpy())
    worst, bad = float(np.nanmax(k)), int((~(k < MAX_K)).sum())
    return Findings(
        results=(
            CheckResult(
                check=NAME,
                estimate=worst,
                passed=bad == 0,
                quantity=Quantity.OTHER,
                note=f"largest k over {len(k)} nights, must be below {MAX_K}; elpd {result.elpd:.1f}"
                f" (standard error {result.se:.1f}), effective parameters {result.p:.1f}"
                + (f"; {bad} night{'s' if bad > 1 else ''} above" if bad else ""),
            ),
        ),
        tables={NAME: pd.DataFrame({"k": k, "elpd": np.ravel(result.elpd_i.to_numpy())})},
    )
