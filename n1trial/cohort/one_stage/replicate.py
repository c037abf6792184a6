"""Replicated nights of a cohort: the formulas of its models again, in NumPy, from one posterior or prior draw."""

import numpy as np
import xarray as xr

from n1trial.cohort.one_stage.partial_centring import WEEKDAY_BASIS
from n1trial.cohort.one_stage.stacked_data import Stacked, stack
from n1trial.cohort.people import Cohort
from n1trial.inference.models.awakenings import drawn_counts
from n1trial.inference.night_process import autoregressive, carried_over
from n1trial.inference.priors import LOG_SD_APART
from n1trial.system.arrays import Array


def replicated_nights(cohort: Cohort, draw: xr.Dataset, rng: np.random.Generator) -> Array:
    """Nights that the outcome's model generates.

    Parameters
    ----------
    cohort
        People whose schedules and covariates are used; their outcomes are not.
    draw
        One draw of every variable of the model.
    rng
        Source of the chance from night to night.

    Returns
    -------
    ndarray [night], in the outcome's unit
        In the order of `stack`.
    """
    stacked = stack(cohort)
    expected = _expected(stacked, draw)
    if cohort.outcome.kind == "count":
        omega = draw["omega"].to_numpy()[stacked.person]
        usual = np.exp(draw["level"].to_numpy())[stacked.person]
        return drawn_counts(np.exp(expected)[None], omega[None], usual[None], rng)[0]
    phi = draw["phi"].to_numpy()[stacked.person] if "phi" in draw else np.zeros(len(expected))
    fade, sd = carried_over(phi, stacked.distance)
    spread = draw["sigma"].to_numpy()[stacked.person] * sd / np.sqrt(stacked.rests_on)
    return expected + autoregressive(spread * rng.standard_normal(len(expected)), fade)


def _expected(stacked: Stacked, draw: xr.Dataset) -> Array:
    def of(name: str) -> Array:
        return np.asarray(draw[name].to_numpy(), dtype=float)

    of_cell = of("level")[stacked.cell_person]
    of_cell = of_cell + np.sum(stacked.arm * of("effect")[stacked.cell_person], axis=1)
    if stacked.period.any():
        sd = of("period_sd") * np.exp(LOG_SD_APART * of("period_sd_z"))
        of_cell = of_cell + sd[stacked.cell_person] * np.append(0.0, of("period_z"))[stacked.period]
    if stacked.block.any():
        of_cell = of_cell + np.append(0.0, of("block_level"))[stacked.block]
    if stacked.run_in.any():
        of_cell = of_cell + np.append(0.0, of("run_in_level"))[stacked.run_in]
    nights = of_cell[stacked.cell] + of("trend")[stacked.person] * stacked.trend
    if stacked.weekday_share.any():
        share = stacked.weekday_share
        weekday = of("weekday_sd") * of("weekday_z") + of("weekday_spread") * of("weekday_own_z")
        weekday = (weekday @ WEEKDAY_BASIS) * share.sum(axis=1, keepdims=True)
        centred = weekday - np.sum(share * weekday, axis=1, keepdims=True)
        nights = nights + centred[stacked.person, stacked.weekday]
    if stacked.week.any():
        nights = nights + of("week_sd") * np.append(0.0, of("week_z"))[stacked.week]
    if stacked.covariates.shape[1]:
        nights = nights + np.sum(of("covariates")[stacked.person] * stacked.covariates, axis=1)
    return nights
