"""Fuzzing that follows the code: mutants that reach new lines of an importer are kept and mutated further.

``python guided.py fitbit 20000`` for so many inputs, the same every time; leaves with 0 when nothing
but `ExportError` got out.
"""

import sys
import tempfile
from pathlib import Path
from zoneinfo import ZoneInfo

import atheris
from paths import EXPORTS

with atheris.instrument_imports(include=["n1trial"]):
    from n1trial.data.importers import known_importers, read_exports
    from n1trial.data.night_assembly import NightRule
    from n1trial.data.night_totals import night_rows
    from n1trial.errors import ExportError

    known_importers()

MEMORY = Path("/dev/shm")
BERLIN = ZoneInfo("Europe/Berlin")


def main(device: str, inputs: int) -> None:
    """Fuzz one device; the first byte of an input chooses which file of its golden exports it stands for."""
    files = [
        path
        for nights in sorted((EXPORTS / device).rglob("nights.csv"))
        for path in sorted((nights.parent / "export").rglob("*"))
        if path.is_file()
    ]
    scratch = Path(tempfile.mkdtemp(dir=MEMORY if MEMORY.is_dir() else None))
    corpus = scratch / "corpus"
    corpus.mkdir()
    for number, path in enumerate(files):
        (corpus / f"{number}").write_bytes(bytes([number]) + path.read_bytes())

    def read(data: bytes) -> None:
        victim = scratch / files[data[0] % len(files) if data else 0].name
        victim.write_bytes(data[1:])
        try:
            list(
                night_rows(
                    read_exports([victim], home_zone=BERLIN, on_note=lambda note: None),
                    window="night",
                    rule=NightRule(),
                )
            )
        except ExportError:
            pass
        finally:
            victim.unlink()

    limits = ["-timeout=5", "-rss_limit_mb=1024", "-max_len=65536", "-print_final_stats=1", "-verbosity=0"]
    atheris.Setup([sys.argv[0], f"-runs={inputs}", "-seed=1", *limits, str(corpus)], read)
    atheris.Fuzz()


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
