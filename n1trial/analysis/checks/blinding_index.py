"""Did the person guess the arm? Bang's blinding index, and the answer among nights without a right guess.

The index is the share of right guesses beyond what luck gives, don't-knows counted: 0 is luck, 1 every guess
right, below 0 guesses the wrong way. With K arms luck is right once in K, and the index is
(K r - 1) / (K - 1) times the share that guessed, r being the share right among those. Bang, Ni & Davis
(2004), doi:10.1016/j.cct.2003.10.016, for two arms. A night's guess repeats that of the night before, so the
last guess of every period counts and the others do not.
"""

import numpy as np
import pandas as pd

from n1trial.analysis.checks import ALL_ARMS, Case, CheckResult, EveryArm, Findings, Quantity
from n1trial.analysis.checks._quick_fit import estimates
from n1trial.analysis.checks._subsets import enough, without
from n1trial.analysis.effects import INTERVAL
from n1trial.data.diary import DONT_KNOW
from n1trial.data.left_out import LeftOut
from n1trial.data.trial_data import TrialData
from n1trial.system.arrays import Array
from n1trial.system.random_streams import stream

NAME = "blinding"
DRAWS, SEED = 20_000, 20_152
# Jeffreys' prior of a share, for right, wrong and don't know.
PRIOR = 0.5


def applies(case: Case) -> bool:
    """The arms were hidden, or nobody said that they were not, and some guess was written down."""
    return case.data.blinded is not False and "guess" in case.data.table and len(last_guesses(case.data)) > 0


def run(case: Case) -> Findings:
    """The index of every arm and of all, with a credible interval; the effects where the guess was not right."""
    data, outcome = case.data, case.outcome
    last, rng = last_guesses(data), stream(SEED)
    results = []
    subjects: tuple[str | EveryArm, ...] = (*data.arms, ALL_ARMS)
    for arm in subjects:
        of_arm = last if arm is ALL_ARMS else last[last["arm"] == arm]
        if of_arm.empty:
            continue
        counts = _counts(of_arm)
        draws = bang(rng.dirichlet(counts + PRIOR, DRAWS), len(data.arms))
        low, high = np.quantile(draws, [(1 - INTERVAL) / 2, (1 + INTERVAL) / 2])
        results.append(
            CheckResult(
                check=NAME,
                arm=arm,
                estimate=float(bang((counts / counts.sum())[np.newaxis], len(data.arms))[0]),
                low=float(low),
                high=float(high),
                passed=bool(low <= 0),
                quantity=Quantity.OTHER,
                note="Bang's index, last guess of a period: {:.0f} right, {:.0f} wrong, {:.0f} don't know".format(
                    *counts
                ),
            )
        )
    right = data.table["guess"] == data.table["arm"]
    kept = without(data, right, LeftOut.GUESSED_RIGHT)
    if right.any() and enough(kept, outcome.name):
        results += estimates(
            kept,
            outcome,
            check="nights not guessed right",
            note="observational: a guess comes after the night",
        )
    return Findings(results=tuple(results))


def last_guesses(data: TrialData) -> pd.DataFrame:
    """The last guess of every period: `arm`, `guess`."""
    guessed = data.table[(data.table["block"] > 0) & (data.table["guess"] != "")]
    return guessed.groupby("period").last()[["arm", "guess"]]


def _counts(last: pd.DataFrame) -> Array:
    """Right, wrong and don't know, of the last guesses."""
    unknown = last["guess"] == DONT_KNOW
    right = last["guess"] == last["arm"]
    return np.array([right.sum(), (~right & ~unknown).sum(), unknown.sum()], dtype=float)


def bang(shares: Array, arms: int) -> Array:
    """Index [draw] of shares [draw, (right, wrong, don't know)] with so many arms."""
    right, wrong = shares[:, 0], shares[:, 1]
    return right - wrong / (arms - 1)
