"""What a draw says of the effects when periods and blocks, and all else that is linear, are integrated out.

A sampler tells SDs between periods and between blocks by the draws it happens to have near each value, and over a
hundred people that chance adds up. But given a draw's scale, correlation and tails, a Student t is a Gaussian whose
precision differs from night to night (West 1987, doi:10.1093/biomet/74.3.646), and given those precisions the nights
are linear and Gaussian. So each draw becomes a Gaussian of the effects for every pair of SDs on a grid, weighed by how
probable it makes the nights: its chance is left in the draw's other parameters alone.
"""

from collections.abc import Mapping, Sequence

import numpy as np
import xarray as xr

from n1trial.columns import Array, Columns, columns_of
from n1trial.fit import Fit
from n1trial.models import _priors as prior
from n1trial.models._linear import linear
from n1trial.models._sleep import LINEAR, level_and_scale
from n1trial.summaries.noise import BLOCK, PERIOD, Drawn, Kind
from n1trial.trial import TrialData

MOST_DRAWS = 2000
# Numbers of one kind that are held at once.
MOST_VALUES = 2_000_000
# How many times as wide as the model's the prior of effects becomes. About 0, as one person's is, it finds unlikely
# what an average of many does not, and takes the noise of those whom an arm helps much for larger than it is.
WIDER = 4.0
# On the scale of the SDs, in steps too small to be seen through a kernel .4 wide around a common value.
NODES = np.arange(-3.5, 1.6, 0.5)
# Orthonormal contrasts of weekdays, which are normal and add up to 0.
WEEKDAY_CONTRASTS = np.linalg.svd(np.eye(7) - 1 / 7)[0][:, :6]


def integrated(fit: Fit, data: TrialData, known: Mapping[str, Kind], *, seed: int) -> Drawn:
    """Draws of a fit of `models.duration` [draw × node], each node an SD between periods and one between blocks.

    Effects are as under a prior that is `WIDER`, and draws weigh what that makes of them.
    """
    columns = columns_of(data, fit.outcome)
    middle, unit = level_and_scale(data, fit.outcome)
    random = [name for name in (PERIOD, BLOCK) if _term(name) in columns.terms]
    sds = {name: LINEAR[_term(name)].scale * unit * np.exp(NODES) for name in random}
    groups = [(columns.terms[_term(name)].shape[1], sds[name]) for name in random]
    every = -(-fit.posterior.sizes["chain"] * fit.posterior.sizes["draw"] // MOST_DRAWS)
    posterior = fit.posterior.isel(draw=slice(None, None, every))
    rng = np.random.default_rng(seed)
    arms = len(columns.arm_share)
    values_a_draw = columns.design.size + len(NODES) ** len(random) * (arms + 1) ** 2
    step = max(1, MOST_VALUES // values_a_draw // posterior.sizes["chain"])
    others: dict[str, list[Array]] = {name: [] for name in known if name not in random}
    found = []
    for start in range(0, posterior.sizes["draw"], step):
        part = posterior.isel(draw=slice(start, start + step))
        rows = _independent_nights(columns, part, middle, unit, rng)
        found.append(_given_sds(rows, groups, arms, (fit.prior_sd, WIDER * fit.prior_sd)))
        for name, drawn in others.items():
            drawn.append(_drawn(part, name))
    (sampled, wider), mean, covariance = (
        np.concatenate(each, axis=axis)
        for each, axis in zip(zip(*found, strict=True), (1, 0, 0), strict=True)
    )
    grids = [grid.ravel() for grid in np.meshgrid(*[sds[name] for name in random], indexing="ij")]
    nodes = dict(zip(random, grids, strict=True))
    log_prior = sum(known[name].log_prior(known[name].on_scale(sd)) for name, sd in nodes.items())
    log_weight = wider + log_prior - np.logaddexp.reduce(sampled + log_prior, axis=1, keepdims=True)
    return Drawn(
        values={name: np.concatenate(drawn)[:, None] for name, drawn in others.items()}
        | {name: sd[None] for name, sd in nodes.items()},
        mean=mean,
        covariance=covariance,
        log_weight=log_weight,
    )


def _term(name: str) -> str:
    return name.removesuffix("_sd")


def _drawn(posterior: xr.Dataset, name: str) -> Array:
    return np.ravel(posterior[name].to_numpy())


def _independent_nights(
    columns: Columns, posterior: xr.Dataset, middle: float, unit: float, rng: np.random.Generator
) -> Array:
    """Recorded nights made independent with SD 1 [draw, night, column], given each draw's tails and correlation.

    The columns are those of terms with a fixed prior, in SDs of it; periods and blocks; the arms; and last the
    outcome, less the prior mean of the level.
    """
    sigma, nu, phi = (_drawn(posterior, name)[:, None] for name in ("sigma", "nu", "phi"))
    fade = np.sign(phi) ** columns.gap * np.abs(phi) ** columns.gap
    sd = sigma * np.sqrt((1.0 - fade**2) / (1.0 - phi**2))
    residual = columns.y - linear(columns, posterior, level="level", arm="effect")
    shock = (residual - fade * _before(residual)) / sd
    precision = rng.gamma((nu + 1.0) / 2.0, 2.0 / (nu + shock**2))
    usual = {"trend", "run_in", "covariates"} & columns.terms.keys()
    fixed = [
        prior.LEVEL.scale * columns.used,
        *(LINEAR[term].scale * columns.terms[term] for term in sorted(usual)),
    ]
    of_draw = np.repeat((unit * np.column_stack(fixed))[None], len(sigma), axis=0)
    if "weekday" in columns.terms:
        contrasts = columns.terms["weekday"] @ WEEKDAY_CONTRASTS
        of_draw = np.concatenate(
            [of_draw, _drawn(posterior, "weekday_sd")[:, None, None] * contrasts], axis=2
        )
    last = [columns.terms[term] for term in ("period", "block", "arm") if term in columns.terms]
    shared = np.column_stack([*last, columns.y - middle * columns.used])
    rows = np.concatenate([of_draw, np.repeat(shared[None], len(sigma), axis=0)], axis=2)
    rows = rows - fade[:, :, None] * _before(rows)
    return (rows * (np.sqrt(precision) / sd)[:, :, None])[:, columns.used > 0]


def _before(values: Array) -> Array:
    """The night before [draw, night, ...], 0 before the first."""
    return np.concatenate([np.zeros_like(values[:, :1]), values[:, :-1]], axis=1)


def _given_sds(
    rows: Array, groups: Sequence[tuple[int, Array]], arms: int, prior_sds: tuple[float, ...]
) -> tuple[list[Array], Array, Array]:
    """Log density of the nights [draw, node], but for a constant of the draw; nodes run through all groups' SDs.

    A group is a number of columns and the SDs [value] that they may have. The log density is given for each of the SDs
    that the prior of effects may have, and the effects for the last of them. Columns are integrated out one group after
    the other, each leaving the Schur complement of the later ones.
    """
    gram = rows.transpose(0, 2, 1) @ rows
    first = gram.shape[1] - sum(count for count, _ in groups) - arms - 1
    fixed = np.eye(first) + gram[:, :first, :first]
    left = gram[:, first:, first:] - gram[:, first:, :first] @ np.linalg.solve(fixed, gram[:, :first, first:])
    log_determinant = np.zeros(len(left))
    for count, sds in groups:
        left, of_group = _integrated_out(left, count, sds)
        log_determinant = log_determinant[..., None] + of_group
    left = left.reshape(len(rows), -1, arms + 1, arms + 1)
    told, towards = left[..., :arms, :arms], left[..., :arms, arms]
    of_random = log_determinant.reshape(len(rows), -1) + left[..., arms, arms]
    log_densities = []
    for prior_sd in prior_sds:
        covariance = np.linalg.inv(told + np.eye(arms) / prior_sd**2)
        mean = (covariance @ towards[..., None])[..., 0]
        determinant = np.linalg.slogdet(covariance)[1] - 2.0 * arms * np.log(prior_sd)
        log_densities.append(0.5 * (determinant + np.sum(mean * towards, axis=-1) - of_random))
    return log_densities, mean, covariance


def _integrated_out(gram: Array, count: int, sds: Array) -> tuple[Array, Array]:
    """What the first `count` columns leave of the others [..., value, column, column], and their log determinants.

    Where they are turned so that the nights tell them apart, every SD costs a division.
    """
    told, directions = np.linalg.eigh(gram[..., :count, :count])
    beside = (directions.swapaxes(-1, -2) @ gram[..., :count, count:])[..., None, :, :]
    variance = sds[:, None] ** 2
    within = 1.0 + variance * told[..., None, :]
    taken = beside.swapaxes(-1, -2) @ (beside * (variance / within)[..., None])
    return gram[..., None, count:, count:] - taken, np.log(within).sum(axis=-1)
