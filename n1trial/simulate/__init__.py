"""A whole trial with a known truth: nights, the exports a device would have made of them, and a diary."""

from n1trial.simulate.fitbit import write_fitbit_takeout
from n1trial.simulate.journal import diary_text
from n1trial.simulate.oura import write_oura_web_csv
from n1trial.simulate.person import SimulatedTrial, simulate_nights
from n1trial.simulate.truth import QUIET, Truth

__all__ = [
    "QUIET",
    "SimulatedTrial",
    "Truth",
    "diary_text",
    "simulate_nights",
    "write_fitbit_takeout",
    "write_oura_web_csv",
]
