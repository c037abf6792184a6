"""Before night 1: what a trial could show this person, what it costs, and what other designs would."""

from n1trial.planning.night_variability import LITERATURE, Person, person_of
from n1trial.planning.plan import (
    DesignChances,
    Plan,
    person_to_plan_for,
    plan_json,
    plan_trial,
    read_plan,
    save_plan,
)
from n1trial.planning.sentences import plan_lines, plan_sentences

__all__ = [
    "LITERATURE",
    "DesignChances",
    "Person",
    "Plan",
    "person_of",
    "person_to_plan_for",
    "plan_json",
    "plan_lines",
    "plan_sentences",
    "plan_trial",
    "read_plan",
    "save_plan",
]
