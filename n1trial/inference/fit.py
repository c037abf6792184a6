"""A fit: a posterior, and all that is needed to trust it or to make it again.

It is defined apart from `sampling`, which makes it, so that a fit can be read and reported without importing the
sampler.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from n1trial.design.outcomes import Outcome
from n1trial.markup.html_repr import card, line

if TYPE_CHECKING:
    import xarray as xr

type Stage = Callable[[str], None]
type OnStage = Callable[[str, str], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Diagnostics:
    """Convergence figures of a fit: the worst over all parameters, and over all variants that were sampled.

    Attributes
    ----------
    chains : int
        Markov chains.
    draws : int
        Draws of each chain, after tuning.
    max_r_hat : float
        Largest rank-normalised split R-hat.
    min_ess_bulk : float
        Smallest bulk effective sample size, in draws.
    min_ess_tail : float
        Smallest tail effective sample size, in draws.
    divergences : int
        Divergent transitions, over all chains.
    min_bfmi : float
        Smallest E-BFMI of a chain.
    divergences_allowed : int
        How many divergent transitions there may be for a verdict; 0 where some variant had more than it may.
    """

    chains: int
    draws: int
    max_r_hat: float
    min_ess_bulk: float
    min_ess_tail: float
    divergences: int
    min_bfmi: float
    divergences_allowed: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Fit:
    """The posterior of one outcome, and all that is needed to trust it or to make it again.

    Attributes
    ----------
    outcome : Outcome
        What was compared, its unit, and the smallest worthwhile effect.
    model : str
        Name of the model, such as "duration".
    assumes : str
        What the model assumes, in a sentence for lay readers.
    formula : str
        Terms and likelihood of the model.
    priors : Mapping of str to str
        Every prior in words and numbers, by what it is of.
    prior_sd : float
        SD of the prior of an effect, in the outcome's contrast unit.
    posterior : Dataset [chain, draw, ...]
        Every free variable and deterministic of the model; `effect` [chain, draw, contrast] is arm minus reference, in
        the outcome's contrast unit.
    variants : Mapping of str to Dataset [chain, draw, contrast]
        The same model under other assumptions: "sceptical" (a narrower prior) and, for counts whose sleep time is
        known, "equal sleep". Variables by contrast alone are kept.
    densities : Dataset [chain, draw, ...] or None
        Log likelihood [chain, draw, night], and the log prior density [chain, draw] of every free variable; None in
        a fit that was read from a file.
    diagnostics : Diagnostics
        Convergence figures, the worst over all that was sampled.
    problems : tuple of str
        Why the sampling cannot be trusted, a sentence each. With any of them there is no verdict.
    nights : int
        Analysed nights.
    data_sha256 : str
        SHA-256 of the nights that were fitted, in hexadecimal digits.
    seed : int
        Seed of the sampler.
    versions : Mapping of str to str
        Versions of the packages that made the draws.
    compile_s : float
        Seconds spent on building and compiling, or on loading what was compiled before.
    sample_s : float
        Seconds spent on sampling, all variants together.
    why_not_kept : str
        Why the compiled code was not kept on disk; empty where it was, and in a fit that was read from a file.

    See Also
    --------
    fit_model : Makes a fit.

    Examples
    --------
    `fit` is that of `fit_model`'s example.

    >>> fit.outcome.name, fit.model
    ('tst_min', 'duration')
    >>> fit.posterior["effect"].dims
    ('chain', 'draw', 'contrast')
    >>> fit.priors["effect of each arm"]
    'Normal(0, 25) min'
    """

    outcome: Outcome
    model: str
    assumes: str
    formula: str
    priors: Mapping[str, str]
    prior_sd: float
    posterior: xr.Dataset
    variants: Mapping[str, xr.Dataset] = field(default_factory=dict)
    densities: xr.Dataset | None = None
    diagnostics: Diagnostics
    problems: tuple[str, ...] = ()
    nights: int
    data_sha256: str
    seed: int
    versions: Mapping[str, str] = field(default_factory=dict)
    compile_s: float = 0.0
    sample_s: float = 0.0
    why_not_kept: str = ""

    def __repr__(self) -> str:
        return line(f"Fit of {self.outcome.label}", self._facts())

    def _repr_html_(self) -> str:
        return card(f"Fit of {self.outcome.label}", self._facts())

    def _facts(self) -> dict[str, object]:
        diagnostics = self.diagnostics
        return {
            "model": self.model,
            "nights": self.nights,
            "largest R-hat": f"{diagnostics.max_r_hat:.3f}",
            "least ESS": f"{min(diagnostics.min_ess_bulk, diagnostics.min_ess_tail):.0f}",
            "divergences": diagnostics.divergences,
            "gate": "; ".join(self.problems) or "passed",
        }
