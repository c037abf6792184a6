"""Supplies of a trial: evenings, grams and capsules of every arm."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from n1trial.design.protocol import Protocol
from n1trial.design.schedule import Schedule


@dataclass(frozen=True, slots=True, kw_only=True)
class ArmCost:
    """Supplies of one arm over the whole trial.

    Attributes
    ----------
    arm
        Name of the arm.
    evenings
        Evenings with this arm, as a mean over draws of the schedule.
    grams
        By substance, grams of the compound.
    capsules
        Capsules of all substances.
    """

    arm: str
    evenings: float
    grams: dict[str, float]
    capsules: int


def arm_costs(protocol: Protocol, schedules: Sequence[Schedule]) -> tuple[ArmCost, ...]:
    """Supplies of every arm over the whole trial; the run-in takes none."""
    costs = []
    for arm in protocol.arms:
        evenings = float(
            np.mean(
                [
                    ((schedule.table["arm"] == arm.name) & (schedule.table["phase"] == "trial")).sum()
                    for schedule in schedules
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
    """To a tenth of a gram; below one gram to two digits, so that a small amount is not shown as 0."""
    return round(grams, 1) if grams >= 1 else float(f"{grams:.2g}")
