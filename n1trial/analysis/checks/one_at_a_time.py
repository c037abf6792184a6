"""What each part of the model does to the answer: the same nights with one part left out at a time.

Where the plain means of the nights, or those of whole periods, say something else than the model, this shows which
part of it makes most of the difference (`_conflict`). Every line is fitted by `inference/inla`; the
odd nights are left out of the plain means too.
"""

from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from n1trial.analysis.checks import Case, CheckResult, Findings
from n1trial.analysis.checks._conflict import (
    NO_ODD_NIGHTS,
    NO_TREND,
    NO_WEEKDAY,
    NO_WEEKS,
    PLAIN_WITHOUT_ODD,
    WIDE_PRIOR,
)
from n1trial.analysis.checks._subsets import enough, without
from n1trial.analysis.effects import INTERVAL
from n1trial.data.left_out import LeftOut
from n1trial.data.trial_data import TrialData
from n1trial.design.outcomes import Outcome
from n1trial.errors import AnalysisError
from n1trial.inference.inla import CountPriors, Priors, fast_fit, fit_counts

NAME = "one at a time"
# So much wider than what is known of effects that the prior hardly pulls.
WIDER = 20.0
# So narrow that the term is gone, and wide enough for the grid.
NOTHING = 1e-3
# A night so many robust SDs (1.4826 median absolute deviations) from the middle of its arm is odd.
ODD_SDS = 3.0


def applies(case: Case) -> bool:
    """Enough nights in every arm."""
    return enough(case.data, case.outcome.name)


def run(case: Case) -> Findings:
    """One line a contrast and part of the model."""
    data, outcome = case.data, case.outcome
    usual = CountPriors() if outcome.kind == "count" else Priors()
    results = [
        line
        for check, priors in (
            (WIDE_PRIOR, replace(usual, effect_sd=WIDER * np.max(usual.effect_sd))),
            (NO_WEEKDAY, replace(usual, weekday_sd=NOTHING)),
            (NO_TREND, replace(usual, trend_sd=NOTHING)),
            (NO_WEEKS, replace(usual, period_sd=NOTHING)),
        )
        for line in _lines(data, outcome, check, priors)
    ]
    odd = _odd(data, outcome)
    fewer = without(data, data.table.index.to_series().isin(odd), LeftOut.ODD_NIGHT)
    if len(odd) and enough(fewer, outcome.name):
        note = f"{len(odd)} nights more than {ODD_SDS:g} robust SDs from the middle of their arm left out"
        results += [replace(line, note=note) for line in _lines(fewer, outcome, NO_ODD_NIGHTS, usual)]
        means = fewer.analysed(outcome).groupby("arm")[outcome.name].mean()
        results += [
            CheckResult(
                check=PLAIN_WITHOUT_ODD,
                contrast=contrast,
                estimate=float(means[contrast.arm] - means[contrast.comparator]),
                note=f"{note}; in the outcome's unit",
            )
            for contrast in data.contrasts
        ]
    return Findings(results=tuple(results))


def _lines(
    data: TrialData, outcome: Outcome, check: str, priors: Priors | CountPriors
) -> Iterator[CheckResult]:
    """A line a contrast; none where the nights left cannot teach anything."""
    try:
        if isinstance(priors, CountPriors):
            counts = fit_counts(data, outcome, priors=priors)
        else:
            minutes = fast_fit(data, outcome, priors=priors)
    except AnalysisError:
        return
    for contrast in data.contrasts:
        effect = (
            counts.contrast(*contrast.arms, scale=outcome.scale)
            if isinstance(priors, CountPriors)
            else minutes.contrast(*contrast.arms)
        )
        low, high = effect.interval(INTERVAL)
        yield CheckResult(check=check, contrast=contrast, estimate=effect.mean, low=low, high=high)


def _odd(data: TrialData, outcome: Outcome) -> list[int]:
    """Index of the analysed nights that are far from the others of their arm; counts by their square roots."""
    nights = data.analysed(outcome)
    values = nights[outcome.name] ** 0.5 if outcome.kind == "count" else nights[outcome.name]
    away = values - values.groupby(nights["arm"]).transform("median")
    usual = 1.4826 * float(away.abs().median())
    return list(nights.index[away.abs() > ODD_SDS * usual]) if usual > 0 else []
