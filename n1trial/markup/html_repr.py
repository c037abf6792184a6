"""An object as a small card for a notebook, or as a line for a console: its type and a few facts."""

from __future__ import annotations

from datetime import datetime
from html import escape
from typing import TYPE_CHECKING

from n1trial.markup.text import visible

if TYPE_CHECKING:
    from collections.abc import Mapping

    # For its type alone: protocols are read by commands that must start at once.
    import pandas as pd

ROWS = 6
MOST_COLUMNS = 12


def card(title: str, facts: Mapping[str, object], table: pd.DataFrame | None = None) -> str:
    """HTML with a heading, a line of facts and the first rows of a table.

    Parameters
    ----------
    facts
        Name and value; a value is shown as text, whatever it holds.
    table
        Of which the first `ROWS` rows and `MOST_COLUMNS` columns are shown.
    """
    shown_facts = " · ".join(f"{_safe(name)} <b>{_safe(value)}</b>" for name, value in facts.items())
    parts = [f"<p><strong>{_safe(title)}</strong><br>{shown_facts}</p>"]
    if table is not None:
        shown = table.iloc[:ROWS, :MOST_COLUMNS].map(_cell)
        parts.append(shown.to_html(index=False, border=0, na_rep="–", float_format="{:.4g}".format))
        if len(table) > ROWS:
            parts.append(f"<p>… and {len(table) - ROWS} more rows: <code>.table</code></p>")
    return f"<div>{''.join(parts)}</div>"


def line(title: str, facts: Mapping[str, object]) -> str:
    """The same facts in one line, for a console."""
    shown_facts = ", ".join(f"{name} {visible(str(value))}" for name, value in facts.items())
    return f"<{title}: {shown_facts}>"


def _safe(value: object) -> str:
    return escape(visible(str(value)))


def _cell(value: object) -> object:
    if isinstance(value, str):
        return visible(value)
    return value.date() if isinstance(value, datetime) else value
