import re
from datetime import date, timedelta

import pandas as pd
import pytest

from n1trial.data.read_table import read_people, read_table
from n1trial.design.contrast import Contrast
from n1trial.design.outcomes import OUTCOMES
from n1trial.errors import TableError
from n1trial.inference.aliasing import aliases
from n1trial.workflows.progress_text import preliminary_lines

ROWS = "date,arm,block,tst,wakes\n2026-01-01,a,1,400,2\n2026-01-02,a,1,410,3\n2026-01-03,b,1,430,1\n2026-01-04,b,1,,0\n"


def written(tmp_path, text):
    path = tmp_path / "mine.csv"
    path.write_text(text)
    return path


def read(path, **columns):
    return read_table(path, **({"arm": "arm", "reference": "a", "outcome": "tst"} | columns))


def test_a_period_is_a_run_of_nights_on_one_arm(tmp_path):
    data = read(written(tmp_path, ROWS), night="date", block="block")
    assert list(data.table["period"]) == [1, 1, 2, 2]
    assert data.arms == ("a", "b")


def test_a_night_without_the_outcome_is_in_the_ledger_not_in_the_analysis(tmp_path):
    data = read(written(tmp_path, ROWS))
    assert len(data.analysed(data.outcomes[0])) == 3
    assert list(data.ledger(data.outcomes[0])["became"]) == ["analysed"] * 3 + ["no record"]


def test_rows_are_put_in_the_order_of_their_dates(tmp_path):
    lines = ROWS.splitlines()
    shuffled = "\n".join([lines[0], lines[3], lines[1], lines[4], lines[2]]) + "\n"
    one, other = (read(written(tmp_path, text), night="date").table for text in (ROWS, shuffled))
    assert one.equals(other)


def test_a_date_that_stands_twice_is_named_and_both_rows_stay(tmp_path):
    data = read(written(tmp_path, ROWS + "2026-01-03,b,1,75,1\n"), night="date")
    assert len(data.table) == 5
    assert "2026-01-03 stands 2 times (430 and 75)" in data.notes[0]


def nights(text="", *, first=date(2026, 1, 5), column="tst", arms="aaabbbbbbaaa", minutes=None):
    """A table of consecutive nights, one letter an arm."""
    lines = [
        f"{first + timedelta(days=day)},{arm},{minutes[day] if minutes else 400 + 7 * (day * 5 % 11)}"
        for day, arm in enumerate(arms)
    ]
    return "\n".join([f"date,arm,{column}", *lines]) + "\n" + text


@pytest.mark.parametrize("delimiter", [";", "\t", "|"])
@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "cp1252", "gb18030"])
def test_tables_are_read_as_spreadsheets_save_them(tmp_path, delimiter, encoding):
    text = ROWS.replace(",b,", ",Präparat,") if encoding != "gb18030" else ROWS.replace(",b,", ",甘氨酸,")
    path = tmp_path / "mine.csv"
    path.write_bytes(text.replace(",", delimiter).replace("\n", "\r\n").encode(encoding))
    plain = read(written(tmp_path / "..", text), night="date", block="block")
    data = read_table(path, arm="arm", reference=plain.arms[1], outcome="tst", night="date", block="block")
    assert {*data.arms} == {*plain.arms}
    assert data.table.equals(plain.table)


@pytest.mark.parametrize(
    "dates",
    [
        lambda day: f"{day.day}.{day.month}.{day.year}",
        lambda day: f"{day:%d.%m.%y}",
        lambda day: f"{day:%m/%d/%Y}",
        lambda day: f"{day:%d/%m/%Y}",
        lambda day: f"{day} 22:30",
        lambda day: f"{day}T22:30:00+01:00",
        lambda day: f"{day:%Y/%m/%d}",
        lambda day: f"{day:%Y%m%d}",
        lambda day: f"{day:%d-%b-%Y}",
        lambda day: f"{day:%A, %B %d, %Y}",
        lambda day: f"Mo {day:%d.%m.%Y}",
        lambda day: f"{day.day}. Januar {day.year}",
    ],
)
def test_dates_and_decimal_commas_of_spreadsheets_are_read(tmp_path, dates):
    plain = nights(minutes=[400.5 + day for day in range(12)])
    rows = [line.split(",") for line in plain.splitlines()[1:]]
    excel = "date;arm;tst\n" + "".join(
        f"{dates(date.fromisoformat(day))};{arm};{minutes.replace('.', ',')}\n" for day, arm, minutes in rows
    )
    expected = read(written(tmp_path, plain), night="date").table
    assert read(written(tmp_path, excel), night="date").table.equals(expected)


def test_a_first_line_that_names_the_separator_is_no_row(tmp_path):
    assert len(read(written(tmp_path, "sep=;\n" + ROWS.replace(",", ";"))).table) == 4


def test_dates_without_a_row_are_missing_nights_as_empty_rows_are(tmp_path):
    whole = nights(arms="aaaaaaabbbbbbb" * 3)
    gone = (1, 6, 7, 20, 21, 30)
    lines = whole.splitlines()
    absent = [line for day, line in enumerate(lines[1:]) if day not in gone]
    empty = [
        ",".join([*line.split(",")[:2], ""]) if day in gone else line for day, line in enumerate(lines[1:])
    ]
    one, other = (
        read(written(tmp_path, "\n".join([lines[0], *rows])), night="date") for rows in (absent, empty)
    )
    assert one.table.equals(other.table)
    assert one.missing_share(one.outcomes[0]) == pytest.approx(6 / 42)
    assert "6 dates have no row: they count as missing nights" in one.notes


def test_a_long_gap_is_a_pause_and_not_missing(tmp_path):
    text = nights(arms="aaabbb") + nights(first=date(2026, 3, 5), arms="aaabbb").split("\n", 1)[1]
    data = read(written(tmp_path, text), night="date")
    assert data.missing_share(data.outcomes[0]) == 0
    assert "no night from 2026-01-11 for 53 nights: taken as a pause of the trial" in data.notes[0]


def test_of_a_missing_night_between_nights_that_change_nobody_knows_the_arm(tmp_path):
    lines = nights(arms="abbaababba").splitlines()
    data = read(written(tmp_path, "\n".join(lines[:5] + lines[6:])), night="date", drawn="coin")
    assert list(data.table.loc[data.table["left_out"] != "", "arm"]) == [""]
    assert data.arms == ("a", "b")
    assert data.table["period"].is_unique


def test_rows_that_are_alike_count_once_where_they_have_dates(tmp_path):
    text = nights() + nights().splitlines()[3] + "\n"
    dated, dateless = read(written(tmp_path, text), night="date"), read(written(tmp_path, text))
    assert (len(dated.table), len(dateless.table)) == (12, 13)
    assert dated.notes[0] == "2026-01-07 stands 2 times in rows that are alike: counted once"
    all_twice = nights() + nights().split("\n", 1)[1]
    whole = read(written(tmp_path, all_twice), night="date")
    assert whole.table.equals(dated.table)
    assert whole.notes[0] == "12 dates stand several times in rows that are alike: each is counted once"


def test_arms_that_differ_in_capitals_or_blanks_are_one_arm_with_a_note(tmp_path):
    text = ROWS.replace("-02,a", "-02,A ").replace("-03,b", "-03,mg  300").replace("-04,b", "-04,Mg 300")
    data = read(written(tmp_path, text.replace("04,Mg 300,1,", "04,Mg 300,1,420")))
    assert data.arms == ("a", "mg  300")
    assert "'A' and 'a' differ only in capitals, blanks or zeros and are taken as one arm, a" in data.notes


def test_a_diary_with_several_entries_a_day_has_the_value_of_the_day_in_one_of_them(tmp_path):
    head, *lines = nights(arms="abbabaab").splitlines()
    thrice = [
        row for line in lines for row in (line.rsplit(",", 1)[0] + ",", line.rsplit(",", 1)[0] + ",-", line)
    ]
    one, other = (
        read(written(tmp_path, "\n".join([head, *rows])), night="date", drawn="coin")
        for rows in (lines, thrice)
    )
    assert one.table.equals(other.table)
    assert "16 rows without a value, of dates that have one in another row, are not nights" in other.notes[0]


def test_doses_are_arms_however_their_number_is_written(tmp_path):
    text = nights(arms=["0", "0.0", "400", "400.0"] * 3)
    assert read(written(tmp_path, text), reference="0", night="date").arms == ("0", "400")


def test_several_outcomes_have_each_their_own_kind_unit_and_direction(tmp_path):
    data = read(
        written(tmp_path, ROWS), outcome=("tst", "wakes"), kind=("continuous", "count"), unit=("min", "wakes")
    )
    sleep, wakes = data.outcomes
    assert (sleep.kind, sleep.unit, sleep.better) == ("continuous", "min", "higher")
    assert (wakes.kind, wakes.unit, wakes.better) == ("count", "wakes", "lower")
    with pytest.raises(TableError, match="--mid: 1 for 2 outcomes: give one for each, in their order"):
        read(written(tmp_path, ROWS), outcome=("tst", "wakes"), mid=15)


def test_an_outcome_of_a_known_name_is_of_its_own_kind_without_asking(tmp_path):
    text = ROWS.replace("wakes", "wake_episodes")
    assert read(written(tmp_path, text), outcome="wake_episodes").outcomes[0] == OUTCOMES["wake_episodes"]


@pytest.mark.parametrize(
    ("column", "minutes", "message"),
    [
        ("tst_min", [7.2] * 12, "the median of tst_min is 7.2: hours\\? multiply by 60"),
        ("tst_min", [27000] * 12, "the median of tst_min is 27,000: seconds\\?"),
        ("sleep_h", [430] * 12, "the median of sleep_h is 430: minutes\\?"),
        ("se_pct", [0.9] * 12, "the median of se_pct is 0.9: shares\\? multiply by 100"),
        ("sol_min", [0.25, 0.4] * 6, "the median of sol_min is 0.325: hours\\?"),
        ("waso_min", [2400] * 12, "the median of waso_min is 2,400: seconds\\?"),
        ("Total sleep minutes", [7.2] * 12, "the median of Total sleep minutes is 7.2: hours\\?"),
        (
            "tst_min",
            [400, 7.5] * 6,
            "line 3: tst_min is 7.5, and its median is 203.75: hours among minutes\\?",
        ),
        ("tst_min", [4200, *[420] * 11], "line 2: tst_min is 4200, and a night has 0 to 1440"),
        ("tst_min", [420, -1, *[420] * 10], "line 3: tst_min is -1, and a night has 0 to 1440"),
        ("se_pct", [*[91.5] * 11, 915], "line 13: se_pct is 915, and a night has 0 to 100"),
    ],
)
def test_nights_in_another_unit_than_their_name_says_are_refused(tmp_path, column, minutes, message):
    with pytest.raises(TableError, match=message):
        read(written(tmp_path, nights(column=column, minutes=minutes)), outcome=column, night="date")


@pytest.mark.parametrize(
    ("column", "minutes"),
    [
        ("tst_min", [400] * 11 + [7]),
        ("sol_min", [1, 0, 2] * 4),
        ("sol_min", [2.5, 0.5, 14.5] * 4),
        ("sleep score", [7.5] * 12),
        ("change_min", [-7.5] * 12),
    ],
)
def test_nights_that_may_well_be_as_short_are_read(tmp_path, column, minutes):
    data = read(written(tmp_path, nights(column=column, minutes=minutes)), outcome=column, night="date")
    assert list(data.table[column]) == minutes


def test_a_unit_behind_the_number_that_the_name_says_too_is_read(tmp_path):
    sleep = nights(column="tst_min", minutes=["431 min"] * 11 + ["390min"])
    assert set(read(written(tmp_path, sleep), outcome="tst_min").table["tst_min"]) == {431.0, 390.0}
    share = nights(column="se_pct", minutes=["91.5 %"] * 12)
    assert set(read(written(tmp_path, share), outcome="se_pct").table["se_pct"]) == {91.5}


@pytest.mark.parametrize(
    ("column", "asked", "unit"),
    [
        ("sleep_h", None, "h"),
        ("deep_min", None, "min"),
        ("score", None, "units"),
        ("tst_min", "minutes", "min"),
        ("sleep_h", "Hours", "h"),
    ],
)
def test_the_unit_is_the_one_that_the_name_says_or_that_was_given(tmp_path, column, asked, unit):
    text = nights(column=column, minutes=[430.0 if "min" in column else 7.5] * 12)
    assert read(written(tmp_path, text), outcome=column, unit=asked).outcomes[0].unit == unit


@pytest.mark.parametrize("name", ["day", "period", "flags", "left_out", "night", "device", "order", "run_in"])
def test_a_measured_column_or_covariate_may_have_a_name_that_every_trial_uses(tmp_path, name):
    plain = nights(column="x")
    one = read(written(tmp_path, plain), outcome="x", night="date")
    renamed = plain.replace("date,arm,x", f"date,arm,{name}")
    other = read(written(tmp_path, renamed), outcome=name, night="date")
    assert other.outcomes[0].label == name
    assert list(other.table[other.outcomes[0].name]) == list(one.table["x"])
    assert list(other.table["period"]) == list(one.table["period"])
    rows = [f"{row},{place % 3}" for place, row in enumerate(plain.splitlines()[1:])]
    text = "\n".join([f"date,arm,x,{name}", *rows])
    data = read(written(tmp_path, text), outcome="x", night="date", covariates=(name,))
    assert list(data.table[data.covariates[0]]) == [0, 1, 2] * 4


def test_a_covariate_that_never_changes_is_named(tmp_path):
    head, *rows = nights().splitlines()
    text = "\n".join([f"{head},caffeine", *(f"{row},80" for row in rows)])
    data = read(written(tmp_path, text), night="date", covariates=("caffeine",))
    assert "caffeine never changes in this table, so that nothing can be allowed for by it" in data.notes


def test_a_device_in_the_table_is_known_and_one_that_goes_with_an_arm_has_no_verdict(tmp_path):
    head, *rows = nights(arms="abbabaabbaab" * 2).splitlines()
    worn = ["ring" if ",a," in row else "watch" for row in rows]
    text = "\n".join([f"{head},Device", *(f"{row},{name}" for row, name in zip(rows, worn, strict=True))])
    data = read(written(tmp_path, text), night="date")
    assert list(data.table["device"]) == worn
    assert [alias.other for alias in aliases(data, data.outcomes[0])] == ["the device"]


def test_where_dates_are_weeks_apart_the_nights_between_were_not_planned(tmp_path):
    lines = [
        f"{date(2026, 1, 9) + timedelta(weeks=week)},{arm},{400 + week}"
        for week, arm in enumerate("abba" * 5)
    ]
    data = read(written(tmp_path, "\n".join(["date,arm,tst", *lines])), night="date")
    assert len(data.table) == 20
    assert data.missing_share(data.outcomes[0]) == 0
    assert "dates are mostly 7 nights apart: nights between them are taken as not planned" in data.notes


def test_people_whose_names_differ_in_capitals_or_blanks_are_one_with_a_note(tmp_path):
    names = ["Ann", "Ann", "ann", "Ben", "Ben ", "Ben"] * 2
    rows = [f"{name},{line}" for name, line in zip(names, nights().splitlines()[1:], strict=True)]
    text = "\n".join(["who,date,arm,tst", *rows])
    people, _ = read_people(
        written(tmp_path, text), person="who", arm="arm", reference="a", outcome="tst", night="date"
    )
    assert [*people] == ["Ann", "Ben"]
    assert (
        people["Ann"].notes[0]
        == "'Ann' and 'ann' differ only in capitals or blanks and are taken as one person"
    )


def test_a_pause_ends_a_period(tmp_path):
    text = nights(arms="aaabbb") + nights(first=date(2026, 3, 5), arms="bbbaaa").split("\n", 1)[1]
    periods = read(written(tmp_path, text), night="date").table["period"]
    assert "".join(map(str, periods)) == "111222333444"


def test_the_first_nights_are_the_run_in_by_number_or_by_column(tmp_path):
    text = nights()
    marked = "\n".join(
        f"{line},{mark}"
        for line, mark in zip(text.splitlines(), ["first", "x", "x", *[""] * 10], strict=False)
    )
    by_number = read(written(tmp_path, text), night="date", run_in=2)
    by_column = read(written(tmp_path, marked), night="date", run_in="first")
    assert list(by_number.ledger(by_number.outcomes[0])["became"])[:3] == ["run-in", "run-in", "analysed"]
    assert by_number.table.equals(by_column.table)


def test_the_first_nights_of_every_period_are_the_washout(tmp_path):
    data = read(written(tmp_path, nights()), night="date", washout_nights=1)
    assert "".join(reason[:1] or "." for reason in data.table["left_out"]) == "w..w.....w.."


def test_covariates_are_numbers_yes_or_no_or_words(tmp_path):
    head, *rows = nights().splitlines()
    cells = [("80", "yes", "home"), ("0", "no", "away"), ("", "", "HOME"), ("12,5", "yes", "away")] * 3
    lines = [f"{row};{';'.join(cell)}".replace(",", ";", 2) for row, cell in zip(rows, cells, strict=True)]
    text = "\n".join([f"{head},caffeine,alcohol,where".replace(",", ";"), *lines])
    data = read(written(tmp_path, text), night="date", covariates=("caffeine", "alcohol", "where"))
    assert data.covariates == ("caffeine", "alcohol", "where: away")
    assert data.table[list(data.covariates)].iloc[:4].fillna(-1).to_numpy().tolist() == [
        [80.0, 1.0, 0.0],
        [0.0, 0.0, 1.0],
        [-1.0, -1.0, 0.0],
        [12.5, 1.0, 1.0],
    ]


def test_labels_and_further_comparisons_are_taken_by_name(tmp_path):
    text = nights(arms="aabbccaabbcc")
    data = read(
        written(tmp_path, text), night="date", labels={"A": "nothing", "tst": "sleep"}, contrasts=[("c", "b")]
    )
    assert data.labels == {"a": "nothing", "b": "b", "c": "c"}
    assert data.outcomes[0].label == "sleep"
    assert data.contrasts == (Contrast("b", "a"), Contrast("c", "a"), Contrast("c", "b"))


@pytest.mark.parametrize(
    ("arms", "columns", "drawn", "note"),
    [
        ("abbabaab", {"block": "half"}, "blocks", "taken as drawn within blocks, because you gave blocks"),
        ("abbabaab", {}, "none", "nothing says how the order of the arms was drawn"),
        ("aabaabaab" * 2, {"block": "three"}, "none", "nothing says how the order"),
        ("ab" * 6, {"block": "half"}, "none", "every block has its arms in the same order"),
        ("ab" * 6, {"block": "half", "drawn": "blocks"}, "blocks", ""),
        ("abbabaab", {"drawn": "coin"}, "coin", ""),
    ],
)
def test_how_the_order_was_drawn_is_as_given_or_inferred_from_the_blocks_with_a_note(
    tmp_path, arms, columns, drawn, note
):
    rows = nights(arms=arms).splitlines()
    blocks = ["half,three", *(f"{place // 2},{place // 3}" for place in range(len(arms)))]
    text = "\n".join(f"{row},{block}" for row, block in zip(rows, blocks, strict=True))
    data = read(written(tmp_path, text), night="date", **columns)
    assert data.drawn == drawn
    assert any(note in each for each in data.notes) or not note


def test_without_dates_the_rows_of_a_block_stand_together(tmp_path):
    text = "arm,block,tst\n" + "".join(f"{arm},{block},{400 + block}\n" for arm in "ab" for block in range(3))
    data = read(written(tmp_path, text), block="block")
    assert "".join(data.table["arm"]) == "ababab"
    assert list(data.table["block"]) == [1, 1, 2, 2, 3, 3]


def test_a_table_whose_blocks_are_all_0_has_none(tmp_path):
    text = ROWS.replace("a,1,", "a,0,").replace("b,1,", "b,0,")
    assert read(written(tmp_path, text), block="block").blocks == 0


def test_one_value_an_arm_and_person_without_dates_is_a_mean(tmp_path):
    text = "who,arm,tst\n" + "".join(f"{who},{arm},{400 + who}\n" for arm in "ab" for who in range(3))
    people, _ = read_people(written(tmp_path, text), person="who", arm="arm", reference="a", outcome="tst")
    assert [list(data.table["rests_on"]) for data in people.values()] == [[1.0, 1.0]] * 3


def test_a_count_has_its_own_worthwhile_effect_and_direction(tmp_path):
    outcome = read(written(tmp_path, ROWS), outcome="wakes", kind="count").outcomes[0]
    assert (outcome.mid, outcome.better, outcome.scale) == (0.5, "lower", "difference")


@pytest.mark.parametrize(
    ("text", "columns", "message"),
    [
        (ROWS, {"outcome": "tts"}, "mine.csv: no column 'tts': choose from date, arm, block, tst, wakes"),
        (ROWS, {"reference": "none"}, "no night has arm = 'none': choose from a, b"),
        (ROWS.replace("430", "long"), {}, r"line 4: tst is not a number \('long'\)"),
        (ROWS.replace("2026-01-02", "2/1/26"), {"night": "date"}, "line 3: date is no date"),
        (ROWS.replace("430", ""), {}, "arm 'b' has no night with tst"),
        (ROWS.replace(",b,", ",,"), {}, "line 4: column 'arm' is empty"),
        (ROWS.replace(",b,", ",a,"), {}, r"only one arm \(a\)"),
        (ROWS, {"kind": "count", "outcome": "tst", "mid": -1}, "--mid is -1"),
        (ROWS.replace("400", "400.5"), {"kind": "count"}, "tst is not a count"),
        ("date,arm,tst\n", {}, "no rows"),
        ("", {}, "not a CSV table"),
        ("PK\x03\x04\x14", {}, "a workbook, no CSV table: save the sheet as CSV"),
        (
            ROWS.replace("400", "400,5"),
            {},
            "line 2: 6 cells under 5 columns: put numbers with a comma in double",
        ),
        (
            ROWS.replace("400", "7:30"),
            {},
            r"line 2: tst is not a number \('7:30'\): write a time asleep in minutes",
        ),
        (ROWS.replace("400", '"1,400"'), {}, r"line 2: tst may mean a thousand \('1,400'\)"),
        (ROWS.replace("2026-01-0", "1/0"), {"night": "date"}, "line 2: date is no date"),
        (
            ROWS.replace("2026-01-0", "2026-13-0"),
            {"night": "date"},
            "line 2: date is no date of the calendar",
        ),
        (ROWS.replace("wakes", "tst"), {}, "column 'tst' stands twice"),
        (ROWS, {"covariates": ("wakes",)}, "--covariate wakes: is measured after the dose"),
        (ROWS, {"covariates": ("tst",)}, "--covariate tst: has another part already"),
        (
            ROWS,
            {"contrasts": [("b", "a")]},
            "--contrast b:a: every arm is compared with the reference anyway",
        ),
        (ROWS, {"contrasts": [("c", "b")]}, "--contrast: no arm 'c': choose from a, b"),
        (ROWS, {"labels": {"c": "tea"}}, "--label: no arm 'c'"),
        (ROWS, {"labels": {"a": "tea", "b": "tea"}}, "--label: two arms are called 'tea'"),
        (ROWS, {"drawn": "blocks"}, "--drawn blocks: needs the column of the blocks: give --block"),
        (ROWS, {"outcome": ("tst", "tst")}, "--outcome: tst stands twice"),
        (ROWS, {"run_in": "arm"}, r"line 2: arm is neither yes nor no \('a'\)"),
        (ROWS, {"run_in": 2}, "--run-in set every night of arm 'a' aside: leave some to compare with"),
        (ROWS, {"washout_nights": 2}, "--washout set every night of arm 'a' aside"),
        (ROWS.replace("400", "6h 40m"), {}, "line 2: tst is not a number .*: write a time asleep in minutes"),
        (ROWS.replace("400", "yes"), {}, "line 2: tst is not a number .*: write yes as 1 and no as 0"),
        (
            ROWS.replace("block", "Subject").replace("b,1", "b,2"),
            {},
            "'Subject' names 2: give --person Subject",
        ),
    ],
)
def test_a_table_that_cannot_be_analysed_is_refused_in_one_line(tmp_path, text, columns, message):
    with pytest.raises(TableError, match=message) as refused:
        read(written(tmp_path, text), **columns)
    assert "\n" not in str(refused.value)


def test_nights_of_several_people_without_their_column_are_refused_by_name(tmp_path):
    rows = nights().splitlines()
    text = "\n".join(["who," + rows[0], *(f"{who},{row}" for who in ("ann", "ben") for row in rows[1:])])
    with pytest.raises(TableError, match="'who' names 2: give --person who if these are people"):
        read(written(tmp_path, text.replace("ben,2026-01-05,a,400", "ben,2026-01-05,a,401")), night="date")


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(TableError, match="no such file"):
        read(tmp_path / "absent.csv")


def test_the_first_answer_has_as_many_digits_as_its_unit_can_use(tmp_path):
    hours = [7 + 0.1 * (day * 5 % 11) for day in range(12)]
    data = read(written(tmp_path, nights(column="sleep_h", minutes=hours)), outcome="sleep_h", night="date")
    (line,) = preliminary_lines(data)
    interval = r"95% interval, equal-tailed, −?\d\.\d\d to −?\d\.\d\d"
    assert re.search(rf"b against a: [−+]\d\.\d\d h \({interval}\)", line)


def test_a_table_without_a_worthwhile_change_or_names_of_arms_gets_notes(tmp_path):
    rows = "on,calm\n" + "".join(f"{place % 2},{place % 7}\n" for place in range(28))
    columns = {"arm": "on", "reference": "0", "outcome": "calm"}
    notes = " ".join(read_table(written(tmp_path, rows), **columns).notes)
    # The SD of 0 to 6, four times each, is 2.04, and a quarter of it 0.51.
    assert "nobody said which change in calm is worth having (--mid): taken as 0.51 units" in notes
    assert '--label "0=…" --label "1=…"' in notes
    assert "nobody said whether a higher or a lower calm is better (--better): taken as higher" in notes
    named = {"labels": {"0": "nothing", "1": "tea"}, "mid": 1.0, "better": "lower"}
    notes_given = " ".join(read_table(written(tmp_path, rows), **columns, **named).notes)
    assert "worth having" not in notes_given
    assert "is better" not in notes_given
    assert "--label" not in notes_given


def test_arms_that_are_numbers_may_be_given_as_numbers(tmp_path):
    rows = "on,calm\n" + "".join(f"{place % 2},{place % 7}\n" for place in range(28))
    table = pd.read_csv(written(tmp_path, rows))
    number = read_table(table, arm="on", reference=0, outcome="calm", labels={0: "nothing", 1: "tea"})
    text = read_table(table, arm="on", reference="0", outcome="calm", labels={"0": "nothing", "1": "tea"})
    assert number.reference == text.reference == "0"
    assert number.labels == text.labels == {"0": "nothing", "1": "tea"}
    assert number.table.equals(text.table)
