"""The design of a trial: the columns of the sleep-time model, as integer codes, without the nights' outcomes."""

from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt
import pandas as pd

from n1trial.data.trial_data import TrialData
from n1trial.design.outcomes import Outcome
from n1trial.inference.model_matrix import columns_of
from n1trial.inference.night_process import zero_sum_basis
from n1trial.system.arrays import Array, Codes

type Dense = Literal["trend", "run_in", "covariates"]

NONE = -1


@dataclass(frozen=True, slots=True, kw_only=True)
class Design:
    """The design of the nights that inform a model, in calendar order.

    Attributes
    ----------
    arms : tuple of str
        Names of the arms, the reference first.
    day : ndarray [night]
        Calendar days, rising.
    arm, period, block, weekday : ndarray [night]
        Codes from 0; a term with a single code is not in the model.
    analysed : ndarray of bool [night]
        False on run-in nights, which have neither period nor block and inform no contrast.
    dense : ndarray [night, column]
        Columns with a value on every night.
    dense_terms : tuple of {"trend", "run_in", "covariates"} [column]
        The trend is -0.5 to 0.5 from the first planned night to the last, covariates are in SDs.
    """

    arms: tuple[str, ...]
    day: Codes
    arm: Codes
    period: Codes
    block: Codes
    weekday: Codes
    analysed: npt.NDArray[np.bool_]
    dense: Array
    dense_terms: tuple[Dense, ...] = ("trend",)

    @property
    def nights(self) -> int:
        """How many nights may be analysed."""
        return int(self.analysed.sum())

    @property
    def codes(self) -> Codes:
        """Block, period, weekday, arm, and whether analysed [night, 5]."""
        return np.column_stack(
            [self.block, self.period, self.weekday, self.arm, self.analysed.astype(np.int64)]
        )

    @property
    def sizes(self) -> tuple[int, int, int, int, int]:
        """Columns of each kind: block, period, weekday, dense, arm."""
        return (
            _several(self.block),
            _several(self.period),
            7 if len(self.weekday) and self.weekday.min() >= 0 else 0,
            self.dense.shape[1],
            len(self.arms) - 1,
        )


def _several(codes: Codes) -> int:
    number = int(codes.max(initial=-1)) + 1
    return number if number > 1 else 0


def design_of(table: pd.DataFrame, arms: tuple[str, ...], *, planned_days: float) -> Design:
    """The design of planned nights.

    Parameters
    ----------
    table
        A row for each night to be analysed: `day`, `arm`, `period`, `block` and `night` (its date).
    arms
        Names, the reference first.
    planned_days
        Day of the last planned night, the first being 0.
    """
    period, block = _codes(table["period"]), _codes(table["block"])
    # Periods of one night have no term, nor has a single period of each arm: it would be aliased with the arm.
    long_periods = len(period) > 0 and np.bincount(period).max() > 1 and period.max() + 1 > len(arms)
    day = table["day"].to_numpy(np.int64)
    return Design(
        arms=arms,
        day=day,
        arm=np.array([arms.index(name) for name in table["arm"]], dtype=np.int64),
        period=period if long_periods else np.zeros_like(period),
        block=block,
        weekday=table["night"].dt.day_of_week.to_numpy(np.int64),
        analysed=np.ones(len(day), dtype=bool),
        dense=(day / max(1.0, planned_days) - 0.5)[:, np.newaxis],
    )


def _codes(column: pd.Series) -> Codes:
    return np.unique(column.to_numpy(), return_inverse=True)[1].astype(np.int64)


def nights_of(data: TrialData, outcome: Outcome) -> tuple[Design, Array]:
    """Design and nights [night] of an outcome of a trial, from the columns of `model_matrix.columns_of`.

    Raises
    ------
    AnalysisError
        An arm has no analysed night, the outcome never changes, or the nights are too few.
    """
    columns = columns_of(data, outcome)
    recorded = columns.used > 0
    terms = {name: column[recorded] for name, column in columns.terms.items()}
    dense_terms: list[Dense] = ["trend"]
    dense = [terms["trend"]]
    if "run_in" in terms:
        dense_terms.append("run_in")
        dense.append(terms["run_in"])
    if "covariates" in terms:
        dense_terms += ["covariates"] * terms["covariates"].shape[1]
        dense.append(terms["covariates"])
    nights = int(recorded.sum())
    design = Design(
        arms=(data.reference, *data.treatments),
        day=columns.day[recorded].astype(np.int64),
        arm=_code_of(terms["arm"] + columns.arm_share, nights) + 1,
        period=np.maximum(_code_of(terms.get("period"), nights), 0),
        block=_blocks(terms.get("block"), nights),
        weekday=_code_of(terms.get("weekday"), nights, centred=True),
        analysed=columns.analysed[recorded] > 0,
        dense=np.column_stack(dense),
        dense_terms=tuple(dense_terms),
    )
    return design, columns.y[recorded]


def _blocks(contrasts: Array | None, nights: int) -> Codes:
    """Code of the block [night], from contrasts [night, contrast]; 0 in the run-in, which has none."""
    if contrasts is None:
        return np.zeros(nights, dtype=np.int64)
    return np.argmax(contrasts @ zero_sum_basis(contrasts.shape[1] + 1).T, axis=1)


def _code_of(indicators: Array | None, nights: int, *, centred: bool = False) -> Codes:
    """Which column is 1 [night], or `NONE`; of centred columns, which is largest."""
    if indicators is None:
        return np.full(nights, NONE)
    largest = indicators.argmax(axis=1)
    return largest if centred else np.where(indicators.max(axis=1) > 0.5, largest, NONE)
