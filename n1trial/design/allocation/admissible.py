"""The schedules that a design may draw: how many, all of them, one of them, and the least p of a test over them.

A schedule is, for each block, an order of the arms. Orders:

* ``any``: every block is drawn independently of the others;
* ``no-repeat``: no arm ends a block and begins the next;
* ``abba``: every second block mirrors the one before it;
* ``williams``: as many blocks as there are arms (twice as many if the arms are odd in number) are the rows
  of a Williams square, its letters and rows in random order.

`never` forbids an arm directly after another, inside a block and across. All that is not forbidden is
equally likely. The randomisation test looks at the same set: all of it, or, for two arms, the schedules that
differ from the drawn one by swaps of their two labels within blocks.

References
----------
AHRQ User's Guide to N-of-1 trials (2014), ch. 4; Senn (2019), SMMR 28:372
"""

import itertools
import math
import random
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from n1trial.design.allocation import williams
from n1trial.design.allocation.chain import Chain, Codes
from n1trial.design.allocation.stream import below, permutation, permuted_blocks

type Order = Literal["any", "no-repeat", "abba", "williams"]
ORDERS: tuple[Order, ...] = ("any", "no-repeat", "abba", "williams")


@dataclass(frozen=True, slots=True, kw_only=True)
class Admissible:
    """What may be drawn: `arms` in `blocks` blocks, under an order, and pairs (arm, directly after) forbidden.

    `blocks` is a multiple of `cycle`. In arrays an arm is its place in `arms`.
    """

    arms: tuple[str, ...]
    blocks: int
    order: Order = "any"
    never: tuple[tuple[str, str], ...] = ()

    @property
    def cycle(self) -> int:
        """Blocks that are drawn together."""
        k = len(self.arms)
        return {"any": 1, "no-repeat": 1, "abba": 2, "williams": k if k % 2 == 0 else 2 * k}[self.order]

    @property
    def forbidden(self) -> frozenset[tuple[int, int]]:
        """Pairs (before, after) of neighbouring periods that no schedule has."""
        place = {arm: number for number, arm in enumerate(self.arms)}
        named = {(place[after], place[arm]) for arm, after in self.never}
        repeats = {(number, number) for number in place.values()} if self.order == "no-repeat" else set()
        return frozenset(named | repeats)

    @property
    def size(self) -> int:
        """How many schedules there are."""
        cycles = self.blocks // self.cycle
        if self.order == "williams":
            return int(williams.cycles(len(self.arms)) ** cycles)
        if not self.forbidden:
            return int(math.factorial(len(self.arms)) ** cycles)
        return self._chain().size

    def draw(self, stream: Iterator[int]) -> tuple[tuple[str, ...], ...]:
        """One schedule, each exactly equally likely.

        ``any`` draws a permutation a block, ``abba`` one for every two. ``williams`` draws for every cycle a
        permutation of the arms as letters and one of the rows of each square. With forbidden neighbours a
        number below `size` is drawn: the schedule's place among all in lexicographic order.
        """
        cycles = self.blocks // self.cycle
        if self.order == "abba":
            orders = permuted_blocks(stream, self.arms, cycles)
            return tuple(row for order in orders for row in (order, order[::-1]))
        if self.order == "williams":
            return tuple(row for _ in range(cycles) for row in self._williams_cycle(stream))
        if not self.forbidden:
            return permuted_blocks(stream, self.arms, self.blocks)
        chain = self._chain()
        places = chain.at(below(stream, chain.size))
        return tuple(tuple(self.arms[arm] for arm in row) for row in places)

    def every(self) -> Codes:
        """All schedules [schedule, block, position]; ask for `size` first."""
        return self._chain().every()

    def sample(self, count: int, seed: int) -> Codes:
        """So many uniform draws [draw, block, position] for Monte Carlo; never used to allocate."""
        if self.order != "williams":
            return self._chain().sample(count, seed)
        rng = random.Random(seed)
        stream = (rng.getrandbits(64) for _ in itertools.count())
        return np.array([self.codes(self.draw(stream)) for _ in range(count)])

    def swaps(self, schedule: Codes, one: str, other: str) -> Chain:
        """The admissible schedules that differ from this one [block, position] by swaps of two labels.

        A swap is within a block. Given that the drawn schedule is one of these, each is equally likely.
        """
        a, b = self.arms.index(one), self.arms.index(other)
        swapped = np.where(schedule == a, b, np.where(schedule == b, a, schedule)).astype(np.int8)
        options = []
        for first in range(0, self.blocks, self.cycle):
            rows = [(schedule[block], swapped[block]) for block in range(first, first + self.cycle)]
            units = [np.stack(chosen) for chosen in itertools.product(*rows)]
            options.append(np.stack([unit for unit in units if self._admits_cycle(unit)]))
        return Chain(options=tuple(options), forbidden=self.forbidden)

    def codes(self, schedule: Iterable[Sequence[str]]) -> Codes:
        """A schedule of names as an array [block, position]."""
        return np.array([[self.arms.index(arm) for arm in order] for order in schedule], dtype=np.int8)

    def least_p(self, one: str, other: str) -> float:
        """The least p, two-sided, that a test over all schedules can reach for a contrast.

        It is above 1 / `size`, because some schedules show the same: those in which the two arms have
        changed places throughout, and those in which the others have.
        """
        pair = {self.arms.index(one), self.arms.index(other)}
        same = sum(
            {relabel[arm] for arm in pair} == pair
            and {(relabel[before], relabel[after]) for before, after in self.forbidden} == self.forbidden
            for relabel in itertools.permutations(range(len(self.arms)))
        )
        return same / self.size

    def _chain(self) -> Chain:
        k = len(self.arms)
        orders = [order for order in itertools.permutations(range(k)) if not self._breaks(order)]
        if self.order == "abba":
            units = [[order, order[::-1]] for order in orders]
        elif self.order == "williams":
            units = list(williams.every_cycle(k))
        else:
            units = [[order] for order in orders]
        unit = np.array(units, dtype=np.int8).reshape(len(units), self.cycle, k)
        return Chain(options=(unit,) * (self.blocks // self.cycle), forbidden=self.forbidden)

    def _breaks(self, order: Sequence[int]) -> bool:
        return any(pair in self.forbidden for pair in itertools.pairwise(order))

    def _admits_cycle(self, unit: Codes) -> bool:
        rows = [tuple(int(arm) for arm in row) for row in unit]
        if self.order == "abba":
            return rows[0] == rows[1][::-1]
        return williams.is_cycle(rows) if self.order == "williams" else not self._breaks(rows[0])

    def _williams_cycle(self, stream: Iterator[int]) -> Iterator[tuple[str, ...]]:
        letters = permutation(stream, self.arms)
        for square in williams.squares(len(self.arms)):
            for row in permutation(stream, square):
                yield tuple(letters[place] for place in row)
