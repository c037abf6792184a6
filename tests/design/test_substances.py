import pytest

from n1trial.design.substances import COLLAGEN_GLYCINE, SUBSTANCES, oxide_share
from n1trial.design.supplement_label import label_lines


def test_magnesium_bisglycinate_is_a_seventh_magnesium():
    assert SUBSTANCES["magnesium-bisglycinate"].magnesium_share == pytest.approx(0.1410, abs=5e-5)


def test_two_hundred_milligrams_of_magnesium_bring_1235_of_glycine():
    chelate = SUBSTANCES["magnesium-bisglycinate"]
    assert 200 / chelate.magnesium_share * chelate.glycine_share == pytest.approx(1235, abs=0.5)


def test_an_honest_chelate_holds_no_oxide_and_a_quarter_magnesium_label_does():
    assert oxide_share(0.141) == pytest.approx(0, abs=1e-3)
    assert oxide_share(0.25) == pytest.approx((0.25 - 0.14096) / (0.60304 - 0.14096), abs=1e-3)
    assert oxide_share(0.7) == 1.0


@pytest.mark.parametrize(
    ("name", "atoms", "percent"),
    [
        # Atomic masses C 12.011, H 1.008, N 14.007, O 15.999, Mg 24.305
        ("magnesium-bisglycinate", {"Mg": 1, "C": 4, "H": 8, "N": 2, "O": 4}, 14.10),
        ("magnesium-malate", {"Mg": 1, "C": 4, "H": 4, "O": 5}, 15.54),
        ("magnesium-threonate", {"Mg": 1, "C": 8, "H": 14, "O": 10}, 8.25),
        ("magnesium-citrate", {"Mg": 3, "C": 12, "H": 10, "O": 14}, 16.16),
        ("magnesium-oxide", {"Mg": 1, "O": 1}, 60.30),
    ],
)
def test_magnesium_shares_follow_from_the_formula(name, atoms, percent):
    mass = {"C": 12.011, "H": 1.008, "N": 14.007, "O": 15.999, "Mg": 24.305}
    substance = SUBSTANCES[name]
    assert substance.molar_mass_g == pytest.approx(sum(mass[a] * n for a, n in atoms.items()), abs=0.03)
    assert 100 * substance.magnesium_share == pytest.approx(percent, abs=0.01)


def test_a_scoop_of_collagen_holds_more_glycine_than_a_dose():
    assert [round(15 * share, 1) for share in COLLAGEN_GLYCINE] == [3.3, 4.4]


def test_a_stretched_chelate_is_distinguished_from_an_honest_one():
    honest = "\n".join(label_lines("bisglycinate 1418 mg, 200 mg Mg"))
    assert "agrees with the pure compound; it brings 1,235 mg of glycine" in honest
    stretched = "\n".join(label_lines("bisglycinate 1000 mg, 200 mg Mg"))
    # f = (.20 - .141) / (.603 - .141) = 13 % oxide by weight, of which 60.3 % are magnesium: 77 mg
    assert "about 13% of it would be magnesium oxide, which brings 77 of the 200 mg" in stretched


def test_a_dose_above_an_authoritys_limit_is_named():
    text = "\n".join(label_lines("magnesium citrate 2000 mg, 320 mg Mg"))
    assert "above the 250 mg a day from supplements of EFSA, EU" in text
    assert "US National Academies" not in text
