"""A cycle and a roster, known before the dose: from protocol and diary to columns of every model."""

from dataclasses import replace
from datetime import date

import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner
from pretend import pretend_trial

from n1trial.cli import cli
from n1trial.data.diary import blank_diary, diary_columns, diary_csv, questions, read_diary, with_answers
from n1trial.data.nights import COLUMNS, Nights
from n1trial.data.trial_assembly import join_trial
from n1trial.design.calendar_columns import CYCLE_COLUMNS, calendar_columns, days_into_cycle
from n1trial.design.outcomes import OUTCOMES
from n1trial.design.protocol import Cycle, Protocol, Roster, protocol_dir, read_protocol
from n1trial.design.protocol_text import protocol_lines
from n1trial.design.schedule import randomise
from n1trial.errors import DiaryError, ProtocolError
from n1trial.inference.inla import Priors, fit_design, nights_of
from n1trial.inference.model_matrix import columns_of
from n1trial.inference.models import duration
from n1trial.trial_folder.printouts.sheet import sheet_html

SLEEP = OUTCOMES["tst_min"]
TEMPLATE = read_protocol("glycine-vs-magnesium-glycinate")
SHIFTS = Roster(column="shift", words=("early", "late", "night", "free"))
PROTOCOL = Protocol.model_validate(
    TEMPLATE.model_dump()
    | {"cycle": {"length_days": 28, "marks": "first_day"}, "roster": SHIFTS.model_dump()}
)
SCHEDULE = randomise(PROTOCOL, start=date(2026, 1, 5), seed="0" * 64)


@pytest.fixture
def read(tmp_path):
    def of(text):
        path = tmp_path / "diary.csv"
        path.write_text(text)
        return read_diary(path, PROTOCOL)

    return of


def phases(marked, nights=60, length=28):
    days = pd.Series(pd.date_range("2026-01-05", periods=nights, unit="s"))
    return days_into_cycle(days, days[marked], Cycle(length_days=length))


def test_days_are_counted_from_the_last_first_day_and_before_the_first_back_from_it():
    days = phases([10, 40])
    assert days[[10, 11, 37, 38, 39, 40, 41]].tolist() == [0, 1, 27, 0, 1, 0, 1]
    assert days[[9, 8]].tolist() == [27, 26]


def test_a_cycle_that_nobody_marks_again_goes_on_at_its_length():
    assert phases([0], length=20)[[19, 20, 39, 40]].tolist() == [19, 0, 19, 0]


def test_the_phase_is_on_a_circle_and_a_shift_a_word_of_the_roster():
    written = pd.DataFrame(
        {
            "night": pd.date_range("2026-01-05", periods=28, unit="s"),
            "first_day": pd.array([True, *[None] * 27], dtype="boolean"),
            "shift": ["early", "late", None, "free"] * 7,
        }
    )
    columns, notes = calendar_columns(written, PROTOCOL)
    assert notes == ()
    assert (columns[list(CYCLE_COLUMNS)] ** 2).sum(axis=1).to_numpy() == pytest.approx(1)
    assert columns["cycle_sine"][7] == pytest.approx(1)
    assert columns.loc[1, ["shift early", "shift late", "shift night", "shift free"]].tolist() == [0, 1, 0, 0]
    assert columns.loc[2, ["shift early", "shift night"]].isna().all()


def test_without_a_first_day_or_a_shift_a_note_says_that_neither_is_allowed_for():
    written = pd.DataFrame(
        {
            "night": pd.date_range("2026-01-05", periods=3, unit="s"),
            "first_day": pd.array([None, False, None], dtype="boolean"),
            "shift": [None, None, None],
        }
    )
    columns, notes = calendar_columns(written, PROTOCOL)
    assert columns.empty
    assert [note.split(" is ")[0] for note in notes] == ["No first day of the cycle", "No shift"]


def test_a_diary_asks_for_both_before_the_dose_and_reads_back_what_it_wrote(read):
    asked = [each.column for each in questions(PROTOCOL)]
    assert asked.index("first_day") < asked.index("shift") < asked.index("taken")
    assert {each.column: each.text for each in questions(PROTOCOL)}[
        "shift"
    ] == "Shift (early, late, night, free)"
    empty = read(blank_diary(SCHEDULE, PROTOCOL))
    answers = {"first_day": "yes", "shift": "NIGHT"}
    diary = with_answers(empty, PROTOCOL, date(2026, 1, 9), answers)
    again = read(diary_csv(diary, PROTOCOL))
    line = again.table[again.table["night"] == "2026-01-09"].iloc[0]
    assert (line["first_day"], line["shift"]) == (True, "night")
    pd.testing.assert_frame_equal(again.table, diary.table)


@pytest.mark.parametrize(
    ("cell", "message"),
    [
        ("maybe,early", "column first_day: neither yes nor no"),
        ("yes,nigth", "column shift: none of its words ('nigth'): choose from early, late, night, free"),
    ],
)
def test_what_is_no_answer_is_refused_by_line_and_column(read, cell, message):
    with pytest.raises(DiaryError) as caught:
        read(f"night,first_day,shift\n2026-01-05,,\n2026-01-06,{cell}\n")
    assert str(caught.value).startswith(f"diary.csv, line 3, {message}")


def test_a_second_first_day_too_soon_is_refused_by_line_and_column_and_by_log(read):
    text = "night,first_day\n2026-01-05,yes\n2026-01-06,no\n2026-01-08,yes\n2026-02-02,yes\n"
    with pytest.raises(DiaryError) as caught:
        read(text)
    assert str(caught.value) == (
        "diary.csv, line 4, column first_day: 2026-01-08 is 3 days after the first day 2026-01-05, in a cycle of 28:"
        " mark the first day only"
    )
    good = read(text.replace("2026-01-08,yes", "2026-01-08,"))
    with pytest.raises(DiaryError, match="first_day: 2026-01-06 is 1 days after"):
        with_answers(good, PROTOCOL, date(2026, 1, 6), {"first_day": "yes"})


@pytest.mark.parametrize(
    ("key", "value", "message"),
    [
        ("cycle", {"length_days": 2}, r"cycle\.length_days does not fit"),
        ("cycle", {"marks": "First Day"}, r"cycle\.marks does not fit"),
        ("cycle", {"marks": "caffeine_mg"}, r"cycle\.marks: 'caffeine_mg' is a column already"),
        ("cycle", {"marks": "night"}, r"cycle\.marks: 'night' is a column already"),
        ("roster", {"words": ["late"]}, r"roster\.words has 1 entries: give 2 or more"),
        ("roster", {"words": ["late", "Late"]}, "a word stands twice"),
        ("roster", {"words": ["late", ""]}, "1 to 20 letters"),
        ("roster", {"shifts": ["a"]}, "is not a key of a protocol"),
    ],
)
def test_a_protocol_that_asks_for_what_cannot_be_is_refused_in_one_line(tmp_path, key, value, message):
    text = (protocol_dir() / f"{TEMPLATE.name}.yaml").read_text()
    path = tmp_path / "mine.yaml"
    path.write_text(f"{text}\n{key}: {value}\n".replace("'", '"'))
    with pytest.raises(ProtocolError, match=message) as caught:
        read_protocol(path)
    assert "\n" not in str(caught.value)


def test_a_column_of_the_diary_cannot_be_that_of_the_cycle():
    other = PROTOCOL.model_copy(update={"cycle": Cycle(marks="stomach")})
    with pytest.raises(DiaryError, match=r"cycle\.marks 'stomach' is already a column of the diary"):
        diary_columns(other)


def test_protocols_without_either_keep_their_fingerprint_and_others_have_their_own():
    plain = TEMPLATE.model_dump()
    for key, value in (("cycle", {}), ("roster", {})):
        assert Protocol.model_validate(plain | {key: None}).sha256 == TEMPLATE.sha256
        assert Protocol.model_validate(plain | {key: value}).sha256 != TEMPLATE.sha256


def test_sheet_and_text_name_what_is_to_be_written_down():
    assert {"first day", "shift"} <= set(sheet_html(SCHEDULE, PROTOCOL).replace("<", ">").split(">"))
    text = "\n".join(protocol_lines(PROTOCOL, details=True))
    assert "a cycle of 28 days, its first days marked as first_day" in text
    assert "shifts, written down as shift: early, late, night, free" in text


def test_a_joined_trial_has_the_columns_as_covariates(read):
    diary = read("night,first_day,shift\n2026-01-12,yes,late\n2026-01-13,,early\n")
    nights = SCHEDULE.table["night"]
    table = pd.DataFrame(dict.fromkeys(COLUMNS, np.nan), index=range(len(nights)))
    recorded = Nights(table.assign(night=nights, tst_min=400.0 + np.arange(len(nights)) % 9, flags=""))
    data = join_trial(SCHEDULE, recorded, PROTOCOL, diary)
    shifts = tuple(f"shift {word}" for word in SHIFTS.words)
    assert data.covariates == (*CYCLE_COLUMNS, *shifts)
    columns = columns_of(data, SLEEP)
    assert columns.coords["covariate"] == list(data.covariates)
    assert np.isfinite(columns.terms["covariates"]).all()
    assert tuple(duration.build(data, SLEEP).coords["covariate"]) == data.covariates


def test_log_asks_and_writes_it(tmp_path):
    mine = tmp_path / "mine.yaml"
    mine.write_text(
        (protocol_dir() / f"{TEMPLATE.name}.yaml").read_text()
        + "\ncycle: {length_days: 28, marks: first_day}\nroster: {column: shift, words: [early, free]}\n"
    )
    folder = str(tmp_path / "trial")
    run = CliRunner()
    made = run.invoke(
        cli,
        ["new", folder, "-p", str(mine), "--start", "2027-01-04", "--home-zone", "UTC"],
        catch_exceptions=False,
    )
    assert made.exit_code == 0, made.output
    arguments = ["log", folder, "--yes", "--night", "2027-01-04", "--set", "first_day=yes", "--set"]
    assert "none of its words" in str(run.invoke(cli, [*arguments, "shift=late"]).exception)
    result = run.invoke(cli, [*arguments, "shift=free"], catch_exceptions=False)
    assert result.exit_code == 0
    assert "first_day yes, shift free" in result.output


def cycling(amplitude, seed, *, allowed_for):
    """Nights that follow a cycle of 28 days, with or without its columns."""
    rng = np.random.default_rng(seed)
    data = pretend_trial(sd=50.0, seed=seed)
    days = data.table["day"].to_numpy() + rng.integers(28)
    data.table["tst_min"] += amplitude * np.sin(2 * np.pi * days / 28 + rng.uniform(0, 2 * np.pi))
    columns = dict(
        zip(CYCLE_COLUMNS, (np.sin(2 * np.pi * days / 28), np.cos(2 * np.pi * days / 28)), strict=True)
    )
    table = data.table.assign(**columns)
    return replace(data, table=table, covariates=CYCLE_COLUMNS if allowed_for else ())


def test_an_answer_is_surer_where_a_strong_cycle_is_allowed_for():
    sds = [
        np.mean(
            [fit_design(*nights_of(cycling(40.0, seed, allowed_for=known), SLEEP)).sd for seed in range(8)]
        )
        for known in (False, True)
    ]
    assert sds[1] < 0.95 * sds[0]


def shifts_of(seed, *, allowed_for):
    """Nights by shifts that change from week to week: 50 min less before early ones, 50 more on free days."""
    rng = np.random.default_rng(seed)
    data = pretend_trial(sd=50.0, seed=seed)
    words = np.array(SHIFTS.words[:3])[(data.table["day"].to_numpy() // 7 + rng.integers(3)) % 3]
    level = pd.Series(words).map({"early": -50.0, "late": 0.0, "night": 50.0}).to_numpy()
    columns = {f"shift {word}": (words == word).astype(float) for word in SHIFTS.words}
    table = data.table.assign(tst_min=data.table["tst_min"] + level, **columns)
    return replace(data, table=table, covariates=tuple(columns) if allowed_for else ())


def test_an_answer_is_surer_where_shifts_are_allowed_for():
    sds = [
        np.mean([fit_design(*nights_of(shifts_of(seed, allowed_for=known), SLEEP)).sd for seed in range(8)])
        for known in (False, True)
    ]
    assert sds[1] < 0.95 * sds[0]


@pytest.mark.slow
@pytest.mark.parametrize("simulate", [cycling, shifts_of], ids=["cycle", "roster"])
def test_intervals_cover_and_nothing_is_announced_once_the_calendar_is_allowed_for(simulate):
    rng, trials = np.random.default_rng(1), 500
    inside, announced = 0, 0
    for seed in range(trials):
        data = (
            simulate(40.0, seed, allowed_for=True)
            if simulate is cycling
            else simulate(seed, allowed_for=True)
        )
        design, y = nights_of(data, SLEEP)
        effects = np.array([0.0, *(Priors().effect_sd * rng.standard_normal(2))])
        fit = fit_design(design, y + effects[design.arm])
        inside += np.sum(np.abs(fit.mean - effects[1:]) <= 1.96 * fit.sd)
        nothing = fit_design(design, y)
        chances = [nothing.contrast(arm).chances(sign=1, mid=SLEEP.mid) for arm in data.treatments]
        announced += any(each.better >= 0.96 and each.worthwhile >= 0.5 for each in chances)
    print(f"{simulate.__name__}: covers {inside / trials / 2:.3f}, any arm worth it {announced / trials:.3f}")
    assert inside / trials / 2 >= 0.93
    assert announced / trials <= 0.05
