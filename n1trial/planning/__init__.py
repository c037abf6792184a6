"""Plans of trials before night 1: operating characteristics, alternative designs, supplies; and the simulator."""

from n1trial.planning.design_simulation import DesignCharacteristics
from n1trial.planning.night_variability import LITERATURE, NightVariability, estimate_night_variability
from n1trial.planning.plan import (
    Plan,
    person_to_plan_for,
    plan_json,
    plan_trial,
    read_plan,
    save_plan,
)
from n1trial.planning.sentences import plan_sentences
from n1trial.planning.terminal_plan import plan_lines

__all__ = [
    "LITERATURE",
    "DesignCharacteristics",
    "NightVariability",
    "Plan",
    "estimate_night_variability",
    "person_to_plan_for",
    "plan_json",
    "plan_lines",
    "plan_sentences",
    "plan_trial",
    "read_plan",
    "save_plan",
]
