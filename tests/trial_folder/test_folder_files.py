"""Files of a trial's folder: kits in its schedule, printouts that name the person, a calendar made anew."""

import sqlite3
from contextlib import closing
from datetime import UTC, date, datetime, time
from zoneinfo import ZoneInfo

import icalendar
import pytest
from click.testing import CliRunner

from n1trial.cli import cli
from n1trial.design.blinding import read_key
from n1trial.design.protocol import read_protocol
from n1trial.design.schedule import schedule_csv
from n1trial.errors import FolderError
from n1trial.report.content.about_file import KNOWN
from n1trial.trial_folder.create import make_blind_trial, make_enveloped_trial, make_trial
from n1trial.trial_folder.events import unblind
from n1trial.trial_folder.printouts.spent_checklist import SAID, spent_items
from n1trial.trial_folder.store import open_folder

TEMPLATE = "glycine-vs-magnesium-glycinate"
FIXED = {
    "protocol": TEMPLATE,
    "start": date(2026, 1, 5),
    "seed": "5a" * 32,
    "home_zone": ZoneInfo("Europe/Berlin"),
    "now": datetime(2026, 1, 4, 12, tzinfo=UTC),
}
LATER = datetime(2026, 2, 1, 18, tzinfo=UTC)


def run(*arguments):
    return CliRunner().invoke(cli, [str(each) for each in arguments])


@pytest.fixture
def blind(tmp_path):
    return make_blind_trial(tmp_path / "anna", helper=tmp_path / "helper", person="P07", **FIXED)


def test_a_schedule_shows_kits_where_a_helper_hides_the_arms(blind):
    text = (blind.path / "schedule.csv").read_text()
    rows = [line.split(",") for line in text.splitlines()[1:]]
    shown = {row[4] for row in rows if row[1] == "trial"}
    assert len(shown) == 18  # a kit a period, so that no two periods look alike
    assert all(len(code) == len("07-KXP") for code in shown)
    assert {row[4] for row in rows if row[1] == "run-in"} == {""}
    opened = open_folder(blind.path)
    assert set(opened.schedule.table["arm"]) == {"A", "B", "C"}
    assert schedule_csv(opened.schedule) == schedule_csv(blind.schedule)


def test_the_key_opens_a_schedule_of_kits(blind, tmp_path):
    key = read_key((tmp_path / "helper" / "key.json").read_text(), where="key.json")
    unblind(open_folder(blind.path), key, "over", now=LATER, early=True)
    opened = open_folder(blind.path)
    drawn = make_trial(tmp_path / "open", **FIXED)
    assert schedule_csv(opened.schedule) == schedule_csv(drawn.schedule)


def test_a_kit_that_was_changed_in_the_schedule_is_noticed(blind):
    path = blind.path / "schedule.csv"
    first, second = (line.split(",")[4] for line in (path.read_text().splitlines()[n] for n in (8, 15)))
    path.write_text(path.read_text().replace(first, second))
    with pytest.raises(FolderError, match=r"schedule\.csv: changed after"):
        open_folder(blind.path)


def test_a_folder_with_letters_in_its_schedule_opens_as_before(blind):
    with closing(sqlite3.connect(blind.path / "trial.db", autocommit=True)) as database:
        database.execute("DELETE FROM meta WHERE key IN ('letters', 'person')")
    (blind.path / "schedule.csv").write_text(schedule_csv(blind.schedule))
    opened = open_folder(blind.path)
    assert schedule_csv(opened.schedule) == schedule_csv(blind.schedule)
    assert opened.person == ""


def test_the_person_stands_on_everything_that_new_writes(blind, tmp_path):
    enveloped = make_enveloped_trial(tmp_path / "my own", person="P07", **FIXED)
    helper = tmp_path / "helper"
    for path in (
        *(blind.path / name for name in ("sheet.html", "schedule.ics")),
        *(helper / name for name in ("packing.html", "labels.html")),
        *(enveloped.path / name for name in ("sheet.html", "envelopes.html")),
    ):
        assert "P07" in path.read_text(), path
    assert "unblind &#39;my own&#39;" in (enveloped.path / "envelopes.html").read_text()
    assert run("document", blind.path).exit_code == 0
    assert "P07" in (blind.path / "protocol.html").read_text()
    assert open_folder(blind.path).person == "P07"


@pytest.mark.parametrize("person", ["x" * 41, "a\nb", "\u202eP07"])
def test_a_person_has_a_name_of_one_line(tmp_path, person):
    with pytest.raises(FolderError, match="--person"):
        make_trial(tmp_path / "anna", person=person, **FIXED)
    assert not (tmp_path / "anna").exists()


def test_a_new_bedtime_gives_a_new_calendar_and_sheet_and_is_kept(blind):
    before = icalendar.Calendar.from_ical((blind.path / "schedule.ics").read_bytes()).walk("VEVENT")
    assert run("amend", blind.path, "early shifts", "--bedtime", "22:00").exit_code == 0
    after = icalendar.Calendar.from_ical((blind.path / "schedule.ics").read_bytes()).walk("VEVENT")
    assert [event["uid"] for event in before] == [event["uid"] for event in after]
    assert [event["dtstart"].dt.time() for event in (before[14], after[14])] == [time(22), time(21)]
    assert "21:00–21:30" in (blind.path / "sheet.html").read_text()
    assert open_folder(blind.path).bedtime == time(22)


def test_today_writes_the_calendar_anew(blind):
    (blind.path / "sheet.html").unlink()
    ran = run("today", blind.path, "--calendar")
    assert ran.exit_code == 0
    assert "schedule.ics: import it into your calendar again" in ran.output
    assert (blind.path / "sheet.html").is_file()


def test_a_document_reads_about_yaml_and_holds_no_placeholder(tmp_path):
    folder = make_trial(tmp_path / "anna", **FIXED | {"protocol": "any-supplement"})
    assert run("document", folder.path).exit_code == 0
    bare = (folder.path / "protocol.html").read_text()
    assert "in about.yaml, funding: who pays" in bare
    assert "Write what it is" not in bare
    assert "hope is" not in bare
    (folder.path / "about.yaml").write_text("funding: the clinic pays\nroles: Anna and Dr. Brown\n")
    assert run("document", folder.path).exit_code == 0
    filled = (folder.path / "protocol.html").read_text()
    assert "the clinic pays" in filled
    assert filled.count("○ missing") == bare.count("○ missing") - 3  # funding, interests, roles


def test_every_line_of_about_yaml_that_a_document_asks_for_is_read_and_fills_it():
    protocol = read_protocol(TEMPLATE)
    asked = {
        item.to_add.removeprefix("in about.yaml, ").partition(":")[0]
        for item in spent_items(protocol)
        if item.to_add.startswith("in about.yaml")
    }
    assert {"funding", "registration"} < asked <= {*SAID}
    assert {*SAID} <= {*KNOWN}
    filled = spent_items(protocol, about=dict.fromkeys(SAID, "said"))
    assert not [item.number for item in filled if "about.yaml" in item.to_add]
