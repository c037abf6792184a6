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
from typing import Any

_ROOM_OF = {
    "Case": "checks",
    "Cohort": "cohort",
    "CohortEffects": "cohort",
    "CohortFit": "cohort",
    "Diary": "diary",
    "Effect": "effects",
    "Effects": "effects",
    "Fit": "fit",
    "N1TrialError": "errors",
    "NightRule": "nights",
    "Nights": "nights",
    "OUTCOMES": "outcomes",
    "Outcome": "outcomes",
    "Person": "cohort",
    "Protocol": "protocol",
    "Schedule": "schedule",
    "SleepEpisode": "episodes",
    "TrialData": "trial",
    "Truth": "simulate",
    "diary_text": "simulate",
    "estimate_cohort": "cohort",
    "estimate_effects": "effects",
    "fit_cohort": "cohort",
    "fit_model": "sampling",
    "fit_outcomes": "side_by_side",
    "gather": "cohort",
    "join_trial": "trial",
    "load_fits": "fit_file",
    "nightly": "nights",
    "randomise": "schedule",
    "read_diary": "diary",
    "read_exports": "importers",
    "read_nights": "nights",
    "read_people": "own_table",
    "read_protocol": "protocol",
    "read_table": "own_table",
    "run_checks": "checks",
    "run_tasks": "tasks",
    "simulate_nights": "simulate",
    "template_names": "protocol",
    "weigh_effects": "checks",
    "write_fitbit_takeout": "simulate",
    "write_oura_web_csv": "simulate",
    "write_report": "report",
}
__all__ = sorted(_ROOM_OF)


def __getattr__(name: str) -> Any:
    if name not in _ROOM_OF:
        raise AttributeError(f"module 'n1trial' has no attribute {name!r}")
    room = _ROOM_OF[name]
    value = getattr(importlib.import_module(f"n1trial.{room}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return [*globals(), *_ROOM_OF]
