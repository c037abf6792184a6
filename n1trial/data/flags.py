"""Flags of a record or a night: a word, or a word with a value, such as ``split=2``."""

from collections.abc import Iterable
from typing import Self

_BETWEEN = ";"


class Flag(str):
    """What a reader of a night should see: a word, and the value that stands behind it.

    It is the text that files hold, ``word`` or ``word=value``, and is compared and ordered as such.

    Parameters
    ----------
    word : str
        What it is about, such as ``split``; without "=" and ";".
    value : str or float
        A number or a name, as it is to be written; empty where the word says all.

    Examples
    --------
    >>> from n1trial.data.flags import Flag
    >>> flag = Flag("split", 2)
    >>> flag.word, flag.value, str(flag)
    ('split', '2', 'split=2')
    """

    __slots__ = ()

    def __new__(cls, word: str, value: str | float = "") -> Self:
        """Make a flag of its word and value."""
        return super().__new__(cls, word if value == "" else f"{word}={value}")

    @property
    def word(self) -> str:
        """What it is about."""
        return self.partition("=")[0]

    @property
    def value(self) -> str:
        """The number or name behind the word; empty where there is none."""
        return self.partition("=")[2]

    @property
    def number(self) -> float:
        """The value as a number; the flag must have one."""
        return float(self.value)


def parse_flags(text: str) -> tuple[Flag, ...]:
    """The flags of a cell as `format_flags` wrote it.

    Parameters
    ----------
    text : str
        Flags with ";" between them; empty: none.

    Returns
    -------
    tuple of Flag [flag]
        In the order of the cell.

    Examples
    --------
    >>> from n1trial.data.flags import parse_flags
    >>> [flag.word for flag in parse_flags("nap_only;split=2")]
    ['nap_only', 'split']
    """
    return tuple(Flag(flag) for flag in text.split(_BETWEEN) if flag)


def format_flags(flags: Iterable[Flag]) -> str:
    """The flags as one cell of a table holds them, in the order of their text.

    Parameters
    ----------
    flags : iterable of Flag
        In any order.

    Returns
    -------
    str
        Empty where there are none.

    Examples
    --------
    >>> from n1trial.data.flags import Flag, format_flags
    >>> format_flags([Flag("split", 2), Flag("nap_only")])
    'nap_only;split=2'
    """
    return _BETWEEN.join(sorted(flags))
