"""Williams squares: orders in which every arm directly follows every other equally often.

With an even number of arms one square does it, with an odd number a square and its mirror.

References
----------
Williams (1949), Aust. J. Sci. Res. A 2:149
"""

import itertools
import math
from collections.abc import Iterator, Sequence

type Row = tuple[int, ...]


def squares(k: int) -> tuple[tuple[Row, ...], ...]:
    """The Williams square of k arms and, if k is odd, its mirror: 0, 1, k-1, 2, k-2 … and its shifts."""
    zigzag = [0]
    for step in range(1, k):
        zigzag.append((zigzag[-1] + step * (-1) ** (step + 1)) % k)
    square = tuple(tuple((place + shift) % k for place in zigzag) for shift in range(k))
    return (square,) if k % 2 == 0 else (square, tuple(row[::-1] for row in square))


def cycles(k: int) -> int:
    """How many cycles there are: squares under other letters, times orders of the rows."""
    square = squares(k)[0]
    same = sum(_relabelled(square, onto=row) == set(square) for row in square)
    return math.factorial(k) // same * math.factorial(k) ** len(squares(k))


def every_cycle(k: int) -> Iterator[list[Row]]:
    """Every cycle: the rows of a square in any order, then those of its mirror if k is odd."""
    square = squares(k)[0]
    named = {frozenset(_relabelled(square, onto=letters)) for letters in itertools.permutations(range(k))}
    for rows in sorted(sorted(each) for each in named):
        mirrors = [row[::-1] for row in rows] if k % 2 else []
        for first, second in itertools.product(itertools.permutations(rows), itertools.permutations(mirrors)):
            yield [*first, *second]


def is_cycle(rows: Sequence[Row]) -> bool:
    """Whether these rows are a cycle."""
    k = len(rows[0])
    square = set(rows[:k])
    named = any(_relabelled(squares(k)[0], onto=row) == square for row in square)
    return named and (k % 2 == 0 or {row[::-1] for row in rows[k:]} == square)


def _relabelled(square: Sequence[Row], *, onto: Row) -> set[Row]:
    """The square with other letters, such that its first row becomes `onto`."""
    letters = dict(zip(square[0], onto, strict=True))
    return {tuple(letters[place] for place in row) for row in square}
