"""Companion analyses: each assumes something else than the model, one file each.

A check is a module of this folder that fulfils `Check`; the folder is the registry.
"""

import importlib
import pkgutil
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from typing import Protocol, cast

import pandas as pd

from n1trial.effects import Effect, Effects, lowered
from n1trial.outcomes import Outcome
from n1trial.trial import TrialData

AGREES_WITH_MODEL = "period means"


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckResult:
    """One line of `checks.csv`.

    `estimate`, `low`, `high` are in the outcome's unit unless `note` says otherwise; None: not given by
    this check. `passed` is None where the check informs and cannot fail.
    """

    check: str
    contrast: str
    estimate: float | None = None
    low: float | None = None
    high: float | None = None
    p: float | None = None
    passed: bool | None = None
    note: str = ""


class Check(Protocol):
    """What a module of this folder provides."""

    NAME: str

    def applies(self, data: TrialData, outcome: Outcome) -> bool:
        """Say whether this trial has what the check needs."""
        ...

    def run(self, data: TrialData, outcome: Outcome) -> tuple[CheckResult, ...]:
        """Analyse the trial in this check's own way, a result for every contrast."""
        ...


def checks() -> dict[str, Check]:
    """Every check of this folder by name."""
    modules = (
        importlib.import_module(f"{__name__}.{found.name}")
        for found in pkgutil.iter_modules(__path__)
        if not found.name.startswith("_")
    )
    return {module.NAME: cast(Check, module) for module in modules}


def run_checks(data: TrialData, outcome: Outcome) -> tuple[CheckResult, ...]:
    """Run every check that applies to a trial."""
    return tuple(
        result
        for check in checks().values()
        if check.applies(data, outcome)
        for result in check.run(data, outcome)
    )


def checks_table(results: Sequence[CheckResult]) -> pd.DataFrame:
    """One row a result, with the columns of `checks.csv`."""
    columns = ["check", "contrast", "estimate", "low", "high", "p", "passed", "note"]
    return pd.DataFrame([asdict(result) for result in results], columns=columns)


def weigh_effects(effects: Effects, results: Sequence[CheckResult]) -> Effects:
    """Lower the certainty of every effect whose estimate lies outside its companion's interval."""
    intervals = {result.contrast: result for result in results if result.check == AGREES_WITH_MODEL}
    return replace(
        effects,
        contrasts=tuple(_weighed(effect, intervals.get(effect.contrast)) for effect in effects.contrasts),
    )


def _weighed(effect: Effect, companion: CheckResult | None) -> Effect:
    if companion is None or companion.low is None or companion.high is None:
        return effect
    if effect.outcome.scale == "percent" or companion.low <= effect.mean <= companion.high:
        return effect
    reason = "a simpler analysis of the same nights gives another answer"
    return replace(effect, certainty=lowered(effect.certainty, 1), reasons=(*effect.reasons, reason))
