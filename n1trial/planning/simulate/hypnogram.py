"""Random sleep stages of a night by epoch, with a given amount of sleep and number of wake episodes."""

import numpy as np
from numpy.typing import NDArray

Stages = NDArray[np.int8]

WAKE, LIGHT, DEEP, REM, BRIEF = 0, 1, 2, 3, 4
EPISODE_S = 300
# Most time awake beyond the 5 minutes of every episode, so that no record reaches the next evening
MOST_EXCESS_S = 90 * 60


def draw_stages(
    rng: np.random.Generator, *, sleep_epochs: int, episodes: int, brief_wakes: int, epoch_s: int
) -> Stages:
    """Stages of one record, from its first to its last epoch.

    Parameters
    ----------
    sleep_epochs
        Epochs of light, deep and REM sleep, exactly.
    episodes
        Runs of WAKE of 5 minutes or more strictly inside the sleep period, exactly.
    brief_wakes
        Runs of BRIEF of less than 5 minutes strictly inside; fewer where the sleep is too short for them.
        No run touches another.
    epoch_s : seconds

    Returns
    -------
    [epoch], with up to 20 min of WAKE before the first sleep, up to 10 min after the last
    """
    sleep = _sleep(rng, sleep_epochs, epoch_s)
    wakes = min(episodes + brief_wakes, sleep_epochs - 1)
    after = np.sort(rng.choice(sleep_epochs - 1, wakes, replace=False)) + 1
    is_episode = np.zeros(wakes, dtype=bool)
    is_episode[rng.choice(wakes, episodes, replace=False)] = True
    least = -(-EPISODE_S // epoch_s)
    excess = rng.geometric(epoch_s / (epoch_s + 240), wakes)
    affordable = np.cumsum(excess * is_episode) <= MOST_EXCESS_S // epoch_s
    long_runs = least - 1 + np.where(affordable, excess, 1)
    brief_runs = np.minimum(rng.geometric(0.45, wakes), max(least - 1, 1))
    pieces: list[Stages] = [_run(WAKE, _edge(rng, 1200, epoch_s))]
    for part, episode, long, brief in zip(
        np.split(sleep, after)[:-1], is_episode, long_runs, brief_runs, strict=True
    ):
        pieces += [part, _run(WAKE, long) if episode else _run(BRIEF, brief)]
    pieces += [np.split(sleep, after)[-1], _run(WAKE, _edge(rng, 600, epoch_s))]
    return np.concatenate(pieces)


def _run(stage: int, epochs: int) -> Stages:
    return np.full(epochs, stage, dtype=np.int8)


def _edge(rng: np.random.Generator, most_s: int, epoch_s: int) -> int:
    """Epochs awake in bed before or after the sleep; often none."""
    return int(rng.random() < 0.6) * int(rng.integers(1, most_s // epoch_s + 1))


def _sleep(rng: np.random.Generator, epochs: int, epoch_s: int) -> Stages:
    """Cycles of about 90 minutes, deep sleep early in the night and REM late."""
    stages: list[int] = []
    lengths: list[float] = []
    cycle = 0
    while sum(lengths) < epochs * epoch_s:
        deep, rem = 34 * 0.6**cycle, min(8 + 9 * cycle, 38)
        for stage, minutes in ((LIGHT, 14), (DEEP, deep), (LIGHT, 30), (REM, rem), (LIGHT, 6)):
            stages.append(stage)
            lengths.append(60 * minutes * rng.uniform(0.6, 1.4))
        cycle += 1
    runs = np.maximum(np.round(np.array(lengths) / epoch_s).astype(int), 1)
    # Rounding may leave some last epochs without a stage: they are light sleep
    night = np.repeat(np.array(stages, dtype=np.int8), runs)[:epochs]
    return np.concatenate([night, _run(LIGHT, epochs - len(night))])


def runs_of(stages: Stages) -> list[tuple[int, int, int]]:
    """First epoch, length and stage of every run."""
    if not len(stages):
        return []
    firsts = np.concatenate([[0], np.flatnonzero(np.diff(stages)) + 1])
    lengths = np.diff(np.concatenate([firsts, [len(stages)]]))
    return [
        (int(first), int(length), int(stages[first])) for first, length in zip(firsts, lengths, strict=True)
    ]
