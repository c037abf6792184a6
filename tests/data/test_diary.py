from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from n1trial.data.diary import (
    COLUMNS,
    Diary,
    answer_doubt,
    answer_problem,
    blank_diary,
    diary_columns,
    diary_csv,
    questions,
    read_diary,
    with_answers,
)
from n1trial.data.diary.amounts import limits_of
from n1trial.design.protocol import Protocol, read_protocol
from n1trial.design.schedule import randomise
from n1trial.errors import DiaryError


@pytest.fixture(scope="module")
def protocol() -> Protocol:
    return read_protocol("glycine-vs-magnesium-glycinate")


@pytest.fixture
def written(tmp_path, protocol):
    """Read a diary from text or bytes, as a person's spreadsheet saved it."""

    def read(content: str | bytes) -> pd.DataFrame:
        path: Path = tmp_path / "diary.csv"
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return read_diary(path, protocol).table

    return read


def test_a_blank_diary_has_a_row_a_planned_night_and_names_no_arm(protocol):
    text = blank_diary(randomise(protocol, start=date(2026, 1, 5), seed="0" * 64), protocol)
    lines = text.splitlines()
    assert len(lines) == 1 + protocol.planned_nights
    assert lines[1].startswith("2026-01-05,,,")
    assert not any(arm in text for arm in ("glycine", "magnesium"))


def test_a_blank_diary_reads_back_as_nights_with_nothing_recorded(written, protocol):
    table = written(blank_diary(randomise(protocol, start=date(2026, 1, 5), seed="0" * 64), protocol))
    assert len(table) == protocol.planned_nights
    assert table.drop(columns="night").isna().all(axis=None)


def test_an_empty_cell_is_not_recorded_and_a_zero_is_zero(written):
    table = written("night,taken,awakenings,caffeine_mg\n2026-01-05,,,\n2026-01-06,no,0,0\n")
    assert table["taken"].isna()[0]
    assert table["taken"][1] is not pd.NA
    assert not table["taken"][1]
    assert table["awakenings"].isna().tolist() == [True, False]
    assert table["caffeine_mg"][1] == 0


@pytest.mark.parametrize("yes", ["yes", "Ja", "1", "x", "TRUE", "WAHR", " y "])
def test_yes_may_be_written_in_many_ways(written, yes):
    assert written(f"night,taken\n2026-01-05,{yes}\n")["taken"][0]


@pytest.mark.parametrize("no", ["no", "Nein", "0", "FALSCH"])
def test_no_may_be_written_in_many_ways(written, no):
    assert not written(f"night,taken\n2026-01-05,{no}\n")["taken"][0]


@pytest.mark.parametrize(
    "save",
    [
        pytest.param(lambda text: text.encode("utf-8-sig"), id="byte order mark"),
        pytest.param(lambda text: text.encode("utf-16"), id="UTF-16"),
        pytest.param(lambda text: text.replace("\n", "\r\n").encode(), id="CRLF"),
        pytest.param(lambda text: text.replace("\n", "\r").encode(), id="old Mac"),
        pytest.param(lambda text: (text + ";;;\n;;;\n").encode(), id="empty rows"),
        pytest.param(lambda text: text.replace("\n", ";;\n").encode(), id="empty columns"),
        pytest.param(lambda text: text.replace(";", "\t").encode(), id="tabs"),
    ],
)
def test_a_diary_survives_a_spreadsheet(written, save):
    table = written(save("Night;TAKEN_AT;alcohol_units;notes\n05.01.2026;22:15:00;2,5;spät\n"))
    assert table["night"][0] == pd.Timestamp(2026, 1, 5)
    assert table["taken_at"][0] == "22:15"
    assert table["alcohol_units"][0] == 2.5
    assert table["notes"][0] == "spät"


@pytest.mark.parametrize(
    "day",
    [
        "2026-01-25",
        "25.01.2026",
        "25.1.2026",
        "25/1/2026",
        "1/25/2026",
        "25.01.26",
        "So 25.01.2026",
        '"Sun, 1/25/2026"',
        '"Sonntag, 25.1.26"',
    ],
)
def test_dates_that_can_be_read_in_one_way_are_read(written, day):
    assert written(f"night\n{day}\n")["night"][0] == pd.Timestamp(2026, 1, 25)


def test_times_may_have_am_and_pm(written):
    table = written("night,taken_at\n2026-01-05,10:15 PM\n2026-01-06,12:05 a.m.\n")
    assert table["taken_at"].tolist() == ["22:15", "00:05"]


@pytest.mark.parametrize(
    ("column", "cell", "message"),
    [
        ("night", "3/4/2026", "day and month cannot be told apart"),
        ("night", "31.02.2026", "no such date"),
        ("night", "05.01.206", "not a date"),
        ("night", "Mo 06.01.2026", "2026-01-06 is a Tuesday"),
        ("taken", "maybe", "neither yes nor no"),
        ("taken_at", "24:00", "not a time of day"),
        ("taken_at", "0.927083", "not a time of day"),
        ("guess", "aspirin", "no arm of that name"),
        ("confidence", "11", "not between 0 and 10"),
        ("stress_0_to_10", "12", "not between 0 and 10"),
        ("awakenings", "1.5", "not a whole number"),
        ("caffeine_mg", "1.000", "may mean a thousand"),
        ("caffeine_mg", "-5", "not a number of 0 or more"),
        ("caffeine_mg", "lots", "not a number of 0 or more"),
        ("ill", "maybe", "neither yes nor no nor a number"),
    ],
)
def test_a_cell_that_cannot_be_read_is_named_with_line_column_and_value(written, column, cell, message):
    night = "" if column == "night" else "2026-01-05"
    header, row = ("night", cell) if column == "night" else (f"night,{column}", f"{night},{cell}")
    with pytest.raises(DiaryError) as caught:
        written(f"{header}\n{row}\n")
    assert str(caught.value).startswith(f"diary.csv, line 2, column {column}: {message}")
    assert repr(cell) in str(caught.value)
    assert "\n" not in str(caught.value)


def test_all_problems_are_listed_at_once(written):
    with pytest.raises(DiaryError) as caught:
        written("night,taken,awakenings\n2026-01-05,maybe,x\n2026-13-05,no,1\n")
    assert [line.split(":")[0] for line in str(caught.value).splitlines()] == [
        "diary.csv, line 2, column taken",
        "diary.csv, line 2, column awakenings",
        "diary.csv, line 3, column night",
    ]


def test_of_many_problems_ten_lines_are_shown(written):
    with pytest.raises(DiaryError, match="11 more problems") as caught:
        written("night\n" + "tomorrow\n" * 20)
    assert len(str(caught.value).splitlines()) == 10


def test_a_night_written_twice_names_both_lines(written):
    with pytest.raises(DiaryError, match=r"line 4, column night: 2026-01-05 stands on line 2 too"):
        written("night\n2026-01-05\n2026-01-06\n05.01.2026\n")


def test_lines_are_counted_as_an_editor_counts_them(written):
    with pytest.raises(DiaryError, match=r"line 5, column taken"):
        written('night,taken,notes\n2026-01-05,yes,"two\nlines"\n\n2026-01-06,perhaps,\n')


def test_an_unquoted_decimal_comma_is_refused_not_shifted(written):
    with pytest.raises(DiaryError, match=r"line 2: 3 cells under 2 columns"):
        written("night,alcohol_units\n2026-01-05,2,5\n")


def test_a_misspelt_column_is_never_taken_for_ones_own(written):
    with pytest.raises(DiaryError, match=r"line 1: no column is called 'cafeine_mg': write caffeine_mg"):
        written("night,cafeine_mg\n2026-01-05,80\n")


def test_a_column_of_ones_own_is_kept_and_used_for_nothing(tmp_path, protocol):
    path = tmp_path / "diary.csv"
    path.write_text("night,taken,Mood today\n2026-01-05,yes,=fine\n2026-01-06,no,\n")
    diary = with_answers(read_diary(path, protocol), protocol, date(2026, 1, 6), {"taken": "yes"})
    assert diary.own_line == "columns of your own, kept and used for nothing: Mood today"
    assert "Mood today" not in diary.table
    path.write_text(diary_csv(diary, protocol))
    assert read_diary(path, protocol).own == {"Mood today": {date(2026, 1, 5): "=fine"}}


TRIAL = {date(2026, 10, 5) + timedelta(days=day) for day in range(133)}


@pytest.mark.parametrize(
    ("cells", "nights", "first"),
    [
        (["10/5/2026", "10/16/2026"], (), date(2026, 10, 5)),
        (["5/10/2026", "16/10/2026"], (), date(2026, 10, 5)),
        (["10/5/2026", "10/6/2026"], TRIAL, date(2026, 10, 5)),
        (["5/10/26", "6/10/26"], TRIAL, date(2026, 10, 5)),
    ],
)
def test_dates_that_one_file_or_the_schedule_settles_are_read(tmp_path, protocol, cells, nights, first):
    path = tmp_path / "diary.csv"
    path.write_text("\n".join(["night", *cells]))
    assert read_diary(path, protocol, nights=nights).table["night"][0].date() == first


@pytest.mark.parametrize(
    ("cells", "nights"),
    [
        (["10/5/2026", "10/6/2026"], ()),
        (["10/11/2026"], TRIAL),  # 10 November and 11 October are both nights of it
        (["10/5/2026", "10/16/2026", "16/10/2026"], TRIAL),
    ],
)
def test_dates_that_nothing_settles_are_refused(tmp_path, protocol, cells, nights):
    path = tmp_path / "diary.csv"
    path.write_text("\n".join(["night", *cells]))
    with pytest.raises(DiaryError, match="day and month cannot be told apart"):
        read_diary(path, protocol, nights=nights)


def test_a_time_may_have_a_point(written):
    assert written("night,taken_at\n2026-01-05,22.15\n")["taken_at"][0] == "22:15"


@pytest.mark.parametrize("name", ["caffeine_mg", "alcohol_units", "exercise_min", "awakenings"])
def test_an_amount_that_is_possible_but_unlikely_is_doubted(protocol, name):
    likely = limits_of(name).likely
    assert answer_doubt(protocol, name, f"{likely:.0f}") == ""
    assert answer_problem(protocol, name, f"{likely + 1:.0f}") == ""
    assert f"{name} {likely + 1:,.0f} is a lot" in answer_doubt(protocol, name, f"{likely + 1:.0f}")


def test_nobody_is_asked_to_guess_what_is_not_hidden(protocol):
    asked = {each.column for each in questions(protocol, hidden=False)}
    assert not {"guess", "confidence"} & asked
    assert {"guess", "confidence"} <= {each.column for each in questions(protocol, hidden=True)}


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "no column night"),
        (b"taken\nyes\n", "no column night"),
        (b"night,night\n", "column night stands twice"),
        (b"night,taken\n,yes\n", "line 2, column night: no date"),
        ("night,notes\n2026-01-05,früh".encode("mac-roman"), "not UTF-8 text: save it as CSV UTF-8"),
        ("night,notes\n2026-01-05,рано".encode("cp1251"), "not UTF-8 text"),
        ("night,notes\n2026-01-05,früh".encode() + b"\n2026-01-06,fr\xfch", "not UTF-8 text"),
        (b'night,notes\n2026-01-05,"never closed\n', "line 2: not CSV from here on"),
        (b"night,,\n2026-01-05,,5\n", "line 2: no column name above"),
    ],
)
def test_a_file_that_is_no_diary_says_why(written, content, message):
    with pytest.raises(DiaryError, match=message):
        written(content)


def test_plain_csv_of_a_western_windows_is_read_and_named_until_it_is_written_again(tmp_path, protocol):
    path = tmp_path / "diary.csv"
    path.write_bytes("night;side_effects;notes\n05.01.2026;Übelkeit – 5 €;früh müde\n".encode("cp1252"))
    diary = read_diary(path, protocol)
    assert diary.table[["side_effects", "notes"]].to_numpy().tolist() == [["Übelkeit – 5 €", "früh müde"]]
    (note,) = diary.notes
    assert note.startswith("diary.csv is no UTF-8 text and is read as Windows text (Windows-1252)")
    again = with_answers(diary, protocol, date(2026, 1, 6), {"taken": "yes"})
    path.write_text(diary_csv(again, protocol), encoding="utf-8")
    assert read_diary(path, protocol).notes == ()
    assert "früh müde" in path.read_text(encoding="utf-8")


def test_a_missing_file_is_an_error_of_one_line(tmp_path, protocol):
    with pytest.raises(DiaryError, match="cannot be read"):
        read_diary(tmp_path / "none.csv", protocol)


def test_a_guess_is_an_arm_by_name_or_label_or_dont_know(written):
    rows = "".join(f"2026-01-{day:02},{guess}\n" for day, guess in enumerate(("Glycine", "nothing", "?"), 5))
    assert written("night,guess\n" + rows)["guess"].tolist() == ["glycine", "none", "?"]


def test_a_confounder_may_be_an_amount_or_a_yes(written):
    table = written("night,ill,exercise_min\n2026-01-05,x,45\n2026-01-06,nein,0\n")
    assert table["ill"].tolist() == [1, 0]
    assert table["exercise_min"].tolist() == [45, 0]


NO_AMOUNTS = [
    ("caffeine_mg", "yes", "how many mg"),
    ("caffeine_mg", "8000000", "more than is possible in a day"),
    ("alcohol_units", "400", "more than is possible in a day"),
    ("exercise_min", "ja", "how many min"),
]


@pytest.mark.parametrize(("column", "cell", "message"), NO_AMOUNTS)
def test_what_earlier_versions_took_for_an_amount_is_refused_as_an_answer(protocol, column, cell, message):
    assert message in answer_problem(protocol, column, cell)


@pytest.mark.parametrize(("column", "cell", "message"), NO_AMOUNTS)
def test_a_diary_of_before_opens_with_a_note_of_what_is_no_amount(tmp_path, protocol, column, cell, message):
    path = tmp_path / "diary.csv"
    path.write_text(f"night,taken,{column}\n2026-01-05,yes,{cell}\n2026-01-06,no,3\n")
    diary = read_diary(path, protocol)
    assert diary.table["taken"].tolist() == [True, False]
    assert diary.table[column].isna().tolist() == [True, False]
    (note,) = diary.notes
    assert note.startswith(
        f"diary: {column} of 2026-01-05 is no possible amount ({cell!r}) and counts as not recorded"
    )


def test_what_is_no_amount_stays_in_the_file_until_its_own_cell_is_answered(tmp_path, protocol):
    path = tmp_path / "diary.csv"
    path.write_text("night,taken,caffeine_mg\n2026-01-05,yes,yes\n2026-01-06,no,yes\n")
    for night, answers, left in (
        (date(2026, 1, 6), {"ill": "no"}, 2),
        (date(2026, 1, 5), {"caffeine_mg": "80"}, 1),
        (date(2026, 1, 6), {"caffeine_mg": ""}, 0),
    ):
        path.write_text(
            diary_csv(with_answers(read_diary(path, protocol), protocol, night, answers), protocol)
        )
        assert len(read_diary(path, protocol).notes) == left
    assert read_diary(path, protocol).table["caffeine_mg"].tolist()[0] == 80


def test_many_cells_that_are_no_amounts_are_counted(tmp_path, protocol):
    path = tmp_path / "diary.csv"
    path.write_text("night,caffeine_mg\n" + "".join(f"2026-01-{day:02},yes\n" for day in range(5, 15)))
    assert read_diary(path, protocol).notes[-1] == "diary: 7 more such cells"


def test_what_is_written_reads_back_even_if_a_spreadsheet_would_run_it(written, protocol):
    table = written(
        'night,taken,guess,confidence,notes,ill\n2026-01-05,yes,?,7,"\'=1+1, ""a""",1\n2026-01-06,,,,,\n'
    )
    text = diary_csv(Diary(table=table), protocol)
    assert "'=1+1" in text
    assert table["notes"][0] == '=1+1, "a"'
    pd.testing.assert_frame_equal(written(text), table)


CELLS = st.sampled_from(
    ["", "2026-01-05", "3/4/2026", "x", "2,5", "22:15", '"', "'=1", "٣", "\ud800", "1e9", "?", "\x00"]
)
ROWS = st.lists(st.lists(CELLS | st.text(max_size=8), max_size=5).map(";".join), max_size=4).map("\n".join)


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    content=ROWS.map(lambda rows: f"night;taken;taken_at;ill;notes\n{rows}".encode("utf-8", "replace"))
    | st.binary()
)
def test_any_file_is_read_or_refused_in_ten_lines(written, content):
    problems = ""
    try:
        assert written(content)["night"].is_unique
    except DiaryError as error:
        problems = str(error)
    assert len(problems.splitlines()) <= 10


def test_rows_are_put_in_calendar_order(written):
    assert written("night\n2026-01-06\n2026-01-05\n")["night"].is_monotonic_increasing


def test_a_confounder_cannot_take_the_name_of_another_column(protocol):
    with pytest.raises(DiaryError, match="'Notes' is already a column"):
        diary_columns(protocol.model_copy(update={"confounders": ("Notes",)}))
    assert diary_columns(protocol)[: len(COLUMNS)] == COLUMNS


def test_answers_go_into_one_line_and_leave_the_others_as_they_were(written, protocol):
    before = written(
        'night,taken,taken_at,alcohol_units,notes,ill\n2026-01-05,yes,22:15,2.5,"a, b",no\n2026-01-06,,,0,,\n'
    )
    answers = {"taken": "no", "ALCOHOL_UNITS": "1,5", "guess": "?"}
    after = with_answers(Diary(table=before), protocol, date(2026, 1, 6), answers).table
    pd.testing.assert_frame_equal(after.loc[[0]], before.loc[[0]])
    assert (after["taken"][1], after["alcohol_units"][1], after["guess"][1]) == (False, 1.5, "?")
    assert len(with_answers(Diary(table=after), protocol, date(2026, 1, 4), {"taken": "yes"}).table) == 3


def test_an_empty_answer_takes_one_back_and_others_of_the_line_stay(written, protocol):
    before = Diary(table=written("night,taken,caffeine_mg,notes\n2026-01-05,yes,80,early\n"))
    after = with_answers(before, protocol, date(2026, 1, 5), {"caffeine_mg": ""}).table
    assert after["caffeine_mg"].isna()[0]
    assert (after["taken"][0], after["notes"][0]) == (True, "early")


def test_every_wrong_answer_is_named_and_nothing_is_written(written, protocol):
    with pytest.raises(DiaryError) as refused:
        with_answers(
            Diary(table=written("night\n2026-01-05\n")),
            protocol,
            date(2026, 1, 5),
            {"taken_at": "25:00", "coffee": "1", "night": "2026-01-06", "ill": "very"},
        )
    assert str(refused.value).splitlines()[0].startswith("diary of 2026-01-05: taken_at: not a time of day")
    assert len(str(refused.value).splitlines()) == 4


@example(units=Decimal("0.000001"))
@example(units=Decimal("1.125000"))
@given(units=st.decimals(min_value=0, max_value=100, places=6))
@settings(max_examples=50, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_number_is_the_same_after_it_was_written_and_read(written, protocol, units):
    table = with_answers(
        Diary(table=written("night\n")), protocol, date(2026, 1, 5), {"alcohol_units": f"{units:f}"}
    ).table
    assert written(diary_csv(Diary(table=table), protocol))["alcohol_units"][0] == float(units)
