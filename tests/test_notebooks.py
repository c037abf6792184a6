import ast
import io
import json
import re
from pathlib import Path

import by_hand
import pandas as pd
import pytest
from paths import ROOT

from n1trial.report import figures

NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))
PUBLISHED = ROOT.parent / "shared" / "data" / "published" / "gwern_mg_citrate_blocks_2013_2014.csv"


def cells(path: Path, kind: str) -> list[str]:
    read = json.loads(path.read_text(encoding="utf-8"))["cells"]
    return ["".join(cell["source"]) for cell in read if cell["cell_type"] == kind]


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_is_short_defines_nothing_and_keeps_no_output(path):
    code, prose = cells(path, "code"), cells(path, "markdown")
    assert len(code) + len(prose) <= 25
    assert len(re.findall(r"^# ", "\n".join(prose), flags=re.MULTILINE)) == 1
    nodes = [node for source in code for node in ast.walk(ast.parse(source))]
    assert not [node for node in nodes if isinstance(node, ast.FunctionDef | ast.ClassDef | ast.Lambda)]
    stored = json.loads(path.read_text(encoding="utf-8"))["cells"]
    assert not [cell for cell in stored if cell.get("outputs") or cell.get("execution_count")]


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_says_its_answers_as_text_and_not_as_a_quoted_value(path):
    for source in cells(path, "code"):
        last = ast.parse(source.rstrip(";\n")).body[-1]
        if not isinstance(last, ast.Expr) or isinstance(last.value, ast.Name | ast.Attribute):
            continue
        called = ast.unparse(last.value)
        assert not isinstance(last.value, ast.JoinedStr | ast.Constant | ast.IfExp), called
        assert not called.startswith(("list(", "'\\n'.join(")), called


def test_a_figure_of_the_package_shows_itself_in_a_notebook():
    data = by_hand.trial()
    shown = figures.every_night(data)._repr_png_()
    assert shown.startswith(b"\x89PNG")
    assert len(shown) > 10_000


@pytest.mark.skipif(not PUBLISHED.is_file(), reason="the published nights are not beside the repository")
def test_the_typed_means_of_the_magnesium_trial_are_those_of_the_published_nights():
    source = next(
        cell
        for cell in cells(ROOT / "notebooks" / "04-a-real-magnesium-trial.ipynb", "code")
        if "pair_means" in cell
    )
    typed = pd.read_csv(io.StringIO(source.split('"""')[1])).set_index(["pair", "mg"])["total_z_min"]
    means = pd.read_csv(PUBLISHED).groupby(["pair", "mg"])["total_z_min"].mean()
    assert len(typed) == 30
    assert (typed - means.loc[typed.index]).abs().max() <= 0.05
