"""Did the sampler converge? Each convergence diagnostic as a line, with its limit.

Vehtari, Gelman, Simpson, Carpenter & Bürkner (2021), doi:10.1214/20-BA1221; Betancourt (2016),
arXiv:1604.00695, for E-BFMI. A fit that fails here has no verdict; see `convergence`.
"""

from n1trial.analysis.checks import Case, CheckResult, Findings, Quantity
from n1trial.inference.convergence import MAX_R_HAT, MIN_BFMI, MIN_ESS

NAME = "sampling"
R_HAT = "R-hat"


def applies(case: Case) -> bool:
    """There is a fit."""
    return case.fit is not None


def run(case: Case) -> Findings:
    """The worst of each figure over every parameter and variant, against its limit."""
    if case.fit is None:
        return Findings(results=())
    diagnostics = case.fit.diagnostics
    draws = f"{diagnostics.chains} chains of {diagnostics.draws} draws"
    figures = (
        (R_HAT, diagnostics.max_r_hat, diagnostics.max_r_hat < MAX_R_HAT, f"below {MAX_R_HAT}; {draws}"),
        ("bulk ESS", diagnostics.min_ess_bulk, diagnostics.min_ess_bulk >= MIN_ESS, f"{MIN_ESS} or more"),
        ("tail ESS", diagnostics.min_ess_tail, diagnostics.min_ess_tail >= MIN_ESS, f"{MIN_ESS} or more"),
        (
            "divergences",
            float(diagnostics.divergences),
            diagnostics.divergences <= diagnostics.divergences_allowed,
            "none, or one in a thousand draws after smaller steps",
        ),
        ("E-BFMI", diagnostics.min_bfmi, diagnostics.min_bfmi >= MIN_BFMI, f"{MIN_BFMI} or more"),
    )
    return Findings(
        results=tuple(
            CheckResult(
                check=f"{NAME}, {name}",
                estimate=figure,
                passed=bool(passed),
                note=limit,
                quantity=Quantity.R_HAT if name == R_HAT else Quantity.OTHER,
            )
            for name, figure, passed, limit in figures
        )
    )
