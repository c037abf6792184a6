import pytest

from n1trial.substances import SUBSTANCES, oxide_share


def test_magnesium_bisglycinate_is_a_seventh_magnesium():
    assert SUBSTANCES["magnesium-bisglycinate"].magnesium_share == pytest.approx(0.1410, abs=5e-5)


def test_two_hundred_milligrams_of_magnesium_bring_1235_of_glycine():
    chelate = SUBSTANCES["magnesium-bisglycinate"]
    assert 200 / chelate.magnesium_share * chelate.glycine_share == pytest.approx(1235, abs=0.5)


def test_an_honest_chelate_holds_no_oxide_and_a_quarter_magnesium_label_does():
    assert oxide_share(0.141) == pytest.approx(0, abs=1e-3)
    assert oxide_share(0.25) == pytest.approx((0.25 - 0.14096) / (0.60304 - 0.14096), abs=1e-3)
    assert oxide_share(0.7) == 1.0
