"""Simulator of a whole trial with known effects: nights, device exports and a diary."""

from n1trial.planning.simulate.diary import diary_text
from n1trial.planning.simulate.fitbit import write_fitbit_takeout
from n1trial.planning.simulate.nights import SimulatedTrial, simulate_nights
from n1trial.planning.simulate.oura import write_oura_web_csv
from n1trial.planning.simulate.parameters import QUIET, Truth

__all__ = [
    "QUIET",
    "SimulatedTrial",
    "Truth",
    "diary_text",
    "simulate_nights",
    "write_fitbit_takeout",
    "write_oura_web_csv",
]
