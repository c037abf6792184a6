"""Aliasing: which arms are confounded with something else that changed from night to night.

By least squares on the analysed nights, the variance of a contrast of two arms grows when a nuisance variable
(weekday, a trend, a change at one date, a covariate, the device) has to be adjusted for: by the variance inflation
factor 1 / (1 - R²), R² being how well that variable predicts which of the arms a night has. From `MOST_INFLATION`
on, an R² of .8, the two are treated as aliased and there is no verdict, because the prior of the nuisance variable
and not the nights would decide. Where they agree on all nights the factor is infinite; where on all but one, it is
about 9 in twelve weeks.

Each nuisance variable is tried by itself, and all of them together where there are at least `NIGHTS_A_COLUMN` nights a
column. Of all changes at one date, the one that predicts the arm best is taken: all nights of one arm before all of
another are no comparison.

Of several people every column is centred within each person, and a change is at one night of everybody's trial, or at
one date, so that people with another order of arms break the alias. What aliases one person's arms with their own
weekday, covariate or device cannot be resolved by other people (`lone_aliases`).

Marquardt (1970), doi:10.1080/00401706.1970.10488699, on the factor; 5 and 10 are usual limits of it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from n1trial.data.trial_data import RESTS_ON, TrialData
from n1trial.design.contrast import Contrast
from n1trial.design.outcomes import Outcome
from n1trial.system.arrays import Array

MOST_INFLATION = 5.0
NIGHTS_A_COLUMN = 2
# Least share of information that is left, to avoid division by zero.
NOTHING_LEFT = 1e-9
WEEKDAY, CALENDAR, DEVICE, TOGETHER = "the weekday", "the calendar", "the device", "all these together"
ADVICE = {
    WEEKDAY: "take each arm on every weekday",
    CALENDAR: "take the arms in turns, each several times",
    DEVICE: "wear one device on every arm",
    TOGETHER: "record more nights, the arms in turns",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Alias:
    """A contrast that is aliased with a nuisance variable.

    Attributes
    ----------
    contrast : Contrast
        The two arms.
    other : str
        Name of the nuisance variable.
    inflation : float
        Variance inflation factor of the contrast.
    together : int
        Nights whose arm the nuisance variable predicts.
    nights : int
        Nights of the two arms.
    """

    contrast: Contrast
    other: str
    inflation: float
    together: int
    nights: int

    def in_words(self, labels: Mapping[str, str], *, reference: str) -> str:
        """A sentence for the report: what is aliased, and what to do; `labels` [arm] are the arms' names."""
        words, names = self.sentence(labels, reference=reference)
        return words.format(*names)

    def sentence(self, labels: Mapping[str, str], *, reference: str) -> tuple[str, tuple[str, ...]]:
        """The same in two parts: its words with a `{}` for every name, and the names in order."""
        arms = self.contrast.arms[:1] if self.contrast.comparator == reference else self.contrast.arms
        known = self.other in ADVICE
        other = "weekday, time and what else changed, all together," if self.other == TOGETHER else self.other
        advice = ADVICE.get(self.other, "have nights with and without it on every arm")
        return (
            f"{' against '.join('{}' for _ in arms)} and {other if known else '{}'} cannot be told apart (they go"
            f" together on {self.together} of {self.nights} nights): {advice}",
            (*(labels[arm] for arm in arms), *(() if known else (other,))),
        )


def aliases(data: TrialData, outcome: Outcome) -> tuple[Alias, ...]:
    """Contrasts of one person's trial that are aliased, each with the nuisance variable that inflates it most."""
    return _aliases(_Nights.of([data], outcome), data.contrasts)


def lone_aliases(data: TrialData, outcome: Outcome) -> tuple[Alias, ...]:
    """As `aliases`, without the calendar: other people with other orders of arms may resolve that one."""
    return _aliases(_Nights.of([data], outcome), data.contrasts, alone=True)


def aliases_of_people(
    people: Sequence[TrialData], outcome: Outcome, contrasts: Sequence[Contrast]
) -> tuple[Alias, ...]:
    """Contrasts of several people's trials together that are aliased."""
    return _aliases(_Nights.of(people, outcome), contrasts)


def _aliases(nights: "_Nights", contrasts: Sequence[Contrast], *, alone: bool = False) -> tuple[Alias, ...]:
    others = nights.others()
    timeless = {name: columns for name, columns in others.items() if name not in (CALENDAR, TOGETHER)}
    single = timeless if alone else {name: columns for name, columns in others.items() if name != TOGETHER}
    jointly = {} if alone else {name: columns for name, columns in others.items() if name == TOGETHER}
    # All together are named only where none is enough by itself.
    worst = (nights.worst(single, contrast) or nights.worst(jointly, contrast) for contrast in contrasts)
    return tuple(filter(None, worst))


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Nights:
    """Analysed nights of people one after the other; `person` [night] is the number of the person."""

    table: pd.DataFrame
    person: npt.NDArray[np.int64]
    covariates: tuple[str, ...]

    @classmethod
    def of(cls, people: Sequence[TrialData], outcome: Outcome) -> "_Nights":
        tables = [data.analysed(outcome) for data in people]
        return cls(
            table=pd.concat(tables, ignore_index=True),
            person=np.repeat(np.arange(len(tables)), [len(table) for table in tables]),
            covariates=tuple(dict.fromkeys(name for data in people for name in data.covariates)),
        )

    def around_own_mean(self, columns: Array) -> Array:
        """Columns [night, column] centred within each person."""
        sums = np.zeros((int(self.person.max(initial=0)) + 1, columns.shape[1]))
        np.add.at(sums, self.person, columns)
        counts = np.bincount(self.person, minlength=len(sums))
        return np.asarray(columns - (sums / np.maximum(counts, 1)[:, None])[self.person])

    def others(self) -> dict[str, Array]:
        """Columns [night, column] of every nuisance variable by name; of the calendar, one for each possible change."""
        table, by_name = self.table, dict[str, Array]()
        dated = table["night"].notna().all()
        if dated:
            by_name[WEEKDAY] = np.eye(7)[table["night"].dt.day_of_week.to_numpy()]
        for name in self.covariates:
            values = table[name].to_numpy(float)[:, None]
            known = np.isfinite(values)
            by_name[name] = np.where(known, values, values[known].mean() if known.any() else 0.0)
        if "device" in table and len(table["device"].dropna().unique()) > 1:
            by_name[DEVICE] = pd.get_dummies(table["device"]).to_numpy(float)
        # A mean over nights has no place in time.
        if RESTS_ON not in table and len(table["day"].unique()) > 1:
            own_day = (
                table["day"].to_numpy(float) - table["day"].groupby(self.person).transform("min").to_numpy()
            )
            together = [own_day[:, None], *by_name.values()]
            by_name[CALENDAR] = _changes(own_day)
            if dated and self.person.max(initial=0):
                by_name[CALENDAR] = np.hstack(
                    [by_name[CALENDAR], _changes(table["night"].astype("int64").to_numpy(float))]
                )
            every = self.around_own_mean(np.hstack(together))
            columns = np.linalg.matrix_rank(every) + int(self.person.max(initial=0)) + 1
            if len(table) >= NIGHTS_A_COLUMN * columns:
                by_name[TOGETHER] = np.hstack(together)
        return by_name

    def worst(self, others: Mapping[str, Array], contrast: Contrast) -> Alias | None:
        """The nuisance variable that inflates a contrast most; None where none reaches `MOST_INFLATION`."""
        arm, comparator = contrast.arms
        arm_of_night = self.table["arm"].to_numpy()
        names = [name for name in dict.fromkeys(arm_of_night) if name != comparator]
        if arm not in names or comparator not in arm_of_night:
            return None
        by_arm = (arm_of_night[:, None] == np.array(names, dtype=object)).astype(float)
        own, along = self.around_own_mean(by_arm), np.array([float(name == arm) for name in names])
        of_both = np.isin(arm_of_night, (arm, comparator))
        worst: Alias | None = None
        for other, columns in others.items():
            centred = self.around_own_mean(columns)
            if other == CALENDAR:
                centred = _best_change(own, centred, along)
            predicted = centred @ np.linalg.lstsq(centred, own)[0]
            inflation = _inflation(own, own - predicted, along)
            if inflation >= MOST_INFLATION and (worst is None or inflation > worst.inflation):
                predicted_arm = (by_arm - own + predicted) @ along > 0.5
                worst = Alias(
                    contrast=contrast,
                    other=other,
                    inflation=inflation,
                    together=int((predicted_arm == (arm_of_night == arm))[of_both].sum()),
                    nights=int(of_both.sum()),
                )
        return worst


def _changes(day: Array) -> Array:
    """A step for each day but the first [night, day]: 1 from that day on."""
    return np.asarray(day[:, None] >= np.unique(day)[None, 1:], dtype=float)


def _best_change(own: Array, changes: Array, along: Array) -> Array:
    """The step [night, 1] that inflates a contrast most, by the Sherman-Morrison formula for all steps at once."""
    # A step outside of everybody's nights is constant within each person.
    changes = changes[:, np.sum(changes**2, axis=0) > NOTHING_LEFT * len(changes)]
    if not changes.shape[1]:
        return np.zeros((len(own), 1))
    inverse = np.linalg.pinv(own.T @ own)
    cross = own.T @ changes
    left = np.sum(changes**2, axis=0) - np.sum(cross * (inverse @ cross), axis=0)
    added = (along @ inverse @ cross) ** 2 / np.maximum(left, NOTHING_LEFT * np.sum(changes**2, axis=0))
    return changes[:, [int(np.argmax(added))]]


def _inflation(own: Array, left: Array, along: Array) -> float:
    """Variance inflation factor of a contrast of arms `own` [night, arm] whose residuals are `left` [night, arm]."""
    alone = own.T @ own
    with_others = np.linalg.pinv(left.T @ left + NOTHING_LEFT * alone)
    return float(along @ with_others @ along / (along @ np.linalg.pinv(alone) @ along))
