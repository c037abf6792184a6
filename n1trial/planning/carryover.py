"""Attenuation of a slow effect: the share of it that the averages over periods recover."""

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
    """An arm whose effect builds up too slowly for the schedule.

    Attributes
    ----------
    arm
        Name of the arm.
    half_life_nights
        Nights in which half of the effect builds up.
    recovered
        Share of the steady-state effect that the schedule shows, 0 to 1.
    telling
        A trial of this arm against the reference with periods long enough; None: none of up to two years is.
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
    schedules
        Draws of the schedule.
    protocol
        Arms with their half-lives, and the primary outcome.
    night_sd, period_sd
        SD from night to night within a period and between periods, in the primary outcome's contrast unit.
    """
    slow = []
    for arm, recovered in recovered_by_arm(schedules, protocol).items():
        half_life = protocol.arm_named(arm).build_up_nights or 0.0
        if recovered < LEAST_RECOVERED:
            telling = periods_that_tell(
                half_life, night_sd=night_sd, period_sd=period_sd, mid=protocol.primary.mid
            )
            slow.append(SlowArm(arm=arm, half_life_nights=half_life, recovered=recovered, telling=telling))
    return tuple(slow)


def recovered_by_arm(schedules: Sequence[Schedule], protocol: Protocol) -> dict[str, float]:
    """By arm but the reference, the share of its steady-state effect that the schedule shows, 0 to 1.

    An arm without a known half-life is assumed to act and fade within a day.
    """
    half_lives = {arm.name: arm.build_up_nights or 0.0 for arm in protocol.arms}
    return {
        name: recovered_share(schedules, protocol, half_life_nights=nights) if nights else 1.0
        for name, nights in half_lives.items()
        if name != protocol.reference
    }


def recovered_share(schedules: Sequence[Schedule], protocol: Protocol, *, half_life_nights: float) -> float:
    """Share of a steady-state contrast that the means over analysed nights recover, 0 to 1.

    The effect is proportional to the exposure to the arm (`build_up`). The share is the mean exposure over the arm's
    nights minus that over the reference's, without washout nights, averaged over arms and draws of the schedule.
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
