"""Checks beside the model: other analyses of the same nights, and diagnostics of the fit; one file each.

A check is a module of this folder that fulfils `Check`; the folder is the registry. Checks run when a trial
is fitted, since some of them need the sampler's draws, and their results are saved with the fit.
"""

import importlib
import pkgutil
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from enum import Enum, StrEnum
from typing import Protocol, cast

import pandas as pd

from n1trial.analysis.certainty import lowered
from n1trial.analysis.checks._conflict import PERIOD_MEANS, conflict_of
from n1trial.analysis.effects import Effect, Effects
from n1trial.data.trial_data import AlternativeNights, TrialData
from n1trial.design.contrast import Contrast
from n1trial.design.outcomes import Outcome
from n1trial.design.verdict import Reason
from n1trial.inference.fit import Fit

# A failed check of these names lowers the certainty of every effect by a step, for this reason.
REASONS = {
    "blinding": Reason("you guessed right more often than chance would give"),
    "doses": Reason("more than one dose in ten was not as planned"),
    "device": Reason("the device, or how it scores sleep, changed during the trial"),
}
DISAGREES = Reason("a simpler analysis of the same nights gives another answer")
# The order of lines in `checks.csv` and in the report's figure of other analyses.
ORDER = (
    "multiverse",
    "steady_effect",
    "device",
    "adherence",
    "blinding_index",
    "loo",
    "missing_nights",
    "ols_nights",
    "prior_sensitivity",
    "one_at_a_time",
    "period_means",
    "posterior_predictive",
    "power_scaling",
    "randomisation",
    "rate_per_hour",
    "sampling",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """What a check may use: a trial, one outcome, and its fit where there is one.

    Attributes
    ----------
    data : TrialData
        The trial's nights.
    outcome : Outcome
        The outcome that is analysed.
    fit : Fit or None
        The fit of `outcome`; None before it is sampled.
    alternatives : tuple of AlternativeNights
        The same nights under other rules, such as with naps counted.
    recorders : tuple of str
        Every device and scoring algorithm that recorded nights of the trial, in order of first use.

    Examples
    --------
    `data` and `fit` are those of `fit_model`'s example.

    >>> import n1trial
    >>> case = n1trial.Case(data=data, outcome=fit.outcome, fit=fit)
    >>> case.outcome.name
    'tst_min'
    """

    data: TrialData
    outcome: Outcome
    fit: Fit | None = None
    alternatives: tuple[AlternativeNights, ...] = ()
    recorders: tuple[str, ...] = ()


class Quantity(StrEnum):
    """What the estimate of a check is."""

    # The effect of the contrast, in the outcome's unit, as the model's is.
    EFFECT = "effect"
    STEADY_EFFECT = "steady effect"
    LOG_RATIO = "log ratio"
    # Of recorded nights, among them single ones.
    NIGHTS = "statistic of nights"
    R_HAT = "R-hat"
    OTHER = "other"


class EveryArm(Enum):
    """What a line is about that is of all arms together; no arm can be mistaken for it."""

    EVERY_ARM = "every arm"


ALL_ARMS = EveryArm.EVERY_ARM


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckResult:
    """One line of `checks.csv`.

    A line is of a contrast, or of an arm, or of neither where the check is about the whole fit.

    Attributes
    ----------
    check
        Name of the check, or of one line of it.
    contrast
        The contrast that it is about.
    arm
        The arm that it is about, or `ALL_ARMS`.
    estimate, low, high
        Estimate and 95 % interval; None: not given.
    p
        Two-sided p value, 0 to 1.
    passed
        None where the check informs and cannot fail.
    note
        Method, counts and standard error in words.
    short_note
        The same with three digits, as a page shows it; empty where it is `note`.
    quantity
        What the estimate is.
    """

    check: str
    contrast: Contrast | None = None
    arm: str | EveryArm | None = None
    estimate: float | None = None
    low: float | None = None
    high: float | None = None
    p: float | None = None
    passed: bool | None = None
    note: str = ""
    short_note: str = ""
    quantity: Quantity = Quantity.EFFECT

    @property
    def arms(self) -> tuple[str, ...]:
        """Names of the arms that the line is about; empty where it is of all or of none in particular."""
        if self.contrast is not None:
            return self.contrast.arms
        return (self.arm,) if isinstance(self.arm, str) else ()

    @property
    def subject(self) -> str:
        """Contrast or arm as text, as the column `contrast` of `checks.csv` has it; empty where there is neither."""
        if self.contrast is not None:
            return str(self.contrast)
        return self.arm.value if isinstance(self.arm, EveryArm) else self.arm or ""

    @property
    def row(self) -> dict[str, object]:
        """The columns of `checks.csv`."""
        numbers = ("estimate", "low", "high", "p", "passed", "note")
        return {"check": self.check, "contrast": self.subject} | {
            name: getattr(self, name) for name in numbers
        }


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Findings:
    """Results of checks.

    Attributes
    ----------
    results
        Lines of `checks.csv`.
    tables
        By the name of a check, the numbers behind its figure, where it has one.
    """

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
    """Every check of this folder by name, in the order of `ORDER`; those that it does not name come last."""
    names = [module.name for module in pkgutil.iter_modules(__path__) if not module.name.startswith("_")]
    names.sort(key=lambda name: ORDER.index(name) if name in ORDER else len(ORDER))
    modules = (importlib.import_module(f"{__name__}.{name}") for name in names)
    return {module.NAME: cast(Check, module) for module in modules}


def run_checks(case: Case) -> Findings:
    """Run every check that applies to a case.

    Parameters
    ----------
    case : Case
        The trial and its outcome. Checks of the sampler apply only where it has a fit.

    Returns
    -------
    Findings
        The lines of all checks, and the tables of those that have a figure.

    Examples
    --------
    `data` is that of `fit_model`'s example. Without a fit only checks of the nights are run.

    >>> import n1trial
    >>> case = n1trial.Case(data=data, outcome=data.outcomes[0])
    >>> findings = n1trial.run_checks(case)
    >>> "period means" in {result.check for result in findings.results}
    True
    """
    all_findings = [check.run(case) for check in checks().values() if check.applies(case)]
    return Findings(
        results=tuple(result for findings in all_findings for result in findings.results),
        tables={name: table for findings in all_findings for name, table in findings.tables.items()},
    )


def checks_table(results: Iterable[CheckResult]) -> pd.DataFrame:
    """One row a result, with the columns of `checks.csv`."""
    header = ["check", "contrast", "estimate", "low", "high", "p", "passed", "note"]
    return pd.DataFrame([result.row for result in results], columns=header)


def weigh_effects(effects: Effects, results: Iterable[CheckResult]) -> Effects:
    """Lower the certainty of effects by a step for every check that gives a reason to, and note conflicts.

    Parameters
    ----------
    effects : Effects
        The effects of one outcome.
    results : iterable of CheckResult
        Lines of the checks of the same outcome.

    Returns
    -------
    Effects
        The same effects with `certainty`, `reasons` and `conflict` brought up to date.

    Examples
    --------
    `data`, `fit` and `effects` are those of the examples of `fit_model` and `estimate_effects`.

    >>> import n1trial
    >>> case = n1trial.Case(data=data, outcome=fit.outcome)
    >>> weighed = n1trial.weigh_effects(effects, n1trial.run_checks(case).results)
    >>> weighed.contrasts[0].mean == effects.contrasts[0].mean
    True
    """
    results = list(results)
    reasons = [
        REASONS[result.check]
        for result in results
        if result.passed is False and result.check in REASONS and not result.arms
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


def _disagreement(effect: Effect, means: CheckResult | None) -> Iterator[Reason]:
    if means is None or means.low is None or means.high is None:
        return
    if effect.outcome.scale == "difference" and not means.low <= effect.mean <= means.high:
        yield DISAGREES


def _weighed(effect: Effect, reasons: Sequence[Reason]) -> Effect:
    lower = lowered(effect.certainty, len(reasons))
    return replace(effect, certainty=lower, reasons=(*effect.reasons, *reasons))
