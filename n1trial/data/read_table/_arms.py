"""The arms of a table: names that differ only in capitals, blanks or a number's zeros are one arm, with a note."""

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from n1trial.design.contrast import Contrast
from n1trial.errors import TableError

_DOSE = re.compile(r"\d{1,9}(\.\d{1,9})?")


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Arms:
    """`of_rows` is the arm of every row, `names` all arms in the order of the rows, the reference one of them."""

    of_rows: pd.Series
    names: tuple[str, ...]
    reference: str
    notes: tuple[str, ...]

    def named(self, name_as_given: str, path: Path, *, option: str) -> str:
        """The arm that is meant, however its name is written.

        Raises
        ------
        TableError
            There is no such arm.
        """
        meant = {_plain(name): name for name in self.names}
        if _plain(name_as_given) not in meant:
            raise TableError(
                f"{path.name}: {option}: no arm {name_as_given!r}: choose from {', '.join(self.names)}"
            )
        return meant[_plain(name_as_given)]

    def contrast(self, pair: tuple[str, str], path: Path) -> Contrast:
        """Arm and comparator of a further comparison.

        Raises
        ------
        TableError
            No such arm, twice the same, or a comparison that is made anyway.
        """
        arm, comparator = (self.named(name, path, option="--contrast") for name in pair)
        if arm == comparator or comparator == self.reference:
            why = (
                "twice the same arm"
                if arm == comparator
                else "every arm is compared with the reference anyway"
            )
            raise TableError(f"{path.name}: --contrast {arm}:{comparator}: {why}: leave it out")
        return Contrast(arm, comparator)

    def labelled(self, labels: Mapping[str, str], path: Path, *, others: Sequence[str]) -> dict[str, str]:
        """What every arm is called; its own name where no label is given.

        Parameters
        ----------
        others
            Names that labels may be of too.

        Raises
        ------
        TableError
            A label is of no arm and of none of the others, or two arms have the same.
        """
        known = {_plain(name) for name in others}
        of_arms = {
            self.named(name, path, option="--label"): label
            for name, label in labels.items()
            if _plain(name) not in known
        }
        called = {name: of_arms.get(name, name) for name in self.names}
        twice = next((label for label, times in Counter(called.values()).items() if times > 1), None)
        if twice is not None:
            raise TableError(
                f"{path.name}: --label: two arms are called {twice!r}: give each a name of its own"
            )
        return called


def read_arms(cells: pd.Series, *, reference: str, nothing_taken: pd.Series, column: str, path: Path) -> Arms:
    """Read the arms of rows, by their line.

    Parameters
    ----------
    nothing_taken
        Rows of the run-in, on which an empty cell means the reference.

    Raises
    ------
    TableError
        A row without an arm, or none with the reference.
    """
    empty = (cells == "") & ~nothing_taken
    if empty.any():
        raise TableError(
            f"{path.name}, line {empty.index[empty][0]}: column {column!r} is empty: name the arm, or remove the row"
        )
    spelled: dict[str, Counter[str]] = {}
    for cell in cells[cells != ""]:
        spelled.setdefault(_plain(cell), Counter())[cell] += 1
    # As the reference was asked for, others as they are mostly written.
    chosen = {
        plain: reference if reference in spellings else spellings.most_common(1)[0][0]
        for plain, spellings in spelled.items()
    }
    if _plain(reference) not in chosen:
        raise TableError(
            f"{path.name}: no night has {column} = {reference!r}: choose from {', '.join(chosen.values())}"
        )
    return Arms(
        of_rows=cells.map(lambda cell: chosen[_plain(cell or reference)]),
        names=tuple(chosen.values()),
        reference=chosen[_plain(reference)],
        notes=tuple(
            f"{' and '.join(map(repr, sorted(spellings)))} differ only in capitals, blanks or zeros and are taken as"
            f" one arm, {chosen[plain]}"
            for plain, spellings in spelled.items()
            if len(spellings) > 1
        ),
    )


def one_spelling(names: pd.Series) -> tuple[pd.Series, tuple[str, ...]]:
    """Names with those that differ only in capitals or blanks spelled as most of them are, and which these are."""
    spelled: dict[str, Counter[str]] = {}
    for name in names:
        spelled.setdefault(" ".join(name.split()).casefold(), Counter())[name] += 1
    chosen = {plain: spellings.most_common(1)[0][0] for plain, spellings in spelled.items()}
    several = tuple(
        f"{' and '.join(map(repr, sorted(spellings)))} differ only in capitals or blanks"
        for spellings in spelled.values()
        if len(spellings) > 1
    )
    return names.map(lambda name: chosen[" ".join(name.split()).casefold()]), several


def _plain(name: str) -> str:
    plain = " ".join(name.split()).casefold()
    return f"{float(plain):g}" if _DOSE.fullmatch(plain) else plain
