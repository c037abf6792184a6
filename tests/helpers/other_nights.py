"""Nights as people describe them, written down from sentences and not from the model: the other simulators.

Every simulator simulates the same trial many times: six blocks of three weeks, one for each of three arms in random
order. It takes the arm of each night [trial, night] and the effect of the two treatments [trial, 2], in minutes of
mean sleep, and gives the nights [trial, night] and the true change of the mean on each treatment [trial, 2]. All
share a person with a level between 380 and 470 minutes who sleeps up to half an hour longer on free nights.
"""

from collections.abc import Callable

import numpy as np

BLOCKS, ARMS, PERIOD_NIGHTS = 6, 3, 7
NIGHTS = BLOCKS * ARMS * PERIOD_NIGHTS
NIGHT = np.arange(NIGHTS)

type Array = np.ndarray
type Simulator = Callable[[np.random.Generator, Array, Array], tuple[Array, Array]]


def drawn_orders(rng: np.random.Generator, trials: int) -> Array:
    """The arm of every night [trial, night]: in every block each arm once, in random order."""
    orders = rng.permuted(np.tile(np.arange(ARMS), (trials, BLOCKS, 1)), axis=2)
    return np.repeat(orders.reshape(trials, -1), PERIOD_NIGHTS, axis=1)


def on_arms(effects: Array, arms: Array) -> Array:
    """What tonight's arm adds [trial, night]; the first arm adds nothing."""
    return np.take_along_axis(np.hstack([np.zeros((len(effects), 1)), effects]), arms, axis=1)


def usual(rng: np.random.Generator, trials: int, *, sd: float) -> Array:
    """A person's nights without anything else [trial, night]."""
    free_night = 30 * rng.random((trials, 1)) * (NIGHT % 7 >= 5)
    return rng.uniform(380, 470, (trials, 1)) + free_night + sd * rng.standard_normal((trials, NIGHTS))


def _adding(nights_of: Callable[[np.random.Generator, int], Array]) -> Simulator:
    def simulate(rng: np.random.Generator, arms: Array, effects: Array) -> tuple[Array, Array]:
        return nights_of(rng, len(arms)) + on_arms(effects, arms), effects

    return simulate


def ordinary(rng, trials):
    """Nights scatter by an hour, like a bell."""
    return usual(rng, trials, sd=60)


def skewed(rng, trials):
    """Most nights are a little above the mean and some far below it."""
    return usual(rng, trials, sd=25) - 45 * (rng.gamma(2.0, 1.0, (trials, NIGHTS)) - 2)


def wild(rng, trials):
    """Now and then a night is wildly longer or shorter."""
    return usual(rng, trials, sd=10) + 32 * rng.standard_t(3, (trials, NIGHTS))


def disasters(rng, trials):
    """About once a month, two to four nights in a row lose three hours each."""
    left, bad = np.zeros(trials, int), np.zeros((trials, NIGHTS), bool)
    begins = rng.random((trials, NIGHTS)) < 0.04
    for night in range(NIGHTS):
        left = np.where(begins[:, night], rng.integers(2, 5, trials), np.maximum(left - 1, 0))
        bad[:, night] = left > 0
    return usual(rng, trials, sd=50) - 180 * bad


def weekly_shocks(rng, trials, *, sd=40.0):
    """Every calendar week has a level of its own, 40 minutes up or down; weeks do not begin with periods."""
    week = (NIGHT + rng.integers(0, 7, (trials, 1))) // 7
    shocks = sd * rng.standard_normal((trials, NIGHTS // 7 + 1))
    return usual(rng, trials, sd=50) + np.take_along_axis(shocks, week, axis=1)


def small_shocks(rng, trials):
    """The same with 20 minutes."""
    return weekly_shocks(rng, trials, sd=20.0)


def cycle(rng, trials):
    """Sleep swings by 40 minutes up and down over 28 days."""
    phase = (NIGHT + rng.uniform(0, 28, (trials, 1))) / 28
    return usual(rng, trials, sd=50) + 40 * np.sin(2 * np.pi * phase)


def step(rng, trials):
    """On some day life changes, and from then on every night is an hour longer or shorter."""
    after = rng.integers(20, NIGHTS - 20, (trials, 1)) <= NIGHT
    return usual(rng, trials, sd=55) + rng.choice([-60, 60], (trials, 1)) * after


def learning(rng, trials):
    """Sleep gets 70 minutes longer by itself, most of it in the first month."""
    return usual(rng, trials, sd=55) + 70 * (1 - np.exp(-NIGHT / 25))


def illness(rng, trials):
    """Two weeks of illness cost an hour and a half a night."""
    nights = usual(rng, trials, sd=55)
    for _ in range(2):
        since = NIGHT - rng.integers(0, NIGHTS - 7, (trials, 1))
        nights -= 90 * ((since >= 0) & (since < 7))
    return nights


def calmer_then_wilder(rng, trials):
    """In the second half nights scatter more than twice as much as in the first."""
    return usual(rng, trials, sd=0) + np.where(NIGHT < NIGHTS // 2, 35, 85) * rng.standard_normal(
        (trials, NIGHTS)
    )


def roster(rng, trials):
    """Early, ordinary and late weeks take turns: 40 minutes less, none, 40 minutes more."""
    turn = (NIGHT // 7 + rng.integers(0, 3, (trials, 1))) % 3
    return usual(rng, trials, sd=50) + np.array([-40, 0, 40])[turn]


def wandering(rng, trials):
    """The level wanders: every night begins where the last one left it, give or take five minutes."""
    return usual(rng, trials, sd=50) + np.cumsum(5 * rng.standard_normal((trials, NIGHTS)), axis=1)


def like_the_night_before(rng, trials, *, correlation=0.5):
    """A bad night follows a bad night: correlation .5 from one to the next."""
    shocks, chance = rng.standard_normal((trials, NIGHTS)), np.empty((trials, NIGHTS))
    chance[:, 0] = shocks[:, 0]
    for night in range(1, NIGHTS):
        before = correlation * chance[:, night - 1]
        chance[:, night] = before + np.sqrt(1 - correlation**2) * shocks[:, night]
    return usual(rng, trials, sd=0) + 55 * chance


def very_like_the_night_before(rng, trials):
    """The same with .7."""
    return like_the_night_before(rng, trials, correlation=0.7)


def bad_nights_prevented(rng, arms, effects):
    """The first treatment turns 15 % of nights that are 200 minutes short into 5 %, the other does nothing."""
    bad = rng.random(arms.shape) < np.array([0.15, 0.05, 0.15])[arms]
    return usual(rng, len(arms), sd=50) - 200 * bad, np.tile([20.0, 0.0], (len(arms), 1))


def more_bad_nights_prevented(rng, arms, effects):
    """The same with 25 % and 5 %."""
    bad = rng.random(arms.shape) < np.array([0.25, 0.05, 0.25])[arms]
    return usual(rng, len(arms), sd=50) - 200 * bad, np.tile([40.0, 0.0], (len(arms), 1))


def doses_forgotten(rng, arms, effects):
    """One dose in five is forgotten; what is asked for is the effect of the schedule, not of the capsule."""
    taken = rng.random(arms.shape) < 0.8
    return usual(rng, len(arms), sd=55) + on_arms(effects, arms) * taken, 0.8 * effects


def different_in_every_block(rng, arms, effects):
    """What an arm adds differs from block to block by 15 minutes; the truth is its mean over these blocks."""
    of_block = effects[:, np.newaxis] + 15 * rng.standard_normal((len(arms), BLOCKS, 2))
    block = NIGHT // (ARMS * PERIOD_NIGHTS)
    nothing = np.zeros((len(arms), BLOCKS, 1))
    added = np.concatenate([nothing, of_block], axis=2)[:, block]
    tonight = np.take_along_axis(added, arms[..., np.newaxis], axis=2)[..., 0]
    return usual(rng, len(arms), sd=55) + tonight, of_block.mean(axis=1)


def missing_on_one_arm(rng, arms, effects):
    """A quarter of the nights on one arm were not recorded, and one in twenty on the others."""
    nights = usual(rng, len(arms), sd=55) + on_arms(effects, arms)
    return np.where(rng.random(arms.shape) < np.where(arms == 1, 0.25, 0.05), np.nan, nights), effects


def built_up(half_life_nights: float) -> Simulator:
    """What a treatment adds builds up over days and lingers as long; the truth is what the periods' means show."""

    def simulate(rng: np.random.Generator, arms: Array, effects: Array) -> tuple[Array, Array]:
        keeps = 2 ** (-1 / half_life_nights)
        level = np.zeros((len(arms), 2))
        added = np.empty(arms.shape)
        for night in range(NIGHTS):
            dosed = arms[:, [night]] == np.array([[1, 2]])
            level = keeps * level + (1 - keeps) * dosed
            added[:, night] = (level * effects).sum(axis=1)
        means = [(added * (arms == arm)).sum(axis=1) / (arms == arm).sum(axis=1) for arm in range(ARMS)]
        shown = np.stack([mean - means[0] for mean in means[1:]], axis=1)
        return usual(rng, len(arms), sd=55) + added, shown

    return simulate


OF_NIGHTS: dict[str, Simulator] = {
    "ordinary nights": _adding(ordinary),
    "skewed nights": _adding(skewed),
    "wild nights": _adding(wild),
    "clustered disasters": _adding(disasters),
    "weekly shocks of 20": _adding(small_shocks),
    "weekly shocks of 40": _adding(weekly_shocks),
    "28-day cycle of 40": _adding(cycle),
    "a step of an hour": _adding(step),
    "learning": _adding(learning),
    "two weeks of illness": _adding(illness),
    "noise that doubles": _adding(calmer_then_wilder),
    "weekly roster": _adding(roster),
    "a level that wanders": _adding(wandering),
    "correlation .5": _adding(like_the_night_before),
    "correlation .7": _adding(very_like_the_night_before),
    "one dose in five forgotten": doses_forgotten,
    "effects that differ by block": different_in_every_block,
    "nights missing on one arm": missing_on_one_arm,
}
OF_BAD_NIGHTS: dict[str, Simulator] = {
    "bad nights prevented, +20": bad_nights_prevented,
    "bad nights prevented, +40": more_bad_nights_prevented,
}
OF_SLOW_EFFECTS: dict[str, Simulator] = {
    "half-life of 5 nights": built_up(5),
    "half-life of 10 nights": built_up(10),
}
