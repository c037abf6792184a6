"""N-of-1 trials of sleep: one person, a randomised crossover, an honest answer.

Every arrow of the pass is one function here, every noun a type; they are imported when they are first used,
so that ``import n1trial`` costs nothing::

    import n1trial

    nights = n1trial.nightly(n1trial.read_exports([path], home_zone=zone))
    data = n1trial.join_trial(schedule, nights, protocol)
    fit = n1trial.fit_model(data, protocol.primary, seed=1)
    effects = n1trial.estimate_effects(fit, data)
"""

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    # What type checkers and editors read; at run time a name is imported when it is first used.
    from n1trial.analysis.checks import Case as Case
    from n1trial.analysis.checks import run_checks as run_checks
    from n1trial.analysis.checks import weigh_effects as weigh_effects
    from n1trial.analysis.effects import Effect as Effect
    from n1trial.analysis.effects import Effects as Effects
    from n1trial.analysis.effects import estimate_effects as estimate_effects
    from n1trial.analysis.fit_file import load_fits as load_fits
    from n1trial.analysis.parallel_fit.pool import fit_outcomes as fit_outcomes
    from n1trial.cohort import Cohort as Cohort
    from n1trial.cohort import CohortEffects as CohortEffects
    from n1trial.cohort import CohortFit as CohortFit
    from n1trial.cohort import Person as Person
    from n1trial.cohort import estimate_cohort as estimate_cohort
    from n1trial.cohort import fit_cohort as fit_cohort
    from n1trial.cohort import gather as gather
    from n1trial.data.diary import Diary as Diary
    from n1trial.data.diary import read_diary as read_diary
    from n1trial.data.episodes import SleepEpisode as SleepEpisode
    from n1trial.data.importers import read_exports as read_exports
    from n1trial.data.nights import NightRule as NightRule
    from n1trial.data.nights import Nights as Nights
    from n1trial.data.nights import nightly as nightly
    from n1trial.data.nights import read_nights as read_nights
    from n1trial.data.read_table import read_people as read_people
    from n1trial.data.read_table import read_table as read_table
    from n1trial.data.trial_assembly import join_trial as join_trial
    from n1trial.data.trial_data import TrialData as TrialData
    from n1trial.design.allocation import new_seed as new_seed
    from n1trial.design.outcomes import OUTCOMES as OUTCOMES
    from n1trial.design.outcomes import Outcome as Outcome
    from n1trial.design.protocol import Protocol as Protocol
    from n1trial.design.protocol import read_protocol as read_protocol
    from n1trial.design.protocol import template_names as template_names
    from n1trial.design.schedule import Schedule as Schedule
    from n1trial.design.schedule import randomise as randomise
    from n1trial.errors import N1TrialError as N1TrialError
    from n1trial.inference.fit import Fit as Fit
    from n1trial.inference.sampling import fit_model as fit_model
    from n1trial.planning.simulate import Truth as Truth
    from n1trial.planning.simulate import diary_text as diary_text
    from n1trial.planning.simulate import simulate_nights as simulate_nights
    from n1trial.planning.simulate import write_fitbit_takeout as write_fitbit_takeout
    from n1trial.planning.simulate import write_oura_web_csv as write_oura_web_csv
    from n1trial.report import Material as Material
    from n1trial.report import write_report as write_report
    from n1trial.system.parallel import run_tasks as run_tasks
    from n1trial.workflows.trial import Trial as Trial
    from n1trial.workflows.trial import open_trial as open_trial

_MODULE_OF = {
    "Case": "analysis.checks",
    "Cohort": "cohort",
    "CohortEffects": "cohort",
    "CohortFit": "cohort",
    "Diary": "data.diary",
    "Effect": "analysis.effects",
    "Effects": "analysis.effects",
    "Fit": "inference.fit",
    "N1TrialError": "errors",
    "Material": "report",
    "NightRule": "data.nights",
    "Nights": "data.nights",
    "OUTCOMES": "design.outcomes",
    "Outcome": "design.outcomes",
    "Person": "cohort",
    "Protocol": "design.protocol",
    "Schedule": "design.schedule",
    "SleepEpisode": "data.episodes",
    "Trial": "workflows.trial",
    "TrialData": "data.trial_data",
    "Truth": "planning.simulate",
    "diary_text": "planning.simulate",
    "estimate_cohort": "cohort",
    "estimate_effects": "analysis.effects",
    "fit_cohort": "cohort",
    "fit_model": "inference.sampling",
    "fit_outcomes": "analysis.parallel_fit.pool",
    "gather": "cohort",
    "join_trial": "data.trial_assembly",
    "load_fits": "analysis.fit_file",
    "new_seed": "design.allocation",
    "nightly": "data.nights",
    "open_trial": "workflows.trial",
    "randomise": "design.schedule",
    "read_diary": "data.diary",
    "read_exports": "data.importers",
    "read_nights": "data.nights",
    "read_people": "data.read_table",
    "read_protocol": "design.protocol",
    "read_table": "data.read_table",
    "run_checks": "analysis.checks",
    "run_tasks": "system.parallel",
    "simulate_nights": "planning.simulate",
    "template_names": "design.protocol",
    "weigh_effects": "analysis.checks",
    "write_fitbit_takeout": "planning.simulate",
    "write_oura_web_csv": "planning.simulate",
    "write_report": "report",
}
__all__ = sorted(_MODULE_OF)


def __getattr__(name: str) -> Any:
    if name not in _MODULE_OF:
        raise AttributeError(f"module 'n1trial' has no attribute {name!r}")
    module = _MODULE_OF[name]
    value = getattr(importlib.import_module(f"n1trial.{module}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*_MODULE_OF, *(name for name in globals() if name.startswith("__"))})
