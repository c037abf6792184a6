"""A device of one's own: plain words for what cannot be read, dates and times in columns of their own."""

from zoneinfo import ZoneInfo

import pytest

from n1trial.data.importers import read_exports
from n1trial.errors import ExportError

BERLIN = ZoneInfo("Europe/Berlin")
MAPPING = "start: Start\nend: End\ntst: Asleep\n"


def table(folder, text, mapping=MAPPING, name="sleep.csv"):
    (folder / name).write_text(text)
    if mapping:
        (folder / "mapping.yaml").write_text(mapping)
    return [folder]


@pytest.mark.parametrize("asleep", ["1.415,5", "seven hours", "7:10", "4 15"])
def test_a_cell_that_is_no_number_is_named_by_column_and_line(tmp_path, asleep):
    given = table(tmp_path, f"Start;End;Asleep\n2026-01-05 23:00;2026-01-06 07:00;{asleep}\n")
    with pytest.raises(ExportError) as caught:
        read_exports(given, home_zone=BERLIN)
    message = str(caught.value)
    assert f"line 2: Asleep is no number ({asleep}): write it as 415" in message
    assert "download" not in message
    assert "$." not in message


def test_a_decimal_comma_is_read(tmp_path):
    given = table(tmp_path, "Start;End;Asleep\n2026-01-05 23:00;2026-01-06 07:00;415,5\n")
    (night,) = read_exports(given, home_zone=BERLIN)
    assert night.tst_min == 415.5


def test_an_empty_start_is_named(tmp_path):
    given = table(tmp_path, "Start;End;Asleep\n;2026-01-06 07:00;415\n")
    with pytest.raises(ExportError, match="nothing stands under Start: write the start of the sleep there"):
        read_exports(given, home_zone=BERLIN)


def test_date_and_time_may_stand_in_two_columns(tmp_path):
    mapping = 'start: [Datum, von]\nend: bis\ntst: Schlaf\ntime_format: "%d.%m.%Y %H:%M"\n'
    rows = "05.01.2026;23:10;07:00;415\n07.01.2026;00:30;7:05;390\n28.03.2026;22:00;06:00;400\n"
    given = table(tmp_path, f"Datum;von;bis;Schlaf\n{rows}", mapping)
    nights = read_exports(given, home_zone=BERLIN)
    assert [(str(night.start.wall)[:16], str(night.end.wall)[:16]) for night in nights] == [
        ("2026-01-05 23:10", "2026-01-06 07:00"),
        ("2026-01-07 00:30", "2026-01-07 07:05"),
        ("2026-03-28 22:00", "2026-03-29 06:00"),
    ]
    # The clocks went forward: an hour less than they show.
    assert nights[2].tib_min == 7 * 60


def test_both_ends_may_have_two_columns(tmp_path):
    mapping = "start: [Day, From]\nend: [Until day, Until]\ntst: Asleep\n"
    rows = "2026-01-05,23:10,2026-01-06,07:00,415\n"
    (night,) = read_exports(
        table(tmp_path, f"Day,From,Until day,Until,Asleep\n{rows}", mapping), home_zone=BERLIN
    )
    assert night.tib_min == 470


def test_the_line_that_is_proposed_for_two_columns_reads_the_table(tmp_path):
    text = "Datum;von;bis;Schlaf\n05.01.2026;23:10;07:00;415\n"
    with pytest.raises(ExportError) as caught:
        read_exports(table(tmp_path, text, mapping=""), home_zone=BERLIN)
    proposed = str(caught.value).partition("give both files: ")[2]
    (night,) = read_exports(table(tmp_path, text, mapping=proposed), home_zone=BERLIN)
    assert night.tst_min == 415


@pytest.mark.parametrize("name", ["sleep.csv", "sleep-export.csv", "night.csv"])
def test_an_unknown_table_is_refused_with_a_mapping_to_copy(tmp_path, name):
    with pytest.raises(ExportError, match=r"mapping\.yaml"):
        read_exports(table(tmp_path, "Sleep;Foo\n1;2\n", mapping="", name=name))


def test_an_end_that_is_no_time_of_day_is_refused(tmp_path):
    given = table(tmp_path, "Start;End;Asleep\n2026-01-05 23:00;25:00;415\n")
    with pytest.raises(ExportError, match="write a time of day as 07:15"):
        read_exports(given, home_zone=BERLIN)
