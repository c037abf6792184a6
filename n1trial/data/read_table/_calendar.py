"""From the rows of one person to nights in order: what is absent, periods, run-in, washout.

A table has `night`, `arm`, `block` (0: none), `given_period` (text, "" where none was given), `run_in`, the outcomes
and the covariates. A date between the first and the last that has no row is a missing night, as if its row were
empty. It belongs to the period around it; between two periods to the one that is shorter than periods usually are
here, and where neither is, it lies between them and was not planned. Where arms change from night to night nobody
knows what it would have been, and its arm is `UNKNOWN_ARM`.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import pairwise

import numpy as np
import pandas as pd

from n1trial.system.arrays import Codes

# More nights in a row without a row are a pause of the trial.
PAUSE_NIGHTS = 14
UNKNOWN_ARM = ""
_TURN = ["arm", "block", "given_period"]


def in_order(table: pd.DataFrame) -> pd.DataFrame:
    """Rows by date; without dates the rows of a block together, by period where periods are numbers."""
    if table["night"].notna().all():
        return table.sort_values("night", kind="stable")
    order = pd.to_numeric(table["given_period"], errors="coerce").fillna(0.0)
    return table.assign(order=order).sort_values(["block", "order"], kind="stable").drop(columns="order")


def without_empty_repeats(
    table: pd.DataFrame, measured: Sequence[str]
) -> tuple[pd.DataFrame, tuple[str, ...]]:
    """The table without rows that hold no value where another row of their date and turn does, and a note of them.

    So does a diary with several entries a day write the value of the day into one of them.
    """
    recorded = table[list(measured)].notna().any(axis=1)
    elsewhere = recorded.groupby([table["night"], *(table[name] for name in _TURN)]).transform("any")
    empty = ~recorded & elsewhere
    if not empty.any():
        return table, ()
    note = f"{empty.sum()} rows without a value, of dates that have one in another row, are not nights of their own"
    return table[~empty].reset_index(drop=True), (note,)


def stands_twice(table: pd.DataFrame, outcome: str) -> tuple[str, ...]:
    """A note of each date with several rows that differ: all of them are analysed."""
    again = table[table["night"].duplicated(keep=False)]
    return tuple(
        f"{night:%Y-%m-%d} stands {len(rows)} times ({' and '.join(f'{value:g}' for value in rows[outcome])}):"
        " every row is analysed as its own night, as given; correct the table if they are one night"
        for night, rows in again.groupby("night")
    )


def with_absent_nights(table: pd.DataFrame, *, nightly: bool) -> tuple[pd.DataFrame, tuple[str, ...]]:
    """The table with an empty row for every missing night, in order, and notes of them and of pauses.

    Parameters
    ----------
    nightly
        Whether each night was drawn by itself, so that the arm of a missing one is not known.
    """
    table = table.reset_index(drop=True)
    first = table["night"].iloc[0]
    days = (table["night"] - first).dt.days.to_numpy(np.int64)
    steps = np.diff(days)
    steps = steps[(steps > 0) & (steps <= PAUSE_NIGHTS + 1)]
    # However many nights are missing at random, the next date is more often the next night than any other.
    if len(steps) and (usual_step := int(np.bincount(steps).argmax())) > 1:
        return table, (
            f"dates are mostly {usual_step} nights apart: nights between them are taken as not planned",
        )
    absent = list(_absent(days, _runs(table), nightly=nightly))
    pauses = [
        f"no night from {table['night'][before] + pd.Timedelta(days=1):%Y-%m-%d} for {gap} nights: taken as a pause"
        " of the trial, not as missing nights"
        for before, gap in enumerate(np.diff(days) - 1)
        if gap > PAUSE_NIGHTS
    ]
    if not absent:
        return table, tuple(pauses)
    rows = []
    for day, row in absent:
        before = int(np.searchsorted(days, day)) - 1
        around = table.iloc[before], table.iloc[before + 1]
        like = table.iloc[before if row is None else row]
        known = {
            "night": first + pd.Timedelta(days=day),
            "run_in": all(neighbour["run_in"] for neighbour in around),
        }
        if row is None:
            block = int(like["block"]) if around[0]["block"] == around[1]["block"] else 0
            # A number of its own, so that two nights of unknown arms are no period.
            known |= {"arm": UNKNOWN_ARM, "block": block, "given_period": f"absent {day}"}
        else:
            known |= {name: like[name] for name in _TURN}
        rows.append(known)
    added = pd.DataFrame(rows).reindex(columns=table.columns)
    added = added.astype({name: table[name].dtype for name in table.columns})
    filled = pd.concat([table, added]).sort_values("night", kind="stable", ignore_index=True)
    dates = "date has" if len(rows) == 1 else "dates have"
    count = "it counts as a missing night" if len(rows) == 1 else "they count as missing nights"
    return filled, (f"{len(rows)} {dates} no row: {count}", *pauses)


def numbered_periods(table: pd.DataFrame, *, nightly: bool) -> Codes:
    """The period of each night [night]: a run on one arm in one block and given period, or the night itself."""
    return np.arange(1, len(table) + 1) if nightly else _runs(table) + 1


def _absent(days: Codes, runs: Codes, *, nightly: bool) -> Iterator[tuple[int, int | None]]:
    """Days without a row, each with the row whose period it belongs to; None where nobody knows."""
    starts, ends = (np.flatnonzero(np.diff(runs, **edge)) for edge in ({"prepend": -1}, {"append": -1}))
    lengths = [int(length) for length in days[ends] - days[starts] + 1]
    usual = 1 if nightly else _usual(days[starts], days[ends], lengths)
    for before, after in pairwise(range(len(days))):
        between = range(int(days[before]) + 1, int(days[after]))
        if not between or len(between) > PAUSE_NIGHTS:
            continue
        this, following = int(runs[before]), int(runs[after])
        if usual == 1:
            yield from ((day, None) for day in between)
        elif this == following:
            yield from ((day, before) for day in between)
        else:
            ours = min(len(between), max(0, usual - lengths[this]))
            theirs = min(len(between) - ours, max(0, usual - lengths[following]))
            lengths[this] += ours
            lengths[following] += theirs
            yield from ((day, before) for day in between[:ours])
            yield from ((day, after) for day in between[len(between) - theirs :])


def _usual(starts: Codes, ends: Codes, lengths: list[int]) -> int:
    """The most common length of periods that begin and end without a gap, or of all where none does."""
    whole = [
        length
        for place, length in enumerate(lengths[:-1])
        if ends[place] + 1 == starts[place + 1] and (place == 0 or ends[place - 1] + 1 == starts[place])
    ]
    counted = Counter(whole or [max(lengths)])
    return max(counted, key=lambda length: (counted[length], length))


def _runs(table: pd.DataFrame) -> Codes:
    turn = table[_TURN]
    after_a_pause = table["night"].diff().dt.days > PAUSE_NIGHTS + 1
    return (((turn != turn.shift()).any(axis=1) | after_a_pause).cumsum() - 1).to_numpy(np.int64)
