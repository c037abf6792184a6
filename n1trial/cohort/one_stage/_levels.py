"""Each person's usual level, and the deviation of each of their blocks from it."""

from collections.abc import Mapping

import numpy as np
import pymc as pm
import pytensor.tensor as pt

from n1trial.cohort.one_stage._terms import index, standardised
from n1trial.cohort.one_stage.partial_centring import zero_sum_shares
from n1trial.cohort.one_stage.scales import Scales
from n1trial.cohort.one_stage.stacked_data import Stacked, contrast_of_each, people_of
from n1trial.inference.models._half_normal import half_normal
from n1trial.inference.models._sleep import fixed_shape
from n1trial.system.arrays import Array


def levels(
    scales: Scales,
    likelihoods: Mapping[str, Array],
    *,
    usual: pt.TensorVariable,
    usual_sd: float,
    unit: pt.TensorVariable | float = 1.0,
) -> pt.TensorVariable:
    """Levels [person] around their mean.

    Names: level_of_all, whose prior is normal around `usual`, level_sd between people, level [person].
    """
    moved = pm.Normal("level_of_all_moved", 0.0, usual_sd * unit)
    pm.Deterministic("level_of_all", usual + moved)
    spread = half_normal("level_sd", scales.people.scale * unit)
    z = standardised("level", likelihoods, sd=spread, mean=moved, dims="person")
    return pm.Deterministic("level", usual + moved + spread * z, dims="person")


def blocks(
    stacked: Stacked, likelihoods: Mapping[str, Array], *, sd: pt.TensorVariable | float
) -> pt.TensorVariable:
    """Deviation of each block from its person's mean [block]; those of a person add up to zero.

    Parameters
    ----------
    sd
        SD of the prior, of each person [person] or the same for all.
    """
    if not stacked.block.any():
        return pt.zeros(0)
    people = people_of(stacked, stacked.block)
    contrast = contrast_of_each(people)
    of_person = sd * pt.ones(len(stacked.weekday_share))
    owner = index("block_contrast_person", people[contrast >= 0])
    of_contrast = of_person[owner]
    free = of_contrast * standardised("block_contrast", likelihoods, sd=of_contrast, dims="block_contrast")
    person = index("block_person", people)
    added_up = pt.inc_subtensor(pt.zeros_like(of_person)[owner], free)
    # The last of each person, at -1, has no number of its own.
    own = pt.concatenate([free, [0.0]])[index("block_contrast_of", contrast % (contrast.max() + 2))]
    share = np.concatenate([zero_sum_shares(int(number)) for number in np.bincount(people) if number])
    return pm.Deterministic(
        "block_level", own - fixed_shape("block_share", share) * added_up[person], dims="block"
    )
