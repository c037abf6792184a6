"""Many people: each one's trial under one model, an average with its spread, and the next person."""

from n1trial.cohort.companion import companion_of
from n1trial.cohort.draws import PooledDraws
from n1trial.cohort.effects import CohortEffect, CohortEffects, Summed, effects_of, estimate_cohort
from n1trial.cohort.fit import CohortFit, fit_cohort
from n1trial.cohort.people import Cohort, Person, gather
from n1trial.cohort.spread_prior import spread_sensitivity

__all__ = [
    "Cohort",
    "CohortEffect",
    "CohortEffects",
    "CohortFit",
    "Person",
    "PooledDraws",
    "Summed",
    "companion_of",
    "effects_of",
    "estimate_cohort",
    "fit_cohort",
    "gather",
    "spread_sensitivity",
]
