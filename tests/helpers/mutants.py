"""Damage done to exports at random, and what reading them does: the harness of the fuzz tests.

Half of the mutants are damaged files, half damaged zips. Every mutant is read and its nights are joined; the table of
nights is made of every fiftieth that survives, because pandas takes ten times as long as all the rest.
"""

import random
import resource
import shutil
import tempfile
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from time import perf_counter, process_time
from zoneinfo import ZoneInfo

from paths import EXPORTS as GOLDEN

from n1trial.data.importers import read_exports
from n1trial.data.night_assembly import NightRule
from n1trial.data.night_totals import night_rows
from n1trial.data.nights import nightly, nights_csv
from n1trial.errors import ExportError

_MEMORY = Path("/dev/shm")
_BERLIN = ZoneInfo("Europe/Berlin")
_WORDS = (
    b"null", b"-1", b"1e308", b"NaN", b'""', b"[]", b"{}", b"9" * 400, b"\xff\xfe", b"\x00", b"[" * 80, b"'",
    b'"', b";", b",", b"\n", b"Z", b"+99:99", b"9999-12-31T23:59:59Z", b"0001-01-01", b"4.2E+40", b"N/A",
    "\u2028".encode(), "\u0663".encode(), b"1,234,567", b"12:60 pm",
)  # fmt: skip


@dataclass
class Figures:
    """What a run of the harness saw."""

    mutants: int = 0
    read: int = 0
    slowest_s: float = 0.0
    peak_mib: float = 0.0
    accidents: list[str] = field(default_factory=list)

    def __add__(self, other: "Figures") -> "Figures":
        return Figures(
            self.mutants + other.mutants,
            self.read + other.read,
            max(self.slowest_s, other.slowest_s),
            max(self.peak_mib, other.peak_mib),
            self.accidents + other.accidents,
        )


def golden_exports(device: str) -> list[Path]:
    """Every golden export of a device, the first and those of its further layouts."""
    return sorted(nights.parent / "export" for nights in (GOLDEN / device).rglob("nights.csv"))


def home_zone_of(export: Path) -> ZoneInfo | None:
    """The zone of the bed that a golden export needs, where its device writes UTC alone."""
    path = export.parent / "home_zone.txt"
    return ZoneInfo(path.read_text().strip()) if path.exists() else None


def files_of(folder: Path) -> dict[str, bytes]:
    """Every file of an export by its path in it."""
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def zipped(path: Path, files: dict[str, bytes]) -> Path:
    """Write files as a zip."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return path


def mutated(content: bytes, chance: random.Random) -> bytes:
    """One to four changes: a bit, a slice that is cut, doubled or moved, a word that hurts."""
    changed = bytearray(content)
    for _ in range(chance.randint(1, 4)):
        at = chance.randrange(len(changed) + 1)
        end = min(len(changed), at + chance.choice((1, 2, 8, 64, 512)))
        match chance.randrange(7):
            case 0 if at < len(changed):
                changed[at] ^= 1 << chance.randrange(8)
            case 1:
                del changed[at:end]
            case 2:
                changed[at:at] = changed[at:end]
            case 3:
                changed[at:end] = chance.choice(_WORDS)
            case 4:
                changed[at:at] = b"%d" % chance.randrange(10**6)
            case 5 if at < len(changed) and 48 <= changed[at] <= 57:
                changed[at] = 48 + chance.randrange(10)
            case 6 if chance.random() < 0.2:
                del changed[at:]
    return bytes(changed)


def fuzz(exports: Sequence[Path], seed: str, count: int) -> Figures:
    """Read `count` mutants of golden exports, in turn."""
    chance = random.Random(seed)
    folder = Path(tempfile.mkdtemp(dir=_MEMORY if _MEMORY.is_dir() else None))
    figures = Figures()
    try:
        victims = [
            victim
            for number, export in enumerate(exports)
            for victim in _laid_out(export, folder / f"{number}")
        ]
        for number in range(count):
            victim = victims[number % len(victims)]
            victim.path.write_bytes(mutated(victim.content, chance))
            _read(victim.given, figures, label=f"{seed}, mutant {number}, {victim.path.name}")
    finally:
        shutil.rmtree(folder)
    figures.peak_mib = peak_mib()
    return figures


@dataclass
class _Victim:
    path: Path
    content: bytes
    given: list[Path]


def _laid_out(export: Path, folder: Path) -> list[_Victim]:
    """A file that is damaged beside the whole rest of its export, for every file; and as often their zip."""
    files = {Path(name).name: content for name, content in files_of(export).items()}
    victims = []
    for number, victim in enumerate(files):
        beside = folder / f"{number}"
        beside.mkdir(parents=True)
        for name, content in files.items():
            (beside / name).write_bytes(content)
        victims.append(_Victim(beside / victim, files[victim], sorted(beside.iterdir())))
        archive = zipped(folder / f"{number}.zip", files_of(export))
        victims.append(_Victim(archive, archive.read_bytes(), [archive]))
    return victims


def _read(paths: list[Path], figures: Figures, *, label: str) -> None:
    started = perf_counter()
    try:
        episodes = read_exports(paths, home_zone=_BERLIN, on_note=lambda note: None)
        list(night_rows(episodes, window="night", rule=NightRule()))
        figures.read += 1
        if figures.read % 50 == 0:
            nights_csv(nightly(episodes))
    except ExportError as error:
        if "\n" in str(error):
            figures.accidents.append(f"{label}: a message of two lines")
    except Exception as error:  # noqa: BLE001 - whatever gets out is what the test is for
        figures.accidents.append(f"{label}: {error!r}")
    figures.mutants += 1
    figures.slowest_s = max(figures.slowest_s, perf_counter() - started)


def refusal(path: Path) -> tuple[str, float, float]:
    """Message, seconds of the processor and peak MiB of an export that is refused."""
    started = process_time()
    try:
        read_exports([path], on_note=lambda note: None)
        message = ""
    except ExportError as error:
        message = str(error)
    return message, process_time() - started, peak_mib()


def peak_mib() -> float:
    """Peak memory of this process; Linux's ru_maxrss would count that of the process that started it."""
    status = Path("/proc/self/status")
    if status.exists():
        return int(status.read_text().partition("VmHWM:")[2].split()[0]) / 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
