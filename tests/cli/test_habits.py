"""Every template is asked, recalled, checked and reported in words that fit what its arms are."""

from dataclasses import replace
from datetime import UTC, date, datetime, time

import by_hand
import pandas as pd
import pytest
from click.testing import CliRunner

from n1trial.analysis.effects import estimate_effects
from n1trial.cli import cli
from n1trial.data.adherence import as_planned, doses_kept
from n1trial.data.diary import questions, read_diary
from n1trial.data.nights import Nights, nightly
from n1trial.data.trial_assembly import join_trial
from n1trial.design.protocol import Protocol, read_protocol, template_names
from n1trial.design.protocol_text import protocol_lines
from n1trial.design.schedule import randomise
from n1trial.planning.simulate import Truth, diary_text, simulate_nights
from n1trial.report.deidentify.copy import shareable
from n1trial.report.render.html_report import render
from n1trial.report.render.terminal_report import answer_lines
from n1trial.report.render.text_report import plain_text
from n1trial.report.sentences import design_lines
from n1trial.trial_folder.create import make_trial
from n1trial.trial_folder.printouts import calendar_ics, document_html, sheet_html
from n1trial.trial_folder.snapshot import read_trial
from n1trial.trial_folder.tonight import tonight_lines

START, SEED = date(2026, 1, 5), "5a" * 32
HABIT = "caffeine-cut-off"


def simulated(name, tmp_path):
    """A trial of a template, simulated: a person who forgets nothing."""
    protocol = read_protocol(name)
    schedule = randomise(protocol, start=START, seed=SEED)
    person = simulate_nights(schedule, replace(Truth(), missed_share=0.0), 1)
    path = tmp_path / "diary.csv"
    path.write_text(diary_text(person, protocol))
    nothing = Nights(nightly([]).table)
    return protocol, join_trial(schedule, nothing, protocol, read_diary(path, protocol))


@pytest.mark.parametrize("name", template_names())
def test_whoever_does_what_every_evening_asks_is_as_planned(name, tmp_path):
    _, data = simulated(name, tmp_path)
    answered = as_planned(data).dropna()
    assert len(answered) > 50
    assert (answered == 1).all()
    assert (doses_kept(data)["kept"] > 0).all()


def test_no_to_a_habit_is_not_as_planned_on_any_arm(tmp_path):
    _, data = simulated(HABIT, tmp_path)
    broken = replace(data, table=data.table.assign(taken=0.0))
    assert (as_planned(broken).dropna() == 0).all()


@pytest.mark.parametrize("name", template_names())
def test_the_diary_asks_of_a_dose_where_there_is_one_and_of_keeping_to_it_where_not(name):
    protocol = read_protocol(name)
    for arm in protocol.arms:
        asked = {each.column: each.text for each in questions(protocol, arm)}
        if arm.instruction and not arm.doses:
            assert asked["taken"] == f"Did you keep to it: {arm.instruction} (yes or no)"
            assert "taken_at" not in asked
        else:
            assert asked["taken"] == "Dose taken (yes or no)"
            assert "taken_at" in asked
    of_all = [each.column for each in questions(protocol)]
    assert ("taken_at" in of_all) == (name != HABIT)


@pytest.mark.parametrize("name", template_names())
def test_today_gives_a_clock_and_advice_for_what_is_swallowed_alone(name, tmp_path):
    folder = make_trial(
        tmp_path / name,
        protocol=name,
        start=START,
        seed=SEED,
        home_zone=None,
        now=datetime(2026, 1, 4, 12, tzinfo=UTC),
    )
    table = folder.schedule.table
    for arm in (None, *folder.protocol.arms):
        of_arm = (
            table["phase"] == "run-in" if arm is None else (table["arm"] == arm.name) & (table["block"] > 0)
        )
        night = table.loc[of_arm, "night"].iloc[0].date()
        evening = datetime(night.year, night.month, night.day, 20, tzinfo=UTC)
        text = "\n".join(tonight_lines(read_trial(folder.path, now=evening)))
        assert ("for a bedtime of" in text) == bool(arm and arm.doses)
        note = folder.protocol.dosing.note
        assert (note in text) == bool(arm and (arm.doses or arm.instruction))
        assert folder.arm_on(night) == arm


def test_log_asks_of_the_habit_of_the_evening(tmp_path):
    folder = make_trial(
        tmp_path / "trial",
        protocol=HABIT,
        start=START,
        seed=SEED,
        home_zone=None,
        now=datetime(2026, 1, 4, 12, tzinfo=UTC),
    )
    table = folder.schedule.table
    night = table.loc[table["arm"] == "noon", "night"].iloc[0].date()
    asked = CliRunner().invoke(cli, ["log", str(folder.path), "--night", str(night)], input="\n" * 40).output
    assert "Did you keep to it: no coffee, tea, cola" in asked
    assert "Dose taken" not in asked
    assert "At what time" not in asked


@pytest.mark.parametrize("name", [HABIT, "glycine-vs-magnesium-glycinate"])
def test_the_run_in_asks_for_nothing_and_log_does_not_ask_whether_it_was_done(name, tmp_path):
    folder = make_trial(
        tmp_path / "trial",
        protocol=name,
        start=START,
        seed=SEED,
        home_zone=None,
        now=datetime(2026, 1, 4, 12, tzinfo=UTC),
    )
    today = "\n".join(tonight_lines(read_trial(folder.path, now=datetime(2026, 1, 5, 20, tzinfo=UTC))))
    assert ("nothing to take" in today) == (name != HABIT)
    assert ("nothing to keep to" in today) == (name == HABIT)
    arguments = ["log", str(folder.path), "--night", str(START)]
    asked = CliRunner().invoke(cli, arguments, input="\n" * 40).output
    for part in ("Did you keep to", "Dose taken", "At what time", "Which arm"):
        assert part not in asked


@pytest.mark.parametrize("name", template_names())
def test_no_text_of_a_habit_speaks_of_taking(name, tmp_path):
    protocol = read_protocol(name)
    schedule = randomise(protocol, start=START, seed=SEED)
    pages = [
        "\n".join(protocol_lines(protocol)),
        document_html(protocol),
        sheet_html(schedule, protocol),
        calendar_ics(schedule, protocol, bedtime=time(23), paused=[START]).decode(),
    ]
    assert any("nothing to take" in page for page in pages) == (name != HABIT)
    assert any("before the dose" in page for page in pages) == (name != HABIT)


def reported(arms, **fields):
    """A report made by hand of a trial whose arms are these."""
    template = read_protocol(HABIT).model_dump()
    protocol = Protocol.model_validate(template | {"arms": arms, "reference": "none"} | fields)
    given = by_hand.inputs([13.0], 4.0)
    habits = tuple(arm.name for arm in protocol.arms if arm.habit)
    labels = {arm.name: arm.label for arm in protocol.arms}
    data = replace(given.data, habits=habits, labels=labels)
    diary = by_hand.diary(data)
    table = diary.table.assign(taken=pd.array([True] * len(diary.table), dtype="boolean"), taken_at=None)
    return replace(given, data=data).material(protocol=protocol, diary=replace(diary, table=table))


HABITS = [
    {"name": "none", "label": "caffeine as usual", "instruction": "coffee as always"},
    {"name": "glycine", "label": "no caffeine after noon", "instruction": "no coffee after 12:00"},
]


def test_the_report_of_a_habit_speaks_of_doing_and_keeping_to_it():
    material = reported(HABITS)
    for text in (plain_text(material), render(material)):
        assert "Should I keep doing it?" in text
        assert "keep taking" not in text
        assert "kept to what was planned on" in text
        assert "The dose was taken" not in text
        assert "no dose" not in text
        assert "before the dose" not in text
    assert "No caffeine after noon: no coffee after 12:00." in design_lines(material.data, material.protocol)


def test_certainty_and_terminal_of_a_habit_do_not_speak_of_taking():
    data = replace(by_hand.trial(), habits=("none", "glycine"))
    effects = estimate_effects(by_hand.fit(data, data.outcomes[0], [13.0, 30.0], 8.0), data)
    assert "you knew what each evening asked of you" in effects.contrasts[0].reasons
    text = "\n".join(answer_lines(data, [effects]))
    assert "Should I keep doing it? " in text
    assert "taking" not in text


def test_a_copy_to_share_keeps_neither_the_habits_words_nor_a_substances_name():
    arms = [
        {"name": "none", "label": "as usual", "instruction": "coffee as always"},
        {
            "name": "glycine",
            "label": "my powder",
            "doses": [{"substance": "other", "name": "moonroot", "compound_mg": 0.5}],
        },
    ]
    text = render(shareable(reported(arms)))
    assert "0.5 mg" in text
    assert not [word for word in ("moonroot", "coffee as always", "my powder") if word in text]


def test_the_person_stands_in_the_report_and_not_in_its_copy_to_share():
    material = replace(reported(HABITS), person="P07")
    assert "P07, 91 nights" in plain_text(material)
    assert "P07" not in plain_text(shareable(material))
