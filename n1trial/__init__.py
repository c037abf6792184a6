"""N-of-1 trials of sleep: one person, a randomised crossover, an honest answer.

Each step from an export to a report is one function here, and what it takes and returns is a frozen, documented
type. Names are imported when they are first used, so that ``import n1trial`` costs nothing; their types stand in
``__init__.pyi``::

    import n1trial

    protocol = n1trial.read_protocol("glycine-vs-magnesium-glycinate")
    schedule = n1trial.randomise(protocol, start="2026-01-31", seed=n1trial.new_seed())
    nights = n1trial.nightly(n1trial.read_exports("takeout.zip", home_zone="Europe/Berlin"))
    data = n1trial.join_trial(schedule, nights, protocol)
    fit = n1trial.fit_model(data, protocol.primary, seed=1)
    effects = n1trial.estimate_effects(fit, data)
"""

import importlib
from typing import Any

_MODULE_OF = {
    "Case": "analysis.checks",
    "Cohort": "cohort",
    "CohortEffects": "cohort",
    "CohortFit": "cohort",
    "Contrast": "design.contrast",
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
    "fit_outcomes": "analysis.parallel_fit",
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
    if name == "__version__":
        from importlib.metadata import version

        return version("n1trial")
    if name not in _MODULE_OF:
        raise AttributeError(f"module 'n1trial' has no attribute {name!r}")
    module = _MODULE_OF[name]
    value = getattr(importlib.import_module(f"n1trial.{module}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({"__version__", *_MODULE_OF, *(name for name in globals() if name.startswith("__"))})
