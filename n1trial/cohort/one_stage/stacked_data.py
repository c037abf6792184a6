"""All people's nights one after the other, with the indices by which a model finds each one's terms.

What stays the same within a period (level, arm, period, block, run-in) is added up once a **cell**, a stretch of
nights that share all of it; a night then takes one number from its cell.

Where `LEAST_TOGETHER` people or more have nights of the same calendar week, the week is a term that they share: heat,
holidays or an examination would otherwise count as an effect of the arm of that week, once for each person.
"""

from collections import Counter
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from n1trial.cohort.people import Cohort, Person
from n1trial.data.trial_data import RESTS_ON
from n1trial.inference.model_matrix import columns_among_others
from n1trial.inference.night_process import FIRST_NIGHT_GAP
from n1trial.system.arrays import Array

type Index = npt.NDArray[np.int64]

LEAST_TOGETHER = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Stacked:
    """The nights of one person or of several.

    Of nights: `y` [night], `rests_on` [night] (of how many nights a value is the mean), `trend` [night],
    `covariates` [night, covariate], `weekday` [night] (0 Monday to 6), `distance` [night] to the night
    before, `week` [night] of the calendar that several people share, counted from 1, 0 for none, and which `cell` and
    `person` [night]. Of cells: `arm` [cell, contrast], centred over the person's
    nights, which `cell_person` [cell], and which `period`, `block` and `run_in` [cell], counted from 1, 0 for
    none. Of people: `weekday_share` [person, 7] of the analysed nights, 0 where dates are not known.
    """

    y: Array
    rests_on: Array
    trend: Array
    covariates: Array
    weekday: Index
    distance: Array
    week: Index
    cell: Index
    person: Index
    arm: Array
    cell_person: Index
    period: Index
    block: Index
    run_in: Index
    weekday_share: Array

    @property
    def varies(self) -> npt.NDArray[np.bool_]:
        """Whether a person's nights differ at all [person]."""
        highest, lowest = (np.full(len(self.weekday_share), end) for end in (-np.inf, np.inf))
        np.maximum.at(highest, self.person, self.y)
        np.minimum.at(lowest, self.person, self.y)
        return highest > lowest


def stack(cohort: Cohort) -> Stacked:
    """Stack the nights of a cohort, in the order of its people."""
    alone = [_alone(person, cohort) for person in cohort.people]
    most = max(person.covariates.shape[1] for person in alone)
    joined = {
        name: np.concatenate([getattr(person, name) for person in alone])
        for name in ("y", "rests_on", "trend", "weekday", "distance", "arm", "weekday_share")
    }
    return Stacked(
        **joined,
        covariates=np.concatenate(
            [np.pad(person.covariates, ((0, 0), (0, most - person.covariates.shape[1]))) for person in alone]
        ),
        week=_shared([each.week for each in alone]),
        person=np.repeat(np.arange(len(alone)), [len(each.y) for each in alone]),
        cell_person=np.repeat(np.arange(len(alone)), [len(each.arm) for each in alone]),
        cell=_numbered_on([each.cell + 1 for each in alone]) - 1,
        period=_numbered_on([each.period for each in alone]),
        block=_numbered_on([each.block for each in alone]),
        run_in=_numbered_on([each.run_in for each in alone]),
    )


def people_of(stacked: Stacked, codes: Index) -> Index:
    """Whose each period or block is, from the `codes` [cell] that number them from 1."""
    owners = np.zeros(int(codes.max()), np.int64)
    owners[codes[codes > 0] - 1] = stacked.cell_person[codes > 0]
    return owners


def contrast_of_each(people: Index) -> Index:
    """Numbers from 0 of all but the last block of each person, -1 for the last, from whose each block is."""
    last = np.diff(people, append=-1) != 0
    return np.where(last, -1, np.cumsum(~last) - 1)


def _numbered_on(codes: list[Index]) -> Index:
    """Codes of several people, each person's counted from 1, as one list without any code used twice."""
    before = np.cumsum([0, *(int(each.max(initial=0)) for each in codes)])
    return np.concatenate(
        [np.where(each > 0, each + offset, 0) for each, offset in zip(codes, before[:-1], strict=True)]
    )


def _shared(weeks: list[Index]) -> Index:
    """The weeks that enough people have nights in, numbered from 1 [night]; 0 for the others."""
    people = Counter(int(week) for each in weeks for week in np.unique(each[each > 0]))
    numbers = {
        week: number
        for number, week in enumerate(
            (week for week in sorted(people) if people[week] >= LEAST_TOGETHER), start=1
        )
    }
    return np.array([numbers.get(int(week), 0) for each in weeks for week in each], dtype=np.int64)


def _alone(person: Person, cohort: Cohort) -> Stacked:
    matrix = columns_among_others(person.data, cohort.outcome)
    used = matrix.used > 0
    rows = person.data.table.iloc[matrix.row[used]]
    means = RESTS_ON in rows
    run_in = matrix.analysed[used] == 0
    keys = np.column_stack([rows["period"].to_numpy(int), rows["block"].to_numpy(int), run_in.astype(int)])
    cells, first, cell = np.unique(keys, axis=0, return_index=True, return_inverse=True)
    in_trial = cells[:, 2] == 0
    # A period of one night differs by nothing but its night, and a single block is the level itself.
    has_period = in_trial & (np.bincount(cell) > 1)
    has_block = in_trial & (len(np.unique(cells[in_trial, 1])) > 1)
    arm = _arms(person, cohort, matrix.terms["arm"][used][first])
    dated = "weekday" in matrix.terms
    weekday = rows["night"].dt.day_of_week.to_numpy(np.int64) if dated else np.zeros(len(rows), np.int64)
    share = np.bincount(weekday[~run_in], minlength=7) / (~run_in).sum() if dated else np.zeros(7)
    return Stacked(
        y=matrix.y[used],
        rests_on=rows[RESTS_ON].to_numpy(float) if means else np.ones(len(rows)),
        # A mean over nights has no place in time, and follows no night.
        trend=matrix.terms["trend"][used, 0] * (not means),
        covariates=matrix.terms.get("covariates", np.zeros((len(used), 0)))[used],
        weekday=weekday,
        distance=np.full(len(rows), FIRST_NIGHT_GAP) if means else matrix.gap[used],
        week=_calendar_weeks(rows) if dated and not means else np.zeros(len(rows), np.int64),
        cell=cell,
        person=np.zeros(len(rows), np.int64),
        arm=arm,
        cell_person=np.zeros(len(cells), np.int64),
        period=np.where(has_period, np.cumsum(has_period), 0),
        block=_codes(cells[:, 1], has_block),
        run_in=(~in_trial).astype(np.int64),
        weekday_share=share[None],
    )


def _calendar_weeks(rows: pd.DataFrame) -> Index:
    """Weeks from Monday to Sunday, counted from the year 1 [night]."""
    return np.array([(night.toordinal() - 1) // 7 + 1 for night in rows["night"]], dtype=np.int64)


def _codes(names: Index, present: npt.NDArray[np.bool_]) -> Index:
    codes = np.zeros(len(names), np.int64)
    codes[present] = 1 + np.unique(names[present], return_inverse=True)[1]
    return codes


def _arms(person: Person, cohort: Cohort, own: Array) -> Array:
    """Columns [cell, contrast] of the cohort's arms, from a person's own against their own reference."""
    of_cohort = np.zeros((len(own), len(cohort.treatments)))
    for position, name in enumerate(person.data.treatments):
        of_cohort[:, cohort.treatments.index(name)] = own[:, position]
    if person.data.reference != cohort.reference:
        # Shares of the arms add up to one, so centred columns add up to nothing.
        of_cohort[:, cohort.treatments.index(person.data.reference)] = -own.sum(axis=1)
    return of_cohort
