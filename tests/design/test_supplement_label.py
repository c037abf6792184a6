import pytest

from n1trial.design.label_parser import read_label
from n1trial.design.supplement_label import label_lines
from n1trial.errors import ProtocolError

BIS, CITRATE, OXIDE = "magnesium-bisglycinate", "magnesium-citrate", "magnesium-oxide"
MALATE, THREONATE = "magnesium-malate", "magnesium-threonate"
LYSINATE, DIMALATE = "magnesium-lysinate-glycinate", "dimagnesium-malate"

# Texts as labels have them, with the compound, its weight and the magnesium in it as a person reads them; None is
# what the label does not say.
LABELS = [
    # Two amounts, the name first or the amount first
    ("bisglycinate 1000 mg, 200 mg Mg", BIS, 1000, 200),
    ("Magnesium bisglycinate 1,418 mg (200 mg magnesium)", BIS, 1418, 200),
    ("200 mg elemental magnesium from 1.5 g magnesium glycinate", BIS, 1500, 200),
    ("magnesium bisglycinate 1500 mg, magnesium 212 mg", BIS, 1500, 212),
    ("Magnesium Glycinate 2,000mg providing 200 mg elemental", BIS, 2000, 200),
    ("2000 mg magnesium bisglycinate 282 mg magnesium", BIS, 2000, 282),
    ("Magnesium bisglycinate 1000 mg 141 mg Mg", BIS, 1000, 141),
    ("Magnesium (from 600 mg Magnesium Bisglycinate) 60 mg", BIS, 600, 60),
    ("Magnesium bisglycinate: 1,000 mg; of which elemental magnesium: 141 mg (38% NRV)", BIS, 1000, 141),
    ("Magnesium Glycinate 500 mg / 70 mg elemental magnesium", BIS, 500, 70),
    ("Elemental Magnesium 100 mg (from 700 mg Magnesium Glycinate)", BIS, 700, 100),
    (
        "Fully reacted Magnesium Bisglycinate Chelate 2,500 mg yielding 250 mg of elemental magnesium",
        BIS,
        2500,
        250,
    ),
    ("Magnesium bis-glycinate 1418mg = 200mg magnesium", BIS, 1418, 200),
    ("1.4 g magnesium bisglycinate, equivalent to 197 mg magnesium (53% NRV*)", BIS, 1400, 197),
    ("magnesium bisglycinate 1000 mg, 141 mg Mg, 5 mg B6", BIS, 1000, 141),
    ("Magnesium bisglycinate 1000 mg, magnesium 141 mg, glycine 859 mg", BIS, 1000, 141),
    ("bisglycinate 1000 mg, 141 mg Mg, vitamin B6 1.4 mg", BIS, 1000, 141),
    ("Magnesium 120 mg as magnesium bisglycinate 857 mg", BIS, 857, 120),
    ("Magnesium Glycinate (1000 mg) Elemental Magnesium (140 mg)", BIS, 1000, 140),
    ("glycinate 1000 mg, 100 mg Mg", BIS, 1000, 100),
    # The magnesium alone, as the table on the back of most American bottles has it
    ("Magnesium (as magnesium bisglycinate chelate) 200 mg", BIS, None, 200),
    ("Magnesium (as Magnesium Glycinate) 120 mg 29% DV", BIS, None, 120),
    ("Magnesium (from magnesium bisglycinate) 100 mg 24%", BIS, None, 100),
    ("Magnesium as magnesium bisglycinate chelate 200 mg", BIS, None, 200),
    ("Elemental Magnesium (as TRAACS® Magnesium Bisglycinate Chelate) 100 mg | 24 % DV", BIS, None, 100),
    ("Magnesium glycinate: elemental magnesium 120 mg", BIS, None, 120),
    ("magnesium 110 mg (29 % VNR) as bisglycinate", BIS, None, 110),
    ("Magnesium (as buffered magnesium bisglycinate chelate) 200 mg (48% DV)", BIS, None, 200),
    ("Magnesium 200 mg, from magnesium oxide and magnesium bisglycinate", BIS, None, 200),
    ("Magnesium (as Magnesium Citrate) 150 mg", CITRATE, None, 150),
    ("Magnesium (as magnesium oxide) 400 mg 95%", OXIDE, None, 400),
    # The compound alone, or an amount of which the label does not say what it is
    ("Magnesium Glycinate 400 mg", BIS, 400, None),
    ("Magnesium L-Threonate 2,000 mg", THREONATE, 2000, None),
    ("bisglycinate 1000 mg", BIS, 1000, None),
    # Other forms
    ("Mg L-threonate 2 g, 144 mg Mg", THREONATE, 2000, 144),
    ("Magnesium L-Threonate 2000 mg, elemental magnesium 144 mg", THREONATE, 2000, 144),
    ("Magtein® magnesium L-threonate 2000 mg (144 mg elemental magnesium)", THREONATE, 2000, 144),
    ("magnesium oxide 500 mg providing 300 mg of magnesium", OXIDE, 500, 300),
    ("Magnesium citrate 1,000 mg (160 mg elemental magnesium)", CITRATE, 1000, 160),
    ("Magnesium malate 1,000 mg; magnesium 155 mg", MALATE, 1000, 155),
    ("Dimagnesium malate 1,000 mg, 200 mg magnesium", DIMALATE, 1000, 200),
    ("Magnesium (as di-magnesium malate) 200 mg", DIMALATE, None, 200),
    ("di-malate 1000 mg, 200 mg Mg", DIMALATE, 1000, 200),
    ("Magnesium (as Magnesium Lysinate Glycinate Chelate 2,000 mg) 200 mg", LYSINATE, 2000, 200),
    ("Magnesium (from 1,000 mg magnesium glycinate/lysinate chelate) 100 mg", LYSINATE, 1000, 100),
    (
        "High Absorption Magnesium Lysinate Glycinate 100% Chelated TRAACS, Magnesium 200 mg 48%",
        LYSINATE,
        None,
        200,
    ),
    # German
    ("Magnesiumbisglycinat 1500 mg, davon Magnesium 150 mg", BIS, 1500, 150),
    ("Magnesiumcitrat 1 000 mg, davon 155 mg Magnesium", CITRATE, 1000, 155),
    ("Magnesium-Bisglycinat 1.418 mg entspricht 200 mg elementarem Magnesium (53 % NRV)", BIS, 1418, 200),
    ("2 Kapseln: 1.000 mg Magnesiumbisglycinat, davon reines Magnesium: 141 mg", BIS, 1000, 141),
    ("Magnesium 375 mg (als Magnesiumbisglycinat, gepuffert) 100 % NRV", BIS, None, 375),
    ("Magnesiummalat 1500 mg mit 232,5 mg Magnesium", MALATE, 1500, 232.5),
    ("Magnesiumoxid 400 mg (entspricht 240 mg Magnesium)", OXIDE, 400, 240),
    # French
    ("Bisglycinate de magnésium 1 000 mg dont 141 mg de magnésium élément", BIS, 1000, 141),
    ("Magnésium (bisglycinate de magnésium) 100 mg 27 % VNR", BIS, None, 100),
    ("Citrate de magnésium 1000 mg apportant 150 mg de magnésium", CITRATE, 1000, 150),
    ("Oxyde de magnésium 500 mg, soit 300 mg de magnésium", OXIDE, 500, 300),
    ("Magnésium 150 mg sous forme de bisglycinate", BIS, None, 150),
    # Spanish
    ("Bisglicinato de magnesio 1.000 mg, que aporta 141 mg de magnesio elemental", BIS, 1000, 141),
    ("Magnesio (como bisglicinato de magnesio) 200 mg 53% VRN", BIS, None, 200),
    ("Citrato de magnesio 1000 mg equivalente a 150 mg de magnesio", CITRATE, 1000, 150),
    ("Treonato de magnesio 2000 mg, de los cuales 144 mg magnesio", THREONATE, 2000, 144),
    ("Óxido de magnesio 500 mg (300 mg de magnesio)", OXIDE, 500, 300),
]


@pytest.mark.parametrize(("label", "name", "compound_mg", "magnesium_mg"), LABELS)
def test_labels_are_read_as_they_stand_on_bottles(label, name, compound_mg, magnesium_mg):
    read = read_label(label)
    assert (read.compound.name, read.compound_mg, read.magnesium_mg) == (name, compound_mg, magnesium_mg)


def test_sixty_labels_are_tried_and_a_buffered_one_is_known_by_its_word_or_its_oxide():
    assert len({label for label, *_ in LABELS}) >= 60
    buffered = {label for label, *_ in LABELS if read_label(label).buffered}
    assert len(buffered) == 3
    assert all("buffered" in label or "gepuffert" in label or "oxide and" in label for label in buffered)


def test_magnesium_alone_says_what_a_pure_chelate_would_weigh_and_invents_no_second_number():
    text = "\n".join(label_lines("Magnesium (as magnesium bisglycinate chelate) 200 mg"))
    # 200 mg / (24.305 / 172.42) = 1,419 mg, with 2 * 75.067 / 172.42 of it glycine: 1,235 mg
    assert "would weigh 1,419 mg and bring 1,235 mg of glycine" in text
    assert "weigh what is in the capsules of one serving" in text
    assert "1000 mg" not in text


def test_a_compound_alone_is_explained_in_both_ways():
    text = "\n".join(label_lines("Magnesium Glycinate 400 mg"))
    # 400 * .14096 = 56 mg of magnesium, or 400 / .14096 = 2,838 mg of compound
    assert "56 mg of it are magnesium" in text
    assert "would weigh 2,838 mg" in text


def test_a_label_of_ten_percent_says_whether_it_is_all_right_and_how_much_glycine():
    text = "\n".join(label_lines("glycinate 1000 mg, 100 mg Mg"))
    # 100 / .09980 * .30823 = 309 mg of glycine; 100 / .14096 * .87075 = 618 mg
    assert "nothing bad: count the 100 mg of magnesium" in text
    assert "glycine 309 mg then, and 618 mg if it is bisglycinate alone" in text


@pytest.mark.parametrize(
    ("label", "message"),
    [
        ("", "no compound known here"),
        ("zinc picolinate 100 mg, 20 mg Zn", "no compound known here"),
        ("magnesium bisglycinate", "no amount of it in mg or g"),
        ("bisglycinate 1000 mg, 200 mg Mg per day, 100 mg Mg per capsule", "which amounts belong together"),
        ("bisglycinate 200 mg, 1000 mg Mg", "the compound weighs more than the magnesium in it"),
        ("bisglycinate 0 mg", "an amount of 0"),
    ],
)
def test_a_label_that_cannot_be_read_is_refused_in_one_line(label, message):
    with pytest.raises(ProtocolError, match=message) as refused:
        read_label(label)
    assert "\n" not in str(refused.value)
    assert (
        "1000 mg, 200 mg Mg" not in str(refused.value).replace(repr(label), "").replace(label, "")
        or not label
    )


def test_more_magnesium_than_oxide_holds_is_called_a_misreading_and_no_blend():
    lines = list(label_lines("magnesium glycinate 300 mg, 250 mg Mg"))
    assert "no compound of magnesium holds as much, even oxide only 60%" in lines[1]
    assert not any("blend" in line for line in lines)
