"""Many people from their exports, or from one long table, to one report."""

from dataclasses import replace
from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner
from people import drawn_by_hand, pretend_people
from test_two_stage import people_of

from n1trial.cli import cli
from n1trial.cohort.two_stage.summary import read_summary, save_summary
from n1trial.data.read_table import read_people
from n1trial.errors import CohortError, TableError
from n1trial.planning.simulate import (
    Truth,
    diary_text,
    simulate_nights,
    write_fitbit_takeout,
    write_oura_web_csv,
)
from n1trial.trial_folder.analysis_data import import_exports
from n1trial.trial_folder.create import make_trial
from n1trial.workflows.cohort import people_of_folders, read_properties, summarise_folders

NOW = datetime(2026, 11, 2, 9, 0, tzinfo=UTC)
ZONE = "Europe/Berlin"
PEOPLE = 20
AVERAGE, SPREAD = 35.0, 6.0


def imported_folder(place, number, *, gain):
    """A trial that somebody planned and imported; every third person wears a ring."""
    folder = make_trial(
        place / f"person-{number:02d}",
        protocol="fast-glycine-screen",
        start=date(2026, 1, 5),
        seed=f"{number:064x}",
        home_zone=ZoneInfo(ZONE),
        now=NOW,
    )
    truth = Truth(effects_min={"glycine": gain}, mean_min=390.0 + 4.0 * number)
    person = simulate_nights(folder.schedule, truth, seed=number)
    export = place / f"export-{number:02d}{'.csv' if number % 3 == 0 else '.zip'}"
    (write_oura_web_csv if number % 3 == 0 else write_fitbit_takeout)(person, export, zone=ZONE)
    folder.diary.write_text(diary_text(person, folder.protocol), encoding="utf-8")
    import_exports(folder, [export], now=NOW)
    return folder.path


def imported_folders(place, count):
    """The folders of the first so many people."""
    gains = AVERAGE + SPREAD * np.random.default_rng(5).standard_normal(PEOPLE)
    return [imported_folder(place, number, gain=gains[number - 1]) for number in range(1, count + 1)]


@pytest.fixture(scope="module")
def folders(tmp_path_factory):
    return imported_folders(tmp_path_factory.mktemp("people"), PEOPLE)


@pytest.mark.slow
def test_twenty_folders_of_exports_become_one_report(folders, tmp_path):
    ages = pd.DataFrame({"person": [path.name for path in folders], "age": 30 + 2 * np.arange(PEOPLE)})
    ages.to_csv(tmp_path / "ages.csv", index=False)
    out = tmp_path / "together"
    ran = CliRunner().invoke(
        cli,
        ["cohort", *map(str, folders), "--people", str(tmp_path / "ages.csv"), "--out", str(out)],
        catch_exceptions=False,
    )
    assert ran.exit_code == 0, ran.output
    row = pd.read_csv(out / "cohort.csv").iloc[0]
    assert row["average_low"] < AVERAGE < row["average_high"]
    assert row["verdict"] == "worth it"
    people = pd.read_csv(out / "people.csv")
    assert len(people) == PEOPLE
    assert people["tried"].all()
    companion = pd.read_csv(out / "companion.csv").iloc[0]
    assert companion["low"] < row["average_mean"] < companion["high"]
    page = (out / "report.html").read_text(encoding="utf-8")
    assert "sleep time of 20 people" in page.lower()
    assert "different devices" in page
    assert all(path.name in page for path in folders)
    assert "On average, glycine is worth having" in ran.output.replace("\xa0", " ")


@pytest.mark.slow
def test_trials_are_fitted_one_by_one_and_their_summaries_pooled(folders, tmp_path):
    summaries, out = tmp_path / "summaries", tmp_path / "together"
    ran = CliRunner().invoke(
        cli, ["summary", *map(str, folders[:3]), "--out", str(summaries)], catch_exceptions=False
    )
    assert ran.exit_code == 0, ran.output
    files = sorted(summaries.iterdir())
    assert [file.name for file in files] == [f"{folder.name}.json" for folder in folders[:3]]
    pooled = CliRunner().invoke(cli, ["cohort", *map(str, files), "--out", str(out)], catch_exceptions=False)
    assert pooled.exit_code == 3, pooled.output
    assert "3 people are too few" in pooled.output.replace("\xa0", " ")
    people = pd.read_csv(out / "people.csv")
    assert list(people["person"]) == [folder.name for folder in folders[:3]]
    alone = tmp_path / "ann.json"
    one_file = CliRunner().invoke(cli, ["summary", str(folders[0]), "--out", str(alone)])
    assert one_file.exit_code == 0, one_file.output
    shared, again = read_summary(files[0]), read_summary(alone)
    # Apart by the error of draws, at most: where code is compiled anew, the last digit of a step may differ.
    assert np.subtract(shared.mean, again.mean) == pytest.approx(
        0.0, abs=0.1 * shared.covariance[0][0] ** 0.5
    )
    assert (shared.arms, shared.nights, shared.labels) == (again.arms, again.nights, again.labels)
    two = CliRunner().invoke(cli, ["summary", *map(str, folders[:2]), "--out", str(alone)])
    assert two.exit_code == 2
    assert "name a folder for several trials" in two.output


def test_summaries_of_people_become_a_page_tables_and_words(tmp_path):
    made = people_of(8, average=np.array([2.0, 30.0]), spread=np.array([3.0, 3.0]), sd=8.0)
    summaries = {name.replace("person", "Quast"): each for name, each in made.items()}
    for name, each in summaries.items():
        save_summary(tmp_path / f"{name}.json", each)
    files = [str(tmp_path / f"{name}.json") for name in summaries]
    ran = CliRunner().invoke(
        cli,
        ["cohort", *files, "--sampler-seed", "7", "--share", "--out", str(tmp_path / "out")],
        catch_exceptions=False,
    )
    assert ran.exit_code == 0, ran.output
    assert "On average, magnesium is worth having" in ran.output
    shared = (tmp_path / "out" / "report-to-share.html").read_text(encoding="utf-8")
    assert "person 1" in shared
    assert "Quast" not in shared
    averages = pd.read_csv(tmp_path / "out" / "cohort.csv")
    assert (averages["seed"] == 7).all()
    assert averages["average_low"][1] < 30.0 < averages["average_high"][1]
    companion = pd.read_csv(tmp_path / "out" / "companion.csv")
    assert companion["estimate"].tolist() == pytest.approx(averages["average_mean"].tolist(), abs=2.0)
    page = (tmp_path / "out" / "report.html").read_text(encoding="utf-8")
    assert "Sleep time of 8 people" in page
    assert "Nobody’s nights were here." in page
    assert all(name in page for name in summaries)
    mixed = CliRunner().invoke(cli, ["cohort", files[0], str(tmp_path), "--out", str(tmp_path / "out")])
    assert mixed.exit_code == 2
    assert "not both" in mixed.output


def test_a_folder_given_twice_or_still_running_is_refused(tmp_path):
    folders = imported_folders(tmp_path, 2)
    with pytest.raises(CohortError, match="given twice"):
        people_of_folders([folders[0], folders[1], folders[0]], now=NOW)
    with pytest.raises(CohortError, match="runs until 2026-"):
        people_of_folders(folders[:2], now=datetime(2026, 1, 8, 12, tzinfo=UTC))
    with pytest.raises(CohortError, match=f"{folders[0].name} has no summary: no outcome 'steps'"):
        summarise_folders(folders[:1], tmp_path / "summaries", now=NOW, outcome="steps")
    assert not (tmp_path / "summaries").exists()


def long_table(tmp_path, people, **further):
    rows = pd.concat(
        [
            person.data.table[["night", "arm", "block", person.data.outcomes[0].name]].assign(
                who=person.name, **{name: values[number] for name, values in further.items()}
            )
            for number, person in enumerate(people)
        ]
    )
    path = tmp_path / "many.csv"
    rows.to_csv(path, index=False)
    return path


def test_a_long_table_becomes_one_report_and_names_are_shown_as_they_are_written(tmp_path, monkeypatch):
    # The model of all nights takes minutes to compile: the folders of twenty people above are sampled.
    monkeypatch.setattr("n1trial.cohort.one_stage.fit.compile_model", lambda built, **_: built)
    monkeypatch.setattr("n1trial.cohort.one_stage.fit.sample_compiled", drawn_by_hand)
    gains = [10.0, 70.0, 40.0, 90.0, -10.0, 50.0]
    people = pretend_people(6, effects=lambda position: {"magnesium": gains[position]}, blocks=3)
    for position, person in enumerate(people):
        person.data.table["tst_min"] += 15.0 * position
    people[0] = replace(people[0], name="<b>Ann</b>")
    table = long_table(tmp_path, people, group=["a", "a", "b", "b", "a", "b"])
    ran = CliRunner().invoke(
        cli,
        [
            *("analyse", str(table), "--person", "who", "--arm", "arm", "--reference", "none"),
            *("--outcome", "tst_min", "--night", "night", "--block", "block", "--modifier", "group"),
            *("--out", str(tmp_path / "answer")),
        ],
        catch_exceptions=False,
    )
    assert ran.exit_code == 0, ran.output
    page = (tmp_path / "answer" / "report.html").read_text(encoding="utf-8")
    assert "<b>Ann" not in page
    assert "&lt;b&gt;Ann&lt;/b&gt;" in page
    assert "group: b against a" in page
    assert "<script" not in page
    assert "http" not in page.replace("http-equiv", "").replace("http://www.w3.org", "")
    assert len(page) < 500_000


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"person": "nobody"}, "no column 'nobody'"),
        ({"reference": "tea"}, "no night has arm = 'tea'"),
        ({"modifiers": ("tst_min",)}, "tst_min has .* values for person 1: give one a person"),
        ({"rests_on": "zero"}, "zero must be 1 night or more"),
    ],
)
def test_a_long_table_that_cannot_be_read_is_refused_in_one_line(tmp_path, changes, message):
    table = long_table(tmp_path, pretend_people(2, blocks=2), zero=[0, 0])
    asked = {"person": "who", "arm": "arm", "reference": "none", "outcome": "tst_min"} | changes
    with pytest.raises(TableError, match=message):
        read_people(table, **asked)


@pytest.mark.parametrize(
    ("text", "message"),
    [("name,age\nann,3\n", "needs a column person"), ("person,age\nann,3\nann,4\n", "ann stands twice")],
)
def test_properties_that_cannot_be_read_are_refused_in_one_line(tmp_path, text, message):
    (tmp_path / "ages.csv").write_text(text)
    with pytest.raises(CohortError, match=message):
        read_properties(tmp_path / "ages.csv")
