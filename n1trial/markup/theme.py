"""The colours of a page, by the part they play, on light and on dark.

Text colours have a contrast of 4.5:1 (WCAG 2.1, 1.4.3) on paper and card in both schemes; `test_figures.py` measures.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Shade:
    """One role on the page: its CSS variable, and its colour in both schemes."""

    variable: str
    light: str
    dark: str


PAPER = Shade(variable="--paper", light="#faf9f6", dark="#12151b")
CARD = Shade(variable="--card", light="#fffffe", dark="#1a1e27")
INK = Shade(variable="--ink", light="#1d2430", dark="#e9e7e2")
MUTED = Shade(variable="--muted", light="#586070", dark="#a7adba")
LINE = Shade(variable="--line", light="#dcdad4", dark="#363c49")
BAND = Shade(variable="--band", light="#f1efea", dark="#262b36")
WORSE = Shade(variable="--worse", light="#9b1c31", dark="#ff9a9a")
ACCENT = Shade(variable="--accent", light="#47459c", dark="#b9b6ff")
SHADES = (PAPER, CARD, INK, MUTED, LINE, BAND, WORSE, ACCENT)
