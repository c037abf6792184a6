"""Invented names of arms that hold, between them, every word that the package writes about a trial or looks for."""

import ast
import re
from collections.abc import Iterable, Iterator, Sequence
from itertools import batched
from pathlib import Path

from paths import PACKAGE

from n1trial.markup.text import capitalised, ended, visible

# As long as the label of an arm in a protocol may be.
LONGEST = 60
AT_ONCE = 8
# What a report, a check or a log may say of an arm, or take for punctuation of its own.
BY_HAND = (
    *(
        "branched-chain amino acids",
        "magnesium-free placebo",
        "r-hat ratio divergences",
        "run-in washout missing",
    ),
    *("none placebo control", "a vs b", "magnesium glycine", "paused stopped 2026-01-01"),
    *("dst_ split=2;nap_only", r"^.*(a|b)[c]{1,2}\d+$ ?", "None", "nan"),
    *("<b>bold</b> & {{ 7*7 }} {0} %s", "the chains disagree (R-hat 1.083)", "no record", "to come"),
    *("St. John’s wort, 5 mg.", "“it's” 'so' \"called\"", "every one", "a; b; c: d"),
    *("a, b and c against d", "the weekday", "kit 7, box A", "vitamin B12"),
    *("magnesium, glycine and none", "minus -5 under 1.2345678", "=SUM(A1)", "without"),
    *("nothing", "can't tell yet", "worth it", r"$x_1^2$ \n #1"),
)
# Modules whose texts are about nights, arms and effects. Importers never see an arm.
WRITE = (
    *("analysis/checks/*.py", "analysis/problems.py", "analysis/certainty.py", "design/verdict.py"),
    *(
        "data/*.py",
        "data/diary/*.py",
        "data/read_table/*.py",
        "inference/aliasing.py",
        "inference/convergence.py",
    ),
    *("trial_folder/events.py", "trial_folder/store/log_*.py", "trial_folder/quality/*.py"),
)
LOOK_FOR = (
    "contains",
    "endswith",
    "find",
    "index",
    "partition",
    "removeprefix",
    "removesuffix",
    "startswith",
)


def invented_names() -> list[tuple[str, ...]]:
    """Names in sets of `AT_ONCE`: those by hand, then as many as it takes to hold every word."""
    names = dict.fromkeys([*BY_HAND, *_packed(_words())])
    return [*batched([*names, *BY_HAND[: -len(names) % AT_ONCE]], AT_ONCE)]


def words_of(names: Iterable[str]) -> set[str]:
    """The words of names."""
    return {word for name in names for word in _split(name)}


def _words() -> list[str]:
    """Every word that the package writes about a trial or looks for in a text, in order of first use."""
    written = (_strings(path) for pattern in WRITE for path in sorted(PACKAGE.glob(pattern)))
    looked_for = (
        _looked_for(path) for path in sorted(PACKAGE.rglob("*.py")) if "importers" not in path.parts
    )
    texts = (text for of_module in (*written, *looked_for) for text in of_module)
    return [*dict.fromkeys(word for text in texts for word in _split(text))]


def _split(text: str) -> list[str]:
    return [word for word in re.findall(r"[^\W\d_][\w'’-]*[^\W_]", text) if len(word) < LONGEST]


def _strings(path: Path) -> Iterator[str]:
    """The texts of a module, without its docstrings."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    statements = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in statements:
            yield node.value


def _looked_for(path: Path) -> Iterator[str]:
    """The texts that a module compares with, or looks for in another text."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Compare):
            parts: Sequence[ast.AST] = (node.left, *node.comparators)
        elif isinstance(node, ast.Call) and getattr(node.func, "attr", "") in LOOK_FOR:
            parts = node.args
        else:
            continue
        for part in parts:
            for inner in ast.walk(part):
                if isinstance(inner, ast.Constant) and isinstance(inner.value, str):
                    yield inner.value


def _packed(words: Iterable[str]) -> Iterator[str]:
    """Names of as many words as fit."""
    name = ""
    for word in words:
        if len(name) + 1 + len(word) > LONGEST:
            yield name
            name = ""
        name = f"{name} {word}".strip()
    yield name


def plain_names(count: int, prefix: str = "zq") -> tuple[str, ...]:
    """Names that are no word of the package, and of which none is a part of another."""
    return tuple(f"{prefix}{chr(ord('a') + number)}x" for number in range(count))


def renamed(text: str, plain: Sequence[str], names: Sequence[str]) -> str:
    """A text about arms with plain names, as it must be about arms with others."""
    for token, name in zip(plain, names, strict=True):
        for old, new in ((token, name), (capitalised(token), capitalised(name))):
            text = text.replace(repr(old), repr(new)).replace(f"{old}.", ended(visible(new)))
            text = text.replace(old, visible(new))
    return text


def slug(label: str) -> str:
    """The name of an arm in a protocol, of its label."""
    return re.sub(r"[^a-z0-9]+", "-", label.lower()).strip("-")[:40]


def squeezed(text: str) -> str:
    """A text without its white space: where lines break, and how wide columns are, may depend on a name."""
    return "".join(text.split())
