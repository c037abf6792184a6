"""Each person's usual level, and what each of their blocks lies above or below it.

Nights tell of a level and the mean of its blocks only together: where blocks differ much and nights little, a
sampler creeps along a ridge. The two are independent normal, so they may be turned: sampled are what the nights
tell (level and mean together, and each block around that mean) and one standard normal, of which the nights tell
nothing, that says how much of the sum is the level's.
"""

from collections.abc import Mapping

import numpy as np
import pymc as pm
import pytensor.tensor as pt

from n1trial.cohort._terms import index, person_sds, standardised
from n1trial.cohort.scales import Scales
from n1trial.cohort.stacked import Index, Stacked, contrast_of_each, people_of
from n1trial.cohort.told import zero_sum_shares
from n1trial.columns import Array
from n1trial.models._sleep import fixed_shape


def levels_and_blocks(
    stacked: Stacked,
    scales: Scales,
    told: Mapping[str, Array],
    *,
    usual: pt.TensorVariable,
    usual_sd: float,
    unit: pt.TensorVariable | float = 1.0,
) -> tuple[pt.TensorVariable, pt.TensorVariable]:
    """Levels [person] around their mean, and what blocks add to them [block], of length 0 where there are none.

    Names: level_of_all, whose prior is normal around `usual`, level_sd between people, level [person], block_sd,
    block_z [block].
    """
    moved = pm.Normal("level_of_all_moved", 0.0, usual_sd * unit)
    pm.Deterministic("level_of_all", usual + moved)
    apart = pm.HalfNormal("level_sd", scales.people.scale * unit)
    if not stacked.block.any():
        z = standardised("level", told, sd=apart, mean=moved, dims="person")
        return pm.Deterministic("level", usual + moved + apart * z, dims="person"), pt.zeros(0)
    people = people_of(stacked, stacked.block)
    blocks = np.bincount(people, minlength=len(stacked.weekday_share))
    block_sd = person_sds("block", scales.block, unit)
    # SD of the mean of a person's blocks, in SDs of one; 0 for somebody without blocks.
    of_mean = fixed_shape("block_mean_sd", (blocks > 0) / np.sqrt(np.maximum(blocks, 1)))
    mean_sd = block_sd * of_mean
    both_sd = pt.sqrt(apart**2 + mean_sd**2)
    both = standardised("level", told, sd=both_sd, mean=moved, dims="person")
    turn = pm.Normal("level_turn", 0.0, 1.0, dims="person")
    cosine, sine = apart / both_sd, mean_sd / both_sd
    level = usual + moved + apart * (cosine * both - sine * turn)
    mean_z = of_mean * (sine * both + cosine * turn)
    person = index("block_person", people)
    z = pm.Deterministic(
        "block_z", mean_z[person] + _around_mean(people, person, told, block_sd), dims="block"
    )
    return pm.Deterministic("level", level, dims="person"), block_sd[person] * z


def _around_mean(
    people: Index, person: pt.TensorVariable, told: Mapping[str, Array], sd: pt.TensorVariable
) -> pt.TensorVariable:
    """What each block lies above the mean of its person's, in SDs [block]; adds up to zero in each person."""
    contrast = contrast_of_each(people)
    owner = index("block_contrast_person", people[contrast >= 0])
    free = standardised("block_contrast", told, sd=sd[owner], dims="block_contrast")
    added_up = pt.inc_subtensor(pt.zeros_like(sd)[owner], free)
    # The last of each person, at -1, has no number of its own.
    own = pt.concatenate([free, [0.0]])[index("block_contrast_of", contrast % (contrast.max() + 2))]
    share = np.concatenate([zero_sum_shares(int(blocks)) for blocks in np.bincount(people) if blocks])
    return own - fixed_shape("block_share", share) * added_up[person]
