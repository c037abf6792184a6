"""Sample a model, pass the convergence gate or say why not, and remember how it was done."""

import time
import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from importlib.metadata import version
from typing import Any

import nutpie
import xarray as xr

from n1trial.convergence import Diagnostics, convergence_problems, diagnose, worst_of
from n1trial.models import Model, model_for
from n1trial.outcomes import Outcome
from n1trial.show import card
from n1trial.trial import TrialData

CHAINS, DRAWS, TUNE = 4, 1000, 1000
# A second try takes smaller steps and more of them, before the gate speaks.
ATTEMPTS = ((1, 0.9), (3, 0.99))

type Stage = Callable[[str], None]
type OnStage = Callable[[str, str], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Fit:
    """A posterior, and all that is needed to trust it or to make it again.

    `posterior` is [chain, draw, ...] and holds `effect` (arm minus reference, in the outcome's contrast
    unit, dims contrast). `variants` holds the same model under other assumptions: "sceptical" (a prior of
    half the width) and, for counts, "equal sleep" (at equal sleep time). With `problems` there is no verdict.
    """

    outcome: Outcome
    model: str
    assumes: str
    formula: str
    priors: Mapping[str, str]
    prior_sd: float
    posterior: xr.Dataset
    variants: Mapping[str, xr.Dataset] = field(default_factory=dict)
    diagnostics: Diagnostics
    problems: tuple[str, ...] = ()
    nights: int
    data_sha256: str
    seed: int
    versions: Mapping[str, str] = field(default_factory=dict)
    compile_s: float = 0.0
    sample_s: float = 0.0

    def _repr_html_(self) -> str:
        found = self.diagnostics
        facts = {
            "model": self.model,
            "nights": self.nights,
            "largest R-hat": f"{found.max_r_hat:.3f}",
            "least ESS": f"{min(found.min_ess_bulk, found.min_ess_tail):.0f}",
            "divergences": found.divergences,
            "gate": "; ".join(self.problems) or "passed",
        }
        return card(f"Fit of {self.outcome.label}", facts)


def fit_model(
    data: TrialData,
    outcome: Outcome,
    *,
    seed: int,
    model: Model | None = None,
    draws: int = DRAWS,
    cores: int = 2,
    stage: Stage = lambda said: None,
) -> Fit:
    """Fit one outcome: compile once, sample the default and every variant, and judge the sampling.

    Parameters
    ----------
    seed
        The same seed gives draws equal to six significant digits, not to the bit.
    stage
        Called with a few words whenever a new stage of work begins.

    Raises
    ------
    AnalysisError
        The nights cannot teach the model anything: an empty arm, a constant outcome, too few nights.
    """
    model = model or model_for(outcome)
    started = time.perf_counter()
    stage("compiling")
    built = model.build(data, outcome)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        compiled = nutpie.compile_pymc_model(built)
    compiled_at = time.perf_counter()
    names = [variable.name for variable in built.free_RVs]
    kept: dict[str, xr.Dataset] = {}
    judged: dict[str, tuple[Diagnostics, tuple[str, ...]]] = {}
    for name, values in {"default": {}, **model.variants(data, outcome)}.items():
        stage("sampling" if name == "default" else f"sampling, {name}")
        here = compiled.with_data(**values) if values else compiled
        kept[name], diagnostics, problems = _sample(here, names, seed=seed, draws=draws, cores=cores)
        judged[name] = (diagnostics, problems)
    return Fit(
        outcome=outcome,
        model=model.NAME,
        assumes=model.ASSUMES,
        formula=model.FORMULA,
        priors=model.priors(data, outcome),
        prior_sd=model.effect_prior_sd(data, outcome),
        posterior=kept.pop("default"),
        variants={name: posterior[_kept_of_a_variant(posterior)] for name, posterior in kept.items()},
        diagnostics=worst_of([diagnostics for diagnostics, _ in judged.values()]),
        problems=tuple(
            problem if name == "default" else f"{name} variant: {problem}"
            for name, (_, problems) in judged.items()
            for problem in problems
        ),
        nights=len(data.analysed(outcome)),
        data_sha256=data.sha256,
        seed=seed,
        versions={name: version(name) for name in ("n1trial", "pymc", "nutpie", "arviz", "numpy")},
        compile_s=compiled_at - started,
        sample_s=time.perf_counter() - compiled_at,
    )


def _kept_of_a_variant(posterior: xr.Dataset) -> list[str]:
    return [str(name) for name in posterior.data_vars if "contrast" in posterior[name].dims]


def _sample(
    compiled: Any, names: Sequence[str], *, seed: int, draws: int, cores: int
) -> tuple[xr.Dataset, Diagnostics, tuple[str, ...]]:
    for attempt, (factor, target_accept) in enumerate(ATTEMPTS):
        tree = nutpie.sample(
            compiled,
            draws=draws * factor,
            tune=TUNE * factor,
            chains=CHAINS,
            cores=cores,
            seed=seed,
            target_accept=target_accept,
            progress_bar=False,
        )
        diagnostics = diagnose(tree, names)
        problems = convergence_problems(diagnostics, second_try=attempt > 0)
        if not problems:
            break
    return tree["posterior"].to_dataset(), diagnostics, problems
