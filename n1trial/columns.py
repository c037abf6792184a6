"""The columns that models share, with a shape that does not change from morning to morning.

There is a row for every planned night: first those with a record, in order, then empty ones of weight 0.
So a model that was compiled once takes tomorrow's nights as new data.

Arms, weekday and trend are centred over the analysed nights, so that the intercept is their mean level and
its prior does not leak into the effects (uncentred, N(420, 75) moves an effect by .09 SD in a person who
sleeps 536 minutes).
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from n1trial.errors import AnalysisError
from n1trial.outcomes import OUTCOMES, Outcome
from n1trial.trial import RESTS_ON, TrialData

type Array = npt.NDArray[np.float64]

WEEKDAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
# The nights of an arm that are all alike fit its level exactly. Each adds log 1/σ to the log density of a Student
# t of this ν, each other night takes off ν log 1/σ, and each level takes off one more: with too many alike,
# the narrower the more likely, without end.
LEAST_NU = 2
# Beyond it, squares and exponentials lose their digits.
LARGEST = 1e9
# φ to this power is 0 to the last bit for any |φ| of .9: the night before never was.
FIRST_NIGHT_GAP = 1e4
AFTER_THE_DOSE = {
    *OUTCOMES,
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
    """The nights of one outcome, ready for a model; a row a planned night, recorded ones first.

    `y` [night] is the outcome, 0 where none; `used` [night] is 1 on a recorded night, run-in included, and
    `analysed` [night] on those of the contrast; `gap` [night] is the nights since the one before.
    `terms` holds the centred columns [night, ...] of every term of the linear predictor by the name of its
    coefficient: arm, trend, then run_in, covariates, period, block, weekday where the trial has them.
    `arm_share` [contrast] was taken off the arms; `log_sleep` [night] is None where a night has none.
    `row` [night] is the row of the trial's table.
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


def columns_of(data: TrialData, outcome: Outcome) -> Columns:
    """Prepare the nights of an outcome.

    Raises
    ------
    AnalysisError
        An arm has no analysed night, the outcome (almost) never changes or is no number of its kind, fewer
        nights than a model can use, or a covariate that is measured after the dose.
    """
    _learnable(data, outcome)
    table = data.table
    in_contrast = (table["left_out"] == "") & table[outcome.name].notna()
    used = in_contrast | ((table["left_out"] == "run-in") & table[outcome.name].notna())
    order = np.concatenate([np.flatnonzero(used), np.flatnonzero(~used)])
    rows, recorded = table.iloc[order], used.to_numpy()[order]
    analysed = in_contrast.to_numpy()[order]
    run_in = recorded & ~analysed
    day = rows["day"].to_numpy(float)
    planned = max(1.0, float(table["day"].iloc[-1]))
    arm = np.column_stack([(rows["arm"] == name).to_numpy(float) for name in data.treatments])
    terms: dict[str, Array] = {
        # In the run-in nothing is taken.
        "arm": np.where(run_in[:, None], 0.0, arm),
        "trend": (day / planned - 0.5)[:, None],
    }
    coords: dict[str, list[str] | list[int]] = {"contrast": list(data.treatments)}
    if (table["left_out"] == "run-in").any():
        terms["run_in"] = run_in[:, None].astype(float)
    if data.covariates:
        terms["covariates"] = _covariates(rows, data.covariates, analysed)
        coords["covariate"] = list(data.covariates)
    trial = table[table["left_out"] != "run-in"]
    if trial["period"].value_counts().max() > 1 and trial["period"].nunique() > len(data.arms):
        terms["period"], coords["period"] = _one_hot(rows, trial, "period", run_in)
    if len(trial["block"].unique()) > 1:
        terms["block"], coords["block"] = _one_hot(rows, trial, "block", run_in)
    if table["night"].notna().all():
        terms["weekday"] = np.eye(7)[rows["night"].dt.day_of_week.to_numpy()]
        coords["weekday"] = list(WEEKDAYS)
    share = terms["arm"][analysed].mean(axis=0)
    for name in ("arm", "trend", "weekday"):
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


def _one_hot(
    rows: pd.DataFrame, trial: pd.DataFrame, name: str, run_in: npt.NDArray[np.bool_]
) -> tuple[Array, list[int]]:
    names = np.unique(trial[name].to_numpy())
    return (rows[name].to_numpy()[:, None] == names) & ~run_in[:, None], [int(each) for each in names]


def _covariates(
    rows: pd.DataFrame, names: tuple[str, ...], analysed: npt.NDArray[np.bool_]
) -> npt.NDArray[np.float64]:
    """Covariates per SD around their mean over the analysed nights; one not written down is the mean."""
    late = sorted(AFTER_THE_DOSE.intersection(names))
    if late:
        raise AnalysisError(
            f"covariate {late[0]}: is measured after the dose, so the dose may have changed it: leave it out"
        )
    values = rows[list(names)].to_numpy(float)
    known = np.where(analysed[:, None], values, np.nan)
    counted = np.isfinite(known).sum(axis=0)
    centre = np.where(counted > 0, np.nansum(known, axis=0) / np.maximum(counted, 1), 0.0)
    apart = np.where(np.isfinite(values), values - centre, 0.0)
    spread = np.sqrt((apart[analysed] ** 2).sum(axis=0) / np.maximum(counted, 1))
    return apart / np.where(spread > 0, spread, 1.0) * (spread > 0)


def _learnable(data: TrialData, outcome: Outcome) -> None:
    nights = data.analysed(outcome)
    for name in data.arms:
        if not (nights["arm"] == name).any():
            raise AnalysisError(
                f"{outcome.name}: arm {name!r} has no analysed night: import its nights, or leave the arm out"
            )
    recorded = nights[RESTS_ON].sum() if RESTS_ON in nights else len(nights)
    if recorded < 2 * len(data.arms):
        raise AnalysisError(
            f"{outcome.name}: {recorded:g} nights are too few to compare anything: record more"
        )
    _numbers_of_its_kind(data, outcome)
    values = nights[outcome.name]
    if len(values.unique()) == 1:
        same = values.iloc[0]
        raise AnalysisError(f"{outcome.name}: every night is the same ({same:g}): check the export or column")
    alike = sum(values[nights["arm"] == name].value_counts().iloc[0] for name in data.arms)
    if outcome.kind == "continuous" and alike - len(data.arms) > LEAST_NU * (len(values) - alike):
        raise AnalysisError(
            f"{outcome.name}: {alike} of {len(values)} nights have one and the same value for each arm, so nothing"
            " tells how much nights differ: check the export or column"
        )


def _numbers_of_its_kind(data: TrialData, outcome: Outcome) -> None:
    table = data.table[data.table["left_out"].isin(("", "run-in")) & data.table[outcome.name].notna()]
    values = table[outcome.name].to_numpy(float)
    counts = outcome.kind == "count"
    wrong = ~(np.abs(values) < LARGEST) | (counts & ((values < 0) | (np.floor(values) != values)))
    if wrong.any():
        row = table.iloc[int(np.flatnonzero(wrong)[0])]
        when = f"day {row['day']}" if pd.isna(row["night"]) else f"{row['night']:%Y-%m-%d}"
        raise AnalysisError(
            f"{outcome.name}: the night of {when} has {row[outcome.name]:g}, which is no"
            f" {'count' if counts else 'sound number'}: correct it, or leave it empty"
        )


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
