from datetime import date

import by_hand
import pandas as pd
import pytest
from paths import EXPORTS

from n1trial.data.episodes import SleepEpisodes
from n1trial.data.importers import read_exports
from n1trial.data.nights import COLUMNS, Nights
from n1trial.design.protocol import read_protocol
from n1trial.design.schedule import randomise
from n1trial.markup.html_repr import ROWS, card

HOSTILE = "<script>alert(1)</script>\x01"
PROTOCOL = read_protocol("glycine-vs-magnesium-glycinate")
SCHEDULE = randomise(PROTOCOL, start=date(2026, 1, 5), seed="01" * 32)


def nights() -> Nights:
    row = dict.fromkeys(COLUMNS) | {"night": pd.Timestamp("2026-01-05"), "tst_min": 412.0, "device": HOSTILE}
    return Nights(pd.DataFrame([row, row | {"tst_min": 398.0}]))


@pytest.mark.parametrize(
    ("value", "fact"),
    [
        (PROTOCOL, "nights <b>133</b>"),
        (SCHEDULE, "first evening <b>2026-01-05</b>"),
        (nights(), "mean, min <b>405</b>"),
        (by_hand.trial(), "nights of sleep time <b>119 of 133</b>"),
        (by_hand.decided().fits[0], "largest R-hat <b>1.003</b>"),
        (by_hand.gate_failed().effects[0], "no verdict <b>the chains disagree"),
    ],
)
def test_every_type_a_user_meets_has_a_card_for_a_notebook(value, fact):
    shown = value._repr_html_()
    assert fact in shown
    assert len(shown) < 8_000


def test_what_people_and_devices_wrote_is_escaped():
    shown = nights()._repr_html_() + by_hand.with_labels(by_hand.decided(), HOSTILE).data._repr_html_()
    assert "<script" not in shown
    assert "\x01" not in shown
    assert r"&lt;script&gt;alert(1)&lt;/script&gt;\x01" in shown


def test_a_long_table_shows_its_beginning_and_says_so():
    shown = card("Many", {}, pd.DataFrame({"n": range(100)}))
    assert shown.count("<tr") == ROWS + 1
    assert "and 94 more rows" in shown


def test_no_night_can_be_shown():
    assert "nights <b>0</b>" in Nights(nights().table.iloc[:0])._repr_html_()


def test_an_export_is_one_line_on_a_console_and_still_a_list():
    episodes = read_exports(EXPORTS / "oura" / "export")
    assert repr(episodes).startswith(f"<SleepEpisodes: records {len(episodes)}, from 20")
    assert len(repr(episodes)) < 120
    assert repr(SleepEpisodes()) == "<SleepEpisodes: none>"
    assert [episode.start for episode in episodes] == [episode.start for episode in list(episodes)]
