"""Interim analyses: what the protocol's stopping rule says of a planned look."""

import itertools
from dataclasses import dataclass

from n1trial.analysis.contrasts import contrast_draws
from n1trial.analysis.effects import Effects
from n1trial.data.trial_data import TrialData
from n1trial.design.contrast import Contrast
from n1trial.design.protocol import Looks
from n1trial.inference.fit import Fit
from n1trial.markup.text import as_written


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """The outcome of a planned look.

    Attributes
    ----------
    block
        The last block that the look covers.
    stop
        Whether the stopping rule is met.
    said
        The decision and its reason in one sentence.
    """

    block: int
    stop: bool
    said: str


def decide(planned: Looks, block: int, data: TrialData, fit: Fit, effects: Effects) -> Decision:
    """Apply the rule to the primary outcome; a fit with problems never stops a trial.

    ``precise`` treats all pairs of arms alike, so it can be applied while the arms are still coded letters.
    """
    if fit.problems:
        return Decision(block=block, stop=False, said=f"after block {block}: go on, the fit has problems")
    if planned.stop_when == "decided":
        undecided = [
            str(effect.contrast)
            for effect in effects.contrasts
            if effect.verdict in ("can't tell yet", "no verdict")
        ]
        stop = not undecided
        reason = f"undecided still: {', '.join(undecided)}" if undecided else "every arm has a verdict"
    else:
        widest = max(
            float(contrast_draws(fit.posterior, data, fit.outcome, Contrast(one, other)).std())
            for one, other in itertools.combinations(data.arms, 2)
        )
        limit = planned.sd_at_most or 0.0
        stop = widest <= limit
        unit = fit.outcome.contrast_unit
        reason = f"the widest posterior SD of two arms is {widest:.1f} {unit}, the rule asks for {as_written(limit)}"
    return Decision(
        block=block,
        stop=stop,
        said=f"after block {block}: {'the rule says stop' if stop else 'go on'}; {reason}",
    )
