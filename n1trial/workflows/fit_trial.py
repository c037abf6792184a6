"""A trial's nights fitted and checked: of a folder, which keeps both, or of a table of one's own.

No statistics here: these functions call `trial_folder`, `inference` and `analysis` in turn. `report_trial` is a module
of its own, so that a fit starts without importing what draws pictures.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property

import pandas as pd

from n1trial.analysis.checks import Case, CheckResult, weigh_effects
from n1trial.analysis.effects import Effects, estimate_effects
from n1trial.analysis.fit_file import fits_key, fits_netcdf, known_fits, nights_fitted
from n1trial.analysis.interim import Decision
from n1trial.analysis.parallel_fit import CheckedFit, fit_outcomes
from n1trial.analysis.problems import problems_of
from n1trial.data.trial_data import AlternativeNights, TrialData
from n1trial.inference.fit import Fit, OnStage
from n1trial.trial_folder.alternative_nights import alternative_nights, recorders
from n1trial.trial_folder.snapshot import TrialSnapshot
from n1trial.trial_folder.store import Changes, commit
from n1trial.trial_folder.store.log_events import SHORT, Fitted

SAMPLER_SEED = 1

type OnNights = Callable[[TrialData], None]


@dataclass(frozen=True, kw_only=True)
class Analysis:
    """What was estimated, one entry an outcome, the primary first.

    Attributes
    ----------
    data : TrialData
        The nights that were analysed.
    fits : tuple of Fit
        An outcome each.
    checks : dict of tuple of CheckResult
        By outcome name, the results of the checks.
    tables : dict of dict of DataFrame
        By outcome name and name of the check, the numbers of its figure.
    seconds : dict of dict of float
        By outcome name and stage, how long it took.
    checked : tuple of CheckedFit
        What a file of fits holds.
    known : bool
        Whether nothing had changed since the last fit, which is given again.
    decision : Decision or None
        What a planned look came to.
    """

    data: TrialData
    fits: tuple[Fit, ...]
    checks: dict[str, tuple[CheckResult, ...]]
    tables: dict[str, dict[str, pd.DataFrame]] = field(default_factory=dict)
    seconds: dict[str, dict[str, float]] = field(default_factory=dict)
    checked: tuple[CheckedFit, ...] = ()
    known: bool = False
    decision: Decision | None = None

    @cached_property
    def effects(self) -> tuple[Effects, ...]:
        """Estimates and verdicts, computed at the first use, which takes most of a second."""
        return tuple(
            weigh_effects(estimate_effects(fit, self.data), self.checks[fit.outcome.name])
            for fit in self.fits
        )

    @property
    def refused(self) -> bool:
        """Whether a gate forbids the verdict of the primary outcome."""
        return bool(problems_of(self.fits[0], self.data))


def fit_folder(
    trial: TrialSnapshot,
    *,
    on_stage: OnStage,
    on_nights: OnNights = lambda data: None,
    sampler_seed: int = SAMPLER_SEED,
) -> Analysis:
    """Fit every outcome of a trial, and keep the draws in its folder; takes what `fit_trial` takes."""
    analysis, changes = fit_trial(trial, on_stage=on_stage, on_nights=on_nights, sampler_seed=sampler_seed)
    commit(trial.folder, changes, now=trial.now)
    return analysis


def fit_trial(
    trial: TrialSnapshot,
    *,
    on_stage: OnStage,
    on_nights: OnNights = lambda data: None,
    sampler_seed: int = SAMPLER_SEED,
) -> tuple[Analysis, Changes]:
    """Fit every outcome of a trial; at a planned look, up to its block. Nothing is written.

    When nothing has changed since the last fit, that one is the answer.

    Parameters
    ----------
    trial : TrialSnapshot
        A trial at the moment of the fit.
    on_stage : OnStage
        Called with an outcome's name and the stage that begins.
    on_nights : callable
        Called with the nights before sampling, once the trial is over and its arms have names.
    sampler_seed : int
        Of the sampler.

    Returns
    -------
    Analysis
        An outcome each, the primary first.
    Changes
        What `commit` keeps in the folder; none where nothing has changed.
    """
    data, last_fit = trial.data, trial.folder.fit
    may_be_seen = trial.is_over and not trial.folder.sealed
    # New nights cannot have a known fit: `on_nights` gets them before anything else is computed.
    new = nights_fitted(last_fit) != data.sha256
    if may_be_seen and new:
        on_nights(data)
    cases = _cases(data, alternatives=alternative_nights(trial), recorders=recorders(trial))
    key = fits_key(cases, seed=sampler_seed)
    known = None if new else known_fits(last_fit, key=key)
    if known is not None:
        return replace(analysis_of(data, known), known=True), Changes()
    if may_be_seen and not new:
        on_nights(data)
    checked = fit_outcomes(cases, seed=sampler_seed, on_stage=on_stage)
    fitted = Fitted(outcomes=len(checked), nights=checked[0].fit.nights, nights_sha256=data.sha256[:SHORT])
    changes = Changes(files={last_fit.name: fits_netcdf(checked, key=key)}, log=(fitted,))
    return analysis_of(data, checked), changes


def fit_table(data: TrialData, *, on_stage: OnStage, sampler_seed: int = SAMPLER_SEED) -> Analysis:
    """Fit every outcome of a table of one's own; nothing is kept."""
    devices = data.table["device"].dropna().unique() if "device" in data.table else ()
    cases = _cases(data, recorders=tuple(map(str, devices)))
    return analysis_of(data, fit_outcomes(cases, seed=sampler_seed, on_stage=on_stage))


def analysis_of(data: TrialData, checked: Sequence[CheckedFit]) -> Analysis:
    """What fits and their checks come to, by outcome."""
    return Analysis(
        data=data,
        checked=tuple(checked),
        fits=tuple(done.fit for done in checked),
        checks={done.fit.outcome.name: done.findings.results for done in checked},
        tables={done.fit.outcome.name: done.findings.tables for done in checked},
        seconds={
            done.fit.outcome.name: {
                "starting": done.start_s,
                "compiling": done.fit.compile_s,
                "sampling": done.fit.sample_s,
                "checking": done.check_s,
            }
            for done in checked
        },
    )


def _cases(
    data: TrialData, *, alternatives: tuple[AlternativeNights, ...] = (), recorders: tuple[str, ...] = ()
) -> list[Case]:
    """The primary outcome first, and those others that were recorded at all."""
    wanted = [data.outcomes[0], *(each for each in data.outcomes[1:] if len(data.analysed(each)))]
    return [
        Case(
            data=data,
            outcome=outcome,
            alternatives=tuple(each for each in alternatives if each.outcome.name == outcome.name),
            recorders=recorders,
        )
        for outcome in wanted
    ]
