"""Gaussian posteriors of the effects for each draw, with periods and all other linear terms integrated out.

The density of the SD between periods is estimated from the draws that happen to lie near each value, and over a
hundred people that Monte Carlo error adds up. But given a draw's scale and correlation the nights are linear and
Gaussian. So each draw becomes a Gaussian of the effects for every SD on a grid, weighted by the likelihood of the
nights: Monte Carlo error is left in the draw's other parameters alone.
"""

from collections.abc import Mapping

import numpy as np
import xarray as xr

from n1trial.cohort.two_stage.noise import PERIOD, Drawn, Kind
from n1trial.data.trial_data import TrialData
from n1trial.inference import priors as prior
from n1trial.inference.fit import Fit
from n1trial.inference.model_matrix import Columns, columns_of
from n1trial.inference.models._sleep import LINEAR, level_and_scale
from n1trial.inference.night_process import carried_over, whitened, zero_sum_basis
from n1trial.system.arrays import Array

MOST_DRAWS = 2000
# Numbers of one kind that are held at once.
MOST_VALUES = 2_000_000
# How many times as wide as the model's the prior of effects becomes. One person's prior, centred on 0, finds large
# effects unlikely, and so takes the noise of people whom an arm helps much for larger than it is.
WIDER = 4.0
# On the scale of the SDs, in steps too small to be seen through a kernel .4 wide around a common value.
NODES = np.arange(-4.5, 1.1, 0.5)


def integrated(fit: Fit, data: TrialData, known: Mapping[str, Kind]) -> Drawn:
    """Draws of a fit of `models.duration` [draw × node], each node an SD between periods.

    Effects are as under a prior that is `WIDER`, and draws are weighted accordingly.
    """
    matrix = columns_of(data, fit.outcome)
    middle, unit = level_and_scale(data, fit.outcome)
    periods = matrix.terms["period"].shape[1] if "period" in matrix.terms else 0
    sds = prior.PERIOD_SD.scale * unit * np.exp(NODES) if periods else np.ones(1)
    every = -(-fit.posterior.sizes["chain"] * fit.posterior.sizes["draw"] // MOST_DRAWS)
    posterior = fit.posterior.isel(draw=slice(None, None, every))
    arms = len(matrix.arm_share)
    values_a_draw = matrix.design.size + len(sds) * (arms + 1) ** 2
    step = max(1, MOST_VALUES // values_a_draw // posterior.sizes["chain"])
    others: dict[str, list[Array]] = {name: [] for name in known if name != PERIOD}
    by_part = []
    for start in range(0, posterior.sizes["draw"], step):
        part = posterior.isel(draw=slice(start, start + step))
        rows = _independent_nights(matrix, part, middle, unit)
        by_part.append(_given_sds(rows, periods, sds, arms, (fit.prior_sd, WIDER * fit.prior_sd)))
        for name, drawn in others.items():
            drawn.append(_drawn(part, name))
    (sampled, wider), mean, covariance = (
        np.concatenate(parts, axis=axis)
        for parts, axis in zip(zip(*by_part, strict=True), (1, 0, 0), strict=True)
    )
    log_prior = known[PERIOD].log_prior(known[PERIOD].on_scale(sds)) if periods else np.zeros(1)
    log_weight = wider + log_prior - np.logaddexp.reduce(sampled + log_prior, axis=1, keepdims=True)
    return Drawn(
        values={name: np.concatenate(drawn)[:, None] for name, drawn in others.items()}
        | ({PERIOD: sds[None]} if periods else {}),
        mean=mean,
        covariance=covariance,
        log_weight=log_weight,
    )


def _drawn(posterior: xr.Dataset, name: str) -> Array:
    return np.ravel(posterior[name].to_numpy())


def _independent_nights(matrix: Columns, posterior: xr.Dataset, middle: float, unit: float) -> Array:
    """Recorded nights made independent with SD 1 [draw, night, column], given each draw's scale and correlation.

    The columns are those of terms with a fixed prior, in SDs of it; periods; the arms; and last the outcome, less
    the prior mean of the level.
    """
    sigma, phi = (_drawn(posterior, name)[:, None] for name in ("sigma", "phi"))
    fade, sd = carried_over(phi, matrix.gap)
    usual = {"trend", "run_in", "covariates"} & matrix.terms.keys()
    fixed = [
        prior.LEVEL.scale * matrix.used,
        *(LINEAR[term].scale * matrix.terms[term] for term in sorted(usual)),
    ]
    of_draw = np.repeat((unit * np.column_stack(fixed))[None], len(sigma), axis=0)
    if "weekday" in matrix.terms:
        contrasts = matrix.terms["weekday"] @ zero_sum_basis(7)
        of_draw = np.concatenate(
            [of_draw, _drawn(posterior, "weekday_sd")[:, None, None] * contrasts], axis=2
        )
    if "block" in matrix.terms:
        of_blocks = prior.BLOCK.scale * sigma[:, :, None] * matrix.terms["block"]
        of_draw = np.concatenate([of_draw, of_blocks], axis=2)
    last = [matrix.terms[term] for term in ("period", "arm") if term in matrix.terms]
    shared = np.column_stack([*last, matrix.y - middle * matrix.used])
    rows = np.concatenate([of_draw, np.repeat(shared[None], len(sigma), axis=0)], axis=2)
    return whitened(rows, fade, sigma * sd)[:, matrix.used > 0]


def _given_sds(
    rows: Array, periods: int, sds: Array, arms: int, prior_sds: tuple[float, ...]
) -> tuple[list[Array], Array, Array]:
    """Log density of the nights [draw, node], but for a constant of the draw; nodes are the `sds` of periods.

    The log density is given for each of the SDs that the prior of effects may have, and the effects for the last of
    them. What is integrated out leaves the Schur complement of the later columns.
    """
    gram = rows.transpose(0, 2, 1) @ rows
    first = gram.shape[1] - periods - arms - 1
    fixed = np.eye(first) + gram[:, :first, :first]
    remaining = gram[:, first:, first:] - gram[:, first:, :first] @ np.linalg.solve(
        fixed, gram[:, :first, first:]
    )
    remaining, log_determinant = _integrated_out(remaining, periods, sds)
    precision, towards = remaining[..., :arms, :arms], remaining[..., :arms, arms]
    of_random = log_determinant + remaining[..., arms, arms]
    log_densities = []
    for prior_sd in prior_sds:
        covariance = np.linalg.inv(precision + np.eye(arms) / prior_sd**2)
        mean = (covariance @ towards[..., None])[..., 0]
        determinant = np.linalg.slogdet(covariance)[1] - 2.0 * arms * np.log(prior_sd)
        log_densities.append(0.5 * (determinant + np.sum(mean * towards, axis=-1) - of_random))
    return log_densities, mean, covariance


def _integrated_out(gram: Array, count: int, sds: Array) -> tuple[Array, Array]:
    """What the first `count` columns leave of the others [..., value, column, column], and their log determinants.

    In the basis of eigenvectors every further SD costs only a division.
    """
    eigenvalues, directions = np.linalg.eigh(gram[..., :count, :count])
    beside = (directions.swapaxes(-1, -2) @ gram[..., :count, count:])[..., None, :, :]
    variance = sds[:, None] ** 2
    within = 1.0 + variance * eigenvalues[..., None, :]
    taken = beside.swapaxes(-1, -2) @ (beside * (variance / within)[..., None])
    return gram[..., None, count:, count:] - taken, np.log(within).sum(axis=-1)
