"""A fit: a posterior, and all that is needed to trust it or to make it again.

Apart from `sampling`, which makes it, so that reading and reporting a fit start without the sampler.
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
    """How the sampler did: worst values over every parameter, and every variant that was sampled."""

    chains: int
    draws: int
    max_r_hat: float
    min_ess_bulk: float
    min_ess_tail: float
    divergences: int
    min_bfmi: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Fit:
    """A posterior, and all that is needed to trust it or to make it again.

    `posterior` is [chain, draw, ...] and holds `effect` (arm minus reference, in the outcome's contrast
    unit, dims contrast). `variants` holds the same model under other assumptions: "sceptical" (a
    narrower prior) and, for counts, "equal sleep" (at equal sleep time). `densities` holds the log likelihood
    [chain, draw, night] and the log prior density of every free variable, None in a fit read from a file.
    With `problems` there is no verdict.
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

    def __repr__(self) -> str:
        return line(f"Fit of {self.outcome.label}", self._facts())

    def _repr_html_(self) -> str:
        return card(f"Fit of {self.outcome.label}", self._facts())

    def _facts(self) -> dict[str, object]:
        found = self.diagnostics
        return {
            "model": self.model,
            "nights": self.nights,
            "largest R-hat": f"{found.max_r_hat:.3f}",
            "least ESS": f"{min(found.min_ess_bulk, found.min_ess_tail):.0f}",
            "divergences": found.divergences,
            "gate": "; ".join(self.problems) or "passed",
        }
