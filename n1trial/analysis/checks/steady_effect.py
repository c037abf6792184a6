"""What the arms do once their effect has built up, where the schedule shows too little of that.

The nights follow the exposure to each arm at the half-life that the protocol states, and some around it
(`inference/inla`). It informs: half-lives are assumed, and the answer depends on them.
"""

from n1trial.analysis.checks import Case, CheckResult, Findings, Quantity
from n1trial.analysis.checks._subsets import enough
from n1trial.inference.inla import steady_effects

NAME = "once built up"


def applies(case: Case) -> bool:
    """An arm that builds up, and nights enough in every arm."""
    builds_up = any(half_life for half_life in case.data.half_lives.values())
    return builds_up and enough(case.data, case.outcome.name)


def run(case: Case) -> Findings:
    """The steady effect of every contrast of which the averages show too little."""
    return Findings(
        results=tuple(
            CheckResult(
                check=NAME,
                contrast=contrast,
                estimate=steady.mean,
                low=steady.low,
                high=steady.high,
                quantity=Quantity.STEADY_EFFECT,
                note=f"half-life about {steady.half_life_nights:g} nights; shown of the effect: {steady.recovered:.2f}",
            )
            for contrast, steady in steady_effects(case.data, case.outcome).items()
        )
    )
