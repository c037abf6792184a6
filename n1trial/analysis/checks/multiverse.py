"""What if we had analysed it differently? The same contrasts under every reasonable other choice.

Steegen, Tuerlinckx, Gelman & Vanpaemel (2016), doi:10.1177/1745691616658637. The figure of the report adds
the model itself, its variants, and the analyses that have a check of their own.
"""

from dataclasses import replace

from n1trial.analysis.checks import Case, CheckResult, Findings
from n1trial.analysis.checks._quick_fit import estimates
from n1trial.analysis.checks._subsets import enough, without, without_first
from n1trial.data.left_out import LeftOut
from n1trial.inference.inla import Priors

NAME = "analysed differently"
WASHOUTS = (1, 2, 3)
SHORT_NIGHT_MIN = 180.0
# So narrow that the term is gone, and wide enough for the grid.
NOTHING = 1e-3


def applies(case: Case) -> bool:
    """Enough nights in every arm."""
    return enough(case.data, case.outcome.name)


def run(case: Case) -> Findings:
    """One line a contrast for every other choice that these nights allow."""
    data, outcome, usual = case.data, case.outcome, Priors()
    results: list[CheckResult] = []
    if outcome.kind == "continuous":
        for check, priors in (
            ("Gaussian nights", usual),
            ("no resemblance to the night before", replace(usual, phi_sd=NOTHING)),
        ):
            results += estimates(data, outcome, check=check, priors=priors)
    longest = data.analysed(outcome)["period"].value_counts().max()
    for nights in WASHOUTS:
        shorter = without_first(data, nights)
        if nights < longest and enough(shorter, outcome.name):
            results += estimates(
                shorter, outcome, check=f"without the first {nights} night{'s' * (nights > 1)} of a period"
            )
    for alternative in case.alternatives:
        if alternative.outcome.name == outcome.name and enough(alternative.data, outcome.name):
            results += estimates(alternative.data, alternative.outcome, check=alternative.name)
    if data.sleep_time in data.table or outcome.measure.whole_sleep:
        asleep = data.table[outcome.name if outcome.measure.whole_sleep else str(data.sleep_time)]
        short = asleep < SHORT_NIGHT_MIN
        kept = without(data, short, LeftOut.SHORT_NIGHT)
        if (short & (data.table["left_out"] == LeftOut.NO)).any() and enough(kept, outcome.name):
            note = f"{int((short & (data.table['left_out'] == LeftOut.NO)).sum())} nights fewer"
            results += estimates(
                kept, outcome, check=f"without nights under {SHORT_NIGHT_MIN:g} min", note=note
            )
    return Findings(results=tuple(results))
