"""One page for the whole trial: the answer first, the methods folded away at the end.

Plain HTML with its style and pictures inside: no script, no request, the same bytes for the same inputs.
"""

from jinja2 import Environment
from markupsafe import Markup

from n1trial.markup.jinja import templates
from n1trial.report.content.content import tell
from n1trial.report.content.inputs import Material
from n1trial.report.content.main_figures import Picture
from n1trial.report.figures import NARROW, WIDE
from n1trial.report.figures.palette import STYLES, css_variables
from n1trial.report.figures.svg import inline_svg
from n1trial.report.sentences import headings
from n1trial.system.arguments import GivenPath, path_of
from n1trial.system.files import write_whole


def write_report(path: GivenPath, material: Material) -> None:
    """Write the report to one file, whole or not at all, for its owner's eyes.

    Raises
    ------
    FolderError
        The file cannot be written.
    """
    write_whole(path_of(path), render(material))


def render(material: Material) -> str:
    """The report as HTML."""
    return (
        _environment()
        .get_template("page.html.j2")
        .render(
            light=Markup(css_variables("light")),
            dark=Markup(css_variables("dark")),
            arm_numbers=range(len(STYLES)),
            heading=headings,
            story=tell(material),
        )
    )


def _environment() -> Environment:
    environment = templates("report/render")
    environment.filters |= {"wide": _wide, "narrow": _narrow}
    return environment


def _wide(picture: Picture) -> Markup:
    return _svg(picture, "wide", WIDE)


def _narrow(picture: Picture) -> Markup:
    return _svg(picture, "narrow", NARROW)


def _svg(picture: Picture, size: str, width: float) -> Markup:
    return inline_svg(
        picture.draw(width),
        name=f"{picture.name}-{size}",
        title=picture.title,
        description=" ".join(picture.words),
    )
