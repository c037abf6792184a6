"""Randomisation test: the share of schedules that luck could have drawn and that show as much.

It assumes nothing about the nights, only that the schedule was drawn as the protocol says, or as the user says of
a table of their own. Where nothing was drawn, or the arms go with the weekday or something else that no lot would
have followed, there is no such test. Where each night was drawn, each is drawn again (`_coin_flip`). Else the labels of
the complete blocks are drawn again over the same admissible set, restrictions included: all of them when
there are at most 100,000, else 20,000 exact uniform draws. Two rows a contrast:

* every arm's label moves; the statistic is |t| of the contrast in the block analysis of variance, and p
  speaks against "no arm does anything";
* only the two labels of the contrast are swapped, the others stay; p is exact also when a third arm acts,
  and the interval holds every shift that this test does not reject.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from n1trial.analysis.checks import Case, CheckResult, Findings
from n1trial.analysis.checks._coin_flip import tossed_again
from n1trial.analysis.checks._period_means import complete_blocks, left_out_note, period_means
from n1trial.analysis.effects import INTERVAL
from n1trial.data.label_swaps import may_swap
from n1trial.data.trial_data import TrialData
from n1trial.design.allocation import Admissible, Chain
from n1trial.design.contrast import Contrast
from n1trial.design.outcomes import Outcome
from n1trial.inference.aliasing import aliases
from n1trial.system.arrays import Array

NAME = "randomisation"
ENUMERATE_AT_MOST = 100_000
DRAWS = 20_000
SEED = 20_150
# Differences of sums that are equal on paper must not count as unequal in floating point.
TIE = 1e-9

type Codes = npt.NDArray[np.int8]


@dataclass(frozen=True, slots=True, kw_only=True)
class Drawn:
    """The schedule that was drawn, and the set of schedules that it was drawn from.

    Attributes
    ----------
    admissible
        All schedules that could have been drawn.
    schedule : [block, position]
        The one that was, as positions in `admissible.arms`.
    used : [complete block]
        Positions of the complete blocks among all.
    column : [arm]
        Position of each of the schedule's arms among the trial's.
    """

    admissible: Admissible
    schedule: Codes
    used: npt.NDArray[np.int64]
    column: npt.NDArray[np.int64]


def applies(case: Case) -> bool:
    """Something was drawn that could have come out otherwise; two complete blocks are the least."""
    data, outcome = case.data, case.outcome
    if data.drawn == "none" or aliases(data, outcome):
        return False
    if data.drawn == "coin":
        return bool(data.analysed(outcome)["arm"].value_counts().reindex(list(data.arms)).min() >= 2)
    enough = len(complete_blocks(data, outcome)) >= 2
    return enough and (data.design is not None or may_swap(data, outcome))


def run(case: Case) -> Findings:
    """The p value of every contrast, over swaps of its two labels and, with a third arm, over all labels."""
    if case.data.drawn == "coin":
        return tossed_again(case, NAME)
    data, outcome = case.data, case.outcome
    means = complete_blocks(data, outcome)
    used = left_out_note(data, len(means))
    drawn = drawn_from(data, outcome)
    every, exact = relabellings(means, drawn)
    results = []
    for contrast in data.contrasts:
        one, other = (data.arms.index(arm) for arm in contrast.arms)
        difference = means[:, one] - means[:, other]
        if len(data.arms) > 2:
            p = share_as_large(block_t(every, one, other), block_t(means[np.newaxis], one, other)[0])
            how = f"{'all' if exact else 'a random'} {len(every):,} labellings of every arm; {used}"
            estimate = float(difference.mean())
            results.append(CheckResult(check=NAME, contrast=contrast, estimate=estimate, p=p, note=how))
        swaps, all_swaps = signs(drawn, contrast)
        low, high = swap_interval(difference, swaps)
        results.append(
            CheckResult(
                check=NAME if len(data.arms) == 2 else f"{NAME}, two labels swapped",
                contrast=contrast,
                estimate=float(difference.mean()),
                low=low,
                high=high,
                p=swap_p(difference, swaps),
                note=(
                    f"{'all' if all_swaps else 'a random'} {len(swaps):,} swaps; {used};"
                    f" the least p it can reach is {least_swap_p(swaps):.2g}"
                ),
            )
        )
    return Findings(results=tuple(results))


def drawn_from(data: TrialData, outcome: Outcome) -> Drawn:
    """The trial's schedule in its admissible set; without a design any order of the complete blocks."""
    arms_seen = period_means(data, outcome).groupby("block")["arm"].nunique()
    complete = arms_seen.index[arms_seen == len(data.arms)]
    design = data.design
    if design is None or (design.order == "any" and not design.never):
        # Blocks are then drawn independently, so incomplete ones may simply be left out.
        return free_draw(data.arms, len(complete))
    periods = data.table[data.table["block"] > 0].drop_duplicates("period")
    order = [list(block["arm"]) for _, block in periods.groupby("block")]
    return Drawn(
        admissible=design,
        schedule=design.codes(order),
        used=np.searchsorted(np.unique(periods["block"]), complete),
        column=np.array([data.arms.index(arm) for arm in design.arms]),
    )


def free_draw(arms: tuple[str, ...], blocks: int) -> Drawn:
    """A draw of which every order of the arms was possible in every block, whichever it was."""
    positions = np.arange(len(arms))
    schedule = np.tile(positions.astype(np.int8), (blocks, 1))
    free = Admissible(arms=arms, blocks=blocks)
    return Drawn(admissible=free, schedule=schedule, used=np.arange(blocks), column=positions)


def relabellings(means: Array, drawn: Drawn) -> tuple[Array, bool]:
    """Period means [labelling, block, arm] under every admissible labelling, or under uniform draws of them.

    The second value says whether all of them are there.
    """
    exact = drawn.admissible.size <= ENUMERATE_AT_MOST
    labels = drawn.admissible.every() if exact else drawn.admissible.sample(DRAWS, SEED)
    in_order = np.take_along_axis(means, drawn.column[drawn.schedule[drawn.used]], axis=1)
    placed = drawn.column[labels[:, drawn.used]]
    every = np.empty(placed.shape)
    np.put_along_axis(every, placed, in_order[np.newaxis], axis=2)
    return every, exact


def block_t(means: Array, one: int, other: int) -> Array:
    """|t| [labelling] of a contrast in the block analysis of variance of means [labelling, block, arm].

    Infinite where the blocks leave no residual at all.
    """
    _, blocks, arms = means.shape
    within = means - means.mean(axis=2, keepdims=True)
    arm_means = within.mean(axis=1)
    residual = np.square(within).sum(axis=(1, 2)) - blocks * np.square(arm_means).sum(axis=1)
    error = np.sqrt(2 * np.maximum(residual, 0.0) / ((blocks - 1) * (arms - 1)) / blocks)
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.nan_to_num(np.abs(arm_means[:, one] - arm_means[:, other]) / error, nan=0.0, posinf=np.inf)


def share_as_large(statistics: Array, observed: float) -> float:
    """Share of statistics at least as large as the observed one, ties on paper counted as ties."""
    return float((statistics >= observed - TIE * max(1.0, abs(observed))).mean())


def signs(drawn: Drawn, contrast: Contrast) -> tuple[Array, bool]:
    """Signs [swap, block] that swaps of two labels give the differences; whether all swaps are there."""
    swaps: Chain = drawn.admissible.swaps(drawn.schedule, *contrast.arms)
    exact = swaps.size <= ENUMERATE_AT_MOST
    schedules = swaps.every() if exact else swaps.sample(DRAWS, SEED)
    one = drawn.admissible.arms.index(contrast.arm)
    kept = ((schedules == one) & (drawn.schedule == one)).any(axis=2)
    return np.where(kept, 1.0, -1.0)[:, drawn.used], exact


def least_swap_p(swaps: Array) -> float:
    """The least p that swaps [swap, block] can reach: those that turn no difference, or every one."""
    return float((np.abs(swaps.sum(axis=1)) == swaps.shape[1]).mean())


def swap_p(difference: Array, swaps: Array) -> float:
    """Two-sided p of the mean difference [block] over swaps of the two labels."""
    return share_as_large(np.abs(swaps @ difference), abs(float(difference.sum())))


def swap_interval(difference: Array, swaps: Array) -> tuple[float | None, float | None]:
    """Every shift of the arm that the swap test does not reject at 1 - INTERVAL; None where it has no end."""
    centre = float(difference.mean())
    reach = 4 * float(np.ptp(difference)) + 1.0
    alpha = 1 - INTERVAL

    def end(direction: float) -> float | None:
        inside, outside = 0.0, reach
        if swap_p(difference - (centre + direction * outside), swaps) > alpha:
            return None
        for _ in range(40):
            middle = (inside + outside) / 2
            if swap_p(difference - (centre + direction * middle), swaps) > alpha:
                inside = middle
            else:
                outside = middle
        return centre + direction * inside

    return end(-1.0), end(1.0)
