import numpy as np
import pytest

from n1trial.design.protocol import RULE_TODAY
from n1trial.design.verdict import Chances, NightsAlone, even_information, settle_nights, verdict_of

RULE = RULE_TODAY


def alone(mean, sd, prior_sd, mid):
    return NightsAlone.of(mean, sd, prior_sd=prior_sd, mid=mid)


def verdict(mean, sd, mid=15, prior_sd=20):
    return verdict_of(
        Chances.gaussian(mean, sd, mid), alone=NightsAlone.of(mean, sd, prior_sd=prior_sd, mid=mid), rule=RULE
    )


@pytest.mark.parametrize(
    ("mean", "sd", "expected"),
    [
        (30, 8, "worth it"),
        (-30, 8, "worse"),
        (0, 8, "no difference that matters"),
        (-8, 12, "no worthwhile gain"),
        (10, 15, "can't tell yet"),
        (0, 20, "can't tell yet"),
    ],
)
def test_the_verdict_follows_from_mean_and_sd(mean, sd, expected):
    assert verdict(mean, sd) == expected


def test_nothing_learnt_is_never_no_gain():
    assert verdict(-40, 19) == "worse"
    assert verdict(-10, 19) == "can't tell yet"


def test_a_prior_that_holds_a_difference_for_impossible_is_no_finding():
    before = Chances.gaussian(0, 0.187, 0.5)
    assert before.equivalent > 0.99
    for sd in (0.187, 0.15):
        given = verdict_of(before, alone=alone(0, sd, 0.187, 0.5), rule=RULE)
        assert given == ("can't tell yet" if sd > 0.1 else "no difference that matters")


def test_nights_alone_are_what_is_left_when_the_prior_is_taken_off():
    # 12 nights' worth of Normal(10, 15) under a prior of Normal(0, 20): precision 1/225 and 1/400.
    precision = 1 / 15**2 + 1 / 20**2
    nights_alone = alone((10 / 15**2) / precision, precision**-0.5, 20, 15)
    assert nights_alone.worthwhile == pytest.approx(Chances.gaussian(10, 15, 15).worthwhile)
    assert nights_alone.much_worse == pytest.approx(Chances.gaussian(10, 15, 15).much_worse)


def test_a_no_is_false_in_one_trial_of_twenty_whatever_the_prior_expects():
    rng = np.random.default_rng(0)
    for prior_sd in (5.0, 20.0):
        error, truth = 9.0, 15.0
        likelihood = rng.normal(truth, error, 20_000)
        precision = error**-2 + prior_sd**-2
        mean, sd = likelihood * error**-2 / precision, precision**-0.5
        met = alone(mean, sd, prior_sd, 15).worthwhile <= RULE.no_p_nights_alone
        assert met.mean() == pytest.approx(0.05, abs=0.006)


def test_chances_of_draws_agree_with_the_gaussian_formula():
    draws = np.random.default_rng(0).normal(10, 12, 1_000_000)
    counted, exact = Chances.of(draws, 15), Chances.gaussian(10, 12, 15)
    for name in ("better", "worthwhile", "equivalent", "much_worse"):
        assert getattr(counted, name) == pytest.approx(getattr(exact, name), abs=2e-3)


def test_chances_of_gain_null_and_loss_add_up_to_one():
    chances = Chances.gaussian(3, 9, 15)
    assert chances.worthwhile + chances.equivalent + chances.much_worse == pytest.approx(1)


def settled(mean, sd, *, nights=126, prior_sd=20):
    lengths, sds = even_information(sd, nights=nights, prior_sd=prior_sd)
    return settle_nights(mean, sd, lengths=lengths, sds=sds, prior_sd=prior_sd, mid=15, rule=RULE)


def test_a_clear_estimate_with_wide_error_is_settled_by_more_nights():
    nights = settled(20, 13)
    assert nights is not None
    assert 126 < nights <= 730


def test_a_trial_that_taught_nothing_says_not_feasible():
    assert settled(5, 19.9) is None


def test_where_each_night_is_less_informative_more_of_them_are_needed():
    lengths, sds = even_information(13, nights=126, prior_sd=20)
    slower = 13 - 0.85 * (13 - sds)
    now, later = (
        settle_nights(20, 13, lengths=lengths, sds=each, prior_sd=20, mid=15, rule=RULE)
        for each in (sds, slower)
    )
    assert now < later
