"""The classical analysis of a cohort: published numbers, and people made by hand."""

import numpy as np
import pytest
import statsmodels.api as sm

from n1trial.cohort.random_effects import random_effects

# Colditz et al. (1994), doi:10.1001/jama.1994.03520330076038: 13 trials of BCG; cases and non-cases, vaccinated and
# not. REML in the documentation of R's metafor: tau² .3132, estimate -.7145.
BCG = np.array(
    [
        *[
            (4, 119, 11, 128),
            (6, 300, 29, 274),
            (3, 228, 11, 209),
            (62, 13536, 248, 12619),
            (33, 5036, 47, 5761),
        ],
        *[(180, 1361, 372, 1079), (8, 2537, 10, 619), (505, 87886, 499, 87892), (29, 7470, 45, 7232)],
        *[(17, 1699, 65, 1600), (186, 50448, 141, 27197), (5, 2493, 3, 2338), (27, 16886, 29, 17825)],
    ],
    dtype=float,
)


def test_the_average_of_the_bcg_trials_is_as_published():
    a, b, c, d = BCG.T
    ratio = np.log(a / (a + b)) - np.log(c / (c + d))
    variance = 1 / a - 1 / (a + b) + 1 / c - 1 / (c + d)
    average = random_effects(ratio, variance, night_variance=1.0)
    assert average.tau**2 == pytest.approx(0.3132, abs=5e-5)
    assert average.estimate == pytest.approx(-0.7145, abs=5e-5)


def two_averages(seed):
    """Twelve people's average by ours, and by weighted least squares with the same weights."""
    rng = np.random.default_rng(seed)
    leverages = rng.uniform(0.1, 1.0, 12)
    estimates = 5.0 + 8.0 * rng.standard_normal(12)
    average = random_effects(estimates, leverages, night_variance=30.0)
    return average, sm.WLS(estimates, np.ones(12), weights=1 / (average.tau**2 + 30.0 * leverages)).fit()


def test_hartung_and_knapp_is_the_weighted_mean_with_its_own_spread():
    average, by_statsmodels = two_averages(1)
    assert by_statsmodels.scale > 1
    assert average.error == pytest.approx(by_statsmodels.bse[0])
    assert (average.low, average.high) == pytest.approx(tuple(by_statsmodels.conf_int()[0]))
    assert average.p == pytest.approx(by_statsmodels.pvalues[0])


def test_people_who_happen_to_agree_do_not_narrow_the_interval_below_that_of_one_effect():
    average, by_statsmodels = two_averages(2)
    assert by_statsmodels.scale < 1
    assert average.error == pytest.approx(by_statsmodels.bse[0] / by_statsmodels.scale**0.5)
    alike = random_effects(np.array([5.0, 5.1, 4.9, 5.0, 5.05]), np.full(5, 1.0), night_variance=20.0)
    assert alike.error == pytest.approx((20.0 / 5) ** 0.5)


def test_alike_variances_of_unknown_size_give_the_paired_t_of_student():
    # Student (1908), doi:10.1093/biomet/6.1.1: hours gained with two drugs.
    first = np.array([0.7, -1.6, -0.2, -1.2, -0.1, 3.4, 3.7, 0.8, 0.0, 2.0])
    second = np.array([1.9, 0.8, 1.1, 0.1, -0.1, 4.4, 5.5, 1.6, 4.6, 3.4])
    average = random_effects(second - first, np.full(10, 2.0), night_variance=None)
    assert average.estimate == pytest.approx(1.58)
    assert (average.low, average.high) == pytest.approx((0.7001142, 2.4598858), abs=1e-6)
    assert average.p == pytest.approx(0.002833, abs=5e-7)


def test_people_who_do_not_differ_have_no_spread():
    average = random_effects(np.array([1.0, 1.1, 0.9, 1.05]), np.full(4, 1.0), night_variance=4.0)
    assert average.tau == 0.0
    assert average.estimate == pytest.approx(1.0125)
