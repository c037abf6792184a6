"""The nights of a trial as `kernels.fit_count_nights` takes them: columns in units of their prior SDs."""

import math
from dataclasses import dataclass
from typing import Self

import numpy as np

from n1trial.inference import kernels
from n1trial.inference.inla.priors import CountPriors
from n1trial.inference.inla.standardised import RANDOM, on_reference, standardised
from n1trial.inference.model_matrix import Columns
from n1trial.system.arrays import Array, Codes

type Components = tuple[Array, Array, Array, Array]


@dataclass(frozen=True, slots=True, kw_only=True)
class CountNights:
    """Recorded nights, and their model matrix in units of prior SDs.

    Attributes
    ----------
    y : ndarray [night]
        Counts.
    analysed : ndarray [night]
        Weight in the contrasts, 1 or 0.
    x, on_reference : ndarray [night, column]
        The columns, the level first and then the arms; and the same with all nights on the reference.
    weekday : ndarray [column]
        1 for the columns of weekdays, whose SD is estimated, else 0.
    period : ndarray [night]
        Code of the period, -1 for none.
    log_level : float
        Prior mean of the level, on the log scale.
    effects : ndarray [arm]
        Prior SDs of the log rate ratios.
    """

    y: Array
    analysed: Array
    x: Array
    on_reference: Array
    weekday: Array
    period: Codes
    log_level: float
    effects: Array

    @classmethod
    def of(cls, columns: Columns, priors: CountPriors) -> Self:
        recorded = columns.used > 0
        terms = {name: column[recorded] for name, column in columns.terms.items()}
        return cls.laid_out(
            columns.y[recorded], columns.analysed[recorded], terms, columns.arm_share, priors=priors
        )

    @classmethod
    def laid_out(
        cls, y: Array, analysed: Array, terms: dict[str, Array], arm_share: Array, *, priors: CountPriors
    ) -> Self:
        """The same of recorded nights whose `terms` [night, column] are as in `model_matrix.Columns`."""
        x, kinds = standardised({term: terms[term] for term in terms if term != "period"}, priors.sds)
        period = terms.get("period", np.zeros((len(y), 1)))
        return cls(
            y=y,
            analysed=analysed,
            x=x,
            on_reference=on_reference(x, arm_share, priors.effect_sd),
            weekday=(kinds == RANDOM.index("weekday")).astype(float),
            period=np.where(period.max(axis=1) > 0, period.argmax(axis=1), -1),
            log_level=float(np.log(y[analysed > 0].mean())),
            effects=np.full(len(arm_share), priors.effect_sd),
        )

    def components(
        self, priors: CountPriors, *, points: tuple[int, int, int], omega: float | None = None
    ) -> Components:
        """What `kernels.fit_count_nights` returns of them; `omega` where it is known."""
        known = omega is not None
        limits = (omega, omega) if known else priors.omega_limits
        scales = (
            priors.period_sd * (self.period.max(initial=-1) >= 0),
            priors.weekday_sd * self.weekday.max(),
        )
        fitted: Components = kernels.fit_count_nights(
            self.y,
            np.array([math.lgamma(count + 1) for count in self.y]),
            self.analysed,
            self.x,
            self.on_reference,
            self.weekday,
            self.period,
            self.log_level,
            self.effects,
            np.array([priors.omega_mean, priors.omega_sd, *limits], dtype=float),
            np.array(scales, dtype=float),
            np.array(points, dtype=np.int64),
        )
        return fitted
