"""The same nights under three priors with a name: a sceptic's, the default, and what others found.

The sceptic's answer is the fit's own variant; for what others found the default draws are reweighted
(`n1trial.inference.importance_sampling`), so no prior is sampled twice. Sleep time only: the literature speaks of
minutes. Glycine N(5, 15) and magnesium N(8, 15) min from the trials in the report's "what others found": Yamadera
2007, Bannai 2012; Mah & Pitre 2021, +16 (-6, 38) min, drawn towards nothing. An arm is recognised by its doses,
or by its name where none is known; one that is neither keeps the default.
"""

from dataclasses import replace

import numpy as np
import xarray as xr

from n1trial.analysis.checks import Case, CheckResult, Findings
from n1trial.analysis.contrasts import contrast_draws
from n1trial.analysis.effects import INTERVAL
from n1trial.inference.fit import Fit
from n1trial.inference.importance_sampling import MAX_K, smoothed_weights
from n1trial.inference.priors import SCEPTICAL_SHARE
from n1trial.inference.weighted_draws import weighted_quantiles
from n1trial.system.arrays import Array

NAME = "prior"
GLYCINE, MAGNESIUM = (5.0, 15.0), (8.0, 15.0)


def applies(case: Case) -> bool:
    """A fit of sleep time in minutes, whose effects are parameters with a Gaussian prior."""
    return case.fit is not None and case.outcome.measure.whole_sleep and case.fit.densities is not None


def run(case: Case) -> Findings:
    """Mean and interval of every contrast under each prior."""
    if case.fit is None:
        return Findings(results=())
    default = (0.0, case.fit.prior_sd)
    arms = case.data.treatments
    results = []
    for name, posterior, mean_and_sd in (
        ("sceptical", case.fit.variants.get("sceptical"), (0.0, SCEPTICAL_SHARE * case.fit.prior_sd)),
        ("default", case.fit.posterior, default),
    ):
        if posterior is not None:
            words = _in_words(dict.fromkeys(arms, mean_and_sd))
            results += _lines(case, name, posterior, words=words)
    literature = {"glycine": GLYCINE, "magnesium": MAGNESIUM, None: default}
    priors = {arm: literature[case.data.supplement(arm)] for arm in arms}
    return Findings(results=(*results, *_reweighted_lines(case, case.fit, priors, default=default)))


def _reweighted_lines(
    case: Case, fit: Fit, priors: dict[str, tuple[float, float]], *, default: tuple[float, float]
) -> list[CheckResult]:
    name, words = "what others found", _in_words(priors)
    drawn = {arm: fit.posterior["effect"].sel(contrast=arm).to_numpy().ravel() for arm in priors}
    ratio = np.sum(
        [_log_density(drawn[arm], *priors[arm]) - _log_density(drawn[arm], *default) for arm in priors],
        axis=0,
    )
    if not np.ptp(ratio) > 0:
        return _lines(case, name, fit.posterior, words=words)
    weights, k = smoothed_weights(ratio)
    if k < MAX_K:
        reweighted = f"{words}; by importance weights of the same draws, Pareto k {k:.2f}"
        return _lines(case, name, fit.posterior, words=reweighted, weights=weights)
    far = f"{words}; too far from the draws (Pareto k {k:.2f}, must be below {MAX_K})"
    return [
        replace(line, estimate=None, low=None, high=None)
        for line in _lines(case, name, fit.posterior, words=far)
    ]


def _lines(
    case: Case, name: str, posterior: xr.Dataset, *, words: str, weights: Array | None = None
) -> list[CheckResult]:
    results = []
    for contrast in case.data.contrasts:
        draws = contrast_draws(posterior, case.data, case.outcome, contrast)
        share = np.full(len(draws), 1 / len(draws)) if weights is None else weights
        low, high = weighted_quantiles(draws, share, ((1 - INTERVAL) / 2, (1 + INTERVAL) / 2))
        results.append(
            CheckResult(
                check=f"{NAME}, {name}",
                contrast=contrast,
                estimate=float(share @ draws),
                low=low,
                high=high,
                note=words,
            )
        )
    return results


def _log_density(x: Array, mean: float, sd: float) -> Array:
    return -0.5 * ((x - mean) / sd) ** 2 - np.log(sd)


def _in_words(priors: dict[str, tuple[float, float]]) -> str:
    return ", ".join(f"{arm} N({mean:g}, {sd:g})" for arm, (mean, sd) in priors.items())
