"""Folders of the project, for a test in whatever folder."""

from pathlib import Path

HELPERS = Path(__file__).parent
TESTS = HELPERS.parent
ROOT = TESTS.parent
PACKAGE = ROOT / "n1trial"
README = ROOT / "README.md"
# Where every command stands, and the tables of what was measured.
COMMANDS = PACKAGE / "cli" / "README.md"
SHOWN_RIGHT = PACKAGE / "inference" / "README.md"
PROTOCOLS = ROOT / "protocols"
EXPORTS = TESTS / "exports"
KEPT = TESTS / "calibration"
# Real exports, faults and published trials stand beside a checkout on some machines, and are in no repository.
SHARED = ROOT.parent / "shared"
