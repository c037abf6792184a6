"""The templates of the report's pages, where everything that a person or a device wrote is escaped."""

import re

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from n1trial.report.text import visible


def templates() -> Environment:
    """The folder's templates; text is escaped and its control characters are written out."""
    made = Environment(
        autoescape=True,
        undefined=StrictUndefined,
        loader=PackageLoader("n1trial", "report"),
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=lambda value: value if isinstance(value, Markup) else visible(str(value)),
    )
    made.filters["compact"] = compact
    return made


def compact(style: str) -> Markup:
    """A style sheet of ours in fewer bytes: a page holds it whole."""
    return Markup(re.sub(r"\s*([{};,]|:(?=\s))\s*", r"\1", re.sub(r"\s+", " ", style)).replace(";}", "}"))
