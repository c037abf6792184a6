"""How certain a verdict is: one step down from "high" for every reason to doubt it."""

from typing import Literal

from n1trial.analysis.contrasts import contrast_draws
from n1trial.data.trial_data import TrialData
from n1trial.design.contrast import Contrast
from n1trial.design.verdict import Chances, Reason, Verdict
from n1trial.inference.fit import Fit

type Certainty = Literal["high", "moderate", "low", "very low"]
CERTAINTIES: tuple[Certainty, ...] = ("high", "moderate", "low", "very low")

HIDING_UNKNOWN = "nothing says that the arms were hidden from you"
KNEW_HABIT, KNEW_DOSE = "you knew what each evening asked of you", "you knew what you were taking"
CAME_OUT = "what was hidden from you came out before the end"
NOT_DRAWN = "the order was not drawn by lot"
LOOKED = "you looked before the end"
FEW_BLOCKS, NO_BLOCKS = "there were only {} blocks", "the arms were not in blocks"
MISSING = "{:.0%} of the nights are missing"
SCEPTICAL = "somebody who expected smaller effects would read these nights differently"
# Every reason that the way of the trial gives, `{}` for a number. None of them names an arm.
REASONS = (
    *(HIDING_UNKNOWN, KNEW_HABIT, KNEW_DOSE, CAME_OUT, NOT_DRAWN, LOOKED),
    *(FEW_BLOCKS, NO_BLOCKS, MISSING, SCEPTICAL),
)


def certainty_of(
    fit: Fit, data: TrialData, contrast: Contrast, probabilities: Chances, verdict: Verdict
) -> tuple[Certainty, tuple[Reason, ...]]:
    """The certainty of one contrast, and the reasons that lower it, a step for each."""
    outcome = fit.outcome
    reasons = []
    if data.blinded is None:
        reasons.append(HIDING_UNKNOWN)
    elif not data.blinded:
        reasons.append(KNEW_HABIT if data.habits else KNEW_DOSE)
    elif data.blind_broken:
        reasons.append(CAME_OUT)
    if data.drawn == "none":
        reasons.append(NOT_DRAWN)
    if data.peeked:
        reasons.append(LOOKED)
    if data.blocks < 4:
        reasons.append(FEW_BLOCKS.format(data.blocks) if data.blocks else NO_BLOCKS)
    missing = data.missing_share(outcome)
    if missing > 0.10:
        reasons.append(MISSING.format(missing))
    if "sceptical" in fit.variants:
        draws = contrast_draws(fit.variants["sceptical"], data, outcome, contrast)
        sceptic = Chances.of(outcome.sign * draws, outcome.mid)
        # Near 0 the sign is Monte Carlo error, so it counts only where the verdict announces a direction.
        announced = verdict in ("worth it", "worse")
        turned = announced and (sceptic.better > 0.5) != (probabilities.better > 0.5)
        if turned or (sceptic.worthwhile >= 0.5) != (probabilities.worthwhile >= 0.5):
            reasons.append(SCEPTICAL)
    return lowered("high", len(reasons)), tuple(map(Reason, reasons))


def lowered(certainty: Certainty, steps: int) -> Certainty:
    """The certainty so many steps down; "very low" is the lowest."""
    return CERTAINTIES[min(CERTAINTIES.index(certainty) + steps, len(CERTAINTIES) - 1)]
