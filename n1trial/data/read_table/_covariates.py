"""Covariates of a table: what was known before the dose, as numbers."""

from collections.abc import Collection, Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from n1trial.data.read_table._cells import NO, NOT_RECORDED, YES, numbers
from n1trial.data.read_table._names import kept_as
from n1trial.design.outcomes import OUTCOMES
from n1trial.errors import TableError

MOST_WORDS = 8
# Parts of names of what is measured in the night itself, or of the morning after it.
OF_THE_NIGHT = {
    *(
        "asleep",
        "awake",
        "awakenings",
        "deep",
        "efficiency",
        "grogginess",
        "guess",
        "latency",
        "rem",
        "score",
    ),
    *("sol", "taken", "tib", "tst", "wake", "wakes", "waso", "zq"),
}


def read_covariates(
    raw: pd.DataFrame, names: Sequence[str], *, taken: Collection[str], path: Path
) -> pd.DataFrame:
    """Covariates as columns of numbers, NaN where a cell is empty; yes is 1 and no is 0.

    A column of words becomes a column for each word but the first, 1 where it stands.

    Parameters
    ----------
    taken
        Columns that have another part in the analysis.

    Raises
    ------
    TableError
        A covariate is measured after the dose, has another part already, or has too many words.
    """
    covariates: dict[str, pd.Series] = {}
    for name in dict.fromkeys(names):
        if name in taken:
            raise TableError(f"{path.name}: --covariate {name}: has another part already: leave it out")
        if name in OUTCOMES or OF_THE_NIGHT & {*name.lower().replace("-", "_").replace(" ", "_").split("_")}:
            raise TableError(
                f"{path.name}: --covariate {name}: is measured after the dose, so the dose may have changed it:"
                " leave it out, or rename it if it was known before"
            )
        cells = raw[name]
        recorded = ~cells.str.lower().isin(NOT_RECORDED)
        words = cells[recorded].str.lower().unique()
        yes_or_no = {*words} <= {*YES, *NO} and not all(word.isdecimal() for word in words)
        if yes_or_no:
            covariates[kept_as(name)] = cells.str.lower().isin(YES).astype(float).where(recorded)
        elif recorded.any() and not cells[recorded].str.contains(r"\d").any():
            if len(words) > MOST_WORDS:
                raise TableError(
                    f"{path.name}: --covariate {name}: holds {len(words)} different words, and at most {MOST_WORDS} can"
                    " be compared: give numbers"
                )
            for word in words[1:]:
                covariates[f"{name}: {word}"] = (cells.str.lower() == word).astype(float).where(recorded)
        else:
            covariates[kept_as(name)] = numbers(raw, name, path)
    return pd.DataFrame(covariates, index=raw.index).replace({None: np.nan})
