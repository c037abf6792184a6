"""Nights that follow each other, against SciPy and against dense covariance matrices."""

import numpy as np
import pytest
from scipy.linalg import helmert
from scipy.signal import lfilter

from n1trial.inference.night_process import (
    FIRST_NIGHT_GAP,
    autoregressive,
    carried_over,
    drift_root,
    generalised_poisson,
    matern,
    stationary,
    whitened,
    zero_sum_basis,
)

GAPS = np.array([FIRST_NIGHT_GAP, 1.0, 1.0, 3.0, 2.0, 17.0, 1.0])
DAYS = np.concatenate([[0.0], np.cumsum(GAPS[1:])])


@pytest.mark.parametrize("phi", [-0.9, -0.3, 0.0, 0.2, 0.9])
def test_nights_with_gaps_have_the_covariance_of_their_days(phi):
    fade, sd = carried_over(phi, GAPS)
    root = autoregressive(sd * np.eye(len(GAPS)), fade)
    expected = phi ** np.abs(np.subtract.outer(DAYS, DAYS)) / (1 - phi**2)
    np.testing.assert_allclose(root.T @ root, expected, atol=1e-12)


@pytest.mark.parametrize("phi", [-0.9, 0.0, 0.5])
def test_whitening_gives_the_shocks_back(phi):
    shocks = np.random.default_rng(1).standard_normal((4, len(GAPS)))
    fade, sd = carried_over(phi, GAPS)
    nights = autoregressive(sd * shocks, fade)
    again = whitened(nights[..., np.newaxis], np.tile(fade, (4, 1)), np.tile(sd, (4, 1)))
    np.testing.assert_allclose(again[..., 0], shocks, atol=1e-12)


def test_consecutive_nights_are_those_of_scipys_filter_and_keep_their_sd():
    shocks = np.random.default_rng(2).standard_normal((3, 50))
    assert np.array_equal(autoregressive(shocks, 0.4), lfilter([1.0], [1.0, -0.4], shocks, axis=1))
    kept = autoregressive(stationary(np.eye(50), 0.4), 0.4)
    np.testing.assert_allclose((kept**2).sum(axis=0), 1.0)


@pytest.mark.parametrize("count", [2, 3, 7])
def test_zero_sum_contrasts_are_scipys(count):
    np.testing.assert_allclose(zero_sum_basis(count), helmert(count).T, atol=1e-15)


def test_a_drift_is_as_correlated_as_its_distance_says():
    root = drift_root(60, 30.0)
    assert (root @ root.T)[10, 40] == pytest.approx(matern(30.0, 30.0))
    assert matern(0.0, 30.0) == 1.0
    np.testing.assert_allclose(drift_root(20, 30.0), root[:20, :20], atol=1e-6)


@pytest.mark.parametrize("omega", [-0.4, 0.0, 0.3])
def test_counts_have_the_mean_and_the_variance_that_were_asked_for(omega):
    counts = generalised_poisson(np.full(100_000, 4.0), omega, np.random.default_rng(3))
    assert counts.mean() == pytest.approx(4.0, abs=0.04)
    assert counts.var() == pytest.approx(4.0 / (1 - omega) ** 2, rel=0.02)


def test_no_night_at_all_is_no_count():
    assert generalised_poisson(np.empty(0), 0.2, np.random.default_rng(4)).shape == (0,)
