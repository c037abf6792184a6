"""The report as one HTML page: the answer first, the methods folded at the end.

Style and figures are inline. There is no script and no request, and the same inputs give the same bytes.
"""

from jinja2 import Environment
from markupsafe import Markup

from n1trial.markup.jinja import templates
from n1trial.report.content.content import report_content
from n1trial.report.content.inputs import Material
from n1trial.report.content.main_figures import Picture
from n1trial.report.figures import NARROW, WIDE
from n1trial.report.figures.palette import STYLES, css_variables
from n1trial.report.figures.svg import inline_svg
from n1trial.report.sentences import headings
from n1trial.system.arguments import GivenPath, path_of
from n1trial.system.files import write_whole


def write_report(path: GivenPath, material: Material) -> None:
    """Write the report as one self-contained HTML page, for the person of the trial.

    The file is replaced as a whole: an error leaves the earlier one.

    Parameters
    ----------
    path : Path or str
        The file to write.
    material : Material
        The inputs of the report.

    Raises
    ------
    FolderError
        The file cannot be written.

    Examples
    --------
    `data`, `fit` and `effects` are those of `estimate_effects`'s example.

    >>> import tempfile
    >>> from pathlib import Path
    >>> from n1trial import Material, write_report
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     page = Path(folder) / "report.html"
    ...     write_report(page, Material(data=data, fits=[fit], effects=[effects]))
    ...     page.read_text(encoding="utf-8").startswith("<!doctype html>")
    True
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
            content=report_content(material),
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
