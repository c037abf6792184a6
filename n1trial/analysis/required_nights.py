"""How precise longer trials would be, where the nights so far cannot tell yet."""

from collections.abc import Iterator, Sequence

import numpy as np

from n1trial.data.trial_data import TrialData
from n1trial.design.contrast import Contrast
from n1trial.design.verdict import SETTLE_AT_MOST_NIGHTS, even_information
from n1trial.inference.fit import Fit
from n1trial.inference.inla import Priors, longer_sds, nights_of
from n1trial.system.arrays import Array, Codes


def longer_trials(
    contrasts: Sequence[Contrast], sds: Sequence[float], fit: Fit, data: TrialData
) -> Iterator[tuple[Codes, Array]]:
    """Nights [length] of longer trials, and the posterior SDs [length] of each contrast after them.

    Parameters
    ----------
    contrasts : [contrast]
        What is compared.
    sds : [contrast], in the outcome's contrast unit
        Posterior SDs after the nights so far.
    """
    if fit.outcome.kind == "count":
        for sd in sds:
            yield even_information(sd, nights=fit.nights, prior_sd=fit.prior_sd)
        return
    design, y = nights_of(data, fit.outcome)
    # All at once: the further nights are the same ones for every contrast.
    lengths, later_sds = longer_sds(
        design,
        y,
        along=np.array(
            [
                [float(name == contrast.arm) - float(name == contrast.comparator) for name in data.treatments]
                for contrast in contrasts
            ]
        ),
        priors=Priors().for_trial(data, fit.outcome).widened(data.prior_width),
        most_nights=SETTLE_AT_MOST_NIGHTS,
    )
    for of_contrast in later_sds.T:
        yield lengths, of_contrast
