"""The templates of the report's pages, where everything that a person or a device wrote is escaped."""

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from n1trial.report.text import visible


def templates() -> Environment:
    """The folder's templates; text is escaped and its control characters are written out."""
    return Environment(
        autoescape=True,
        undefined=StrictUndefined,
        loader=PackageLoader("n1trial", "report"),
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=lambda value: value if isinstance(value, Markup) else visible(str(value)),
    )
