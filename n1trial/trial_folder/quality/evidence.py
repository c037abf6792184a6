"""Input and output of the quality checks. Neither holds an arm."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime

import pandas as pd

from n1trial.data.flags import parse_flags
from n1trial.data.night_assembly import NightRecords


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """The result of one check: its name, a sentence, and the nights that it is about."""

    check: str
    said: str
    nights: tuple[date, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Evidence:
    """What was planned, recorded and written down, without the arms.

    Attributes
    ----------
    planned
        Every night of the schedule.
    today
        Evening of today; later nights are still to come.
    device
        The device that is analysed.
    nights : table of `Nights`
        What it recorded.
    traced
        Its records of the planned nights.
    others : tables of `Nights` by device
        What other devices recorded.
    diary : table of `Diary`
        What was written down.
    minutes_before_bed
        When doses are planned, first and last.
    run_in
        Nights before the first block, on which nothing is taken.
    diary_notes
        What in the diary is not used.
    habit
        Nothing is swallowed; the diary says whether the instruction was kept to.
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
            for night, flags in zip(table["date"], table["flags"].fillna(""), strict=True)
            if any(flag.word == word for flag in parse_flags(flags))
        )


def wall_clock(written: str) -> datetime:
    """The local wall clock of a night's `start` or `end`."""
    return datetime.fromisoformat(written).replace(tzinfo=None)


def counted(number: int, noun: str) -> str:
    """A number and its noun: ``1 night``, ``2 nights``."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
