"""Tables of one's own analysed without the sampler: effects by the fast engine, then all that a report is made of."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import xarray as xr

from n1trial.analysis.checks import Case, Findings, checks
from n1trial.analysis.parallel_fit import CheckedFit
from n1trial.data.trial_data import TrialData
from n1trial.design.outcomes import Outcome
from n1trial.inference.fit import Diagnostics, Fit
from n1trial.inference.inla import fast_fit, fit_counts
from n1trial.inference.models import model_for
from n1trial.report import Material, write_report
from n1trial.system.arrays import Array
from n1trial.workflows.fit_trial import Analysis, analysis_of

CHAINS, DRAWS = 4, 500
# Checks that draw nights from every parameter of the model.
OF_ALL_PARAMETERS = ("posterior predictive",)


def fast_fitted(data: TrialData, outcome: Outcome) -> Fit:
    """A fit whose draws are those of the fast engine; of a count, of the rates of its reference."""
    rng = np.random.default_rng(1)
    model = model_for(outcome)
    if outcome.kind == "count":
        counts = fit_counts(data, outcome)
        changes = [counts.contrast(arm, data.reference, scale=outcome.scale) for arm in data.treatments]
        draws = np.column_stack([rng.normal(each.mean, each.sd, CHAINS * DRAWS) for each in changes])
        further: dict[str, tuple[tuple[str, ...], Array]] = {}
    else:
        fit = fast_fit(data, outcome)
        at = rng.choice(len(fit.weights), CHAINS * DRAWS, p=fit.weights / fit.weights.sum())
        draws = np.array([rng.multivariate_normal(fit.means[each], fit.covariances[each]) for each in at])
        night_sd = data.analysed(outcome)[outcome.name].std()
        further = {"sigma": (("chain", "draw"), np.full((CHAINS, DRAWS), float(night_sd)))}
    posterior = xr.Dataset(
        {"effect": (("chain", "draw", "contrast"), draws.reshape(CHAINS, DRAWS, -1)), **further},
        coords={"contrast": list(data.treatments)},
    )
    return Fit(
        outcome=outcome,
        model=model.NAME,
        assumes=model.ASSUMES,
        formula=model.FORMULA,
        priors=model.priors(data, outcome),
        prior_sd=model.effect_prior_sd(data, outcome),
        posterior=posterior,
        diagnostics=Diagnostics(
            chains=CHAINS,
            draws=DRAWS,
            max_r_hat=1.0,
            min_ess_bulk=2000,
            min_ess_tail=2000,
            divergences=0,
            min_bfmi=1.0,
        ),
        nights=len(data.analysed(outcome)),
        data_sha256=data.sha256,
        seed=1,
    )


def fast_checked(cases: Sequence[Case], **_: object) -> list[CheckedFit]:
    """Every case fitted by the fast engine, and checked by what needs no densities."""
    return [
        CheckedFit(fit=fit, findings=_findings(Case(data=case.data, outcome=case.outcome, fit=fit)))
        for case in cases
        for fit in (fast_fitted(case.data, case.outcome),)
    ]


def _findings(case: Case) -> Findings:
    found = [
        check.run(case)
        for name, check in checks().items()
        if name not in OF_ALL_PARAMETERS and check.applies(case)
    ]
    return Findings(
        results=tuple(line for each in found for line in each.results),
        tables={name: table for each in found for name, table in each.tables.items()},
    )


def fast_analysis(data: TrialData, report: Path | None = None, *, title: str = "") -> Analysis:
    """What `n1trial analyse` makes of a table, effects by the fast engine; the report too where a path is given."""
    analysis = analysis_of(data, fast_checked([Case(data=data, outcome=each) for each in data.outcomes]))
    material = Material(
        data=data,
        fits=analysis.fits,
        effects=analysis.effects,
        checks=analysis.checks,
        tables=analysis.tables,
        title=title,
        facts={"table": "nights.csv"},
    )
    if report is not None:
        write_report(report, material)
    return analysis
