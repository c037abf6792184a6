"""Schedules made of units in a row: counted, listed, and drawn uniformly, however many there are."""

import itertools
import random
from bisect import bisect_right
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from n1trial.system.random_streams import stream

type Codes = npt.NDArray[np.int8]


@dataclass(frozen=True, kw_only=True, eq=False)
class Chain:
    """Each unit is one of its `options` [option, block, position], which hold arms as numbers.

    `forbidden` are pairs of arms: no unit ends with the one where the next begins with the other.
    """

    options: tuple[Codes, ...]
    forbidden: frozenset[tuple[int, int]]

    @property
    def size(self) -> int:
        """How many schedules there are."""
        return self._running[0][None][-1]

    def at(self, rank: int) -> Codes:
        """The schedule [block, position] at a place, from 0, in the order of the options."""
        chosen: list[Codes] = []
        last: int | None = None
        for options, running in zip(self.options, self._running, strict=True):
            option = bisect_right(running[last], rank) - 1
            rank -= running[last][option]
            chosen.append(options[option])
            last = int(options[option][-1, -1])
        return np.concatenate(chosen)

    def every(self) -> Codes:
        """All schedules [schedule, block, position], in the order of the options; ask for `size` first."""
        schedules = self.options[0]
        for options in self.options[1:]:
            before, after = np.nonzero(self._fits(schedules[:, -1, -1], options[:, 0, 0]))
            schedules = np.concatenate([schedules[before], options[after]], axis=1)
        return schedules

    def sample(self, count: int, seed: int) -> Codes:
        """So many uniform draws [draw, block, position] for Monte Carlo; never used to allocate."""
        if self.forbidden:
            rng = random.Random(seed)
            return np.stack([self.at(rng.randrange(self.size)) for _ in range(count)])
        generator = stream(seed)
        units = [options[generator.integers(len(options), size=count)] for options in self.options]
        return np.concatenate(units, axis=1)

    def _fits(self, before: Codes, after: Codes) -> npt.NDArray[np.bool_]:
        fits = np.ones((len(before), len(after)), dtype=bool)
        for one, other in self.forbidden:
            fits &= ~((before == one)[:, np.newaxis] & (after == other))
        return fits

    @cached_property
    def _running(self) -> list[dict[int | None, list[int]]]:
        """Ways to go on, summed along a unit's options; by unit and by the arm before it (None at the start)."""
        units = [[(int(option[0, 0]), int(option[-1, -1])) for option in options] for options in self.options]
        befores = {None, *(last for ends in units for _, last in ends)}
        running: list[dict[int | None, list[int]]] = []
        ways: dict[int | None, int] = dict.fromkeys(befores, 1)
        for ends in reversed(units):
            totals = {
                before: list(
                    itertools.accumulate(
                        (0 if (before, first) in self.forbidden else ways[last] for first, last in ends),
                        initial=0,
                    )
                )
                for before in befores
            }
            running.append(totals)
            ways = {before: total[-1] for before, total in totals.items()}
        return running[::-1]
