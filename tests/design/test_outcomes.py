import re
from dataclasses import asdict, replace
from pathlib import Path

import numpy as np
import pytest
from pretend import pretend_trial

import n1trial
from n1trial.data.trial_data import bad_nights_of
from n1trial.design.outcomes import (
    BAD_NIGHTS,
    MEASURES,
    OUTCOMES,
    WIDEST_LOG_RATIO_SD,
    Measure,
    Outcome,
    log_ratio_sd,
)
from n1trial.inference.inla import Priors
from n1trial.inference.models._sleep import level_and_scale

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


def test_of_an_outcome_of_ones_own_nothing_is_known_but_unit_and_direction():
    mood = Outcome(name="mood", label="mood", unit="units", better="higher", mid=1.0, source="mine")
    assert mood.measure == Measure()
    assert OUTCOMES["tst_min"].measure.prior_unit == 1.0


def test_what_is_known_of_an_outcome_is_no_part_of_saved_fits():
    fields = asdict(OUTCOMES["tst_min"])
    assert "measure" not in fields
    assert "measure" not in repr(OUTCOMES["tst_min"])
    assert Outcome(**fields).measure.in_hours


def test_priors_of_minutes_hold_in_the_unit_of_the_outcome(monkeypatch):
    monkeypatch.setitem(MEASURES, "sleep_h", Measure(prior_unit=1 / 60))
    hours = Outcome(name="sleep_h", label="sleep", unit="h", better="higher", mid=0.25, source="mine")
    data = replace(pretend_trial(), outcomes=(hours,))
    assert level_and_scale(data, hours) == pytest.approx((7.0, 1 / 60))
    scaled = Priors().scaled(hours, mean=5.0, sd=2.0)
    assert (scaled.level_mean, scaled.effect_sd, scaled.night_sd) == pytest.approx((7.0, 25 / 60, 1.0))


def test_no_module_asks_for_the_name_of_an_outcome():
    named = re.compile(r"\.name\s*(?:==|!=|in|not in)\s*[(\[{]?\s*\"(?:" + "|".join(OUTCOMES) + r")\"")
    package = Path(n1trial.__file__).parent
    assert [
        path.name for path in package.rglob("*.py") if named.search(path.read_text(encoding="utf-8"))
    ] == []
    assert named.search('if outcome.name == "tst_min":')
