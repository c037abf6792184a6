"""The same nights under three priors with a name: a sceptic's, the default, and what others found.

The default draws are weighed anew (`n1trial.reweighted`), so no prior costs a second sampling. Sleep time only: the
literature speaks of minutes. Glycine N(5, 15) and magnesium N(8, 15) min from the trials in the report's
"what others found": Yamadera 2007, Bannai 2012; Mah & Pitre 2021, +16 (-6, 38) min, drawn towards nothing.
An arm is told by its name; one that is neither keeps the default.
"""

import numpy as np
import numpy.typing as npt

from n1trial.checks import Case, CheckResult, Findings
from n1trial.effects import INTERVAL, contrast_draws
from n1trial.reweighted import MAX_K, smoothed_weights, weighted_quantiles

NAME = "prior"
GLYCINE, MAGNESIUM = (5.0, 15.0), (8.0, 15.0)

type Array = npt.NDArray[np.float64]


def applies(case: Case) -> bool:
    """A fit of sleep time in minutes, whose effects are parameters with a Gaussian prior."""
    return case.fit is not None and case.outcome.name == "tst_min" and case.fit.densities is not None


def run(case: Case) -> Findings:
    """Mean and interval of every contrast under each prior."""
    if case.fit is None:
        return Findings(results=())
    posterior, default = case.fit.posterior, (0.0, case.fit.prior_sd)
    arms = case.data.treatments
    found = {arm: _found(arm, case.data.labels[arm], default) for arm in arms}
    priors = {
        "sceptical": dict.fromkeys(arms, (0.0, case.fit.prior_sd / 2)),
        "default": dict.fromkeys(arms, default),
        "what others found": found,
    }
    tails = ((1 - INTERVAL) / 2, (1 + INTERVAL) / 2)
    results = []
    for name, other in priors.items():
        ratio = np.sum(
            [
                _log_density(posterior["effect"].sel(contrast=arm).to_numpy().ravel(), *other[arm])
                - _log_density(posterior["effect"].sel(contrast=arm).to_numpy().ravel(), *default)
                for arm in arms
            ],
            axis=0,
        )
        same = not np.ptp(ratio) > 0
        weights, k = (np.full(len(ratio), 1 / len(ratio)), 0.0) if same else smoothed_weights(ratio)
        for arm, comparator in case.data.contrasts:
            draws = contrast_draws(posterior, case.data, case.outcome, arm, comparator)
            low, high = weighted_quantiles(draws, weights, tails)
            usable = k < MAX_K
            results.append(
                CheckResult(
                    check=f"{NAME}, {name}",
                    contrast=f"{arm} vs {comparator}",
                    estimate=float(weights @ draws) if usable else None,
                    low=low if usable else None,
                    high=high if usable else None,
                    note=f"{_in_words(other)}; {'' if same else f'draws weighed anew, k {k:.2f}'}".rstrip(
                        "; "
                    )
                    if usable
                    else f"{_in_words(other)}; too far from the draws (k {k:.2f}, must be below {MAX_K})",
                )
            )
    return Findings(results=tuple(results))


def _found(arm: str, label: str, default: tuple[float, float]) -> tuple[float, float]:
    named = f"{arm} {label}".lower()
    if "magnes" in named:
        return MAGNESIUM
    return GLYCINE if "glycin" in named else default


def _log_density(x: Array, mean: float, sd: float) -> Array:
    return -0.5 * ((x - mean) / sd) ** 2 - np.log(sd)


def _in_words(priors: dict[str, tuple[float, float]]) -> str:
    return ", ".join(f"{arm} N({mean:g}, {sd:g})" for arm, (mean, sd) in priors.items())
