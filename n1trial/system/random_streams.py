"""One rule for seeds: whoever needs random numbers takes `stream(seed)`, or `stream(seed, key)` for one of several.

A seed is a whole number, 0 or more, that a caller gives or a module names as a constant; it belongs to the work and not
to the process that does it. Never add to a seed: work 1 of seed 2 would be work 2 of seed 1.

Elsewhere by purpose: `design.allocation` draws schedules from 256 bits and SHA-256, and Monte Carlo orders whose
number exceeds 64 bits by Python's `random`; the sampler takes the seed itself; `planning.simulate` spawns children of
its seed, and `planning.simulated_nights` numbers schedules on from it, which published figures depend on.
"""

import numpy as np


def stream(seed: int, *key: int) -> np.random.Generator:
    """A generator of random numbers, the same for the same seed and key, and independent of every other.

    Parameters
    ----------
    seed
        Seed, 0 or more.
    key
        Numbers, 0 or more, of the source of chance within the work; none where there is one.
    """
    return np.random.default_rng([seed, *key])
