"""How much of a slow effect a schedule can show: what period-long averages recover of it."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from n1trial.design.protocol import Protocol
from n1trial.design.schedule import Schedule
from n1trial.design.verdict import LEAST_RECOVERED
from n1trial.inference.build_up import LongerPeriods, exposure, periods_that_tell

HALF_LIVES_NIGHTS = (1.0, 3.0, 7.0, 14.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class SlowArm:
    """An arm of whose effect the schedule shows the share `recovered`, half of it building up in so many nights.

    `telling` is the trial of this arm against the reference that would tell of a steady effect; None: none of up to
    two years would.
    """

    arm: str
    half_life_nights: float
    recovered: float
    telling: LongerPeriods | None


def slow_arms(
    schedules: Sequence[Schedule], protocol: Protocol, *, night_sd: float, period_sd: float
) -> tuple[SlowArm, ...]:
    """The arms of which the schedule shows too little for a "no", by the half-lives that the protocol states.

    Parameters
    ----------
    night_sd, period_sd
        SD from night to night within a period and between periods, in the primary outcome's contrast unit.
    """
    found = []
    for arm, recovered in recovered_by_arm(schedules, protocol).items():
        half_life = protocol.arm_named(arm).build_up_nights or 0.0
        if recovered < LEAST_RECOVERED:
            telling = periods_that_tell(
                half_life, night_sd=night_sd, period_sd=period_sd, mid=protocol.primary.mid
            )
            found.append(SlowArm(arm=arm, half_life_nights=half_life, recovered=recovered, telling=telling))
    return tuple(found)


def recovered_by_arm(schedules: Sequence[Schedule], protocol: Protocol) -> dict[str, float]:
    """Share of its steady effect that the schedule shows of every arm but the reference, 0 to 1.

    An arm of which nothing is known is taken to act and fade within a day.
    """
    half_lives = {arm.name: arm.build_up_nights or 0.0 for arm in protocol.arms}
    return {
        name: recovered_share(schedules, protocol, half_life_nights=nights) if nights else 1.0
        for name, nights in half_lives.items()
        if name != protocol.reference
    }


def recovered_share(schedules: Sequence[Schedule], protocol: Protocol, *, half_life_nights: float) -> float:
    """Share of a steady-state contrast that the mean over an arm's analysed nights recovers, 0 to 1.

    The effect follows the exposure to the arm (`build_up`). What is compared is its mean over the arm's nights and
    over the reference's, the night means of both arms being expected over the draws of the schedule; washout nights
    are left out.
    """
    shares = []
    for schedule in schedules:
        table = schedule.table
        arm = table["arm"].to_numpy()
        in_trial = (table["phase"] == "trial").to_numpy()
        analysed = in_trial & ~table["washout"].to_numpy(bool)
        for treatment in protocol.arm_names:
            if treatment == protocol.reference:
                continue
            built_up = exposure(((arm == treatment) & in_trial).astype(float), half_life_nights)
            on, off = (
                built_up[analysed & (arm == treatment)],
                built_up[analysed & (arm == protocol.reference)],
            )
            shares.append(on.mean() - off.mean())
    return float(np.mean(shares))
