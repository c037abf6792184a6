import inspect

import pytest
from paths import EXPORTS
from test_nights_by_hand import record

from n1trial.data.flags import parse_flags
from n1trial.data.importers import read_exports
from n1trial.data.importers._vitals import with_vitals
from n1trial.data.night_summary import FLAGS, summary_lines
from n1trial.data.nights import Nights, nightly
from n1trial.data.not_used import NotUsed
from n1trial.errors import N1TrialError


def slept(*days, minutes=420):
    return [
        record(day, f"2026-01-{day:02}T22:00:00+01:00 2026-01-{day + 1:02}T06:00:00+01:00 {minutes + day}")
        for day in days
    ]


def test_nights_are_summed_up_with_their_dates_mean_spread_and_gaps():
    lines = list(summary_lines(nightly(slept(5, 6, 9, 10))))
    assert lines[0] == "4 nights, 2026-01-05 to 2026-01-10; 4 with a sleep time"
    # 425, 426, 429 and 430 min: mean 427.5, SD 2.4
    assert lines[1].startswith("sleep time: mean 7 h 08 min (428 min), SD 2 min, from 425 to 430 min")
    assert lines[2] == "absent in between: 2 nights (2 from 2026-01-07)"


def test_no_night_and_one_night_have_their_own_words():
    empty = Nights(nightly(slept(5)).table.iloc[:0])
    assert list(summary_lines(empty)) == ["no nights"]
    (first, *_), only = list(summary_lines(nightly(slept(5)))), "1 night, 2026-01-05 to 2026-01-05"
    assert first.startswith(only)
    assert "SD" not in "".join(summary_lines(nightly(slept(5))))


@pytest.mark.filterwarnings("ignore::UserWarning")
def test_every_flag_of_every_sample_is_explained():
    seen = set()
    for export in EXPORTS.glob("*/*"):
        try:
            flags = nightly(read_exports([export], on_note=lambda note: None)).table["flags"]
        except N1TrialError:
            continue
        seen |= {flag.word for each in flags.dropna() for flag in parse_flags(each)}
    assert len(seen) >= 20
    # What no sample shows: reasons of records that are left out, and numbers that cannot be.
    seen |= {NotUsed.TOO_SHORT, NotUsed.DAMAGED, "latency_implausible", "longest_sleep_min_implausible"}
    seen |= {f"{name}_implausible" for name in inspect.signature(with_vitals).parameters if name != "episode"}
    assert seen <= FLAGS.keys()
