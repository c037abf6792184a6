"""How many nights a trial would need to decide, where the nights so far cannot tell yet."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from n1trial.data.trial_data import TrialData
from n1trial.design.verdict import SETTLE_AT_MOST_NIGHTS, contrast_prior_sd, even_information, settle_nights
from n1trial.inference.fit import Fit
from n1trial.inference.inla import Priors, longer_sds, nights_of
from n1trial.inference.inla.design import Codes
from n1trial.inference.model_matrix import Array

if TYPE_CHECKING:
    from n1trial.analysis.effects import Effect


def with_settle_nights(effects: tuple[Effect, ...], fit: Fit, data: TrialData) -> tuple[Effect, ...]:
    """The same effects, with the length of a trial that would decide where these nights cannot tell yet."""
    undecided = [
        effect for effect in effects if effect.verdict == "can't tell yet" and effect.sd < fit.prior_sd
    ]
    if not undecided:
        return effects
    nights = {
        effect.contrast: settle_nights(
            fit.outcome.sign * effect.mean,
            effect.sd,
            lengths=lengths,
            sds=sds,
            prior_sd=contrast_prior_sd(
                fit.prior_sd, against_reference=data.reference in (effect.arm, effect.comparator)
            ),
            mid=fit.outcome.mid,
            rule=data.rule,
        )
        for effect, (lengths, sds) in zip(undecided, _longer_trials(undecided, fit, data), strict=True)
    }
    return tuple(replace(effect, settle_nights=nights.get(effect.contrast)) for effect in effects)


def _longer_trials(effects: Sequence[Effect], fit: Fit, data: TrialData) -> Iterator[tuple[Codes, Array]]:
    """Nights [length] of longer trials and the posterior SDs [length] of each effect after them."""
    if fit.outcome.kind == "count":
        for effect in effects:
            yield even_information(effect.sd, nights=fit.nights, prior_sd=fit.prior_sd)
        return
    design, y = nights_of(data, fit.outcome)
    # All at once: the further nights are the same ones for every contrast.
    lengths, sds = longer_sds(
        design,
        y,
        along=np.array(
            [
                [float(arm == effect.arm) - float(arm == effect.comparator) for arm in data.treatments]
                for effect in effects
            ]
        ),
        priors=Priors().for_trial(data, fit.outcome).widened(data.prior_width),
        most_nights=SETTLE_AT_MOST_NIGHTS,
    )
    for of_effect in sds.T:
        yield lengths, of_effect
