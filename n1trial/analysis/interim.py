"""Looks before the end: which is due, on which nights, and what the rule fixed in the protocol says of them."""

import itertools
from dataclasses import dataclass
from datetime import date

import pandas as pd

from n1trial.analysis.effects import Effects, contrast_draws
from n1trial.data.left_out_nights import without_nights_after
from n1trial.data.trial_data import TrialData
from n1trial.design.protocol import Looks
from n1trial.design.schedule import Schedule
from n1trial.inference.fit import Fit
from n1trial.markup.text import as_written


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """What a planned look came to: whether the rule says stop, and why in one sentence."""

    block: int
    stop: bool
    said: str


def block_to_look_at(looks: Looks | None, schedule: Schedule, evening: date) -> int | None:
    """The planned look that is due on an evening: the last of its blocks that is over; None before the first."""
    ends = block_ends(schedule)
    return max(
        (block for block in (looks.after_blocks if looks else ()) if ends[block].date() < evening),
        default=None,
    )


def nights_to_look_at(data: TrialData, schedule: Schedule, block: int) -> TrialData:
    """The trial up to the end of a block."""
    return without_nights_after(data, block_ends(schedule)[block], "after the look")


def block_ends(schedule: Schedule) -> dict[int, pd.Timestamp]:
    """The last night of every block."""
    trial = schedule.table[schedule.table["phase"] == "trial"]
    return {int(block): nights.max() for block, nights in trial.groupby("block")["night"]}


def decide(looks: Looks, block: int, data: TrialData, fit: Fit, effects: Effects) -> Decision:
    """Apply the rule to the primary outcome; a fit with problems never stops a trial.

    ``precise`` looks at every two arms alike, so that it may be asked while the arms are letters.
    """
    if fit.problems:
        return Decision(block=block, stop=False, said=f"after block {block}: go on, the fit has problems")
    if looks.stop_when == "decided":
        open_still = [
            each.contrast for each in effects.contrasts if each.verdict in ("can't tell yet", "no verdict")
        ]
        stop = not open_still
        found = f"undecided still: {', '.join(open_still)}" if open_still else "every arm has a verdict"
    else:
        widest = max(
            float(contrast_draws(fit.posterior, data, fit.outcome, one, other).std())
            for one, other in itertools.combinations(data.arms, 2)
        )
        limit = looks.sd_at_most or 0.0
        stop = widest <= limit
        unit = fit.outcome.contrast_unit
        found = f"the widest posterior SD of two arms is {widest:.1f} {unit}, the rule asks for {as_written(limit)}"
    return Decision(
        block=block,
        stop=stop,
        said=f"after block {block}: {'the rule says stop' if stop else 'go on'}; {found}",
    )
