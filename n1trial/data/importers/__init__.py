"""Importers: one module a device, each turning its exports into sleep episodes.

The folder is the registry: a module whose name does not start with ``_`` and that fulfils `Importer` is found
by itself. An importer never sees a schedule, so importing cannot unblind.
"""

import importlib
import pkgutil
from collections.abc import Iterator, Sequence
from functools import cache
from typing import Protocol, cast
from zoneinfo import ZoneInfo

from msgspec.structs import replace

from n1trial.data.episodes import SleepEpisode
from n1trial.data.importers._archive import is_nested, printable
from n1trial.data.importers._notes import Note, OnNote, unverified_device, warn
from n1trial.data.importers._records import bounded
from n1trial.data.importers._resemblance import unrecognised
from n1trial.data.importers._revision import reader_revision
from n1trial.data.importers._source import Source, open_source
from n1trial.data.importers._takeout import absent_parts
from n1trial.data.importers._unfinished import without_unfinished
from n1trial.errors import ExportError
from n1trial.system.arguments import GivenPath, paths_of, zone_of

__all__ = [
    "Importer",
    "Note",
    "OnNote",
    "device_name",
    "known_importers",
    "read_exports",
    "reader_revision",
    "warn",
]


class Importer(Protocol):
    """What a module of this folder must have.

    `LOOKS_FOR` names its files in words, `WORDS` are bytes that stand in its files and hardly in another vendor's, and
    `FOLDERS` are folders of its archives in lower case: all for the message that nothing was recognised. `VERIFIED_ON`
    says which real files it was checked on; with `VERIFIED` False whoever reads such an export is told so.
    """

    DEVICE: str
    LOOKS_FOR: str
    WORDS: tuple[bytes, ...]
    FOLDERS: tuple[str, ...]
    VERIFIED: bool
    VERIFIED_ON: str

    def recognises(self, source: Source) -> bool:
        """Whether the source holds this device's sleep, read or not."""
        ...

    def read(self, source: Source, *, home_zone: ZoneInfo | None) -> Iterator[SleepEpisode]:
        """Every sleep record of the source, in the order of its files.

        What a reader should know beside them goes to ``source.note``: rows that were rejected, a layout that
        was never checked on a real file.
        """
        ...


@cache
def known_importers() -> dict[str, Importer]:
    """All importers by name, in alphabetical order."""
    names = sorted(found.name for found in pkgutil.iter_modules(__path__) if not found.name.startswith("_"))
    return {name: cast("Importer", importlib.import_module(f"{__name__}.{name}")) for name in names}


def device_name(source: str) -> str:
    """A device as its vendor writes it, such as "Sleep as Android" for `sleep_as_android`."""
    named = known_importers()[source].DEVICE if source in known_importers() else source.replace("_", " ")
    return named[:1].upper() + named[1:]


def read_exports(
    paths: GivenPath | Sequence[GivenPath], *, home_zone: ZoneInfo | str | None = None, on_note: OnNote = warn
) -> list[SleepEpisode]:
    """Read the sleep episodes of one export.

    Parameters
    ----------
    paths
        A file, folder or zip, or several of *one* export, such as the parts of a Takeout.
    home_zone
        Where the clock stood, such as ``"Europe/Berlin"``, for files that do not say it. Without it such times stay
        without offset and clock changes cannot be flagged.
    on_note
        Is told what a reader should know beside the nights, while the export is read; by default a note is a
        Python warning.

    Returns
    -------
    Episodes by start. A record that is in two files is there twice; `nightly` keeps one.

    Raises
    ------
    ExportError
        The export is damaged, hostile, unknown, ambiguous or empty. Nothing of it is used then.
    """
    home_zone = zone_of(home_zone)
    with open_source(paths_of(paths), on_note=on_note) as source:
        importers = known_importers()
        able = [name for name, importer in importers.items() if importer.recognises(source)]
        if not able:
            raise ExportError(_unrecognised(source, importers))
        if len(able) > 1:
            raise ExportError(
                f"{source.label}: {' and '.join(able)} both recognise it: give one export at a time"
            )
        importer = importers[able[0]]
        if not importer.VERIFIED:
            source.note(unverified_device(source.label, importer.DEVICE, importer.VERIFIED_ON))
        for last, absent in absent_parts({member.where.partition(" › ")[0] for member in source.members}):
            source.note(
                Note(
                    f"{last}: part {absent} of the same Takeout is not here: give every part, or nights are absent"
                )
            )
        read = (
            # A stand-in for a damaged record does not know whose it is.
            episode if episode.source else replace(episode, source=able[0], device=importer.DEVICE)
            for episode in bounded(importer.read(source, home_zone=home_zone), source.label)
        )
        episodes = list(without_unfinished(read, source))
        if not episodes:
            raise ExportError(
                f"{source.label}: recognised as {importer.DEVICE} but holds no sleep record: "
                "check the dates of the export"
            )
    return sorted(
        episodes, key=lambda episode: (episode.start.instant, episode.record_id, episode.source_file)
    )


def _unrecognised(source: Source, importers: dict[str, Importer]) -> str:
    within = [member.name for member in source.members]
    nested = next((name for name in within if is_nested(name)), None)
    if nested is not None:
        return (
            f"{source.label}: no importer recognises it: unpack it first, the archive inside it"
            f" ({printable(nested)}) is not opened"
        )
    if any(member.base_name == "workbook.xml" for member in source.members):
        return f"{source.label}: no importer recognises it: save its sheet of sleep as CSV"
    return unrecognised(source, importers)
