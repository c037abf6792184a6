"""No command replaces what it did not write, and none writes over a file of a trial."""

from dataclasses import fields
from datetime import UTC, date, datetime

import pytest
from click.testing import CliRunner
from paths import PACKAGE

from n1trial.cli import cli
from n1trial.cli._outputs import SHARE_NAME, SUMMARY_KEYS
from n1trial.cohort.two_stage.summary import PersonSummary
from n1trial.errors import FolderError
from n1trial.planning import Plan
from n1trial.report.render import outputs
from n1trial.system.files import is_own_output, results_folder
from n1trial.trial_folder.create import make_trial

TEMPLATE = "any-supplement"
NIGHTS = "night,arm,tst\n" + "\n".join(f"2026-01-{day:02d},{'ab'[day % 2]},400" for day in range(1, 29))
OURS = "kept as it was"


def run(*arguments, **options):
    return CliRunner().invoke(cli, [str(each) for each in arguments], **options)


@pytest.fixture(scope="module")
def trial(tmp_path_factory):
    path = tmp_path_factory.mktemp("trials") / "anna"
    make_trial(
        path,
        protocol=TEMPLATE,
        start=date(2026, 1, 5),
        seed="5a" * 32,
        home_zone=None,
        now=datetime(2026, 1, 4, 12, tzinfo=UTC),
    )
    (path / "report.html").write_text(OURS)
    (path / "about.yaml").write_text("funding: none\n")
    return path


@pytest.fixture
def export(tmp_path):
    path = tmp_path / "own"
    path.mkdir()
    (path / "mapping.yaml").write_text("start: from\nend: to\ntst: asleep\n")
    (path / "sleep.csv").write_text("from,to,asleep\n2026-01-05 23:00,2026-01-06 07:00,450\n")
    return path


def commands(out, export, trial, table):
    """Every command that takes --out, with the endings that it does not write."""
    yield ("nights", export, "--home-zone", "UTC", "--out", out("mine", ".csv"))
    yield ("plan", TEMPLATE, "--sd", "50", "--out", out("mine", ".html"))
    yield ("plan", TEMPLATE, "--sd", "50", "--out", out("mine", ".json"))
    yield ("document", TEMPLATE, "--out", out("mine", ".html"))
    yield ("check", trial, "--ledger", out("mine", ".csv"))
    yield ("summary", trial, "--out", out("mine", ".json"))
    yield (
        *("analyse", table, "--arm", "arm", "--reference", "a", "--outcome", "tst", "--drawn", "none"),
        *("--out", out("report.html", "").parent),
    )
    yield ("cohort", trial, trial, "--out", out("report.html", "").parent)


@pytest.mark.parametrize("place", range(8))
def test_no_command_replaces_what_it_did_not_write(tmp_path, trial, export, place):
    table = tmp_path / "table.csv"
    table.write_text(NIGHTS)
    kept = []

    def out(name, ending):
        path = tmp_path / f"{name}{ending}"
        path.write_text(OURS)
        kept.append(path)
        return path

    command = list(commands(out, export, trial, table))[place]
    ran = run(*command)
    assert ran.exit_code == 2
    assert "--force" in ran.output
    assert {path.read_text() for path in kept} == {OURS}


@pytest.mark.parametrize(
    "command",
    [
        ("plan", TEMPLATE, "--out", "plan.pdf"),
        ("plan", TEMPLATE, "--out", "trial.db"),
        ("nights", "x.zip", "--out", "nights.xlsx"),
        ("document", TEMPLATE, "--out", "protocol.docx"),
        ("check", "anna", "--ledger", "ledger"),
        ("cohort", "anna", "--out", "report.html"),
        ("summary", "anna", "--out", "anna.csv"),
    ],
    ids=" ".join,
)
def test_an_ending_that_a_command_does_not_write_is_a_usage_error(command):
    ran = run(*command)
    assert ran.exit_code == 2
    assert command[-1] in ran.output
    assert "does not end in" in ran.output or "looks like a file" in ran.output


def test_no_command_writes_over_a_file_of_a_trial_even_when_forced(trial, export, tmp_path):
    table = tmp_path / "table.csv"
    table.write_text(NIGHTS)
    before = {path.name: path.read_bytes() for path in trial.iterdir() if path.is_file()}
    analyse = ("analyse", table, "--arm", "arm", "--reference", "a", "--outcome", "tst", "--drawn", "none")
    runs = [
        run("cohort", trial, trial, "--out", trial, "--force"),
        run("summary", trial, "--out", trial, "--force"),
        run(*analyse, "--out", trial, "--force"),
        run("nights", export, "--out", trial / "diary.csv", "--force"),
        run("nights", export, "--out", trial / "SCHEDULE.csv", "--force"),
        run("document", TEMPLATE, "--out", trial / "report.html", "--force"),
        run("plan", TEMPLATE, "--out", trial / "sheet.html", "--force"),
        run("plan", TEMPLATE, "--out", trial / "trial.db", "--force"),
    ]
    assert [each.exit_code for each in runs] == [2] * len(runs)
    assert {path.name: path.read_bytes() for path in trial.iterdir() if path.is_file()} == before


def test_the_functions_of_python_keep_a_trials_folder_too(trial):
    with pytest.raises(FolderError, match="is a trial's folder"):
        results_folder(trial)


def test_a_command_replaces_its_own_earlier_result(tmp_path, export):
    nights, document = tmp_path / "nights.csv", tmp_path / "document.html"
    for _ in range(2):
        for command in (
            ("nights", export, "--home-zone", "UTC", "--out", nights),
            ("document", TEMPLATE, "--out", document),
        ):
            assert run(*command).exit_code == 0, command
    nights.write_text(nights.read_text().replace("night,", "night,arm,", 1))
    assert run("nights", export, "--home-zone", "UTC", "--out", nights).exit_code == 2
    assert run("nights", export, "--home-zone", "UTC", "--out", nights, "--force").exit_code == 0


def test_force_replaces_what_somebody_else_wrote(tmp_path):
    document = tmp_path / "document.html"
    document.write_text(OURS)
    assert run("document", TEMPLATE, "--out", document, "--force").exit_code == 0
    assert is_own_output(document, kind="n1trial document")
    assert not is_own_output(document, kind="n1trial plan")


def test_on_a_terminal_it_is_asked_and_no_keeps_the_file(tmp_path, monkeypatch):
    document = tmp_path / "document.html"
    document.write_text(OURS)
    monkeypatch.setattr("n1trial.cli._outputs._on_a_terminal", lambda: True)
    assert run("document", TEMPLATE, "--out", document, input="n\n").exit_code == 2
    assert document.read_text() == OURS
    assert run("document", TEMPLATE, "--out", document, input="y\n").exit_code == 0
    assert is_own_output(document, kind="n1trial document")


@pytest.mark.parametrize("content", ["", "[1]", "{", '{"a": 1}', "\x00\xff"])
def test_what_is_no_result_is_not_taken_for_one(tmp_path, content):
    for ending in (".json", ".csv", ".html"):
        path = tmp_path / f"x{ending}"
        path.write_text(content)
        assert not is_own_output(path, kind="n1trial plan", header="night,tst", keys=("protocol_sha256",))


@pytest.mark.parametrize("name", ["fit.nc", SHARE_NAME, "cohort.csv", "people.csv"])
def test_no_file_beside_a_page_is_replaced_either(tmp_path, trial, name):
    (tmp_path / name).write_text(OURS)
    ran = run("cohort", trial, trial, "--out", tmp_path)
    assert ran.exit_code == 2
    assert name in ran.output
    assert (tmp_path / name).read_text() == OURS


def test_every_command_that_writes_a_report_of_nights_can_write_a_copy_to_share():
    for name in ("report", "cohort", "analyse"):
        assert "share" in {parameter.name for parameter in cli.commands[name].params}, name
    assert SHARE_NAME == outputs.SHARE_NAME


def test_what_results_are_known_by_is_in_them():
    assert {"protocol_sha256", "planned"} <= {field.name for field in fields(Plan)}
    assert {*SUMMARY_KEYS} <= {field.name for field in fields(PersonSummary)}
    report = PACKAGE / "report" / "render"
    for template, kind in (("page", "report"), ("plan", "plan"), ("cohort", "cohort")):
        page = (report / f"{template}.html.j2").read_text()
        assert f'<meta name="generator" content="n1trial {kind}">' in page
