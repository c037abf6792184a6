"""Partial non-centring: an approximate Gaussian likelihood of each term, so that the sampler moves well.

A term x ~ N(m, τ²) whose likelihood is about N(x̂, 1/p) has, given m and τ, the mean (m + τ² p x̂) / (1 + τ² p)
and the variance τ² / (1 + τ² p). The models sample its distance from that mean in units of that SD. Then it
depends little on m and τ, be τ small or large; under a centred or a non-centred form the few hyperparameters move as
slowly as thousands of terms let them. The approximation never changes a model: with p = 0 everywhere the form is the
non-centred one, and slower.

Papaspiliopoulos, Roberts & Sköld (2007), doi:10.1214/088342307000000014, shift by the share; here the mean shifts too.
"""

from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from n1trial.cohort.one_stage.scales import Scales
from n1trial.cohort.one_stage.stacked_data import Index, Stacked, contrast_of_each, people_of
from n1trial.inference.night_process import zero_sum_basis
from n1trial.system.arrays import Array

# Six orthogonal contrasts of seven weekdays, each of length 1: what adds up to zero, in free numbers.
WEEKDAY_BASIS: Array = zero_sum_basis(7).T
# The median of a half-normal of scale 1.
HALF_NORMAL_MEDIAN = 0.674


@dataclass(frozen=True, slots=True, kw_only=True)
class _Part:
    """Columns [night, column] of one term of one person, the SD of its coefficients, and their positions among all."""

    columns: Array
    sd: float
    at: Index


def likelihoods_of_terms(
    stacked: Stacked,
    scales: Scales,
    *,
    response: Array,
    precision: Array,
    unit: float = 1.0,
    block_unit: float = 1.0,
) -> tuple[dict[str, Array], Array]:
    """Approximate likelihoods of the terms, from a linear model of each person alone, and its residuals [night].

    Parameters
    ----------
    response
        Observed linear predictor [night], in the units of `unit` × `scales`, with its `precision`
        [night].
    block_unit
        Unit of the scale of blocks.

    Returns
    -------
    Precision and precision × estimate, by the name of the term: level [person, 2], effect [person,
    contrast, contrast + 1], period [number, 2], block_contrast [number, 2] in those of `zero_sum_shares`, weekday
    of all [6, 2] and weekday_own [person, 6, 2] in the contrasts of `WEEKDAY_BASIS`, week [number, 2] of all people
    together.
    """
    ends = np.searchsorted(stacked.person, np.arange(len(stacked.weekday_share) + 1))
    arms = stacked.arm.shape[1]
    contrast = contrast_of_each(people_of(stacked, stacked.block))
    likelihoods = {
        "level": np.zeros((len(ends) - 1, 2)),
        "effect": np.zeros((len(ends) - 1, arms, arms + 1)),
        "period": np.zeros((int(stacked.period.max()), 2)),
        "block_contrast": np.zeros((int((contrast >= 0).sum()), 2)),
        "weekday_own": np.zeros((len(ends) - 1, len(WEEKDAY_BASIS), 2)),
        "week": np.zeros((int(stacked.week.max()), 2)),
    }
    residual = np.empty_like(response)
    for person, (first, last) in enumerate(pairwise(ends)):
        nights = slice(int(first), int(last))
        parts = _parts(stacked, scales, nights, contrast, unit=unit, block_unit=block_unit)
        design = np.hstack([part.columns for part in parts.values()])
        prior = np.concatenate([np.full(len(part.at), part.sd**-2.0) for part in parts.values()])
        weighted = design * precision[nights, None]
        covariance = np.linalg.inv(design.T @ weighted + np.diag(prior))
        mean = covariance @ (weighted.T @ response[nights])
        residual[nights] = response[nights] - design @ mean
        start = 0
        for name, part in parts.items():
            own = slice(start, start := start + len(part.at))
            if name == "effect":
                whole = np.linalg.inv(covariance[own, own])
                likelihoods[name][person] = np.column_stack([whole - np.diag(prior[own]), whole @ mean[own]])
            elif name in likelihoods:
                alone = 1.0 / np.diag(covariance)[own]
                both = np.column_stack([np.maximum(alone - prior[own], 0.0), alone * mean[own]])
                if name == "week":
                    # Summed over everybody with nights in the week.
                    likelihoods[name][part.at] += both
                else:
                    likelihoods[name][person if name in ("level", "weekday_own") else part.at] = both
    between_people = (HALF_NORMAL_MEDIAN * scales.weekday_spread.scale * unit) ** 2
    of_people = likelihoods["weekday_own"]
    likelihoods["weekday"] = np.sum(of_people / (1.0 + between_people * of_people[..., :1]), axis=0)
    return likelihoods, residual


def zero_sum_shares(count: int) -> Array:
    """Of `count` - 1 free numbers each of `count` that add up to zero is its own less this share of all [count].

    The last has no number of its own. Orthogonal, as a Helmert basis is, but of two numbers each and a sum.
    """
    root = np.sqrt(count)
    return np.append(np.full(count - 1, 1.0 / (root + count)), 1.0 / root)


def shares_matrix(count: int) -> Array:
    """`zero_sum_shares` as a matrix [number, free number]."""
    return np.eye(count, count - 1) - zero_sum_shares(count)[:, None]


def likelihood_of_spread(stacked: Stacked, residual: Array) -> Array:
    """Approximate likelihood of each person's log SD [person, 2], from the residuals of their nights."""
    counts = np.bincount(stacked.person)
    squares = residual**2 * stacked.rests_on
    variances = np.bincount(stacked.person, squares) / counts
    variances = np.maximum(variances, variances.mean() / 100.0)
    precision = 2.0 * counts
    return np.column_stack([precision, precision * 0.5 * np.log(variances)])


def likelihood_of_correlation(stacked: Stacked, residual: Array) -> Array:
    """Approximate likelihood of each person's correlation with the night before [person, 2], from residuals."""
    people = len(stacked.weekday_share)
    follows = stacked.distance == 1
    before = np.concatenate([[0.0], residual[:-1]])
    pairs = np.bincount(stacked.person, follows, minlength=people)
    products = np.bincount(stacked.person, follows * residual * before, minlength=people)
    squares = np.bincount(stacked.person, follows * before**2, minlength=people)
    return np.column_stack([pairs, pairs * products / np.maximum(squares, 1e-12)])


def _parts(
    stacked: Stacked, scales: Scales, nights: slice, contrast: Index, *, unit: float, block_unit: float
) -> dict[str, _Part]:
    person = int(stacked.person[nights.start])
    cell, count = stacked.cell[nights], nights.stop - nights.start
    half = HALF_NORMAL_MEDIAN * unit

    def all_of(values: Array, sd: float) -> _Part:
        return _Part(columns=values, sd=sd, at=np.arange(values.shape[1]))

    def coded(codes: Index, sd: float) -> _Part:
        present = np.unique(codes[codes > 0])
        return _Part(columns=(codes[:, None] == present).astype(float), sd=sd, at=present - 1)

    share = stacked.weekday_share[person]
    block = coded(stacked.block[cell], scales.block.scale * block_unit)
    basis = shares_matrix(len(block.at)) if len(block.at) else np.zeros((0, 0))
    weekdays = WEEKDAY_BASIS.T[stacked.weekday[nights]] * share.sum() - WEEKDAY_BASIS @ share
    return {
        "level": all_of(np.ones((count, 1)), scales.people.scale * unit),
        "effect": all_of(stacked.arm[cell], scales.average.scale * unit),
        "trend": all_of(stacked.trend[nights, None], scales.trend.scale * unit),
        "covariates": all_of(stacked.covariates[nights], scales.covariate.scale * unit),
        "period": coded(stacked.period[cell], scales.period.scale * half),
        "block_contrast": _Part(
            columns=block.columns @ basis, sd=block.sd, at=contrast[block.at[: basis.shape[1]]]
        ),
        "run_in": coded(stacked.run_in[cell], scales.run_in.scale * unit),
        "weekday_own": all_of(weekdays, (scales.weekday.scale + scales.weekday_spread.scale) * half),
        "week": coded(stacked.week[nights], scales.week.scale * half),
    }
