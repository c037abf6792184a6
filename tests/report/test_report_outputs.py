import re
import stat
from dataclasses import replace
from datetime import UTC, datetime

import fixture_reports
import pytest

from n1trial.errors import FolderError
from n1trial.report.content.about_file import read_about
from n1trial.report.content.answers import edition_line
from n1trial.report.content.cent_checklist import ASKED, cent_items
from n1trial.report.render.outputs import edition_event, with_earlier, write_edition
from n1trial.trial_folder.store.log import LogLine
from n1trial.trial_folder.store.log_events import Amended, Event, Reported


def line(seq: int, event: Event) -> LogLine[Event]:
    at = datetime(2026, 5, seq, 8, tzinfo=UTC).isoformat()
    return LogLine(seq=seq, at=at, event=event, sha256="")


@pytest.fixture(scope="module")
def material():
    return fixture_reports.REPORTS["clear-gain"]()


def test_an_edition_is_a_page_and_the_copies_that_were_asked_for(tmp_path, material):
    written = write_edition(tmp_path / "report.html", material, ["text", "share"])
    assert [path.name for path in written] == ["report.html", "report.txt", "report-to-share.html"]
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(path.name for path in written)
    assert {stat.S_IMODE(path.stat().st_mode) for path in written} == {0o600}


def test_the_log_keeps_the_answer_of_an_edition(material):
    assert edition_line(material).replace("\u00a0", " ") == (
        "glycine: Can’t tell yet, 13 min longer (95 % interval 3 shorter to 29 longer);"
        " magnesium glycinate: Worth it, moderate certainty, 30 min longer (95 % interval 14 to 46)"
    )


def test_a_refused_edition_keeps_why():
    said = edition_line(fixture_reports.REPORTS["gate-failed"]())
    assert said == "no verdict: the chains disagree (R-hat 1.083, must be below 1.01)"


def test_earlier_answers_are_those_of_other_nights_the_last_of_each(material):
    log = [
        line(1, Amended(text="data dddd; x")),
        line(2, Reported(nights_sha256="aaaa", answer="glycine: Can’t tell yet")),
        line(3, Reported(nights_sha256="aaaa", answer="glycine: Can’t tell yet, really")),
        line(4, Reported(nights_sha256="bbbb", answer="glycine: Worth it")),
        line(5, Reported(nights_sha256="cccc", answer="")),
        line(6, edition_event(material)),
    ]
    assert with_earlier(material, log).earlier == (
        "2026-05-03: glycine: Can’t tell yet, really",
        "2026-05-04: glycine: Worth it",
    )


def missing(material) -> set[str]:
    return {item.name for item in cent_items(material) if not item.where}


def test_a_full_account_names_what_only_the_person_can_say(material):
    asked = {item.ask for item in cent_items(material) if item.ask}
    assert asked == {*ASKED}
    assert missing(material) == {item.name for item in cent_items(material) if item.ask}
    assert missing(replace(material, about=dict.fromkeys(ASKED, "said"))) == set()


@pytest.mark.parametrize(
    ("change", "name"),
    [
        ({"diary": None}, "Doses taken"),
        ({"facts": {}}, "How and by whom the order was drawn"),
        ({"protocol": None}, "Question"),
        ({"checks": {}}, "Other analyses"),
        ({"single_nights": False}, "Every night, baseline included"),
    ],
)
def test_an_item_is_missing_where_its_matter_is(material, change, name):
    assert name not in missing(material)
    assert name in missing(replace(material, **change))


def test_every_number_of_cent_has_an_item(material):
    named = " ".join(item.number for item in cent_items(material)).replace("20–22", "20 21 22")
    assert {int(number) for number in re.findall(r"\d+", named)} == {*range(1, 26)}


def test_about_is_read_and_may_be_absent(tmp_path):
    path = tmp_path / "about.yaml"
    assert read_about(path) == {}
    path.write_text("funding: none\nperson: >-\n  one adult,\n  55 to 60\n", encoding="utf-8")
    assert read_about(path) == {"funding": "none", "person": "one adult, 55 to 60"}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("fundign: none\n", "about.yaml: nothing asks for 'fundign': choose from why_alone"),
        ("funding: 3\n", "about.yaml: funding is no text"),
        ("- funding\n", "about.yaml: no names and answers inside"),
        ("funding: [\n", "about.yaml: cannot be read"),
    ],
)
def test_a_mistake_in_about_is_named(tmp_path, text, said):
    path = tmp_path / "about.yaml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(FolderError, match=said):
        read_about(path)
