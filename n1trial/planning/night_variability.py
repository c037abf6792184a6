"""How a person's nights vary: estimated from earlier nights, or as in other people.

The model of earlier nights is a level, an addition on free nights (Friday and Saturday evening), a slow drift, and
an autocorrelated residual:

    y_t = μ + free_t·f + g(t) + e_t,   g: Matérn-5/2 of length 30 nights,  e: AR(1) over calendar gaps

Priors come from other people (`LITERATURE`), so that the estimate from three nights is near those and the estimate
from a year near the data. The posterior is computed on a grid over φ, drift SD and nightly SD; level, free nights and
curve are integrated out. Nights far from the others (partial records) are winsorised first, or a single one would
raise the nightly SD.

Sources: six public series of wearers, night-to-night SD 43 to 102 min with drift and weekday out, drift SD
13 to 47, lag-1 correlation -.06 to .06 once both are out; CARDIA actigraphy SD 76.

Counts have the same model with φ = 0 and a prior of the nightly SD around that of a Poisson count, the root of the
mean. Without earlier nights 2 wakes of 5 minutes or more a night are assumed, or 25 of any length. Two Fitbit series
had a variance of .57 to .77 means after sleep time and drift were removed; sleep time adds some, and 1 is assumed.
"""

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from n1trial.data.nights import Nights
from n1trial.design.outcomes import Outcome
from n1trial.errors import AnalysisError
from n1trial.inference import priors as prior
from n1trial.inference.night_process import FIRST_NIGHT_GAP, carried_over, matern, whitened
from n1trial.markup.text import as_written
from n1trial.system.arrays import Array

FREE_EVENINGS = (4, 5)
LONGEST_BASELINE_DAYS = 365
A_PAUSE_NIGHTS = 14
FAR = 4.0
TYPICAL_NIGHT_SD, NIGHT_LOG_SD = 62.0, 0.25
TYPICAL_DRIFT_SD, DRIFT_LOG_SD = 20.0, 0.5
FREE_MEAN, FREE_SD = 30.0, 35.0
LEVEL_MEAN, LEVEL_SD = prior.LEVEL.parameters
PHI_SD = 0.1
PHIS = np.linspace(-0.4, 0.6, 21)
NO_CURVE = 1e-5
COUNT_DRIFT_LOG_SD = 0.15
# Half an hour more sleep brings 5 % more wakes, about (450 / 420) to the power of .8.
COUNT_FREE_LOG = 0.05
MOST_DISPERSION = 100.0
MISSING_SHARE, MISSING_NIGHTS = 0.05, 20


@dataclass(frozen=True, slots=True, kw_only=True)
class NightVariability:
    """How a person's nights vary, in the outcome's unit.

    Attributes
    ----------
    level
        Mean of a night before a working day.
    night_sd
        SD from night to night without drift and weekday; of a count, that of a night with the mean count.
    phi
        Correlation of the residual with that of the night before.
    drift_sd, drift_length_nights
        SD and length scale of the slow drift.
    free_night
        Addition on Friday and Saturday evenings.
    missing_share
        Share of single nights that are not recorded.
    bursts
        Number of bursts of 3 to 7 further missing nights per 100 nights.
    missed_share
        Share of doses that are forgotten.
    baseline_nights
        Nights from which this was estimated; 0: none.
    far_nights
        Those of them that were far from the others, and winsorised.
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
        """Mean of all nights, of which two in seven are free nights."""
        return self.level + len(FREE_EVENINGS) / 7 * self.free_night

    @property
    def dispersion(self) -> float:
        """Variance of a count divided by its mean; 1 for a Poisson count."""
        return self.night_sd**2 / self.usual


LITERATURE = NightVariability()


def estimate_night_variability(
    nights: Nights | None, outcome: Outcome, *, night_sd: float | None = None
) -> NightVariability:
    """Estimate how a person's nights vary from earlier nights, or take typical values.

    Parameters
    ----------
    nights
        Nights before the trial, of one device; None: typical values.
    outcome
        The outcome whose variability is wanted.
    night_sd
        SD from night to night in the outcome's unit, instead of the estimate or the typical value.

    Returns
    -------
    The variability, in the outcome's unit.

    Raises
    ------
    AnalysisError
        No night has the outcome, all nights are the same, the SD is out of range, or no typical SD is known.
    """
    if night_sd is not None and not 0 < night_sd < 1000:
        such = "wakes a night, such as 1.4" if outcome.kind == "count" else "minutes, such as 60"
        raise AnalysisError(f"--sd: {as_written(night_sd)} is no SD from night to night: give {such}")
    if nights is None and outcome.measure.usual is not None:
        variability = _typical_of_counts(outcome.measure.usual)
    elif nights is None:
        if not outcome.measure.whole_sleep and night_sd is None:
            raise AnalysisError(
                f"{outcome.name}: what is usual from night to night is known for sleep time and wakes alone:"
                " give --baseline with some nights, or --sd"
            )
        variability = (
            LITERATURE
            if outcome.measure.whole_sleep
            else _scaled(LITERATURE, (night_sd or 1.0) / LITERATURE.night_sd)
        )
    else:
        variability = _estimated(nights, outcome)
    if night_sd is None:
        return variability
    variability = replace(variability, night_sd=night_sd)
    if outcome.kind == "count" and variability.dispersion > MOST_DISPERSION:
        raise AnalysisError(
            f"--sd: {as_written(night_sd)} is too much for {variability.usual:.1f} a night: give about"
            f" {variability.usual**0.5:.1f}, which is what chance alone makes of them"
        )
    return variability


def _typical_of_counts(usual: float) -> NightVariability:
    """Variability of a count with this usual mean: Poisson nights around weekly levels."""
    free_night = COUNT_FREE_LOG * usual
    return replace(
        LITERATURE,
        level=usual - len(FREE_EVENINGS) / 7 * free_night,
        night_sd=usual**0.5,
        drift_sd=COUNT_DRIFT_LOG_SD * usual,
        free_night=free_night,
    )


def _scaled(variability: NightVariability, by: float) -> NightVariability:
    return replace(
        variability,
        level=0.0,
        night_sd=by * variability.night_sd,
        drift_sd=by * variability.drift_sd,
        free_night=by * variability.free_night,
    )


def _estimated(nights: Nights, outcome: Outcome) -> NightVariability:
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
    # A night with many wakes is not a partial record
    far = (
        np.abs(y - middle) > reach if reach > 0 and len(y) > 9 and not count else np.zeros(len(y), dtype=bool)
    )
    winsorised = np.where(far, middle + np.sign(y - middle) * reach, y)
    if count:
        # With one night of other people's: a single night without wakes does not mean that there are never any
        mean = float((y.sum() + (outcome.measure.usual or 1.0)) / (len(y) + 1))
        unit = mean**0.5 / TYPICAL_NIGHT_SD
        means = _posterior_means(y / unit, day, free, level_mean=mean / unit, free_mean=0.0, phis=np.zeros(1))
        means["level"] = mean / unit - len(FREE_EVENINGS) / 7 * means["free"]
    elif outcome.measure.whole_sleep:
        unit = 1.0
        means = _posterior_means(winsorised, day, free, level_mean=LEVEL_MEAN)
    else:
        unit = max(float(np.std(winsorised)), 1e-9) / TYPICAL_NIGHT_SD
        means = _posterior_means(winsorised / unit, day, free, level_mean=float(winsorised.mean() / unit))
    gaps = np.diff(day) - 1
    missing = int(gaps[gaps < A_PAUSE_NIGHTS].sum())
    return replace(
        LITERATURE,
        level=unit * means["level"],
        night_sd=unit * means["night_sd"],
        phi=means["phi"],
        drift_sd=unit * means["drift_sd"],
        free_night=unit * means["free"],
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
    """Posterior means over the grid; level, free nights and slow drift are integrated out at each node."""
    nights = len(y)
    distance = np.abs(np.subtract.outer(day, day)).astype(float)
    eigenvalues, eigenvectors = np.linalg.eigh(matern(distance, LITERATURE.drift_length_nights))
    kept = eigenvalues > NO_CURVE * eigenvalues[-1]
    curve = (eigenvectors * np.sqrt(np.maximum(eigenvalues, 0.0)))[:, kept]
    design = np.column_stack([curve, np.ones(nights), free, y - level_mean])
    sds = TYPICAL_NIGHT_SD * np.exp(NIGHT_LOG_SD * np.linspace(-5, 5, 41))
    precision = np.array([LEVEL_SD**-2.0, FREE_SD**-2.0])
    pull = np.array([0.0, free_mean]) * precision
    gap = np.diff(day, prepend=day[0] - FIRST_NIGHT_GAP)
    rows = []
    for phi in phis:
        fade, sd = carried_over(phi, gap)
        # Nights have an SD of 1 whether or not the one before is known.
        sd = sd * np.sqrt(1 - phi**2)
        white = whitened(design, fade, sd)
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
            log -= 0.5 * (np.linalg.slogdet(inner)[1] + 2 * np.log(sd).sum()) + nights * np.log(sds)
            log -= 0.5 * (phi / PHI_SD) ** 2 + 0.5 * (np.log(sds / TYPICAL_NIGHT_SD) / NIGHT_LOG_SD) ** 2
            # A log-normal prior of the drift's SD on a grid that is equally spaced in the SD
            log -= 0.5 * (np.log(ratio * sds / TYPICAL_DRIFT_SD) / DRIFT_LOG_SD) ** 2 + np.log(ratio)
            rows.append(
                np.column_stack([log, level_mean + level, extra, np.full_like(sds, phi), sds, ratio * sds])
            )
    table = np.concatenate(rows)
    weights = np.exp(table[:, 0] - table[:, 0].max())
    means = weights @ table[:, 1:] / weights.sum()
    return dict(zip(("level", "free", "phi", "night_sd", "drift_sd"), map(float, means), strict=True))
