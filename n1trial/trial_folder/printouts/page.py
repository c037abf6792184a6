"""Pages to print: the report's look on white paper, everything escaped, no script and no request."""

from datetime import date

from markupsafe import Markup

from n1trial.markup.jinja import templates
from n1trial.markup.text import amount_in_words, as_written
from n1trial.markup.theme import SHADES


def page(template: str, **context: object) -> str:
    """Fill a template of this folder."""
    environment = templates("trial_folder/printouts")
    environment.filters |= {"amount": amount_in_words, "as_written": as_written}
    colours = Markup(" ".join(f"{shade.variable}: {shade.light};" for shade in SHADES))
    return environment.get_template(template).render(colours=colours, day=day, **context)


def day(night: date) -> str:
    """``Mon 5 Jan 2026``, the same in every language of the machine."""
    weekday = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")[night.weekday()]
    return f"{weekday} {night.day} {MONTHS[night.month - 1]} {night.year}"


MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
