"""What is printed while a trial is being fitted: a first answer without sampling, and how the sampling went."""

import math
from collections.abc import Iterator, Sequence

from n1trial.data.trial_data import TrialData
from n1trial.design.outcomes import Outcome
from n1trial.design.verdict import INTERVAL, INTERVAL_KIND
from n1trial.inference.fit import Fit
from n1trial.inference.inla import preliminary_answer
from n1trial.markup.text import visible

# Printed before the estimates: they come seconds after the start, and the answer may differ from them.
ROUGH = "Rough figures first, from a quicker analysis. They are not the answer: that comes with the report."


def fit_lines(fits: Sequence[Fit]) -> Iterator[str]:
    """How the sampling went."""
    for fit in fits:
        diagnostics = fit.diagnostics
        least_draws = min(diagnostics.min_ess_bulk, diagnostics.min_ess_tail)
        yield (
            f"{fit.outcome.name}: {fit.nights} nights, {diagnostics.chains} x {diagnostics.draws} draws, R-hat"
            f" {diagnostics.max_r_hat:.3f}, effective sample size {least_draws:.0f},"
            f" {diagnostics.divergences} divergences; compiled {fit.compile_s:.1f} s, sampled {fit.sample_s:.1f} s"
        )
        for problem in fit.problems:
            yield f"  stopped: {problem}"


def preliminary_lines(data: TrialData) -> Iterator[str]:
    """Estimates of the primary outcome without sampling and without a verdict."""
    outcome = data.outcomes[0]
    for effect in preliminary_answer(data, outcome):
        pair = f"{visible(data.labels[effect.contrast.arm])} against {visible(data.labels[effect.contrast.comparator])}"
        digits = _digits(outcome, effect.sd)
        yield (
            f"before sampling: {visible(outcome.label)}, {pair}: {_signed(effect.mean, digits, plus=True)}"
            f" {visible(outcome.contrast_unit)} ({INTERVAL:.0%} interval, {INTERVAL_KIND},"
            f" {_signed(effect.low, digits)} to {_signed(effect.high, digits)})"
        )


def _signed(value: float, digits: int, *, plus: bool = False) -> str:
    """A number with a true minus, and none before a zero."""
    rounded = round(value, digits) + 0.0
    text = f"{rounded:+.{digits}f}" if plus and rounded else f"{rounded:.{digits}f}"
    return text.replace("-", "−")


def _digits(outcome: Outcome, sd: float) -> int:
    """Digits after the point: those of the outcome, else two of the SD."""
    if outcome.decimals is not None:
        return outcome.decimals
    return max(0, 1 - math.floor(math.log10(sd or 1.0)))
