"""Docstrings of the public names: complete as numpydoc has it, and with examples that run."""

import dataclasses
import inspect

import pytest
from docstring_examples import examples_of, failures_of, names_expected, needs_sampling
from numpydoc.docscrape import NumpyDocString, get_doc_object
from numpydoc.validate import validate

import n1trial

# Of numpydoc's checks: there is a docstring; a summary, which ends with a period; every parameter, none that is not
# there, in their order; what is returned; examples.
OF_A_FUNCTION = {"GL08", "SS01", "SS03", "PR01", "PR02", "PR03", "RT01", "EX01"}
OF_A_CLASS = {"GL08", "SS01", "SS03", "EX01"}
DOCUMENTED = [name for name in n1trial.__all__ if name != "OUTCOMES"]  # a dictionary has no docstring


def problems_of(value: object) -> list[str]:
    """What numpydoc finds, and fields without a line under `Attributes`."""
    wanted = OF_A_CLASS if inspect.isclass(value) else OF_A_FUNCTION
    problems = [
        f"{code} {text}" for code, text in validate(get_doc_object(value))["errors"] if code in wanted
    ]
    if dataclasses.is_dataclass(value):
        described = {
            name.strip()
            for line in NumpyDocString(inspect.getdoc(value) or "")["Attributes"]
            for name in line.name.split(",")
        }
        fields = [field.name for field in dataclasses.fields(value) if not field.name.startswith("_")]
        problems += [f"no attribute {name}" for name in fields if name not in described]
    return problems


def with_examples() -> list[object]:
    """Every documented name; those whose examples need a sampled fit are slow."""
    return [
        pytest.param(
            name,
            marks=[pytest.mark.slow] if needs_sampling(examples_of(getattr(n1trial, name), name)) else [],
        )
        for name in DOCUMENTED
    ]


@pytest.mark.parametrize("name", DOCUMENTED)
def test_the_docstring_of_a_public_name_is_complete(name):
    assert problems_of(getattr(n1trial, name)) == []


@pytest.mark.parametrize("name", with_examples())
def test_the_examples_of_a_public_name_run(name, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    test = examples_of(getattr(n1trial, name), name)
    assert test.examples
    assert failures_of(test) == ""


def wrong(path, *, times):
    """Say nothing of the parameters

    Parameters
    ----------
    route : Path
        Another name than the function has.

    Examples
    --------
    >>> 1 + 1
    3
    """
    return path * times


@dataclasses.dataclass
class Wrong:
    """A record of two fields.

    Attributes
    ----------
    first : int
        The one that is described.
    """

    first: int
    second: int


def test_an_incomplete_docstring_is_found():
    assert {problem.split()[0] for problem in problems_of(wrong)} == {"SS03", "PR01", "PR02", "RT01"}
    problems = problems_of(Wrong)
    assert [problem for problem in problems if problem.startswith("EX01")]
    assert "no attribute second" in problems
    assert "no attribute first" not in problems


def test_a_wrong_example_is_found_and_one_gets_only_what_it_expects():
    assert "Expected:\n    3\nGot:\n    2" in failures_of(examples_of(wrong, "wrong"))

    def uses():
        """>>> len(data.table)
        42
        >>> effects = 3
        >>> effects
        3
        """

    test = examples_of(uses, "uses")
    assert names_expected(test) == {"len", "data"}
    assert not needs_sampling(test)
    assert failures_of(test) == ""


def test_examples_that_need_a_sampled_fit_are_slow():
    def reads_a_fit():
        """>>> fit.problems
        ()
        """

    def samples():
        """>>> fit = n1trial.fit_model(data, data.outcomes[0], seed=1)"""

    assert needs_sampling(examples_of(reads_a_fit, "reads_a_fit"))
    assert needs_sampling(examples_of(samples, "samples"))
