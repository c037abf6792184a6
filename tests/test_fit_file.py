"""What a fit follows from decides whether it is still the answer; nothing is sampled."""

from dataclasses import replace

import by_hand
import pandas as pd
import pytest
from pretend import pretend_trial

from n1trial.checks import Case, CheckResult, Findings, Reading
from n1trial.fit_file import fits_key, known_fits, nights_fitted, save_fits
from n1trial.outcomes import OUTCOMES
from n1trial.side_by_side import CheckedFit

SLEEP = OUTCOMES["tst_min"]


@pytest.fixture
def case():
    return Case(data=pretend_trial(), outcome=SLEEP, recorders=("ring",))


def test_the_same_nights_seed_and_program_are_the_same_answer(case, tmp_path):
    fit = by_hand.fit(case.data, SLEEP, [5.0, 20.0], 6.0)
    found = Findings(results=(CheckResult(check="a"),), tables={"a": pd.DataFrame({"x": [0.1]})})
    key = fits_key([case], seed=1)
    save_fits(tmp_path / "fit.nc", [CheckedFit(fit=fit, findings=found)], key=key)
    (known,) = known_fits(tmp_path / "fit.nc", key=fits_key([replace(case)], seed=1))
    assert known.fit.posterior["effect"].equals(fit.posterior["effect"])
    assert known.findings.results == found.results
    assert known_fits(tmp_path / "fit.nc", key=fits_key([case], seed=2)) is None
    assert nights_fitted(tmp_path / "fit.nc") == fit.data_sha256 == case.data.sha256


def test_anything_that_moves_the_answer_moves_the_key(case):
    data = case.data
    one_night = data.table.assign(tst_min=data.table["tst_min"].where(data.table.index != 3, 400.0))
    others = [
        replace(case, data=replace(data, table=one_night)),
        replace(case, data=replace(data, blinded=True)),
        replace(case, data=replace(data, reference="glycine")),
        replace(case, outcome=replace(SLEEP, mid=20.0)),
        replace(case, recorders=("ring", "watch")),
        replace(case, readings=(Reading(name="naps too", data=data, outcome=SLEEP),)),
    ]
    keys = [fits_key([each], seed=1) for each in (case, *others)]
    assert len(set(keys)) == len(keys)


@pytest.mark.parametrize("content", [None, b"", b"not netCDF", b"\x89HDF\r\n\x1a\n" + b"\0" * 99])
def test_a_missing_or_damaged_file_is_no_answer(tmp_path, content):
    if content is not None:
        (tmp_path / "fit.nc").write_bytes(content)
    assert known_fits(tmp_path / "fit.nc", key="") is None
    assert nights_fitted(tmp_path / "fit.nc") is None
