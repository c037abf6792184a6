from dataclasses import replace
from datetime import date

import numpy as np
import pandas as pd
import pytest
from pretend import pretend_trial

from n1trial.data.diary import read_diary
from n1trial.data.nights import COLUMNS, Nights
from n1trial.data.trial_assembly import join_trial
from n1trial.design.contrast import Contrast
from n1trial.design.protocol import read_protocol
from n1trial.design.schedule import randomise

PROTOCOL = read_protocol("glycine-vs-magnesium-glycinate")
SCHEDULE = randomise(PROTOCOL, start=date(2026, 1, 5), seed="22" * 32)


def recorded(nights, **values):
    table = pd.DataFrame(dict.fromkeys(COLUMNS, np.nan), index=range(len(nights)))
    table["night"] = pd.to_datetime(nights)
    return Nights(table.assign(tst_min=420.0, wake_episodes=2.0, flags="").assign(**values))


def every_night():
    return list(SCHEDULE.table["night"])


def test_every_planned_night_is_in_the_table_once_and_in_order():
    data = join_trial(SCHEDULE, recorded(every_night()[::-1]), PROTOCOL)
    assert list(data.table["night"]) == every_night()
    assert list(data.table["day"]) == list(range(133))


def test_the_ledger_names_what_became_of_every_night():
    nights = every_night()
    data = join_trial(SCHEDULE, recorded(nights[:-2]), PROTOCOL)
    became = data.ledger(PROTOCOL.primary)["became"].value_counts().to_dict()
    assert became == {"analysed": 124, "run-in": 7, "no record": 2}


def test_a_night_that_was_recorded_badly_says_why():
    nights = every_night()
    flags = ["missing;nap_only" if place == 20 else "" for place in range(133)]
    lost = [np.nan if place == 20 else 400.0 for place in range(133)]
    data = join_trial(SCHEDULE, recorded(nights, flags=flags, tst_min=lost, wake_episodes=lost), PROTOCOL)
    assert data.table["left_out"][20] == "missing: nap only"


def test_a_short_night_is_never_left_out_for_being_short():
    data = join_trial(SCHEDULE, recorded(every_night(), tst_min=45.0), PROTOCOL)
    assert len(data.analysed(PROTOCOL.primary)) == 126


def test_a_night_without_wake_count_counts_for_sleep_time_only():
    counts = [np.nan] * 100 + [2.0] * 33
    data = join_trial(SCHEDULE, recorded(every_night(), wake_episodes=counts), PROTOCOL)
    sleep, wakes = data.outcomes
    assert (len(data.analysed(sleep)), len(data.analysed(wakes))) == (126, 33)
    assert (data.ledger(wakes)["became"] == "not recorded").sum() == 93
    assert data.missing_share(wakes) == pytest.approx(93 / 126)


def test_nights_outside_the_trial_are_counted_not_used():
    outside = [*every_night(), pd.Timestamp("2025-12-24"), pd.Timestamp("2027-01-01")]
    data = join_trial(SCHEDULE, recorded(outside), PROTOCOL)
    assert len(data.table) == 133
    assert data.notes == ("2 recorded nights lie outside the trial and are not used",)


def test_the_fingerprint_follows_the_nights():
    one, other = (
        join_trial(SCHEDULE, recorded(every_night(), tst_min=tst), PROTOCOL).sha256 for tst in (400, 401)
    )
    assert one != other


def test_the_reference_comes_first_and_further_contrasts_last():
    data = join_trial(SCHEDULE, recorded(every_night()), PROTOCOL)
    assert data.contrasts == (
        Contrast("glycine", "none"),
        Contrast("magnesium-glycinate", "none"),
        Contrast("magnesium-glycinate", "glycine"),
    )


def test_the_diary_joins_the_nights_by_evening(tmp_path):
    written = tmp_path / "diary.csv"
    written.write_text("night,taken,taken_at,guess,caffeine_mg\n2026-01-06,no,22:15,?,80\n", encoding="utf-8")
    data = join_trial(SCHEDULE, recorded(every_night()), PROTOCOL, read_diary(written, PROTOCOL))
    second = data.table.iloc[1]
    assert (second["taken"], second["taken_at"], second["guess"], second["caffeine_mg"]) == (
        0.0,
        "22:15",
        "?",
        80.0,
    )
    assert data.table["taken"].isna().sum() == len(data.table) - 1
    assert data.table["guess"].iloc[0] == ""
    assert data.covariates == ("caffeine_mg",)


@pytest.mark.parametrize(
    ("label", "doses", "expected"),
    [
        ("magnesium-free placebo", None, None),
        ("placebo without glycine", None, None),
        ("Magnesium glycinate", None, "magnesium"),
        ("Glycine 3 g", None, "glycine"),
        ("what the doctor gave", (3.0, 0.0), "glycine"),
        ("glycine's missing partner", (1.7, 200.0), "magnesium"),
        ("magnesium by name alone", (0.0, 0.0), None),
    ],
)
def test_an_arm_is_known_by_its_doses_and_by_its_name_only_where_none_is_known(label, doses, expected):
    data = pretend_trial(arms=("none", "other"))
    data = replace(
        data, labels={"none": "nothing", "other": label}, doses={} if doses is None else {"other": doses}
    )
    assert data.supplement("other") == expected
