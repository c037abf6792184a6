"""The person whose nights are planned for: known from earlier nights, and else from other people's.

Earlier nights are read as a level, an extra on free nights (Friday and Saturday evening), a slow drift, and
nightly chance that may resemble the night before:

    y_t = μ + free_t·f + g(t) + e_t,   g: Matérn-5/2 of length 30 nights,  e: AR(1) over calendar gaps

Every number starts from what was seen in other people (`LITERATURE`), so that three nights say little and a
year says nearly everything: a grid over φ, drift and nightly SD, level, free nights and curve integrated
out. Nights far from the others (a partial record) are drawn in first, or one of them would pass for noise.

Sources: six public series of wearers, night-to-night SD 43 to 102 min with drift and weekday out, drift SD
13 to 47, lag-1 correlation -.06 to .06 once both are out; CARDIA actigraphy SD 76.

Counts are read the same way, with φ = 0 and a nightly SD that starts from that of pure chance, the root of the
mean. Two wakes of 5 minutes or more a night, or 25 of any length, are what is assumed where no night is known.
Two Fitbit series had a variance of .57 to .77 means once sleep time and drift were out; sleep time puts some back,
and 1 is assumed.
"""

import math
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
import pandas as pd

from n1trial.data.nights import Nights
from n1trial.design.outcomes import Outcome
from n1trial.errors import AnalysisError
from n1trial.markup.text import as_written

type Array = npt.NDArray[np.float64]

FREE_EVENINGS = (4, 5)
LONGEST_BASELINE_DAYS = 365
A_PAUSE_NIGHTS = 14
FAR = 4.0
TYPICAL_NIGHT_SD, NIGHT_LOG_SD = 62.0, 0.25
TYPICAL_DRIFT_SD, DRIFT_LOG_SD = 20.0, 0.5
FREE_MEAN, FREE_SD = 30.0, 35.0
LEVEL_MEAN, LEVEL_SD = 420.0, 75.0
PHI_SD = 0.1
PHIS = np.linspace(-0.4, 0.6, 21)
NO_CURVE = 1e-5
USUAL_COUNTS = {"wake_episodes": 2.0, "wake_episodes_all": 25.0}
COUNT_DRIFT_LOG_SD = 0.15
# Half an hour more sleep brings a twentieth more wakes, about as (450 / 420) to the power of .8.
COUNT_FREE_LOG = 0.05
MOST_DISPERSION = 100.0
MISSING_SHARE, MISSING_NIGHTS = 0.05, 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """How a person's nights vary, in the outcome's unit.

    `level` is the mean of an ordinary night; `night_sd` the SD from night to night with drift and weekday
    taken out, `phi` its correlation with the night before; `drift_sd` and `drift_length_nights` describe the slow
    curve, `free_night` the extra of Friday and Saturday evenings; `missing_share` of the nights are not recorded,
    in `bursts` of 3 to 7 more per 100 nights; `missed_share` of the doses are forgotten. `baseline_nights` were
    seen, `far_nights` of them far from the others. Of counts, whose variance is in proportion to their mean,
    `night_sd` is that of a night of the mean count.
    """

    level: float = LEVEL_MEAN
    night_sd: float = TYPICAL_NIGHT_SD
    phi: float = 0.0
    drift_sd: float = TYPICAL_DRIFT_SD
    drift_length_nights: float = 30.0
    free_night: float = FREE_MEAN
    missing_share: float = MISSING_SHARE
    bursts: float = 0.5
    missed_share: float = 0.03
    baseline_nights: int = 0
    far_nights: int = 0

    @property
    def usual(self) -> float:
        """The mean of all nights, two of seven being free."""
        return self.level + len(FREE_EVENINGS) / 7 * self.free_night

    @property
    def dispersion(self) -> float:
        """Of counts, the variance of a night in means: 1 where they come by pure chance."""
        return self.night_sd**2 / self.usual


LITERATURE = Person()


def person_of(nights: Nights | None, outcome: Outcome, *, night_sd: float | None = None) -> Person:
    """Estimate a person from earlier nights, or take a typical one.

    Parameters
    ----------
    nights
        Nights before the trial, of one device; None: a typical person.
    night_sd
        SD from night to night, in the outcome's unit, if it is known otherwise.

    Raises
    ------
    AnalysisError
        No night has the outcome, all are the same, the SD is not above 0, or a typical SD is not known.
    """
    if night_sd is not None and not 0 < night_sd < 1000:
        such = "wakes a night, such as 1.4" if outcome.kind == "count" else "minutes, such as 60"
        raise AnalysisError(f"--sd: {as_written(night_sd)} is no SD from night to night: give {such}")
    if nights is None and outcome.name in USUAL_COUNTS:
        person = _typical_of_counts(USUAL_COUNTS[outcome.name])
    elif nights is None:
        if outcome.name != "tst_min" and night_sd is None:
            raise AnalysisError(
                f"{outcome.name}: what is usual from night to night is known for sleep time and wakes alone:"
                " give --baseline with some nights, or --sd"
            )
        person = (
            LITERATURE
            if outcome.name == "tst_min"
            else _scaled(LITERATURE, (night_sd or 1.0) / LITERATURE.night_sd)
        )
    else:
        person = _estimated(nights, outcome)
    if night_sd is None:
        return person
    person = replace(person, night_sd=night_sd)
    if outcome.kind == "count" and person.dispersion > MOST_DISPERSION:
        raise AnalysisError(
            f"--sd: {as_written(night_sd)} is too much for {person.usual:.1f} a night: give about"
            f" {person.usual**0.5:.1f}, which is what chance alone makes of them"
        )
    return person


def _typical_of_counts(usual: float) -> Person:
    """A person with so many a night, as chance has it, and weeks that differ."""
    free_night = COUNT_FREE_LOG * usual
    return replace(
        LITERATURE,
        level=usual - len(FREE_EVENINGS) / 7 * free_night,
        night_sd=usual**0.5,
        drift_sd=COUNT_DRIFT_LOG_SD * usual,
        free_night=free_night,
    )


def _scaled(person: Person, by: float) -> Person:
    return replace(
        person,
        level=0.0,
        night_sd=by * person.night_sd,
        drift_sd=by * person.drift_sd,
        free_night=by * person.free_night,
    )


def _estimated(nights: Nights, outcome: Outcome) -> Person:
    recorded = nights.table[["night", outcome.name]].dropna()
    recorded = recorded[
        recorded["night"] > recorded["night"].max() - pd.Timedelta(days=LONGEST_BASELINE_DAYS)
    ]
    y = recorded[outcome.name].to_numpy(float)
    if len(y) == 0:
        raise AnalysisError(
            f"baseline: no night with {outcome.label}: give an export with some, or leave --baseline out"
        )
    if len(y) > 2 and np.ptp(y) == 0:
        raise AnalysisError(
            f"baseline: all {len(y)} nights have the same {outcome.label} ({y[0]:g}): check the export, or"
            " give --sd instead"
        )
    day = (recorded["night"] - recorded["night"].iloc[0]).dt.days.to_numpy()
    free = recorded["night"].dt.day_of_week.isin(FREE_EVENINGS).to_numpy(float)
    middle = float(np.median(y))
    reach = FAR * 1.4826 * float(np.median(np.abs(y - middle)))
    count = outcome.kind == "count"
    # A night with many wakes is no partial record
    far = (
        np.abs(y - middle) > reach if reach > 0 and len(y) > 9 and not count else np.zeros(len(y), dtype=bool)
    )
    drawn_in = np.where(far, middle + np.sign(y - middle) * reach, y)
    if count:
        # One night of other people's, so that a single night without any does not mean none ever
        mean = float((y.sum() + USUAL_COUNTS.get(outcome.name, 1.0)) / (len(y) + 1))
        unit = mean**0.5 / TYPICAL_NIGHT_SD
        found = _posterior_means(y / unit, day, free, level_mean=mean / unit, free_mean=0.0, phis=np.zeros(1))
        found["level"] = mean / unit - len(FREE_EVENINGS) / 7 * found["free"]
    elif outcome.name == "tst_min":
        unit = 1.0
        found = _posterior_means(drawn_in, day, free, level_mean=LEVEL_MEAN)
    else:
        unit = max(float(np.std(drawn_in)), 1e-9) / TYPICAL_NIGHT_SD
        found = _posterior_means(drawn_in / unit, day, free, level_mean=float(drawn_in.mean() / unit))
    gaps = np.diff(day) - 1
    missing = int(gaps[gaps < A_PAUSE_NIGHTS].sum())
    return replace(
        LITERATURE,
        level=unit * found["level"],
        night_sd=unit * found["night_sd"],
        phi=found["phi"],
        drift_sd=unit * found["drift_sd"],
        free_night=unit * found["free"],
        missing_share=(missing + MISSING_SHARE * MISSING_NIGHTS) / (len(y) + missing + MISSING_NIGHTS),
        bursts=0.0 if len(y) > 4 * A_PAUSE_NIGHTS else LITERATURE.bursts,
        baseline_nights=len(y),
        far_nights=int(far.sum()),
    )


def _posterior_means(
    y: Array,
    day: Array,
    free: Array,
    *,
    level_mean: float,
    free_mean: float = FREE_MEAN,
    phis: Array = PHIS,
) -> dict[str, float]:
    """Posterior means over the grid; level, free nights and the slow curve are integrated out at each node."""
    nights = len(y)
    apart = np.abs(np.subtract.outer(day, day)).astype(float)
    sizes, shapes = np.linalg.eigh(matern(apart, LITERATURE.drift_length_nights))
    curve = (shapes * np.sqrt(np.maximum(sizes, 0.0)))[:, sizes > NO_CURVE * sizes[-1]]
    columns = np.column_stack([curve, np.ones(nights), free, y - level_mean])
    sds = TYPICAL_NIGHT_SD * np.exp(NIGHT_LOG_SD * np.linspace(-5, 5, 41))
    precision = np.array([LEVEL_SD**-2.0, FREE_SD**-2.0])
    pull = np.array([0.0, free_mean]) * precision
    rows = []
    for phi in phis:
        fade = phi ** np.diff(day)[:, np.newaxis]
        white = np.vstack([columns[:1], (columns[1:] - fade * columns[:-1]) / np.sqrt(1 - fade**2)])
        gram = white.T @ white
        for ratio in np.linspace(0.02, 1.2, 24):
            scaled = gram.copy()
            scaled[:-3] *= ratio
            scaled[:, :-3] *= ratio
            inner = scaled[:-3, :-3] + np.eye(curve.shape[1])
            rest = scaled[-3:, -3:] - scaled[-3:, :-3] @ np.linalg.solve(inner, scaled[:-3, -3:])
            a = rest[0, 0] / sds**2 + precision[0]
            b = rest[0, 1] / sds**2
            d = rest[1, 1] / sds**2 + precision[1]
            u, v = rest[0, 2] / sds**2 + pull[0], rest[1, 2] / sds**2 + pull[1]
            determinant = a * d - b * b
            level, extra = (d * u - b * v) / determinant, (a * v - b * u) / determinant
            log = 0.5 * (u * level + v * extra - rest[2, 2] / sds**2 - np.log(determinant))
            log -= 0.5 * (np.linalg.slogdet(inner)[1] + np.log(1 - fade**2).sum()) + nights * np.log(sds)
            log -= 0.5 * (phi / PHI_SD) ** 2 + 0.5 * (np.log(sds / TYPICAL_NIGHT_SD) / NIGHT_LOG_SD) ** 2
            # A log-normal prior of the drift's SD, on a grid that is even in the SD itself
            log -= 0.5 * (np.log(ratio * sds / TYPICAL_DRIFT_SD) / DRIFT_LOG_SD) ** 2 + np.log(ratio)
            rows.append(
                np.column_stack([log, level_mean + level, extra, np.full_like(sds, phi), sds, ratio * sds])
            )
    table = np.concatenate(rows)
    weights = np.exp(table[:, 0] - table[:, 0].max())
    means = weights @ table[:, 1:] / weights.sum()
    return dict(zip(("level", "free", "phi", "night_sd", "drift_sd"), map(float, means), strict=True))


def matern(apart: Array, length: float) -> Array:
    """Matérn-5/2 correlation at these distances in nights."""
    scaled = math.sqrt(5) * apart / length
    return (1 + scaled + scaled**2 / 3) * np.exp(-scaled)
