"""What a trial takes: evenings, grams and capsules of every arm."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from n1trial.design.protocol import Protocol
from n1trial.design.schedule import Schedule


@dataclass(frozen=True, slots=True, kw_only=True)
class ArmCost:
    """One arm's evenings (mean over draws), and for each substance its grams and capsules in all."""

    arm: str
    evenings: float
    grams: dict[str, float]
    capsules: int


def arm_costs(protocol: Protocol, schedules: Sequence[Schedule]) -> tuple[ArmCost, ...]:
    """What every arm takes over the whole trial; nothing in the run-in."""
    costs = []
    for arm in protocol.arms:
        evenings = float(
            np.mean(
                [
                    ((each.table["arm"] == arm.name) & (each.table["phase"] == "trial")).sum()
                    for each in schedules
                ]
            )
        )
        grams = {dose.label: _rounded(dose.compound * evenings / 1000) for dose in arm.doses}
        an_evening = sum(math.ceil(dose.compound / protocol.dosing.capsule_holds_mg) for dose in arm.doses)
        costs.append(
            ArmCost(arm=arm.name, evenings=evenings, grams=grams, capsules=round(an_evening * evenings))
        )
    return tuple(costs)


def _rounded(grams: float) -> float:
    """To a tenth of a gram; below one gram to two digits, so that little is never nothing."""
    return round(grams, 1) if grams >= 1 else float(f"{grams:.2g}")
