"""Companion analyses: each assumes something else than the model, or asks the model itself; one file each.

A check is a module of this folder that fulfils `Check`; the folder is the registry. Checks run when a trial
is fitted, since some of them need the sampler's draws, and what they found is kept beside the fit.
"""

import importlib
import pkgutil
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Protocol, cast

import pandas as pd

from n1trial.analysis.certainty import lowered
from n1trial.analysis.checks._conflict import PERIOD_MEANS, conflict_of
from n1trial.analysis.effects import Effect, Effects
from n1trial.data.trial_data import AlternativeNights, TrialData
from n1trial.design.outcomes import Outcome
from n1trial.inference.fit import Fit

ALL_ARMS = "every arm"
# What a check that did not pass takes from the certainty of every effect.
REASONS = {
    "blinding": "you guessed right more often than chance would give",
    "doses": "more than one dose in ten was not as planned",
    "device": "the device, or how it scores sleep, changed during the trial",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """What a check may look at: a trial, one outcome, its fit where there is one, the same nights under other rules.

    `recorders` names every device and way of scoring that recorded nights of the trial, in order.
    """

    data: TrialData
    outcome: Outcome
    fit: Fit | None = None
    alternatives: tuple[AlternativeNights, ...] = ()
    recorders: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckResult:
    """One line of `checks.csv`.

    `contrast` is empty where the check is about the whole fit. `estimate`, `low`, `high` are in the outcome's
    unit unless `note` says otherwise; None: not given by this check. `passed` is None where the check informs
    and cannot fail.
    """

    check: str
    contrast: str = ""
    estimate: float | None = None
    low: float | None = None
    high: float | None = None
    p: float | None = None
    passed: bool | None = None
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Findings:
    """What checks found: lines, and by the name of the check the numbers of a figure, where there is one."""

    results: tuple[CheckResult, ...]
    tables: dict[str, pd.DataFrame] = field(default_factory=dict)


class Check(Protocol):
    """What a module of this folder provides."""

    NAME: str

    def applies(self, case: Case) -> bool:
        """Say whether this trial and its fit have what the check needs."""
        ...

    def run(self, case: Case) -> Findings:
        """Analyse the trial in this check's own way."""
        ...


def checks() -> dict[str, Check]:
    """Every check of this folder by name."""
    modules = (
        importlib.import_module(f"{__name__}.{found.name}")
        for found in pkgutil.iter_modules(__path__)
        if not found.name.startswith("_")
    )
    return {module.NAME: cast(Check, module) for module in modules}


def run_checks(case: Case) -> Findings:
    """Run every check that applies to a case."""
    found = [check.run(case) for check in checks().values() if check.applies(case)]
    return Findings(
        results=tuple(result for each in found for result in each.results),
        tables={name: table for each in found for name, table in each.tables.items()},
    )


def checks_table(results: Iterable[CheckResult]) -> pd.DataFrame:
    """One row a result, with the columns of `checks.csv`."""
    columns = ["check", "contrast", "estimate", "low", "high", "p", "passed", "note"]
    return pd.DataFrame([asdict(result) for result in results], columns=columns)


def weigh_effects(effects: Effects, results: Iterable[CheckResult]) -> Effects:
    """Lower the certainty of effects by a step for every check that gives a reason to; name what disagrees."""
    results = list(results)
    reasons = [
        REASONS[result.check]
        for result in results
        if result.passed is False and result.check in REASONS and result.contrast in ("", ALL_ARMS)
    ]
    intervals = {result.contrast: result for result in results if result.check == PERIOD_MEANS}
    return replace(
        effects,
        contrasts=tuple(
            replace(
                _weighed(effect, [*reasons, *_disagreement(effect, intervals.get(effect.contrast))]),
                conflict=conflict_of(effect, results),
            )
            for effect in effects.contrasts
        ),
    )


def _disagreement(effect: Effect, companion: CheckResult | None) -> Iterator[str]:
    if companion is None or companion.low is None or companion.high is None:
        return
    if effect.outcome.scale == "difference" and not companion.low <= effect.mean <= companion.high:
        yield "a simpler analysis of the same nights gives another answer"


def _weighed(effect: Effect, reasons: Sequence[str]) -> Effect:
    return replace(
        effect,
        certainty=lowered(effect.certainty, len(reasons)),
        reasons=(*effect.reasons, *reasons),
    )
