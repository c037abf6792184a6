"""Exactly uniform random orders from a 256-bit seed, the same on every machine for ever.

NumPy promises its random stream only for one build, so the allocation comes from SHA-256 in counter mode:
word i is the first 8 bytes, big endian, of SHA-256("n1trial/allocation/1" ‖ protocol hash ‖ seed ‖ i as 8
bytes, big endian). A number below n is a word taken modulo n, after words in the incomplete last cycle are
thrown away; if n is above 2^64, as many words as it needs stand for one, the first the most significant. A
permutation is Fisher and Yates from the last place down.
"""

import hashlib
import secrets
from collections.abc import Iterator, Sequence

from n1trial.errors import ScheduleError

DOMAIN = b"n1trial/allocation/1"
WORD_BITS = 64


def new_seed() -> str:
    """A fresh 256-bit seed from the operating system.

    Returns
    -------
    str
        64 hexadecimal digits.

    Examples
    --------
    >>> from n1trial import new_seed
    >>> len(new_seed())
    64
    """
    return secrets.token_hex(32)


def words(*, protocol_sha256: str, seed: str, start: int = 0) -> Iterator[int]:
    """The stream of 64-bit words that a protocol and a seed determine, from word `start` on.

    Raises
    ------
    ScheduleError
        The seed is not 64 hexadecimal digits.
    """
    try:
        key = bytes.fromhex(seed)
    except ValueError:
        key = b""
    if len(key) != 32:
        raise ScheduleError(
            f"seed: not 64 hexadecimal digits ({seed[:80]!r}): leave it out to draw a fresh one"
        )
    prefix = DOMAIN + bytes.fromhex(protocol_sha256) + key
    counter = start
    while True:
        yield int.from_bytes(hashlib.sha256(prefix + counter.to_bytes(8, "big")).digest()[:8], "big")
        counter += 1


def below(stream: Iterator[int], n: int) -> int:
    """The next number from 0 to n - 1, each exactly equally likely."""
    words_each = max(1, -(-(n - 1).bit_length() // WORD_BITS))
    values = 1 << WORD_BITS * words_each
    limit = values - values % n
    number = limit
    while number >= limit:
        number = next(stream)
        for _ in range(words_each - 1):
            number = number << WORD_BITS | next(stream)
    return number % n


def permutation[Item](stream: Iterator[int], items: Sequence[Item]) -> tuple[Item, ...]:
    """The items in an order drawn exactly uniformly."""
    order = list(items)
    for last in range(len(order) - 1, 0, -1):
        chosen = below(stream, last + 1)
        order[last], order[chosen] = order[chosen], order[last]
    return tuple(order)


def permuted_blocks(stream: Iterator[int], arms: Sequence[str], blocks: int) -> tuple[tuple[str, ...], ...]:
    """For each block an order of the arms, drawn uniformly and independently of every other block."""
    return tuple(permutation(stream, arms) for _ in range(blocks))
