"""What a fit follows from decides whether it is still the answer; nothing is sampled."""

import ast
import json
import shutil
from dataclasses import replace
from pathlib import Path

import by_hand
import pandas as pd
import pytest
from pretend import pretend_trial

import n1trial
from n1trial.analysis import fit_file
from n1trial.analysis.checks import ALL_ARMS, Case, CheckResult, Findings
from n1trial.analysis.fit_file import (
    NOT_OF_A_FIT,
    fits_key,
    known_fits,
    load_fits,
    nights_fitted,
    save_fits,
)
from n1trial.analysis.parallel_fit import CheckedFit
from n1trial.data.trial_data import AlternativeNights
from n1trial.design.outcomes import OUTCOMES

SLEEP = OUTCOMES["tst_min"]
PACKAGE = Path(n1trial.__file__).parent


@pytest.fixture
def case():
    return Case(data=pretend_trial(), outcome=SLEEP, recorders=("ring",))


def test_the_same_nights_seed_and_program_are_the_same_answer(case, tmp_path):
    fit = by_hand.fit(case.data, SLEEP, [5.0, 20.0], 6.0)
    findings = Findings(results=(CheckResult(check="a"),), tables={"a": pd.DataFrame({"x": [0.1]})})
    key = fits_key([case], seed=1)
    save_fits(tmp_path / "fit.nc", [CheckedFit(fit=fit, findings=findings)], key=key)
    (known,) = known_fits(tmp_path / "fit.nc", key=fits_key([replace(case)], seed=1))
    assert known.fit.posterior["effect"].equals(fit.posterior["effect"])
    assert known.findings.results == findings.results
    assert known_fits(tmp_path / "fit.nc", key=fits_key([case], seed=2)) is None
    assert nights_fitted(tmp_path / "fit.nc") == fit.data_sha256 == case.data.sha256


@pytest.mark.parametrize("listed", [True, False])
def test_lines_of_contrasts_and_arms_read_back_whatever_the_arms_are_called(tmp_path, monkeypatch, listed):
    arms = ("none vs all", "glycine", "glycine vs none")
    data = pretend_trial(arms=arms)
    lines = (
        *(CheckResult(check="period means", contrast=contrast, estimate=1.0) for contrast in data.contrasts),
        *(CheckResult(check="missing nights", arm=arm, note="one") for arm in arms),
        CheckResult(check="blinding", arm=ALL_ARMS, passed=True),
        CheckResult(check="sampling"),
    )
    fit = by_hand.fit(data, SLEEP, [5.0, 20.0], 6.0)
    if not listed:  # as files of earlier versions
        written = fit_file._findings_text
        monkeypatch.setattr(
            fit_file, "_findings_text", lambda fit: json.dumps(json.loads(written(fit)) | {"arms": []})
        )
    save_fits(tmp_path / "fit.nc", [CheckedFit(fit=fit, findings=Findings(results=lines))])
    (loaded,) = load_fits(tmp_path / "fit.nc")
    assert loaded.findings.results == lines


def test_anything_that_moves_the_answer_moves_the_key(case):
    data = case.data
    one_night = data.table.assign(tst_min=data.table["tst_min"].where(data.table.index != 3, 400.0))
    others = [
        replace(case, data=replace(data, table=one_night)),
        replace(case, data=replace(data, blinded=True)),
        replace(case, data=replace(data, reference="glycine")),
        replace(case, outcome=replace(SLEEP, mid=20.0)),
        replace(case, recorders=("ring", "watch")),
        replace(case, alternatives=(AlternativeNights(name="naps too", data=data, outcome=SLEEP),)),
    ]
    keys = [fits_key([each], seed=1) for each in (case, *others)]
    assert len(set(keys)) == len(keys)


def test_a_comment_in_the_command_line_leaves_fits_as_they_are_and_one_in_a_model_does_not(
    case, tmp_path, monkeypatch
):
    copy = tmp_path / "n1trial"
    shutil.copytree(PACKAGE, copy, ignore=shutil.ignore_patterns("__pycache__"))
    monkeypatch.setattr(fit_file, "files", lambda _: copy)
    before = fits_key([case], seed=1)
    for part, same in (
        ("cli/setup.py", True),
        ("report/render/html_report.py", True),
        ("inference/models/duration.py", False),
    ):
        with (copy / part).open("a", encoding="utf-8") as source:
            source.write("# a comment\n")
        assert (fits_key([case], seed=1) == before) == same


def test_no_fit_and_no_check_rests_on_what_the_key_leaves_out():
    def imported(module):
        place = PACKAGE.joinpath(*module.split(".")[1:])
        path = place.with_suffix(".py") if place.with_suffix(".py").is_file() else place / "__init__.py"
        if not path.is_file():
            return
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("n1trial"):
                yield node.module
                yield from (f"{node.module}.{name.name}" for name in node.names)

    reached = {
        ".".join(path.relative_to(PACKAGE.parent).with_suffix("").parts)
        for wing in ("analysis", "inference")
        for path in (PACKAGE / wing).rglob("*.py")
    }
    waiting = [*reached]
    while waiting:
        for module in imported(waiting.pop()):
            # Importers make the nights, which are in the key; the package names all its parts, and loads none.
            aside = module == "n1trial" or module.startswith("n1trial.data.importers")
            if module not in reached and not aside:
                reached.add(module)
                waiting.append(module)
    left_out = tuple(f"n1trial.{folder.replace('/', '.')}" for folder in NOT_OF_A_FIT)
    assert not [module for module in reached if module.startswith(left_out)]


@pytest.mark.parametrize("content", [None, b"", b"not netCDF", b"\x89HDF\r\n\x1a\n" + b"\0" * 99])
def test_a_missing_or_damaged_file_is_no_answer(tmp_path, content):
    if content is not None:
        (tmp_path / "fit.nc").write_bytes(content)
    assert known_fits(tmp_path / "fit.nc", key="") is None
    assert nights_fitted(tmp_path / "fit.nc") is None
