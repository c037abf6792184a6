import pytest

from n1trial.errors import TableError
from n1trial.own_table import read_table

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


def test_semicolons_and_a_byte_order_mark_are_read(tmp_path):
    data = read(written(tmp_path, "\ufeff" + ROWS.replace(",", ";")))
    assert len(data.table) == 4


def test_a_count_has_its_own_worthwhile_effect_and_direction(tmp_path):
    outcome = read(written(tmp_path, ROWS), outcome="wakes", kind="count").outcomes[0]
    assert (outcome.mid, outcome.better, outcome.scale) == (0.5, "lower", "difference")


@pytest.mark.parametrize(
    ("text", "columns", "said"),
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
    ],
)
def test_a_table_that_cannot_be_analysed_is_refused_in_one_line(tmp_path, text, columns, said):
    with pytest.raises(TableError, match=said) as refused:
        read(written(tmp_path, text), **columns)
    assert "\n" not in str(refused.value)


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(TableError, match="no such file"):
        read(tmp_path / "absent.csv")
