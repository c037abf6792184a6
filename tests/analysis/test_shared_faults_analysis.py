"""Tables that once crashed, were refused or got a wrong verdict: what is expected of each, by the fast engine.

Of every kind one table is made here, and the one that showed the fault is looked at where it lies beside the project.
"""

from datetime import date, timedelta

import numpy as np
import pytest
from fast_tables import fast_analysis, fast_fitted
from paths import SHARED

from n1trial.analysis.checks import Case, checks
from n1trial.analysis.effects import estimate_effects
from n1trial.cohort import Person, gather
from n1trial.data.read_table import read_people, read_table
from n1trial.errors import TableError
from n1trial.inference.inla import fast_fit
from n1trial.report.render.terminal_report import answer_lines

FAULTS = SHARED / "data" / "faults_analysis"
RANDOMISATION = checks()["randomisation"]
MADE, SHARED = "made here", "shared"
ALTERNATING, WEEKS = "ab" * 6, ("a" * 7 + "b" * 7) * 2 + ("b" * 7 + "a" * 7) * 2


@pytest.fixture(params=[MADE, SHARED])
def table(request, tmp_path):
    """Path of a table: the shared one of a folder, or one with the lines that are given."""

    def placed(name, lines):
        if request.param == MADE:
            path = tmp_path / "nights.csv"
            path.write_text("\n".join(lines) + "\n")
            return path
        path = FAULTS / name
        if not path.is_file():
            pytest.skip("the shared faults are not beside the project")
        return path

    return placed


def rows(arms, values, *, head="night,arm,tst_min", first=date(2026, 1, 5), block_nights=0):
    """A line a night, of two arms called none and x where the letters are a and b."""
    names = {"a": "none", "b": "x"}
    lines = [f"{head},block" if block_nights else head]
    for day, (arm, value) in enumerate(zip(arms, values, strict=True)):
        block = f",{1 + day // block_nights}" if block_nights else ""
        lines.append(f"{first + timedelta(days=day)},{names.get(arm, arm)},{value}{block}")
    return lines


def minutes(nights, *, seed=7, step=1):
    return [
        step * round(value / step) for value in 430 + 45 * np.random.default_rng(seed).standard_normal(nights)
    ]


def read(path, **columns):
    named = {"night": "night", "arm": "arm", "reference": "none", "outcome": "tst_min"} | columns
    return read_table(path, **named)


def test_a_table_without_blocks_has_its_report(table, tmp_path):
    path = table("01-analyse-without-block-crashes/nights.csv", rows("cd" * 6, minutes(12)))
    arms = sorted({line.split(",")[1] for line in path.read_text().splitlines()[1:]})
    data = read(path, reference=arms[0])
    analysis = fast_analysis(data, tmp_path / "report.html")
    assert not analysis.refused
    assert "12 nights were planned for the comparison" in "\n".join(answer_lines(data, analysis.effects))
    assert (tmp_path / "report.html").stat().st_size > 10_000


def test_a_wider_prior_moves_the_answer_of_one_person(table):
    scores = [5 + 0.8 * (arm == "x") + 0.1 * (day * 5 % 7) for day, arm in enumerate("cxxc" * 6)]
    lines = rows(
        "cxxc" * 6, [f"{score:.1f}" for score in scores], head="night,arm,score_1to10", block_nights=2
    )
    path = table("02-prior-width-ignored-for-one-person/nights.csv", lines)
    by_width = {}
    for width in (1.0, 5.0):
        data = read(path, reference="c", outcome="score_1to10", block="block", prior_width=width)
        by_width[width] = fast_fit(data, data.outcomes[0]).contrast(data.treatments[0])
    assert by_width[5.0].mean > 1.3 * by_width[1.0].mean
    if FAULTS in path.parents:
        # By a Gaussian model with that prior written beside the table: .79 (.31), with blocks that are drawn together.
        assert by_width[5.0].mean == pytest.approx(0.79, abs=0.04)
        assert 0.2 < by_width[5.0].sd < 0.35


def test_people_who_all_had_one_arm_after_the_other_have_no_verdict(table):
    head = "who,night,arm,tst_min"
    recovering = [[330 + 2 * day + 7 * (day * person % 11) for day in range(28)] for person in range(1, 9)]
    lines = [head] + [
        f"P{person},{line}"
        for person, values in enumerate(recovering)
        for line in rows("a" * 14 + "b" * 14, values)[1:]
    ]
    path = table("03-cohort-verdict-without-design/nights.csv", lines)
    people, _ = read_people(path, person="who", arm="arm", reference="none", outcome="tst_min", night="night")
    cohort = gather([Person(name=name, data=data) for name, data in people.items()], "tst_min")
    assert len(cohort.people) == 8
    assert "and the calendar cannot be told apart" in "; ".join(map(str, cohort.problems))


def test_an_arm_that_is_the_weekend_has_no_verdict(table):
    weekend = "aaaabba" * 12
    values = [400 + 45 * (arm == "b") + value % 13 for arm, value in zip(weekend, minutes(84), strict=True)]
    path = table("07-arm-is-the-weekend/nights.csv", rows(weekend, values, block_nights=7))
    data = read(path, block="block")
    effects = estimate_effects(fast_fitted(data, data.outcomes[0]), data)
    assert {each.verdict for each in effects.contrasts} == {"no verdict"}
    assert "x and the weekday cannot be told apart (they go together on 84 of 84 nights)" in "; ".join(
        map(str, effects.problems)
    )
    assert not RANDOMISATION.applies(Case(data=data, outcome=data.outcomes[0]))


def test_sleep_in_hours_under_a_name_that_says_minutes_is_refused(table):
    hours = [f"{value / 60:.2f}" for value in minutes(56)]
    path = table("08-hours-under-tst_min/nights.csv", rows(WEEKS, hours, block_nights=14))
    with pytest.raises(
        TableError, match=r"nights.csv: the median of tst_min is 7\.\d+: hours\? multiply by 60"
    ):
        read(path, block="block")


def test_a_diary_in_whole_hours_has_its_answer(table):
    values = [420 + 60 * ((day * 3 % 7) < 3 + (arm == "b")) for day, arm in enumerate(WEEKS + WEEKS[:28])]
    path = table("12-ties-refused/nights.csv", rows(WEEKS + WEEKS[:28], values, block_nights=14))
    data = read(path, block="block")
    effects = estimate_effects(fast_fitted(data, data.outcomes[0]), data)
    assert effects.problems == ()
    nights = data.analysed(data.outcomes[0]).groupby("arm")["tst_min"].mean()
    assert effects.contrasts[0].low < nights["x"] - nights["none"] < effects.contrasts[0].high
    swaps = RANDOMISATION.run(Case(data=data, outcome=data.outcomes[0])).results[0]
    assert 0 < swaps.p <= 1
    if FAULTS in path.parents:
        assert swaps.p == pytest.approx(0.031, abs=0.0005)


def test_missing_nights_count_alike_with_and_without_their_rows(table):
    lines = rows(WEEKS, minutes(56), block_nights=14)
    gone = {8, 11, 23, 24, 25, 30, 31, 33}
    absent = [line for day, line in enumerate(lines, start=-1) if day not in gone]
    without = read(table("15-missing-nights-without-rows/nights.csv", absent), block="block")
    empty = [
        ",".join([*line.split(",")[:2], "", line.split(",")[3]]) if day in gone else line
        for day, line in enumerate(lines, start=-1)
    ]
    with_rows = read(table("15-missing-nights-without-rows/with_empty_rows.csv", empty), block="block")
    assert without.missing_share(without.outcomes[0]) == with_rows.missing_share(with_rows.outcomes[0]) > 0.1
    # The same table means the same fit, checks and words.
    assert without.table.equals(with_rows.table)
