"""Many people: each one's trial under one model, an average with its spread, and the next person."""

from n1trial.cohort.draws import PooledDraws
from n1trial.cohort.effects import CohortEffect, CohortEffects, Summed, effects_of, estimate_cohort
from n1trial.cohort.one_stage.fit import CohortFit, fit_cohort
from n1trial.cohort.people import Cohort, Person, gather
from n1trial.cohort.prior_sensitivity import spread_sensitivity
from n1trial.cohort.random_effects import companion_of

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
