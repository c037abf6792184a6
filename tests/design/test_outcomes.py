from dataclasses import replace

import numpy as np
import pytest
from pretend import pretend_trial

from n1trial.data.trial_data import bad_nights_of
from n1trial.design.outcomes import BAD_NIGHTS, OUTCOMES, WIDEST_LOG_RATIO_SD, log_ratio_sd

EVERY = (*OUTCOMES.values(), BAD_NIGHTS)


@pytest.mark.parametrize("outcome", EVERY, ids=[each.name for each in EVERY])
def test_every_outcome_has_a_unit_a_direction_a_worthwhile_effect_and_a_source(outcome):
    assert outcome.unit
    assert outcome.better in ("higher", "lower")
    assert outcome.mid > 0
    assert outcome.source


def test_worthwhile_effects_are_those_of_the_guideline():
    # Edinger et al. (2021), AASM, PMC7853211, Table 3
    guideline = {"tst_min": 15, "wake_episodes": 0.5, "waso_min": 20, "sol_min": 20, "se_pct": 10}
    assert {name: OUTCOMES[name].mid for name in guideline} == guideline


@pytest.mark.parametrize("usual", [0.7, 1.0, 2.0, 6.0, 30.0])
@pytest.mark.parametrize("name", ["wake_episodes", "wake_episodes_all"])
def test_before_the_first_night_a_change_worth_having_is_as_likely_as_not(name, usual):
    outcome = OUTCOMES[name]
    drawn = log_ratio_sd(outcome, usual) * np.random.default_rng(1).standard_normal(100_000)
    change = np.expm1(drawn) * (100.0 if outcome.scale == "percent" else usual)
    assert (np.abs(change) < outcome.mid).mean() <= 0.505


def test_a_count_of_half_a_wake_cannot_fall_by_half_a_wake():
    fall, rise = OUTCOMES["wake_episodes"].log_mid(0.5)
    assert fall == np.inf
    assert rise == pytest.approx(np.log(2))
    assert log_ratio_sd(OUTCOMES["wake_episodes"], 0.5) == WIDEST_LOG_RATIO_SD


def test_a_night_under_the_limit_is_bad_and_one_without_a_record_is_neither():
    data = pretend_trial(bad_night_minutes=240)
    data.table.loc[:3, "tst_min"] = [239, 240, np.nan, 100]
    data.table.loc[3, "left_out"] = "washout"
    bad = bad_nights_of(data)
    assert bad.table["bad_nights"][:4].tolist() == pytest.approx([1, 0, np.nan, 1], nan_ok=True)
    kept = bad.analysed(BAD_NIGHTS)
    assert kept["bad_nights"][:2].tolist() == [1, 0]
    assert len(kept) == len(data.analysed(OUTCOMES["tst_min"])) == 124


@pytest.mark.parametrize(
    ("unit", "mid", "decimals"),
    [
        ("min", 15, 0),
        ("min", 2, 0),
        ("min", 1, 1),
        ("points", 0.5, 1),
        ("points", 0.05, 2),
        ("a night", 0.5, 1),
        ("h", 0.5, None),
    ],
)
def test_an_effect_has_as_many_digits_as_its_smallest_worthwhile_size_needs(unit, mid, decimals):
    outcome = replace(OUTCOMES["tst_min"], name="mine", unit=unit, mid=mid)
    assert outcome.decimals == decimals
