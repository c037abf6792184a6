"""What a line of the checks says of itself, so that nobody has to read its words."""

import json
from dataclasses import replace

import by_hand
import pytest

from n1trial.analysis.checks import (
    ALL_ARMS,
    Case,
    CheckResult,
    Findings,
    Quantity,
    ols_nights,
    period_means,
    posterior_predictive,
    rate_per_hour,
    sampling,
    steady_effect,
)
from n1trial.analysis.checks._notes import Figure, notes
from n1trial.analysis.fit_file import load_fits, save_fits
from n1trial.analysis.parallel_fit import CheckedFit
from n1trial.design.contrast import Contrast
from n1trial.design.outcomes import OUTCOMES
from n1trial.report.content.content import others_found
from n1trial.report.content.figure_tables import analyses

SLEEP = OUTCOMES["tst_min"]


def test_a_note_has_every_digit_in_the_file_and_three_on_a_page():
    exact, short = notes(
        "standard error ", Figure(14.131334, ".6f"), "; mean of arm 1.23456 ", Figure(-434.75, ".5f")
    )
    assert exact == "standard error 14.131334; mean of arm 1.23456 -434.75000"
    assert short == "standard error 14.1; mean of arm 1.23456 −435"


def test_a_large_number_of_a_note_is_written_out():
    assert notes(Figure(12345.678, ".3f")) == ("12345.678", "12346")


def test_an_arm_called_ratio_or_duration_stays_in_the_figure_of_other_analyses():
    given = by_hand.inputs([24.0], 9.0)
    data = replace(given.data, labels=given.data.labels | {"glycine": "glycine, ratio 2:1"})
    results = (
        *ols_nights.run(Case(data=data, outcome=SLEEP)).results,
        CheckResult(
            check="of rates", contrast=Contrast("glycine", "none"), estimate=0.1, quantity=Quantity.LOG_RATIO
        ),
        CheckResult(
            check="device", contrast=Contrast("glycine", "none"), estimate=2.0, note="ratio, dose by duration"
        ),
    )
    names = [row.name for row in analyses(given.fits[0], given.effects[0], data, results)]
    assert {ols_nights.NAME, "device"} <= {*names}
    assert "of rates" not in names


@pytest.mark.parametrize(
    ("name", "quantity"),
    [
        (rate_per_hour.NAME, Quantity.LOG_RATIO),
        (steady_effect.NAME, Quantity.STEADY_EFFECT),
        (f"{posterior_predictive.NAME}, largest", Quantity.NIGHTS),
        (f"{sampling.NAME}, {sampling.R_HAT}", Quantity.R_HAT),
        (f"{sampling.NAME}, divergences", Quantity.EFFECT),
        (period_means.NAME, Quantity.EFFECT),
    ],
)
def test_a_file_of_fits_from_before_quantities_opens_with_them(name, quantity, tmp_path, monkeypatch):
    given = by_hand.inputs([24.0], 9.0)
    line = CheckResult(check=name, contrast=Contrast("glycine", "none"), estimate=1.0, note="as it was")
    earlier = line.row
    monkeypatch.setattr(
        "n1trial.analysis.fit_file._findings_text",
        lambda checked: json.dumps({"results": [earlier], "tables": {}, "start_s": 0.0, "check_s": 0.0}),
    )
    save_fits(tmp_path / "fit.nc", [CheckedFit(fit=given.fits[0], findings=Findings(results=(line,)))])
    [opened] = load_fits(tmp_path / "fit.nc")
    assert opened.findings.results == (replace(line, quantity=quantity),)


def test_a_quantity_is_read_back_as_itself(tmp_path):
    given = by_hand.inputs([24.0], 9.0)
    lines = tuple(CheckResult(check=quantity, quantity=quantity, short_note="1") for quantity in Quantity)
    save_fits(tmp_path / "fit.nc", [CheckedFit(fit=given.fits[0], findings=Findings(results=lines))])
    [opened] = load_fits(tmp_path / "fit.nc")
    assert [line.quantity for line in opened.findings.results] == [*Quantity]


def test_an_arm_called_as_all_arms_together_stays_an_arm(tmp_path):
    given = by_hand.inputs([24.0], 9.0)
    lines = (
        CheckResult(check="missing nights", arm=ALL_ARMS.value),
        CheckResult(check="blinding", arm=ALL_ARMS),
        CheckResult(check="device"),
    )
    save_fits(tmp_path / "fit.nc", [CheckedFit(fit=given.fits[0], findings=Findings(results=lines))])
    [opened] = load_fits(tmp_path / "fit.nc")
    assert [line.arm for line in opened.findings.results] == [ALL_ARMS.value, ALL_ARMS, None]


@pytest.mark.parametrize(
    ("label", "sentences"),
    [("magnesium-free placebo", 0), ("glycine", 1), ("magnesium glycinate", 2), ("an early night", 0)],
)
def test_what_others_found_is_of_what_is_in_the_arms_and_not_of_what_they_are_free_of(label, sentences):
    given = by_hand.inputs([24.0], 9.0)
    data = replace(given.data, arms=("none", "pill"), labels={"none": "nothing", "pill": label})
    assert len(others_found(replace(given.material(protocol=None), data=data))) == sentences
