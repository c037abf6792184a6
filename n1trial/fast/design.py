"""What is known of a trial's nights before they are slept: the columns of the Gaussian twin."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from n1trial.outcomes import Outcome
from n1trial.trial import TrialData, require_learnable

type Array = npt.NDArray[np.float64]
type Codes = npt.NDArray[np.int64]

NO_WEEKDAY = -1


@dataclass(frozen=True, slots=True, kw_only=True)
class Design:
    """The nights of a trial that may be analysed, in calendar order.

    `arms` are the names, the reference first. `day` [night] counts calendar days from the first planned
    night, `arm`, `period`, `block` and `weekday` [night] are codes from 0, and `dense` [night, column] holds
    the trend (-0.5 to 0.5 from the first planned night to the last), then any further columns. A term with a
    single code has no place in this trial, and is left out.
    """

    arms: tuple[str, ...]
    day: Codes
    arm: Codes
    period: Codes
    block: Codes
    weekday: Codes
    dense: Array

    @property
    def nights(self) -> int:
        """How many nights may be analysed."""
        return len(self.day)

    @property
    def codes(self) -> Codes:
        """Period, block, weekday and arm [night, 4]."""
        return np.column_stack([self.period, self.block, self.weekday, self.arm])

    @property
    def sizes(self) -> tuple[int, int, int, int, int]:
        """Columns of each kind: period, block, weekday, dense, arm."""
        return (
            _several(self.period),
            _several(self.block),
            7 if len(self.weekday) and self.weekday.min() >= 0 else 0,
            self.dense.shape[1],
            len(self.arms) - 1,
        )


def _several(codes: Codes) -> int:
    number = int(codes.max(initial=-1)) + 1
    return number if number > 1 else 0


def design_of(
    table: pd.DataFrame, arms: tuple[str, ...], *, planned_days: float, further: Array | None = None
) -> Design:
    """The design of a table with `day`, `arm`, `period`, `block` and, where nights have dates, `night`.

    Parameters
    ----------
    table
        One row a night to be analysed.
    arms
        The reference first.
    planned_days
        Day of the last planned night, the first being 0.
    further : [night, column]
        Columns beside the trend, such as covariates divided by their SD.
    """
    day = table["day"].to_numpy(float)
    period, block = _codes(table["period"]), _codes(table["block"])
    # One-night periods have no term of their own, nor has one period an arm: it would be the arm.
    long_periods = len(period) > 0 and np.bincount(period).max() > 1 and period.max() + 1 > len(arms)
    dated = "night" in table and table["night"].notna().all()
    trend = day / max(1.0, planned_days) - 0.5
    return Design(
        arms=arms,
        day=day.astype(np.int64),
        arm=np.array([arms.index(name) for name in table["arm"]], dtype=np.int64),
        period=period if long_periods else np.zeros_like(period),
        block=block,
        weekday=table["night"].dt.day_of_week.to_numpy(np.int64) if dated else np.full(len(day), NO_WEEKDAY),
        dense=np.column_stack([trend] if further is None else [trend, further]),
    )


def _codes(column: pd.Series) -> Codes:
    return np.unique(column.to_numpy(), return_inverse=True)[1].astype(np.int64)


def nights_of(data: TrialData, outcome: Outcome) -> tuple[Design, Array]:
    """Design and nights [night] of an outcome of a trial.

    Raises
    ------
    AnalysisError
        An arm has no analysed night, the outcome never changes, or the nights are too few.
    """
    require_learnable(data, outcome)
    nights = data.analysed(outcome)
    arms = (data.reference, *data.treatments)
    planned = float(data.table["day"].iloc[-1])
    return design_of(nights, arms, planned_days=planned), nights[outcome.name].to_numpy(float)
