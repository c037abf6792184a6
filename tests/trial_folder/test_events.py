import sqlite3
from contextlib import closing
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from itertools import combinations
from zoneinfo import ZoneInfo

import by_hand
import icalendar
import pytest
from test_blinding import key_of

from n1trial.analysis.effects import estimate_effects
from n1trial.analysis.interim import decide
from n1trial.design.contrast import Contrast
from n1trial.design.protocol import Looks, read_protocol
from n1trial.errors import BlindingError, FolderError, GateError
from n1trial.planning.simulate import QUIET, simulate_nights, write_fitbit_takeout
from n1trial.trial_folder.analysis_data import import_exports, write_down
from n1trial.trial_folder.create import make_blind_trial, make_trial, write_calendar
from n1trial.trial_folder.events import (
    amend,
    blind_broken,
    change_bedtime,
    conduct_notes,
    last_night,
    pause,
    read_course,
    report_accident,
    stop,
    unblind,
)
from n1trial.trial_folder.planned_looks import block_to_look_at, nights_to_look_at
from n1trial.trial_folder.snapshot import read_trial
from n1trial.trial_folder.store import append_log, open_folder, read_log
from n1trial.trial_folder.store.log_events import LookedEarly
from n1trial.trial_folder.tonight import tonight_lines
from n1trial.workflows.report_trial import report_folder

START = date(2026, 1, 5)
TEMPLATE = "glycine-vs-magnesium-glycinate"
PROTOCOL = read_protocol(TEMPLATE)
BERLIN = ZoneInfo("Europe/Berlin")


def evening(number, hour=20):
    """So many nights after the first, on the clock of Berlin."""
    return datetime(2026, 1, 5, hour, tzinfo=BERLIN) + timedelta(days=number)


@pytest.fixture
def folder(tmp_path):
    return make_trial(
        tmp_path / "trial", protocol=TEMPLATE, start=START, seed="77" * 32, home_zone=BERLIN, now=evening(-1)
    )


@pytest.fixture
def hidden(tmp_path):
    return make_blind_trial(
        tmp_path / "trial",
        protocol=TEMPLATE,
        start=START,
        seed="77" * 32,
        home_zone=BERLIN,
        now=evening(-1),
        helper=tmp_path / "helper",
    )


# Tonight


def test_tonight_says_what_to_take_when_and_what_was_kept(folder):
    write_down(folder, START, {"taken": "no"}, now=evening(0))
    arm = folder.protocol.arm_named(folder.schedule.table["arm"].iloc[9])
    lines = list(tonight_lines(read_trial(folder.path, now=evening(9))))
    assert lines[0] == f"Wed 14 Jan 2026, night 10 of 133: {arm.label}"
    assert "for a bedtime of 23:00: 22:00–22:30" in lines[2]
    assert "block 1 of 6, period 1, night 3 of 7" in lines[4]
    assert lines[-2:] == ["Evenings written down: 1 of 9.", "No sleep was imported yet."]


@pytest.mark.parametrize(
    ("now", "beginning"),
    [
        (evening(-1), "The trial begins in the evening of Mon 5 Jan 2026"),
        (evening(0, 8), "Mon 5 Jan 2026, night 1 of 133: run-in"),
        (evening(1, 1), "Mon 5 Jan 2026, night 1 of 133: run-in"),  # it is past midnight and still that night
        (evening(133), "The trial ended with the night of Sun 17 May 2026"),
    ],
)
def test_tonight_knows_before_between_and_after(folder, now, beginning):
    assert next(iter(tonight_lines(read_trial(folder.path, now=now)))).startswith(beginning)


def test_tonight_names_a_kit_while_the_arms_are_hidden_and_the_arm_when_the_key_was_opened(hidden, tmp_path):
    lines = "\n".join(tonight_lines(read_trial(hidden.path, now=evening(9))))
    assert "night 10 of 133: kit 01-" in lines
    assert "5 capsules 30 to 60 min before bed" in lines
    opened = unblind(hidden, key_of(tmp_path), "a rash", now=evening(9), early=True)
    assert opened.protocol.arm_named(opened.schedule.table["arm"].iloc[9]).label in "\n".join(
        tonight_lines(read_trial(opened.path, now=evening(9)))
    )


# Amendments, accidents, an early stop


def test_amendments_are_added_and_the_protocol_stays(folder):
    before = (folder.path / "protocol.yaml").read_bytes()
    amend(folder, "moved to another town", now=evening(10))
    amend(folder, "bedtime is 22:00 now", now=evening(20))
    assert [line.event.text for line in read_course(open_folder(folder.path)).amendments] == [
        "moved to another town",
        "bedtime is 22:00 now",
    ]
    assert (folder.path / "protocol.yaml").read_bytes() == before
    assert conduct_notes(read_course(folder))[0] == "amended on 2026-01-15: moved to another town"
    with pytest.raises(FolderError, match="no reason given"):
        amend(folder, "  ", now=evening(20))


def test_a_protocol_changed_after_the_start_is_sent_to_the_amendments(folder):
    path = folder.path / "protocol.yaml"
    path.write_text(path.read_text().replace("blocks: 6", "blocks: 5"))
    with pytest.raises(
        FolderError, match=r"changed after the trial began.*say what changed with n1trial amend"
    ):
        open_folder(folder.path)


def test_an_accident_breaks_the_blind_and_opens_nothing(hidden):
    assert blind_broken(hidden, read_course(hidden)) is None
    report_accident(hidden, "a capsule broke", now=evening(30))
    again = open_folder(hidden.path)
    assert again.sealed
    assert blind_broken(again, read_course(again)) == "2026-02-04: a capsule broke"


def test_an_open_trial_has_no_blind_to_break(folder):
    with pytest.raises(BlindingError, match="never hidden"):
        report_accident(folder, "saw it", now=evening(3))
    assert blind_broken(folder, read_course(folder)) is None


def test_a_key_opened_before_the_end_breaks_the_blind_and_one_opened_after_it_does_not(hidden, tmp_path):
    unblind(hidden, key_of(tmp_path), "over", now=evening(140))
    again = open_folder(hidden.path)
    assert blind_broken(again, read_course(again)) is None


def test_a_key_opened_early_breaks_the_blind(hidden, tmp_path):
    unblind(hidden, key_of(tmp_path), "a rash", now=evening(50), early=True)
    again = open_folder(hidden.path)
    assert blind_broken(again, read_course(again)) == "2026-02-24: the key was opened before the end, a rash"


def test_a_trial_that_is_stopped_ends_with_the_night_before(folder, tmp_path):
    write_fitbit_takeout(
        simulate_nights(folder.schedule, QUIET, seed=1), tmp_path / "t.zip", zone="Europe/Berlin"
    )
    import_exports(folder, [tmp_path / "t.zip"], now=evening(60))
    assert stop(folder, "stomach trouble", now=evening(60)) == date(2026, 3, 5)
    data = read_trial(folder.path, now=evening(60)).data
    assert set(data.table.loc[data.table["night"] > "2026-03-05", "left_out"]) == {"after the stop"}
    assert "stopped after 2026-03-05; reason given: stomach trouble" in data.notes
    assert data.missing_share(data.outcomes[0]) == 0
    assert last_night(folder, read_course(folder)) == date(2026, 3, 5)
    assert data.blocks == 3  # 53 nights after the run-in: two blocks of 21 and a part
    for later in (evening(61), evening(200)):
        with pytest.raises(FolderError, match="stopped already, after 2026-03-05"):
            stop(folder, "again", now=later)


@pytest.mark.parametrize("night", [-3, 0, 200])
def test_what_does_not_run_cannot_be_stopped(folder, night):
    with pytest.raises(
        FolderError, match="the trial runs 2026-01-05 to 2026-05-17: there is nothing to stop"
    ):
        stop(folder, "enough", now=evening(night))


def test_every_change_to_the_log_of_a_trial_that_ran_shows(hidden, tmp_path):
    amend(hidden, "moved", now=evening(10))
    report_accident(hidden, "a capsule broke", now=evening(20))
    stop(hidden, "enough", now=evening(90))
    unblind(hidden, key_of(tmp_path), "over", now=evening(91))
    whole = (hidden.path / "trial.db").read_bytes()
    lines = len(read_log(hidden))
    changes = [f"DELETE FROM log WHERE seq = {seq}" for seq in range(1, lines)]
    changes += [
        f"UPDATE log SET {column} = {column} || 'x' WHERE seq = {seq}"
        for seq in range(1, lines + 1)
        for column in ("at", "event", "detail", "previous", "sha256")
    ]
    changes += [
        f"UPDATE log SET seq = -1 WHERE seq = {one}; UPDATE log SET seq = {one} WHERE seq = {other};"
        f" UPDATE log SET seq = {other} WHERE seq = -1"
        for one, other in combinations(range(1, lines + 1), 2)
    ]
    for change in changes:
        for extra in ("-wal", "-shm"):
            (hidden.path / f"trial.db{extra}").unlink(missing_ok=True)
        (hidden.path / "trial.db").write_bytes(whole)
        with closing(sqlite3.connect(hidden.path / "trial.db")) as database:
            database.executescript(change)
        with pytest.raises(FolderError, match=r"log line \d+ was changed or removed"):
            read_course(hidden)
    print(f"{len(changes)} changes of a log of {lines} lines: every one was seen")
    assert len(changes) == (lines - 1) + 5 * lines + lines * (lines - 1) // 2


# Planned looks

LOOKS = Looks(after_blocks=(3, 5), stop_when="precise", sd_at_most=8.0)


def test_a_look_is_due_from_the_morning_after_its_block_until_the_next(folder):
    def due(night):
        return block_to_look_at(LOOKS, folder.schedule, START + timedelta(days=night))

    # run-in 7 nights, a block 21: the third block ends with night 69 (from 0), the fifth with night 111
    assert [due(night) for night in (0, 69, 70, 111, 112, 132)] == [None, None, 3, 3, 5, 5]
    assert block_to_look_at(None, folder.schedule, START) is None


def test_a_fit_before_the_end_names_the_night_after_which_there_is_a_report(folder, tmp_path):
    person = simulate_nights(folder.schedule, QUIET, seed=1)
    write_fitbit_takeout(replace(person, table=person.table.iloc[:60]), tmp_path / "t.zip")
    import_exports(folder, [tmp_path / "t.zip"], now=evening(60))
    assert read_trial(folder.path, now=evening(60)).night_to_wait_for == date(2026, 5, 17)
    assert read_trial(folder.path, now=evening(140)).night_to_wait_for is None
    stop(folder, "stomach trouble", now=evening(60))
    assert read_trial(folder.path, now=evening(61)).night_to_wait_for is None


def test_a_look_sees_the_nights_of_its_blocks_only(folder, tmp_path):
    write_fitbit_takeout(
        simulate_nights(folder.schedule, QUIET, seed=1), tmp_path / "t.zip", zone="Europe/Berlin"
    )
    import_exports(folder, [tmp_path / "t.zip"], now=evening(75))
    data = nights_to_look_at(read_trial(folder.path, now=evening(140)).data, folder.schedule, 3)
    seen = data.analysed(data.outcomes[0])
    assert (len(seen), seen["block"].max(), data.blocks) == (63, 3, 3)
    assert set(data.table["left_out"]) == {"run-in", "after the look", ""}


@pytest.mark.parametrize(
    ("sd", "problems", "stops"), [(7.0, (), True), (9.0, (), False), (7.0, ("the chains disagree",), False)]
)
def test_the_rule_of_precision_stops_when_the_widest_two_arms_are_known_well_enough(sd, problems, stops):
    """The arms of `by_hand` have this posterior SD against the reference and among each other."""
    given = by_hand.inputs([13.0, 30.0], sd, problems=problems)
    decision = decide(LOOKS, 3, given.data, given.fits[0], given.effects[0])
    assert decision.stop is stops
    assert decision.said.startswith(f"after block 3: {'the rule says stop' if stops else 'go on'}")


@pytest.mark.parametrize(("given", "stops"), [(by_hand.no_gain(), True), (by_hand.undecided(), False)])
def test_the_rule_of_verdicts_stops_when_none_is_open(given, stops):
    plan = Looks(after_blocks=(3,), stop_when="decided")
    decision = decide(plan, 3, given.data, given.fits[0], given.effects[0])
    assert decision.stop is stops


def test_a_broken_blind_lowers_certainty_and_a_sealed_trial_has_no_verdict():
    kept, broken = (
        estimate_effects(by_hand.fit(data, data.outcomes[0], [13.0, 30.0], 8.0), data)
        for data in (
            replace(by_hand.trial(), blinded=True),
            replace(by_hand.trial(), blinded=True, blind_broken="2026-02-04: a capsule broke"),
        )
    )
    assert "what was hidden from you came out before the end" in broken.contrasts[0].reasons
    assert set(broken.contrasts[0].reasons) - set(kept.contrasts[0].reasons) == {
        "what was hidden from you came out before the end"
    }
    data = replace(by_hand.trial(), blinded=True, sealed=True)
    sealed = estimate_effects(by_hand.fit(data, data.outcomes[0], [13.0, 30.0], 8.0), data)
    assert [*map(str, sealed.problems)] == ["the arms are still hidden: open the key with n1trial unblind"]
    assert {each.verdict for each in sealed.contrasts} == {"no verdict"}


def test_a_sealed_trial_has_letters_and_no_verdict(hidden, tmp_path):
    table = simulate_nights(replace(hidden.schedule), QUIET, seed=1)
    write_fitbit_takeout(table, tmp_path / "t.zip", zone="Europe/Berlin")
    import_exports(hidden, [tmp_path / "t.zip"], now=evening(140))
    data = read_trial(hidden.path, now=evening(140)).data
    assert data.arms == ("A", "B", "C")
    assert data.contrasts == (Contrast("B", "A"), Contrast("C", "A"), Contrast("C", "B"))
    assert (data.blinded, data.sealed) == (True, True)
    assert data.design.arms == ("A", "B", "C")
    with pytest.raises(GateError, match="letters tell others nothing"):
        report_folder(read_trial(hidden.path, now=evening(140)), copies={"share"})


def test_a_pause_leaves_its_nights_out_and_says_so(folder):
    first, last = date(2026, 3, 2), date(2026, 3, 8)
    evening = datetime(2026, 3, 1, 18, tzinfo=UTC)
    pause(folder, "on holiday", first, last, now=evening)
    course = read_course(folder)
    assert course.pauses == ((first, last),)
    assert course.pause_at(date(2026, 3, 9)) is None
    assert "paused from 2026-03-02 to 2026-03-08; reason given: on holiday" in conduct_notes(course)
    assert "paused until" in next(
        tonight_lines(read_trial(folder.path, now=datetime(2026, 3, 4, 18, tzinfo=UTC)))
    )
    with pytest.raises(FolderError, match="nights that are over stay in"):
        pause(folder, "slept badly", date(2026, 2, 1), date(2026, 2, 3), now=evening)
    written = write_calendar(folder, course.pauses, edition=2, now=evening)
    events = icalendar.Calendar.from_ical(written.read_bytes()).walk("VEVENT")
    of_pause = [event for event in events if event["summary"] == "Paused: sleep as usual"]
    assert [event["dtstart"].dt for event in of_pause] == [first + timedelta(days=day) for day in range(7)]
    assert not any(event["uid"].startswith(f"{first}-diary") for event in events)
    assert not any(event.walk("VALARM") for event in of_pause)


def test_nights_of_a_pause_are_not_analysed_though_they_were_recorded(folder, tmp_path):
    write_fitbit_takeout(simulate_nights(folder.schedule, QUIET, seed=1), tmp_path / "takeout.zip")
    import_exports(folder, [tmp_path / "takeout.zip"], now=datetime(2027, 1, 1, tzinfo=UTC))
    pause(folder, "ill", date(2026, 3, 2), date(2026, 3, 8), now=datetime(2026, 3, 1, 18, tzinfo=UTC))
    data = read_trial(folder.path, now=datetime(2027, 1, 1, tzinfo=UTC)).data
    paused = data.table[data.table["night"].between("2026-03-02", "2026-03-08")]
    assert set(paused["left_out"]) == {"paused"}


def test_a_new_bedtime_holds_from_now_on_and_stands_in_the_calendar(folder):
    now = datetime(2026, 3, 1, 18, tzinfo=UTC)
    before = write_calendar(folder, (), edition=1, now=now).read_bytes()
    change_bedtime(folder, "new job", time(22, 30), now=now)
    again = open_folder(folder.path)
    assert again.bedtime == time(22, 30)
    assert write_calendar(again, (), edition=1, now=now).read_bytes() != before


@pytest.mark.parametrize("reason", ["", "  "])
def test_a_look_before_the_end_needs_a_reason(folder, reason):
    with pytest.raises(FolderError, match="no reason given"):
        report_folder(read_trial(folder.path, now=datetime(2026, 3, 1, tzinfo=UTC)), early=reason)


def test_a_look_is_noted_once_however_often_its_reason_is_given(folder):
    for hour in (9, 10):
        append_log(folder, LookedEarly(reason="curious"), now=datetime(2026, 3, 1, hour, tzinfo=UTC))
    assert [note for note in conduct_notes(read_course(folder)) if "looked" in note] == [
        "looked before the end on 2026-03-01; reason given: curious"
    ]
