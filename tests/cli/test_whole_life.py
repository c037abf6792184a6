"""One blinded trial from its first evening to its report, day by day, with what goes wrong in life."""

import time
from dataclasses import replace
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from ruamel.yaml import YAML

from n1trial.design.blinding import read_key
from n1trial.design.protocol import protocol_dir
from n1trial.design.schedule import randomise
from n1trial.errors import GateError
from n1trial.planning.simulate import QUIET, simulate_nights, write_oura_web_csv
from n1trial.trial_folder.analysis_data import import_exports, write_down
from n1trial.trial_folder.create import make_blind_trial
from n1trial.trial_folder.events import amend, report_accident, unblind
from n1trial.trial_folder.quality import check_quality, gather_evidence
from n1trial.trial_folder.snapshot import read_trial
from n1trial.trial_folder.store import open_folder, read_log
from n1trial.trial_folder.tonight import tonight_lines
from n1trial.workflows.fit_trial import fit_folder
from n1trial.workflows.report_trial import report_folder

TEMPLATE = "glycine-vs-magnesium-glycinate"
HOME, AWAY = "Europe/Berlin", "America/New_York"
START, SEED = date(2026, 1, 5), "e4" * 32
MISSED_WEEK, TRIP = range(50, 57), range(64, 71)
ACCIDENT, LOOK, END = 80, 91, 133  # the fourth block ends with night 90, counted from 0
TRUTH = replace(QUIET, effects_min={"glycine": 5.0, "magnesium-glycinate": 45.0}, residual_sd=30.0)


def at(number, hour=21):
    """So many nights after the first, at home."""
    return datetime(2026, 1, 5, hour, tzinfo=ZoneInfo(HOME)) + timedelta(days=number)


def planned(place):
    """The template with one outcome, and a look after the third and the fourth block."""
    document = YAML(typ="safe").load((protocol_dir() / f"{TEMPLATE}.yaml").read_text())
    document["outcomes"] = document["outcomes"][:1]
    document["looks"] = {"after_blocks": [3, 4], "stop_when": "precise", "sd_at_most": 3}
    YAML(typ="safe").dump(document, place / "mine.yaml")
    return str(place / "mine.yaml")


@pytest.mark.slow
def test_a_blinded_trial_runs_from_the_first_evening_to_its_report(tmp_path):
    started = time.perf_counter()
    folder = make_blind_trial(
        tmp_path / "trial",
        protocol=planned(tmp_path),
        start=START,
        seed=SEED,
        home_zone=ZoneInfo(HOME),
        now=at(-1),
        helper=tmp_path / "helper",
    )
    drawn = randomise(folder.protocol, start=START, seed=SEED)
    person = simulate_nights(drawn, TRUTH, seed=3)
    number = person.table.index
    key = read_key((tmp_path / "helper" / "key.json").read_text(), where="key.json")

    def export(name, nights, zone):
        worn = replace(
            person, table=person.table.assign(present=number.isin(list(set(nights) - set(MISSED_WEEK))))
        )
        write_oura_web_csv(worn, tmp_path / name, zone=zone)
        import_exports(folder, [tmp_path / name], now=at(max(nights) + 1, 9))

    lines = []
    for night in range(END):
        if night == 40:
            export("first.csv", range(40), HOME)
        if night == TRIP[-1] + 1:
            export("home.csv", range(30, TRIP[0]), HOME)  # again what was there before
            export("away.csv", TRIP, AWAY)
            amend(folder, "two weeks of work in another town from 2026-03-16", now=at(night))
            with pytest.raises(GateError, match="looking early turns luck into findings"):
                report_folder(read_trial(folder.path, now=at(night - 5)))
        if night == ACCIDENT:
            report_accident(folder, "a capsule broke and smelled of nothing", now=at(night))
        if night == LOOK:
            export("look.csv", range(TRIP[-1] + 1, LOOK), HOME)
            fit_folder(read_trial(folder.path, now=at(night, 9)), on_stage=lambda name, stage: None)
            look = report_folder(read_trial(folder.path, now=at(night, 9)))
            page = folder.report.read_text()
        lines += tonight_lines(read_trial(folder.path, now=at(night)))
        if night not in MISSED_WEEK:
            taken = {"taken": "yes", "taken_at": "22:20"} if night >= 7 else {}
            answers = taken | {"guess": "?", "caffeine_mg": "80", "travel": "yes" if night in TRIP else "no"}
            write_down(folder, START + timedelta(days=night), answers, now=at(night, 22))

    # While it ran no line named an arm, and the look could not give a verdict.
    text = "\n".join(lines).replace("nothing to take", "")
    assert "kit 18-" in text
    assert not any(arm.label in text for arm in folder.protocol.arms)
    assert look.decision.stop is False
    assert look.decision.said.startswith("after block 4: go on; the widest posterior SD of two arms is ")
    assert look.refused
    assert look.data.arms == ("A", "B", "C")
    assert set(look.data.analysed(look.data.outcomes[0])["block"]) == {1, 2, 3, 4}
    assert "Planned look after block 4: go on" in page
    assert SEED not in page
    with pytest.raises(GateError, match="knowing the arms spoils the nights to come"):
        unblind(
            folder,
            key,
            "curious",
            now=at(LOOK),
        )

    # The end: the last import, the key, the report.
    export("last.csv", range(LOOK, END), HOME)
    folder = open_folder(folder.path)
    evidence = gather_evidence(read_trial(folder.path, now=at(END, 12)))
    findings = check_quality(evidence)
    missing = [night for finding in findings if finding.check == "missing" for night in finding.nights]
    assert missing == [START + timedelta(days=night) for night in MISSED_WEEK]
    far = next(finding for finding in findings if "by more than an hour" in finding.said)
    assert far.nights == tuple(START + timedelta(days=night) for night in (TRIP[0], TRIP[-1] + 1))
    unblind(
        folder,
        key,
        "it is over",
        now=at(END, 13),
    )
    folder = open_folder(folder.path)
    data = read_trial(folder.path, now=at(END, 13)).data
    worn = person.table["present"] & ~number.isin(MISSED_WEEK)
    assert list(data.table["tst_min"].isna()) == list(~worn)
    assert list(data.table.loc[worn, "tst_min"]) == list(person.table.loc[worn, "tst_min"])  # no night moved
    assert list(data.table["arm"]) == list(drawn.table["arm"])
    fit_folder(read_trial(folder.path, now=at(END, 13)), on_stage=lambda name, stage: None)
    answer = report_folder(read_trial(folder.path, now=at(END, 13)))
    page = folder.report.read_text()

    assert not answer.refused
    by_contrast = {str(effect.contrast): effect for effect in answer.effects[0].contrasts}
    assert by_contrast["magnesium-glycinate vs none"].verdict == "worth it"
    assert (
        by_contrast["magnesium-glycinate vs none"].low < 45 < by_contrast["magnesium-glycinate vs none"].high
    )
    assert "what was hidden from you came out before the end" in by_contrast["glycine vs none"].reasons
    assert "you knew what you were taking" not in by_contrast["glycine vs none"].reasons
    for printed in (
        SEED,
        folder.commitment,
        "two weeks of work in another town",
        "a capsule broke",
        "it is over",
    ):
        assert printed in page
    events = [line.kind for line in read_log(folder)]
    assert events.count("diary") == END - len(MISSED_WEEK)
    assert [event for event in events if event not in ("diary", "import")] == [
        "trial made",
        "amendment",
        "unblinded by accident",
        "fit",
        "planned look",
        "report",
        "unblinded",
        "fit",
        "report",
    ]
    print(f"{END} evenings, {len(events)} lines of the log, two fits: {time.perf_counter() - started:.0f} s")
