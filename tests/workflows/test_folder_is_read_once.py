"""Whole commands read a trial's folder once: its database, log and diary, and join its nights once a window."""

from dataclasses import replace
from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import by_hand
import pytest
from call_counts import counted_calls
from click.testing import CliRunner

from n1trial.analysis.checks import Findings
from n1trial.analysis.parallel_fit import CheckedFit
from n1trial.cli import cli
from n1trial.data.diary import read_diary
from n1trial.data.nights import nightly
from n1trial.data.trial_assembly import join_trial
from n1trial.errors import DiaryError, FolderError
from n1trial.planning.simulate import (
    QUIET,
    diary_text,
    simulate_nights,
    write_fitbit_takeout,
    write_oura_web_csv,
)
from n1trial.trial_folder.analysis_data import import_exports
from n1trial.trial_folder.create import make_trial
from n1trial.trial_folder.snapshot import read_trial
from n1trial.trial_folder.store import commit, read_log
from n1trial.trial_folder.store.log import log_rows
from n1trial.trial_folder.store.records import record_rows
from n1trial.trial_folder.tonight import tonight_lines
from n1trial.workflows.report_trial import report_trial

NOW = datetime(2026, 6, 1, 9, tzinfo=UTC)
EARLY = datetime(2026, 3, 1, 9, tzinfo=UTC)
TRUTH = replace(QUIET, residual_sd=5.0)
READ = (log_rows, record_rows, read_diary, nightly, join_trial)


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A trial whose nights two devices recorded, with a diary; a fit of it needs no sampler."""
    made = make_trial(
        tmp_path / "trial",
        protocol="glycine-vs-magnesium-glycinate",
        start=date(2026, 1, 5),
        seed="3c" * 32,
        home_zone=ZoneInfo("Europe/Berlin"),
        now=NOW,
    )
    person = simulate_nights(made.schedule, TRUTH, seed=1)
    half = replace(person, table=person.table.assign(present=person.table.index % 2 == 0))
    write_fitbit_takeout(person, tmp_path / "takeout.zip", zone="Europe/Berlin")
    write_oura_web_csv(half, tmp_path / "oura.csv", zone="Europe/Berlin")
    made.diary.write_text(diary_text(person, made.protocol), encoding="utf-8")
    for export in ("takeout.zip", "oura.csv"):
        import_exports(made, [tmp_path / export], now=NOW)
    monkeypatch.setattr(
        "n1trial.workflows.fit_trial.fit_outcomes",
        lambda cases, **_: fits_of(cases[0].data),
    )
    for commands in ("fit_report", "daily", "conduct"):
        monkeypatch.setattr(f"n1trial.cli.{commands}.now", lambda: NOW)
    return made


def fits_of(data):
    """A fit of every outcome, made by hand."""
    return [
        CheckedFit(fit=by_hand.fit(data, outcome, [5.0, 20.0], 6.0), findings=Findings(results=()))
        for outcome in data.outcomes
    ]


def counts_of(*command):
    with counted_calls(*READ) as counts:
        result = CliRunner().invoke(cli, [str(word) for word in command], catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return dict(counts)


def test_fit_and_report_read_the_folder_once_and_write_once(folder):
    once = {"log_rows": 1, "record_rows": 1, "read_diary": 1}
    # The nights of each device; then the longest record alone, naps too, and longer wakes; wakes of any length stand
    # in the nights of the device.
    assert counts_of("fit", folder.path) == once | {"connect": 2, "nightly": 2 + 3, "join_trial": 1 + 4}
    assert counts_of("report", folder.path) == once | {"connect": 2, "nightly": 2, "join_trial": 1}
    assert [line.kind for line in read_log(folder)][-2:] == ["fit", "report"]


def test_commands_that_write_nothing_open_the_database_once_and_join_only_what_they_show(folder, tmp_path):
    read = {"connect": 1, "log_rows": 1, "record_rows": 1, "read_diary": 1, "nightly": 2}
    assert counts_of("today", folder.path) == read
    assert counts_of("check", folder.path) == read
    assert counts_of("check", folder.path, "--ledger", tmp_path / "ledger.csv") == read | {"join_trial": 1}


def test_a_snapshot_stays_as_it_was_whatever_is_written_later(folder, tmp_path):
    before = read_trial(folder.path, now=NOW)
    person = simulate_nights(folder.schedule, TRUTH, seed=2)
    write_oura_web_csv(person, tmp_path / "later.csv", zone="Europe/Berlin")
    import_exports(folder, [tmp_path / "later.csv"], now=NOW)
    after = read_trial(folder.path, now=NOW)
    assert (len(before.log), len(after.log)) == (3, 4)
    assert len(before.nights["oura"].table) < len(after.nights["oura"].table)


def test_a_report_that_is_made_writes_nothing_until_it_is_kept(folder):
    trial = read_trial(folder.path, now=NOW)
    before = {path.name: path.read_bytes() for path in folder.path.iterdir()}
    analysis, changes = report_trial(trial, fits_of(trial.data))
    assert {path.name: path.read_bytes() for path in folder.path.iterdir()} == before
    commit(trial.folder, changes, now=NOW)
    assert folder.report.read_text(encoding="utf-8") == changes.files["report.html"]
    assert analysis.data is trial.data


def test_an_early_look_is_logged_before_the_page_is_there(folder, monkeypatch):
    person = simulate_nights(folder.schedule, TRUTH, seed=1)
    early = make_trial(
        folder.path.with_name("early"),
        protocol="glycine-vs-magnesium-glycinate",
        start=date(2026, 1, 5),
        seed="3c" * 32,
        home_zone=ZoneInfo("Europe/Berlin"),
        now=EARLY,
    )
    takeout = folder.path.with_name("early.zip")
    write_fitbit_takeout(replace(person, table=person.table.iloc[:50]), takeout, zone="Europe/Berlin")
    import_exports(early, [takeout], now=EARLY)
    trial = read_trial(early.path, now=EARLY)
    _, changes = report_trial(trial, fits_of(trial.data), early="curious")
    assert "curious" in changes.files["report.html"]

    def full_disk(path, content):
        raise FolderError(f"{path}: cannot be written")

    monkeypatch.setattr("n1trial.trial_folder.store.writer.write_whole", full_disk)
    with pytest.raises(FolderError, match="cannot be written"):
        commit(trial.folder, changes, now=EARLY)
    assert [line.kind for line in read_log(early)] == ["trial made", "import", "looked early"]
    assert not early.report.exists()


def test_tonight_is_printed_though_a_line_of_the_diary_cannot_be_read(folder):
    folder.diary.write_text("night,taken\n2026-01-06,perhaps\n", encoding="utf-8")
    lines = tonight_lines(read_trial(folder.path, now=EARLY))
    assert next(lines).startswith("Sun 1 Mar 2026, night 56 of 133")
    with pytest.raises(DiaryError, match="line 2, column taken"):
        list(lines)
