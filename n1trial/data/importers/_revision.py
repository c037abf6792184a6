"""Which code reads exports: an export is read again when that code has changed, whatever version it calls itself."""

import hashlib
from functools import cache
from pathlib import Path

from n1trial.data import episodes


@cache
def reader_revision() -> str:
    """SHA-256 over this package's modules and the record that they fill, shortened."""
    package = Path(__file__).parent
    modules = sorted(package.rglob("*.py"), key=lambda module: module.relative_to(package).as_posix())
    digest = hashlib.sha256()
    for module in (*modules, Path(episodes.__file__)):
        digest.update(module.read_bytes().replace(b"\r\n", b"\n") + b"\0")
    return digest.hexdigest()[:16]
