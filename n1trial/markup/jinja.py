"""Page templates, where everything that a person or a device wrote is escaped."""

import re

from jinja2 import ChoiceLoader, Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from n1trial.markup.text import visible


def templates(folder: str) -> Environment:
    """Templates of a folder of the package, and the style sheet that every page shares.

    Text is escaped and its control characters are written out.

    Parameters
    ----------
    folder
        Inside the package ``n1trial``, such as ``"report/render"``.
    """
    environment = Environment(
        autoescape=True,
        undefined=StrictUndefined,
        loader=ChoiceLoader([PackageLoader("n1trial", folder), PackageLoader("n1trial", "markup")]),
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=lambda value: value if isinstance(value, Markup) else visible(str(value)),
    )
    environment.filters["compact"] = compact
    return environment


def compact(style: str) -> Markup:
    """A style sheet of ours in fewer bytes: a page holds it whole."""
    return Markup(re.sub(r"\s*([{};,]|:(?=\s))\s*", r"\1", re.sub(r"\s+", " ", style)).replace(";}", "}"))
