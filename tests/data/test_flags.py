"""Flags of records and nights, as values and as the cell of a table."""

import pickle

import pytest
from hypothesis import given
from hypothesis import strategies as st

from n1trial.data.flags import Flag, format_flags, parse_flags
from n1trial.data.night_summary import FLAGS

VALUES = st.one_of(st.just(""), st.integers(0, 999), st.sampled_from(["30+60", "a=b", "-12.5"]))


@given(st.sets(st.builds(Flag, st.sampled_from(sorted(FLAGS)), VALUES)))
def test_flags_are_read_back_from_their_cell(flags):
    assert set(parse_flags(format_flags(flags))) == flags


def test_a_cell_has_its_flags_in_order_and_an_empty_one_has_none():
    assert format_flags([Flag("split", 2), Flag("nap_only")]) == "nap_only;split=2"
    assert (format_flags([]), parse_flags("")) == ("", ())


def test_a_word_is_no_part_of_another_word():
    [flag] = parse_flags("my_dst_note=offset_change")
    assert (flag.word, flag.value) == ("my_dst_note", "offset_change")


def test_a_flag_survives_being_sent_to_another_process():
    flag = pickle.loads(pickle.dumps(Flag("tib_mismatch", "-60")))
    assert (flag.word, flag.number, type(flag)) == ("tib_mismatch", -60, Flag)


def test_a_flag_without_a_number_says_so():
    with pytest.raises(ValueError, match="could not convert"):
        _ = Flag("classic").number
