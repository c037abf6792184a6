import pytest
from hypothesis import given
from hypothesis import strategies as st
from paths import PACKAGE

from n1trial.design.contrast import Contrast
from n1trial.errors import ArgumentError


def test_a_contrast_is_text_only_where_it_is_written():
    contrast = Contrast("glycine", "none")
    assert f"{contrast}" == "glycine vs none"
    assert contrast == Contrast("glycine", "none") != "glycine vs none"
    assert {contrast: 1}[Contrast("glycine", "none")] == 1


@given(names=st.lists(st.text("ab vs", min_size=1, max_size=6), min_size=2, max_size=4, unique=True))
def test_a_text_reads_back_as_the_contrast_or_is_refused(names):
    contrast = Contrast(names[0], names[1])
    texts = [str(Contrast(arm, comparator)) for arm in names for comparator in names]
    if texts.count(str(contrast)) == 1:
        assert Contrast.parse(str(contrast), names) == contrast
    else:
        with pytest.raises(ArgumentError, match="reads as"):
            Contrast.parse(str(contrast), names)


def test_an_arm_may_be_called_one_vs_another():
    arms = ("none", "a", "b", "a vs b")
    assert Contrast.parse("a vs b vs none", arms) == Contrast("a vs b", "none")
    assert Contrast.parse("a vs b", arms) == Contrast("a", "b")


def test_a_text_with_two_readings_is_refused():
    with pytest.raises(ArgumentError, match="a vs b vs c: reads as 2 pairs of the arms a, a vs b, b vs c, c"):
        Contrast.parse("a vs b vs c", ("a", "b vs c", "a vs b", "c"))


@pytest.mark.parametrize("text", ["", "glycine", "glycine vs", "glycine vs x", "x vs none", "none"])
def test_a_text_of_other_arms_is_refused(text):
    with pytest.raises(ArgumentError, match="is no contrast of the arms glycine, none"):
        Contrast.parse(text, ("glycine", "none"))


def test_the_text_of_a_contrast_is_made_and_read_in_one_module():
    sources = {path.name: path.read_text(encoding="utf-8") for path in PACKAGE.rglob("*.py")}
    assert [name for name, source in sources.items() if '" vs "' in source] == ["contrast.py"]
    assert [name for name, source in sources.items() if "} vs {" in source] == []
