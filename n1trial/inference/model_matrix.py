"""The model matrix that models share, with a shape that stays the same while a trial goes on.

There is a row for every planned night: first those with a record, in order, then empty ones of weight 0.
So a model that was compiled once takes tomorrow's nights as new data.

Arms, blocks, weekday and trend are centred over the analysed nights. The intercept is then their mean level, and its
prior does not influence the effects (uncentred, N(420, 75) moves an effect by .09 SD in a person who sleeps 536
minutes).
"""

from dataclasses import dataclass, replace
from typing import Self

import numpy as np
import numpy.typing as npt
import pandas as pd

from n1trial.data.left_out import LeftOut
from n1trial.data.trial_data import TrialData
from n1trial.design.outcomes import BAD_NIGHTS, OUTCOMES, Outcome
from n1trial.errors import AnalysisError
from n1trial.inference.data_requirements import require_every_arm, require_variation
from n1trial.inference.night_process import FIRST_NIGHT_GAP, zero_sum_basis
from n1trial.system.arrays import Array

WEEKDAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
# Least residual SD, as a share of the SD of the nights.
LEAST_LEFT = 0.01
AFTER_THE_DOSE = {
    *OUTCOMES,
    BAD_NIGHTS.name,
    "tib_min",
    "deep_min",
    "light_min",
    "rem_min",
    "start",
    "end",
    "bedtime",
    "taken",
    "taken_at",
    "guess",
    "confidence",
    "score",
    "awakenings",
    "grogginess",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Columns:
    """The nights of one outcome as arrays, a row for each planned night, recorded ones first.

    Attributes
    ----------
    y : ndarray [night]
        The outcome in its unit, 0 where there is no record.
    used : ndarray [night]
        1 on recorded nights, the run-in included, else 0.
    analysed : ndarray [night]
        1 on recorded nights that enter the contrasts, else 0.
    gap : ndarray [night]
        Nights since the recorded one before.
    day : ndarray [night]
        Day of the trial, from 0.
    terms : dict of str to ndarray [night, column]
        Columns of every term of the linear predictor by the name of its coefficient: arm, trend, then run_in,
        covariates, block, period and weekday where the trial has them. Arms, trend, blocks and weekdays are centred;
        blocks are contrasts that add up to zero (`zero_sum_basis`).
    arm_share : ndarray [contrast]
        What centring subtracted from the columns of the arms.
    log_sleep : ndarray [night] or None
        Log of sleep time around its mean; None where a recorded night has none.
    sleep_min : ndarray [night] or None
        Sleep time in minutes, 1 where there is no record.
    coords : dict of str to list
        Labels of the dimensions contrast, covariate, block_contrast, period and weekday.
    row : ndarray [night]
        Row of the trial's table.
    """

    y: Array
    used: Array
    analysed: Array
    gap: Array
    day: Array
    terms: dict[str, Array]
    arm_share: Array
    log_sleep: Array | None
    sleep_min: Array | None
    coords: dict[str, list[str] | list[int]]
    row: npt.NDArray[np.int64]

    @property
    def design(self) -> Array:
        """All terms side by side [night, column], the intercept first."""
        return np.column_stack([self.used, *self.terms.values()])

    def exposed(self, exposures: Array) -> Self:
        """The same nights with exposures [row, arm] of the table's rows in place of the columns of the arms."""
        acting = exposures[self.row]
        share = acting[self.analysed > 0].mean(axis=0)
        return replace(
            self,
            terms=self.terms | {"arm": np.where(self.used[:, None] > 0, acting - share, 0.0)},
            arm_share=share,
        )


def columns_of(data: TrialData, outcome: Outcome) -> Columns:
    """The model matrix of one person's nights of an outcome.

    Raises
    ------
    AnalysisError
        An arm has no analysed night, the outcome never changes or is no number of its kind, there are too few
        nights, or a covariate is measured after the dose.
    """
    require_every_arm(data, outcome)
    require_variation(data, outcome)
    return _columns(data, outcome)


def columns_among_others(data: TrialData, outcome: Outcome) -> Columns:
    """The model matrix of one of several people; how much nights differ may be estimated from the others.

    Raises
    ------
    AnalysisError
        An arm has no analysed night, the outcome is no number of its kind, or a covariate is measured after the dose.
    """
    require_every_arm(data, outcome)
    return _columns(data, outcome)


def _columns(data: TrialData, outcome: Outcome) -> Columns:
    table = data.table
    in_contrast = (table["left_out"] == LeftOut.NO) & table[outcome.name].notna()
    used = in_contrast | ((table["left_out"] == LeftOut.RUN_IN) & table[outcome.name].notna())
    order = np.concatenate([np.flatnonzero(used), np.flatnonzero(~used)])
    rows, recorded = table.iloc[order], used.to_numpy()[order]
    analysed = in_contrast.to_numpy()[order]
    run_in = recorded & ~analysed
    day = rows["day"].to_numpy(float)
    planned = max(1.0, float(table["day"].iloc[-1]))
    arm = np.column_stack([(rows["arm"] == name).to_numpy(float) for name in data.treatments])
    terms: dict[str, Array] = {
        # No arm is taken in the run-in.
        "arm": np.where(run_in[:, None], 0.0, arm),
        "trend": (day / planned - 0.5)[:, None],
    }
    coords: dict[str, list[str] | list[int]] = {"contrast": list(data.treatments)}
    if (table["left_out"] == LeftOut.RUN_IN).any():
        terms["run_in"] = run_in[:, None].astype(float)
    if data.covariates:
        terms["covariates"] = _covariates(rows, data.covariates, analysed)
        coords["covariate"] = list(data.covariates)
    trial = table[table["left_out"] != LeftOut.RUN_IN]
    if len(trial["block"].unique()) > 1:
        indicators, names = _one_hot(rows, trial, "block", run_in)
        terms["block"] = indicators @ zero_sum_basis(len(names))
        coords["block_contrast"] = names[1:]
    if trial["period"].value_counts().max() > 1 and trial["period"].nunique() > len(data.arms):
        terms["period"], coords["period"] = _one_hot(rows, trial, "period", run_in)
    if table["night"].notna().all():
        terms["weekday"] = np.eye(7)[rows["night"].dt.day_of_week.to_numpy()]
        coords["weekday"] = list(WEEKDAYS)
    share = terms["arm"][analysed].mean(axis=0)
    for name in ("arm", "trend", "block", "weekday"):
        if name in terms:
            terms[name] = terms[name] - terms[name][analysed].mean(axis=0)
    gap = np.diff(day, prepend=day[0] - FIRST_NIGHT_GAP)
    sleep = _sleep(rows, data, outcome, recorded)
    return Columns(
        y=np.where(recorded, rows[outcome.name].to_numpy(float), 0.0),
        used=recorded.astype(float),
        analysed=analysed.astype(float),
        # Two rows of one date count as following nights: a correlation at gap 0 would be 1.
        gap=np.where(recorded, np.maximum(1.0, gap), FIRST_NIGHT_GAP),
        day=day,
        terms={name: np.where(recorded[:, None], column, 0.0) for name, column in terms.items()},
        arm_share=share,
        log_sleep=None
        if sleep is None
        else np.where(recorded, np.log(sleep) - np.log(sleep)[analysed].mean(), 0.0),
        sleep_min=sleep,
        coords=coords,
        row=order,
    )


def mean_and_sd_left(columns: Columns) -> tuple[float, float]:
    """Mean of the analysed nights, and their residual SD after a regression on arms, trend and weekday.

    The SD is the unit of the priors of an outcome other than sleep time: the plain SD of the nights would grow with
    the effects themselves, with weekends and with a slow change. Where nights are too few to estimate trend and
    weekday, the regression is on the arms alone.

    Returns
    -------
    Mean and SD in the outcome's unit; the SD is at least `LEAST_LEFT` of that of the nights.
    """
    analysed = columns.analysed > 0
    y = columns.y[analysed]
    mean = float(y.mean())
    regressors = np.ones((len(y), 1))
    for names in (("arm",), ("trend", "weekday")):
        parts = [columns.terms[name][analysed] for name in names if name in columns.terms]
        wider = np.column_stack([regressors, *parts])
        # At least two nights a column, or the regression would fit chance.
        if len(y) >= 2 * int(np.linalg.matrix_rank(wider)):
            regressors = wider
    free = max(1, len(y) - int(np.linalg.matrix_rank(regressors)))
    left = y - regressors @ np.linalg.lstsq(regressors, y)[0]
    sd = float(np.sqrt(np.sum(left**2) / free))
    return mean, max(sd, LEAST_LEFT * float(y.std()))


def count_unit(data: TrialData, outcome: Outcome) -> float:
    """What a log rate ratio of 1 is about in the contrast unit of a count: 100 %, or the mean count of a night."""
    return 100.0 if outcome.scale == "percent" else float(data.analysed(outcome)[outcome.name].mean())


def _one_hot(
    rows: pd.DataFrame, trial: pd.DataFrame, name: str, run_in: npt.NDArray[np.bool_]
) -> tuple[Array, list[int]]:
    names = np.unique(trial[name].to_numpy())
    return (rows[name].to_numpy()[:, None] == names) & ~run_in[:, None], [int(name) for name in names]


def _covariates(
    rows: pd.DataFrame, names: tuple[str, ...], analysed: npt.NDArray[np.bool_]
) -> npt.NDArray[np.float64]:
    """Covariates in SDs around their mean over the analysed nights; a missing value becomes the mean."""
    late = sorted(AFTER_THE_DOSE.intersection(names))
    if late:
        raise AnalysisError(
            "is measured after the dose, so the dose may have changed it",
            place=f"covariate {late[0]}",
            remedy="leave it out",
        )
    values = rows[list(names)].to_numpy(float)
    known = np.where(analysed[:, None], values, np.nan)
    counted = np.isfinite(known).sum(axis=0)
    centre = np.where(counted > 0, np.nansum(known, axis=0) / np.maximum(counted, 1), 0.0)
    centred = np.where(np.isfinite(values), values - centre, 0.0)
    spread = np.sqrt((centred[analysed] ** 2).sum(axis=0) / np.maximum(counted, 1))
    return centred / np.where(spread > 0, spread, 1.0) * (spread > 0)


def _sleep(
    rows: pd.DataFrame, data: TrialData, outcome: Outcome, recorded: npt.NDArray[np.bool_]
) -> Array | None:
    """Sleep time [night] in minutes, 1 where there is no record; None where a recorded night has none."""
    if data.sleep_time is None or data.sleep_time == outcome.name:
        return None
    minutes = rows[data.sleep_time].to_numpy(float)
    if not (minutes[recorded] > 0).all():
        return None
    return np.where(recorded, minutes, 1.0)
