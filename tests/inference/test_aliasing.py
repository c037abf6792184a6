"""An arm that cannot be told apart from something else gets no verdict."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm
from paths import PROTOCOLS
from pretend import pretend_trial
from test_effects import made_fit

from n1trial.analysis.effects import estimate_effects
from n1trial.design.contrast import Contrast
from n1trial.design.outcomes import OUTCOMES
from n1trial.design.protocol import read_protocol
from n1trial.design.schedule import randomise
from n1trial.inference.aliasing import MOST_INFLATION, aliases, aliases_of_people, lone_aliases

SLEEP = OUTCOMES["tst_min"]
TEMPLATES = sorted(PROTOCOLS.glob("*.yaml"))


def trial_in_order(arms, **columns):
    """A trial with the arm of each night as a letter, from Monday, 5 January 2026; a period is a run."""
    arm = pd.Series(list(arms))
    table = pd.DataFrame(
        {
            "night": pd.date_range("2026-01-05", periods=len(arm), unit="s"),
            "day": np.arange(len(arm)),
            "arm": arm,
            "block": 0,
            "period": (arm != arm.shift()).cumsum(),
            "tst_min": 400.0 + np.arange(len(arm)) * 7 % 11,
            "left_out": "",
            "flags": "",
            **columns,
        }
    )
    present = tuple(sorted({*arms}))
    labels = {name: name for name in present}
    return replace(pretend_trial(arms=("a", "b")), table=table, arms=present, reference="a", labels=labels)


WEEKEND = "aaaabba" * 12


def messages(data):
    return [alias.in_words(data.labels, reference=data.reference) for alias in aliases(data, SLEEP)]


def test_an_arm_that_is_the_weekend_has_no_verdict_and_the_two_are_named():
    data = trial_in_order(WEEKEND)
    assert messages(data) == [
        "b and the weekday cannot be told apart (they go together on 84 of 84 nights): take each arm on every weekday"
    ]
    effects = estimate_effects(made_fit((30, 5), (30, 5)), replace(pretend_trial(), table=weekends().table))
    assert {effect.verdict for effect in effects.contrasts} == {"no verdict"}
    assert "magnesium and the weekday cannot be told apart" in "; ".join(map(str, effects.problems))


def weekends():
    """Three arms of which one is on Fridays and Saturdays alone."""
    data = pretend_trial(period_nights=1, blocks=28)
    weekday = data.table["night"].dt.day_of_week
    other = np.where(data.table["day"] % 2 == 0, "none", "glycine")
    arm = np.where(weekday.isin((4, 5)), "magnesium", other)
    return replace(data, table=data.table.assign(arm=arm, period=data.table["day"] + 1))


def test_all_but_one_night_at_the_weekend_are_as_good_as_all():
    one_off = "abaabaa" + WEEKEND[7:]
    assert [alias.other for alias in aliases(trial_in_order(one_off), SLEEP)] == ["the weekday"]
    mixed = "abaabaa" * 6 + WEEKEND[42:]
    assert aliases(trial_in_order(mixed), SLEEP) == ()


def test_one_arm_after_the_other_is_no_comparison_in_however_many_periods():
    data = trial_in_order("a" * 20 + "b" * 20)
    split = replace(data, table=data.table.assign(period=data.table["day"] // 5 + 1))
    assert [alias.other for alias in aliases(split, SLEEP)] == ["the calendar"]
    assert aliases(trial_in_order("aaaaabbbbb" * 2), SLEEP) == ()


@pytest.mark.parametrize(
    ("columns", "other"),
    [
        ({"alcohol": [float(arm == "b") for arm in "abbaabba" * 5]}, "alcohol"),
        ({"device": ["x", "y", "y", "x"] * 10}, "the device"),
    ],
)
def test_an_arm_that_goes_with_a_covariate_or_a_device_is_named_with_it(columns, other):
    data = trial_in_order("abbaabba" * 5, **columns)
    data = replace(data, covariates=tuple(name for name in columns if name != "device"))
    assert [alias.other for alias in aliases(data, SLEEP)] == [other]
    assert [alias.other for alias in lone_aliases(data, SLEEP)] == [other]


def test_the_inflation_is_that_of_a_regression():
    rng = np.random.default_rng(3)
    arm = np.where(np.arange(60) % 7 < 2, "b", "a")
    arm[rng.choice(60, 6, replace=False)] = "b"
    data = trial_in_order("".join(arm))
    weekday = pd.get_dummies(data.table["night"].dt.day_of_week, drop_first=True).to_numpy(float)
    is_b = (data.table["arm"] == "b").to_numpy(float)
    predicted = sm.OLS(is_b, sm.add_constant(weekday)).fit()
    found = aliases(data, SLEEP)
    expected = 1 / (1 - predicted.rsquared)
    assert bool(found) == (expected >= MOST_INFLATION)
    crisp = trial_in_order("aaaaabb" * 8 + "aaaabbb")
    predicted = sm.OLS(
        (crisp.table["arm"] == "b").to_numpy(float),
        sm.add_constant(pd.get_dummies(crisp.table["night"].dt.day_of_week, drop_first=True).to_numpy(float)),
    ).fit()
    assert aliases(crisp, SLEEP)[0].inflation == pytest.approx(1 / (1 - predicted.rsquared), rel=1e-6)


@pytest.mark.parametrize("template", TEMPLATES, ids=lambda path: path.stem)
def test_no_draw_of_a_template_has_an_arm_that_goes_with_anything(template):
    protocol = read_protocol(template)
    for number in range(20):
        schedule = randomise(protocol, start=pd.Timestamp("2026-01-05").date(), seed=f"{number:064x}")
        table = schedule.table[schedule.table["phase"] == "trial"].assign(
            tst_min=400.0, left_out="", flags=""
        )
        table["day"] = (table["night"] - table["night"].iloc[0]).dt.days
        labels = {name: name for name in protocol.arm_names}
        data = replace(
            pretend_trial(), table=table, arms=protocol.arm_names, reference=protocol.reference, labels=labels
        )
        assert aliases(data, SLEEP) == ()


def test_people_in_two_orders_can_be_told_from_time_and_people_in_one_cannot():
    first, second = trial_in_order("a" * 7 + "b" * 7), trial_in_order("b" * 7 + "a" * 7)
    contrasts = (Contrast("b", "a"),)
    assert aliases_of_people([first, second], SLEEP, contrasts) == ()
    assert [alias.other for alias in aliases_of_people([first] * 8, SLEEP, contrasts)] == ["the calendar"]
    assert aliases_of_people([first] * 6 + [second] * 2, SLEEP, contrasts) == ()


def test_means_without_dates_have_no_place_in_time():
    data = trial_in_order("ab")
    means = replace(data, table=data.table.assign(night=pd.NaT, rests_on=1.0))
    assert aliases_of_people([means] * 5, SLEEP, (Contrast("b", "a"),)) == ()
