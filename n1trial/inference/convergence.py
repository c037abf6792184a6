"""Did the sampler converge? The diagnostics, and the gate: which of them forbid a verdict.

Vehtari, Gelman, Simpson, Carpenter & Bürkner (2021), doi:10.1214/20-BA1221; Betancourt (2016),
arXiv:1604.00695, for E-BFMI.
"""

from collections.abc import Callable, Iterable, Sequence
from typing import Any

import arviz_stats
import numpy as np
import xarray as xr

from n1trial.inference.fit import Diagnostics

MAX_R_HAT, MIN_ESS, MIN_BFMI = 1.01, 400, 0.3
MAX_DIVERGENT_SHARE_AT_SECOND_TRY = 0.001


def diagnose(tree: xr.DataTree, names: Iterable[str], *, second_try: bool = False) -> Diagnostics:
    """Convergence figures, the worst over the named parameters.

    Parameters
    ----------
    tree
        Groups "posterior" [chain, draw, ...], and "sample_stats" with "energy" and "diverging" [chain, draw].
    names
        Variables of the posterior to look at.
    second_try
        Whether this was not the first attempt; then a thousandth of the draws may be divergent.
    """
    posterior = tree["posterior"].to_dataset()[list(names)]
    # By its rank an infinite draw would count as a large one.
    posterior = posterior.where(np.isfinite(posterior))
    with np.errstate(divide="ignore", invalid="ignore"):
        bfmi = arviz_stats.bfmi(tree["sample_stats"]["energy"])

    def worst(statistic: xr.Dataset, pick: Callable[[Any], float]) -> float:
        values = np.concatenate([np.ravel(statistic[name].to_numpy()) for name in statistic.data_vars])
        return float("nan") if np.isnan(values).any() else float(pick(values))

    return Diagnostics(
        chains=posterior.sizes["chain"],
        draws=posterior.sizes["draw"],
        max_r_hat=worst(arviz_stats.rhat(posterior), np.max),
        min_ess_bulk=worst(arviz_stats.ess(posterior, method="bulk"), np.min),
        min_ess_tail=worst(arviz_stats.ess(posterior, method="tail"), np.min),
        divergences=int(tree["sample_stats"]["diverging"].sum()),
        min_bfmi=float(bfmi.min(skipna=False)),
        divergences_allowed=divergences_allowed(posterior.sizes["chain"] * posterior.sizes["draw"])
        if second_try
        else 0,
    )


def divergences_allowed(draws: int) -> int:
    """How many of so many draws may be divergent at a second attempt."""
    return int(MAX_DIVERGENT_SHARE_AT_SECOND_TRY * draws)


def convergence_problems(diagnostics: Diagnostics) -> tuple[str, ...]:
    """What forbids a verdict, one sentence each; empty when the gate is passed.

    Comparisons are written so that a figure that is not a number is a problem.
    """
    problems = []
    if not diagnostics.max_r_hat < MAX_R_HAT:
        problems.append(f"the chains disagree (R-hat {diagnostics.max_r_hat:.3f}, must be below {MAX_R_HAT})")
    if not min(diagnostics.min_ess_bulk, diagnostics.min_ess_tail) >= MIN_ESS:
        least = min(diagnostics.min_ess_bulk, diagnostics.min_ess_tail)
        problems.append(
            f"too few independent draws (effective sample size {least:.0f}, must be {MIN_ESS} or more)"
        )
    if not diagnostics.divergences <= diagnostics.divergences_allowed:
        problems.append(
            f"the sampler lost its way {diagnostics.divergences} times (divergences, must be"
            f" {diagnostics.divergences_allowed})"
        )
    if not diagnostics.min_bfmi >= MIN_BFMI:
        problems.append(
            f"the sampler moved too slowly (E-BFMI {diagnostics.min_bfmi:.2f}, must be {MIN_BFMI} or more)"
        )
    return tuple(problems)


def worst_of(all_diagnostics: Sequence[Diagnostics]) -> Diagnostics:
    """The worst of every figure over several samplings; divergences are added up."""
    return Diagnostics(
        chains=all_diagnostics[0].chains,
        draws=all_diagnostics[0].draws,
        max_r_hat=max(each.max_r_hat for each in all_diagnostics),
        min_ess_bulk=min(each.min_ess_bulk for each in all_diagnostics),
        min_ess_tail=min(each.min_ess_tail for each in all_diagnostics),
        divergences=sum(each.divergences for each in all_diagnostics),
        min_bfmi=min(each.min_bfmi for each in all_diagnostics),
        divergences_allowed=sum(each.divergences_allowed for each in all_diagnostics)
        if all(each.divergences <= each.divergences_allowed for each in all_diagnostics)
        else 0,
    )
