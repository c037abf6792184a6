"""Find and read a protocol: every problem in one line, with its remedy."""

import json
from difflib import get_close_matches
from importlib.resources import files
from pathlib import Path
from typing import Any

from pydantic import ValidationError
from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError

from n1trial.design.protocol.protocol import Protocol
from n1trial.errors import ProtocolError
from n1trial.markup.text import shortened

SCHEMA_FILE = "protocol.schema.json"


def protocol_dir() -> Path:
    """Folder of the templates: inside the installed package, or beside it in a checkout."""
    inside = Path(str(files("n1trial"))) / "protocols"
    return inside if inside.is_dir() else inside.parents[1] / "protocols"


def template_names() -> list[str]:
    """Names of the protocol templates that ship with n1trial.

    Returns
    -------
    list of str
        In alphabetical order; each is a file in ``protocols/``.

    Examples
    --------
    >>> from n1trial import template_names
    >>> template_names()[:2]
    ['any-supplement', 'caffeine-cut-off']
    """
    return sorted(path.stem for path in protocol_dir().glob("*.yaml"))


def protocol_path(source: str | Path) -> Path:
    """Path of a protocol: a template's name, or a YAML file.

    Raises
    ------
    ProtocolError
        No such template or file.
    """
    if str(source) in template_names():
        return protocol_dir() / f"{source}.yaml"
    if not Path(source).is_file():
        known = template_names()
        near = [name for name in known if str(source).lower() in name] if len(str(source)) > 2 else []
        meant = near or get_close_matches(str(source).lower(), known, n=3, cutoff=0.5)
        way_out = f"did you mean {' or '.join(meant)}" if meant else f"choose from {', '.join(known)}"
        raise ProtocolError(
            "no template or file of that name",
            place=str(source),
            remedy=f"{way_out}{'?' if meant else ', or give a file'}",
        )
    return Path(source)


def read_protocol(source: str | Path) -> Protocol:
    """Read a protocol from a template or a YAML file, and refuse a trial that should not be run.

    Parameters
    ----------
    source : str or Path
        Name of a template, such as "dose-timing", or path of a YAML file.

    Returns
    -------
    Protocol
        With every default filled in.

    Raises
    ------
    ProtocolError
        No such template or file, not YAML, an unknown key, or a trial that should not be run; one line
        for each problem, with its remedy.

    Examples
    --------
    >>> from n1trial import read_protocol
    >>> read_protocol("dose-timing").title
    'Glycine early in the evening, at bedtime, or not at all'
    """
    path = protocol_path(source)
    try:
        document = YAML(typ="safe", pure=True).load(path.read_text(encoding="utf-8-sig"))
    except MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise ProtocolError(
            f"{path.name}, line {line}: not YAML ({error.problem}): correct that line"
        ) from error
    except UnicodeDecodeError as error:
        raise ProtocolError(f"{path.name}: not UTF-8 text: save it as UTF-8") from error
    if not isinstance(document, dict):
        raise ProtocolError(f"{path.name}: no protocol inside: start from a template (n1trial protocols)")
    try:
        return Protocol.model_validate(document)
    except ValidationError as error:
        raise ProtocolError("\n".join(_problems(path.name, error))) from error


def protocol_schema() -> str:
    """The JSON Schema of a protocol, for editors that complete and check YAML."""
    schema = Protocol.model_json_schema()
    # Editors show it: the summary line of the docstring, without the sections for Python.
    schema["description"] = schema["description"].partition("\n")[0]
    return json.dumps({"$schema": DIALECT, **schema, "title": "n1trial protocol"}, indent=1) + "\n"


DIALECT = "https://json-schema.org/draft/2020-12/schema"


def _problems(where: str, error: ValidationError) -> list[str]:
    return [f"{where}: {_problem(problem)}" for problem in error.errors()]


def _problem(problem: Any) -> str:
    key = ".".join(str(step) for step in problem["loc"]) or "protocol"
    if problem["type"] == "extra_forbidden":
        return f"{key} is not a key of a protocol: correct its spelling or remove it"
    if problem["type"] == "missing":
        return f"{key} is missing: add it"
    if problem["type"] == "value_error":
        return str(problem["ctx"]["error"])
    if problem["type"] in ("too_short", "too_long"):
        count = problem["ctx"]["actual_length"]
        least, most = problem["ctx"].get("min_length"), problem["ctx"].get("max_length")
        return f"{key} has {count} entries: " + (f"give {least} or more" if least else f"give at most {most}")
    complaint = problem["msg"][0].lower() + problem["msg"][1:]
    return f"{key} does not fit ({shortened(repr(problem['input']), 60)}): {complaint}"
