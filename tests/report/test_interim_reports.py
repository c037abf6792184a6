"""A report before the end says so, and counts no night to come as lost."""

import by_hand
import pytest
from fixture_reports import full_report, reanalysed

from n1trial.data.left_out_nights import interim_nights
from n1trial.report import sentences
from n1trial.report.content.trial_summary import nights_by_arm, what_was_done
from n1trial.report.render.html_report import render
from n1trial.report.render.terminal_report import answer_lines
from n1trial.report.render.text_report import plain_text


@pytest.fixture(scope="module")
def interim():
    given = by_hand.undecided()
    later = given.data.table.index[-42:]
    given.data.table.loc[later, ["tst_min", "wake_episodes"]] = float("nan")
    given.data.table.loc[later, "left_out"] = "to come"
    return reanalysed(full_report(given))


def test_page_text_and_terminal_begin_with_what_an_interim_report_rests_on(interim):
    said = sentences.interim_in_words(interim.data)
    kept = len(interim.data.analysed(interim.data.outcomes[0]))
    assert said.startswith(f"{kept} of ")
    assert "42 are to come" in said
    assert f"Interim report:</strong> {said}" in render(interim)
    assert "Interim report:" in plain_text(interim)
    assert next(answer_lines(interim.data, interim.effects)) == f"Interim report: {said}"


def test_nights_to_come_are_neither_missing_nor_set_aside(interim):
    data = interim.data
    said = sentences.nights_in_words(data)
    assert "and 42 are still to come" in said
    assert "set aside (run-in)" in said or "set aside" not in said
    table = nights_by_arm(data, data.outcomes[0])
    assert table["planned"].sum() + 42 + (data.table["left_out"] == "run-in").sum() == len(data.table)
    assert not any("ended early" in each for each in what_was_done(data, None, None))


def test_a_report_at_the_end_has_no_banner():
    data = by_hand.decided().data
    assert interim_nights(data) == 0
    assert sentences.interim_in_words(data) == ""


def test_a_report_of_known_arms_speaks_of_no_guesses():
    data = by_hand.decided().data
    table = data.table.assign(guess=data.table["arm"])
    for blinded, spoken in ((False, False), (True, True)):
        material = reanalysed(full_report(by_hand.decided()), blinded=blinded, table=table)
        found = what_was_done(material.data, None, None)
        assert any("guessed" in each for each in found) == spoken
