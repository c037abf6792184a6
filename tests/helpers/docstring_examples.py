"""Examples in docstrings: which names they expect to be there, and a small trial, fit and cohort under those names."""

import ast
import doctest
import functools
from collections.abc import Callable
from typing import Any

import by_hand

import n1trial

OPTIONS = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE


@functools.cache
def _data() -> n1trial.TrialData:
    """42 nights, six periods of seven nights on nothing or on glycine; sleep time alone."""
    return by_hand.trial(arms=2, outcomes=("tst_min",), blocks=3, run_in=0)


@functools.cache
def _fit() -> n1trial.Fit:
    return n1trial.fit_model(_data(), n1trial.OUTCOMES["tst_min"], seed=1)


@functools.cache
def _effects() -> n1trial.Effects:
    return n1trial.estimate_effects(_fit(), _data())


@functools.cache
def _cohort() -> n1trial.Cohort:
    """Three people with a trial of 42 nights each."""
    trials = [
        by_hand.trial(arms=2, outcomes=("tst_min",), blocks=3, run_in=0, seed=seed) for seed in (5, 6, 7)
    ]
    people = [
        n1trial.Person(name=name, data=data)
        for name, data in zip(("anna", "ben", "carla"), trials, strict=True)
    ]
    return n1trial.gather(people, "tst_min")


@functools.cache
def _cohort_fit() -> n1trial.CohortFit:
    return n1trial.fit_cohort(_cohort(), seed=1)


# What an example may use without making it.
PROVIDED: dict[str, Callable[[], Any]] = {
    "data": _data,
    "fit": _fit,
    "effects": _effects,
    "cohort": _cohort,
    "cohort_fit": _cohort_fit,
}
SAMPLED = {"fit", "effects", "cohort_fit"}
SAMPLERS = {"fit_model", "fit_outcomes", "fit_cohort"}


def examples_of(value: object, name: str) -> doctest.DocTest:
    """The examples of a docstring as one test without names; empty where there are none."""
    docstring = value.__doc__ or ""
    return doctest.DocTestParser().get_doctest(docstring, {}, f"n1trial.{name}", None, None)


def names_expected(test: doctest.DocTest) -> set[str]:
    """The names that the examples read before they have given them a value."""
    assigned: set[str] = set()
    expected: set[str] = set()
    for example in test.examples:
        nodes = list(ast.walk(ast.parse(example.source)))
        names = [node for node in nodes if isinstance(node, ast.Name)]
        expected |= {node.id for node in names if isinstance(node.ctx, ast.Load)} - assigned
        assigned |= {node.id for node in names if isinstance(node.ctx, ast.Store)}
        assigned |= {node.asname or node.name for node in nodes if isinstance(node, ast.alias)}
    return expected


def needs_sampling(test: doctest.DocTest) -> bool:
    """Whether the examples use a sampled fit, or sample one."""
    called = {
        node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
        for example in test.examples
        for node in ast.walk(ast.parse(example.source))
        if isinstance(node, ast.Call)
    }
    return bool(names_expected(test) & SAMPLED or called & SAMPLERS)


def failures_of(test: doctest.DocTest) -> str:
    """Run the examples, with `n1trial` and what they expect; what doctest prints of those that fail."""
    test.globs = {"n1trial": n1trial} | {
        name: PROVIDED[name]() for name in sorted(names_expected(test) & PROVIDED.keys())
    }
    printed: list[str] = []
    doctest.DocTestRunner(optionflags=OPTIONS, verbose=False).run(test, out=printed.append)
    return "".join(printed)
