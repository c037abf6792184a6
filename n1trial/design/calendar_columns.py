"""Columns of a trial's table that come from the calendar and the roster: where in a cycle a night is, and which shift.

Both are known before the dose. A cycle of stated length (28 days of the menstrual cycle, or another) becomes a sine
and a cosine of its phase, so that it may peak on any day; a shift becomes a column of 0 and 1 for every word. As with
other covariates the columns are centred, and the slopes of shifts, all around 0, differ from each other only.
"""

from itertools import pairwise

import numpy as np
import pandas as pd

from n1trial.design.protocol import Cycle, Protocol, Roster
from n1trial.system.arrays import Array

CYCLE_COLUMNS = ("cycle_sine", "cycle_cosine")
# A first day sooner after another, in cycle lengths, was marked by mistake.
SHORTEST_GAP = 1 / 3


def calendar_columns(written: pd.DataFrame, protocol: Protocol) -> tuple[pd.DataFrame, tuple[str, ...]]:
    """The columns of cycle and shift of every planned night, and a note on each that is missing.

    Parameters
    ----------
    written
        Every planned night as the diary has it: `night`, and the columns that the protocol names.
    """
    columns, notes = pd.DataFrame(index=written.index), []
    cycle, roster = protocol.cycle, protocol.roster
    if cycle is not None:
        marked = written["night"][written[cycle.marks].fillna(False).astype(bool)]
        if len(marked):
            phase = 2 * np.pi * days_into_cycle(written["night"], marked, cycle) / cycle.length_days
            columns = columns.assign(**dict(zip(CYCLE_COLUMNS, (np.sin(phase), np.cos(phase)), strict=True)))
        else:
            notes.append(
                f"No first day of the cycle is marked in the diary ({cycle.marks}), so the cycle is not allowed for."
            )
    if roster is not None:
        words = written[roster.column]
        if words.notna().any():
            columns = columns.assign(
                **{
                    column: (words == word).astype(float).where(words.notna())
                    for word, column in roster_columns(roster).items()
                }
            )
        else:
            notes.append(
                f"No shift is written in the diary ({roster.column}), so shifts are not allowed for."
            )
    return columns, tuple(notes)


def roster_columns(roster: Roster) -> dict[str, str]:
    """The column of every word of a roster."""
    return {word: f"{roster.column} {word}" for word in roster.words}


def days_into_cycle(nights: pd.Series, marked: pd.Series, cycle: Cycle) -> Array:
    """Days since the first day of the cycle [night], 0 to its length.

    Counted from the last marked day, in whole cycles where the next was not marked; nights before the first marked
    day are counted back from it.
    """
    day = nights.to_numpy("datetime64[D]").astype(float)
    first_days = np.sort(marked.to_numpy("datetime64[D]").astype(float))
    last = np.maximum(np.searchsorted(first_days, day, side="right") - 1, 0)
    return np.asarray((day - first_days[last]) % cycle.length_days, dtype=float)


def too_soon(marked: pd.Series, cycle: Cycle) -> list[tuple[pd.Timestamp, pd.Timestamp]]:
    """First days that follow another too soon to be one, each with the one before."""
    nights = list(marked.sort_values())
    return [
        (before, night)
        for before, night in pairwise(nights)
        if (night - before).days < SHORTEST_GAP * cycle.length_days
    ]
