"""Posterior draws of one arm against another, and what the nights say of the contrast without the prior."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import scipy

from n1trial.data.trial_data import TrialData
from n1trial.design.contrast import Contrast
from n1trial.design.outcomes import Outcome
from n1trial.design.verdict import NightsAlone, contrast_prior_sd
from n1trial.inference.fit import Fit
from n1trial.inference.model_matrix import count_unit
from n1trial.system.arrays import Array

if TYPE_CHECKING:
    import xarray as xr


def contrast_draws(posterior: xr.Dataset, data: TrialData, outcome: Outcome, contrast: Contrast) -> Array:
    """Posterior draws of arm minus comparator.

    Parameters
    ----------
    posterior : Dataset [chain, draw, contrast]
        Holds `effect`, each arm minus the reference.
    data, outcome
        The trial, and the outcome that was fitted.
    contrast
        The two arms; either may be the reference.

    Returns
    -------
    ndarray [draw], in `outcome.contrast_unit`
    """
    ours, theirs = (_against_reference(posterior, data, "effect", name) for name in contrast.arms)
    if outcome.scale == "percent":
        return 100.0 * ((1.0 + ours / 100.0) / (1.0 + theirs / 100.0) - 1.0)
    return ours - theirs


def _against_reference(posterior: xr.Dataset, data: TrialData, variable: str, name: str) -> Array:
    """Draws [draw] of a variable of an arm against the reference; 0 for the reference itself."""
    if name == data.reference:
        return np.zeros(posterior.sizes["chain"] * posterior.sizes["draw"])
    return np.asarray(posterior[variable].sel(contrast=name).to_numpy(), dtype=float).ravel()


def nights_alone(fit: Fit, data: TrialData, contrast: Contrast, *, mean: float, sd: float) -> NightsAlone:
    """What the nights say of a contrast without the prior.

    Counts are taken on the log scale, on which their posterior is nearly Gaussian.
    """
    outcome = fit.outcome
    to_reference = data.reference in contrast.arms
    prior_sd = contrast_prior_sd(fit.prior_sd, against_reference=to_reference)
    if outcome.kind != "count" or "delta" not in fit.posterior:
        return NightsAlone.of(outcome.sign * mean, sd, prior_sd=prior_sd, mid=outcome.mid)
    ours, theirs = (_against_reference(fit.posterior, data, "delta", name) for name in contrast.arms)
    log_ratio = ours - theirs
    return NightsAlone.of_counts(
        float(log_ratio.mean()),
        float(log_ratio.std()),
        prior_sd=prior_sd / count_unit(data, outcome),
        outcome=outcome,
        usual=_rate_on(fit, data, contrast.comparator),
    )


def _rate_on(fit: Fit, data: TrialData, arm: str) -> float:
    """About how many wakes a night there are on an arm, at the posterior means."""
    arms = data.analysed(fit.outcome)["arm"]
    mean_effect = sum(
        float((arms == name).mean()) * _against_reference(fit.posterior, data, "delta", name).mean()
        for name in data.treatments
    )
    level = float(fit.posterior["level_wakes" if "level_wakes" in fit.posterior else "level"].mean())
    on_arm = _against_reference(fit.posterior, data, "delta", arm).mean()
    return float(np.exp(level - mean_effect + on_arm))


def better_nights(fit: Fit, draws: Array) -> float | None:
    """Probability that one night on the arm is better than one on the comparator, 0 to 1; None for counts."""
    if "sigma" not in fit.posterior or fit.outcome.kind != "continuous":
        return None
    standardised = fit.outcome.sign * draws / (np.sqrt(2.0) * np.ravel(fit.posterior["sigma"].to_numpy()))
    if "nu" not in fit.posterior:
        return float(scipy.special.ndtr(standardised).mean())
    # The difference of two t nights is close to a t of the same ν; its centre is what matters here.
    return float(scipy.special.stdtr(np.ravel(fit.posterior["nu"].to_numpy()), standardised).mean())
