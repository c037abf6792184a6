"""Two arms that are compared: the arm, and the comparator that is subtracted from it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from n1trial.errors import ArgumentError

_BETWEEN = " vs "


@dataclass(frozen=True, slots=True)
class Contrast:
    """Arm minus comparator.

    Attributes
    ----------
    arm, comparator : str
        Names of the two arms.

    Examples
    --------
    `str` is what tables and reports have.

    >>> from n1trial import Contrast
    >>> str(Contrast("glycine", "none"))
    'glycine vs none'
    """

    arm: str
    comparator: str

    def __str__(self) -> str:
        return f"{self.arm}{_BETWEEN}{self.comparator}"

    @property
    def arms(self) -> tuple[str, str]:
        """The arm and its comparator."""
        return self.arm, self.comparator

    @classmethod
    def parse(cls, text: str, arms: Iterable[str]) -> Contrast:
        """Read the text of a contrast back, such as "glycine vs none".

        Parameters
        ----------
        text : str
            What `str` made of a contrast.
        arms : iterable of str
            Names of all arms. An arm may have " vs " in its name: the arms decide where the text is cut.

        Returns
        -------
        Contrast
            Of two of the arms.

        Raises
        ------
        ArgumentError
            No two of the arms make this text, or more than one pair does.

        Examples
        --------
        >>> from n1trial import Contrast
        >>> Contrast.parse("a vs b vs none", ["none", "a vs b"]).arm
        'a vs b'
        """
        names = {*arms}
        read = [
            cls(arm, comparator)
            for arm in sorted(names)
            if text.startswith(f"{arm}{_BETWEEN}")
            and (comparator := text.removeprefix(f"{arm}{_BETWEEN}")) in names
        ]
        if len(read) != 1:
            problem = f"reads as {len(read)} pairs" if read else "is no contrast"
            raise ArgumentError(
                f"{text}: {problem} of the arms {', '.join(sorted(names))}: write ARM{_BETWEEN}COMPARATOR"
            )
        return read[0]
