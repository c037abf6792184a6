"""A randomisation p is of what was drawn, as it was drawn, and there is none where nothing was."""

from dataclasses import replace

import numpy as np
import pytest
from pretend import pretend_trial
from scipy import stats
from test_aliasing import WEEKEND, trial_in_order
from test_effects import made_fit

from n1trial.analysis.checks import Case, checks, run_checks
from n1trial.analysis.effects import estimate_effects
from n1trial.design.outcomes import OUTCOMES
from n1trial.report import sentences

SLEEP = OUTCOMES["tst_min"]
RANDOMISATION = checks()["randomisation"]
# Box, Hunter & Hunter (2005), Statistics for Experimenters, table 3.3: pounds of tomatoes of eleven plants, the mixture
# of each drawn by cards.
PLANTS = "aabbabbbaab"
POUNDS = [29.9, 11.4, 26.6, 23.7, 25.3, 28.5, 14.2, 17.9, 16.5, 21.1, 24.3]


def tossed(arms, values, **changes):
    data = trial_in_order(arms, tst_min=values, period=np.arange(len(arms)) + 1)
    return replace(data, **({"drawn": "coin"} | changes))


def test_nights_of_a_coin_are_tossed_again_as_scipy_does_it():
    data = tossed(PLANTS, POUNDS)
    line = RANDOMISATION.run(Case(data=data, outcome=SLEEP)).results[0]
    on_arm = np.array(list(PLANTS)) == "b"
    by_scipy = stats.permutation_test(
        (np.array(POUNDS)[on_arm], np.array(POUNDS)[~on_arm]),
        lambda x, y: abs(np.mean(x) - np.mean(y)),
        n_resamples=1000,
        alternative="greater",
    )
    assert line.estimate == pytest.approx(1.69, abs=0.005)
    assert line.p == pytest.approx(by_scipy.pvalue)
    assert "all 462 orders of 11 nights" in line.note


def test_the_interval_of_tossed_nights_holds_what_the_test_does_not_reject():
    data = tossed(PLANTS, POUNDS)
    low, high = (
        getattr(RANDOMISATION.run(Case(data=data, outcome=SLEEP)).results[0], end) for end in ("low", "high")
    )
    assert low < 1.69 < high
    for end, inside in ((low, 1), (high, -1)):
        for step, rejected in ((0.05 * inside, False), (-0.05 * inside, True)):
            moved = np.array(POUNDS) - (end + step) * (np.array(list(PLANTS)) == "b")
            p = RANDOMISATION.run(Case(data=tossed(PLANTS, moved), outcome=SLEEP)).results[0].p
            assert (p <= 0.05) == rejected


def test_many_tossed_nights_keep_the_level_whatever_neighbours_have_in_common():
    rng, small = np.random.default_rng(8), 0
    for _ in range(200):
        arms = rng.choice(["a", "b"], 40)
        nights = np.convolve(rng.standard_normal(48), np.ones(9) / 3, "valid")
        small += (
            RANDOMISATION.run(Case(data=tossed("".join(arms), nights), outcome=SLEEP)).results[0].p <= 0.05
        )
    assert small <= 20


@pytest.mark.parametrize(
    ("data", "applies"),
    [
        (pretend_trial(), True),
        (pretend_trial(drawn="none"), False),
        (tossed(PLANTS, POUNDS), True),
        (tossed(PLANTS, POUNDS, drawn="blocks"), False),
        (trial_in_order(WEEKEND, block=np.arange(84) // 7 + 1), False),
        (trial_in_order("aaabbabaaba" * 4 + "aabbb", block=np.arange(49) // 7 + 1), False),
    ],
)
def test_a_randomisation_p_is_given_where_the_arms_could_have_changed_places(data, applies):
    assert RANDOMISATION.applies(Case(data=data, outcome=SLEEP)) == applies
    assert (
        any(
            each.check.startswith("randomisation")
            for each in run_checks(Case(data=data, outcome=SLEEP)).results
        )
        == applies
    )


def test_an_order_that_was_not_drawn_lowers_the_certainty_by_a_step():
    drawn, not_drawn = (
        estimate_effects(made_fit((30, 5), (0, 5)), pretend_trial(blinded=True, drawn=drawn)).contrasts[0]
        for drawn in ("blocks", "none")
    )
    assert (drawn.certainty, not_drawn.certainty) == ("high", "moderate")
    assert (not_drawn.verdict, not_drawn.reasons) == ("worth it", ("the order was not drawn by lot",))


def test_of_a_coin_every_night_counts_as_a_period():
    data = replace(pretend_trial(period_nights=1, blocks=1), drawn="coin")
    problems = estimate_effects(made_fit((30, 5), (0, 5)), data).problems
    assert str(problems[0]) == "none: 1 analysed night(s), but a verdict needs 2 of every arm"


@pytest.mark.parametrize(
    ("planned", "sentence"),
    [(True, "by the rule fixed before the first night"), (False, "by the usual rule of n1trial")],
)
def test_only_a_protocol_has_a_rule_that_was_fixed_before(planned, sentence):
    effect = estimate_effects(made_fit((30, 5), (0, 5)), pretend_trial(blinded=True)).contrasts[0]
    assert sentences.keep_taking(effect, nights=126, planned=planned).startswith(
        f"Yes, it is worth it {sentence}: better for you"
    )


@pytest.mark.parametrize(
    ("drawn", "sentence"), [("coin", "drawn by lot."), ("none", "The order was not drawn by lot.")]
)
def test_the_design_of_a_table_says_how_its_order_was_drawn(drawn, sentence):
    assert sentence in sentences.design_in_words(pretend_trial(drawn=drawn))
    assert "lot" not in sentences.design_in_words(pretend_trial(drawn=drawn, planned=True))
