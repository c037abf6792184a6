"""The steady-state effect of a dose taken every night, where the effect builds up over nights.

`models.carry_over` without sampling: the nights follow the exposure to each arm (`build_up`), and the fast engine
fits them at a few half-lives around the stated ones, weighted by prior and marginal likelihood. Nights contain little
information on half-lives, so the answer depends on what is stated. Where several arms build up, all half-lives are
multiplied by the same factor, so that a quadrature of few points is enough.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from n1trial.data.trial_data import TrialData
from n1trial.design.contrast import Contrast
from n1trial.design.outcomes import Outcome
from n1trial.design.verdict import INTERVAL, LEAST_RECOVERED
from n1trial.inference.build_up import LongerPeriods, exposure_to, periods_that_tell, recovered_share
from n1trial.inference.inla.counts import CountFit, fit_counts
from n1trial.inference.inla.design import nights_of
from n1trial.inference.inla.gaussian import FastFit, fit_design
from n1trial.inference.inla.mixture import Components, normalised
from n1trial.inference.inla.priors import Priors
from n1trial.inference.model_matrix import columns_of
from n1trial.inference.priors import HALF_LIFE_STATED
from n1trial.system.arrays import Array

FACTOR_Z, FACTOR_W = np.polynomial.hermite_e.hermegauss(5)


@dataclass(frozen=True, slots=True, kw_only=True)
class Steady:
    """An effect once it has built up, arm minus comparator, in the outcome's contrast unit.

    Attributes
    ----------
    recovered : float
        Share of it that the averages over periods show, if half of it builds up in `half_life_nights`.
    period_nights : int
        Median length of a period.
    half_life_nights : float
        Half-life as stated.
    mean, sd, low, high : float
        Posterior mean, SD and equal-tailed interval.
    telling : LongerPeriods or None
        A trial that could show it; None where none of up to two years could.
    """

    recovered: float
    period_nights: int
    half_life_nights: float
    mean: float
    sd: float
    low: float
    high: float
    telling: LongerPeriods | None


def steady_effects(data: TrialData, outcome: Outcome) -> dict[Contrast, Steady]:
    """Steady effects of contrasts of which the schedule shows less than `LEAST_RECOVERED`.

    Raises
    ------
    AnalysisError
        The nights cannot inform the model: an empty arm, a constant outcome, too few nights.
    """
    shares = {contrast: recovered_share(data, outcome, contrast) for contrast in data.contrasts}
    slow = {contrast: share for contrast, share in shares.items() if share < LEAST_RECOVERED}
    if not slow:
        return {}
    fit = steady_fit(data, outcome)
    night_sd, period_sd = _spread(fit, data, outcome)
    periods = data.table.loc[data.table["period"] > 0, "period"].value_counts()
    effects = {}
    for contrast, share in slow.items():
        effect = (
            fit.contrast(*contrast.arms, scale=outcome.scale)
            if isinstance(fit, CountFit)
            else fit.contrast(*contrast.arms)
        )
        low, high = effect.interval(INTERVAL)
        half_life = max(data.half_lives.get(name) or 0.0 for name in contrast.arms)
        effects[contrast] = Steady(
            recovered=share,
            period_nights=round(float(periods.median())),
            half_life_nights=half_life,
            mean=effect.mean,
            sd=effect.sd,
            low=low,
            high=high,
            telling=periods_that_tell(half_life, night_sd=night_sd, period_sd=period_sd, mid=outcome.mid),
        )
    return effects


def _spread(fit: FastFit | CountFit, data: TrialData, outcome: Outcome) -> tuple[float, float]:
    """SD from night to night and between periods, in the outcome's contrast unit."""
    expected = fit.weights @ fit.spread
    if not isinstance(fit, CountFit):
        sigma, phi, period_sd = expected[:3]
        return float(sigma * np.sqrt((1 + phi) / (1 - phi))), float(period_sd)
    level = float(data.analysed(outcome)[outcome.name].mean())
    in_unit = 100.0 if outcome.scale == "percent" else level
    # Of a generalised Poisson count the variance is level / (1 - ω)².
    return in_unit / (level**0.5 * (1 - expected[0])), in_unit * expected[1]


def steady_fit(data: TrialData, outcome: Outcome) -> FastFit | CountFit:
    """Fit the nights to the exposures, averaged over half-lives."""
    by_factor = [_exposures(data, float(np.exp(HALF_LIFE_STATED.scale * z))) for z in FACTOR_Z]
    if outcome.kind == "count":
        return _mixed([fit_counts(data, outcome, exposures=exposures) for exposures in by_factor])
    columns = columns_of(data, outcome)
    design, y = nights_of(data, outcome)
    priors, row = Priors().for_trial(data, outcome), columns.row[columns.used > 0]
    return _mixed([fit_design(design, y, priors=priors, exposures=exposures[row]) for exposures in by_factor])


def _mixed[F: Components](fits: Sequence[F]) -> F:
    logs = np.log(FACTOR_W) + np.array([fit.log_evidence for fit in fits])
    shares, log_evidence = normalised(logs)
    return replace(
        fits[0],
        weights=np.concatenate([share * fit.weights for share, fit in zip(shares, fits, strict=True)]),
        means=np.concatenate([fit.means for fit in fits]),
        covariances=np.concatenate([fit.covariances for fit in fits]),
        spread=np.concatenate([fit.spread for fit in fits]),
        log_evidence=log_evidence,
    )


def _exposures(data: TrialData, factor: float) -> Array:
    """Exposure to every arm but the reference on each night of the table [row, arm]."""
    return np.column_stack(
        [exposure_to(data, arm, factor * (data.half_lives.get(arm) or 0.0)) for arm in data.treatments]
    )
