"""Wakes as people describe them, written down from sentences and not from the model: the other simulators of counts.

As in `other_nights` every simulator simulates the same trial many times. It takes the arm of each night [trial,
night] and by how much each of the two treatments multiplies the mean number of wakes [trial, 2], and gives the
counts [trial, night], the true ratio of mean counts of each treatment [trial, 2] and the mean of all the nights as
they would have been on nothing [trial]. All share a person who wakes twice a night for five minutes or more.
"""

from collections.abc import Callable

import numpy as np
from other_nights import NIGHT, NIGHTS

USUAL = 2.0

type Array = np.ndarray
type Counts = tuple[Array, Array, Array]
type Simulator = Callable[[np.random.Generator, Array, Array], Counts]


def on_arms(ratios: Array, arms: Array) -> Array:
    """What tonight's arm multiplies the mean by [trial, night]; by nothing on the first arm."""
    return np.take_along_axis(np.hstack([np.ones((len(ratios), 1)), ratios]), arms, axis=1)


def _of_rates(drawn: Callable[[np.random.Generator, Array], Array]) -> Simulator:
    def simulate(rng: np.random.Generator, arms: Array, ratios: Array) -> Counts:
        return drawn(rng, USUAL * on_arms(ratios, arms)), ratios, np.full(len(arms), USUAL)

    return simulate


def by_chance(rng, rates):
    """Wakes come by pure chance."""
    return rng.poisson(rates)


def steadier(rng, rates):
    """Twice as many times a night as one wakes on average there is an occasion, and a coin decides whether one does."""
    occasions = np.maximum(np.ceil(2 * rates), 1).astype(int)
    return rng.binomial(occasions, rates / occasions)


def wilder(rng, rates):
    """Every night has a rate of its own: a few are far worse than the rest, and the variance is 2 1/4 means."""
    return rng.poisson(rates * rng.gamma(1.6, 1 / 1.6, rates.shape))


def half_the_nights_quiet(rng, rates):
    """On 30 to 50 % of all nights one sleeps through, and wakes that much more often on the others."""
    quiet = rng.uniform(0.3, 0.5, (len(rates), 1))
    return rng.poisson(rates / (1 - quiet)) * (rng.random(rates.shape) >= quiet)


def weeks_of_their_own(rng, arms, ratios):
    """Every calendar week has 30 % more wakes or 30 % fewer; weeks do not begin with periods."""
    week = (NIGHT + rng.integers(0, 7, (len(arms), 1))) // 7
    shocks = np.exp(0.3 * rng.standard_normal((len(arms), NIGHTS // 7 + 1)) - 0.3**2 / 2)
    usual = USUAL * np.take_along_axis(shocks, week, axis=1)
    return rng.poisson(usual * on_arms(ratios, arms)), ratios, usual.mean(axis=1)


def nights_made_quiet(rng, arms, ratios):
    """An arm does not change the nights with wakes, but how many there are: on nothing 40 % of nights have none."""
    waking = np.minimum(0.6 * on_arms(ratios, arms), 1.0)
    counts = rng.poisson(USUAL / 0.6, arms.shape) * (rng.random(arms.shape) < waking)
    return counts, np.minimum(ratios, 1 / 0.6), np.full(len(arms), USUAL)


OF_COUNTS: dict[str, Simulator] = {
    "wakes by chance": _of_rates(by_chance),
    "steadier than chance": _of_rates(steadier),
    "wilder than chance": _of_rates(wilder),
    "30 to 50 % of nights without a wake": _of_rates(half_the_nights_quiet),
    "weeks that differ by 30 %": weeks_of_their_own,
    "an arm that lets more nights be quiet": nights_made_quiet,
}
