"""Why a planned night is not analysed."""

import by_hand
import pandas as pd
import pytest

from n1trial.data.left_out import PLANNED_OUT, LeftOut
from n1trial.data.left_out_nights import left_out_like, without_nights_after
from n1trial.report.deidentify.copy import shareable


@pytest.mark.parametrize("reason", LeftOut)
def test_a_reason_equals_its_text_and_is_read_back_from_it(reason):
    assert LeftOut(str(reason)) is reason == reason.value


def test_only_nights_whose_record_has_no_sleep_time_have_a_detail_of_their_own():
    for reason in LeftOut:
        assert reason.value in (reason.detail, f"missing: {reason.detail}")


def test_a_reason_in_somebodys_own_words_is_not_in_the_copy_to_share():
    given = by_hand.inputs([24.0], 9.0, blocks=2, period_nights=3)
    given.data.table.loc[[0, 1, 2], "left_out"] = ["dinner at Ann's", "missing: dinner", "missing: unstaged"]
    copied = shareable(given.material(protocol=None)).data.table["left_out"]
    assert list(copied[:3]) == ["left out", "left out", "missing: unstaged"]


def test_nights_that_are_left_out_by_plan_are_left_out_of_another_reading_too():
    data = by_hand.trial(washout=2)
    later = without_nights_after(data, data.table["night"].iloc[60], LeftOut.AFTER_STOP)
    copied = left_out_like(data, later).table["left_out"]
    assert copied[copied.isin(PLANNED_OUT)].equals(
        later.table["left_out"][later.table["left_out"].isin(PLANNED_OUT)]
    )
    assert isinstance(copied.dtype, pd.StringDtype)
