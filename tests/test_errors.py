import pickle
import re

import pytest
from paths import PACKAGE

from n1trial.errors import ExportError, GateError, N1TrialError


def test_the_message_is_made_of_the_parts():
    error = ExportError("no end: at all", place="a: b.json › 3", remedy="export again")
    assert str(error) == "a: b.json › 3: no end: at all: export again"
    assert error.without_place == "no end: at all: export again"
    assert (error.place, error.problem, error.remedy) == ("a: b.json › 3", "no end: at all", "export again")


def test_an_error_may_be_a_message_alone():
    error = GateError("wait")
    assert (str(error), error.without_place, error.place, error.remedy) == ("wait", "wait", "", "")


@pytest.mark.parametrize("kind", N1TrialError.__subclasses__())
def test_an_error_of_another_process_keeps_its_parts(kind):
    sent = pickle.loads(pickle.dumps(kind("wrong", place="here", remedy="mend it")))
    assert (str(sent), sent.place, sent.problem, sent.remedy) == (
        "here: wrong: mend it",
        "here",
        "wrong",
        "mend it",
    )


def test_no_module_cuts_the_text_of_an_error_apart():
    cut = re.compile(
        r"str\((?:error|refused\[0\]|exc)\)\.(?:partition|rpartition|removeprefix|replace|split\()"
    )
    sources = {path.name: path.read_text(encoding="utf-8") for path in PACKAGE.rglob("*.py")}
    assert [name for name, source in sources.items() if cut.search(source)] == []
    assert cut.search('str(error).partition(": ")')
