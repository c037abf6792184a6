"""How much of a slow effect a schedule can show: what period-long averages recover of it."""

from collections.abc import Sequence

import numpy as np
from scipy.signal import lfilter

from n1trial.protocol import Protocol
from n1trial.schedule import Schedule

HALF_LIVES_NIGHTS = (1.0, 3.0, 7.0, 14.0)


def recovered_share(schedules: Sequence[Schedule], protocol: Protocol, *, half_life_nights: float) -> float:
    """Share of a steady-state contrast that the mean over an arm's analysed nights recovers, 0 to 1.

    An effect that builds up and fades with this half-life has the exposure

        X_t = ρ X_{t-1} + (1 - ρ) [taken on night t],  ρ = 2^(-1/half-life)

    and is E·X_t. What is compared is its mean over the arm's nights and over the reference's, the night
    means of both arms being expected over the draws of the schedule; washout nights are left out.
    """
    decay = 2.0 ** (-1.0 / half_life_nights)
    shares = []
    for schedule in schedules:
        table = schedule.table
        arm = table["arm"].to_numpy()
        analysed = ((table["phase"] == "trial") & ~table["washout"]).to_numpy()
        in_trial = (table["phase"] == "trial").to_numpy()
        for treatment in protocol.arm_names:
            if treatment == protocol.reference:
                continue
            exposure = lfilter([1 - decay], [1, -decay], ((arm == treatment) & in_trial).astype(float))
            on, off = (
                exposure[analysed & (arm == treatment)],
                exposure[analysed & (arm == protocol.reference)],
            )
            shares.append(on.mean() - off.mean())
    return float(np.mean(shares))
