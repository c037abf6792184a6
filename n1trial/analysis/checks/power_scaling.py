"""How much do the effects depend on the priors, and how much on the nights? Power-scaling sensitivity.

Priors and likelihood are raised to powers around 1, and the posterior's move is measured (ArviZ,
`psense_summary`): Kallioinen, Paananen, Bürkner & Vehtari (2024), doi:10.1007/s11222-023-10366-5. The
standard normal values behind periods, blocks and weekdays are structure, not belief, and are not scaled.
"""

import warnings

import arviz_stats
import xarray as xr

from n1trial.analysis.checks import Case, CheckResult, Findings, Quantity
from n1trial.analysis.checks._notes import Figure, notes
from n1trial.design.contrast import Contrast
from n1trial.inference.compile_cache import LOG_LIKELIHOOD, LOG_PRIOR

NAME = "power-scaling"
THRESHOLD = 0.05


def applies(case: Case) -> bool:
    """A fit with its densities."""
    return case.fit is not None and case.fit.densities is not None


def run(case: Case) -> Findings:
    """Sensitivity of every arm's effect to the priors. It cannot fail: a wide posterior should depend on them."""
    if case.fit is None or case.fit.densities is None:
        return Findings(results=())
    densities = case.fit.densities
    believed = {
        str(name).removeprefix(LOG_PRIOR): densities[name]
        for name in densities
        if str(name).startswith(LOG_PRIOR) and not str(name).endswith("_z")
    }
    tree = xr.DataTree.from_dict(
        {
            "posterior": case.fit.posterior[["effect"]],
            "log_prior": xr.Dataset(believed),
            "log_likelihood": densities[[LOG_LIKELIHOOD]],
        }
    )
    with warnings.catch_warnings():
        # A k above .7 is reported in the note below, not by a warning.
        warnings.simplefilter("ignore")
        # No threshold: ArviZ would log advice of its own.
        table = arviz_stats.psense_summary(tree, var_names=["effect"], threshold=float("inf"))
    rows = zip(case.data.treatments, table.itertuples(index=False), strict=True)
    results = []
    for arm, row in rows:
        prior, likelihood = Figure(row.prior, ".3f"), Figure(row.likelihood, ".3f")
        note, short_note = notes(
            "to the priors ", prior, ", to the nights ", likelihood, f"; {_in_words(row)}"
        )
        results.append(
            CheckResult(
                check=NAME,
                contrast=Contrast(arm, case.data.reference),
                note=note,
                short_note=short_note,
                quantity=Quantity.OTHER,
            )
        )
    return Findings(
        results=tuple(results),
        tables={NAME: table[["prior", "likelihood"]].reset_index(names="effect")},
    )


def _in_words(row: object) -> str:
    prior, likelihood = getattr(row, "prior"), getattr(row, "likelihood")  # noqa: B009 - columns of a table
    if prior < THRESHOLD:
        return "the answer comes from the nights, hardly from the priors"
    if likelihood < THRESHOLD:
        return "the answer comes from the priors, hardly from the nights"
    return "priors and nights both move the answer"
