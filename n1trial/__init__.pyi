"""What type checkers and editors read: at run time a name is imported when it is first used.

The same names as the table in `__init__.py`; `tests/test_package.py` compares the two.
"""

from n1trial.analysis.checks import Case, run_checks, weigh_effects
from n1trial.analysis.effects import Effect, Effects, estimate_effects
from n1trial.analysis.fit_file import load_fits
from n1trial.analysis.parallel_fit import fit_outcomes
from n1trial.cohort import Cohort, CohortEffects, CohortFit, Person, estimate_cohort, fit_cohort, gather
from n1trial.data.diary import Diary, read_diary
from n1trial.data.episodes import SleepEpisode
from n1trial.data.importers import read_exports
from n1trial.data.nights import NightRule, Nights, nightly, read_nights
from n1trial.data.read_table import read_people, read_table
from n1trial.data.trial_assembly import join_trial
from n1trial.data.trial_data import TrialData
from n1trial.design.allocation import new_seed
from n1trial.design.contrast import Contrast
from n1trial.design.outcomes import OUTCOMES, Outcome
from n1trial.design.protocol import Protocol, read_protocol, template_names
from n1trial.design.schedule import Schedule, randomise
from n1trial.errors import N1TrialError
from n1trial.inference.fit import Fit
from n1trial.inference.sampling import fit_model
from n1trial.planning.simulate import (
    Truth,
    diary_text,
    simulate_nights,
    write_fitbit_takeout,
    write_oura_web_csv,
)
from n1trial.report import Material, write_report
from n1trial.system.parallel import run_tasks
from n1trial.workflows.trial import Trial, open_trial

__version__: str

__all__ = [
    "OUTCOMES",
    "Case",
    "Cohort",
    "CohortEffects",
    "CohortFit",
    "Contrast",
    "Diary",
    "Effect",
    "Effects",
    "Fit",
    "Material",
    "N1TrialError",
    "NightRule",
    "Nights",
    "Outcome",
    "Person",
    "Protocol",
    "Schedule",
    "SleepEpisode",
    "Trial",
    "TrialData",
    "Truth",
    "diary_text",
    "estimate_cohort",
    "estimate_effects",
    "fit_cohort",
    "fit_model",
    "fit_outcomes",
    "gather",
    "join_trial",
    "load_fits",
    "new_seed",
    "nightly",
    "open_trial",
    "randomise",
    "read_diary",
    "read_exports",
    "read_nights",
    "read_people",
    "read_protocol",
    "read_table",
    "run_checks",
    "run_tasks",
    "simulate_nights",
    "template_names",
    "weigh_effects",
    "write_fitbit_takeout",
    "write_oura_web_csv",
    "write_report",
]
