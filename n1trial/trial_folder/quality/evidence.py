"""What the checks of quality look at, and what they say. There is no arm in it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime

import pandas as pd

from n1trial.data.night_assembly import NightRecords


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing that was looked at: which check, what was found, and on which nights."""

    check: str
    said: str
    nights: tuple[date, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Evidence:
    """What was planned, recorded and written down, without the arms.

    `nights` and each of `others` are tables of `Nights`; `traced` are the records of the planned nights. On nights of
    the `run_in` nothing is taken in any trial. `diary_notes` say what in the diary is used for
    nothing. Of a `habit` the diary says whether it was kept to, and nothing is swallowed.
    """

    planned: tuple[date, ...]
    today: date
    device: str
    nights: pd.DataFrame
    traced: tuple[NightRecords, ...]
    others: Mapping[str, pd.DataFrame]
    diary: pd.DataFrame
    minutes_before_bed: tuple[int, int]
    run_in: frozenset[date] = frozenset()
    diary_notes: tuple[str, ...] = ()
    habit: bool = False

    @property
    def past(self) -> tuple[date, ...]:
        """Planned nights that are over."""
        return tuple(night for night in self.planned if night < self.today)

    @property
    def recorded(self) -> pd.DataFrame:
        """Planned nights that the analysed device recorded, with `date`."""
        table = self.nights.assign(date=self.nights["night"].dt.date)
        return table[table["date"].isin(self.planned)]

    def flagged(self, word: str) -> tuple[date, ...]:
        """Planned nights with a flag, whatever number stands behind it."""
        table = self.recorded
        return tuple(
            night
            for night, flags in zip(table["date"], table["flags"], strict=True)
            if any(flag.partition("=")[0] == word for flag in str(flags).split(";"))
        )


def wall_clock(written: str) -> datetime:
    """The local wall clock of a night's `start` or `end`."""
    return datetime.fromisoformat(written).replace(tzinfo=None)


def counted(number: int, noun: str) -> str:
    """A number and its noun: ``1 night``, ``2 nights``."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
