"""How the API and command reference is built: `uv run poe docs`, or sphinx-build -W -b html .docs FOLDER.

`generated/` is written at each build: the page of the public names, a page of each, and the README of every folder.
"""

import re
from pathlib import Path

import n1trial

DOCS = Path(__file__).parent
ROOT = DOCS.parent
GENERATED = DOCS / "generated"

project = "n1trial"
author = "The n1trial authors"
version = release = n1trial.__version__
extensions = [
    "sphinx.ext.autodoc",
    "sphinx.ext.autosummary",
    "numpydoc",
    "sphinx_click",
    "myst_parser",
]
html_theme = "alabaster"
html_theme_options = {"description": "N-of-1 trials of sleep", "page_width": "1100px"}
html_show_sourcelink = False
html_show_copyright = False
html_show_sphinx = False
exclude_patterns = ["_build"]
autosummary_generate = True
autosummary_imported_members = True
autodoc_member_order = "bysource"
autodoc_typehints = "signature"
numpydoc_show_class_members = False
myst_heading_anchors = 3


def folder_readmes() -> dict[str, Path]:
    """Each README of a folder, by the name of its page."""
    folders = ("n1trial", "protocols", "notebooks", "tests")
    paths = sorted(path for folder in folders for path in (ROOT / folder).rglob("README.md"))
    kept = [path for path in paths if "exports" not in path.parts]
    return {"-".join(path.parent.relative_to(ROOT).parts): path for path in kept}


def as_a_page(readme: Path, pages: dict[Path, str]) -> str:
    """Text of a README whose links lead to other pages, or are plain text where a file has no page."""

    def link(written: re.Match[str]) -> str:
        picture, text, target = written.groups()
        if "://" in target or target.startswith("#"):
            return written.group()
        path, _, anchor = target.partition("#")
        place = (readme.parent / path).resolve()
        if picture:
            return f"![{text}]({'../' * 2}{place.relative_to(ROOT)})"
        page = pages.get(place) or pages.get(place / "README.md")
        return f"[{text}]({page}.md{'#' * bool(anchor)}{anchor})" if page else text

    return re.sub(r"(!?)\[([^\]]*)\]\(([^)\s]+)\)", link, readme.read_text(encoding="utf-8"))


def public_names() -> str:
    """A page that lists the public names, types apart from functions."""
    types = [name for name in n1trial.__all__ if name[0].isupper() and name != "OUTCOMES"]
    functions = [name for name in n1trial.__all__ if name[0].islower()]
    blocks = [
        f"{title}\n{'-' * len(title)}\n\n.. autosummary::\n   :toctree:\n\n"
        + "".join(f"   {name}\n" for name in names)
        for title, names in (("Functions", functions), ("Types", types))
    ]
    heading = "The Python interface"
    module = (
        ".. automodule:: n1trial\n   :no-members:\n\n.. currentmodule:: n1trial\n\n"
        "``n1trial.OUTCOMES`` has every outcome by name, each an :class:`Outcome`.\n"
    )
    return "\n".join([f"{heading}\n{'=' * len(heading)}\n", module, *blocks])


def write_pages() -> None:
    """Write what stands in `generated/` before Sphinx reads it."""
    GENERATED.mkdir(exist_ok=True)
    for page in GENERATED.iterdir():
        page.unlink()
    (GENERATED / "api.rst").write_text(public_names(), encoding="utf-8")
    readmes = folder_readmes()
    pages = {path: f"folder-{name}" for name, path in readmes.items()}
    for name, path in readmes.items():
        (GENERATED / f"folder-{name}.md").write_text(as_a_page(path, pages), encoding="utf-8")


write_pages()
