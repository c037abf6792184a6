"""The columns that models share: arms, weekday and trend centred over the analysed nights.

Centring makes the intercept the mean level of the analysed nights, so that its prior does not leak into
the effects (uncentred, N(420, 75) moves an effect by .09 SD in a person who sleeps 536 minutes).
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pymc as pm

from n1trial.outcomes import Outcome
from n1trial.trial import TrialData, require_learnable

type Array = npt.NDArray[np.float64]
type Codes = npt.NDArray[np.int64]

WEEKDAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")


@dataclass(frozen=True, slots=True, kw_only=True)
class Columns:
    """The analysed nights of one outcome, ready for a model.

    `arm` [night, contrast] and `weekday` [night, weekday] are centred indicators, `arm_share` [contrast] is
    what was taken off `arm`; `trend` [night] runs over -0.5 to 0.5 from the first to the last planned night,
    centred; `gap` [night] is the nights since the one before. None: the term has no place in this trial.
    """

    y: Array
    arm: Array
    arm_share: Array
    trend: Array
    gap: Codes
    weekday: Array | None
    period_idx: Codes | None
    block_idx: Codes | None
    log_sleep: Array | None
    coords: dict[str, list[str] | list[int]]


def columns_of(data: TrialData, outcome: Outcome) -> Columns:
    """Prepare the analysed nights of an outcome.

    Raises
    ------
    AnalysisError
        An arm has no analysed night, the outcome never changes, or fewer nights than a model can use.
    """
    nights = data.analysed(outcome)
    require_learnable(data, outcome)
    arm = np.column_stack([(nights["arm"] == name).to_numpy(float) for name in data.treatments])
    day = nights["day"].to_numpy(float)
    planned = max(1.0, float(data.table["day"].iloc[-1]))
    periods, blocks = nights["period"].to_numpy(), nights["block"].to_numpy()
    period_names, period_idx = np.unique(periods, return_inverse=True)
    block_names, block_idx = np.unique(blocks, return_inverse=True)
    long_periods = np.bincount(period_idx).max() > 1 and len(period_names) > len(data.arms)
    dated = nights["night"].notna().all()
    weekday = np.eye(7)[nights["night"].dt.day_of_week.to_numpy()] if dated else None
    trend = day / planned - 0.5
    return Columns(
        y=nights[outcome.name].to_numpy(float),
        arm=arm - arm.mean(axis=0),
        arm_share=arm.mean(axis=0),
        trend=trend - trend.mean(),
        # Two rows of one date count as following nights: a correlation at gap 0 would be 1.
        gap=np.maximum(1, np.diff(day, prepend=day[0] - 1)).astype(np.int64),
        weekday=None if weekday is None else weekday - weekday.mean(axis=0),
        period_idx=period_idx if long_periods else None,
        block_idx=block_idx if len(block_names) > 1 else None,
        log_sleep=_log_sleep(data, outcome),
        coords={
            "contrast": list(data.treatments),
            "weekday": list(WEEKDAYS),
            "period": [int(name) for name in period_names],
            "block": [int(name) for name in block_names],
        },
    )


def _log_sleep(data: TrialData, outcome: Outcome) -> Array | None:
    """Log sleep time around its mean [night], None where any analysed night has none."""
    if data.sleep_time is None or data.sleep_time == outcome.name:
        return None
    minutes = data.analysed(outcome)[data.sleep_time].to_numpy(float)
    if np.isnan(minutes).any() or (minutes <= 0).any():
        return None
    log_sleep = np.log(minutes)
    return log_sleep - log_sleep.mean()


def slow_terms(
    columns: Columns, *, period_sd: float, block_sd: float, weekday_sd: float, trend_sd: float
) -> pm.Model:
    """Period, block, weekday and trend, added up [night]; to be called inside a model.

    Parameters
    ----------
    period_sd, block_sd, weekday_sd
        Scales of the half-normal priors of the SDs between periods, blocks and weekdays, in the unit of the
        linear predictor.
    trend_sd
        SD of the Gaussian prior of the change from the first planned night to the last.
    """
    trend = pm.Normal("trend", 0.0, trend_sd)
    total = trend * pm.Data("trend_column", columns.trend)
    for name, idx, scale in (
        ("period", columns.period_idx, period_sd),
        ("block", columns.block_idx, block_sd),
    ):
        if idx is not None:
            sd = pm.HalfNormal(f"{name}_sd", scale)
            z = pm.Normal(f"{name}_z", 0.0, 1.0, dims=name)
            total = total + sd * z[pm.Data(f"{name}_idx", idx)]
    if columns.weekday is not None:
        sd = pm.HalfNormal("weekday_sd", weekday_sd)
        z = pm.ZeroSumNormal("weekday_z", 1.0, dims="weekday")
        total = total + pm.Data("weekday_column", columns.weekday) @ (sd * z)
    return total
