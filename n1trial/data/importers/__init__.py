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

from n1trial.data.episodes import SleepEpisode, SleepEpisodes
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

    Attributes
    ----------
    DEVICE : str
        The device as its vendor writes it.
    LOOKS_FOR : str
        Its files in words, for the message that nothing was recognised.
    WORDS : tuple of bytes [word]
        Bytes that occur in its files and hardly in another vendor's, for the same message.
    FOLDERS : tuple of str [folder]
        Folders of its archives in lower case, for the same message.
    VERIFIED : bool
        Whether it was checked on real files; where not, a note says so when an export is read.
    VERIFIED_ON : str
        Which real files these were.
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
    names = sorted(
        module.name for module in pkgutil.iter_modules(__path__) if not module.name.startswith("_")
    )
    return {name: cast("Importer", importlib.import_module(f"{__name__}.{name}")) for name in names}


def device_name(source: str) -> str:
    """A device as its vendor writes it, such as "Sleep as Android" for `sleep_as_android`."""
    named = known_importers()[source].DEVICE if source in known_importers() else source.replace("_", " ")
    return named[:1].upper() + named[1:]


def read_exports(
    paths: GivenPath | Sequence[GivenPath], *, home_zone: ZoneInfo | str | None = None, on_note: OnNote = warn
) -> SleepEpisodes:
    r"""Read the sleep episodes of one export.

    Parameters
    ----------
    paths : Path, str or sequence of these
        A file, folder or zip, or several of *one* export, such as the parts of a Takeout.
    home_zone : ZoneInfo, str or None
        Time zone of the bed, such as ``"Europe/Berlin"``, for files that do not say it. Without it such times stay
        without offset and clock changes cannot be flagged.
    on_note : callable of Note
        Called with what a reader should know beside the nights, while the export is read; by default a note is a
        Python warning.

    Returns
    -------
    SleepEpisodes
        A list of `SleepEpisode`, by start, that a console shows in one line. A record that is in two files is there
        twice; `nightly` keeps one.

    Raises
    ------
    ExportError
        The export is damaged, hostile, unknown, ambiguous or empty. Nothing of it is used then.

    Examples
    --------
    A device without an importer: a CSV, and a file that says what its columns mean.

    >>> import tempfile
    >>> from pathlib import Path
    >>> from n1trial import read_exports
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     table, mapping = Path(folder) / "mine.csv", Path(folder) / "mapping.yaml"
    ...     _ = table.write_text("Bed,Up,Asleep\n2026-01-06 00:30,2026-01-06 07:00,350\n", encoding="utf-8")
    ...     _ = mapping.write_text("{start: Bed, end: Up, tst: Asleep}", encoding="utf-8")
    ...     episodes = read_exports([table, mapping], home_zone="Europe/Berlin")
    >>> [(episode.start.isoformat(), episode.tst_min) for episode in episodes]
    [('2026-01-06T00:30:00+01:00', 350.0)]
    """
    home_zone = zone_of(home_zone)
    with open_source(paths_of(paths), on_note=on_note) as source:
        importers = known_importers()
        able = [name for name, importer in importers.items() if importer.recognises(source)]
        if not able:
            raise ExportError(_unrecognised(source, importers))
        if len(able) > 1:
            raise ExportError(
                f"{' and '.join(able)} both recognise it",
                place=source.label,
                remedy="give one export at a time",
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
            # The stand-in for a damaged record has no source yet.
            episode if episode.source else replace(episode, source=able[0], device=importer.DEVICE)
            for episode in bounded(importer.read(source, home_zone=home_zone), source.label)
        )
        episodes = list(without_unfinished(read, source))
        if not episodes:
            raise ExportError(
                f"recognised as {importer.DEVICE} but holds no sleep record",
                place=source.label,
                remedy="check the dates of the export",
            )
    return SleepEpisodes(
        sorted(episodes, key=lambda episode: (episode.start.instant, episode.record_id, episode.source_file))
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
