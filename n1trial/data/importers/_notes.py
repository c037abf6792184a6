"""What a reader should know of an export beside its nights: one sentence each, given while it is read."""

import warnings
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Note:
    """One sentence about an export.

    Attributes
    ----------
    text
        *Where: what to know: what to do*, like an error, but the export was read.
    header
        Names of the columns or fields of a layout that was never checked on a real file; never data.
    """

    text: str
    header: str = ""


OnNote = Callable[[Note], None]


def unverified(where: str, layout: str, header: str) -> Note:
    """Say that a layout was built from documents and other people's parsers only."""
    return Note(
        f"{where}: recognised as {layout}, not verified on a real file: compare some nights with the app; "
        "when they differ send what n1trial nights --header prints, which is no data",
        header,
    )


def unverified_device(where: str, device: str, verified_on: str) -> Note:
    """Say what stands behind an importer that was never checked on a whole real export."""
    return Note(
        f"{where}: recognised as {device}, not verified on a real export (checked on: {verified_on}): compare"
        " some nights with the app"
    )


def warn(note: Note) -> None:
    """Say a note as a Python warning, for those who call the library themselves."""
    warnings.warn(note.text, UserWarning, stacklevel=2)
