"""Files that earlier versions wrote, in `tests/golden/earlier`, still open and say what they said.

Each was written by the code of its time; of a folder's `trial.db` its SQL is kept, which can be read in a review.
"""

import shutil
import sqlite3
from contextlib import closing
from datetime import UTC, date, datetime, time
from pathlib import Path

import pytest
from click.testing import CliRunner
from paths import TESTS

from n1trial import load_fits
from n1trial.analysis.checks import ALL_ARMS, CheckResult
from n1trial.cli import cli
from n1trial.cohort.two_stage.summary import read_summary, save_summary
from n1trial.data.diary import answers_of, read_diary
from n1trial.data.nights import nightly
from n1trial.design.contrast import Contrast
from n1trial.design.outcomes import OUTCOMES
from n1trial.errors import CohortError, FolderError
from n1trial.trial_folder.analysis_data import write_down
from n1trial.trial_folder.events import amend, blind_broken, conduct_notes, read_course
from n1trial.trial_folder.store import TrialFolder, imports_of, open_folder, read_log, stored_episodes
from n1trial.trial_folder.store.log_events import (
    Amended,
    BedtimeChanged,
    BlindBroken,
    DiaryWritten,
    ExportForgotten,
    ExportImported,
    Fitted,
    LookedAsPlanned,
    LookedEarly,
    Paused,
    Reported,
    Stopped,
    TrialMade,
    Unblinded,
)

EARLIER = TESTS / "golden" / "earlier"
NOW = datetime(2026, 2, 1, 12, tzinfo=UTC)
NIGHTS = "0123456789ab"
PROTOCOL = "67dfdb035db0d13d43a408a4ae97c3975e0c835df5df96e859a1c7dc8a8545c3"
EXPORT = "oura_sleep_2026-01-10T08-00-00.csv"
MADE = TrialMade(protocol_sha256=PROTOCOL, first_night=date(2026, 1, 5))
IMPORTED = ExportImported(new=3, known=0, conflicts=0, copies=0, export_sha256="d6b06bf49d54")
WRITTEN = DiaryWritten(night=date(2026, 1, 6), answers={"taken": "yes", "caffeine_mg": "80"})
LOOK = LookedAsPlanned(decision="after block 3: go on; undecided still: B vs A")
EVENTS = {
    "folder-open": [
        MADE,
        IMPORTED,
        WRITTEN,
        LookedEarly(reason="curious "),
        Fitted(outcomes=1, nights=4, nights_sha256=NIGHTS),
        Reported(nights_sha256=NIGHTS, answer=""),
    ],
    "folder-letters": [
        MADE,
        IMPORTED,
        Amended(text="moved house; other bed"),
        BlindBroken(what="a capsule broke"),
        LookedEarly(reason="curious "),
        Stopped(last_night=date(2026, 1, 12), reason="a rash: enough"),
        LOOK,
        Reported(nights_sha256=NIGHTS, answer=""),
        Unblinded(reason="it is over"),
    ],
    "folder-kits": [
        MADE,
        IMPORTED,
        WRITTEN,
        Amended(text="moved house; other bed"),
        BedtimeChanged(bedtime=time(22, 5), reason="early shift"),
        Paused(first=date(2026, 1, 11), last=date(2026, 1, 12), reason="ill, at home"),
        BlindBroken(what="a capsule broke"),
        LookedEarly(reason="curious"),
        Fitted(outcomes=1, nights=3, nights_sha256=NIGHTS),
        LOOK,
        Reported(nights_sha256=NIGHTS, answer="glycine: Can’t tell yet, 3 min longer; x"),
        ExportForgotten(export=EXPORT, records=3, export_sha256="d6b06bf49d54"),
        IMPORTED,
        Stopped(last_night=date(2026, 1, 13), reason="a rash: enough"),
    ],
}


def restored(name: str, scratch: Path) -> Path:
    """A folder as its version wrote it, with `trial.db` made from its SQL."""
    path = scratch / name
    shutil.copytree(EARLIER / name, path)
    with closing(sqlite3.connect(path / "trial.db")) as database:
        database.executescript((path / "trial.sql").read_text(encoding="utf-8"))
    (path / "trial.sql").unlink()
    return path


@pytest.fixture(params=EVENTS)
def folder(request, tmp_path) -> TrialFolder:
    return open_folder(restored(request.param, tmp_path))


def test_every_line_of_an_earlier_log_is_read(folder):
    assert [line.event for line in read_log(folder)] == EVENTS[folder.path.name]


def test_an_earlier_folder_has_its_nights_and_its_diary(folder):
    nights = nightly(stored_episodes(folder)).table
    assert nights["night"].dt.strftime("%Y-%m-%d").tolist() == ["2026-01-05", "2026-01-06", "2026-01-07"]
    # Oura says 23,400 s asleep.
    assert nights["tst_min"].tolist() == [390.0] * 3
    diary = read_diary(folder.diary, folder.protocol)
    assert answers_of(diary, WRITTEN.night) == (
        WRITTEN.answers if WRITTEN in EVENTS[folder.path.name] else {}
    )
    assert [done.export for done in imports_of(folder)] == [EXPORT]


def test_an_earlier_folder_goes_on_and_its_log_holds_both_forms(folder):
    before = read_log(folder)
    amend(folder, "went on", now=NOW)
    write_down(folder, date(2026, 1, 7), {"taken": "yes"}, now=NOW)
    again = open_folder(folder.path)
    events = [line.event for line in read_log(again)]
    assert events[: len(before)] == EVENTS[folder.path.name]
    assert events[len(before) :] == [
        Amended(text="went on"),
        DiaryWritten(night=date(2026, 1, 7), answers={"taken": "yes"}),
    ]


def test_history_prints_the_words_that_an_earlier_log_stored(tmp_path):
    path = restored("folder-kits", tmp_path)
    with closing(sqlite3.connect(path / "trial.db")) as database:
        stored = database.execute("SELECT at, event, detail FROM log ORDER BY seq").fetchall()
    printed = CliRunner().invoke(cli, ["history", str(path)], catch_exceptions=False).output.splitlines()
    for line, (at, event, detail) in zip(printed, stored, strict=False):
        assert line.startswith(f"{at[:16].replace('T', ' ')}  {event}: {detail}")
    assert len(printed) == len(stored) + 1
    assert printed[1].endswith(f"d6b06bf49d54 ({EXPORT})")


def test_what_was_pauses_bedtimes_and_stops_in_words_counts_still(tmp_path):
    kits = open_folder(restored("folder-kits", tmp_path))
    course = read_course(kits)
    assert (kits.bedtime, kits.sealed, kits.hidden) == (time(22, 5), True, "helper")
    assert course.pauses == ((date(2026, 1, 11), date(2026, 1, 12)),)
    assert course.last_night == date(2026, 1, 13)
    assert conduct_notes(course) == [
        "amended on 2026-01-09: moved house; other bed",
        "the blind was broken on 2026-01-10: a capsule broke",
        "looked before the end on 2026-01-11; reason given: curious",
        "paused from 2026-01-11 to 2026-01-12; reason given: ill, at home",
        "looked as planned after block 3: go on; undecided still: B vs A",
        "stopped after 2026-01-13; reason given: a rash: enough",
    ]


def test_letters_in_the_schedule_and_the_opened_key_are_read(tmp_path):
    letters = open_folder(restored("folder-letters", tmp_path))
    assert (letters.bedtime, letters.sealed) == (time(22, 30), False)
    assert {*letters.schedule.table["arm"].iloc[1:]} == {"none", "glycine"}
    assert blind_broken(letters, read_course(letters)) == "2026-01-10: a capsule broke"


def test_a_folder_of_before_the_first_release_says_how_to_go_on(tmp_path):
    with pytest.raises(
        FolderError, match="a trial folder of form 1, this n1trial reads 2: open it with n1trial"
    ):
        open_folder(restored("folder-form-1", tmp_path))


def test_an_earlier_summary_is_read_and_written_alike(tmp_path):
    summary = read_summary(EARLIER / "summary-form-5.json")
    assert (summary.outcome, summary.arms) == (OUTCOMES["tst_min"], ("glycine", "magnesium"))
    assert (summary.mean, summary.nights, summary.recovered) == (
        (12.5, 8.25),
        (42, 41, 40),
        {"magnesium": 0.8},
    )
    save_summary(tmp_path / "again.json", summary)
    assert (tmp_path / "again.json").read_bytes() == (EARLIER / "summary-form-5.json").read_bytes()


def test_a_summary_of_a_form_without_noise_is_to_be_written_again():
    with pytest.raises(
        CohortError, match="a summary of form 1 with 1 arms does not fit together: write it again"
    ):
        read_summary(EARLIER / "summary-form-1.json")


@pytest.mark.parametrize("name", ["fit-without-key.nc", "fit-arms-not-listed.nc"])
def test_an_earlier_fit_is_read_with_its_contrasts(name):
    (checked,) = load_fits(EARLIER / name)
    fit, results = checked.fit, checked.findings.results
    assert (fit.outcome, fit.nights, fit.problems) == (OUTCOMES["tst_min"], 126, ("the chains disagree",))
    assert fit.posterior.sizes == {"chain": 2, "draw": 3, "contrast": 2}
    assert list(fit.variants) == ["sceptical"]
    assert results[0] == CheckResult(
        check="period means",
        contrast=Contrast("glycine", "none"),
        estimate=11.5,
        low=1.0,
        high=22.0,
        p=0.03,
        note="6 blocks",
    )
    assert [result.contrast for result in results[1:3]] == [
        Contrast("a vs b", "none"),
        Contrast("a vs b", "glycine"),
    ]
    assert [result.arm for result in results[3:]] == ["none", ALL_ARMS, None]
