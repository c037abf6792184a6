"""What is said while a trial is being fitted: a first answer without sampling, and how the sampling went."""

from collections.abc import Iterator, Sequence

from n1trial.fast import preliminary_answer
from n1trial.fit import Fit
from n1trial.text import visible
from n1trial.trial import TrialData
from n1trial.verdict import INTERVAL, INTERVAL_KIND


def fit_lines(fits: Sequence[Fit]) -> Iterator[str]:
    """How the sampling went."""
    for fit in fits:
        found = fit.diagnostics
        yield (
            f"{fit.outcome.name}: {fit.nights} nights, {found.chains} x {found.draws} draws, R-hat"
            f" {found.max_r_hat:.3f}, effective sample size {min(found.min_ess_bulk, found.min_ess_tail):.0f},"
            f" {found.divergences} divergences; compiled {fit.compile_s:.1f} s, sampled {fit.sample_s:.1f} s"
        )
        for problem in fit.problems:
            yield f"  stopped: {problem}"


def preliminary_lines(data: TrialData) -> Iterator[str]:
    """Estimates of the primary outcome without sampling and without a verdict."""
    outcome = data.outcomes[0]
    digits = 1 if outcome.contrast_unit == "a night" else 0
    for found in preliminary_answer(data, outcome):
        pair = f"{visible(data.labels[found.arm])} against {visible(data.labels[found.comparator])}"
        yield (
            f"before sampling: {visible(outcome.label)}, {pair}: {found.mean:+.{digits}f}"
            f" {outcome.contrast_unit} ({INTERVAL:.0%} {INTERVAL_KIND} {found.low:.{digits}f} to"
            f" {found.high:.{digits}f})"
        )
