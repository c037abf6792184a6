"""Pages to print: the report's look on white paper, everything escaped, no script and no request."""

from collections.abc import Mapping
from datetime import date

from jinja2 import ChoiceLoader, Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from n1trial.text import amount_in_words, as_written, visible

# The light colours of the report's palette, which stands above this room; `test_paper.py` keeps them equal.
COLOURS: Mapping[str, str] = {
    "--paper": "#faf9f6",
    "--card": "#fffffe",
    "--ink": "#1d2430",
    "--muted": "#586070",
    "--line": "#dcdad4",
    "--band": "#f1efea",
    "--worse": "#9b1c31",
    "--accent": "#47459c",
}


def page(template: str, **context: object) -> str:
    """Fill a template of this folder."""
    environment = Environment(
        autoescape=True,
        undefined=StrictUndefined,
        loader=ChoiceLoader([PackageLoader("n1trial", "paper"), PackageLoader("n1trial", "report")]),
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=lambda value: value if isinstance(value, Markup) else visible(str(value)),
    )
    environment.filters |= {"amount": amount_in_words, "as_written": as_written}
    colours = Markup(" ".join(f"{name}: {colour};" for name, colour in COLOURS.items()))
    return environment.get_template(template).render(colours=colours, day=day, **context)


def day(night: date) -> str:
    """``Mon 5 Jan 2026``, the same in every language of the machine."""
    weekday = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")[night.weekday()]
    return f"{weekday} {night.day} {MONTHS[night.month - 1]} {night.year}"


MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
