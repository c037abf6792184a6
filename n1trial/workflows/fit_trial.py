"""A trial's nights fitted and checked: of a folder, which keeps both, or of a table of one's own.

No statistics here: these functions call `trial_folder`, `inference` and `analysis` in turn. `report_trial` is a module
of its own, so that a fit starts without importing what draws pictures.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from functools import cached_property

import pandas as pd

from n1trial.analysis.checks import Case, CheckResult, weigh_effects
from n1trial.analysis.effects import Effects, estimate_effects
from n1trial.analysis.fit_file import fits_key, known_fits, nights_fitted, save_fits
from n1trial.analysis.interim import Decision, block_to_look_at, nights_to_look_at
from n1trial.analysis.parallel_fit import CheckedFit, fit_outcomes
from n1trial.analysis.problems import problems_of
from n1trial.data.diary import Diary
from n1trial.data.trial_data import AlternativeNights, TrialData
from n1trial.inference.fit import Fit, OnStage
from n1trial.trial_folder.alternative_nights import alternative_nights, recorders
from n1trial.trial_folder.analysis_data import Recorded, recorded_nights, written_diary
from n1trial.trial_folder.events import coming_evening, last_night, read_course
from n1trial.trial_folder.store import TrialFolder, writing
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
        What `fit_file.save_fits` keeps.
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
    folder: TrialFolder,
    *,
    now: datetime,
    on_stage: OnStage,
    on_nights: OnNights = lambda data: None,
    sampler_seed: int = SAMPLER_SEED,
) -> Analysis:
    """Fit every outcome of a trial and keep the draws in the folder; at a planned look, up to its block.

    When nothing has changed since the last fit, that one is the answer.

    Parameters
    ----------
    folder : TrialFolder
        An open trial folder.
    now : datetime
        An aware moment, by which the trial is over or not.
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
    """
    recorded, diary, _ = nights_now(folder, now=now)
    data = recorded.data
    may_be_seen = is_over(folder, data, now=now) and not folder.sealed
    # New nights cannot have a known fit: `on_nights` gets them before anything else is computed.
    new = nights_fitted(folder.fit) != data.sha256
    if may_be_seen and new:
        on_nights(data)
    cases = _cases(
        data, alternatives=alternative_nights(folder, recorded, diary), recorders=recorders(recorded)
    )
    key = fits_key(cases, seed=sampler_seed)
    known = None if new else known_fits(folder.fit, key=key)
    if known is not None:
        return replace(analysis_of(data, known), known=True)
    if may_be_seen and not new:
        on_nights(data)
    checked = fit_outcomes(cases, seed=sampler_seed, on_stage=on_stage)
    with writing(folder) as writer:
        save_fits(folder.fit, checked, key=key)
        fitted = Fitted(
            outcomes=len(checked), nights=checked[0].fit.nights, nights_sha256=data.sha256[:SHORT]
        )
        writer.log(fitted, now=now)
    return analysis_of(data, checked)


def fit_table(data: TrialData, *, on_stage: OnStage, sampler_seed: int = SAMPLER_SEED) -> Analysis:
    """Fit every outcome of a table of one's own; nothing is kept."""
    devices = data.table["device"].dropna().unique() if "device" in data.table else ()
    cases = _cases(data, recorders=tuple(map(str, devices)))
    return analysis_of(data, fit_outcomes(cases, seed=sampler_seed, on_stage=on_stage))


def nights_now(folder: TrialFolder, *, now: datetime) -> tuple[Recorded, Diary, int | None]:
    """The nights to analyse, the diary, and the block of the planned look that is due before the end."""
    diary = written_diary(folder)
    recorded = recorded_nights(folder, diary, evening=coming_evening(folder, now=now))
    if is_over(folder, recorded.data, now=now):
        return recorded, diary, None
    look = block_to_look_at(folder.protocol.looks, folder.schedule, coming_evening(folder, now=now))
    if look is None:
        return recorded, diary, None
    return replace(recorded, data=nights_to_look_at(recorded.data, folder.schedule, look)), diary, look


def last_night_to_wait_for(folder: TrialFolder, *, now: datetime) -> date | None:
    """The last night of a trial of which there is no report yet without a reason; None where there may be one."""
    recorded, _, look = nights_now(folder, now=now)
    if look is not None or is_over(folder, recorded.data, now=now):
        return None
    return last_night(folder, read_course(folder))


def is_over(folder: TrialFolder, data: TrialData, *, now: datetime) -> bool:
    """Whether the last night has passed, or is recorded."""
    last = last_night(folder, read_course(folder))
    recorded = data.analysed(data.outcomes[0])["night"].max()
    return coming_evening(folder, now=now) > last or (pd.notna(recorded) and recorded.date() >= last)


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
