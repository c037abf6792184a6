"""Several people: the trial of each under one model, the average with its spread, and the next person."""

from n1trial.cohort.assembly import gather
from n1trial.cohort.draws import PooledDraws
from n1trial.cohort.effects import CohortEffect, CohortEffects, Summed
from n1trial.cohort.estimate import effects_of, estimate_cohort
from n1trial.cohort.one_stage.fit import CohortFit, fit_cohort
from n1trial.cohort.people import Cohort, Person
from n1trial.cohort.prior_sensitivity import spread_sensitivity
from n1trial.cohort.random_effects import classical_average

__all__ = [
    "Cohort",
    "CohortEffect",
    "CohortEffects",
    "CohortFit",
    "Person",
    "PooledDraws",
    "Summed",
    "classical_average",
    "effects_of",
    "estimate_cohort",
    "fit_cohort",
    "gather",
    "spread_sensitivity",
]
