"""What the models beside the default ones say, by hand: drift, carry-over, substances, both outcomes."""

import numpy as np
import pytest
import xarray as xr
from pretend import pretend_trial

from n1trial.design.outcomes import OUTCOMES
from n1trial.inference.model_matrix import columns_of
from n1trial.inference.models import carry_over, drifting, joint, substance
from n1trial.inference.night_process import matern

SLEEP, WAKES = OUTCOMES["tst_min"], OUTCOMES["wake_episodes"]
DOSES = {"none": (0.0, 0.0), "glycine": (3.0, 0.0), "magnesium": (1.2, 200.0)}


@pytest.mark.parametrize("nights", [14.0, 20.0, 45.0, 90.0])
def test_the_drift_has_the_covariance_of_a_matern_curve(nights):
    # A trial of the length that the model is for, and curves up to the longest that its prior holds for likely.
    data = pretend_trial(blocks=12)
    columns = columns_of(data, SLEEP)
    sines, frequency = drifting.basis(data, columns)
    ours = sines * drifting.density(frequency, nights) @ sines.T
    apart = np.abs(np.subtract.outer(columns.day, columns.day))
    centred = np.eye(len(apart)) - 1 / len(apart)
    off = np.abs(ours - centred @ matern(apart, nights) @ centred).max()
    print(f"\n{nights:.0f} nights: at most {off:.4f} of a variance of 1 off")
    assert off < 0.03


def test_a_curve_shorter_than_two_periods_cannot_be_drift():
    assert drifting.shortest(pretend_trial(period_nights=7)) == 14
    assert drifting.shortest(pretend_trial(period_nights=14)) == 28


def test_nights_back_follow_the_calendar_over_a_night_without_record():
    data = pretend_trial(blocks=1, period_nights=3)
    data.table["arm"] = ["none", *["glycine"] * 3, *["magnesium"] * 3, "none", "none"]
    data.table.loc[2, "tst_min"] = np.nan
    columns = columns_of(data, SLEEP)
    back = carry_over.nights_back(data, columns)
    of_day = {int(day): back[row] for row, day in enumerate(columns.day)}
    glycine, magnesium = (list(data.treatments).index(arm) for arm in ("glycine", "magnesium"))
    # Day 5: magnesium tonight and last night; glycine two, three and four nights ago, recorded or not.
    assert of_day[5][:, glycine].tolist() == [0, 0, 1, 1, 1, 0, 0, 0, 0]
    assert of_day[5][:, magnesium].tolist() == [1, 1, 0, 0, 0, 0, 0, 0, 0]
    assert of_day[0].sum() == 0


def test_carry_over_with_no_memory_is_the_arm_itself():
    data = pretend_trial(blocks=2)
    columns = columns_of(data, SLEEP)
    tonight = carry_over.nights_back(data, columns)[:, 0]
    arm = columns.terms["arm"] + columns.arm_share
    assert tonight == pytest.approx(arm)


def test_beyond_its_glycine_runs_from_a_straight_dose_response_to_a_flat_one():
    data = pretend_trial(doses=DOSES)
    effects = xr.DataArray(
        [[[10.0, 14.0], [20.0, 6.0]]],
        dims=("chain", "draw", "contrast"),
        coords={"contrast": ["glycine", "magnesium"]},
    )
    found = substance.beyond_glycine(
        data, xr.Dataset({"effect": effects}), arm="magnesium", glycine_arm="glycine"
    )
    assert found["share"].iloc[[0, -1]].tolist() == pytest.approx([0.4, 1.0])
    # 14 - .4 × 10 and 6 - .4 × 20; then 14 - 10 and 6 - 20.
    assert found["mean"].iloc[[0, -1]].tolist() == pytest.approx([4.0, -5.0])
    assert found["low"].iloc[0] == pytest.approx(np.quantile([10, -2], 0.025))
    assert found["p_better"].iloc[[0, -1]].tolist() == [0.5, 0.5]


def test_doses_are_what_an_arm_holds_beyond_the_reference():
    data = pretend_trial(doses=DOSES | {"none": (0.2, 100.0)})
    assert substance.dose_columns(data).tolist() == [
        pytest.approx([2.8, -0.5, 0.0 - 0.1]),
        pytest.approx([1.0, 0.5, 1.2 - 0.1]),
    ]


def test_the_chance_of_both_counts_draws_that_are_better_in_both():
    data = pretend_trial(outcomes=(SLEEP, WAKES), sleep_time="tst_min")
    data.table["wake_episodes"] = 3.0
    coords = {"contrast": ["glycine", "magnesium"]}
    draws = {
        # Longer sleep in three of four draws, fewer wake episodes in two; both in one.
        "effect_sleep": [[[5.0, 0], [5.0, 0], [5.0, 0], [-5.0, 0]]],
        "effect_wakes": [[[-0.2, 0], [0.2, 0], [0.2, 0], [-0.2, 0]]],
    }
    posterior = xr.Dataset(
        {name: (("chain", "draw", "contrast"), np.array(each)) for name, each in draws.items()}, coords
    )
    assert joint.chance_of_both(data, posterior, "glycine") == 0.25
