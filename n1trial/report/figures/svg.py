"""A figure as inline SVG: reproducible, labelled for screen readers, in the page's colours.

Text remains text in the page's font. Every colour of the palette becomes a CSS variable, so that the figure follows
the light or dark scheme of the page.
"""

import io
import re
import warnings
from collections.abc import Mapping
from xml.etree import ElementTree

import matplotlib as mpl
from markupsafe import Markup
from matplotlib.figure import Figure

from n1trial.markup.text import visible
from n1trial.report.figures.palette import css_variable_of

SVG = "http://www.w3.org/2000/svg"
XLINK = "http://www.w3.org/1999/xlink"
_NO_METADATA = {"Date": None, "Creator": None, "Format": None, "Type": None}
_NUMBER = re.compile(r"-?\d+\.\d+")
_COLOUR = re.compile(r"#[0-9a-f]{6}\b")
_FONT = re.compile(r"font-family: [^;]*;? ?")
_UNTURNED = re.compile(r"rotate\(-?0(\.0)? .*\)")
# Otherwise elements are written as <ns0:svg>.
ElementTree.register_namespace("", SVG)


def inline_svg(figure: Figure, *, name: str, title: str, description: str) -> Markup:
    """The figure as one SVG element of a page.

    Parameters
    ----------
    figure
        The figure.
    name
        Part of every id inside; unique on the page.
    title, description
        What the figure is, and its finding.
    """
    root = ElementTree.fromstring(_drawn(figure, name))
    width, height = (float(length) for length in root.attrib["viewBox"].split()[2:])
    root.attrib = {
        "viewBox": f"0 0 {width:g} {height:g}",
        "role": "img",
        "aria-labelledby": f"{name}-title {name}-desc",
        "class": "figure",
    }
    _tidy(root)
    for position, (tag, text) in enumerate((("title", title), ("desc", description))):
        element = ElementTree.Element(f"{{{SVG}}}{tag}", {"id": f"{name}-{tag}"})
        element.text = visible(text)
        root.insert(position, element)
    # The serialised tree is escaped, so it is safe in the page.
    return Markup(ElementTree.tostring(root, encoding="unicode").replace(" />", "/>"))


def _drawn(figure: Figure, name: str) -> str:
    stream = io.StringIO()
    with mpl.rc_context({"svg.hashsalt": name, "svg.fonttype": "none"}), warnings.catch_warnings():
        # Matplotlib's font is used for widths only; the browser draws the letters.
        warnings.filterwarnings("ignore", message="Glyph .* missing from font")
        figure.savefig(stream, format="svg", metadata=_NO_METADATA)
    return stream.getvalue()


def _tidy(root: ElementTree.Element) -> None:
    """Remove unused elements and ids, round coordinates, and replace colours by variables."""
    variables = css_variable_of()
    for parent in list(root.iter()):
        for child in list(parent):
            if child.tag == f"{{{SVG}}}metadata" or _is_matplotlib_style(child) or _is_unseen(child):
                parent.remove(child)
    for element in root.iter():
        # Nothing is drawn outside its axes.
        element.attrib.pop("clip-path", None)
    wanted = _referred_to(root)
    for element in root.iter():
        element.text = element.text if element.tag == f"{{{SVG}}}text" else None
        element.tail = None
        if _UNTURNED.fullmatch(element.attrib.get("transform", "")):
            del element.attrib["transform"]
        if element.attrib.get("id") not in wanted:
            element.attrib.pop("id", None)
        if f"{{{XLINK}}}href" in element.attrib:
            element.attrib["href"] = element.attrib.pop(f"{{{XLINK}}}href")
        for key in ("d", "x", "y", "transform"):
            if key in element.attrib:
                element.attrib[key] = _NUMBER.sub(_rounded, " ".join(element.attrib[key].split()))
        if "style" in element.attrib:
            element.attrib["style"] = _restyled(element.attrib["style"], variables)
    for parent in root.iter():
        _share_style(parent)


def _is_unseen(element: ElementTree.Element) -> bool:
    """A frame without line or filling, a clip, or an empty group."""
    style = element.attrib.get("style", "").strip("; ")
    empty_group = element.tag == f"{{{SVG}}}g" and len(element) == 0
    clip = element.tag == f"{{{SVG}}}defs" and all(child.tag == f"{{{SVG}}}clipPath" for child in element)
    return empty_group or clip or (element.tag == f"{{{SVG}}}path" and style == "fill: none")


def _referred_to(root: ElementTree.Element) -> set[str]:
    values = " ".join(value for element in root.iter() for value in element.attrib.values())
    return set(re.findall(r"#(\w+)", values))


def _rounded(match: re.Match[str]) -> str:
    """To a tenth of a pixel."""
    return f"{round(float(match[0]), 1) + 0.0:g}"


def _is_matplotlib_style(element: ElementTree.Element) -> bool:
    return element.tag == f"{{{SVG}}}defs" and all(child.tag == f"{{{SVG}}}style" for child in element)


def _restyled(style: str, variables: Mapping[str, str]) -> str:
    # The page's style sheet names the font.
    style = _FONT.sub("", style)
    return _COLOUR.sub(lambda match: f"var({variables.get(match[0], match[0])})", style)


def _share_style(parent: ElementTree.Element) -> None:
    """Move a style that all markers of a line share up to their group."""
    marks = [child for child in parent if child.tag == f"{{{SVG}}}use"]
    styles = {mark.attrib.get("style") for mark in marks}
    if len(marks) > 1 and len(marks) == len(parent) and len(styles) == 1 and "style" not in parent.attrib:
        parent.attrib["style"] = str(styles.pop())
        for mark in marks:
            del mark.attrib["style"]
