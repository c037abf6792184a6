"""No module reads a fact out of words that were written for a person: the fact is an attribute.

A name of an arm, a device or a file may stand in any message, and a part of it then decides something else.
"""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

import n1trial

PACKAGE = Path(n1trial.__file__).parent

# What holds a message, or is written as text though it has a type: attributes, variables and columns of these names.
MESSAGES = {
    *("note", "short_note", "words", "message", "problem", "reason", "sentence", "said", "error", "check"),
    *("flag", "flags", "left_out", "became"),
}
TESTS_OF_TEXT = {
    *("startswith", "endswith", "removeprefix", "removesuffix", "partition", "rpartition", "split", "rsplit"),
    *("find", "rfind", "index", "rindex", "count", "contains", "replace"),
}
REGULAR_EXPRESSIONS = {"match", "fullmatch", "search", "findall", "finditer", "sub", "split"}

# Module, expression: why it may stay.
ALLOWED = {
    (
        "analysis/fit_file.py",
        "check.partition(', ')",
    ): "names of checks in files of versions without quantities",
    ("trial_folder/store/log_reading.py", "re.fullmatch(pattern, words, re.DOTALL)"): (
        "words of logs of earlier versions; only here"
    ),
    (
        "data/importers/_records.py",
        "reason.startswith('JSON')",
    ): "the first letter of msgspec's message, for spelling",
    # A label of a product is text that somebody else wrote, and to read it is what the module is for.
    ("design/label_parser.py", "_COMPOUND.search(words)"): "words of a label",
    ("design/label_parser.py", "_MAGNESIUM.search(words)"): "words of a label",
    ("design/label_parser.py", "_ELEMENTAL.search(words)"): "words of a label",
    ("design/label_parser.py", "_OTHER.search(words)"): "words of a label",
}


def readings_of_messages(source: str) -> Iterator[str]:
    """Every expression that looks for something in a message."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Compare):
            in_message = any(
                isinstance(operator, ast.In | ast.NotIn) and _is_message(container)
                for operator, container in zip(node.ops, node.comparators, strict=True)
            )
            if in_message:
                yield ast.unparse(node)
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            on_message = node.func.attr in TESTS_OF_TEXT and _is_message(node.func.value)
            if on_message or (node.func.attr in REGULAR_EXPRESSIONS and any(map(_is_message, node.args))):
                yield ast.unparse(node)


def _is_message(node: ast.expr) -> bool:
    """Whether an expression is a message, or text that is made of one."""
    match node:
        case ast.Name(id=name):
            return name in MESSAGES
        case ast.Subscript(slice=ast.Constant(value=str(column))) if column in MESSAGES:
            return True
        case ast.Subscript(value=inside):
            return _is_message(inside)
        case ast.Call(func=ast.Name(id="str" | "repr"), args=[inside]):
            return _is_message(inside) or _is_refusal(inside)
        case ast.Call(func=ast.Attribute(value=inside, attr=name)) if name not in REGULAR_EXPRESSIONS:
            return _is_message(inside)
        case ast.Attribute(attr="str" | "args", value=inside):
            return _is_message(inside)
        case ast.Attribute(attr=name):
            return name in MESSAGES
    return False


def _is_refusal(node: ast.expr) -> bool:
    return isinstance(node, ast.Subscript) and ast.unparse(node.value) == "refused"


MODULES = sorted(path.relative_to(PACKAGE).as_posix() for path in PACKAGE.rglob("*.py"))


@pytest.mark.parametrize("module", MODULES)
def test_no_module_reads_a_message(module):
    readings = {*readings_of_messages((PACKAGE / module).read_text())}
    allowed = {expression for where, expression in ALLOWED if where == module}
    assert readings - allowed == set(), "give what makes the message an attribute that says it"
    assert allowed - readings == set(), "no longer there: take it off the list"


def test_what_is_allowed_is_in_modules_that_are_there():
    assert {where for where, _ in ALLOWED} <= {*MODULES}


@pytest.mark.parametrize(
    "source",
    [
        'kept = "ratio" not in check.note',
        'any("divergences" in problem for problem in fit.problems)',
        "reason.startswith(TO_COME)",
        'left_out = str(error).partition(": ")[2]',
        'error.args[0].split(": ")',
        'digits = 4 if "R-hat" in each.check else 3',
        'result.check.startswith("posterior predictive")',
        're.search("chain", problem.words)',
        "CHAIN.fullmatch(problem.words)",
        'changed = table["flags"].str.contains("dst_")',
        'word, _, number = flag.partition("=")',
        '{word for flags in cells for word in flags.split(";")}',
        'run_in = "run-in" in row["left_out"].lower()',
        'night.left_out.removeprefix("missing: ")',
    ],
)
def test_a_module_that_reads_a_message_is_caught(source):
    assert list(readings_of_messages(source))


@pytest.mark.parametrize(
    "source",
    [
        "kept = check.quantity is Quantity.EFFECT",
        "table['left_out'] == LeftOut.RUN_IN",
        "table['left_out'].isin(PLANNED_OUT)",
        'cells = line.split(",")',
        "failed = result.check in REASONS",
        "words = flag.word in SUMMED",
        'yield f"{where}: {problem}"',
        "lines = str(error).splitlines()",
    ],
)
def test_facts_and_files_are_no_messages(source):
    assert list(readings_of_messages(source)) == []
